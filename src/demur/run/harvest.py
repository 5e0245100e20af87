"""The proposed pairs of a task: its strands driven side by side, and settled until every quota is full."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from math import ceil

from demur.records import Drop, Outcome, Pair, Status
from demur.run.assemble import Assembly
from demur.run.progress import TaskProgress
from demur.run.recipe import Recipe
from demur.run.scheduler import STALL_ROUNDS, FailureStreak, TaskScheduler
from demur.run.shortfall import Shortfall, find_main_reason
from demur.run.strands import Strand
from demur.stages.settle import STALL_PAIRS, Settlement

_FEWEST_DRAFTS = 4
_FEWEST_ROUNDS = 2
"""What a strand may begin at once, however many there are: the limits on requests are the engines' own."""
_LEAST_YIELD = 0.5


class Harvest:
    """Drives the strands of one task.

    Args:
        width: the most drafts in the guarded stages at once, all strands together; a soft bound.
        rounds: the most proposal requests at once, likewise.
        streak: counts failures in a row.

    Attributes:
        status: how it ended.
    """

    def __init__(
        self, assembly: Assembly, progress: TaskProgress, *, width: int, rounds: int, streak: FailureStreak
    ) -> None:
        self.status = Status.INTERRUPTED
        self._progress = progress
        self._strands = assembly.composition.strands
        self._recipes = assembly.recipes
        self._settles = assembly.composition.settles
        stride = len(self._strands)
        working = sum(strand.quota > 0 for strand in self._strands) or 1
        self._schedulers = [
            TaskScheduler(
                recipe,
                progress,
                wanted=strand.quota,
                width=max(min(width, _FEWEST_DRAFTS), width // working),
                rounds=max(min(rounds, _FEWEST_ROUNDS), rounds // working),
                offset=strand.number,
                stride=stride,
                streak=streak,
            )
            for strand, recipe in zip(self._strands, assembly.recipes, strict=True)
        ]
        self._settlement = Settlement([strand.quota for strand in self._strands], assembly.ledger)
        self._dropped = 0

    async def run(self) -> None:
        """Work until every quota is full, or nothing more is to be expected of those that are not.

        Raises:
            BaseExceptionGroup: an engine is not to be had, or a bug.
        """
        while self.status is Status.INTERRUPTED:
            async with asyncio.TaskGroup() as group:
                for scheduler in self._schedulers:
                    if scheduler.wanted and scheduler.status is Status.INTERRUPTED:
                        group.create_task(scheduler.run())
            assert not any(each.wanted and each.status is Status.INTERRUPTED for each in self._schedulers)
            self._settle()
            if any(scheduler.status is Status.BUDGET_SPENT for scheduler in self._schedulers):
                self.status = Status.BUDGET_SPENT
            elif not self._extend():
                short = any(self._count_short())
                self.status = Status.STALLED if short else Status.COMPLETE

    def _settle(self) -> None:
        self._settlement.advance(*self._list_accepted())
        for drop in self._settlement.drops[self._dropped :]:
            self._progress.note_drop(drop)
            self._progress.accepted -= 1
        self._dropped = len(self._settlement.drops)

    def _extend(self) -> bool:
        """Ask the strands that came up short for more; False where none did."""
        missing = self._settlement.count_missing(*self._list_accepted())
        for number, scheduler in enumerate(self._schedulers):
            if missing[number]:
                took, of = self._settlement.counts[number], self._settlement.considered[number]
                share = max((took + 1) / (of + 1), _LEAST_YIELD)
                scheduler.extend(scheduler.wanted + ceil(missing[number] / share))
        return any(missing)

    def _list_accepted(self) -> tuple[list[list[Pair]], list[bool]]:
        accepted = [
            [outcome for outcome in scheduler.outcomes() if isinstance(outcome, Pair)] for scheduler in self._schedulers
        ]
        return accepted, [scheduler.status is Status.STALLED for scheduler in self._schedulers]

    def _count_short(self) -> list[int]:
        settlement = self._settlement
        return [quota - count for quota, count in zip(settlement.quotas, settlement.counts, strict=True)]

    @property
    def pairs(self) -> list[Pair]:
        """What was taken, in order: the first pairs of the whole task, also after an interruption."""
        self._settle()
        return self._settlement.taken

    def list_strands(self) -> list[tuple[Strand, Recipe, list[Pair]]]:
        """Each strand with its recipe and what was taken of it."""
        found = [(strand, recipe, list[Pair]()) for strand, recipe in zip(self._strands, self._recipes, strict=True)]
        for pair in self.pairs:
            found[pair.draft.id.round % len(found)][2].append(pair)
        return found

    @property
    def begun(self) -> int:
        """Drafts proposed, wherever they stand."""
        return sum(scheduler.begun for scheduler in self._schedulers)

    def list_outcomes(self) -> list[Outcome]:
        """What became of the drafts, each strand's in order, as far as the pairs that were taken reach."""
        self._settle()
        dropped = {drop.id: drop for drop in self._settlement.drops}
        found: list[Outcome] = []
        for number, scheduler in enumerate(self._schedulers):
            found += (
                dropped.get(outcome.draft.id, outcome) if isinstance(outcome, Pair) else outcome
                for outcome in self._list_considered(number, scheduler)
            )
        return found

    def _list_considered(self, number: int, scheduler: TaskScheduler) -> Iterator[Pair | Drop]:
        """Up to the strand's last pair that counts; where it has too few, all that is decided before the next."""
        settlement = self._settlement
        left = settlement.considered[number]
        full = settlement.counts[number] == settlement.quotas[number] or number in settlement.barren
        for outcome in scheduler.outcomes():
            if left == 0 and (full or isinstance(outcome, Pair)):
                return
            left -= isinstance(outcome, Pair)
            yield outcome

    def list_warnings(self) -> Iterator[str]:
        """Which risk or clause brought too few, and why."""
        if self._settles:
            for shortfall in self.list_shortfalls():
                main = find_main_reason(shortfall.outcomes)
                mostly = "" if main is None else f" (mostly: {main[0].replace('_', ' ')})"
                yield f"{shortfall.words}{mostly}"

    def list_shortfalls(self) -> list[Shortfall]:
        """Which strands brought too few, once it is stalled."""
        short = self._count_short() if self.status is Status.STALLED else []
        return [self._describe_shortfall(number) for number, missing in enumerate(short) if missing]

    def _describe_shortfall(self, number: int) -> Shortfall:
        settlement, strand = self._settlement, self._strands[number]
        said = f"{strand.describe()} brought {settlement.counts[number]} of {strand.quota}"
        if strand.clause is not None:
            said = f"balance: {said}"
        if number in settlement.barren:
            drops = tuple(drop for drop in settlement.drops if self._find_strand(drop) == number)
            return Shortfall(f"{said}: {STALL_PAIRS} pairs in a row were too much like earlier ones", drops)
        outcomes = tuple(self._list_considered(number, self._schedulers[number]))
        return Shortfall(f"{said}: {STALL_ROUNDS} rounds in a row brought no accepted pair", outcomes)

    def _find_strand(self, drop: Drop) -> int:
        return drop.id.round % len(self._schedulers)
