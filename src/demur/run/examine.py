"""Asks, before a run, what would end it: which servers answer, do they have the models, does the guard see the policy."""

from __future__ import annotations

from collections.abc import AsyncIterator

from demur.engines.catalog import Catalog
from demur.engines.journaling import NoStore
from demur.errors import DemurError, GuardBlind
from demur.guards.canaries import CanaryReport, check_canaries, check_criteria, require_sight
from demur.guards.catalog import open_guard, open_judge
from demur.guards.refusal_judge import JUDGE_HINT, NAME
from demur.inputs.engine_blocks import list_engines
from demur.inputs.engine_settings import AnyEngine
from demur.run.examine_engine import Finding as Finding
from demur.run.examine_engine import examine_engine
from demur.run.plan import Plan


async def examine(plan: Plan) -> AsyncIterator[Finding]:
    """Ask each endpoint and try the guard on each task's policy, saying each finding as it comes."""
    reachable = True
    for role, settings in list_engines(plan.builder).items():
        async for finding in examine_engine(role, settings):
            reachable = reachable and finding.passed
            yield finding
    if not reachable:
        yield Finding("canaries", False, "not tried: an engine is missing", "Mend the above, then ask again.")
        return
    async for finding in _examine_guard(plan):
        yield finding
    if plan.builder.refusal_judge is not None:
        yield await _examine_judge(plan, plan.builder.refusal_judge)


async def _examine_judge(plan: Plan, settings: AnyEngine) -> Finding:
    """Whether the refusal judge tells a refusal from an answer. It is tried whether or not a task asks it."""
    catalog, subject = Catalog(plan.options.concurrency, plan.options.replacements), "refusal judge"
    try:
        judge, _ = open_judge(settings, catalog, NoStore())
        wrong = await judge.try_out(plan.tasks[0].inputs.risks[0])
    except DemurError as error:
        return Finding(subject, False, str(error), error.hint)
    finally:
        await catalog.close()
    if wrong:
        return Finding(subject, False, wrong, JUDGE_HINT)
    return Finding(subject, True, f"{NAME} tells a refusal from an answer")


async def _examine_guard(plan: Plan) -> AsyncIterator[Finding]:
    catalog = Catalog(plan.options.concurrency, plan.options.replacements)
    try:
        guard, _ = open_guard(plan.builder.guard, catalog, NoStore())
        yield _tell(await check_criteria(guard), "policy reaches the guard")
        for task in plan.tasks:
            guard, _ = open_guard(plan.builder.guard, catalog, NoStore(), task.inputs.seeds)
            for risk in task.inputs.risks:
                report = await check_canaries(guard, risk, task.inputs.seeds_of(risk))
                yield _tell(report, f"canaries of {risk.risk}")
    except DemurError as error:
        yield Finding("guard", False, str(error), error.hint)
    finally:
        await catalog.close()


def _tell(report: CanaryReport, subject: str) -> Finding:
    try:
        require_sight(report)
    except GuardBlind as error:
        return Finding(subject, False, str(error), error.hint)
    return Finding(subject, True, report.words)
