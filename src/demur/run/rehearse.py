"""One round of a task for looking at: the prompts as they would be sent, and what comes of them. Saves nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from demur.engines.base import Chat, JudgeAsk, Prompt, StanceAsk
from demur.engines.catalog import Catalog
from demur.engines.journaling import NoStore
from demur.records import Draft, DraftId, Drop, Label, Origin, Outcome, Pair, Seed, Verdict
from demur.run.assemble import assemble_task
from demur.run.plan import Plan, TaskPlan


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
    """The prompts of each model call, on the task's first round and its first seed.

    Raises:
        TemplateFault: a template cannot be rendered.
        InputError: a setting of the builder cannot be used.
    """
    catalog = Catalog(plan.options.concurrency, plan.options.replacements)
    assembly = assemble_task(task, plan, catalog, NoStore())
    recipe = assembly.recipes[0]
    risk = recipe.proposer.risk
    seed = task.inputs.seeds_of(risk)[0]
    prompts = [
        RenderedPrompt("1. instruction generation", show_prompt(recipe.proposer.prepare(0).prompt)),
        RenderedPrompt("4. response generation", show_prompt(recipe.responder.prepare(seed.instruction).prompt)),
    ]
    for title, response in (("3. guard on the instruction", None), ("5. guard on the response", seed.response)):
        for guard in recipe.guard.members or (recipe.guard,):
            prompt = guard.render(JudgeAsk(risk, seed.instruction, response))
            if prompt is not None:
                member = f" ({guard.name})" if recipe.guard.members else ""
                prompts.append(RenderedPrompt(title + member, show_prompt(prompt)))
    if recipe.gate.judge is not None:
        chat = recipe.gate.judge.render(StanceAsk(risk, seed.instruction, seed.response))
        prompts.append(RenderedPrompt("6. refusal judge", show_prompt(chat)))
    if assembly.composition.twins:
        twin = recipe.twin_writer.prepare(_dress(seed, task, recipe.guard.name), 0)
        prompts.append(RenderedPrompt("7. benign twin", show_prompt(twin.prompt)))
    return sorted(prompts, key=lambda prompt: prompt.title)


def _dress(seed: Seed, task: TaskPlan, guard: str) -> Pair:
    """A seed in the place of an accepted pair, to show what is made of those."""
    person = Origin("seed", seed.id)
    draft = Draft(id=DraftId(task.inputs.name, 0, 0), instruction=seed.instruction, example_ids=(), origin=person)
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
