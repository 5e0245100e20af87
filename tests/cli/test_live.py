from __future__ import annotations

import asyncio
import io
import sys
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.cli import live
from demur.cli.live import describe_progress, format_duration, watch
from demur.engines.journaling import Meter
from demur.records import Reason, Stage
from demur.run.progress import TaskProgress
from tests.samples import GENERATOR


def progress(**changes: object) -> TaskProgress:
    """A task half-way: 40 of 100 pairs in 60 s, at 80%."""
    given = {
        "meters": [Meter("instruction_generator", GENERATOR, in_flight=7, prompt_tokens=12_000, completion_tokens=345)],
        "accepted": 40,
        "kept": Counter({Stage.PROPOSE: 55, Stage.DEDUPE: 52, Stage.SCREEN_INSTRUCTION: 45, Stage.RESPOND: 44,
                         Stage.SCREEN_RESPONSE: 40}),
        "dropped": Counter({
            (Stage.PROPOSE, Reason.GENERATOR_REFUSED): 1, (Stage.DEDUPE, Reason.NEAR_DUPLICATE): 3,
            (Stage.SCREEN_INSTRUCTION, Reason.INSTRUCTION_SAFE): 5, (Stage.SCREEN_INSTRUCTION, Reason.VERDICT_UNREADABLE): 2,
        }),
        "started_s": 100.0,
        "ended_s": 160.0,
        **changes,
    }  # fmt: skip
    return TaskProgress("public/safety/lock_picking", 100, **given)  # type: ignore[arg-type]


def test_a_line_says_how_far_it_is() -> None:
    """Accepted of wanted, what was proposed and dropped, in flight, tokens, yield, time to go."""
    assert describe_progress(progress()) == (
        "public/safety/lock_picking: 40 of 100 accepted, 55 proposed, 11 dropped, 7 in flight, 12,345 tokens, "
        "yield 80%, 1:30 to go"
    )


def test_what_is_not_known_yet_is_not_said() -> None:
    """Before the first pair there is neither a yield nor a time to go."""
    fresh = progress(accepted=0, kept=Counter(), dropped=Counter(), meters=[])
    assert describe_progress(fresh).endswith("0 of 100 accepted, 0 proposed, 0 dropped, 0 in flight, 0 tokens")


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0:00"),
        (0.4, "0:00"),
        (59.6, "1:00"),
        (61, "1:01"),
        (3599.4, "59:59"),
        (3600, "1:00:00"),
        (90_061, "25:01:01"),
    ],
)
def test_a_duration_reads_like_a_clock(seconds: float, shown: str) -> None:
    """Minutes and seconds, and hours where there are any."""
    assert format_duration(seconds) == shown


@given(st.integers(0, 10**7))
def test_a_duration_is_read_back(seconds: int) -> None:
    """The parts add up to the seconds, and no part but the first exceeds 59."""
    parts = [int(part) for part in format_duration(seconds).split(":")]
    assert sum(part * 60**place for place, part in enumerate(reversed(parts))) == seconds
    assert all(part < 60 for part in parts[1:])


class Terminal(io.StringIO):
    """A standard error that says it is a terminal."""

    def isatty(self) -> bool:
        return True


async def watch_for_a_while(tasks: list[TaskProgress], screen: io.StringIO, until: str) -> str:
    """What is shown up to these words."""
    async with asyncio.TaskGroup() as group:
        watcher = group.create_task(watch(tasks))
        while until not in screen.getvalue():
            await asyncio.sleep(0.005)
        watcher.cancel()
    return screen.getvalue()


async def test_without_a_terminal_plain_lines_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line for each task that runs, again and again; none for a task that has ended; no escape sequences."""
    screen = io.StringIO()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(live, "LINE_EVERY_S", 0.01)
    shown = await watch_for_a_while([progress(ended_s=None), progress(accepted=1)], screen, "accepted")
    assert {line.split(",")[0] for line in shown.splitlines()} == {"public/safety/lock_picking: 40 of 100 accepted"}
    assert "\x1b" not in shown


async def test_a_terminal_shows_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kept and dropped by stage, and how to stop."""
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("TERM", "xterm")
    shown = await watch_for_a_while([progress()], screen, "Ctrl-C")
    for cell in ("lock_picking", "40 of 100", "55/1", "52/3", "45/7", "44/0", "40/0", "12,345", "80%", "1:30"):
        assert cell in shown


async def test_before_there_is_a_pace_the_phase_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the task is doing stands where the time to go will stand."""
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("TERM", "xterm")
    fresh = progress(accepted=0, dropped=Counter(), phase="trying the guard")
    assert "trying the guard" in await watch_for_a_while([fresh], screen, "Ctrl-C")


@pytest.mark.parametrize("width", [80, 150])
def test_the_table_fits_its_terminal(width: int) -> None:
    """At 80 columns as at 150 no number is broken over lines, and every stage is there."""
    from io import StringIO

    from rich.console import Console

    from demur.cli.live import _draw

    task = TaskProgress("public/safety/refusal/cybersecurity/cyber_security_exploits", 1000)
    task.accepted = 987
    task.kept.update(dict.fromkeys(Stage, 12345))
    said = StringIO()
    Console(file=said, width=width).print(_draw([task], width))
    text = said.getvalue()
    assert "987 of 1000" in text
    assert text.count("12345/0") == 5
    assert max(len(line) for line in text.splitlines()) <= width
