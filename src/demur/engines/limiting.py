"""How many requests are out at once: as many as the server bears, later stages first.

One `Limiter` an (endpoint, model), shared by all tasks of a run. It starts at its maximum and learns
downwards: a 429 or 503 halves the limit, once a burst; every `limit` answers in a row raise it by one.
Other faults only pause that growth. Gates (`pacing`, `budgets`) may hold requests back besides; what waits first goes
first there too, so that no small request overtakes a later stage's larger one.
There is no lock and no task in here: the state changes between two awaits of a single event loop.
"""

from __future__ import annotations

import asyncio
import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass

from demur.engines.base import Engine, Identity, Reply, Request, Usage
from demur.engines.pacing import Gate, TokenEstimator, Toll
from demur.engines.slots import SlotMeter
from demur.errors import BudgetSpent, EngineError, RateLimited, RequestTimedOut

NOTHING = Usage()
"""No tokens, or none that anybody counted."""

MAX_PAUSE_S = 60.0
"""The longest that a `Retry-After` holds everybody back: past it the server is asked again."""


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to send one request, given after the `cuts`-th cut of the limit; `tolls` are what the gates charged for it."""

    cuts: int
    tolls: tuple[Toll, ...] = ()


class Limiter:
    """Hands out permits, the lowest priority number first, first come first served among equals.

    Attributes:
        maximum: what the limit may not exceed.
        gates: further limits; none is added once requests are under way.
        estimator: what requests to this model use.
        slots: how busy the slots are over time.
    """

    def __init__(self, maximum: int) -> None:
        """Start at the maximum.

        Args:
            maximum: requests at once, at least 1.
        """
        self.set_maximum(maximum)
        self.gates: list[Gate] = []
        self.estimator = TokenEstimator()
        self.slots = SlotMeter()
        self._in_flight = 0
        self._waiting = 0
        self._cuts = 0
        self._answers = 0
        self._arrivals = 0
        self._queue: list[tuple[int, int, asyncio.Future[Permit], Callable[[], Usage]]] = []
        self._resume_at_s = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def set_maximum(self, maximum: int) -> None:
        """Begin anew with another maximum, before the first request."""
        if maximum < 1:
            raise ValueError("a limiter lets at least one request through")
        self.maximum = maximum
        self._limit = maximum

    def count_slots(self) -> int:
        """The maximum."""
        return self.maximum

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

    async def acquire(self, priority: int = 0, estimate: Callable[[], Usage] = lambda: NOTHING) -> Permit:
        """Wait for leave to send a request. Each permit must be released once.

        Args:
            estimate: tells the tokens that it is expected to use; asked anew while it waits, since replies teach.

        Raises:
            BudgetSpent: the run may use no more.
        """
        loop = asyncio.get_running_loop()
        self.mark(loop.time())
        if not self._waiting and self._in_flight < self._limit:
            need, now_s = estimate(), loop.time()
            if self._find_moment(need, now_s) <= now_s:
                return self._let_go(need, now_s)
        future: asyncio.Future[Permit] = loop.create_future()
        self._arrivals += 1
        self._waiting += 1
        heapq.heappush(self._queue, (priority, self._arrivals, future, estimate))
        self.grant()
        try:
            return await future
        except asyncio.CancelledError:
            self.mark(loop.time())
            if not future.done() or future.cancelled():
                future.cancel()
                self._waiting -= 1
            elif future.exception() is None:
                self._withdraw(future.result())  # granted and cancelled in the same turn of the loop: pass the slot on
            raise

    def release(
        self,
        permit: Permit,
        error: BaseException | None = None,
        *,
        answered: bool = False,
        used: Usage = NOTHING,
    ) -> None:
        """Give a permit back, with what came of the request.

        Args:
            permit: as `acquire` gave it.
            error: what the request failed by; one that is no `EngineError` (a cancellation) teaches nothing.
            answered: whether the model answered.
            used: the tokens that the server counted; nothing where it does not say.
        """
        now_s = asyncio.get_running_loop().time()
        self.mark(now_s)
        self._in_flight -= 1
        for toll in permit.tolls:
            if answered and used != NOTHING:
                toll.settle(used, now_s)
            elif answered or not isinstance(error, EngineError) or isinstance(error, RequestTimedOut):
                toll.keep(now_s)  # a request that was given up may have been answered, and counted, all the same
            else:
                toll.refund(now_s, sent=True)
        if answered:
            self._note_answer(permit)
        elif isinstance(error, RateLimited):
            self._note_throttling(permit, error.retry_after_s)
        elif isinstance(error, EngineError) and error.retryable:
            self._answers = 0
        self.grant()

    def mark(self, now_s: float) -> None:
        """Count how busy the slots were up to now: before anything changes, and before they are read."""
        self.slots.advance(now_s, busy=self._in_flight, waiting=self._waiting, limit=self._limit)

    def _let_go(self, need: Usage, now_s: float) -> Permit:
        self._in_flight += 1
        self.slots.granted += 1
        return Permit(self._cuts, tuple(gate.charge(need, now_s) for gate in self.gates))

    def _withdraw(self, permit: Permit) -> None:
        """Take back a permit by which nothing was sent."""
        self._in_flight -= 1
        for toll in permit.tolls:
            toll.refund(asyncio.get_running_loop().time(), sent=False)
        self.grant()

    def _find_moment(self, need: Usage, now_s: float) -> float:
        """From when on the next request may go, but for free slots.

        Raises:
            BudgetSpent: never any more.
        """
        moment = self._resume_at_s
        for gate in self.gates:
            moment = max(moment, gate.find_moment(need, now_s))
        return moment

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

    def grant(self) -> None:
        """Let the next waiters go, as many as there are free slots and as the gates let through."""
        if not self._waiting:
            self._queue.clear()  # only cancelled ones are left
            return
        loop = asyncio.get_running_loop()
        self.mark(loop.time())
        while self._queue and self._in_flight < self._limit:
            _, _, future, estimate = self._queue[0]
            if future.done():  # a cancelled one counts itself out when its task next runs
                heapq.heappop(self._queue)
                continue
            need, now_s = estimate(), loop.time()
            try:
                moment = self._find_moment(need, now_s)
            except BudgetSpent as error:
                heapq.heappop(self._queue)
                self._waiting -= 1
                future.set_exception(error)
                continue
            if moment > now_s:
                self._wake_later(loop, moment)
                return
            heapq.heappop(self._queue)
            self._waiting -= 1
            future.set_result(self._let_go(need, now_s))

    def _wake_later(self, loop: asyncio.AbstractEventLoop, moment: float) -> None:
        if moment == math.inf:
            return  # whoever has to come back first calls `grant`
        if self._timer is not None:
            if self._timer.when() <= moment:
                return
            self._timer.cancel()
        self._timer = loop.call_at(moment, self._wake)

    def _wake(self) -> None:
        self._timer = None
        self.grant()


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

    async def complete(self, request: Request, *, on_sent: Callable[[], None] | None = None) -> Reply:
        """Answer one request when its turn comes.

        Args:
            request: what is asked.
            on_sent: told when its turn has come.

        Raises:
            EngineError: the model did not answer.
            BudgetSpent: the run may use no more; nothing was asked.
        """
        limiter = self.limiter
        if limiter.gates:
            permit = await limiter.acquire(request.priority, lambda: limiter.estimator.estimate(request))
        else:
            permit = await limiter.acquire(request.priority)
        self._count_in_flight(1)
        if on_sent is not None:
            on_sent()
        try:
            reply = await self._engine.complete(request)
        except BaseException as error:
            limiter.release(permit, error)
            raise
        finally:
            self._count_in_flight(-1)
        if limiter.gates:
            limiter.estimator.note(request, reply.usage)
        limiter.release(permit, answered=True, used=reply.usage)
        return reply

    async def close(self) -> None:
        """Close the engine."""
        await self._engine.close()
