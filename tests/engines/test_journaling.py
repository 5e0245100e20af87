from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from demur.engines.base import Identity, Reply, Request, Usage
from demur.engines.journaling import JournaledEngine, Meter, NoStore, compute_key
from demur.engines.limiting import LimitedEngine, Limiter
from demur.engines.scripted import Script, ScriptedEngine
from demur.errors import EngineError, JournalFault, RequestRejected, ServerFault
from demur.records import EngineUse, Origin, Stage
from demur.run.rehearse import show_prompt
from demur.usage import StageUse
from tests.engines.samples import chat

ORIGIN = Origin("scripted", "scripted")


class MemoryStore:
    """A store in memory that takes a turn of the event loop, and notes in which order it was used."""

    def __init__(self) -> None:
        self.kept: dict[bytes, Reply] = {}
        self.steps: list[str] = []

    def get(self, key: bytes) -> Reply | None:
        """The reply, if it is kept."""
        self.steps.append("get")
        return self.kept.get(key)

    async def finish_replay(self) -> None:
        """Note it."""
        self.steps.append("finish_replay")
        await asyncio.sleep(0)

    async def put(self, key: bytes, reply: Reply) -> None:
        """Keep it."""
        self.steps.append("put")
        await asyncio.sleep(0)
        self.kept[key] = reply


def answer(request: Request) -> Reply:
    return Reply(f"answer to sample {request.sample}", "stop", ORIGIN, Usage(10, 2))


def journaled(script: Script, store: MemoryStore) -> tuple[JournaledEngine, ScriptedEngine]:
    engine = ScriptedEngine(script)
    return JournaledEngine(engine, store, Meter("block", ORIGIN)), engine


async def test_what_was_answered_is_not_asked_again() -> None:
    """The second time the reply comes from the store, the same to the last field, and counts as replayed."""
    store = MemoryStore()
    engine, model = journaled(answer, store)
    first = await engine.complete(chat())
    assert await engine.complete(chat()) == first
    assert len(model.requests) == 1
    by_stage = {Stage.RESPOND: StageUse(1, 1, 10, 2, 10, 2)}
    assert engine.meter.read() == EngineUse("block", ORIGIN, 1, 1, 0, 0, 20, 4, by_stage=by_stage)


async def test_another_run_finds_the_reply_too() -> None:
    """What is kept belongs to the store, not to the engine."""
    store = MemoryStore()
    await journaled(answer, store)[0].complete(chat())
    engine, model = journaled(lambda _: ServerFault("should not be asked"), store)
    assert (await engine.complete(chat())).text == "answer to sample 0"
    assert model.requests == []


async def test_another_sample_is_another_request() -> None:
    """What must be drawn separately is."""
    engine, model = journaled(answer, MemoryStore())
    texts = [(await engine.complete(replace(chat(), sample=number))).text for number in (0, 1, 0)]
    assert texts == ["answer to sample 0", "answer to sample 1", "answer to sample 0"]
    assert len(model.requests) == 2


async def test_a_reply_is_kept_before_it_is_handed_on() -> None:
    """First the store is asked, then all replay is waited for, then the model, then the reply is kept."""
    store = MemoryStore()

    def note(request: Request) -> Reply:
        store.steps.append("ask")
        return answer(request)

    engine, _ = journaled(note, store)
    await engine.complete(chat())
    assert store.steps == ["get", "finish_replay", "ask", "put"]


async def test_a_failure_is_not_kept() -> None:
    """It is counted and raised, and the next time the model is asked again."""
    store = MemoryStore()
    faults = [ServerFault("500")]
    engine, model = journaled(lambda request: faults.pop() if faults else answer(request), store)
    with pytest.raises(ServerFault):
        await engine.complete(chat())
    assert (store.kept, engine.meter.failed) == ({}, 1)
    await engine.complete(chat())
    assert len(model.requests) == 2
    assert (engine.meter.asked, engine.meter.failed, engine.meter.completion_tokens) == (2, 1, 2)


async def test_a_reply_that_cannot_be_kept_is_not_handed_on() -> None:
    """A run that could not be resumed does not go on."""

    class FullDisk(MemoryStore):
        async def put(self, key: bytes, reply: Reply) -> None:
            raise JournalFault("the disk is full")

    engine, _ = journaled(answer, FullDisk())
    with pytest.raises(JournalFault):
        await engine.complete(chat())


async def test_a_replayed_reply_takes_no_slot() -> None:
    """With every slot taken by requests that hang, what the store has is answered at once."""
    store = MemoryStore()
    known, unknown = chat("known"), chat("unknown")
    limiter = Limiter(1)
    slow = ScriptedEngine(answer, latency_s=3600)
    store.kept[compute_key(slow.identity, known)] = answer(known)
    engine = JournaledEngine(LimitedEngine(slow, limiter), store, Meter("block", ORIGIN))
    async with asyncio.TaskGroup() as group:
        hanging = group.create_task(engine.complete(unknown))
        while not slow.requests:
            await asyncio.sleep(0)
        assert limiter.in_flight == 1
        assert (await engine.complete(known)).text == "answer to sample 0"
        hanging.cancel()
    assert limiter.in_flight == 0
    assert slow.requests == [unknown]


async def test_without_a_store_everything_is_asked() -> None:
    """`NoStore` keeps nothing and never waits."""
    model = ScriptedEngine(answer)
    engine = JournaledEngine(model, NoStore(), Meter("block", ORIGIN))
    for _ in range(2):
        await engine.complete(chat())
    assert len(model.requests) == 2
    assert (engine.meter.asked, engine.meter.replayed) == (2, 0)


async def test_it_is_the_engine_that_it_wraps() -> None:
    """Its identity is the inner one's, which its keys rest on; closing closes it."""
    closed = []

    class Closing(ScriptedEngine):
        async def close(self) -> None:
            closed.append(self)

    model = Closing(answer, model="m")
    engine = JournaledEngine(model, NoStore(), Meter("block", ORIGIN))
    assert engine.identity == Identity("scripted", "m")
    await engine.close()
    assert closed == [model]


def journal(engine: ScriptedEngine, store: MemoryStore) -> JournaledEngine:
    return JournaledEngine(engine, store, Meter("response_generator", Origin("scripted", "scripted")))


async def test_a_request_that_is_under_way_is_not_asked_again() -> None:
    """Alike requests at the same time get one reply between them, the one that is kept; others get their own."""
    count = iter(range(100))
    store = MemoryStore()
    engine = ScriptedEngine(lambda request: f"{show_prompt(request.prompt)} {next(count)}", latency_s=0.01)
    journaled = journal(engine, store)
    async with asyncio.TaskGroup() as group:
        same = [group.create_task(journaled.complete(chat("a"))) for _ in range(5)]
        other = group.create_task(journaled.complete(chat("b")))
    assert {task.result().text for task in same} == {"[user]\na 0"}
    assert other.result().text == "[user]\nb 1"
    assert store.kept[compute_key(engine.identity, chat("a"))].text == "[user]\na 0"
    assert (journaled.meter.asked, journaled.meter.replayed) == (2, 4)


async def test_whoever_waits_for_a_request_that_fails_asks_again() -> None:
    """A failure is its own request's: another that waited for the same reply asks for itself."""
    answers: list[str | EngineError] = [RequestRejected("no"), "yes"]
    journaled = journal(ScriptedEngine(lambda _: answers.pop(0), latency_s=0.01), MemoryStore())
    async with asyncio.TaskGroup() as group:
        first = group.create_task(_catch(journaled, chat("a")))
        second = group.create_task(_catch(journaled, chat("a")))
    assert (first.result(), second.result()) == ("RequestRejected", "yes")


async def test_a_cancelled_request_does_not_hold_up_others() -> None:
    """Whoever waited for a request that is cancelled asks for itself."""
    journaled = journal(ScriptedEngine(lambda _: "yes", latency_s=0.01), MemoryStore())
    async with asyncio.TaskGroup() as group:
        first = group.create_task(journaled.complete(chat("a")))
        second = group.create_task(journaled.complete(chat("a")))
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
