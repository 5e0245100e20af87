import asyncio
from collections.abc import Callable, Iterable

import pytest

from demur.engines.base import Request
from demur.engines.limiting import LimitedEngine, Limiter
from demur.engines.openai import OpenAIEngine
from demur.engines.retrying import (
    MAX_FAULTS,
    MAX_UNAVAILABLE,
    MAX_UNREADABLE,
    RetryingEngine,
)
from demur.engines.scripted import ScriptedEngine
from demur.errors import (
    CredentialsRejected,
    EngineError,
    EngineUnavailable,
    ModelNotFound,
    RateLimited,
    ReplyUnreadable,
    RequestRejected,
    RequestTimedOut,
    ServerFault,
)
from tests.engines.samples import chat, openai_settings, raw
from tests.servers.behaviour import PASSING_FAULTS
from tests.servers.simulated import SimulatedServer


def fail_first(errors: Iterable[EngineError]) -> Callable[[Request], str | EngineError]:
    """A script that fails by each of these, then answers."""
    left = list(errors)
    return lambda _: left.pop(0) if left else "at last"


def patient(engine: ScriptedEngine, deadline_s: float = 60.0) -> RetryingEngine:
    """An engine that hardly pauses between attempts."""
    return RetryingEngine(engine, deadline_s, first_pause_s=0.0001, longest_pause_s=0.0005)


async def test_fault_that_passes_is_retried() -> None:
    """After faults that may pass the request is repeated, counted and reported, until it is answered."""
    errors = [
        ServerFault("broke"),
        RequestTimedOut("late"),
        ReplyUnreadable("torn"),
        RateLimited("slow down"),
    ]
    inner = ScriptedEngine(fail_first(errors))
    seen: list[EngineError] = []
    engine = RetryingEngine(inner, 60, first_pause_s=0.0001, longest_pause_s=0.0005, on_retry=seen.append)
    assert (await engine.complete(chat("the very one"))).text == "at last"
    assert engine.retried == 4
    assert seen == errors
    assert inner.requests == [chat("the very one")] * 5


async def test_answer_at_once_is_no_retry() -> None:
    """What works the first time costs one request."""
    inner = ScriptedEngine(lambda _: "yes")
    engine = patient(inner)
    await engine.complete(chat())
    assert (engine.retried, len(inner.requests)) == (0, 1)


@pytest.mark.parametrize("error", [RequestRejected("no"), CredentialsRejected("no"), ModelNotFound("no")])
async def test_what_cannot_pass_is_not_retried(error: EngineError) -> None:
    """An error that asking again cannot change is raised as it is, at once or after a retryable one."""
    inner = ScriptedEngine(fail_first([error]))
    with pytest.raises(type(error), match=r"^no$"):
        await patient(inner).complete(chat())
    assert len(inner.requests) == 1
    inner = ScriptedEngine(fail_first([ServerFault("broke"), error]))
    with pytest.raises(type(error), match="no"):
        await patient(inner).complete(chat())
    assert len(inner.requests) == 2


@pytest.mark.parametrize(
    ("error", "attempts"),
    [
        (EngineUnavailable("nobody there"), MAX_UNAVAILABLE),
        (ReplyUnreadable("gibberish"), MAX_UNREADABLE),
        (ServerFault("broke"), MAX_FAULTS),
    ],
)
async def test_attempts_are_limited_by_kind(error: EngineError, attempts: int) -> None:
    """Nobody there is given up soon, a steady fault later; the message says how often it was tried."""
    inner = ScriptedEngine(lambda _: error)
    engine = patient(inner)
    with pytest.raises(type(error), match=rf"\(given up after {attempts} attempts in \d+ s\)$"):
        await engine.complete(chat())
    assert len(inner.requests) == attempts
    assert engine.retried == attempts - 1


async def test_kinds_of_fault_are_counted_apart() -> None:
    """A fault that comes once, after many of another kind, is retried all the same."""
    errors: list[EngineError] = [RateLimited("slow down") for _ in range(30)]
    errors += [
        ServerFault("broke"),
        ReplyUnreadable("torn"),
        EngineUnavailable("restarting"),
        ServerFault("broke"),
    ]
    inner = ScriptedEngine(fail_first(errors))
    assert (await patient(inner).complete(chat())).text == "at last"
    assert len(inner.requests) == 35


async def test_rate_limits_are_waited_out_until_the_deadline() -> None:
    """A server that keeps asking for patience is asked again until the deadline, more often than other
    faults."""
    inner = ScriptedEngine(lambda _: RateLimited("slow down"))
    with pytest.raises(RateLimited, match=r"slow down.*given up"):
        await patient(inner, deadline_s=0.05).complete(chat())
    assert len(inner.requests) > MAX_FAULTS


async def test_retry_after_is_honoured() -> None:
    """The next attempt comes no sooner than the server asked for."""
    inner = ScriptedEngine(fail_first([RateLimited("slow down", retry_after_s=0.05)]))
    loop = asyncio.get_running_loop()
    begun = loop.time()
    await patient(inner).complete(chat())
    assert loop.time() - begun >= 0.049


async def test_wait_beyond_the_deadline_is_not_begun() -> None:
    """A Retry-After that cannot be met ends the request at once, with the error that brought it."""
    inner = ScriptedEngine(lambda _: RateLimited("slow down", retry_after_s=3600))
    with pytest.raises(RateLimited) as caught:
        await RetryingEngine(inner, 600).complete(chat())
    assert caught.value.retry_after_s == 3600
    assert len(inner.requests) == 1


async def test_deadline_counts_attempts_but_not_the_queue() -> None:
    """What an attempt took beyond its own time limit was queueing, and leaves the deadline alone."""

    def fail_then_answer(limit_s: float | None) -> tuple[ScriptedEngine, RetryingEngine]:
        inner = ScriptedEngine(fail_first([ServerFault("broke")]), latency_s=0.03)
        return inner, RetryingEngine(
            inner, 0.025, attempt_timeout_s=limit_s, first_pause_s=0.0001, longest_pause_s=0.0005
        )

    inner, engine = fail_then_answer(None)
    with pytest.raises(ServerFault):
        await engine.complete(chat())
    assert len(inner.requests) == 1
    inner, engine = fail_then_answer(0.005)
    await engine.complete(chat())
    assert len(inner.requests) == 2


async def test_cancellation_ends_the_waiting() -> None:
    """A request that is cancelled between two attempts stops there."""
    inner = ScriptedEngine(lambda _: ServerFault("broke"))
    pausing = asyncio.Event()
    engine = RetryingEngine(inner, 600, first_pause_s=60, on_retry=lambda _: pausing.set())
    task = asyncio.ensure_future(engine.complete(chat()))
    await pausing.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(inner.requests) == 1


async def test_bug_is_not_retried() -> None:
    """An exception that is none of demur's passes through, from a later attempt too."""
    left: list[Exception] = [ZeroDivisionError()]

    def crash(_: Request) -> EngineError:
        if len(inner.requests) > 1:
            raise left[0]
        return ServerFault("broke")

    inner = ScriptedEngine(crash)
    with pytest.raises(ZeroDivisionError):
        await patient(inner).complete(chat())
    assert len(inner.requests) == 2


async def test_each_attempt_takes_its_own_permit() -> None:
    """No permit is held between attempts: another request gets its turn meanwhile."""
    limiter = Limiter(1)
    inner = ScriptedEngine(fail_first([ServerFault("broke")]))
    pausing = asyncio.Event()
    engine = RetryingEngine(LimitedEngine(inner, limiter), 600, first_pause_s=60, on_retry=lambda _: pausing.set())
    task = asyncio.ensure_future(engine.complete(chat("first")))
    await pausing.wait()
    assert limiter.in_flight == 0
    assert (await LimitedEngine(inner, limiter).complete(chat("second"))).text == "at last"
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_stack_survives_a_faulty_server() -> None:
    """Against a server with every kind of fault at once, all requests are answered in the end."""
    faults = dict.fromkeys(PASSING_FAULTS, 0.08)
    async with SimulatedServer(fault_rates=faults, slots=8) as server:
        limiter = Limiter(16)
        wire = OpenAIEngine(openai_settings(server.base_url))
        engine = RetryingEngine(LimitedEngine(wire, limiter), 60, first_pause_s=0.001, longest_pause_s=0.01)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(engine.complete(chat(f"number {n}"))) for n in range(150)]
        assert all(task.result().text for task in tasks)
        assert engine.retried == server.metrics.counts["fault"] > 0
        assert (limiter.in_flight, limiter.waiting) == (0, 0)
        await engine.close()


async def test_limit_settles_below_what_overloads_the_server() -> None:
    """At a server that refuses more than eight at once, the limit comes down, and nothing is lost."""
    async with SimulatedServer(refuse_above=8, median_s=0.002) as server:
        limiter = Limiter(64)
        wire = OpenAIEngine(openai_settings(server.base_url))
        engine = RetryingEngine(LimitedEngine(wire, limiter), 60, first_pause_s=0.001, longest_pause_s=0.02)
        async with asyncio.TaskGroup() as group:
            for number in range(300):
                group.create_task(engine.complete(chat(f"number {number}")))
        assert server.metrics.counts["respond"] == 300
        assert limiter.limit <= 16
        await engine.close()


async def test_refused_raw_prompt_is_not_retried() -> None:
    """Where no raw route is to be had, asking again is pointless."""
    async with SimulatedServer(kind="none") as server:
        engine = RetryingEngine(OpenAIEngine(openai_settings(server.base_url)), 60)
        with pytest.raises(RequestRejected):
            await engine.complete(raw())
        assert engine.retried == 0
        await engine.close()
