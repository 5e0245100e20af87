import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demur.engines.base import Reply, Request
from demur.engines.limiting import LimitedEngine, Limiter, Permit
from demur.engines.scripted import ScriptedEngine
from demur.errors import EngineError, RateLimited, RequestRejected, ServerFault
from tests.engines.samples import chat


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_no_more_than_the_limit_go_at_once() -> None:
    """The limit holds, whoever waits gets a turn, and at the end nothing is out or waiting."""
    limiter = Limiter(3)
    most = 0

    async def work() -> None:
        nonlocal most
        permit = await limiter.acquire()
        most = max(most, limiter.in_flight)
        await asyncio.sleep(0)
        limiter.release(permit, answered=True)

    async with asyncio.TaskGroup() as group:
        for _ in range(50):
            group.create_task(work())
    assert most == 3
    assert (limiter.in_flight, limiter.waiting) == (0, 0)


async def test_lower_priority_numbers_go_first_then_first_come() -> None:
    """Waiters go by priority, and in the order of arrival among equals."""
    limiter = Limiter(1)
    first = await limiter.acquire()
    order: list[str] = []

    async def wait(name: str, priority: int) -> None:
        permit = await limiter.acquire(priority)
        order.append(name)
        limiter.release(permit, answered=True)

    async with asyncio.TaskGroup() as group:
        for name, priority in (("a5", 5), ("b0", 0), ("c5", 5), ("d0", 0), ("e-1", -1)):
            group.create_task(wait(name, priority))
            await asyncio.sleep(0)
        assert limiter.waiting == 5
        limiter.release(first, answered=True)
    assert order == ["e-1", "b0", "d0", "a5", "c5"]


async def test_a_burst_of_rate_limits_halves_once() -> None:
    """All requests that were out when the limit was cut count as the same burst; a later one cuts again."""
    limiter = Limiter(16)
    burst = [await limiter.acquire() for _ in range(16)]
    for permit in burst:
        limiter.release(permit, RateLimited("slow down"))
    assert limiter.limit == 8
    later = [await limiter.acquire() for _ in range(8)]
    for permit in later:
        limiter.release(permit, RateLimited("slow down"))
    assert limiter.limit == 4


async def test_limit_never_falls_below_one() -> None:
    """However often the server complains, one request at a time stays allowed."""
    limiter = Limiter(2)
    for _ in range(5):
        limiter.release(await limiter.acquire(), RateLimited("slow down"))
    assert limiter.limit == 1


async def test_limit_grows_by_one_after_as_many_answers() -> None:
    """After a cut, each `limit` answers raise it by one, up to the maximum and no further."""
    limiter = Limiter(4)
    limiter.release(await limiter.acquire(), RateLimited("slow down"))
    assert limiter.limit == 2
    seen = []
    for _ in range(12):
        limiter.release(await limiter.acquire(), answered=True)
        seen.append(limiter.limit)
    assert seen == [2, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4]


async def test_answers_from_before_the_cut_do_not_raise_the_limit() -> None:
    """An answer to a request that went out under the older, higher limit says nothing of the new one."""
    limiter = Limiter(4)
    old = [await limiter.acquire() for _ in range(4)]
    limiter.release(old[0], RateLimited("slow down"))
    for permit in old[1:]:
        limiter.release(permit, answered=True)
    assert limiter.limit == 2


async def test_other_faults_only_pause_growth() -> None:
    """A transient fault starts the count of answers anew and leaves the limit; a refused request changes
    nothing."""
    limiter = Limiter(4)
    limiter.release(await limiter.acquire(), RateLimited("slow down"))
    for error in (ServerFault("broke"), RequestRejected("no")):
        limiter.release(await limiter.acquire(), answered=True)
        limiter.release(await limiter.acquire(), error)
    assert limiter.limit == 2
    limiter.release(await limiter.acquire(), answered=True)
    assert limiter.limit == 3


async def test_retry_after_holds_everybody_back() -> None:
    """Until the server's wait is over nobody goes, not even into free slots; then all that fit go."""
    limiter = Limiter(8)
    limiter.release(await limiter.acquire(), RateLimited("slow down", retry_after_s=0.05))
    begun = asyncio.get_running_loop().time()
    waits = [asyncio.ensure_future(limiter.acquire()) for _ in range(3)]
    await settle()
    assert (limiter.in_flight, limiter.waiting) == (0, 3)
    permits = [await wait for wait in waits]
    assert asyncio.get_running_loop().time() - begun >= 0.049
    assert limiter.in_flight == 3
    for permit in permits:
        limiter.release(permit, answered=True)


async def test_later_wait_extends_the_pause() -> None:
    """A second, longer Retry-After of the same burst holds, though the limit is not cut again."""
    limiter = Limiter(8)
    first, second = await limiter.acquire(), await limiter.acquire()
    loop = asyncio.get_running_loop()
    limiter.release(first, RateLimited("slow down", retry_after_s=0.01))
    waiter = asyncio.ensure_future(limiter.acquire())
    await settle()
    begun = loop.time()
    limiter.release(second, RateLimited("slow down", retry_after_s=0.06))
    await waiter
    assert loop.time() - begun >= 0.059
    assert limiter.limit == 4


async def test_waiter_cancelled_in_the_queue_takes_no_slot() -> None:
    """Whoever is cancelled while waiting is passed over."""
    limiter = Limiter(1)
    permit = await limiter.acquire()
    gone, stays = asyncio.ensure_future(limiter.acquire()), asyncio.ensure_future(limiter.acquire())
    await settle()
    gone.cancel()
    limiter.release(permit, answered=True)  # before the cancelled task has run
    await settle()
    assert gone.cancelled()
    assert stays.done()
    assert (limiter.in_flight, limiter.waiting) == (1, 0)


async def test_waiter_cancelled_just_after_its_grant_passes_the_slot_on() -> None:
    """A grant that meets a cancellation in the same turn of the loop goes to the next waiter, and is not
    lost."""
    limiter = Limiter(1)
    permit = await limiter.acquire()
    granted, following = asyncio.ensure_future(limiter.acquire()), asyncio.ensure_future(limiter.acquire())
    await settle()
    limiter.release(permit, answered=True)  # grants the first waiter, whose task has not run yet
    granted.cancel()
    await settle()
    assert granted.cancelled()
    assert following.done()
    assert (limiter.in_flight, limiter.waiting) == (1, 0)


async def test_all_waiters_cancelled_leave_nothing_behind() -> None:
    """A queue that is cancelled as a whole leaves free slots and no waiters, during a pause too."""
    limiter = Limiter(2)
    limiter.release(await limiter.acquire(), RateLimited("slow down", retry_after_s=0.01))
    waits = [asyncio.ensure_future(limiter.acquire(number)) for number in range(20)]
    await settle()
    for wait in waits:
        wait.cancel()
    await settle()
    await asyncio.sleep(0.02)
    assert (limiter.in_flight, limiter.waiting) == (0, 0)
    limiter.release(await limiter.acquire(), answered=True)


ACTIONS = st.lists(
    st.tuples(st.sampled_from(["arrive", "cancel", "answer", "throttle", "fault", "turn"]), st.integers(0, 9)),
    max_size=120,
)


@given(ACTIONS, st.integers(1, 5))
@settings(deadline=None, max_examples=150)
def test_slots_are_conserved_under_any_interleaving(actions: list[tuple[str, int]], maximum: int) -> None:
    """Whatever comes in whatever order, no slot is lost or made up, and all who wait get their turn in the
    end."""

    async def play() -> None:
        limiter = Limiter(maximum)
        waits: list[asyncio.Future[Permit]] = []
        held: list[Permit] = []

        def collect() -> None:
            for wait in [wait for wait in waits if wait.done()]:
                waits.remove(wait)
                if not wait.cancelled():
                    held.append(wait.result())

        for action, number in actions:
            if action == "arrive":
                waits.append(asyncio.ensure_future(limiter.acquire(number)))
            elif action == "cancel" and waits:
                waits[number % len(waits)].cancel()
            elif action == "turn":
                await settle()
                collect()
                assert limiter.in_flight == len(held)
                assert limiter.waiting == len(waits)
                assert not waits or limiter.in_flight >= limiter.limit
            elif held:
                permit = held.pop(number % len(held))
                outcome: dict[str, EngineError | None] = {
                    "answer": None,
                    "throttle": RateLimited("slow down"),
                    "fault": ServerFault("broke"),
                }
                if action in outcome:
                    limiter.release(permit, outcome[action], answered=action == "answer")
                else:
                    held.append(permit)
            assert 1 <= limiter.limit <= maximum
        while waits or held:
            await settle()
            collect()
            assert held or not waits
            if held:
                limiter.release(held.pop(), answered=True)
        assert (limiter.in_flight, limiter.waiting) == (0, 0)

    asyncio.run(play())


def test_limit_of_zero_is_a_mistake() -> None:
    """A limiter that lets nothing through is refused."""
    with pytest.raises(ValueError, match="at least one"):
        Limiter(0)


def fail_by(error: EngineError) -> Callable[[Request], str | Reply | EngineError]:
    """A script that always fails so."""
    return lambda _: error


async def test_engine_gives_its_permit_back_whatever_happens() -> None:
    """After an answer, an error and a cancellation alike the slot is free, and a bug's exception passes
    through."""
    limiter = Limiter(1)
    assert (await LimitedEngine(ScriptedEngine(lambda _: "yes"), limiter).complete(chat())).text == "yes"
    with pytest.raises(ServerFault):
        await LimitedEngine(ScriptedEngine(fail_by(ServerFault("broke"))), limiter).complete(chat())

    def crash(_: Request) -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await LimitedEngine(ScriptedEngine(crash), limiter).complete(chat())
    slow = LimitedEngine(ScriptedEngine(lambda _: "late", latency_s=60), limiter)
    task = asyncio.ensure_future(slow.complete(chat()))
    await settle()
    assert limiter.in_flight == 1
    task.cancel()
    await settle()
    assert task.cancelled()
    assert (limiter.in_flight, limiter.waiting, limiter.limit) == (0, 0, 1)


async def test_engine_passes_on_what_is_not_limited() -> None:
    """The identity is the engine's own, and needs no permit."""
    limiter = Limiter(1)
    held = await limiter.acquire()
    inner = ScriptedEngine(lambda _: "x", model="m")
    engine = LimitedEngine(inner, limiter)
    assert engine.identity == inner.identity
    await engine.close()
    limiter.release(held, answered=True)


async def test_later_stages_overtake_at_a_shared_limiter() -> None:
    """Two engines share one limiter, and the request with the lower priority number goes first."""
    limiter = Limiter(1)
    order: list[str] = []

    def record(request: Request) -> str:
        order.append(f"{request.priority}")
        return ""

    one, two = LimitedEngine(ScriptedEngine(record), limiter), LimitedEngine(ScriptedEngine(record), limiter)
    async with asyncio.TaskGroup() as group:
        for engine, priority in ((one, 9), (one, 4), (two, 2), (one, 3)):
            group.create_task(engine.complete(chat(priority=priority)))
    assert order == ["9", "2", "3", "4"]
