"""Asks, before a run, what would end it: which servers answer, do they have the models, does the guard see the policy."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from demur.engines.catalog import Catalog
from demur.engines.journaling import NoStore
from demur.errors import DemurError, GuardBlind
from demur.guards.canaries import CanaryReport, check_canaries, check_criteria, require_sight
from demur.guards.catalog import open_guard
from demur.inputs.engine_settings import AnyEngine, OllamaSettings, OpenAISettings, VLLMServerSettings
from demur.inputs.guard_settings import list_engines
from demur.run.plan import Plan


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        subject: what, in a few words.
        passed: whether it is as a run needs it.
        words: what was found.
        hint: what to do about it, where it is not.
    """

    subject: str
    passed: bool
    words: str
    hint: str = ""


async def examine(plan: Plan) -> AsyncIterator[Finding]:
    """Ask each endpoint and try the guard on each task's policy, saying each finding as it comes."""
    builder = plan.builder
    blocks: dict[str, AnyEngine] = {
        "instruction_generator": builder.instruction_generator,
        "response_generator": builder.response_generator,
    }
    blocks |= dict(list_engines(builder.guard))
    reachable = True
    for role, settings in blocks.items():
        async for finding in _examine_endpoint(role, settings):
            reachable = reachable and finding.passed
            yield finding
    if not reachable:
        yield Finding("canaries", False, "not tried: an endpoint is missing", "Mend the above, then ask again.")
        return
    async for finding in _examine_guard(plan):
        yield finding


async def _examine_endpoint(role: str, settings: AnyEngine) -> AsyncIterator[Finding]:
    if not isinstance(settings, OpenAISettings | OllamaSettings | VLLMServerSettings) or not settings.base_url:
        yield Finding(role, True, f"{settings.type}: runs in this process, no server")
        return
    from demur.engines.probe import identify_server, list_models

    key = settings.api_key.get_secret_value() if settings.api_key else None
    model = settings.model_id_or_path
    try:
        server = await identify_server(settings.base_url, api_key=key)
        version = f" {server.version}" if server.version else ""
        kind = "an OpenAI-compatible server" if server.kind == "unknown" else f"{server.kind}{version}"
        yield Finding(role, True, f"{kind} answers at {server.root_url}")
        models = await list_models(settings.base_url, api_key=key)
    except DemurError as error:
        yield Finding(role, False, str(error), error.hint)
        return
    if model in models or f"{model}:latest" in models:
        yield Finding(role, True, f"it has the model {model}")
    else:
        listed = ", ".join(models[:12]) or "none"
        hint = f"ollama pull {model}" if server.kind == "ollama" else f"Models there: {listed}."
        # llama.cpp answers to any name: its one model is the one that was loaded.
        yield Finding(role, server.kind == "llama.cpp", f"it does not list the model {model}", hint)


async def _examine_guard(plan: Plan) -> AsyncIterator[Finding]:
    catalog = Catalog(plan.options.concurrency, plan.options.replacements)
    try:
        guard, _ = open_guard(plan.builder.guard, catalog, NoStore())
        yield _tell(await check_criteria(guard), "policy reaches the guard")
        for task in plan.tasks:
            guard, _ = open_guard(plan.builder.guard, catalog, NoStore(), task.inputs.seeds)
            report = await check_canaries(guard, task.inputs.risk, task.inputs.seeds)
            yield _tell(report, f"canaries of {task.inputs.risk.risk}")
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
