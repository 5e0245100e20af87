"""Twins and mutants: made of accepted pairs once those are settled.

Places are numbered: pass after pass, parent by parent. At each the next offspring of that parent is made, attempt after
attempt; the places are worked on side by side and decided in their order, so the result does not depend on which reply came
first. A place is begun only while those before it cannot be enough, whatever comes of them: nothing is made in vain.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from demur.errors import BudgetSpent
from demur.inputs.calibration import Contrast, Mutate
from demur.records import TWIN, Drop, Outcome, Pair, Reason, Stage, Status
from demur.run.progress import TaskProgress
from demur.run.recipe import Enter, Recipe
from demur.run.scheduler import FailureStreak
from demur.stages.settle import Ledger

MAX_PASSES = 5
"""Twins tried for one parent, however many are wanted of it."""
STALL_PLACES = 30
"""Places in a row that bring nothing, after which no more is expected."""


class Breeder(Protocol):
    """Makes one kind of offspring.

    Attributes:
        attempts: how often it is tried at each place.
        passes: how often it comes back to a parent.
    """

    attempts: int
    passes: int

    async def make(self, recipe: Recipe, parent: Pair, place: Place, attempt: int, enter: Enter) -> Pair | Drop:
        """One attempt."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where an offspring stands: of which parent, and which of its own it is.

    Attributes:
        parent: the parent's number among the settled pairs.
        turn: how many times it was this parent's turn before.
    """

    parent: int
    turn: int


class TwinBreeder:
    """Makes benign twins."""

    def __init__(self, settings: Contrast) -> None:
        self.attempts = settings.attempts
        self.passes = MAX_PASSES

    async def make(self, recipe: Recipe, parent: Pair, place: Place, attempt: int, enter: Enter) -> Pair | Drop:
        """One attempt; a parent's later twins go on with the numbers of the attempts."""
        return await recipe.make_twin(parent, place.turn * self.attempts + attempt, enter)


class MutantBreeder:
    """Makes mutants, their kinds in turn, and their languages."""

    def __init__(self, settings: Mutate) -> None:
        self._kinds = tuple(dict.fromkeys(settings.kinds))
        self._languages = settings.languages
        self.attempts = 1
        self.passes = len(self._kinds)

    async def make(self, recipe: Recipe, parent: Pair, place: Place, attempt: int, enter: Enter) -> Pair | Drop:
        """The one attempt."""
        del attempt
        kind = self._kinds[(place.parent + place.turn) % len(self._kinds)]
        language = self._languages[place.parent // len(self._kinds) % len(self._languages)]
        return await recipe.make_mutant(parent, kind, language if kind == "language" else "", enter)


@dataclass(slots=True)
class _Slot:
    """A place at work.

    Attributes:
        results: what each attempt came to, before it is compared with what was taken.
        decided: how many of them were compared.
        finished: whether no attempt is under way.
        failed: whether none passed, and none is left.
    """

    place: Place
    results: list[Pair | Drop] = field(default_factory=list)
    decided: int = 0
    finished: bool = False
    failed: bool = False


class OffspringRun:
    """Makes one kind of offspring for one task.

    Args:
        parents: the settled pairs, in order, each with its strand's recipe.
        wanted: how many offspring.
        width: the most attempts at once.

    Attributes:
        status: how it ended.
        outcomes: what became of each attempt, in order.
    """

    def __init__(
        self,
        breeder: Breeder,
        parents: Sequence[tuple[Pair, Recipe]],
        ledger: Ledger,
        progress: TaskProgress,
        *,
        wanted: int,
        width: int,
        streak: FailureStreak,
    ) -> None:
        self.status = Status.INTERRUPTED
        self.outcomes: list[Outcome] = []
        self._breeder, self._parents, self._ledger = breeder, parents, ledger
        self._progress, self._streak = progress, streak
        self._wanted, self._width = wanted, width
        self._slots: list[_Slot] = []
        self._next = 0  # to be decided
        self._taken = 0
        self._failed = 0  # places that are not decided, and will bring nothing
        self._working = 0
        self._in_vain = 0
        self._broke = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._group: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Work until there are as many as wanted, or every parent had its turns, or the budget is spent.

        Raises:
            BaseExceptionGroup: an engine is not to be had, or a bug.
        """
        async with asyncio.TaskGroup() as group:
            self._group = group
            self._advance()
        if self._taken >= self._wanted:
            self.status = Status.COMPLETE
        else:
            self.status = Status.BUDGET_SPENT if self._broke else Status.STALLED

    @property
    def taken(self) -> int:
        """Offspring so far."""
        return self._taken

    def _advance(self) -> None:
        """Decide what can be decided, and begin what is needed."""
        while not self._has_stalled() and self._next < len(self._slots) and self._decide(self._slots[self._next]):
            self._next += 1
        if self._has_stalled():
            self._stop()
        while not self._broke and self._working < self._width and self._needs_place():
            turn, parent = divmod(len(self._slots), len(self._parents))
            slot = _Slot(Place(parent, turn))
            self._slots.append(slot)
            self._begin(slot)

    def _needs_place(self) -> bool:
        """Whether those begun cannot be enough, even if everything that is not decided yet goes well."""
        if self._has_stalled() or len(self._slots) >= len(self._parents) * self._breeder.passes:
            return False
        return self._taken + len(self._slots) - self._next - self._failed < self._wanted

    def _decide(self, slot: _Slot) -> bool:
        """Compare what a place came to with all that was taken before it; False while it is not finished."""
        while slot.decided < len(slot.results):
            result = slot.results[slot.decided]
            slot.decided += 1
            outcome = self._ledger.admit(result) if isinstance(result, Pair) else result
            self.outcomes.append(outcome)
            if isinstance(outcome, Pair):
                self._taken += 1
                self._in_vain = 0
                self._progress.note_pair(outcome)
                return True
            if isinstance(result, Pair):
                self._progress.note_drop(outcome)
                if len(slot.results) < self._breeder.attempts:
                    slot.finished = False
                    if not self._broke:
                        self._begin(slot)
        if slot.finished:
            self._failed -= slot.failed
            self._in_vain += 1
        return slot.finished

    def _has_stalled(self) -> bool:
        return self._in_vain >= STALL_PLACES

    def _stop(self) -> None:
        current = asyncio.current_task()
        for task in self._tasks:
            if task is not current:
                task.cancel()

    def _begin(self, slot: _Slot) -> None:
        assert self._group is not None
        self._working += 1
        task = self._group.create_task(self._work(slot))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self, slot: _Slot) -> None:
        """Attempt after attempt, until one passes or none is left."""
        recipe_parent, recipe = self._parents[slot.place.parent]
        while len(slot.results) < self._breeder.attempts:
            try:
                result = await self._try(recipe, recipe_parent, slot)
            except BudgetSpent:
                self._broke = True  # the place stays undecided, as after an interruption
                self._working -= 1
                return
            slot.results.append(result)
            if isinstance(result, Pair):
                break
            self._progress.note_drop(result)
            self._streak.note_drop(result)
        else:
            slot.failed = True
            self._failed += 1
        slot.finished = True
        self._working -= 1
        self._advance()

    async def _try(self, recipe: Recipe, parent: Pair, slot: _Slot) -> Pair | Drop:
        now: Stage | None = None

        def enter(stage: Stage) -> None:
            nonlocal now
            if now is not None:
                self._progress.kept[now] += 1
            now = stage

        result = await self._breeder.make(recipe, parent, slot.place, len(slot.results), enter)
        if isinstance(result, Pair):
            self._streak.note_success()
            for stage in (Stage.SCREEN_RESPONSE, Stage.CHECK_RESPONSE):
                self._progress.kept[stage] += 1
        return result


def describe_shortage(kind: str, taken: int, wanted: int, outcomes: Sequence[Outcome]) -> str:
    """Why there are too few twins or mutants, in words."""
    reasons: list[Reason] = [outcome.reason for outcome in outcomes if isinstance(outcome, Drop)]
    most = max(sorted(set(reasons)), key=reasons.count).replace("_", " ") if reasons else "no pair to make them of"
    name = "contrast: there are" if kind == TWIN else "mutate: there are"
    made = "twins" if kind == TWIN else "mutants"
    return (
        f"{name} {taken} of {wanted} {made}; of {len(outcomes)} attempts {len(reasons)} were dropped (mostly: {most})"
    )
