"""One strand of a task: its rounds and drafts, begun side by side, decided in order.

Rounds are numbered. They run concurrently and pass deduplication in the order of their numbers, as through a turnstile;
the drafts that it admits run concurrently again. The result is the first accepted pairs in (round, position) order, so it
does not depend on which reply came first, nor on the other strands, nor on how many pairs are wanted: who wants more gets
the same ones first. Every method here runs on the event loop's thread and none of them waits but where it asks a model,
so no lock is needed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass

from demur.errors import BudgetSpent, ServerFault
from demur.records import Admitted, Draft, DraftId, Drop, Pair, Reason, Stage, Status
from demur.run.demand import GUARDED, Demand
from demur.run.progress import TaskProgress
from demur.run.recipe import Recipe
from demur.stages.propose import Round

STALL_ROUNDS = 50
"""Rounds in a row without one accepted pair after which a task counts as stalled."""
FAILURES_IN_A_ROW = 20
"""Requests in a row that were given up after which the run stops: the endpoint is plainly down."""


@dataclass(slots=True)
class _Entry:
    """A draft's place in the output order, and what became of it."""

    id: DraftId
    outcome: Pair | Drop | None


class FailureStreak:
    """Requests in a row that were given up, in all strands of a task together."""

    def __init__(self) -> None:
        self._length = 0

    def note_success(self) -> None:
        """Something was answered."""
        self._length = 0

    def note_drop(self, drop: Drop) -> None:
        """Stop the run where nothing but failures come.

        Raises:
            ServerFault: the last of `FAILURES_IN_A_ROW`.
        """
        if drop.reason is not Reason.ENGINE_FAILED:
            self._length = 0
            return
        self._length += 1
        if self._length >= FAILURES_IN_A_ROW:
            raise ServerFault(
                f"{FAILURES_IN_A_ROW} requests in a row failed; the last: {drop.detail}",
                hint="What was answered so far is kept: mend the endpoint and run the same command again.",
            )


class TaskScheduler:
    """Drives one strand until it has its pairs, stalls, or is cancelled.

    Args:
        wanted: accepted pairs; `extend` may ask for more later.
        width: the most drafts in the guarded stages at once.
        rounds: the most proposal requests at once.
        offset: the number of its first round.
        stride: how far apart its rounds' numbers are: how many strands the task has.
        streak: counts failures, together with the other strands.
    """

    def __init__(
        self,
        recipe: Recipe,
        progress: TaskProgress,
        *,
        wanted: int,
        width: int,
        rounds: int,
        offset: int = 0,
        stride: int = 1,
        streak: FailureStreak | None = None,
    ) -> None:
        self.recipe = recipe
        self.progress = progress
        self.wanted = wanted
        self.status = Status.INTERRUPTED  # what it is if nothing better comes of it
        self.begun = 0  # drafts proposed so far, wherever they stand
        self._ended = False
        self._broke = False
        self._width = width
        self._max_rounds = rounds
        self._offset, self._stride = offset, stride
        self._streak = streak or FailureStreak()
        self._demand = Demand(wanted, recipe.proposer.inputs.task.num_samples_per_batch)
        self._entries: list[_Entry] = []
        self._settled = 0
        self._accepted_in_order = 0
        self._last_accepted_rank = -1
        # Rounds go by their rank in here: the strand's first, second, third …
        self._next_to_open = 0
        self._next_to_pass = 0
        self._open_ranks: set[int] = set()
        self._to_reopen: list[int] = []
        self._answered_rounds: dict[int, Round] = {}
        self._held: deque[tuple[_Entry, Admitted]] = deque()
        self._inside: dict[DraftId, tuple[_Entry, Admitted]] = {}
        self._resumed = 0  # how many of those held were under way before
        self._group: asyncio.TaskGroup | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Work until the strand has what is wanted, or is stalled, or the budget is spent.

        `status` and `outcomes` tell the result, also after an exception.

        Raises:
            BaseExceptionGroup: an engine is not to be had, or a bug.
        """
        async with asyncio.TaskGroup() as group:
            self._group = group
            self._advance()
        if self._broke and not self._ended:
            self.status = Status.BUDGET_SPENT

    def extend(self, wanted: int) -> None:
        """Ask for more once it is complete: the next `run` goes on where this one stopped."""
        self.wanted = self._demand.wanted = wanted
        if self.status is not Status.COMPLETE or self._accepted_in_order >= wanted:
            return
        self.status, self._ended = Status.INTERRUPTED, False
        # What was under way when it was complete was cancelled; what it had asked for by then is in the journal.
        # Later work may wait for it, so it is begun again whatever the demand.
        self._to_reopen = sorted([*self._to_reopen, *self._open_ranks])
        self._open_ranks.clear()
        self._held.extendleft(sorted(self._inside.values(), key=lambda work: work[0].id, reverse=True))
        self._resumed += len(self._inside)
        self._inside.clear()
        self._demand.forget_under_way(len(self._held))

    @property
    def accepted(self) -> int:
        """Pairs so far, in whatever order they came."""
        return self._demand.accepted

    def outcomes(self) -> Iterator[Pair | Drop]:
        """What became of the drafts, in order: up to the pair that completes the task, the draft that stalls it, or the
        first undecided one.
        """
        self._settle()
        for entry in self._entries[: self._settled]:
            assert entry.outcome is not None
            yield entry.outcome

    def _advance(self) -> None:
        """Do all that can be done now: pass rounds, let drafts in, open rounds; or end."""
        if self._ended:
            return
        while self._next_to_pass in self._answered_rounds:
            self._pass_round(self._answered_rounds.pop(self._next_to_pass))
            self._next_to_pass += 1
        self._settle()
        if self._accepted_in_order >= self.wanted:
            self._end(Status.COMPLETE)
        elif self._has_stalled():
            self._end(Status.STALLED)
        elif not self._broke:
            self._begin_work()

    def _has_stalled(self) -> bool:
        """Whether the last draft that was settled is `STALL_ROUNDS` past the last accepted pair."""
        settled_rank = self._rank(self._entries[self._settled - 1]) if self._settled else -1
        return settled_rank - self._last_accepted_rank >= STALL_ROUNDS

    def _rank(self, entry: _Entry) -> int:
        return (entry.id.round - self._offset) // self._stride

    def _begin_work(self) -> None:
        demand = self._demand
        while self._held and demand.guarded < self._width and (self._resumed or demand.wants_draft()):
            entry, admitted = self._held.popleft()
            self._resumed = max(0, self._resumed - 1)
            demand.held -= 1
            demand.inside[Stage.SCREEN_INSTRUCTION] += 1
            self._inside[entry.id] = entry, admitted
            self._start(self._finish(entry, admitted))
        while demand.open_rounds < self._max_rounds and (self._to_reopen or self._wants_round()):
            demand.open_rounds += 1
            self._start(self._propose(self._take_rank()))

    def _wants_round(self) -> bool:
        demand = self._demand
        return (
            demand.held + demand.waiting_drafts < 4 * self._width
            and self._next_to_open - self._last_accepted_rank <= 2 * STALL_ROUNDS + self._max_rounds
            and demand.wants_round()
        )

    def _take_rank(self) -> int:
        if self._to_reopen:
            rank = self._to_reopen.pop(0)
        else:
            rank = self._next_to_open
            self._next_to_open += 1
        self._open_ranks.add(rank)
        return rank

    def _start(self, work: Coroutine[None, None, None]) -> None:
        assert self._group is not None
        task = self._group.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _end(self, status: Status) -> None:
        self.status = status
        self._ended = True
        current = asyncio.current_task()
        for task in self._tasks:
            if task is not current:
                task.cancel()

    async def _propose(self, rank: int) -> None:
        try:
            answered = await self.recipe.propose(self._offset + rank * self._stride)
        except BudgetSpent:
            self._broke = True  # begin nothing more; what is at the models comes in, and may still complete the task
            return
        demand = self._demand
        self._open_ranks.discard(rank)
        demand.open_rounds -= 1
        demand.waiting_drafts += len(answered.drafts)
        demand.proposing.note(len(answered.drafts) / demand.per_round)
        self.progress.rounds += 1
        self.progress.kept[Stage.PROPOSE] += len(answered.drafts)
        self.begun += len(answered.drafts)
        self._answered_rounds[rank] = answered
        for drop in answered.drops:
            self._streak.note_drop(drop)
        if answered.drafts:
            self._streak.note_success()
        self._advance()

    def _pass_round(self, passing: Round) -> None:
        """The turnstile: deduplicate a round's drafts, in order."""
        self._demand.waiting_drafts -= len(passing.drafts)
        for drop in passing.drops:
            self.progress.note_drop(drop)
            self._entries.append(_Entry(drop.id, drop))
        for draft in passing.drafts:
            self._entries.append(self._admit(draft))

    def _admit(self, draft: Draft) -> _Entry:
        decision = self.recipe.deduplicate(draft)
        entry = _Entry(draft.id, None)
        if isinstance(decision, Drop):
            self._demand.deduping.note(0)
            self.progress.note_drop(decision)
            entry.outcome = decision
        else:
            self._demand.deduping.note(1)
            self._demand.held += 1
            self.progress.kept[Stage.DEDUPE] += 1
            self._held.append((entry, decision))
        return entry

    async def _finish(self, entry: _Entry, admitted: Admitted) -> None:
        demand = self._demand
        now = Stage.SCREEN_INSTRUCTION

        def enter(stage: Stage) -> None:
            nonlocal now
            if stage is now:
                return
            self._note_passed(now)
            demand.inside[now] -= 1
            demand.inside[stage] += 1
            now = stage

        try:
            outcome = await self.recipe.finish(admitted, enter)
        except BudgetSpent:
            self._broke = True  # the draft stays undecided, as after an interruption
            return
        demand.inside[now] -= 1
        del self._inside[entry.id]
        entry.outcome = outcome
        if isinstance(outcome, Pair):
            self._note_passed(now)
            self.progress.kept[Stage.CHECK_RESPONSE] += 1
            demand.accepted += 1
            self.progress.note_pair(outcome)
            self._streak.note_success()
        else:
            demand.passing[now].note(0)  # the check of the reply counts with the guard's yield
            self.progress.kept[Stage.SCREEN_RESPONSE] += outcome.stage is Stage.CHECK_RESPONSE
            self.progress.note_drop(outcome)
            self._streak.note_drop(outcome)
        self._advance()

    def _note_passed(self, stage: Stage) -> None:
        assert stage in GUARDED
        self._demand.passing[stage].note(1)
        self.progress.kept[stage] += 1

    def _settle(self) -> None:
        """Move over everything decided, in order, counting what is accepted; stop where the task ends.

        Where that is depends on the order alone, however much beyond it was decided by then.
        """
        while self._settled < len(self._entries) and not self._has_stalled():
            entry = self._entries[self._settled]
            if entry.outcome is None or self._accepted_in_order >= self.wanted:
                return
            self._settled += 1
            if isinstance(entry.outcome, Pair):
                self._accepted_in_order += 1
                self._last_accepted_rank = self._rank(entry)
