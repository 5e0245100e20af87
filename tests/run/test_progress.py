from __future__ import annotations

import time

from demur.engines.journaling import Meter
from demur.records import Drop, Reason, Stage
from demur.run.progress import TaskProgress
from tests.samples import GENERATOR, GUARDIAN, make_draft, make_pair


def progress(wanted: int = 10, *, started_s: float = 100.0, ended_s: float | None = None) -> TaskProgress:
    return TaskProgress("tests/lock_picking", wanted, started_s=started_s, ended_s=ended_s)


def drop(stage: Stage, reason: Reason) -> Drop:
    return Drop(id=make_draft().id, stage=stage, reason=reason)


def test_the_yield_is_what_became_of_drafts_whose_fate_is_known() -> None:
    """Accepted among decided ones; a lost round is no draft, and before any decision there is no yield."""
    task = progress()
    shares = [task.yield_share]
    task.note_drop(drop(Stage.PROPOSE, Reason.GENERATOR_REFUSED))
    shares.append(task.yield_share)
    task.note_drop(drop(Stage.DEDUPE, Reason.NEAR_DUPLICATE))
    shares.append(task.yield_share)
    for _ in range(3):
        task.note_pair(make_pair())
    assert [*shares, task.yield_share] == [None, None, 0.0, 0.75]


def test_drops_are_counted_by_stage_and_reason() -> None:
    """An unreadable verdict on an instruction is not one on a response."""
    task = progress()
    for stage in (Stage.SCREEN_INSTRUCTION, Stage.SCREEN_RESPONSE, Stage.SCREEN_RESPONSE):
        task.note_drop(drop(stage, Reason.VERDICT_UNREADABLE))
    assert task.dropped == {
        (Stage.SCREEN_INSTRUCTION, Reason.VERDICT_UNREADABLE): 1,
        (Stage.SCREEN_RESPONSE, Reason.VERDICT_UNREADABLE): 2,
    }


def test_the_time_to_go_follows_the_pace() -> None:
    """None before there is a pace, then what is missing at the pace so far, and nothing once all is there."""
    task = progress(10, started_s=100.0, ended_s=120.0)
    left = [task.eta_s]
    for _ in range(10):
        task.note_pair(make_pair())
        left.append(task.eta_s)
    assert left[:2] == [None, None]
    assert left[4] == 6 * 20.0 / 4
    assert left[-1] == 0.0


def test_the_first_pair_is_timed_once() -> None:
    """Later pairs leave the time of the first one alone."""
    task = progress(started_s=time.monotonic() - 5.0)
    times = [task.first_pair_s]
    for _ in range(2):
        task.note_pair(make_pair())
        times.append(task.first_pair_s)
    none, first, later = times
    assert none is None
    assert first is not None
    assert later == first >= 5.0


def test_a_tasks_clock_stops_with_it() -> None:
    """Elapsed time goes on until the task has ended, and stands still from then on."""
    task = progress(started_s=time.monotonic() - 5.0)
    assert task.elapsed_s >= 5.0
    task.ended_s = task.started_s + 7.5
    assert task.elapsed_s == 7.5


def test_requests_and_tokens_are_those_of_all_engines() -> None:
    """What the blocks' meters count is added up."""
    task = progress()
    assert (task.in_flight, task.tokens, task.proposed) == (0, 0, 0)
    task.meters = [
        Meter("instruction_generator", GENERATOR, in_flight=2, prompt_tokens=100, completion_tokens=20),
        Meter("granite_guardian", GUARDIAN, in_flight=3, prompt_tokens=1000, completion_tokens=4),
    ]
    task.kept[Stage.PROPOSE] = 15
    assert (task.in_flight, task.tokens, task.proposed) == (5, 1124, 15)
