"""Seed examples: a request and its refusal each, from JSONL, JSON, YAML, CSV or Parquet."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from demur.errors import InputError
from demur.inputs.rows import Row, name_kind, read_rows
from demur.inputs.yaml_text import as_written
from demur.records import Seed, SeedKind

_LONE = re.compile("[\\ud800-\\udfff]")
_ALIASES = {"instruction": ("instruction", "question"), "response": ("response", "answer")}


def read_seeds(path: Path) -> tuple[Seed, ...]:
    """Read a seed file; the format goes by the file's ending.

    Each record needs `instruction` and `response` (`question` and `answer` are accepted). `kind: comply` marks a harmless
    request with its answer, `risk` the risk that it is about; other fields are ignored.

    Raises:
        InputError: the file or one of its records cannot be used; names file, line and what is missing.
        ExtraMissing: Parquet is wanted and pyarrow is not installed.
    """
    return collect_seeds(read_rows(path, "seeds"), path)


def collect_seeds(rows: Iterable[Row], path: Path) -> tuple[Seed, ...]:
    """Check records and number them, from 1.

    Raises:
        InputError: a record lacks a field, a field is no text or is empty, or there is no record at all.
    """
    seeds = []
    for number, (line, row) in enumerate(rows, start=1):
        place = line if line is not None else None
        label = "" if line is not None else f"record {number}: "
        if not isinstance(row, Mapping):
            raise InputError(
                f"{label}a record with instruction and response is wanted, not {name_kind(row)}", path=path, line=place
            )
        instruction = _field(row, "instruction", label, path, place)
        response = _field(row, "response", label, path, place)
        seeds.append(
            Seed(f"seed:{number}", instruction, response, _read_kind(row, label, path, place), _read_risk(row), place)
        )
    if not seeds:
        raise InputError(
            "no seed examples in here", path=path, hint="At least one record with instruction and response is needed."
        )
    return tuple(seeds)


def _read_kind(row: Mapping[str, Any], label: str, path: Path, line: int | None) -> SeedKind:
    kind = row.get("kind")
    kind = kind.strip() if isinstance(kind, str) else kind
    if kind in (None, "", "refuse"):
        return "refuse"
    if kind == "comply":
        return "comply"
    raise InputError(f"{label}kind cannot be {kind!r}", path=path, line=line,
                     hint="refuse: a request to decline (as where there is no kind). comply: a harmless one to answer.")  # fmt: skip


def _read_risk(row: Mapping[str, Any]) -> str:
    risk = as_written(row.get("risk") or "")
    return risk.strip() if isinstance(risk, str) else ""


def _field(row: Mapping[str, Any], name: str, label: str, path: Path, line: int | None) -> str:
    for key in _ALIASES[name]:
        if key in row:
            value = as_written(row[key])
            if not isinstance(value, str):
                raise InputError(f"{label}{key} must be text, not {name_kind(value)}", path=path, line=line)
            if not value.strip():
                raise InputError(f"{label}{key} is empty", path=path, line=line)
            if not value.isascii() and _LONE.search(value):
                raise InputError(
                    f"{label}{key} holds half a character (a lone surrogate)", path=path, line=line,
                    hint="Some program cut a text in the middle of an emoji; mend it there.",
                )  # fmt: skip
            return value.strip()
    alias = _ALIASES[name][1]
    found = ", ".join(str(key) for key in row) or "nothing"
    raise InputError(f"{label}the field {name!r} is missing", path=path, line=line,
                     hint=f"Each seed needs instruction and response ({alias!r} is accepted for {name!r}); found: {found}.")  # fmt: skip
