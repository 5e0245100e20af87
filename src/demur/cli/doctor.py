"""`demur doctor`."""

from __future__ import annotations

import argparse
import asyncio

from demur.cli.failures import sanitise_line, show_error
from demur.cli.fetching import provide_models
from demur.cli.main import gather_tasks, read_options
from demur.errors import DemurError
from demur.inputs.engine_blocks import list_engines
from demur.run.examine import examine
from demur.run.exposure import list_exposed
from demur.run.plan import Plan, make_plan


def execute(arguments: argparse.Namespace) -> int:
    """Ask every endpoint and try the guard; 0 if a run would find all that it needs, else 4.

    Raises:
        DemurError: the input is wrong.
    """
    plan = make_plan(gather_tasks(arguments), read_options(arguments))
    try:
        provide_models(list_engines(plan.builder).values(), agreed=arguments.yes, data_dir=arguments.data_dir)
    except DemurError as error:  # no reason to look at nothing else
        show_error(error)
    return asyncio.run(_examine(plan))


async def _examine(plan: Plan) -> int:
    passed = True
    for warning in list_exposed(plan.builder):
        print(sanitise_line(f"warning  {warning}"), flush=True)
    async for finding in examine(plan):
        passed = passed and finding.passed
        print(sanitise_line(f"{'ok  ' if finding.passed else 'FAIL'}  {finding.subject}: {finding.words}"), flush=True)
        if finding.hint and not finding.passed:
            print(sanitise_line(f"      {finding.hint}"), flush=True)
    return 0 if passed else 4
