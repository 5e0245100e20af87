from __future__ import annotations

import pytest

from demur.engines.base import Request
from demur.engines.scripted import ScriptedEngine
from demur.engines.watching import MIN_FAILURES, PATIENCE_S, Health, WatchedEngine
from demur.errors import EndpointDown, EngineError, EngineUnavailable, RateLimited, RequestRejected, ServerFault
from tests.engines.samples import chat


class Scene:
    """A watched engine that fails as it is told, by a clock that is told too."""

    def __init__(self, deadline_s: float = 600.0) -> None:
        self.now_s = 0.0
        self.error: EngineError | None = ServerFault("broke", hint="Look at it.")
        engine = ScriptedEngine(self._answer)
        self.health = Health(clock=lambda: self.now_s)
        self.engine = WatchedEngine(engine, self.health, deadline_s)

    def _answer(self, _: Request) -> str | EngineError:
        return self.error or "alive"

    async def fail(self, times: int, over_s: float) -> None:
        """Ask in vain so many times, evenly over so many seconds."""
        for _ in range(times):
            self.now_s += over_s / times
            with pytest.raises(EngineError) as raised:
                await self.engine.complete(chat("x"))
            assert raised.value is self.error


async def test_nothing_but_failures_for_long_is_an_endpoint_that_is_down() -> None:
    """Many failures over the whole patience end it, with the last error's words, its hint, and how long it went."""
    scene = Scene()
    await scene.fail(2 * MIN_FAILURES, PATIENCE_S - 1)
    scene.now_s += 5
    with pytest.raises(EndpointDown, match=r"broke \(all of the last 41 attempts failed, for 6\d s\)") as raised:
        await scene.engine.complete(chat("x"))
    assert raised.value.hint == "Look at it."
    assert not raised.value.retryable
    assert isinstance(raised.value, EngineUnavailable)


async def test_few_failures_or_fast_ones_are_no_such_thing() -> None:
    """A burst of failures is left to the retries, and so are a few that are far between."""
    scene = Scene()
    await scene.fail(10 * MIN_FAILURES, 1)
    rare = Scene()
    await rare.fail(MIN_FAILURES - 1, 100 * PATIENCE_S)


@pytest.mark.parametrize("sign", [None, RequestRejected("too long")])
async def test_any_sign_of_life_begins_anew(sign: EngineError | None) -> None:
    """One answer, be it the refusal of one request, and the count starts over."""
    scene = Scene()
    await scene.fail(MIN_FAILURES, PATIENCE_S - 1)
    failure, scene.error = scene.error, sign
    if sign is None:
        assert (await scene.engine.complete(chat("x"))).text == "alive"
    else:
        with pytest.raises(RequestRejected):
            await scene.engine.complete(chat("x"))
    scene.error = failure
    await scene.fail(MIN_FAILURES, PATIENCE_S - 1)


async def test_a_rate_limit_is_waited_out_until_the_deadline() -> None:
    """A server that asks for fewer requests is not down before a request's own deadline has passed."""
    scene = Scene(deadline_s=300.0)
    scene.error = RateLimited("slow down")
    await scene.fail(5 * MIN_FAILURES, 4 * PATIENCE_S)
    scene.now_s += 100
    with pytest.raises(EndpointDown, match="slow down"):
        await scene.engine.complete(chat("x"))


async def test_a_short_deadline_shortens_the_patience() -> None:
    """Whoever allows a request ten seconds does not wait a minute to learn that all of them fail."""
    scene = Scene(deadline_s=10.0)
    await scene.fail(MIN_FAILURES, 9)
    scene.now_s += 2
    with pytest.raises(EndpointDown):
        await scene.engine.complete(chat("x"))
