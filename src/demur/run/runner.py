"""Runs a plan: opens journals and engines, lets the scheduler work, writes what came of it, whatever happens."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from demur.engines.budgets import Budget
from demur.engines.catalog import Catalog
from demur.errors import BudgetSpent, DemurError, JournalFault, OutputFault
from demur.guards.canaries import check_canaries, check_criteria, require_sight
from demur.outputs.card import write_card
from demur.outputs.dataset import describe_drop, describe_pair, format_pair
from demur.outputs.files import count_lines, encode, remove_file, write_jsonl, write_text
from demur.outputs.preferences import PREFERENCES, write_preferences
from demur.outputs.record import describe_file, describe_run
from demur.records import Drop, Outcome, Pair, Reason, Stage, StageCount, Status, Summary, identify
from demur.run.assemble import build_recipe, share_seeds
from demur.run.exposure import list_exposed
from demur.run.journal import Journal, open_journal, remove_journal
from demur.run.plan import Plan, TaskPlan
from demur.run.progress import TaskProgress
from demur.run.scheduler import TaskScheduler
from demur.stages.novelty import NoveltyIndex

FILES = ("final_data.jsonl", "formatted_output.jsonl", "rejected.jsonl", "run.json", "README.md")
ALL_FILES = (*FILES, PREFERENCES)
"""With those that are there only where they were asked for."""


@dataclass(slots=True)
class RunResult:
    """What a run came to.

    Attributes:
        summaries: one a task, in the plan's order.
        failure: the error that ended the run early, or None.
        interrupted: whether it was cancelled from outside.
    """

    summaries: list[Summary] = field(default_factory=list)
    failure: DemurError | None = None
    interrupted: bool = False

    @property
    def exit_code(self) -> int:
        """0 all there, 3 stalled or out of budget, 130 interrupted, or the failure's own."""
        if self.interrupted:
            return 130
        if self.failure is not None:
            return self.failure.exit_code
        return 0 if all(summary.status is Status.COMPLETE for summary in self.summaries) else 3


class Runner:
    """Runs a plan once.

    Attributes:
        progress: a live view of each task, readable while `run` works.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.progress = [TaskProgress(task.inputs.name, task.wanted) for task in plan.tasks]
        options, bounds = plan.options, plan.builder.spending.budget
        self._catalog = Catalog(
            options.concurrency,
            options.replacements,
            budget=Budget(
                bounds.max_cost if options.max_cost is None else options.max_cost,
                bounds.max_tokens_total if options.max_tokens_total is None else options.max_tokens_total,
            ),
            prices=plan.builder.spending.prices,
        )

    async def run(self) -> RunResult:
        """Run the tasks and write their outputs, also after a failure or a cancellation.

        They run side by side, but where they share one index of what is admitted: then one after the other.

        A failure or a cancellation is told in the result, not raised: what there is stands on disk by then.

        Raises:
            JournalFault: a journal cannot be opened; nothing was begun.
            InputError: a setting of the builder cannot be used; nothing was begun.
            OutputFault: an output cannot be written, and nothing else failed; the journal is whole.
        """
        result = RunResult()
        with ExitStack() as journals:
            restart = self.plan.options.restart
            stores = [
                journals.enter_context(_open_store(task.journal_path, restart=restart)) for task in self.plan.tasks
            ]
            shared = share_seeds(self.plan) if self.plan.builder.dedup.scope == "run" else None
            runs = [
                _TaskRun(task, self.plan, progress, self._catalog, store, shared)
                for task, progress, store in zip(self.plan.tasks, self.progress, stores, strict=True)
            ]
            for task in self.plan.tasks:
                _sweep(task.folder)
            if restart:
                # Only now: every folder is held, and every setting can be used.
                for task, store in zip(self.plan.tasks, stores, strict=True):
                    _forget(task, store)
            try:
                async with asyncio.TaskGroup() as group:
                    if shared is None:
                        for run in runs:
                            group.create_task(run.work())
                    else:
                        group.create_task(_work_in_turn(runs, shared))
            except asyncio.CancelledError:
                result.interrupted = True
                _forget_cancellation()
            except BaseExceptionGroup as group_error:
                _forget_cancellation()
                result.failure = _find_failure(group_error)
            finally:
                await self._catalog.close()
                result.summaries = _write_what_there_is(runs, result.failure)
        return result


class _TaskRun:
    """One task of a run: its engines, its scheduler, its outputs."""

    def __init__(
        self,
        task: TaskPlan,
        plan: Plan,
        progress: TaskProgress,
        catalog: Catalog,
        store: Journal,
        shared: NoveltyIndex | None,
    ) -> None:
        self._task, self._plan, self._progress, self._store = task, plan, progress, store
        self._budget = catalog.budget
        recipe, self._engines = build_recipe(task, plan, catalog, store, shared)
        progress.meters = [engine.meter for engine in self._engines]
        # Twice as many drafts as slots: while one half is at the servers, the other waits at their doors.
        width = 2 * catalog.measure_width(*self._engines)
        self._scheduler = TaskScheduler(recipe, progress, width=width, rounds=catalog.measure_width(self._engines[0]))
        self._warnings: list[str] = [*list_exposed(plan.builder), *recipe.proposer.warnings]
        sources = {**task.inputs.sources, **{f"builder_{n}": path for n, path in enumerate(plan.builder.sources)}}
        self._sources = {role: describe_file(path) for role, path in sources.items()}

    async def work(self) -> None:
        """Load what a first draft would wait for, try the guard on its canaries, then make the pairs.

        Raises:
            DemurError: an engine is not to be had, or the guard is blind.
        """
        self._progress.started_s = time.monotonic()
        self._progress.phase = "loading"
        await asyncio.to_thread(self._scheduler.recipe.deduplicator.prepare)
        self._progress.phase = "trying the guard"
        try:
            await self._try_guard()
        except BudgetSpent:
            self.mark_spent()
            return
        await self._scheduler.run()

    async def _try_guard(self) -> None:
        """See whether the guard can see.

        Raises:
            DemurError: the guard is blind, or not to be had.
            BudgetSpent: it cannot be asked any more.
        """
        guard, inputs = self._scheduler.recipe.guard, self._task.inputs
        try:
            async with asyncio.TaskGroup() as group:
                canaries = [
                    group.create_task(check_canaries(guard, risk, inputs.seeds_of(risk))) for risk in inputs.risks
                ]
                criteria = group.create_task(check_criteria(guard))
        except* BudgetSpent as spent:
            raise spent.exceptions[0] from None
        for trial in canaries:
            require_sight(trial.result())
        if not criteria.result().sees_policy:
            # Small guards stumble over a made-up policy and still know the real one, so this is no reason to stop; nor
            # is a guard that has a policy of its own, if it tells the canaries apart.
            self._warnings.append(criteria.result().words)

    @property
    def spent(self) -> bool:
        """Whether the budget ended it."""
        return self._scheduler.status is Status.BUDGET_SPENT

    def mark_spent(self) -> None:
        """It does not begin: nothing may be asked for it any more."""
        self._scheduler.status = Status.BUDGET_SPENT
        self._progress.ended_s = time.monotonic()
        self._progress.phase = str(Status.BUDGET_SPENT)

    def leave_admitted(self, shared: NoveltyIndex) -> None:
        """Add what this task admitted up to its last accepted pair: what lies beyond depends on how fast replies came."""
        outcomes = list(self._scheduler.outcomes())
        while outcomes and not isinstance(outcomes[-1], Pair):
            outcomes.pop()
        for outcome in outcomes:
            if isinstance(outcome, Pair):
                shared.add(str(outcome.draft.id), outcome.draft.instruction)
            elif outcome.stage not in (Stage.PROPOSE, Stage.DEDUPE):
                shared.add(str(outcome.id), outcome.instruction)

    def write(self, failure: DemurError | None) -> Summary:
        """Write the outputs of what there is, and sum it up."""
        outcomes = list(self._scheduler.outcomes())
        pairs = [outcome for outcome in outcomes if isinstance(outcome, Pair)]
        drops = [outcome for outcome in outcomes if isinstance(outcome, Drop)]
        folder, inputs = self._task.folder, self._task.inputs
        status = self._scheduler.status
        if failure is not None and status is Status.INTERRUPTED:
            status = Status.FAILED
        counts = count_stages(outcomes)
        if damaged := self._store.damaged:
            kept = "1 reply" if damaged == 1 else f"{damaged} replies"
            self._warnings.append(f"{kept} of the journal had been damaged on the disk, and did not count: asked anew.")
        summary = Summary(
            task=inputs.name,
            status=status,
            wanted=self._task.wanted,
            accepted=len(pairs),
            rounds=len({identify(outcome).round for outcome in outcomes}),
            surplus=self._scheduler.begun - counts[Stage.PROPOSE].kept,
            counts=counts,
            engines=tuple(engine.meter.read() for engine in self._engines),
            elapsed_s=self._progress.elapsed_s,
            first_pair_s=self._progress.first_pair_s,
            files={name: str(folder / name) for name in FILES},
            warnings=tuple(self._warnings),
            failure=str(failure) if status is Status.FAILED else "",
            budget=self._budget.read() if self._budget.bounded else None,
        )
        unfinished = (Status.INTERRUPTED, Status.FAILED, Status.BUDGET_SPENT)
        if status in unfinished and count_lines(folder / "final_data.jsonl") > len(pairs):
            note = "The files of an earlier run hold more pairs, and were left as they are."
            return replace(summary, warnings=(*summary.warnings, note))
        unsafe = self._plan.options.include_unsafe
        write_jsonl(folder / "final_data.jsonl", (describe_pair(pair, inputs) for pair in pairs))
        write_jsonl(folder / "formatted_output.jsonl", (format_pair(pair) for pair in pairs))
        write_jsonl(folder / "rejected.jsonl", (describe_drop(drop, include_unsafe=unsafe) for drop in drops))
        summary = write_preferences(summary, folder, pairs, inputs, self._plan.options.preferences)
        write_text(folder / "README.md", [write_card(summary, inputs, self._task.seed)])
        # Last: whoever sees a run.json with these counts finds the other files complete.
        builder = self._plan.builder
        templates = {str(t.path): t.text for t in (self._plan.propose_template, self._plan.respond_template)}
        record = describe_run(
            summary,
            inputs=self._sources,
            settings=builder.describe(),
            texts=templates,
            seed=self._task.seed,
            created_by=inputs.task.created_by,
        )
        write_text(folder / "run.json", [encode(record, indent=2), "\n"])
        return summary


async def _work_in_turn(runs: list[_TaskRun], shared: NoveltyIndex) -> None:
    for place, run in enumerate(runs):
        await run.work()
        if run.spent:
            for later in runs[place + 1 :]:  # they must differ from pairs that are not there yet
                later.mark_spent()
            return
        run.leave_admitted(shared)


def count_stages(outcomes: list[Outcome]) -> dict[Stage, StageCount]:
    """What each stage kept and dropped, from where each draft ended: the counts are a view of the drops."""
    dropped: dict[Stage, Counter[Reason]] = {stage: Counter() for stage in Stage}
    lost: Counter[Stage] = Counter()
    drafts = 0
    for outcome in outcomes:
        whole_round = identify(outcome).position < 0
        drafts += not whole_round
        if isinstance(outcome, Drop):
            dropped[outcome.stage][outcome.reason] += 1
            lost[outcome.stage] += not whole_round
    counts = {}
    for stage in Stage:
        drafts -= lost[stage]
        counts[stage] = StageCount(drafts, dict(sorted(dropped[stage].items())))
    return counts


def _open_store(path: Path, *, restart: bool) -> Journal:
    try:
        return open_journal(path)
    except JournalFault:
        if not restart:
            raise
        remove_journal(path)  # a damaged one, or another version's; one that another run holds stays
        return open_journal(path)


def _sweep(folder: Path) -> None:
    """Remove what a run that was killed while it wrote its outputs left half-written.

    Raises:
        OutputFault: the disk refuses.
    """
    for name in ALL_FILES:
        for leftover in folder.glob(f".{name}.*.tmp"):
            remove_file(leftover)


def _forget(task: TaskPlan, store: Journal) -> None:
    """Drop a task's earlier replies and outputs.

    Raises:
        JournalFault: the journal cannot be written.
        OutputFault: an output cannot be removed.
    """
    store.clear()
    for name in ALL_FILES:
        remove_file(task.folder / name)


def _write_what_there_is(runs: Sequence[_TaskRun], failure: DemurError | None) -> list[Summary]:
    """Write every task's outputs. If a run fails, and then its outputs too, its own failure is told first.

    Raises:
        OutputFault: an output could not be written, and nothing else had failed.
    """
    try:
        return _write_all(runs, failure)
    except OutputFault as fault:
        if failure is None:
            raise
        failure.args = (f"{failure}; and then {fault}", *failure.args[1:])
        return []


def _write_all(runs: Sequence[_TaskRun], failure: DemurError | None) -> list[Summary]:
    """Write every task's outputs, also where another's cannot be written.

    Raises:
        OutputFault: the first that could not be written.
    """
    summaries, faults = [], []
    for run in runs:
        try:
            summaries.append(run.write(failure))
        except OutputFault as fault:
            faults.append(fault)
    if faults:
        raise faults[0]
    return summaries


def _find_failure(group: BaseExceptionGroup[BaseException]) -> DemurError:
    """The foreseen error in a group; anything else in it is a bug, and keeps its traceback."""
    failures: list[BaseException] = []
    pending: list[BaseException] = [group]
    while pending:
        error = pending.pop()
        if isinstance(error, BaseExceptionGroup):
            pending.extend(reversed(error.exceptions))
        else:
            failures.append(error)
    for error in failures:
        if not isinstance(error, DemurError):
            raise error from None
    first = failures[0]
    assert isinstance(first, DemurError)
    return first


def _forget_cancellation() -> None:
    """The interruption is dealt with here: what is left to do is to write the outputs."""
    task = asyncio.current_task()
    while task is not None and task.cancelling():
        task.uncancel()
