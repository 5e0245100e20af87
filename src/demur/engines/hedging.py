"""Asking a second time where a reply is late: the first answer wins.

Belongs between retries and limits, `Retrying(Hedged(Limited(provider)))`: the second request takes a permit of its own,
and what a request waits for its first permit does not make it late.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from demur.engines.base import Identity, Reply, Request
from demur.engines.limiting import LimitedEngine
from demur.errors import DemurError


class HedgedEngine:
    """An engine that sends a request again when the reply is late, and drops whichever comes second.

    A server that does not repeat itself may give the two requests different replies, and which one comes first is chance: a
    hedged run may differ from one that is not. The journal keeps the reply that won, so the run stays repeatable.
    """

    def __init__(self, engine: LimitedEngine, after_s: float, *, on_hedge: Callable[[], None] | None = None) -> None:
        """Wrap an engine.

        Args:
            engine: has the limiter that both requests go through.
            after_s: seconds at the server after which a reply is late.
            on_hedge: told whenever a second request goes out.
        """
        self._engine = engine
        self._after_s = after_s
        self._on_hedge = on_hedge or (lambda: None)

    @property
    def identity(self) -> Identity:
        """The engine's own."""
        return self._engine.identity

    async def complete(self, request: Request) -> Reply:
        """Answer one request. Where one of the two fails, the other is waited for.

        Raises:
            EngineError: neither was answered; the first request's error.
            BudgetSpent: the run may use no more; nothing was asked.
        """
        loop = asyncio.get_running_loop()
        news = asyncio.Event()
        timers: list[asyncio.TimerHandle] = []

        def watch_clock() -> None:
            timers.append(loop.call_later(self._after_s, news.set))

        async def ask(on_sent: Callable[[], None]) -> Reply | DemurError:
            try:
                reply = await self._engine.complete(request, on_sent=on_sent)
            except DemurError as error:
                return error  # raised, it would take the other request down with it
            for other in tries:
                if other is not asyncio.current_task():
                    other.cancel()  # at once: the slot that has just come free must not be its leave to go
            return reply

        tries: list[asyncio.Task[Reply | DemurError]] = []
        winner: Reply | DemurError | None = None
        try:
            async with asyncio.TaskGroup() as group:
                for on_sent in (watch_clock, self._on_hedge):
                    tries.append(group.create_task(ask(on_sent)))
                    tries[-1].add_done_callback(lambda _: news.set())
                    news.clear()
                    await news.wait()
                    if (winner := _choose_outcome(tries)) is not None:
                        break
                while winner is None:
                    news.clear()
                    await news.wait()
                    winner = _choose_outcome(tries)
        finally:
            for timer in timers:
                timer.cancel()
        if isinstance(winner, DemurError):
            raise winner
        assert winner is not None
        return winner

    async def close(self) -> None:
        """Close the engine."""
        await self._engine.close()


def _choose_outcome(tries: list[asyncio.Task[Reply | DemurError]]) -> Reply | DemurError | None:
    """The first reply; the first try's error where all failed; None while one may still be answered."""
    outcomes = [attempt.result() for attempt in tries if attempt.done() and not attempt.cancelled()]
    for outcome in outcomes:
        if isinstance(outcome, Reply):
            return outcome
    return outcomes[0] if len(outcomes) == len(tries) else None
