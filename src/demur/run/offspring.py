"""Twins and mutants: made of accepted pairs once those are settled.

Every strand has a line of places: turn after turn, parent by parent. At each place the next offspring of that parent is made,
attempt after attempt; places are worked on side by side and decided rank by rank, strand by strand, so the result does not
depend on which reply came first. A place is begun only while those before it cannot be enough, whatever comes of
them: nothing is made in vain.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Protocol

from demur.errors import BudgetSpent
from demur.inputs.calibration import Contrast, Mutate
from demur.records import Drop, Outcome, Pair, Stage, Status
from demur.run.progress import TaskProgress
from demur.run.recipe import Enter, Recipe
from demur.run.scheduler import FailureStreak
from demur.run.shortfall import Shortfall, find_main_reason
from demur.run.strands import Strand
from demur.stages.settle import Ledger
from demur.wording import say_count

TURNS = 4
"""How much more often than needed each parent has its turn, before a strand counts as short of offspring."""
STALL_PLACES = 30
"""Places of a strand in a row that bring nothing, after which no more is expected of it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an offspring stands.

    Attributes:
        strand: the number of its strand.
        parent: its parent's rank in the strand.
        turn: how many times it was this parent's turn before.
    """

    strand: int
    parent: int
    turn: int


class Breeder(Protocol):
    """Makes one kind of offspring."""

    @property
    def name(self) -> str:
        """What it makes, in the plural."""
        ...

    @property
    def key(self) -> str:
        """The task's key that asks for it."""
        ...

    @property
    def attempts(self) -> int:
        """How often it is tried at each place."""
        ...

    def count_wanted(self, strand: Strand) -> int:
        """How many a strand is to have."""
        ...

    def count_turns(self, wanted: int, parents: int) -> int:
        """How often it comes back to each parent."""
        ...

    async def make(self, recipe: Recipe, parent: Pair, place: Place, attempt: int, enter: Enter) -> Pair | Drop:
        """One attempt."""
        ...


class TwinBreeder:
    """Makes benign twins."""

    name, key = "twins", "contrast"

    def __init__(self, settings: Contrast) -> None:
        self.attempts = settings.attempts

    def count_wanted(self, strand: Strand) -> int:
        """How many a strand is to have."""
        return strand.twins

    def count_turns(self, wanted: int, parents: int) -> int:
        """How often it comes back to each parent."""
        return _count_turns(wanted, parents)

    async def make(self, recipe: Recipe, parent: Pair, place: Place, attempt: int, enter: Enter) -> Pair | Drop:
        """One attempt; a parent's later twins go on with the numbers of the attempts."""
        return await recipe.make_twin(parent, place.turn * self.attempts + attempt, enter)


class MutantBreeder:
    """Makes mutants, their kinds in turn, and their languages."""

    name, key = "mutants", "mutate"

    def __init__(self, settings: Mutate) -> None:
        self.attempts = 1
        self._kinds = settings.kinds
        self._languages = settings.languages

    def count_wanted(self, strand: Strand) -> int:
        """How many a strand is to have."""
        return strand.mutants

    def count_turns(self, wanted: int, parents: int) -> int:
        """How often it comes back to each parent; every kind once, at the least."""
        return max(len(self._kinds), _count_turns(wanted, parents))

    async def make(self, recipe: Recipe, parent: Pair, place: Place, attempt: int, enter: Enter) -> Pair | Drop:
        """The one attempt. Once a parent had every kind, they come again: each time another variant, in another language."""
        del attempt
        step, variant = place.strand + place.parent, place.turn // len(self._kinds)
        kind = self._kinds[(step + place.turn) % len(self._kinds)]
        tongue = (step // len(self._kinds) + variant) % len(self._languages)
        language = self._languages[tongue] if kind == "language" else ""
        return await recipe.make_mutant(parent, kind, language, enter, variant=variant)


def _count_turns(wanted: int, parents: int) -> int:
    # However few the parents are, a strand is given up for what comes of it, not for the places that it has.
    return max(TURNS * ceil(wanted / parents), ceil(STALL_PLACES / parents))


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


@dataclass(slots=True)
class _Line:
    """A strand's places.

    Attributes:
        most: how many places there can be.
        stall_places: as of the run.
        next: the number of the place to be decided next.
        failed: places that are not decided, and will bring nothing.
        in_vain: places in a row that brought nothing.
    """

    strand: Strand
    recipe: Recipe
    parents: Sequence[Pair]
    wanted: int
    most: int
    stall_places: int
    slots: list[_Slot] = field(default_factory=list)
    next: int = 0
    taken: int = 0
    failed: int = 0
    in_vain: int = 0
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be decided."""
        return self.taken >= self.wanted or self.next >= self.most or self.in_vain >= self.stall_places

    @property
    def needs_place(self) -> bool:
        """Whether the places begun cannot be enough, even if everything that is not decided yet goes well."""
        hopeful = len(self.slots) - self.next - self.failed
        return not self.is_over and len(self.slots) < self.most and self.taken + hopeful < self.wanted

    def open_place(self) -> _Slot:
        """The next place."""
        turn, parent = divmod(len(self.slots), len(self.parents))
        slot = _Slot(Place(self.strand.number, parent, turn))
        self.slots.append(slot)
        return slot


class OffspringRun:
    """Makes one kind of offspring for one task.

    Args:
        parents: the settled pairs of each strand, in order.
        recipes: of each strand.
        ledger: what was taken so far.
        width: the most attempts at once.
        streak: counts failures in a row.
        stall_places: places of a strand in a row that bring nothing, after which no more is expected of it.

    Attributes:
        status: how it ended.
        outcomes: what became of each attempt, in order.
    """

    def __init__(
        self,
        breeder: Breeder,
        strands: Sequence[tuple[Strand, Recipe, Sequence[Pair]]],
        ledger: Ledger,
        progress: TaskProgress,
        *,
        width: int,
        streak: FailureStreak,
        stall_places: int = STALL_PLACES,
    ) -> None:
        self.status = Status.INTERRUPTED
        self.outcomes: list[Outcome] = []
        self._breeder, self._ledger = breeder, ledger
        self._progress, self._streak, self._width = progress, streak, width
        self._lines = [_open_line(breeder, *strand, stall_places) for strand in strands]
        self._active = [line for line in self._lines if not line.is_over]
        self._turn = 0
        self._working = 0
        self._broke = False
        self._group: asyncio.TaskGroup | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Work until there are as many as wanted, or no more are to be expected, or the budget is spent.

        Raises:
            BaseExceptionGroup: an engine is not to be had, or a bug.
        """
        async with asyncio.TaskGroup() as group:
            self._group = group
            self._advance()
        if self._active:
            self.status = Status.BUDGET_SPENT
        else:
            short = any(line.taken < self._breeder.count_wanted(line.strand) for line in self._lines)
            self.status = Status.STALLED if short else Status.COMPLETE

    def list_warnings(self) -> Iterator[str]:
        """Which risk or clause has too few, and why."""
        for line in self._lines:
            wanted = self._breeder.count_wanted(line.strand)
            if self.status is not Status.STALLED or line.taken >= wanted:
                continue
            said = f"{self._breeder.key}: {line.strand.describe()} has {line.taken} of {say_count(wanted, self._breeder.name[:-1])}"
            main = find_main_reason(line.outcomes)
            if line.taken >= line.wanted or main is None:
                yield f"{said}: it has too few pairs to make them of"
            else:
                dropped = sum(isinstance(outcome, Drop) for outcome in line.outcomes)
                most = main[0].replace("_", " ")
                tried = say_count(len(line.outcomes), "attempt")
                yield f"{said}: {dropped} of {tried} {'was' if dropped == 1 else 'were'} dropped (mostly: {most})"

    def list_shortfalls(self) -> list[Shortfall]:
        """Which strands have too few though they had parents, once it is stalled."""
        short = [line for line in self._lines if self.status is Status.STALLED and line.taken < line.wanted]
        return [self._describe_shortfall(line) for line in short]

    def _describe_shortfall(self, line: _Line) -> Shortfall:
        if line.in_vain >= line.stall_places:
            why = f"{line.in_vain} tries in a row brought none"
        else:
            times = say_count(line.most // len(line.parents), "time")
            why = f"each pair of it that could be a parent was tried {times}"
        wanted = say_count(self._breeder.count_wanted(line.strand), self._breeder.name[:-1])
        said = f"{self._breeder.key}: {line.strand.describe()} has {line.taken} of {wanted}: {why}"
        return Shortfall(said, tuple(line.outcomes))

    def _advance(self) -> None:
        """Decide what can be decided, and begin what is needed."""
        while self._active and self._decide_next():
            pass
        if not self._active:
            self._stop()
        rank = 0
        while not self._broke and self._working < self._width:
            needy = [line for line in self._active if line.needs_place]
            if not needy:
                return
            rank = min(len(line.slots) for line in needy)
            for line in needy:
                if len(line.slots) == rank and self._working < self._width:
                    self._begin(line, line.open_place())

    def _decide_next(self) -> bool:
        """Decide the next place, if it is finished."""
        line = self._active[self._turn]
        if line.next >= len(line.slots) or not self._decide(line, line.slots[line.next]):
            return False
        line.next += 1
        if line.is_over:
            del self._active[self._turn]
        else:
            self._turn += 1
        if self._turn >= len(self._active):
            self._turn = 0
        return True

    def _decide(self, line: _Line, slot: _Slot) -> bool:
        """Compare what a place came to with all that was taken before it; False while it is not finished."""
        while slot.decided < len(slot.results):
            result = slot.results[slot.decided]
            slot.decided += 1
            outcome = self._ledger.admit(result) if isinstance(result, Pair) else result
            self.outcomes.append(outcome)
            line.outcomes.append(outcome)
            if isinstance(outcome, Pair):
                line.taken += 1
                line.in_vain = 0
                self._progress.note_pair(outcome)
                return True
            if isinstance(result, Pair):
                self._progress.note_drop(outcome)
                if len(slot.results) < self._breeder.attempts:
                    slot.finished = False
                    self._begin(line, slot)
        if slot.finished:
            line.failed -= slot.failed
            line.in_vain += 1
        return slot.finished

    def _stop(self) -> None:
        """What is still under way is needed no more: its strand is stalled."""
        current = asyncio.current_task()
        for task in self._tasks:
            if task is not current:
                task.cancel()

    def _begin(self, line: _Line, slot: _Slot) -> None:
        if self._broke:
            return
        assert self._group is not None
        self._working += 1
        task = self._group.create_task(self._work(line, slot))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self, line: _Line, slot: _Slot) -> None:
        """Attempt after attempt, until one passes or none is left."""
        while len(slot.results) < self._breeder.attempts:
            try:
                result = await self._try(line, slot)
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
            line.failed += 1
        slot.finished = True
        self._working -= 1
        self._advance()

    async def _try(self, line: _Line, slot: _Slot) -> Pair | Drop:
        now: Stage | None = None

        def enter(stage: Stage) -> None:
            nonlocal now
            if now is not None:
                self._progress.kept[now] += 1
            now = stage

        parent = line.parents[slot.place.parent]
        result = await self._breeder.make(line.recipe, parent, slot.place, len(slot.results), enter)
        if isinstance(result, Pair):
            self._streak.note_success()
            for stage in (Stage.SCREEN_RESPONSE, Stage.CHECK_RESPONSE):
                self._progress.kept[stage] += 1
        return result


def _open_line(breeder: Breeder, strand: Strand, recipe: Recipe, parents: Sequence[Pair], stall_places: int) -> _Line:
    # Where there are too few parents the shares stay what they were.
    wanted = breeder.count_wanted(strand) * len(parents) // strand.quota if strand.quota else 0
    most = len(parents) * breeder.count_turns(wanted, len(parents)) if parents else 0
    return _Line(strand, recipe, parents, wanted, most, stall_places)
