"""`demur dedupe`."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, TypeAlias

from demur.cli.failures import sanitise_line
from demur.errors import OutputFault
from demur.inputs.evaluation_sets import split_reference
from demur.run.dedupe_file import DedupeReport, dedupe_file
from demur.run.sieve import DedupeProgress, DedupeRequest, Reference, Tally

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

LINE_EVERY_S = 5.0
STDOUT = "-"

Observer: TypeAlias = Callable[[DedupeProgress], None]


def execute(arguments: argparse.Namespace) -> int:
    """Write the new records of a file; print what was removed and why.

    Raises:
        DemurError: the input is wrong, or an output cannot be written.
    """
    request = DedupeRequest(
        source=arguments.file,
        field=arguments.field,
        threshold=arguments.threshold,
        score_func=arguments.score_func,
        against=tuple(read_reference(text) for text in arguments.against),
        workers=arguments.workers,
        skip_bad=arguments.skip_bad,
    )
    to_stdout = arguments.output == STDOUT
    with ExitStack() as stack:
        observe: Observer = _ignore if arguments.json else stack.enter_context(show_progress())
        if to_stdout:
            report = _write_stdout(request, arguments.pairs, observe)
        else:
            report = dedupe_file(request, Path(arguments.output), arguments.pairs, observe)
    # The records have standard output to themselves.
    stream = sys.stderr if to_stdout else sys.stdout
    if arguments.json:
        print(json.dumps(report.describe(), indent=2), file=stream)
    else:
        where = {"kept": "" if to_stdout else f", in {arguments.output}",
                 "removed": f", listed in {arguments.pairs}" if arguments.pairs else ""}  # fmt: skip
        show_report(report, where, stream)
    return 0


def read_reference(text: str) -> Reference:
    """FILE, or FILE:FIELD where there is no file of that whole name."""
    path, field = split_reference(text, lambda name: Path(name).exists())
    return Reference(Path(path), field)


def show_report(report: DedupeReport, where: dict[str, str], stream: TextIO) -> None:
    """Print what was read, kept and removed, and for which file."""
    rows = [
        (report.records, f"records in {report.within.path}"),
        (report.kept, f"kept{where['kept']}"),
        (report.removed, f"removed{where['removed']}"),
        *_explain(report.within, "an earlier record"),
    ]
    for tally in report.against:
        rows += _explain(tally, f"{_say_which(tally.records)} in {tally.path}")
    if report.skipped:
        rows.append((report.skipped, "lines skipped, such as"))
    width = max(len(f"{number:,}") for number, _ in rows)
    for number, words in rows:
        print(sanitise_line(f"{number:>{width},}  {words}"), file=stream)
    for why in report.skipped_why:
        print(sanitise_line(f"{'':{width}}    {why}"), file=stream)
    print(f"in {report.elapsed_s:.1f} s", file=stream)


def _explain(tally: Tally, what: str) -> Iterator[tuple[int, str]]:
    if tally.exact:
        yield tally.exact, f"  the very text of {what}"
    if tally.near:
        yield tally.near, f"  near to {what}"


def _say_which(texts: int) -> str:
    return "the only text" if texts == 1 else f"one of the {texts:,} texts"


def _write_stdout(request: DedupeRequest, pairs: Path | None, observe: Observer) -> DedupeReport:
    try:
        # A buffer of our own: what could not be written must not be tried again when the interpreter ends.
        with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as stream:
            return dedupe_file(request, stream, pairs, observe)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputFault(f"standard output cannot be written: {error.strerror or error}") from error


@contextmanager
def show_progress() -> Iterator[Observer]:
    """Progress on standard error: a bar on a terminal, a plain line every few seconds elsewhere."""
    if not sys.stderr.isatty():
        yield _make_lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.percentage:3.0f} %"),
               TimeRemainingColumn())  # fmt: skip
    # No refreshing thread: the index may start processes, and those want a single-threaded parent.
    with Progress(*columns, console=Console(stderr=True), auto_refresh=False, transient=True) as bar:
        yield _make_bar(bar)


def _make_lines() -> Observer:
    last_s = time.monotonic()

    def print_line(progress: DedupeProgress) -> None:
        nonlocal last_s
        if time.monotonic() - last_s >= LINE_EVERY_S:
            last_s = time.monotonic()
            share = f", {progress.bytes_done / progress.bytes_total:.0%}" if progress.bytes_total else ""
            print(sanitise_line(describe_progress(progress) + share), file=sys.stderr, flush=True)

    return print_line


def _make_bar(bar: Progress) -> Observer:
    tasks: dict[Path, TaskID] = {}

    def move(progress: DedupeProgress) -> None:
        path = progress.path
        if path not in tasks:
            tasks[path] = bar.add_task("")
        bar.update(tasks[path], description=sanitise_line(describe_progress(progress)), completed=progress.bytes_done,
                   total=progress.bytes_total or None, refresh=True)  # fmt: skip

    return move


def describe_progress(progress: DedupeProgress) -> str:
    """What is done to which file, and how far it has come."""
    if not progress.comparing:
        return f"reading {progress.path}: {progress.records:,} texts"
    return f"comparing {progress.path}: {progress.records:,} records, {progress.removed:,} removed"


def _ignore(progress: DedupeProgress) -> None:
    """For a caller that wants no progress."""
