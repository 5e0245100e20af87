"""`demur preview`."""

from __future__ import annotations

import argparse
import asyncio

from demur.cli.failures import sanitise
from demur.cli.fetching import provide_models
from demur.cli.main import gather_tasks, read_options
from demur.inputs.engine_blocks import list_engines
from demur.outputs.dataset import withhold_quotes
from demur.records import Label, Pair, Verdict
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
            lines += [f"  judge        {outcome.opinion.stance or 'unreadable'}"] if outcome.opinion else []
        else:
            lines = [f"drop {outcome.id} at {outcome.stage}: {outcome.reason}"]
            lines += [f"  instruction  {outcome.instruction}"] if outcome.instruction else []
            # No guard rated it safe: what rejected.jsonl withholds is not shown either.
            lines += [f"  response     withheld ({len(outcome.response)} characters)"] if outcome.response else []
            lines += (
                [f"  nearest      {outcome.neighbour.id}, ROUGE-L {outcome.neighbour.score:.2f}"]
                if outcome.neighbour
                else []
            )
            if outcome.verdict:
                lines.append(f"  guard        {show_verdict(outcome.verdict, with_words=not outcome.response)}")
            if outcome.detail:
                detail = withhold_quotes(outcome.detail, outcome.response) if outcome.response else outcome.detail
                lines.append(f"  detail       {detail}")
        print(sanitise("\n".join(lines)) + "\n", flush=True)


def show_verdict(verdict: Verdict, *, with_words: bool = True) -> str:
    """A verdict in a few words; an unreadable one with the guard's own, which may quote what it judged."""
    sure = "" if verdict.confidence is None else f" ({verdict.confidence:.0%})"
    words = f": {verdict.answer!r}" if verdict.label is Label.UNREADABLE and with_words else ""
    return f"{verdict.label}{sure}{words}"
