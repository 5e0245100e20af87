"""How much work to begin: enough to keep every slot busy, little enough to waste almost nothing.

Each stage's yield is estimated from what has come of it so far (a Beta posterior mean with a hopeful prior), so
the pairs that are to be expected of the work in hand are known. Drafts are let into the guarded stages one for one with
what is still needed: those cost three requests each. Proposals cost a fifth of a request a draft, so they run a little ahead,
and the drafts that they leave over fill the gaps at the end.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from demur.records import Stage

_PRIOR_PASSES = 3.95
_PRIOR_TRIALS = 4.0
_HEADROOM = 0.06
"""How far proposals run ahead of the need, as a share of the pairs wanted."""

GUARDED = (Stage.SCREEN_INSTRUCTION, Stage.RESPOND, Stage.SCREEN_RESPONSE)


@dataclass(slots=True)
class Yield:
    """Passes among trials, with a prior."""

    passes: float = _PRIOR_PASSES
    trials: float = _PRIOR_TRIALS

    def note(self, passes: float, trials: float = 1.0) -> None:
        """Count trials and how many of them passed."""
        self.passes += passes
        self.trials += trials

    @property
    def mean(self) -> float:
        """The share that passes."""
        return self.passes / self.trials


@dataclass(slots=True)
class Demand:
    """The need of one task against the work in hand.

    Attributes:
        wanted: pairs asked for.
        per_round: instructions that a round asks for.
        accepted: pairs so far, in whatever order they came.
        open_rounds: proposal requests without an answer.
        waiting_rounds: drafts of answered rounds that wait for an earlier round.
        held: admitted drafts that wait to be let in.
        inside: drafts in each guarded stage.
    """

    wanted: int
    per_round: int
    accepted: int = 0
    open_rounds: int = 0
    waiting_drafts: int = 0
    held: int = 0
    inside: dict[Stage, int] = field(default_factory=lambda: dict.fromkeys(GUARDED, 0))
    proposing: Yield = field(default_factory=Yield)
    deduping: Yield = field(default_factory=Yield)
    passing: dict[Stage, Yield] = field(default_factory=lambda: {stage: Yield() for stage in GUARDED})

    @property
    def guarded(self) -> int:
        """Drafts inside the guarded stages."""
        return sum(self.inside.values())

    def forget_under_way(self, held: int) -> None:
        """Everything that was under way was stopped; so many admitted drafts wait now."""
        self.open_rounds, self.held = 0, held
        self.inside = dict.fromkeys(GUARDED, 0)

    def expect_from(self, stage: Stage) -> float:
        """The chance that a draft entering a guarded stage ends as a pair."""
        chance = 1.0
        for later in GUARDED[GUARDED.index(stage) :]:
            chance *= self.passing[later].mean
        return chance

    def expect_inside(self) -> float:
        """Pairs to be expected of the drafts in the guarded stages."""
        return sum(count * self.expect_from(stage) for stage, count in self.inside.items() if count)

    def wants_draft(self) -> bool:
        """Whether one more held draft is needed in the guarded stages."""
        # Half a pair short is near enough: whether the last one fails is soon known, and a spare costs three requests.
        return self.accepted + self.expect_inside() < self.wanted - 0.5

    def wants_round(self) -> bool:
        """Whether one more proposal is needed."""
        chance = self.expect_from(Stage.SCREEN_INSTRUCTION)
        unsorted = self.waiting_drafts + self.open_rounds * self.per_round * self.proposing.mean
        coming = (self.held + unsorted * self.deduping.mean) * chance
        target = self.wanted + min(_HEADROOM * self.wanted, self.wanted - self.accepted)
        return self.accepted + self.expect_inside() + coming < target - 1e-6
