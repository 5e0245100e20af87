from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.engines.limiting import Limiter
from demur.engines.pacing import Pacer
from demur.engines.slots import SlotMeter, SlotWatch, Watched
from demur.errors import RateLimited
from demur.usage import SlotUse
from tests.engines.virtual_clock import run_virtually


def watch(limiter: Limiter) -> SlotWatch:
    return SlotWatch([Watched("scripted", "m", ("generator",), limiter.count_slots, limiter.slots, limiter.mark)])


async def hold(limiter: Limiter, seconds: float) -> None:
    permit = await limiter.acquire()
    await asyncio.sleep(seconds)
    limiter.release(permit, answered=True)


def see(slots: int, requests: list[float], *, rest_s: float = 0, prepare: Limiter | None = None) -> SlotUse:
    """What a watch sees of requests that are all sent at once, each of so many seconds."""

    async def run() -> SlotUse:
        limiter = prepare or Limiter(slots)
        watched, loop = watch(limiter), asyncio.get_running_loop()
        watched.begin(loop.time())
        async with asyncio.TaskGroup() as group:
            for seconds in requests:
                group.create_task(hold(limiter, seconds))
        await asyncio.sleep(rest_s)
        watched.end(loop.time())
        return watched.uses[0]

    return run_virtually(run())


def test_slots_that_are_all_busy() -> None:
    """Four requests of 10 s on two slots: both are busy for 20 s."""
    use = see(2, [10.0] * 4)
    assert (use.elapsed_s, use.busy_slot_s, use.full_s, use.held_s) == pytest.approx((20, 40, 20, 0))
    assert use.busy == pytest.approx(2)
    assert (use.slots, use.blocks) == (2, ("generator",))
    assert use.timeline == pytest.approx([2.0] * 30)


def test_slots_that_have_nothing_to_do() -> None:
    """One request of 10 s on four slots, then 30 s of nothing: a quarter of the time one slot is busy, none is full."""
    use = see(4, [10.0], rest_s=30)
    assert (use.elapsed_s, use.busy_slot_s, use.full_s, use.held_s) == pytest.approx((40, 10, 0, 0))
    assert sum(use.timeline[:7]) == pytest.approx(7)
    assert use.timeline[8:] == pytest.approx([0.0] * 22)


def test_time_held_back_by_a_rate_is_told_apart() -> None:
    """Of three short requests at one a minute, two wait while slots are free."""
    limiter, pacer = Limiter(8), Pacer()
    pacer.tighten(1, None)
    limiter.gates.append(pacer)
    use = see(8, [1.0] * 3, prepare=limiter)
    assert use.full_s == 0
    assert use.held_s == pytest.approx(use.elapsed_s - 1)  # all but the last request's own second
    assert use.busy_slot_s == pytest.approx(3)


def test_lowest_limit_is_remembered() -> None:
    """A rate limit halves the limit; the record says how low it was."""

    async def run() -> SlotUse:
        limiter = Limiter(8)
        watched, loop = watch(limiter), asyncio.get_running_loop()
        watched.begin(loop.time())
        permit = await limiter.acquire()
        limiter.release(permit, RateLimited("slow down"))
        watched.end(loop.time() + 1)
        return watched.uses[0]

    assert run_virtually(run()).lowest == 4


def test_what_was_asked_of_nobody_is_left_out() -> None:
    """A task that the journal answered has no use of slots, nor has one that never began."""

    async def run() -> tuple[SlotUse, ...]:
        limiter = Limiter(2)
        await hold(limiter, 1)
        unused, never = watch(limiter), watch(limiter)
        unused.begin(asyncio.get_running_loop().time())
        await asyncio.sleep(5)
        unused.end(asyncio.get_running_loop().time())
        never.end(asyncio.get_running_loop().time())
        return unused.uses + never.uses

    assert run_virtually(run()) == ()


def test_a_watch_counts_only_its_own_time() -> None:
    """What came before it began does not count."""

    async def run() -> SlotUse:
        limiter = Limiter(2)
        await hold(limiter, 100)
        watched, loop = watch(limiter), asyncio.get_running_loop()
        watched.begin(loop.time())
        await hold(limiter, 10)
        watched.end(loop.time())
        return watched.uses[0]

    use = run_virtually(run())
    assert (use.elapsed_s, use.busy_slot_s) == pytest.approx((10, 10))
    assert sum(use.timeline) / 30 == pytest.approx(1, rel=0.1)


@given(st.lists(st.tuples(st.floats(0, 5000), st.integers(0, 9), st.integers(0, 3)), min_size=1, max_size=60))
def test_the_timeline_adds_up_to_the_sum(steps: list[tuple[float, int, int]]) -> None:
    """Whatever the rhythm, from milliseconds to hours: the parts of the timeline hold what the sum says."""
    meter, now_s = SlotMeter(), 100.0
    meter.advance(now_s, busy=0, waiting=0, limit=9)
    for gone_s, busy, waiting in steps:
        now_s += gone_s
        meter.advance(now_s, busy=busy, waiting=waiting, limit=9)
    expected = sum(gone_s * busy for gone_s, busy, _ in steps)
    reading = meter.read()
    assert reading.busy_slot_s == pytest.approx(expected, abs=1e-6)
    assert reading.full_s + reading.held_s <= now_s - 100 + 1e-6
    timeline = meter.cut_timeline(100.0, now_s)
    assert sum(timeline) * (now_s - 100) / 30 == pytest.approx(expected, rel=1e-6, abs=1e-6)
    assert all(0 <= part <= 9 + 1e-6 for part in timeline)
