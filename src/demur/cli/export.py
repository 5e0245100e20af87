"""`demur export`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from demur.cli.failures import sanitise_line
from demur.errors import InputError
from demur.inputs.text_file import read_text
from demur.outputs.export import KINDS, FileKind
from demur.outputs.formats import RowForm
from demur.run.apart import read_shares
from demur.run.export import ExportReport, ExportRequest, export_run
from demur.run.push import check_repository, push_dataset

MAX_PROMPT_BYTES = 1_000_000


def execute(arguments: argparse.Namespace) -> int:
    """Write a run's pairs in another form, and push them where that was asked for.

    Raises:
        DemurError: the input is wrong, an output cannot be written, or the Hub refuses.
    """
    kind = choose_kind(arguments)
    if arguments.push:
        check_repository(arguments.push)
    form = RowForm(arguments.to, read_prompt(arguments.system_prompt), arguments.conversational)
    report = export_run(
        ExportRequest(
            folder=arguments.dir,
            form=form,
            kind=kind,
            output=arguments.output,
            mode=arguments.mode,
            shares=read_shares(arguments.split) if arguments.split else None,
            seed=arguments.seed,
        )
    )
    if not arguments.json:
        show_report(report)
    address = push_dataset(report.place, arguments.push, public=arguments.public) if arguments.push else ""
    if arguments.json:
        print(json.dumps({**report.describe(), **({"pushed": address} if address else {})}, indent=2))
    elif address:
        print(sanitise_line(f"pushed to {address}, {'public' if arguments.public else 'private'}"))
    return 0


def choose_kind(arguments: argparse.Namespace) -> FileKind:
    """Which kind of file: what was said, else what the output's name ends in, else JSONL; what is pushed is a dataset.

    Raises:
        InputError: these contradict each other.
    """
    said: FileKind | None = arguments.kind
    if arguments.public and not arguments.push:
        raise InputError("--public says how to push, and nothing is pushed", hint="Add --push-to-hub OWNER/NAME.")
    if arguments.push:
        if said not in (None, "dataset"):
            raise InputError(f"what is pushed is a dataset, not {said}", hint="Leave --as out.")
        said = "dataset"
    if said == "dataset" and arguments.output is not None and arguments.output.suffix.lower().lstrip(".") in KINDS:
        raise InputError("a dataset is a folder, and this is a file's name", path=arguments.output,
                         hint="Name a folder, or take another --as.")  # fmt: skip
    if said is None and arguments.output is not None:
        endings: dict[str, FileKind] = {".parquet": "parquet", ".csv": "csv"}
        return endings.get(arguments.output.suffix.lower(), "jsonl")
    return said or "jsonl"


def read_prompt(text: str) -> str:
    """A system prompt: the text, or after an `@` the file's, without the line break at its end.

    Raises:
        InputError: the file cannot be read.
    """
    return read_text(Path(text[1:]), MAX_PROMPT_BYTES).rstrip("\r\n") if text.startswith("@") else text


def show_report(report: ExportReport) -> None:
    """Print what was written where, and what was not."""
    for split, number in report.rows.items():
        print(sanitise_line(f"{number:>7,}  {split}{'' if number else ': nothing fell to it, and it has no file'}"))
    for reason, number in report.left_out.items():
        print(sanitise_line(f"{number:>7,}  pairs left out: {reason.replace('_', ' ')}"))
    for path in report.files:
        print(sanitise_line(str(path)))
