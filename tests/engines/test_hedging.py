from __future__ import annotations

import asyncio

import pytest

from demur.engines.base import Reply, Request
from demur.engines.hedging import HedgedEngine
from demur.engines.limiting import LimitedEngine, Limiter
from demur.engines.retrying import RetryingEngine
from demur.engines.scripted import ScriptedEngine
from demur.errors import EngineError, RequestRejected, ServerFault
from tests.engines.samples import chat
from tests.engines.virtual_clock import run_virtually


class Slow(ScriptedEngine):
    """Takes each request in a given time, and answers or fails as given; notes what was cancelled, and when it was asked."""

    def __init__(self, *plan: tuple[float, str | EngineError]) -> None:
        super().__init__(lambda _: "")
        self.plan = list(plan)
        self.asked_s: list[float] = []
        self.cancelled = 0

    async def complete(self, request: Request) -> Reply:
        """As planned."""
        self.asked_s.append(asyncio.get_running_loop().time() - 1000)
        latency_s, answer = self.plan.pop(0)
        try:
            await asyncio.sleep(latency_s)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if isinstance(answer, EngineError):
            raise answer
        return Reply(answer, "stop", self._origin)


def hedged(model: Slow, slots: int = 4, after_s: float = 10.0) -> tuple[HedgedEngine, Limiter, list[str]]:
    limiter, hedges = Limiter(slots), list[str]()
    return (
        HedgedEngine(LimitedEngine(model, limiter), after_s, on_hedge=lambda: hedges.append("hedge")),
        limiter,
        hedges,
    )


async def ask(engine: HedgedEngine | RetryingEngine) -> tuple[str, float]:
    try:
        text = (await engine.complete(chat())).text
    except EngineError as error:
        text = f"{type(error).__name__}: {error}"
    return text, asyncio.get_running_loop().time() - 1000


@pytest.mark.parametrize(
    ("plan", "expected", "asked_s", "cancelled"),
    [
        ([(3, "first")], ("first", 3), [0], 0),
        ([(60, "first"), (5, "second")], ("second", 15), [0, 10], 1),
        ([(12, "first"), (5, "second")], ("first", 12), [0, 10], 1),
        ([(3, ServerFault("no"))], ("ServerFault: no", 3), [0], 0),
        ([(60, "first"), (1, ServerFault("no"))], ("first", 60), [0, 10], 0),
        ([(11, ServerFault("no")), (5, "second")], ("second", 15), [0, 10], 0),
        ([(11, ServerFault("one")), (5, RequestRejected("two"))], ("ServerFault: one", 15), [0, 10], 0),
    ],
)
def test_the_first_answer_wins(
    plan: list[tuple[float, str | EngineError]], expected: tuple[str, float], asked_s: list[float], cancelled: int
) -> None:
    """A late reply is asked for again, the first answer ends the other; a failure waits for the other's answer."""

    async def play() -> None:
        model = Slow(*plan)
        engine, limiter, hedges = hedged(model)
        assert await ask(engine) == expected
        assert (model.asked_s, model.cancelled) == (asked_s, cancelled)
        assert len(hedges) == len(asked_s) - 1
        assert (limiter.in_flight, limiter.waiting) == (0, 0)

    run_virtually(play())


def test_waiting_for_a_slot_is_not_being_late() -> None:
    """What counts is the time at the server: requests in the limiter's queue are not asked for twice."""

    async def play() -> None:
        model = Slow(*[(6, "answer")] * 20)
        engine, _, hedges = hedged(model, slots=1)
        async with asyncio.TaskGroup() as group:
            for _ in range(20):
                group.create_task(engine.complete(chat()))
        assert hedges == []
        assert len(model.asked_s) == 20

    run_virtually(play())


def test_the_second_request_takes_a_slot_of_its_own() -> None:
    """With one slot the second waits behind the first, and is never sent when the first is answered."""

    async def play() -> None:
        model = Slow((60, "first"))
        engine, limiter, hedges = hedged(model, slots=1)
        assert await ask(engine) == ("first", 60)
        assert hedges == []
        assert (limiter.in_flight, limiter.waiting) == (0, 0)

    run_virtually(play())


def test_a_cancelled_request_takes_both_with_it() -> None:
    """Nothing is left at the server, and no slot is lost."""

    async def play() -> None:
        model = Slow((60, "first"), (60, "second"))
        engine, limiter, _ = hedged(model)
        task = asyncio.ensure_future(engine.complete(chat()))
        await asyncio.sleep(20)
        assert limiter.in_flight == 2
        task.cancel()
        await asyncio.sleep(0.1)
        assert task.cancelled()
        assert model.cancelled == 2
        assert limiter.in_flight == 0

    run_virtually(play())


def test_a_bug_is_not_hidden() -> None:
    """An exception that is no answer and no failure of an engine comes through."""

    class Broken(ScriptedEngine):
        async def complete(self, request: Request) -> Reply:
            raise ZeroDivisionError

    async def play() -> None:
        engine = HedgedEngine(LimitedEngine(Broken(lambda _: ""), Limiter(1)), 1.0)
        with pytest.raises(ExceptionGroup) as caught:
            await engine.complete(chat())
        assert caught.group_contains(ZeroDivisionError)

    run_virtually(play())


async def test_it_is_the_engine_that_it_wraps() -> None:
    """Its identity is the inner one's; closing closes it; retries go around it."""
    closed = []

    class Closing(ScriptedEngine):
        async def close(self) -> None:
            closed.append(self)

    faults: list[EngineError] = [ServerFault("500")]
    model = Closing(lambda _: faults.pop() if faults else "yes", model="m")
    engine = RetryingEngine(HedgedEngine(LimitedEngine(model, Limiter(2)), 60.0), 60.0, first_pause_s=0.001)
    assert engine.identity == model.identity
    assert (await engine.complete(chat())).text == "yes"
    await engine.close()
    assert closed == [model]
