"""One round of a task for looking at: the prompts as they would be sent, and what comes of them. Saves nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from demur.engines.base import Chat, JudgeAsk, Prompt
from demur.engines.catalog import Catalog
from demur.engines.journaling import NoStore
from demur.records import Drop, Outcome
from demur.run.assemble import build_recipe
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
    recipe, _ = build_recipe(task, plan, catalog, NoStore())
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
    return sorted(prompts, key=lambda prompt: prompt.title)


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
        recipe, _ = build_recipe(task, plan, catalog, NoStore())
        first = await recipe.propose(0)
        for drop in first.drops:
            yield drop
        for draft in first.drafts:
            admitted = recipe.deduplicate(draft)
            yield admitted if isinstance(admitted, Drop) else await recipe.finish(admitted, lambda _: None)
    finally:
        await catalog.close()
