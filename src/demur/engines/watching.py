"""When an endpoint is plainly down: nothing but failures, many of them, for a long time, whatever was asked.

Retries look at one request at a time. Where a server fails all of them, each would be tried for its whole patience, the
next ones too, and the run would take many minutes to find out what its first minute showed.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from demur.engines.base import Engine, Identity, Reply, Request
from demur.errors import EndpointDown, EngineError, EngineUnavailable, RateLimited

MIN_FAILURES = 20
"""Fewer may be chance, or a few requests that the server cannot take."""
PATIENCE_S = 60.0
"""How long a server may fail everything: a restart, or a model that is being loaded, takes less."""


class Health:
    """What has come from one endpoint lately; shared by all that ask it.

    A rate limit is no sickness: a server that asks for patience is given as much as a request's deadline allows.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin well.

        Args:
            clock: seconds that only ever go forward.
        """
        self._clock = clock
        self._failures = 0
        self._failing_since_s = 0.0

    def note_answer(self) -> None:
        """It is alive: it answered, or refused one request for that request's own sake."""
        self._failures = 0

    def note_failure(self, error: EngineError, deadline_s: float) -> None:
        """Count a failure.

        Args:
            deadline_s: how long a rate limit is put up with.

        Raises:
            EndpointDown: it is one too many.
        """
        now_s = self._clock()
        if not self._failures:
            self._failing_since_s = now_s
        self._failures += 1
        failing_s = now_s - self._failing_since_s
        patience_s = deadline_s if isinstance(error, RateLimited) else min(PATIENCE_S, deadline_s)
        if self._failures >= MIN_FAILURES and failing_s >= patience_s:
            raise EndpointDown(
                f"{error} (all of the last {self._failures} attempts failed, for {failing_s:.0f} s)",
                hint=error.hint or "The server's own log says more.",
            ) from error


class WatchedEngine:
    """An engine whose answers and failures its endpoint's health is told from. Belongs inside the retries."""

    def __init__(self, engine: Engine, health: Health, deadline_s: float) -> None:
        """Watch an engine.

        Args:
            engine: usually a `LimitedEngine`.
            health: the endpoint's, which other engines may share.
            deadline_s: how long a rate limit is put up with.
        """
        self._engine = engine
        self._health = health
        self._deadline_s = deadline_s

    @property
    def identity(self) -> Identity:
        """The engine's own."""
        return self._engine.identity

    async def complete(self, request: Request) -> Reply:
        """Answer one request.

        Raises:
            EndpointDown: it failed, as everything asked of this endpoint has for long.
            EngineError: the model did not answer.
        """
        try:
            reply = await self._engine.complete(request)
        except EngineError as error:
            if not error.retryable:
                self._health.note_answer()
            elif not isinstance(error, EngineUnavailable):  # that ends a run by itself, and sooner
                self._health.note_failure(error, self._deadline_s)
            raise
        self._health.note_answer()
        return reply

    async def close(self) -> None:
        """Close the engine."""
        await self._engine.close()
