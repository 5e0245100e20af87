"""How many requests are out at once: as many as the server bears, later stages first.

One `Limiter` an (endpoint, model), shared by all tasks of a run. It starts at its maximum and learns
downwards: a 429 or 503 halves the limit, once a burst; every `limit` answers in a row raise it by one.
Other faults only pause that growth.
There is no lock and no task in here: the state changes between two awaits of a single event loop.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from dataclasses import dataclass

from demur.engines.base import Engine, Identity, Reply, Request
from demur.errors import EngineError, RateLimited

MAX_PAUSE_S = 60.0
"""The longest that a `Retry-After` holds everybody back: past it the server is asked again."""


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to send one request, given after the `cuts`-th cut of the limit."""

    cuts: int


class Limiter:
    """Hands out permits, the lowest priority number first, first come first served among equals.

    Attributes:
        maximum: what the limit may not exceed.
    """

    def __init__(self, maximum: int) -> None:
        """Start at the maximum.

        Args:
            maximum: requests at once, at least 1.
        """
        self.set_maximum(maximum)
        self._in_flight = 0
        self._waiting = 0
        self._cuts = 0
        self._answers = 0
        self._arrivals = 0
        self._queue: list[tuple[int, int, asyncio.Future[Permit]]] = []
        self._resume_at_s = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def set_maximum(self, maximum: int) -> None:
        """Begin anew with another maximum, before the first request."""
        if maximum < 1:
            raise ValueError("a limiter lets at least one request through")
        self.maximum = maximum
        self._limit = maximum

    @property
    def limit(self) -> int:
        """Requests that may be out at once, at present."""
        return self._limit

    @property
    def in_flight(self) -> int:
        """Requests that are out."""
        return self._in_flight

    @property
    def waiting(self) -> int:
        """Requests that wait for a permit."""
        return self._waiting

    async def acquire(self, priority: int = 0) -> Permit:
        """Wait for leave to send a request. Each permit must be released once."""
        loop = asyncio.get_running_loop()
        if not self._waiting and self._in_flight < self._limit and loop.time() >= self._resume_at_s:
            self._in_flight += 1
            return Permit(self._cuts)
        future: asyncio.Future[Permit] = loop.create_future()
        self._arrivals += 1
        self._waiting += 1
        heapq.heappush(self._queue, (priority, self._arrivals, future))
        self._grant()
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self._in_flight -= 1  # granted and cancelled in the same turn of the loop: pass the slot on
                self._grant()
            else:
                future.cancel()
                self._waiting -= 1
            raise

    def release(self, permit: Permit, error: BaseException | None = None, *, answered: bool = False) -> None:
        """Give a permit back, with what came of the request.

        Args:
            permit: as `acquire` gave it.
            error: what the request failed by; one that is no `EngineError` (a cancellation) teaches nothing.
            answered: whether the model answered.
        """
        self._in_flight -= 1
        if answered:
            self._note_answer(permit)
        elif isinstance(error, RateLimited):
            self._note_throttling(permit, error.retry_after_s)
        elif isinstance(error, EngineError) and error.retryable:
            self._answers = 0
        self._grant()

    def _note_answer(self, permit: Permit) -> None:
        if permit.cuts != self._cuts or self._limit >= self.maximum:
            return  # sent under an older limit: says nothing of this one
        self._answers += 1
        if self._answers >= self._limit:
            self._answers = 0
            self._limit += 1

    def _note_throttling(self, permit: Permit, retry_after_s: float | None) -> None:
        self._answers = 0
        if permit.cuts == self._cuts:  # the first of its burst: all that is out now was sent before this cut
            self._cuts += 1
            self._limit = max(1, self._limit // 2)
        if retry_after_s:
            pause_s = min(retry_after_s, MAX_PAUSE_S)
            self._resume_at_s = max(self._resume_at_s, asyncio.get_running_loop().time() + pause_s)

    def _grant(self) -> None:
        """Let the next waiters go, as many as there are free slots."""
        if not self._waiting:
            self._queue.clear()  # only cancelled ones are left
            return
        if self._in_flight >= self._limit:
            return
        loop = asyncio.get_running_loop()
        if loop.time() < self._resume_at_s:
            self._wake_later(loop)
            return
        while self._queue and self._in_flight < self._limit:
            future = heapq.heappop(self._queue)[2]
            if not future.done():  # a cancelled one counts itself out when its task next runs
                self._waiting -= 1
                self._in_flight += 1
                future.set_result(Permit(self._cuts))

    def _wake_later(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is None:
            self._timer = loop.call_at(self._resume_at_s, self._wake)

    def _wake(self) -> None:
        self._timer = None
        self._grant()


class LimitedEngine:
    """An engine whose requests wait for the limiter's leave."""

    def __init__(
        self, engine: Engine, limiter: Limiter, *, count_in_flight: Callable[[int], None] | None = None
    ) -> None:
        """Put a limiter, which other engines may share, in front of an engine.

        Args:
            engine: usually a provider.
            limiter: gives leave.
            count_in_flight: told 1 when a request goes out, and -1 when it has come back.
        """
        self._engine = engine
        self._count_in_flight = count_in_flight or (lambda _: None)
        self.limiter = limiter

    @property
    def identity(self) -> Identity:
        """The engine's own."""
        return self._engine.identity

    async def complete(self, request: Request) -> Reply:
        """Answer one request when its turn comes.

        Raises:
            EngineError: the model did not answer.
        """
        permit = await self.limiter.acquire(request.priority)
        self._count_in_flight(1)
        try:
            reply = await self._engine.complete(request)
        except BaseException as error:
            self.limiter.release(permit, error)
            raise
        finally:
            self._count_in_flight(-1)
        self.limiter.release(permit, answered=True)
        return reply

    async def close(self) -> None:
        """Close the engine."""
        await self._engine.close()
