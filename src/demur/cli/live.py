"""A run while it goes: a live table on a terminal, a plain line every few seconds elsewhere."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from demur.records import Stage
from demur.run.progress import TaskProgress

if TYPE_CHECKING:
    from rich.table import Table

REFRESH_S = 0.25
LINE_EVERY_S = 5.0


async def watch(tasks: Sequence[TaskProgress]) -> None:
    """Show progress until cancelled, or until nobody reads it any more: that is no reason to stop the work."""
    with suppress(OSError):
        if sys.stderr.isatty():
            await _watch_live(tasks)
        else:
            await _watch_lines(tasks)


async def _watch_lines(tasks: Sequence[TaskProgress]) -> None:
    while True:
        await asyncio.sleep(LINE_EVERY_S)
        for task in tasks:
            if task.ended_s is None:
                print(describe_progress(task), file=sys.stderr, flush=True)


async def _watch_live(tasks: Sequence[TaskProgress]) -> None:
    from rich.console import Console
    from rich.live import Live

    with Live(console=Console(stderr=True), auto_refresh=False, transient=True) as live:
        while True:
            live.update(_draw(tasks), refresh=True)
            await asyncio.sleep(REFRESH_S)


def describe_progress(task: TaskProgress) -> str:
    """One line: accepted of wanted, what was dropped, requests in flight, tokens, yield, time to go."""
    dropped = sum(task.dropped.values())
    parts = [
        f"{task.task}: {task.accepted} of {task.wanted} accepted",
        f"{task.proposed} proposed",
        f"{dropped} dropped",
        f"{task.in_flight} in flight",
        f"{task.tokens:,} tokens",
    ]
    if task.yield_share is not None:
        parts.append(f"yield {task.yield_share:.0%}")
    if task.eta_s is not None:
        parts.append(f"{format_duration(task.eta_s)} to go")
    return ", ".join(parts)


def format_duration(seconds: float) -> str:
    """Minutes and seconds, with hours where there are any."""
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, seconds_left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{seconds_left:02}" if hours else f"{minutes}:{seconds_left:02}"


def _draw(tasks: Sequence[TaskProgress]) -> Table:
    from rich.table import Table

    table = Table(expand=False)
    for name in ("task", "accepted", "propose", "dedupe", "screen", "respond", "screen response",
                 "in flight", "tokens", "yield", "to go"):  # fmt: skip
        table.add_column(name, justify="left" if name == "task" else "right", overflow="fold")
    for task in tasks:
        cells = [
            f"{task.kept[stage]}/{_count_dropped(task, stage)}" for stage in Stage if stage is not Stage.SCREEN_RESPONSE
        ]
        cells.append(f"{task.accepted}/{_count_dropped(task, Stage.SCREEN_RESPONSE)}")
        table.add_row(
            task.task.rpartition("/")[2],
            f"{task.accepted} of {task.wanted}",
            *cells,
            str(task.in_flight),
            f"{task.tokens:,}",
            "" if task.yield_share is None else f"{task.yield_share:.0%}",
            task.phase if task.eta_s is None else format_duration(task.eta_s),
        )
    table.caption = "stages: kept/dropped. Ctrl-C stops; nothing is lost."
    return table


def _count_dropped(task: TaskProgress, stage: Stage) -> int:
    return sum(count for (dropped_at, _), count in task.dropped.items() if dropped_at is stage)
