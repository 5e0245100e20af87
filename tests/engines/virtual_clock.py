"""An event loop whose clock jumps to the next timer: hours pass in no time, and to the exact second."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


class VirtualClockLoop(asyncio.SelectorEventLoop):
    """Where nothing is ready the clock moves to the next timer instead of waiting for it.

    Attributes:
        turns: how often the loop went round: busy waiting would show.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 1000.0
        self.turns = 0

    def time(self) -> float:
        """The clock."""
        return self.now_s

    def _run_once(self) -> None:
        self.turns += 1
        if not self._ready and self._scheduled:  # type: ignore[attr-defined]
            self.now_s = max(self.now_s, self._scheduled[0].when())  # type: ignore[attr-defined]
        super()._run_once()  # type: ignore[misc]


def run_virtually(work: Coroutine[Any, Any, Result]) -> Result:
    """Run to the end on a loop of its own with such a clock."""
    with asyncio.Runner(loop_factory=VirtualClockLoop) as runner:
        return runner.run(work)
