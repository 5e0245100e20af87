"""What can be seen of a run while it goes: counters that the runner keeps and a terminal may read at any time."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from demur.engines.journaling import Meter
from demur.records import Drop, Pair, Reason, Stage


@dataclass(slots=True)
class TaskProgress:
    """One task's live counters, in the order in which things happen (not yet in the order of the output).

    Attributes:
        kept: drafts that each stage kept.
        dropped: drops by stage and reason.
        phase: what the task is doing, in a word or two.
        first_pair_s: seconds from the start to the first accepted pair.
    """

    task: str
    wanted: int
    meters: Sequence[Meter] = ()
    accepted: int = 0
    rounds: int = 0
    kept: Counter[Stage] = field(default_factory=Counter)
    dropped: Counter[tuple[Stage, Reason]] = field(default_factory=Counter)
    phase: str = "waiting"
    started_s: float = field(default_factory=time.monotonic)
    first_pair_s: float | None = None
    ended_s: float | None = None

    def note_drop(self, drop: Drop) -> None:
        """Count a drop."""
        self.dropped[drop.stage, drop.reason] += 1

    def note_pair(self, _pair: Pair) -> None:
        """Count an accepted pair."""
        self.accepted += 1
        if self.first_pair_s is None:
            self.first_pair_s = time.monotonic() - self.started_s

    @property
    def elapsed_s(self) -> float:
        """Seconds since the task began, until it ended."""
        return (self.ended_s or time.monotonic()) - self.started_s

    @property
    def in_flight(self) -> int:
        """Requests without an answer."""
        return sum(meter.in_flight for meter in self.meters)

    @property
    def tokens(self) -> int:
        """Tokens so far, prompts and completions."""
        return sum(meter.prompt_tokens + meter.completion_tokens for meter in self.meters)

    @property
    def proposed(self) -> int:
        """Drafts so far."""
        return self.kept[Stage.PROPOSE]

    @property
    def yield_share(self) -> float | None:
        """Accepted pairs among the drafts whose fate is known."""
        decided = self.accepted + sum(count for (stage, _), count in self.dropped.items() if stage is not Stage.PROPOSE)
        return self.accepted / decided if decided else None

    @property
    def eta_s(self) -> float | None:
        """Seconds still to go at the pace so far, or None before there is a pace."""
        if self.accepted >= self.wanted:
            return 0.0
        if self.accepted < 2:
            return None
        return (self.wanted - self.accepted) * self.elapsed_s / self.accepted
