"""A run while it goes: a live table on a terminal, a plain line every few seconds elsewhere."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from demur.cli.failures import sanitise_line
from demur.records import Stage
from demur.run.progress import TaskProgress

if TYPE_CHECKING:
    from rich.table import Table

REFRESH_S = 0.25
LINE_EVERY_S = 5.0
_WIDE = 130
"""Columns that the table needs when every stage has its own."""
_STAGES = (Stage.PROPOSE, Stage.DEDUPE, Stage.SCREEN_INSTRUCTION, Stage.RESPOND, Stage.SCREEN_RESPONSE)
_LATER = (Stage.CHECK_RESPONSE, Stage.SETTLE, Stage.TWIN, Stage.MUTATE)
"""Shown where they drop anything, and there is room."""
_CAPTION = "stages: kept/dropped. Ctrl-C stops; nothing is lost."


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
                print(sanitise_line(describe_progress(task)), file=sys.stderr, flush=True)


async def _watch_live(tasks: Sequence[TaskProgress]) -> None:
    from rich.console import Console
    from rich.live import Live

    with Live(console=Console(stderr=True), auto_refresh=False, transient=True) as live:
        while True:
            live.update(_draw(tasks, live.console.width), refresh=True)
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
    if task.phase.startswith("making"):
        parts.insert(1, task.phase)
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


def _draw(tasks: Sequence[TaskProgress], width: int) -> Table:
    return _draw_wide(tasks) if width >= _WIDE else _draw_narrow(tasks)


def _draw_narrow(tasks: Sequence[TaskProgress]) -> Table:
    """For a terminal of 80 columns: the stages in one line under each task."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in ("task", "accepted", "in flight", "tokens", "yield", "to go"):
        table.add_column(name, justify="left" if name == "task" else "right", no_wrap=name != "task")
    for task in tasks:
        first, *rest = _describe_columns(task)
        table.add_row(first, rest[0], *rest[-4:])
    words = [
        f"{task.task.rpartition('/')[2]}: "
        + ", ".join(f"{stage.replace('_', ' ')} {_count(task, stage)}" for stage in _list_stages(task))
        for task in tasks
    ]
    table.caption = "\n".join([*words, _CAPTION])
    table.caption_justify = "left"
    return table


def _draw_wide(tasks: Sequence[TaskProgress]) -> Table:
    from rich.table import Table

    table = Table(expand=False)
    for name in ("task", "accepted", "propose", "dedupe", "screen", "respond", "screen response",
                 "in flight", "tokens", "yield", "to go"):  # fmt: skip
        table.add_column(name, justify="left" if name == "task" else "right", overflow="fold")
    for task in tasks:
        table.add_row(*_describe_columns(task))
    table.caption = _CAPTION
    return table


def _describe_columns(task: TaskProgress) -> list[str]:
    return [
        task.task.rpartition("/")[2] + (f" ({task.phase})" if task.phase.startswith("making") else ""),
        f"{task.accepted} of {task.wanted}",
        *(_count(task, stage) for stage in _STAGES),
        str(task.in_flight),
        f"{task.tokens:,}",
        "" if task.yield_share is None else f"{task.yield_share:.0%}",
        task.phase if task.eta_s is None else format_duration(task.eta_s),
    ]


def _list_stages(task: TaskProgress) -> list[Stage]:
    return [*_STAGES, *(stage for stage in _LATER if _count_dropped(task, stage))]


def _count(task: TaskProgress, stage: Stage) -> str:
    return f"{task.kept[stage]}/{_count_dropped(task, stage)}"


def _count_dropped(task: TaskProgress, stage: Stage) -> int:
    return sum(count for (dropped_at, _), count in task.dropped.items() if dropped_at is stage)
