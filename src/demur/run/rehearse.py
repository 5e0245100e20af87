"""One round of a task for looking at: the prompts as they would be sent, and what comes of them. Saves nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace

from demur.engines.base import Chat, JudgeAsk, Prompt, StanceAsk
from demur.engines.catalog import Catalog
from demur.engines.journaling import NoStore
from demur.inputs.policy import Risk
from demur.records import TWIN, Aim, Draft, DraftId, Drop, Label, Origin, Outcome, Pair, Seed, SeedKind, Verdict
from demur.run.assemble import assemble_task
from demur.run.plan import Plan, TaskPlan
from demur.run.recipe import Recipe
from demur.stages.contrast import choose_device
from demur.stages.mutate import RULES

TWIN_SEEDS: SeedKind = "comply"
STAND_IN = "(the benign twin, once it is written)"
"""In the place of a twin's request, where no seed is of its kind."""


@dataclass(frozen=True, slots=True)
class RenderedPrompt:
    """A prompt as a model would see it.

    Attributes:
        title: which call it belongs to.
        text: its turns under their roles, or the raw text.
    """

    title: str
    text: str


def render_prompts(task: TaskPlan, plan: Plan) -> list[RenderedPrompt]:
    """The prompts of each model call, risk by risk: on the first round of each, and on its first seed.

    Raises:
        TemplateFault: a template cannot be rendered.
        InputError: a setting of the builder cannot be used.
    """
    catalog = Catalog(plan.options.concurrency, plan.options.replacements)
    assembly = assemble_task(task, plan, catalog, NoStore())
    prompts: list[RenderedPrompt] = []
    shown: set[str] = set()
    for number, recipe in enumerate(assembly.recipes):
        risk = recipe.proposer.risk
        if risk.risk in shown:  # another clause of the same risk
            continue
        shown.add(risk.risk)
        seed = task.inputs.seeds_of(risk)[0]
        found = list(_render_calls(recipe, risk, seed, number))
        pair = _dress(seed, task, risk, recipe.guard.name)
        found += _render_twin(recipe, risk, pair) if assembly.composition.twins else ()
        found += _render_mutants(recipe, task, pair) if assembly.composition.mutants else ()
        which = f" ({risk.risk})" if len(task.inputs.risks) > 1 else ""
        found.sort(key=lambda prompt: prompt.title)
        prompts += (RenderedPrompt(prompt.title + which, prompt.text) for prompt in found)
    return prompts


def _render_calls(recipe: Recipe, risk: Risk, seed: Seed, number: int) -> Iterator[RenderedPrompt]:
    """What makes a proposed pair."""
    yield RenderedPrompt("1. instruction generation", show_prompt(recipe.proposer.prepare(number).prompt))
    yield RenderedPrompt("4. response generation", show_prompt(recipe.responder.prepare(seed.instruction).prompt))
    for title, response in (("3. guard on the instruction", None), ("5. guard on the response", seed.response)):
        for guard in recipe.guard.members or (recipe.guard,):
            prompt = guard.render(JudgeAsk(risk, seed.instruction, response))
            if prompt is not None:
                member = f" ({guard.name})" if recipe.guard.members else ""
                yield RenderedPrompt(title + member, show_prompt(prompt))
    if recipe.gate.judge is not None:
        chat = recipe.gate.judge.render(StanceAsk(risk, seed.instruction, seed.response))
        yield RenderedPrompt("6. refusal judge", show_prompt(chat))


def _render_twin(recipe: Recipe, risk: Risk, pair: Pair) -> Iterator[RenderedPrompt]:
    """What asks for a benign twin, and for its answer: of a seed of the kind, or of a stand-in where there is none."""
    writer = recipe.twin_writer
    yield RenderedPrompt("7. benign twin", show_prompt(writer.prepare(pair, 0).prompt))
    _, permission = choose_device(risk, pair.draft.instruction, 0, writer.seed)
    examples = writer.inputs.seeds_of(risk, TWIN_SEEDS)
    instruction = examples[0].instruction if examples else STAND_IN
    twin = replace(pair.draft, instruction=instruction, kind=TWIN, permission=permission)
    yield RenderedPrompt("8. answer to the twin", show_prompt(recipe.assistant.prepare(twin).prompt))


def _render_mutants(recipe: Recipe, task: TaskPlan, pair: Pair) -> Iterator[RenderedPrompt]:
    """What asks for a mutant of each kind that a model writes."""
    settings = task.inputs.task.mutate
    for kind in dict.fromkeys(settings.kinds if settings else ()):
        if kind not in RULES and settings is not None:
            language = settings.languages[0] if kind == "language" else ""
            prompt = recipe.mutator.prepare(pair, kind, language).prompt
            yield RenderedPrompt(f"9. mutant, {kind.replace('_', ' ')}", show_prompt(prompt))


def _dress(seed: Seed, task: TaskPlan, risk: Risk, guard: str) -> Pair:
    """A seed in the place of an accepted pair, to show what is made of those."""
    person = Origin("seed", seed.id)
    draft = Draft(
        id=DraftId(task.inputs.name, 0, 0),
        instruction=seed.instruction,
        example_ids=(),
        origin=person,
        aim=Aim(risk=risk.risk),
    )
    return Pair(
        draft=draft,
        neighbour=None,
        instruction_verdict=Verdict(Label.VIOLATES, None, guard, person),
        response=seed.response,
        response_origin=person,
        response_verdict=Verdict(Label.SAFE, None, guard, person),
    )


def show_prompt(prompt: Prompt) -> str:
    """A prompt as text for a person."""
    if isinstance(prompt, Chat):
        return "\n\n".join(f"[{message.role}]\n{message.content}" for message in prompt.messages)
    return prompt.text


async def rehearse(task: TaskPlan, plan: Plan) -> AsyncIterator[Outcome]:
    """Run the task's first round through all stages, one draft after the other.

    Raises:
        DemurError: an engine is not to be had.
    """
    catalog = Catalog(plan.options.concurrency, plan.options.replacements)
    try:
        recipe = assemble_task(task, plan, catalog, NoStore()).recipes[0]
        first = await recipe.propose(0)
        for drop in first.drops:
            yield drop
        for draft in first.drafts:
            admitted = recipe.deduplicate(draft)
            yield admitted if isinstance(admitted, Drop) else await recipe.finish(admitted, lambda _: None)
    finally:
        await catalog.close()
