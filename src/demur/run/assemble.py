"""From a task's plan to its recipe: engines, guard, templates and index put together. Nothing is asked yet."""

from __future__ import annotations

from demur.engines.base import Sampling
from demur.engines.catalog import Catalog
from demur.engines.journaling import JournaledEngine, ReplyStore
from demur.engines.sampling import sampling_from
from demur.guards.catalog import open_guard
from demur.inputs.dedup_settings import SemanticSettings
from demur.inputs.engine_settings import AnyEngine, ModelSettings
from demur.records import Seed
from demur.run.plan import Plan, TaskPlan
from demur.run.recipe import Recipe
from demur.stages.aim import plan_aims
from demur.stages.dedupe import Deduplicator
from demur.stages.novelty import NoveltyIndex
from demur.stages.propose import Proposer
from demur.stages.respond import Responder
from demur.stages.screen import Screen
from demur.stages.semantic import SemanticIndex


def build_recipe(
    task: TaskPlan, plan: Plan, catalog: Catalog, store: ReplyStore, shared: NoveltyIndex | None = None
) -> tuple[Recipe, list[JournaledEngine]]:
    """A task's recipe, and the engines in it, the instruction generator first.

    Args:
        shared: what all tasks of the run must differ from, the seeds of every task included; None: each task for itself.

    Raises:
        InputError: a setting of the builder cannot be used.
        ExtraMissing: an engine's package is not installed.
    """
    builder, inputs = plan.builder, task.inputs
    proposing = catalog.open(builder.instruction_generator, "instruction_generator", store)
    responding = catalog.open(builder.response_generator, "response_generator", store)
    guard, guarding = open_guard(builder.guard, catalog, store, inputs.seeds)
    recipe = Recipe(
        proposer=Proposer(
            proposing,
            plan.propose_template,
            _sampling_of(builder.instruction_generator),
            inputs,
            task.seed,
            plan_aims(inputs, task.seed),
        ),
        deduplicator=Deduplicator(
            builder.dedup.threshold,
            filtering=builder.dedup.filter,
            seeds=inputs.seeds if shared is None else (),
            score_func=builder.dedup.score_func,
            earlier=shared,
            semantic=_open_semantic(builder.dedup.semantic, inputs.seeds),
        ),
        screen=Screen(guard, inputs.risk),
        responder=Responder(
            responding, plan.respond_template, _sampling_of(builder.response_generator), inputs, task.seed
        ),
    )
    return recipe, [proposing, responding, *guarding]


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


def _sampling_of(settings: AnyEngine) -> Sampling:
    return sampling_from(settings) if isinstance(settings, ModelSettings) else Sampling()
