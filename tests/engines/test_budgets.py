from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demur.engines.base import Reply, Usage
from demur.engines.budgets import Budget, Purse
from demur.engines.limiting import LimitedEngine, Limiter
from demur.engines.scripted import ScriptedEngine
from demur.errors import BudgetSpent, EngineError, RequestTimedOut, ServerFault
from demur.inputs.prices import FREE, Price
from demur.records import Origin
from demur.usage import BudgetUse
from tests.engines.samples import chat
from tests.engines.virtual_clock import run_virtually

ORIGIN = Origin("scripted", "scripted")
PRICE = Price(prompt=2.0, completion=10.0)


def budgeted(budget: Budget, price: Price | None = FREE, slots: int = 8) -> Limiter:
    limiter = Limiter(slots)
    limiter.gates.append(Purse(budget, price))
    budget.wake(limiter.grant)
    return limiter


async def use(limiter: Limiter, need: int, used: int, latency_s: float, log: list[str] | None = None) -> bool:
    """Send a request; whether it went."""
    try:
        permit = await limiter.acquire(0, lambda: Usage(need, 0))
    except BudgetSpent:
        if log is not None:
            log.append("refused")
        return False
    await asyncio.sleep(latency_s)
    limiter.release(permit, answered=True, used=Usage(used, 0))
    if log is not None:
        log.append("answered")
    return True


@given(
    st.integers(1, 5000),
    st.lists(st.tuples(st.integers(1, 900), st.integers(1, 900), st.floats(0.01, 9)), min_size=1, max_size=40),
)
@settings(deadline=None, max_examples=40)
def test_a_budget_is_not_exceeded_where_estimates_are_not(bound: int, requests: list[tuple[int, int, float]]) -> None:
    """Over two models, what was used stays within the bound; and where a request was refused, it would not have fitted."""

    async def play() -> None:
        budget = Budget(None, bound)
        limiters = [budgeted(budget, slots=3), budgeted(budget, slots=2)]
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(use(limiters[number % 2], max(need, used), used, latency_s))
                for number, (need, used, latency_s) in enumerate(requests)
            ]
        went = [task.result() for task in tasks]
        used_up = sum(used for sent, (_, used, _) in zip(went, requests, strict=True) if sent)
        assert budget.read() == BudgetUse(None, bound, 0.0, used_up)
        assert used_up <= bound
        refused = [max(need, used) for sent, (need, used, _) in zip(went, requests, strict=True) if not sent]
        assert not refused or used_up + max(refused) > bound
        assert [(limiter.in_flight, limiter.waiting) for limiter in limiters] == [(0, 0), (0, 0)]

    run_virtually(play())


def test_nobody_is_refused_while_an_answer_is_on_its_way() -> None:
    """Whoever does not fit waits for those that are out, at every model, and is refused only after the last of them."""

    async def play() -> list[str]:
        budget = Budget(None, 250)
        one, other = budgeted(budget), budgeted(budget)
        log: list[str] = []
        async with asyncio.TaskGroup() as group:
            for limiter, latency_s in ((one, 5.0), (other, 50.0), (one, 1.0), (other, 1.0), (one, 1.0)):
                group.create_task(use(limiter, 100, 100, latency_s, log))
        return log

    assert run_virtually(play()) == ["answered", "answered", "refused", "refused", "refused"]


def test_a_reply_that_used_less_makes_room() -> None:
    """The bound is on what was used: high estimates only make others wait."""

    async def play() -> list[bool]:
        limiter = budgeted(Budget(None, 1000))
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(use(limiter, 800, 10, 1.0)) for _ in range(20)]
        return [task.result() for task in tasks]

    assert run_virtually(play()) == [True] * 20


def test_after_the_end_nothing_goes() -> None:
    """Once somebody was refused all are, a small one too, at once: the run is to end, not to dribble on."""

    async def play() -> None:
        limiter = budgeted(Budget(None, 100))
        assert not await use(limiter, 101, 1, 0.0)
        assert not await use(limiter, 1, 1, 0.0)
        assert asyncio.get_running_loop().time() == 1000

    run_virtually(play())


def test_money_is_counted_by_price() -> None:
    """Prompt and completion tokens at their own prices; the message says how much of how much, and what to do."""

    async def play() -> None:
        budget = Budget(0.01, None)
        model = ScriptedEngine(lambda _: Reply("ok", "stop", ORIGIN, Usage(1000, 100)))
        engine = LimitedEngine(model, budgeted(budget, PRICE))
        for _ in range(3):
            await engine.complete(chat("x" * 4000))
        assert budget.read().cost_usd == pytest.approx(0.009)
        with pytest.raises(BudgetSpent, match=r"\$0\.0090 of \$0\.0100") as caught:
            await engine.complete(chat("x" * 4000))
        assert "--max-cost" in caught.value.hint
        assert not caught.value.retryable
        assert caught.value.exit_code == 3

    run_virtually(play())


def test_an_unknown_price_makes_the_cost_unknown() -> None:
    """With a bound on tokens alone a run may go on without prices, and says that it does not know the cost."""

    async def play() -> None:
        budget = Budget(None, 10_000)
        known, unknown = budgeted(budget, PRICE), budgeted(budget, None)
        await use(known, 10, 10, 0.0)
        assert budget.read().cost_usd == pytest.approx(0.00002)
        await use(unknown, 10, 10, 0.0)
        assert budget.read() == BudgetUse(None, 10_000, None, 20)

    run_virtually(play())


@pytest.mark.parametrize(
    ("outcome", "counted"),
    [
        (ServerFault("500"), 0),
        (RequestTimedOut("late"), 100 + 512),
        (Reply("ok", "stop", ORIGIN, Usage()), 100 + 512),
        (Reply("ok", "stop", ORIGIN, Usage(90, 9)), 99),
    ],
)
def test_what_nobody_counted_is_estimated(outcome: Reply | EngineError, counted: int) -> None:
    """A failure used nothing; a reply without counts, or one given up while it was being written, what was expected."""

    async def play() -> None:
        budget = Budget(None, 100_000)
        engine = LimitedEngine(ScriptedEngine(lambda _: outcome), budgeted(budget))
        with suppress(EngineError):
            await engine.complete(chat("x" * 400))
        assert budget.read().tokens == counted

    run_virtually(play())


def test_a_cancelled_waiter_of_a_spent_budget_is_only_cancelled() -> None:
    """Refused and cancelled in the same turn: no slot is lost, and no exception is left unseen."""

    async def play() -> None:
        limiter = budgeted(Budget(None, 10), slots=1)
        held = await limiter.acquire(0, lambda: Usage(10, 0))
        waiter = asyncio.ensure_future(limiter.acquire(0, lambda: Usage(10, 0)))
        await asyncio.sleep(1)
        limiter.release(held, answered=True, used=Usage(10, 0))
        await asyncio.sleep(0.0199)
        asyncio.get_running_loop().call_later(0.0001, waiter.cancel)
        await asyncio.sleep(1)
        assert waiter.done()
        assert (limiter.in_flight, limiter.waiting) == (0, 0)
        if not waiter.cancelled():
            assert isinstance(waiter.exception(), BudgetSpent)

    run_virtually(play())


async def test_without_bounds_it_holds_nobody_back() -> None:
    """Nothing is kept to, and nothing is said."""
    budget = Budget()
    assert not budget.bounded
    assert budget.find_moment(10**9, 10.0**9, 0.0) < 0
    assert budget.read().describe() == ""
