"""Seed examples: a request and its refusal each, from JSONL, JSON, YAML, CSV or Parquet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from demur.errors import ExtraMissing, InputError
from demur.inputs.yaml_text import as_written, read_documents, read_text
from demur.records import Seed

FORMATS = (".jsonl", ".json", ".yaml", ".yml", ".csv", ".parquet")
_ALIASES = {"instruction": ("instruction", "question"), "response": ("response", "answer")}

Row = tuple[int | None, Any]
"""A record with its line in the file, where the format has lines."""


def read_seeds(path: Path) -> tuple[Seed, ...]:
    """Read a seed file; the format goes by the file's ending.

    Each record needs `instruction` and `response` (`question` and `answer` are accepted); other fields are ignored.

    Raises:
        InputError: the file or one of its records cannot be used; names file, line and what is missing.
        ExtraMissing: Parquet is wanted and pyarrow is not installed.
    """
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise InputError(f"seeds cannot be read from {suffix or 'a file without an ending'}", path=path,
                         hint=f"Formats: {', '.join(FORMATS)}.")  # fmt: skip
    reader = {".jsonl": _read_jsonl, ".json": _read_json, ".csv": _read_csv, ".parquet": _read_parquet}.get(
        suffix, _read_yaml
    )
    return collect_seeds(reader(path), path)


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
                f"{label}a record with instruction and response is wanted, not {_kind(row)}", path=path, line=place
            )
        instruction = _field(row, "instruction", label, path, place)
        response = _field(row, "response", label, path, place)
        seeds.append(Seed(f"seed:{number}", instruction, response))
    if not seeds:
        raise InputError(
            "no seed examples in here", path=path, hint="At least one record with instruction and response is needed."
        )
    return tuple(seeds)


def _field(row: Mapping[str, Any], name: str, label: str, path: Path, line: int | None) -> str:
    for key in _ALIASES[name]:
        if key in row:
            value = as_written(row[key])
            if not isinstance(value, str):
                raise InputError(f"{label}{key} must be text, not {_kind(value)}", path=path, line=line)
            if not value.strip():
                raise InputError(f"{label}{key} is empty", path=path, line=line)
            return value.strip()
    alias = _ALIASES[name][1]
    found = ", ".join(str(key) for key in row) or "nothing"
    raise InputError(f"{label}the field {name!r} is missing", path=path, line=line,
                     hint=f"Each seed needs instruction and response ({alias!r} is accepted for {name!r}); found: {found}.")  # fmt: skip


def _kind(value: object) -> str:
    names = {dict: "a mapping", list: "a list", str: "text", bool: "true/false", type(None): "nothing"}
    return names.get(type(value), "a number" if isinstance(value, int | float) else type(value).__name__)


def _read_jsonl(path: Path) -> Iterator[Row]:
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if line.strip():
            yield number, _parse_json(line, path, number)


def _parse_json(text: str, path: Path, first_line: int) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(
            f"not valid JSON: {error.msg} (column {error.colno})", path=path, line=first_line + error.lineno - 1
        ) from None
    except RecursionError:
        raise InputError("not usable JSON: nested too deeply", path=path, line=first_line) from None
    except ValueError as error:  # an integer of thousands of digits
        raise InputError(f"not usable JSON: {error}", path=path, line=first_line) from None


def _read_json(path: Path) -> Iterator[Row]:
    yield from ((None, row) for row in _unwrap(_parse_json(read_text(path), path, 1), path))


def _read_yaml(path: Path) -> Iterator[Row]:
    documents = read_documents(path)
    if not documents:
        return
    data, lines = documents[0].data, documents[0]
    prefix = ("seed_examples",) if isinstance(data, dict) else ()
    for number, row in enumerate(_unwrap(data, path)):
        yield lines.line((*prefix, number)), row


def _unwrap(data: Any, path: Path) -> list[Any]:
    rows = data.get("seed_examples") if isinstance(data, dict) else data
    if not isinstance(rows, list):
        raise InputError(
            "a list of records is wanted", path=path, hint="Either a list, or a mapping with the key seed_examples."
        )
    return rows


def _read_csv(path: Path) -> Iterator[Row]:
    reader = csv.DictReader(io.StringIO(read_text(path), newline=""))
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise InputError(f"not valid CSV: {error}", path=path, line=line) from None
        # A record may span lines; the first row read also consumed the header.
        yield max(line, 2), {key: value for key, value in row.items() if key is not None and value is not None}


def _read_parquet(path: Path) -> Iterator[Row]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise ExtraMissing(f"{path}: reading Parquet needs pyarrow", hint="pip install 'demur[parquet]'") from None
    try:
        rows = pyarrow.parquet.read_table(path).to_pylist()
    except FileNotFoundError:
        raise InputError("no such file", path=path) from None
    except (pyarrow.ArrowException, OSError) as error:
        raise InputError(f"not a Parquet file that can be read: {str(error).splitlines()[0]}", path=path) from None
    yield from ((None, row) for row in rows)
