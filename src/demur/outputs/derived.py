"""Datasets that are made of datasets: merged, sampled, decontaminated. Written as a run writes its own."""

from __future__ import annotations

import platform
import shlex
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from demur.errors import InputError
from demur.inputs.dataset_rows import DATA, Dataset, DatasetRow
from demur.outputs.card_sections import Comparison
from demur.outputs.croissant import CROISSANT, describe_files
from demur.outputs.derived_card import DerivedCard, write_derived_card
from demur.outputs.export import CARD
from demur.outputs.files import encode, open_atomically, remove_file, write_jsonl, write_text
from demur.outputs.formats import RowForm
from demur.outputs.own_files import OWN_JOURNAL, RECORD, REJECTED, remove_stale
from demur.outputs.pairs import FORMATTED
from demur.outputs.record import CONTENT_WARNING, describe_file
from demur.outputs.report import REPORT, report_run
from demur.outputs.source_record import SourceRecord, join_cards, read_source
from demur.version import __version__

Json = dict[str, object]

_WRITTEN = (DATA, FORMATTED, REJECTED, CARD, CROISSANT, REPORT)
"""What is written over in its turn; `run.json` goes before, and comes last."""
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
        command_line: what makes it again, word by word.
        comparison: with which evaluation sets it was compared; None where it was not.
    """

    command: str
    words: str
    sources: Sequence[Dataset]
    settings: Json
    result: Json
    rows: Sequence[DatasetRow]
    rejected: Sequence[Json] | None
    command_line: Sequence[str] = ()
    comparison: Comparison | None = None


def check_destination(out: Path, sources: Sequence[Path], *, force: bool) -> None:
    """Make sure that nothing is written over that is needed.

    Args:
        force: write into a folder that holds something, over a dataset that is there.

    Raises:
        InputError: it is one of the sources or within one, a file, not empty, or a run's own folder.
    """
    if out.exists() and not out.is_dir():
        raise InputError("this is a file, a folder is wanted", path=out)
    if any(out.resolve() == source.resolve() for source in sources):
        raise InputError("this folder is read from, and would be written over", path=out,
                         hint="Give the new dataset a folder of its own.")  # fmt: skip
    if any(source.resolve() in out.resolve().parents and (source / DATA).exists() for source in sources):
        raise InputError("this folder lies in one that is read from, which is never written into", path=out,
                         hint="Give the new dataset a folder elsewhere.")  # fmt: skip
    if not out.is_dir():
        return
    if (out / OWN_JOURNAL[0]).exists():
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
    remove_stale(out, written=_WRITTEN)
    with open_atomically(out / DATA, hint=_HINT) as file:
        for row in made.rows:
            file.write(row.raw)
    pairs = ({"instruction": row.instruction, "response": row.response} for row in made.rows)
    write_jsonl(out / FORMATTED, pairs)
    if made.rejected is None:
        remove_file(out / REJECTED)  # of a dataset that is written over
    else:
        write_jsonl(out / REJECTED, made.rejected)
    sources = [(source, read_source(source.folder)) for source in made.sources]
    dropped = None if made.rejected is None else Counter(str(record["reason"]) for record in made.rejected)
    card = DerivedCard(
        name=out.resolve().name,
        words=made.words,
        command=made.command_line,
        sources=sources,
        rows=made.rows,
        dropped=None if dropped is None else dict(sorted(dropped.items())),
        comparison=made.comparison,
    )
    write_text(out / CARD, [write_derived_card(card)])
    record = _describe(made, sources)
    joined = join_cards([found.card for _, found in sources])
    croissant = describe_files(out, name=card.name, description="", card=joined, languages=_join_languages(sources),
                               columns=RowForm("instruction-response").columns)  # fmt: skip
    write_text(out / CROISSANT, [encode(croissant, indent=2), "\n"])
    try:
        report_run(out, record)
    except InputError:  # a record that the report cannot read is kept all the same, as its source had it
        remove_file(out / REPORT)
    write_text(out / RECORD, [encode(record, indent=2), "\n"])


def _join_languages(sources: Sequence[tuple[Dataset, SourceRecord]]) -> list[str]:
    return list(dict.fromkeys(language for _, record in sources for language in record.languages))


def _describe(made: Derived, sources: Sequence[tuple[Dataset, SourceRecord]]) -> Json:
    card = join_cards([record.card for _, record in sources]).model_dump(mode="json", exclude_defaults=True)
    return {
        "content_warning": CONTENT_WARNING,
        "demur": __version__,
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": made.command,
        **({"command_line": shlex.join(made.command_line)} if made.command_line else {}),
        **({"card": card} if card else {}),
        "languages": _join_languages(sources),
        "inputs": {
            str(number): describe_source(source)
            | ({"decontamination": record.describe_comparisons()} if record.comparisons else {})
            for number, (source, record) in enumerate(sources, start=1)
        },
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
