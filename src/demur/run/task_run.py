"""One task of a run: the guard is tried, the proposed pairs are made, then twins and mutants, and all is written out."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import replace

from demur.engines.catalog import Catalog
from demur.errors import BudgetSpent, DemurError, GuardBlind, OutputFault
from demur.guards.canaries import CanaryReport, check_canaries, check_criteria, require_sight
from demur.guards.refusal_judge import JUDGE_HINT
from demur.inputs.task import warn_of_seed_risks
from demur.outputs.card import write_card
from demur.outputs.croissant import CROISSANT, describe_croissant
from demur.outputs.dataset import describe_drop
from demur.outputs.files import count_lines, encode, remove_file, write_jsonl, write_text
from demur.outputs.lineage import Lineage
from demur.outputs.pairs import PARQUET_FILES, write_pairs
from demur.outputs.preferences import PREFERENCES, write_preferences
from demur.outputs.record import describe_decontamination, describe_file, describe_run
from demur.outputs.report import COMPARISON, REPORT, report_run
from demur.records import DraftId, Drop, Outcome, Pair, Stage, Status, Summary, identify
from demur.run.assemble import assemble_task, warn_of_idle_judge, warn_of_seeds
from demur.run.exposure import list_exposed
from demur.run.harvest import Harvest
from demur.run.journal import Journal
from demur.run.offspring import Breeder, MutantBreeder, OffspringRun, TwinBreeder
from demur.run.plan import Plan, TaskPlan
from demur.run.progress import TaskProgress
from demur.run.scheduler import FailureStreak
from demur.run.shortfall import explain_shortfall
from demur.run.tally import (
    count_contamination,
    count_offspring,
    count_opinions,
    count_stages,
    measure_coverage,
    warn_of_misfits,
    warn_of_opinions,
)
from demur.run.trace import compose_full_command, trace_lineage
from demur.run.variety import score_variety
from demur.stages.novelty import NoveltyIndex
from demur.stages.read_demand import warn_of_reply_type
from demur.usage import VendiScores
from demur.wording import say_flagged

FILES = ("final_data.jsonl", "formatted_output.jsonl", "rejected.jsonl", "run.json", "README.md", CROISSANT, REPORT)
ALL_FILES = (*FILES, PREFERENCES, *PARQUET_FILES, COMPARISON)
"""With those that are there only where they were asked for."""


class TaskRun:
    """One task of a run: its engines, its strands, its outputs.

    Raises:
        InputError: a setting of the builder, or the task's shares, cannot be used.
        ExtraMissing: an engine's package is not installed.
    """

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
        self._assembly = assembly = assemble_task(task, plan, catalog, store, shared)
        progress.meters = [engine.meter for engine in assembly.engines]
        self._slots = catalog.watch_slots(assembly.engines)
        # Twice as many drafts as slots: while one half is at the servers, the other waits at their doors.
        self._width = 2 * catalog.measure_width(*assembly.engines)
        self._streak = FailureStreak()
        rounds = catalog.measure_width(assembly.engines[0])
        self._harvest = Harvest(assembly, progress, width=self._width, rounds=rounds, streak=self._streak)
        self._status = Status.INTERRUPTED  # what it is if nothing better comes of it
        self._offspring: list[OffspringRun] = []
        said = [warn_of_reply_type(risk) for risk in task.inputs.risks]
        self._warnings = [*list_exposed(plan.builder), *assembly.recipes[0].proposer.warnings, *filter(None, said)]
        self._warnings += assembly.composition.warnings
        self._warnings += warn_of_seed_risks(task.inputs)
        self._warnings += warn_of_seeds(task.inputs, assembly.contamination)
        self._warnings += warn_of_idle_judge(plan.builder, task.inputs)
        sources = {**task.inputs.sources, **{f"builder_{n}": path for n, path in enumerate(plan.builder.sources)}}
        self._sources = {role: describe_file(path) for role, path in sources.items()}

    async def work(self) -> None:
        """Load what a first draft would wait for, try the guard and the judge, then make the pairs.

        Raises:
            DemurError: an engine is not to be had, or guard or judge cannot do their work.
        """
        self._progress.started_s = time.monotonic()
        try:
            self._progress.phase = "loading"
            for recipe in self._assembly.recipes:
                await asyncio.to_thread(recipe.deduplicator.prepare)
            self._slots.begin(asyncio.get_running_loop().time())
            self._progress.phase = "trying the guard"
            await self._try_guard()
            await self._try_judge()
            self._progress.phase = "running"
            self._status = await self._make_pairs()
        except BudgetSpent:
            self._status = Status.BUDGET_SPENT
        finally:
            self._end()

    async def _make_pairs(self) -> Status:
        """The proposed pairs, then twins, then mutants; what there is too little of stalls the task, and does not stop it."""
        await self._harvest.run()
        if self._harvest.status is Status.BUDGET_SPENT:
            return Status.BUDGET_SPENT
        task = self._task.inputs.task
        breeders: list[Breeder] = [TwinBreeder(task.contrast)] if task.contrast else []
        breeders += [MutantBreeder(task.mutate)] if task.mutate else []
        statuses: list[Status] = [self._harvest.status]
        for breeder in breeders:
            self._progress.phase = f"making {breeder.name}"
            run = OffspringRun(
                breeder,
                self._harvest.list_strands(),
                self._assembly.ledger,
                self._progress,
                width=self._width,
                streak=self._streak,
            )
            self._offspring.append(run)
            await run.run()
            statuses.append(run.status)
            if run.status is Status.BUDGET_SPENT:
                return Status.BUDGET_SPENT
        return Status.STALLED if Status.STALLED in statuses else Status.COMPLETE

    async def _try_guard(self) -> None:
        """See whether the guard can see, for each risk.

        Raises:
            DemurError: the guard is blind, or not to be had.
            BudgetSpent: it cannot be asked any more.
        """
        guard, inputs = self._assembly.recipes[0].guard, self._task.inputs
        out_of_budget: BudgetSpent | None = None
        trials: list[asyncio.Task[CanaryReport]] = []
        try:
            async with asyncio.TaskGroup() as group:
                trials.append(group.create_task(check_criteria(guard)))
                trials += [
                    group.create_task(check_canaries(guard, risk, inputs.seeds_of(risk))) for risk in inputs.risks
                ]
        except* BudgetSpent as spent:
            out_of_budget = next(error for error in spent.exceptions if isinstance(error, BudgetSpent))
        if out_of_budget is not None:
            raise out_of_budget
        criteria, *canaries = (trial.result() for trial in trials)
        for report in canaries:
            require_sight(report)
        if not criteria.sees_policy:
            # Small guards stumble over a made-up policy and still know the real one, so this is no reason to stop; nor
            # is a guard that has a policy of its own, if it tells the canaries apart.
            self._warnings.append(criteria.words)

    async def _try_judge(self) -> None:
        """See whether the refusal judge, where there is one, tells a refusal from an answer.

        Raises:
            DemurError: it does not, or is not to be had.
            BudgetSpent: it cannot be asked any more.
        """
        judge = self._assembly.recipes[0].gate.judge
        wrong = "" if judge is None else await judge.try_out(self._task.inputs.risks[0])
        if wrong:
            raise GuardBlind(f"the refusal judge cannot judge: {wrong}", hint=JUDGE_HINT)

    @property
    def _is_calibrated(self) -> bool:
        return self._task.inputs.task.calibrated or len(self._task.inputs.risks) > 1

    @property
    def spent(self) -> bool:
        """Whether the budget ended it."""
        return self._status is Status.BUDGET_SPENT

    def mark_spent(self) -> None:
        """It does not begin: nothing may be asked for it any more."""
        self._status = Status.BUDGET_SPENT
        self._end()

    def _end(self) -> None:
        self._progress.ended_s = time.monotonic()
        self._slots.end(asyncio.get_running_loop().time())
        self._progress.phase = str(self._status)

    def leave_admitted(self, shared: NoveltyIndex) -> None:
        """Add what this task admitted up to its last accepted pair: what lies beyond depends on how fast replies came."""
        outcomes = self._harvest.list_outcomes()
        while outcomes and not isinstance(outcomes[-1], Pair):
            outcomes.pop()
        for outcome in [*outcomes, *self._list_offspring()]:
            if isinstance(outcome, Pair):
                shared.add(str(outcome.draft.id), outcome.draft.instruction)
            elif not outcome.id.branch and outcome.stage not in (Stage.PROPOSE, Stage.DEDUPE):
                shared.add(str(outcome.id), outcome.instruction)

    def _list_offspring(self) -> list[Outcome]:
        return [outcome for run in self._offspring for outcome in run.outcomes]

    def _list_pairs(self) -> list[Pair]:
        """Each proposed pair, followed by its twins and its mutants."""
        families: dict[DraftId, list[Pair]] = {pair.draft.id: [pair] for pair in self._harvest.pairs}
        for outcome in self._list_offspring():
            if isinstance(outcome, Pair) and outcome.draft.parent is not None:
                families[outcome.draft.parent].append(outcome)
        return [pair for family in families.values() for pair in family]

    def write(self, failure: DemurError | None) -> Summary:
        """Write the outputs of what there is, and sum it up.

        Raises:
            OutputFault: the disk refuses.
        """
        pairs, outcomes, offspring = self._list_pairs(), self._harvest.list_outcomes(), self._list_offspring()
        summary = self._sum_up(pairs, outcomes, offspring, failure)
        folder = self._task.folder
        unfinished = (Status.INTERRUPTED, Status.FAILED, Status.BUDGET_SPENT)
        if summary.status in unfinished and count_lines(folder / "final_data.jsonl") > len(pairs):
            note = "The files of an earlier run hold more pairs, and were left as they are."
            return replace(summary, warnings=(*summary.warnings, note))
        drops = [outcome for outcome in (*outcomes, *offspring) if isinstance(outcome, Drop)]
        if len(self._assembly.recipes) > 1 or offspring:
            drops.sort(key=lambda drop: (drop.id.round, drop.id.position, drop.id.branch != ""))
        return self._write_files(summary, pairs, drops)

    def _sum_up(
        self, pairs: list[Pair], outcomes: list[Outcome], offspring: list[Outcome], failure: DemurError | None
    ) -> Summary:
        inputs, status, composition = self._task.inputs, self._status, self._assembly.composition
        if failure is not None and status is Status.INTERRUPTED:
            status = Status.FAILED
        opinions = count_opinions([*outcomes, *offspring])
        counts = count_stages(outcomes, settles=composition.settles)
        return Summary(
            task=inputs.name,
            status=status,
            wanted=self._task.wanted,
            accepted=len(pairs),
            rounds=len({identify(outcome).round for outcome in outcomes}),
            surplus=self._harvest.begun - counts[Stage.PROPOSE].kept,
            counts=counts,
            engines=tuple(engine.meter.read() for engine in self._assembly.engines),
            elapsed_s=self._progress.elapsed_s,
            first_pair_s=self._progress.first_pair_s,
            offspring=count_offspring(offspring),
            contamination=count_contamination([*outcomes, *offspring], [each.name for each in inputs.evaluations]),
            opinions=opinions,
            coverage=measure_coverage(pairs, inputs) if self._is_calibrated else {},
            files={name: str(self._task.folder / name) for name in FILES},
            warnings=(*self._warnings, *self._list_late_warnings(pairs), *warn_of_opinions(opinions)),
            failure=str(failure) if status is Status.FAILED else "",
            shortfall=self._explain_shortfall() if status is Status.STALLED else "",
            slots=self._slots.uses,
            vendi=self._score_variety(pairs),
            budget=self._budget.read() if self._budget.bounded else None,
        )

    def _explain_shortfall(self) -> str:
        found = self._harvest.list_shortfalls()
        return explain_shortfall([*found, *(each for run in self._offspring for each in run.list_shortfalls())])

    def _score_variety(self, pairs: list[Pair]) -> VendiScores | None:
        """By the embedding model of the deduplication, where the builder names one. Without it a run is none the worse."""
        semantic = self._plan.builder.dedup.semantic
        if semantic is None or not pairs:
            return None
        try:
            instructions, responses = [pair.draft.instruction for pair in pairs], [pair.response for pair in pairs]
            return score_variety(semantic.model, instructions, responses)
        except DemurError:  # the task ended before the model was loaded, which is where it says so
            return None

    def _list_late_warnings(self, pairs: list[Pair]) -> list[str]:
        words = [*warn_of_misfits(self._harvest.pairs, self._task.inputs), *self._harvest.list_warnings()]
        words += [said for run in self._offspring for said in run.list_warnings()]
        if flagged := sum(bool(pair.contamination) for pair in pairs):
            words.append(say_flagged(flagged))
        if damaged := self._store.damaged:
            kept = "1 reply" if damaged == 1 else f"{damaged} replies"
            words.append(f"{kept} of the journal had been damaged on the disk, and did not count: asked anew.")
        return words

    def _write_files(self, summary: Summary, pairs: list[Pair], drops: list[Drop]) -> Summary:
        folder, inputs, unsafe = self._task.folder, self._task.inputs, self._plan.options.include_unsafe
        summary = write_pairs(summary, folder, pairs, inputs)
        write_jsonl(folder / "rejected.jsonl", (describe_drop(drop, include_unsafe=unsafe) for drop in drops))
        form = self._plan.options.preferences
        summary = write_preferences(summary, folder, pairs, inputs, form)
        lineage = trace_lineage(self._task, self._plan, self._sources, self._assembly.templates, pairs)
        formatted = count_lines(folder / "formatted_output.jsonl") > 0
        card = write_card(summary, inputs, self._task.seed, lineage, formatted=formatted)
        write_text(folder / "README.md", [card])
        croissant = describe_croissant(summary, inputs, lineage, folder, form)
        write_text(folder / CROISSANT, [encode(croissant, indent=2), "\n"])
        summary, record = self._report(summary, lineage)
        # Last: whoever sees a run.json with these counts finds the other files complete.
        write_text(folder / "run.json", [encode(record, indent=2), "\n"])
        return summary

    def _report(self, summary: Summary, lineage: Lineage) -> tuple[Summary, dict[str, object]]:
        """Write the report, and give the run's record. Without a report a run is none the worse, so a fault is a warning."""
        path = self._task.folder / REPORT
        try:
            record = self._describe(summary, lineage)
            report_run(self._task.folder, record)
        except Exception as fault:  # noqa: BLE001  # `demur report` shows a bug's traceback; here the dataset goes first
            with suppress(OutputFault):
                remove_file(path)  # an earlier run's would not go with the other files
            name = "" if isinstance(fault, DemurError) else f"{type(fault).__name__}: "
            files = {name: there for name, there in summary.files.items() if name != REPORT}
            said = f"{REPORT} could not be made: {name}{fault}"
            summary = replace(summary, files=files, warnings=(*summary.warnings, said))
            record = self._describe(summary, lineage)
        return summary, record

    def _describe(self, summary: Summary, lineage: Lineage) -> dict[str, object]:
        inputs = self._task.inputs
        return describe_run(
            summary,
            inputs=self._sources,
            settings=self._plan.builder.describe(),
            texts={str(template.path): template.text for template in self._assembly.templates},
            seed=self._task.seed,
            created_by=inputs.task.created_by,
            card=inputs.task.card,
            calibration=inputs.task.describe_calibration(),
            command=compose_full_command(self._task, self._plan),
            lineage=lineage,
            decontamination=describe_decontamination(inputs, self._sources),
        )
