"""Runs a plan: opens journals and engines, lets the scheduler work, writes what came of it, whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from demur.engines.budgets import Budget
from demur.engines.catalog import Catalog
from demur.errors import DemurError, JournalFault, OutputFault
from demur.outputs.files import remove_file
from demur.outputs.own_files import remove_exports
from demur.records import Status, Summary
from demur.run.assemble import share_seeds
from demur.run.journal import Journal, open_journal, remove_journal
from demur.run.plan import Plan, TaskPlan
from demur.run.progress import TaskProgress
from demur.run.task_run import ALL_FILES, TaskRun
from demur.stages.novelty import NoveltyIndex


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
                TaskRun(task, self.plan, progress, self._catalog, store, shared)
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


async def _work_in_turn(runs: list[TaskRun], shared: NoveltyIndex) -> None:
    for place, run in enumerate(runs):
        await run.work()
        if run.spent:
            for later in runs[place + 1 :]:  # they must differ from pairs that are not there yet
                later.mark_spent()
            return
        run.leave_admitted(shared)


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
    remove_exports(task.folder)


def _write_what_there_is(runs: Sequence[TaskRun], failure: DemurError | None) -> list[Summary]:
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


def _write_all(runs: Sequence[TaskRun], failure: DemurError | None) -> list[Summary]:
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
