"""Records from a file that a person wrote: JSONL, JSON, YAML, CSV or Parquet, by the file's ending."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from demur.errors import ExtraMissing, InputError
from demur.inputs.yaml_text import read_documents, read_text

FORMATS = (".jsonl", ".json", ".yaml", ".yml", ".csv", ".parquet")

Row = tuple[int | None, Any]
"""A record with its line in the file, where the format has lines."""


def read_rows(path: Path, what: str) -> Iterator[Row]:
    """The records of a file; the format goes by its ending. They may be of any kind.

    Args:
        what: what is wanted from the file, for errors: `seeds`.

    Raises:
        InputError: the file cannot be read or is not of its format; names file and line. Some of it comes only as the
            records are taken.
        ExtraMissing: Parquet is wanted and pyarrow is not installed.
    """
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise InputError(f"{what} cannot be read from {suffix or 'a file without an ending'}", path=path,
                         hint=f"Formats: {', '.join(FORMATS)}.")  # fmt: skip
    reader = {".jsonl": _read_jsonl, ".json": _read_json, ".csv": _read_csv, ".parquet": _read_parquet}.get(
        suffix, _read_yaml
    )
    return reader(path)


def name_kind(value: object) -> str:
    """What a value is, in a word or two, for errors."""
    names = {dict: "a mapping", list: "a list", str: "text", bool: "true/false", type(None): "nothing"}
    return names.get(type(value), "a number" if isinstance(value, int | float) else type(value).__name__)


def _read_jsonl(path: Path) -> Iterator[Row]:
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if line.strip():
            yield number, parse_json(line, path, number)


def parse_json(text: str, path: Path, first_line: int) -> Any:
    """A JSON value from a text that begins at a line of a file.

    Raises:
        InputError: it is not JSON, nested too deeply, or holds a number of thousands of digits.
    """
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
    yield from ((None, row) for row in _unwrap(parse_json(read_text(path), path, 1), path))


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
