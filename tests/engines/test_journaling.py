from __future__ import annotations

import asyncio

import pytest

from demur.engines.base import Chat, Message, Reply, Request, RespondAsk
from demur.engines.journaling import JournaledEngine, Meter, compute_key
from demur.engines.scripted import ScriptedEngine
from demur.errors import EngineError, RequestRejected
from demur.inputs.policy import Constraints, Risk
from demur.records import Origin

RISK = Risk(risk="r", description="d", policy=Constraints(reply_cannot_contain=("c",)))


class Store:
    """Keeps replies in memory, each after a turn of the event loop."""

    def __init__(self) -> None:
        self.replies: dict[bytes, Reply] = {}

    def get(self, key: bytes) -> Reply | None:
        return self.replies.get(key)

    async def finish_replay(self) -> None:
        await asyncio.sleep(0)

    async def put(self, key: bytes, reply: Reply) -> None:
        await asyncio.sleep(0)
        self.replies[key] = reply


def make_request(text: str) -> Request:
    return Request(Chat((Message("user", text),)), RespondAsk(RISK, text))


def journal(engine: ScriptedEngine, store: Store) -> JournaledEngine:
    return JournaledEngine(engine, store, Meter("response_generator", Origin("scripted", "scripted")))


async def test_a_request_that_is_under_way_is_not_asked_again() -> None:
    """Alike requests at the same time get one reply between them, the one that is kept; others get their own."""
    count = iter(range(100))
    engine, store = ScriptedEngine(lambda request: f"{request.ask.instruction} {next(count)}", latency_s=0.01), Store()  # type: ignore[union-attr]
    journaled = journal(engine, store)
    async with asyncio.TaskGroup() as group:
        same = [group.create_task(journaled.complete(make_request("a"))) for _ in range(5)]
        other = group.create_task(journaled.complete(make_request("b")))
    assert {task.result().text for task in same} == {"a 0"}
    assert other.result().text == "b 1"
    assert store.replies[compute_key(engine.identity, make_request("a"))].text == "a 0"
    assert (journaled.meter.asked, journaled.meter.replayed, journaled.meter.in_flight) == (2, 4, 0)


async def test_whoever_waits_for_a_request_that_fails_asks_again() -> None:
    """A failure is its own request's: another that waited for the same reply asks for itself."""
    answers: list[str | EngineError] = [RequestRejected("no"), "yes"]
    journaled = journal(ScriptedEngine(lambda _: answers.pop(0), latency_s=0.01), Store())
    async with asyncio.TaskGroup() as group:
        first = group.create_task(_catch(journaled, make_request("a")))
        second = group.create_task(_catch(journaled, make_request("a")))
    assert (first.result(), second.result()) == ("RequestRejected", "yes")


async def test_a_cancelled_request_does_not_hold_up_others() -> None:
    """Whoever waited for a request that is cancelled asks for itself."""
    journaled = journal(ScriptedEngine(lambda _: "yes", latency_s=0.01), Store())
    async with asyncio.TaskGroup() as group:
        first = group.create_task(journaled.complete(make_request("a")))
        second = group.create_task(journaled.complete(make_request("a")))
        await asyncio.sleep(0.003)
        first.cancel()
    assert first.cancelled()
    assert second.result().text == "yes"
    with pytest.raises(asyncio.CancelledError):
        first.result()


async def _catch(journaled: JournaledEngine, request: Request) -> str:
    try:
        return (await journaled.complete(request)).text
    except EngineError as error:
        return type(error).__name__
