"""Datasets that are made of datasets: merged, sampled, decontaminated. Written as a run writes its own."""

from __future__ import annotations

import platform
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from demur.errors import InputError
from demur.inputs.dataset_rows import DATA, Dataset, DatasetRow
from demur.inputs.text_file import replace_surrogates
from demur.outputs.card import escape_markdown
from demur.outputs.files import encode, open_atomically, remove_file, write_jsonl, write_text
from demur.outputs.record import CONTENT_WARNING, describe_file
from demur.version import __version__

Json = dict[str, object]

FORMATTED, REJECTED, RECORD, CARD = "formatted_output.jsonl", "rejected.jsonl", "run.json", "README.md"
PARENT_DROPPED = "parent_dropped"
"""Why a twin or a mutant is left out whose parent is."""
_HINT = "Make room or choose another -o, then run the same command again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """A dataset to be written.

    Attributes:
        command: what made it, such as `merge`.
        words: what that is, as a paragraph for the card.
        sources: the datasets that it was made of.
        settings: what was asked for.
        result: what came of it, in counts.
        rows: its pairs.
        rejected: the lines of `rejected.jsonl`; None where nothing was rejected, only left out.
    """

    command: str
    words: str
    sources: Sequence[Dataset]
    settings: Json
    result: Json
    rows: Sequence[DatasetRow]
    rejected: Sequence[Json] | None


def check_destination(out: Path, sources: Sequence[Path], *, force: bool) -> None:
    """Make sure that nothing is written over that is needed.

    Args:
        force: write into a folder that holds something, over a dataset that is there.

    Raises:
        InputError: it is one of the sources, a file, not empty, or a run's own folder.
    """
    if out.exists() and not out.is_dir():
        raise InputError("this is a file, a folder is wanted", path=out)
    if any(out.resolve() == source.resolve() for source in sources):
        raise InputError("this folder is read from, and would be written over", path=out,
                         hint="Give the new dataset a folder of its own.")  # fmt: skip
    if not out.is_dir():
        return
    if (out / "journal.sqlite").exists():
        raise InputError("this folder belongs to a run: its journal is here", path=out,
                         hint="Give the new dataset a folder of its own.")  # fmt: skip
    if not force and any(out.iterdir()):
        raise InputError("this folder is not empty", path=out, hint="Name another, or say --force to write over it.")


def change_row(row: DatasetRow, **metadata: object) -> DatasetRow:
    """The row with other or further metadata; its line is written anew.

    Args:
        metadata: the fields that change.

    Raises:
        InputError: the row holds a number that is none, or is nested without end.
    """
    record = {**row.record, "metadata": {**row.metadata, **metadata}}
    row_id, parent = metadata.get("id", row.id), row.parent
    for key in ("twin_of", "mutated_from"):
        if key in metadata:
            parent = str(metadata[key])
    try:
        raw = f"{encode(record)}\n".encode()
    except (ValueError, RecursionError):
        raise InputError(
            f"the pair {row.id!r} holds what JSON cannot: NaN, infinity, or lists nested without end"
        ) from None
    return DatasetRow(str(row_id), parent, row.instruction, row.response, row.mode, record, raw)


def write_derived(out: Path, made: Derived) -> None:
    """Write the dataset's files, `run.json` last: whoever sees it finds the others complete.

    Raises:
        OutputFault: the disk refuses.
    """
    with open_atomically(out / DATA, hint=_HINT) as file:
        for row in made.rows:
            file.write(row.raw)
    pairs = ({"instruction": row.instruction, "response": row.response} for row in made.rows)
    write_jsonl(out / FORMATTED, pairs)
    if made.rejected is None:
        remove_file(out / REJECTED)  # of a dataset that is written over
    else:
        write_jsonl(out / REJECTED, made.rejected)
    card = "\n".join(_compose_card(out, made)) + "\n"
    write_text(out / CARD, [replace_surrogates(card)])
    write_text(out / RECORD, [encode(_describe(made), indent=2), "\n"])


def _describe(made: Derived) -> Json:
    return {
        "content_warning": CONTENT_WARNING,
        "demur": __version__,
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": made.command,
        "inputs": {str(number): describe_source(source) for number, source in enumerate(made.sources, start=1)},
        "settings": made.settings,
        "result": made.result,
        "versions": {"python": platform.python_version(), "platform": sys.platform},
    }


def describe_source(source: Dataset) -> Json:
    """A dataset that another is made of: where it is, and by which hashes it is known."""
    return {
        "folder": str(source.folder),
        "tasks": source.tasks,
        "pairs": len(source.rows),
        "final_data_sha256": source.sha256,
        "run_sha256": describe_file(source.folder / RECORD)["sha256"],
    }


def _compose_card(out: Path, made: Derived) -> list[str]:
    twins = sum(row.mode == "comply" for row in made.rows)
    lines = [
        f"# {escape_markdown(out.resolve().name)}",
        "",
        f"> **Content warning.** {CONTENT_WARNING}",
        "",
        f"{len(made.rows)} pairs: {len(made.rows) - twins} requests with a refusal, {twins} harmless ones with help.",
        "",
        made.words,
        "",
    ]
    writers = Counter(str(row.record.get("source", "")) for row in made.rows)
    if any(writer.startswith("embedded:") for writer in writers):
        lines += [
            "**Some of it was made with the embedded engine, without a language model.** Such data is for trying demur, for "
            "tests and for cold starts, not for training.",
            "",
        ]
    lines += ["| made of | tasks | pairs |", "|---|---|---:|"]
    for source in made.sources:
        tasks = ", ".join(escape_markdown(task) for task in source.tasks)
        lines.append(f"| {escape_markdown(str(source.folder))} | {tasks} | {len(source.rows)} |")
    lines += ["", "| requests written by | pairs |", "|---|---:|"]
    lines += [f"| {escape_markdown(writer)} | {number} |" for writer, number in sorted(writers.items())]
    kept = "" if made.rejected is None else f" `{REJECTED}` has what was left out and why,"
    lines += [
        "",
        f"`{DATA}` holds the pairs with their provenance, `{FORMATTED}` the bare pairs for fine-tuning,{kept}",
        f"`{RECORD}` the inputs by hash, the settings and the counts.",
    ]
    return lines


def list_lost(rows: Sequence[DatasetRow], dropped: Mapping[str, object]) -> dict[str, str]:
    """The ids of rows that go because what they were made of goes, each with that one's id.

    Args:
        dropped: by id, what goes for a reason of its own.
    """
    parents = {row.id: row.parent for row in rows}
    lost: dict[str, str] = {}
    for row in rows:
        line = [row.id]
        while (parent := parents.get(line[-1])) is not None and parent in parents and parent not in line:
            line.append(parent)
        if row.id not in dropped and any(ancestor in dropped for ancestor in line[1:]):
            lost[row.id] = line[1]
    return lost
