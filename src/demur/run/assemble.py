"""From a task's plan to its recipe: engines, guard, templates and index put together. Nothing is asked yet."""

from __future__ import annotations

from dataclasses import dataclass, replace

from demur.engines.catalog import Catalog
from demur.engines.journaling import JournaledEngine, ReplyStore
from demur.engines.sampling import sampling_from
from demur.guards.base import Guard
from demur.guards.catalog import open_guard, open_judge
from demur.inputs.builder_file import Builder
from demur.inputs.dedup_settings import SemanticSettings
from demur.inputs.task import TaskInputs
from demur.records import Seed
from demur.run.plan import Plan, TaskPlan
from demur.run.recipe import Recipe
from demur.run.strands import Composition, Strand, compose
from demur.stages.aim import plan_aims
from demur.stages.assist import Assistant
from demur.stages.check_reply import ReplyCheck
from demur.stages.contrast import TwinWriter
from demur.stages.decontaminate import ContaminationCheck
from demur.stages.dedupe import OFF, Deduplicator
from demur.stages.mutate import Mutator
from demur.stages.novelty import NoveltyIndex
from demur.stages.propose import Proposer
from demur.stages.render import AssistValues, MutateValues, PromptTemplate, TwinValues, load_template
from demur.stages.respond import Responder
from demur.stages.screen import Screen
from demur.stages.semantic import SemanticIndex
from demur.stages.settle import Ledger
from demur.wording import say_count


@dataclass(frozen=True, slots=True)
class Assembly:
    """What a task runs on.

    Attributes:
        composition: what its pairs are to be.
        recipes: one a strand.
        ledger: what is taken of what the strands accept, and of twins and mutants.
        engines: all of them, the instruction generator first.
        templates: the prompt templates in use.
        contamination: what drafts are compared with, beside each other.
    """

    composition: Composition
    recipes: tuple[Recipe, ...]
    ledger: Ledger
    engines: tuple[JournaledEngine, ...]
    templates: tuple[PromptTemplate, ...]
    contamination: ContaminationCheck | None


def assemble_task(
    task: TaskPlan, plan: Plan, catalog: Catalog, store: ReplyStore, shared: NoveltyIndex | None = None
) -> Assembly:
    """Put a task's engines, guard, templates and indexes together.

    Args:
        shared: what all tasks of the run must differ from, the seeds of every task included; None: each task for itself.

    Raises:
        InputError: a setting of the builder, or the task's shares, cannot be used.
        ExtraMissing: an engine's package is not installed.
    """
    builder, inputs = plan.builder, task.inputs
    composition = compose(inputs, task.wanted)
    proposing = catalog.open(builder.instruction_generator, "instruction_generator", store)
    responding = catalog.open(builder.response_generator, "response_generator", store)
    guard, guarding = open_guard(builder.guard, catalog, store, inputs.seeds)
    judge_settings = builder.refusal_judge if inputs.task.reply_rules.check else None
    judge, judging = (None, None) if judge_settings is None else open_judge(judge_settings, catalog, store)
    gate = ReplyCheck(inputs.task.reply_rules, judge)
    parts = _Parts(task, plan, proposing, responding, guard, gate, shared)
    dedup = builder.dedup
    ledger = Ledger(
        dedup.threshold if dedup.filter else OFF,
        inputs.task.reply_rules,
        task.wanted,
        score_func=dedup.score_func,
        seeds=inputs.seeds if shared is None else (),
        earlier=shared,
        semantic=_open_semantic(dedup.semantic, ()) if len(composition.strands) > 1 else None,
        open_to_all=not (composition.settles or composition.twins or composition.mutants),
    )
    used = [plan.propose_template, plan.respond_template]
    used += [parts.twin_template, parts.assist_template] if composition.twins else []
    used += [parts.mutate_template] if composition.mutants else []
    recipes = tuple(parts.build_recipe(strand, len(composition.strands)) for strand in composition.strands)
    engines = (proposing, responding, *guarding, *([judging] if judging else []))
    return Assembly(composition, recipes, ledger, engines, tuple(used), parts.contamination)


class _Parts:
    """What the recipes of a task have in common."""

    def __init__(
        self,
        task: TaskPlan,
        plan: Plan,
        proposing: JournaledEngine,
        responding: JournaledEngine,
        guard: Guard,
        gate: ReplyCheck,
        shared: NoveltyIndex | None,
    ) -> None:
        self._task, self._plan, self._guard, self._gate, self._shared = task, plan, guard, gate, shared
        self._proposing, self._responding = proposing, responding
        self.contamination = open_check(task.inputs)
        self.twin_template = load_template("twin", TwinValues)
        self.assist_template = load_template("assist", AssistValues)
        self.mutate_template = load_template("mutate", MutateValues)

    def build_recipe(self, strand: Strand, strands: int) -> Recipe:
        """The recipe of one of so many strands."""
        task, plan, seed = self._task, self._plan, self._task.seed
        # A strand is about one risk: its stages see no other.
        inputs = replace(task.inputs, risks=(strand.risk,))
        dedup = plan.builder.dedup
        proposing = sampling_from(plan.builder.instruction_generator)
        responding = sampling_from(plan.builder.response_generator)
        aims = plan_aims(
            task.inputs, seed, risk=strand.risk, clause=strand.clause, strand=strand.number, strands=strands
        )
        return Recipe(
            proposer=Proposer(self._proposing, plan.propose_template, proposing, inputs, seed, aims),
            deduplicator=Deduplicator(
                dedup.threshold,
                filtering=dedup.filter,
                seeds=inputs.seeds if self._shared is None else (),
                score_func=dedup.score_func,
                earlier=self._shared,
                semantic=_open_semantic(dedup.semantic, inputs.seeds),
                contamination=self.contamination,
            ),
            screen=Screen(self._guard, strand.risk),
            responder=Responder(self._responding, plan.respond_template, responding, inputs, seed),
            gate=self._gate,
            twin_writer=TwinWriter(self._proposing, self.twin_template, proposing, inputs, seed),
            assistant=Assistant(self._responding, self.assist_template, responding, inputs, seed),
            mutator=Mutator(self._proposing, self.mutate_template, proposing, inputs, seed),
        )


def warn_of_idle_judge(builder: Builder, inputs: TaskInputs) -> tuple[str, ...]:
    """A warning where a builder has a refusal judge, and the task has nothing for it to do."""
    if builder.refusal_judge is None or inputs.task.reply_rules.check:
        return ()
    return (
        "The builder's refusal_judge is not asked: this task checks no replies. `replies: {check: true}` in it does.",
    )


def open_check(inputs: TaskInputs) -> ContaminationCheck | None:
    """The task's check against its evaluation sets, or None where it names none."""
    settings = inputs.task.decontaminate
    return None if settings is None else ContaminationCheck(inputs.evaluations, settings)


def warn_of_seeds(inputs: TaskInputs, check: ContaminationCheck | None) -> list[str]:
    """Which seeds are near to an evaluation set: the generator is shown them, and writes in their manner."""
    hit = [seed.id for seed in inputs.seeds if check is not None and check.find(seed.instruction)]
    if not hit:
        return []
    shown = ", ".join(hit[:5]) + (", …" if len(hit) > 5 else "")
    is_near, was_used = ("is near", "was used") if len(hit) == 1 else ("are near", "were used")
    many = f"{len(hit)} of {say_count(len(inputs.seeds), 'seed')}"
    return [f"{many} {is_near} to an evaluation set, and {was_used} all the same: {shown}"]


def _open_semantic(settings: SemanticSettings | None, seeds: tuple[Seed, ...]) -> SemanticIndex | None:
    """An index of the task's own seeds: by meaning, only texts of one task are compared."""
    if settings is None:
        return None
    index = SemanticIndex(settings.model, settings.threshold)
    for seed in seeds:
        index.add(seed.id, seed.instruction)
    return index


def share_seeds(plan: Plan) -> NoveltyIndex:
    """An index of every task's seeds, each named with its task."""
    dedup = plan.builder.dedup
    shared = NoveltyIndex(dedup.threshold, score_func=dedup.score_func)
    for task in plan.tasks:
        for seed in task.inputs.seeds:
            shared.add(f"{task.inputs.name}#{seed.id}", seed.instruction)
    return shared
