"""`demur run`."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress

from demur.cli.failures import forgo_output, sanitise, show_error
from demur.cli.fetching import provide_models
from demur.cli.main import gather_tasks, read_options
from demur.errors import DemurError
from demur.inputs.engine_blocks import list_engines
from demur.outputs.record import describe_summary
from demur.records import Status
from demur.run.plan import make_plan
from demur.run.runner import Runner, RunResult
from demur.wording import say_count


def execute(arguments: argparse.Namespace) -> int:
    """Run the tasks, showing progress; print what came of it.

    Raises:
        DemurError: the run could not begin, or its outputs could not be written.
    """
    plan = make_plan(gather_tasks(arguments), read_options(arguments))
    provide_models(list_engines(plan.builder).values(), agreed=arguments.yes, data_dir=arguments.data_dir)
    runner = Runner(plan)
    result = asyncio.run(_drive(runner, quiet=arguments.json))
    try:
        _show(result, as_json=arguments.json)
    except BrokenPipeError:
        forgo_output()
    except OSError as error:
        print(f"demur: the summary cannot be printed: {error.strerror or error}", file=sys.stderr)
        forgo_output()
    return result.exit_code


def _show(result: RunResult, *, as_json: bool) -> None:
    if as_json:
        tasks = [describe_summary(summary) for summary in result.summaries]
        print(json.dumps({"exit_code": result.exit_code, "tasks": tasks}, indent=2))
    else:
        from demur.cli.tables import show_summary

        for summary in result.summaries:
            show_summary(summary)
    sys.stdout.flush()
    _explain_end(result)


async def _drive(runner: Runner, *, quiet: bool) -> RunResult:
    """Run beside the display.

    Raises:
        DemurError: the run could not begin, or its outputs could not be written.
    """
    this = asyncio.current_task()
    assert this is not None
    _catch_signals(this.cancel)
    if quiet:
        return await runner.run()
    from demur.cli.live import watch

    failure: DemurError | None = None
    result = RunResult()
    async with asyncio.TaskGroup() as group:
        watcher = group.create_task(watch(runner.progress))
        try:
            result = await runner.run()
        except DemurError as error:
            failure = error  # raised outside, where the group cannot wrap it
        finally:
            watcher.cancel()
    if failure is not None:
        raise failure
    return result


def _catch_signals(stop: Callable[[], object]) -> None:
    """The first Ctrl-C stops cleanly; a second one at once (the journal is whole even then)."""
    stopping = False

    def handle() -> None:
        nonlocal stopping
        if stopping:
            os._exit(130)
        stopping = True
        stop()
        with suppress(OSError):
            print("\nStopping; what was answered is kept. (Ctrl-C again: at once.)", file=sys.stderr)

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(RuntimeError, ValueError):  # not in the main thread: then signals are the caller's business
            try:
                loop.add_signal_handler(number, handle)
            except NotImplementedError:  # Windows' loop has none, but a signal wakes it
                signal.signal(number, lambda *_: loop.call_soon_threadsafe(handle))


def _explain_end(result: RunResult) -> None:
    if result.failure is not None:
        show_error(result.failure)
        print("Nothing is lost: run the same command again to go on from here.", file=sys.stderr)
    elif result.interrupted:
        print("Interrupted. Nothing is lost: run the same command again to go on from here.", file=sys.stderr)
    elif any(summary.status is Status.BUDGET_SPENT for summary in result.summaries):
        used = next(summary.budget.describe() for summary in result.summaries if summary.budget is not None)
        print(
            f"The budget is spent: {used}. Nothing is lost: the same command goes on from here,\n"
            "with the same budget again (replies from the journal are free), or with another.",
            file=sys.stderr,
        )
    for summary in result.summaries:
        if summary.status is Status.STALLED:
            there = f"{summary.accepted} of {say_count(summary.wanted, 'pair')}"
            said = f"{summary.task} stalled at {there}: {summary.shortfall}"
            print(sanitise(said), file=sys.stderr)
            print("  rejected.jsonl has each drop with its evidence.", file=sys.stderr)
