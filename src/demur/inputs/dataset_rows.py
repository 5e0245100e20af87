"""A dataset that a run wrote, read again: its pairs line by line, as they stand."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from demur.errors import InputError
from demur.inputs.json_lines import read_lines, read_record

DATA = "final_data.jsonl"

COMPLY = "comply"
"""The mode of a pair that helps: a benign twin."""


@dataclass(frozen=True, slots=True)
class DatasetRow:
    """One pair of a dataset.

    Attributes:
        id: unique in its dataset.
        parent: the id of the pair that it was made of; None where it was proposed.
        mode: `response` where it declines, `comply` where it helps.
        record: all of its fields.
        raw: its line, byte for byte, with the ending.
    """

    id: str
    parent: str | None
    instruction: str
    response: str
    mode: str
    record: Mapping[str, object]
    raw: bytes

    @property
    def metadata(self) -> Mapping[str, object]:
        """The record's provenance."""
        found = self.record["metadata"]
        assert isinstance(found, Mapping)
        return found


@dataclass(frozen=True, slots=True)
class Dataset:
    """The pairs of one output folder.

    Attributes:
        sha256: of its `final_data.jsonl`, in hex.
    """

    folder: Path
    sha256: str
    rows: tuple[DatasetRow, ...]

    @property
    def tasks(self) -> list[str]:
        """The tasks that made its pairs."""
        return sorted({str(row.record.get("task_name", "")) for row in self.rows})


def read_dataset(folder: Path) -> Dataset:
    """Read a folder's `final_data.jsonl`.

    Raises:
        InputError: there is none, it cannot be read, or a line is no pair of demur's.
    """
    path = folder / DATA
    if not path.is_file():
        raise InputError(f"no dataset: {DATA} is not in this folder", path=folder,
                         hint="Name a task's output folder, such as output/my_domain/my_risk.")  # fmt: skip
    rows: dict[str, DatasetRow] = {}
    digest = hashlib.sha256()
    for line in read_lines(path):
        digest.update(line.raw)
        row = _read_row(read_record(line, path), line.raw if line.raw.endswith(b"\n") else line.raw + b"\n")
        if row is None:
            raise InputError("not a pair of demur's", path=path, line=line.number,
                             hint="Wanted are instruction, response, and metadata with id and mode.")  # fmt: skip
        if row.id in rows:
            raise InputError(f"the id {row.id!r} stands twice", path=path, line=line.number,
                             hint="Each pair has an id of its own: this file was put together by hand. `demur merge` joins the "
                                  "folders of several runs.")  # fmt: skip
        rows[row.id] = row
    return Dataset(folder, digest.hexdigest(), tuple(rows.values()))


def _read_row(record: object, raw: bytes) -> DatasetRow | None:
    if not isinstance(record, dict):
        return None
    metadata = record.get("metadata")
    if not isinstance(metadata, dict):
        return None
    texts = record.get("instruction"), record.get("response"), metadata.get("id"), metadata.get("mode")
    instruction, response, row_id, mode = (text if isinstance(text, str) else None for text in texts)
    if instruction is None or response is None or row_id is None or mode is None:
        return None
    parent = metadata.get("twin_of") or metadata.get("mutated_from")
    return DatasetRow(row_id, parent if isinstance(parent, str) else None, instruction, response, mode, record, raw)
