"""`demur report`."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from demur.cli.failures import sanitise_line
from demur.errors import InputError
from demur.outputs.own_files import require_foreign
from demur.outputs.report import COMPARISON, REPORT, write_report
from demur.outputs.run_folder import RunFolder, read_run
from demur.run.variety import score_variety


def execute(arguments: argparse.Namespace) -> int:
    """Write the report of a folder's run, or of two side by side; print where it is.

    Raises:
        InputError: a folder is no run's, a file in it is damaged, or the page would be written over what a run owns.
        OutputFault: the disk refuses.
        ExtraMissing: embeddings are asked for, and model2vec is not installed.
        ModelNotFound: there is no such model.
    """
    path = arguments.output or arguments.dir / (COMPARISON if arguments.other else REPORT)
    if str(path) == "-":
        raise InputError("a report is a file, and not written to standard output", hint="Give -o a file's name.")
    require_foreign(path, but=(REPORT, COMPARISON))
    folders: list[Path] = [arguments.dir, *([arguments.other] if arguments.other else [])]
    runs = [read_run(folder) for folder in folders]
    if arguments.embeddings is not None:
        runs = [_score(run, arguments.embeddings) for run in runs]
    write_report(path, runs)
    print(sanitise_line(str(path)))
    return 0


def _score(run: RunFolder, model: str) -> RunFolder:
    pairs = run.pairs
    scores = score_variety(model, [pair.instruction for pair in pairs], [pair.response for pair in pairs])
    return replace(run, vendi=scores)
