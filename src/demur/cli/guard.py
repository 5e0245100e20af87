"""`demur guard`."""

from __future__ import annotations

import argparse
import asyncio
import json

from demur.cli.failures import sanitise, sanitise_line
from demur.cli.fetching import provide_models
from demur.cli.preview import show_verdict
from demur.engines.base import JudgeAsk
from demur.engines.catalog import Catalog
from demur.engines.journaling import NoStore
from demur.errors import InputError
from demur.guards.catalog import open_guard
from demur.inputs.builder_file import read_builder
from demur.inputs.guard_settings import list_guard_engines
from demur.inputs.policy import choose_risk, read_policy
from demur.inputs.validation import read_environment
from demur.outputs.dataset import describe_verdict
from demur.records import Verdict


def execute(arguments: argparse.Namespace) -> int:
    """Judge one text, and print the verdict.

    Raises:
        DemurError: the input is wrong, or the guard is not to be had.
    """
    builder = read_builder(arguments.config, arguments.engines, read_environment(arguments.data_dir))
    policy = read_policy(arguments.policy)
    try:
        risk = choose_risk(policy, arguments.risk)
    except KeyError as error:
        raise InputError(f"{arguments.policy} has no risk {arguments.risk!r}", hint=str(error.args[0])) from None
    provide_models(list_guard_engines(builder.guard).values(), agreed=arguments.yes, data_dir=arguments.data_dir)
    texts = (arguments.text, None) if arguments.instruction is None else (arguments.instruction, arguments.text)
    ask = JudgeAsk(risk, *texts)

    async def judge() -> Verdict:
        catalog = Catalog()
        try:
            guard, _ = open_guard(builder.guard, catalog, NoStore())
            return await guard.judge(ask)
        finally:
            await catalog.close()

    verdict = asyncio.run(judge())
    if arguments.json:
        print(json.dumps(describe_verdict(verdict), indent=2))
        return 0
    print(sanitise_line(f"{show_verdict(verdict)}   [{verdict.guard}, {verdict.origin.model}, risk {risk.risk}]"))
    for line in list_evidence(verdict):
        print(sanitise(line))
    return 0


def list_evidence(verdict: Verdict) -> list[str]:
    """What the guard says beside its label: what was found, whether it declines, why, and what each member said."""
    lines = [f"found: {', '.join(verdict.categories)}"] if verdict.categories else []
    if verdict.declines is not None:
        lines.append("the response declines" if verdict.declines else "the response does not decline")
    if verdict.reasoning:
        lines.append(verdict.reasoning)
    for member in verdict.members:
        lines.append(f"  {show_verdict(member)}   [{member.guard}, {member.origin.model}]")
        lines += [f"    {line}" for line in list_evidence(member)]
    return lines
