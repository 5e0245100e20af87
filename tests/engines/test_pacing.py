from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demur.engines.base import JudgeAsk, ProposeAsk, Reply, Request, Sampling, Usage
from demur.engines.limiting import LimitedEngine, Limiter
from demur.engines.pacing import COMPLETION_TOKENS, Allowance, Pacer, TokenEstimator
from demur.engines.scripted import ScriptedEngine
from demur.errors import EngineError, RateLimited, RequestRejected
from demur.records import Origin
from tests.engines.samples import JUDGE_INSTRUCTION, PROPOSE, chat, raw
from tests.engines.virtual_clock import VirtualClockLoop, run_virtually

ORIGIN = Origin("scripted", "scripted")


@dataclass
class Sent:
    """A request that went out: when, and what it used."""

    at_s: float
    tokens: int = 1


def paced(limiter: Limiter, requests: int | None, tokens: int | None = None) -> Limiter:
    pacer = Pacer()
    pacer.tighten(requests, tokens)
    limiter.gates.append(pacer)
    return limiter


def measure_fullest_minute(sent: list[Sent]) -> int:
    """The most in any 60 seconds that begin with a request."""
    return max(sum(s.tokens for s in sent if first.at_s <= s.at_s < first.at_s + 60) for first in sent)


async def send_all(limiter: Limiter, arrivals: list[tuple[float, int, int, float]]) -> list[Sent]:
    """Send requests that arrive after so many seconds, need so many tokens, use so many, and take so many seconds."""
    loop, sent = asyncio.get_running_loop(), []

    async def send(arrive_s: float, need: int, used: int, latency_s: float) -> None:
        await asyncio.sleep(arrive_s)
        permit = await limiter.acquire(0, lambda: Usage(need, 0))
        sent.append(Sent(loop.time(), used))
        await asyncio.sleep(latency_s)
        limiter.release(permit, answered=True, used=Usage(used, 0))

    async with asyncio.TaskGroup() as group:
        for arrival in arrivals:
            group.create_task(send(*arrival))
    return sent


@given(
    st.integers(1, 60),
    st.lists(st.tuples(st.floats(0, 90), st.just(0), st.just(1), st.floats(0, 30)), min_size=70, max_size=120),
)
@settings(deadline=None, max_examples=30)
def test_no_minute_has_more_requests_than_its_budget(
    budget: int, arrivals: list[tuple[float, int, int, float]]
) -> None:
    """Whenever requests arrive and however long they take, no 60 seconds hold more than the budget, and all go in the end."""
    sent = run_virtually(send_all(paced(Limiter(200), budget), arrivals))
    assert len(sent) == len(arrivals)
    assert measure_fullest_minute(sent) <= budget


@given(
    st.integers(50, 3000),
    st.lists(
        st.tuples(st.floats(0, 100), st.integers(1, 400), st.integers(1, 400), st.floats(0, 90)),
        min_size=1,
        max_size=60,
    ),
)
@settings(deadline=None, max_examples=30)
def test_no_minute_has_more_tokens_than_its_budget(budget: int, arrivals: list[tuple[float, int, int, float]]) -> None:
    """Where estimates are not too low, what was used in any 60 seconds stays within the budget (one that is larger goes alone)."""
    honest = [(at_s, max(need, used), used, took_s) for at_s, need, used, took_s in arrivals]
    sent = run_virtually(send_all(paced(Limiter(100), None, budget), honest))
    assert len(sent) == len(arrivals)
    assert measure_fullest_minute(sent) <= max(budget, *(used for _, _, used, _ in honest))


@given(st.lists(st.tuples(st.integers(1, 100), st.integers(1, 400)), min_size=20, max_size=60))
@settings(deadline=None, max_examples=15)
def test_low_estimates_are_owed(requests: list[tuple[int, int]]) -> None:
    """One at a time, each reply is settled before the next goes: only the last of a minute can exceed the budget."""
    arrivals = [(0.0, need, used, 0.1) for need, used in requests]
    sent = run_virtually(send_all(paced(Limiter(1), None, 1000), arrivals))
    assert measure_fullest_minute(sent) <= 1000 + 400


def test_the_budget_is_spread_and_used() -> None:
    """600 a minute go at an even pace after a start of three seconds' worth; the second minute wastes nothing."""
    sent = run_virtually(send_all(paced(Limiter(1000), 600), [(0.0, 0, 1, 0.0)] * 1800))
    times = [s.at_s - sent[0].at_s for s in sent]
    assert sum(time < 0.05 for time in times) == 30
    assert max(later - earlier for earlier, later in pairwise(times)) <= 3.1
    assert 170 <= times[-1] <= 180


async def count_turns() -> tuple[int, float]:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualClockLoop)
    await send_all(paced(Limiter(100), 10), [(0.0, 0, 1, 0.0)] * 100)
    return loop.turns, loop.time()


def test_waiting_is_not_busy() -> None:
    """A hundred requests at ten a minute take nine minutes, and a few turns of the loop each."""
    turns, now_s = run_virtually(count_turns())
    assert now_s - 1000 >= 9 * 54
    assert turns < 600


async def record_order() -> list[int]:
    limiter = paced(Limiter(10), 2)
    order: list[int] = []

    async def send(priority: int) -> None:
        permit = await limiter.acquire(priority)
        order.append(priority)
        limiter.release(permit, answered=True)

    async with asyncio.TaskGroup() as group:
        for priority in (30, 30, 0, 10, 30, 0):
            group.create_task(send(priority))
    return order


def test_later_stages_go_first_there_too() -> None:
    """Who waits for the budget goes by priority."""
    assert run_virtually(record_order())[1:] == [0, 0, 10, 30, 30]


async def overtake() -> list[str]:
    limiter = paced(Limiter(10), None, 1000)
    order: list[str] = []

    async def send(name: str, priority: int, need: int) -> None:
        permit = await limiter.acquire(priority, lambda: Usage(need, 0))
        order.append(name)
        limiter.release(permit, answered=True, used=Usage(need, 0))

    async with asyncio.TaskGroup() as group:
        for name, priority, need in (("first", 0, 900), ("large", 0, 500), ("small", 9, 1)):
            group.create_task(send(name, priority, need))
    return order


def test_a_small_request_does_not_overtake_a_later_stages_larger_one() -> None:
    """Else proposals would starve what is begun."""
    assert run_virtually(overtake()) == ["first", "large", "small"]


async def hold_back() -> list[float]:
    limiter = paced(Limiter(10), 60)
    loop = asyncio.get_running_loop()
    begun_s = loop.time()
    limiter.release(await limiter.acquire(), RateLimited("slow down", retry_after_s=20.0))
    times = []
    for _ in range(4):
        permit = await limiter.acquire()
        times.append(loop.time() - begun_s)
        limiter.release(permit, answered=True)
    return times


def test_a_servers_own_wait_counts_besides() -> None:
    """`Retry-After` holds everybody back with budgets as without."""
    times = run_virtually(hold_back())
    assert times[0] >= 20


async def refuse_some() -> float:
    """Requests that fail, and one that is cancelled while it waits; how long the next one waits then."""
    limiter = paced(Limiter(2), 3, 300)
    loop = asyncio.get_running_loop()
    begun_s = loop.time()
    for _ in range(2):
        limiter.release(await limiter.acquire(0, lambda: Usage(100, 0)), RequestRejected("no"))
    held = await limiter.acquire(0, lambda: Usage(50, 0))
    waiter = asyncio.ensure_future(limiter.acquire(0, lambda: Usage(50, 0)))
    await asyncio.sleep(0)
    assert limiter.waiting == 1
    limiter.release(held, answered=True)
    waiter.cancel()
    await asyncio.sleep(0)
    assert (limiter.in_flight, limiter.waiting) == (0, 0)
    limiter.release(await limiter.acquire(0, lambda: Usage(10, 0)), answered=True)
    return loop.time() - begun_s


def test_who_is_cancelled_waits_no_longer() -> None:
    """A waiter that is cancelled leaves nothing behind, and requests that failed count as requests."""
    assert 60 <= run_virtually(refuse_some()) < 80


def test_a_withdrawn_request_gives_its_share_back() -> None:
    """One that never went out was never there: the next may go at once."""
    pacer = Pacer()
    pacer.tighten(1, 100)
    toll = pacer.charge(Usage(100, 0), 0.0)
    assert pacer.find_moment(Usage(100, 0), 1.0) == 60.0
    toll.refund(1.0, sent=False)
    assert pacer.find_moment(Usage(100, 0), 1.0) <= 1.0


def test_the_strictest_budget_holds() -> None:
    """Blocks that share a model may state different ones."""
    pacer = Pacer()
    for stated in (60, 20, None, 40):
        pacer.tighten(stated, None)
    sent, now_s = 0, 0.0
    while (now_s := max(now_s, pacer.find_moment(Usage(), now_s))) < 60:
        pacer.charge(Usage(), now_s)
        sent += 1
    assert sent == 20


def test_an_allowance_of_one_a_minute_waits_a_minute() -> None:
    """The smallest budget."""
    allowance = Allowance(1)
    assert allowance.find_moment(1, 5.0) == -math.inf
    allowance.take(1, 5.0)
    assert allowance.find_moment(1, 6.0) == 65.0


def ask_for(ask: JudgeAsk | ProposeAsk) -> Request:
    return Request(chat("x" * 400).prompt, ask)


def test_an_estimate_begins_with_the_length_and_learns() -> None:
    """Four characters a token and the most that a reply may have, until a server has counted; replies by stage."""
    estimator = TokenEstimator()
    assert estimator.estimate(raw("x" * 41)) == Usage(11, COMPLETION_TOKENS)
    limited = Request(chat("x" * 400).prompt, PROPOSE, Sampling(max_tokens=77))
    assert estimator.estimate(limited) == Usage(100, 77)
    for used in (Usage(200, 10), Usage(200, 20)):
        estimator.note(ask_for(JUDGE_INSTRUCTION), used)
    assert estimator.estimate(ask_for(JUDGE_INSTRUCTION)) == Usage(200, 15)
    assert estimator.estimate(limited) == Usage(200, 77)
    estimator.note(limited, Usage())
    assert estimator.estimate(limited) == Usage(200, 77)


async def serve() -> tuple[list[float], Limiter]:
    limiter = paced(Limiter(50), None, 6000)
    loop = asyncio.get_running_loop()
    times: list[float] = []

    def answer(_: Request) -> str | Reply | EngineError:
        times.append(loop.time() - 1000)
        return Reply("ok", "stop", ORIGIN, Usage(90, 10))

    engine = LimitedEngine(ScriptedEngine(answer), limiter)
    async with asyncio.TaskGroup() as group:
        for _ in range(180):
            group.create_task(engine.complete(chat("x" * 400)))
    return times, limiter


def test_an_engine_settles_what_its_replies_say() -> None:
    """With replies of 100 tokens, 6,000 a minute let 60 requests a minute through, though each was first thought larger."""
    times, limiter = run_virtually(serve())
    assert limiter.estimator.estimate(chat("x" * 400)) == Usage(90, 10)
    assert 115 <= times[-1] <= 190
    assert all(sum(at <= time < at + 60 for time in times) <= 60 for at in times)


@pytest.mark.parametrize("used", [Usage(), Usage(30, 3)])
def test_a_reply_without_counts_keeps_its_estimate(used: Usage) -> None:
    """What a server does not say is what was expected."""

    async def play() -> float:
        limiter = paced(Limiter(5), None, 100)
        limiter.release(await limiter.acquire(0, lambda: Usage(90, 0)), answered=True, used=used)
        begun_s = asyncio.get_running_loop().time()
        limiter.release(await limiter.acquire(0, lambda: Usage(20, 0)), answered=True)
        return asyncio.get_running_loop().time() - begun_s

    waited_s = run_virtually(play())
    assert waited_s == 60.0 if used == Usage() else waited_s < 60
