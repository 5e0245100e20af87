"""`demur preview`."""

from __future__ import annotations

import argparse
import asyncio

from demur.cli.failures import sanitise
from demur.cli.fetching import provide_models
from demur.cli.main import gather_tasks
from demur.cli.run import read_options
from demur.inputs.engine_blocks import list_engines
from demur.records import Label, Pair, Stage, Verdict
from demur.run.plan import Plan, TaskPlan, make_plan
from demur.run.rehearse import rehearse, render_prompts


def execute(arguments: argparse.Namespace) -> int:
    """Print the prompts of each task and what one round gives; save nothing.

    Raises:
        DemurError: the input is wrong, or an engine is not to be had.
    """
    plan = make_plan(gather_tasks(arguments), read_options(arguments))
    if not arguments.prompts_only:
        provide_models(list_engines(plan.builder).values(), agreed=arguments.yes, data_dir=arguments.data_dir)
    for task in plan.tasks:
        for prompt in render_prompts(task, plan):
            print(sanitise(f"── {task.inputs.name} ── {prompt.title}\n\n{prompt.text}\n"))
        if not arguments.prompts_only:
            asyncio.run(_show_round(task, plan))
    return 0


async def _show_round(task: TaskPlan, plan: Plan) -> None:
    print(sanitise(f"── {task.inputs.name} ── one round; nothing is saved\n"))
    async for outcome in rehearse(task, plan):
        if isinstance(outcome, Pair):
            lines = [
                f"pair {outcome.draft.id}",
                f"  instruction  {outcome.draft.instruction}",
                f"  response     {outcome.response}",
                f"  guard        {show_verdict(outcome.instruction_verdict)}; response {show_verdict(outcome.response_verdict)}",
            ]
        else:
            lines = [f"drop {outcome.id} at {outcome.stage}: {outcome.reason}"]
            lines += [f"  instruction  {outcome.instruction}"] if outcome.instruction else []
            if outcome.response and outcome.stage is not Stage.SCREEN_RESPONSE:
                lines.append(f"  response     {outcome.response}")
            lines += (
                [f"  nearest      {outcome.neighbour.id}, ROUGE-L {outcome.neighbour.score:.2f}"]
                if outcome.neighbour
                else []
            )
            lines += [f"  guard        {show_verdict(outcome.verdict)}"] if outcome.verdict else []
            lines += [f"  detail       {outcome.detail}"] if outcome.detail else []
        print(sanitise("\n".join(lines)) + "\n", flush=True)


def show_verdict(verdict: Verdict) -> str:
    """A verdict in a few words."""
    sure = "" if verdict.confidence is None else f" ({verdict.confidence:.0%})"
    words = f": {verdict.answer!r}" if verdict.label is Label.UNREADABLE else ""
    return f"{verdict.label}{sure}{words}"
