"""Trying again where that can help, for as long as the deadline allows.

Belongs outside the limiter, `Retrying(Limited(provider))`: each attempt takes a permit of its own, and none
is held while waiting.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from demur.engines.base import Engine, Identity, Reply, Request
from demur.errors import EngineError, EngineUnavailable, RateLimited, ReplyUnreadable

if TYPE_CHECKING:
    from tenacity import RetryCallState

MAX_FAULTS = 8
"""How often one request may meet the same kind of fault: a good minute with the default pauses."""

MAX_UNREADABLE = 4
"""A reply torn on the way comes whole the next time; a server that speaks another protocol never does."""

MAX_UNAVAILABLE = 3
"""Nothing listens: say so soon, the run stops with one message."""


class RetryingEngine:
    """An engine that repeats a request after a fault that may pass.

    Rate limits are waited out until the deadline. The deadline counts what a request itself takes, attempts
    and the pauses between them; time spent in the limiter's queue is not the request's fault, and does not
    count.

    Attributes:
        retried: attempts made beyond the first ones, over all requests.
    """

    def __init__(
        self,
        engine: Engine,
        deadline_s: float,
        *,
        attempt_timeout_s: float | None = None,
        first_pause_s: float = 0.5,
        longest_pause_s: float = 30.0,
        on_retry: Callable[[EngineError], None] | None = None,
    ) -> None:
        """Wrap an engine.

        Args:
            engine: usually a `LimitedEngine`.
            deadline_s: seconds after which no further attempt is begun.
            attempt_timeout_s: the most that one attempt takes at the server; what exceeds it was queueing.
            first_pause_s: the pause after the first failure; it doubles from then on, and up to as much
                again is added at random.
            longest_pause_s: what the doubling stops at.
            on_retry: told the error before each further attempt.
        """
        self.retried = 0
        self._engine = engine
        self._deadline_s = deadline_s
        self._attempt_timeout_s = attempt_timeout_s
        self._first_pause_s = first_pause_s
        self._longest_pause_s = longest_pause_s
        self._on_retry = on_retry

    @property
    def identity(self) -> Identity:
        """The engine's own."""
        return self._engine.identity

    async def complete(self, request: Request) -> Reply:
        """Answer one request, trying again where that can help.

        Raises:
            EngineError: the last attempt's error; its message says how many there were.
        """
        begun_s = time.monotonic()
        try:
            return await self._engine.complete(request)
        except EngineError as error:
            if not error.retryable:
                raise
            first = error
        return await self._persist(request, first, time.monotonic() - begun_s)

    async def close(self) -> None:
        """Close the engine."""
        await self._engine.close()

    async def _persist(self, request: Request, first: EngineError, took_s: float) -> Reply:
        """Go on after the first attempt failed by `first` in `took_s` seconds."""
        from tenacity import AsyncRetrying, retry_if_exception
        from tenacity.wait import wait_exponential, wait_random

        backoff = wait_exponential(multiplier=self._first_pause_s, max=self._longest_pause_s)
        jitter = wait_random(0, self._first_pause_s)
        spent_s = self._charge(took_s)

        def choose_pause(state: RetryCallState) -> float:
            asked_s = getattr(_failure(state), "retry_after_s", None) or 0.0
            return max(asked_s, backoff(state)) + jitter(state)

        def gives_up(state: RetryCallState) -> bool:
            error = _failure(state)
            failures[type(error)] += 1
            if failures[type(error)] >= _most_failures(error):
                return True
            return spent_s + state.upcoming_sleep >= self._deadline_s

        def note(state: RetryCallState) -> None:
            nonlocal spent_s
            spent_s += state.upcoming_sleep
            self.retried += 1
            if self._on_retry is not None:
                self._on_retry(_failure(state))

        failures: Counter[type[EngineError]] = Counter()
        pending: EngineError | None = first
        attempts = 0

        async def attempt() -> Reply:
            nonlocal pending, spent_s, attempts
            attempts += 1
            if pending is not None:  # the attempt that has been made already
                error, pending = pending, None
                raise error
            begun_s = time.monotonic()
            try:
                return await self._engine.complete(request)
            finally:
                spent_s += self._charge(time.monotonic() - begun_s)

        retrying = AsyncRetrying(
            sleep=asyncio.sleep,
            retry=retry_if_exception(lambda error: isinstance(error, EngineError) and error.retryable),
            wait=choose_pause,
            stop=gives_up,
            before_sleep=note,
            reraise=True,
        )
        try:
            return await retrying(attempt)
        except EngineError as error:
            if error.retryable:
                often = "1 attempt" if attempts == 1 else f"{attempts} attempts"
                error.args = (f"{error} (given up after {often} in {spent_s:.0f} s)", *error.args[1:])
            raise

    def _charge(self, took_s: float) -> float:
        """What an attempt counts against the deadline."""
        return took_s if self._attempt_timeout_s is None else min(took_s, self._attempt_timeout_s)


def _failure(state: RetryCallState) -> EngineError:
    error = state.outcome.exception() if state.outcome else None
    assert isinstance(error, EngineError)
    return error


def _most_failures(error: EngineError) -> float:
    if isinstance(error, RateLimited):
        return float("inf")
    if isinstance(error, EngineUnavailable):
        return MAX_UNAVAILABLE
    if isinstance(error, ReplyUnreadable):
        return MAX_UNREADABLE
    return MAX_FAULTS
