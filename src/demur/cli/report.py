"""`demur report`."""

from __future__ import annotations

import argparse
from pathlib import Path

from demur.cli.failures import sanitise_line
from demur.outputs.report import COMPARISON, REPORT, write_report
from demur.outputs.run_folder import read_run


def execute(arguments: argparse.Namespace) -> int:
    """Write the report of a folder's run, or of two side by side; print where it is.

    Raises:
        InputError: a folder is no run's, or a file in it is damaged.
        OutputFault: the disk refuses.
    """
    folders: list[Path] = [arguments.dir, *([arguments.other] if arguments.other else [])]
    runs = [read_run(folder) for folder in folders]
    path = arguments.output or arguments.dir / (REPORT if len(runs) == 1 else COMPARISON)
    write_report(path, runs)
    print(sanitise_line(str(path)))
    return 0
