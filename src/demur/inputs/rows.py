"""Records from a file that a person wrote: JSONL, JSON, YAML, CSV or Parquet, by the file's ending."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demur.errors import ExtraMissing, InputError
from demur.inputs.text_file import open_file, read_text
from demur.inputs.yaml_text import read_documents

if TYPE_CHECKING:
    import pyarrow.parquet

FORMATS = (".jsonl", ".json", ".yaml", ".yml", ".csv", ".parquet")

MAX_JSON_VALUES = 5_000_000
"""An empty list of two characters takes up sixty bytes; this bounds what a file of nothing but such can take."""
MAX_PARQUET_BYTES = 500_000_000
"""Most that a Parquet file may come to once it is unpacked: one of a few kilobytes can stand for terabytes."""
_BATCH_ROWS = 1_000

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
    return reader(path, what)


def name_kind(value: object) -> str:
    """What a value is, in a word or two, for errors."""
    names = {dict: "a mapping", list: "a list", str: "text", bool: "true/false", type(None): "nothing"}
    return names.get(type(value), "a number" if isinstance(value, int | float) else type(value).__name__)


def _read_jsonl(path: Path, _what: str) -> Iterator[Row]:
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if line.strip():
            yield number, parse_json(line, path, number)


def parse_json(text: str, path: Path, first_line: int) -> Any:
    """A JSON value from a text that begins at a line of a file.

    Raises:
        InputError: it is not JSON, nested too deeply, or holds too many values or a number of thousands of digits.
    """
    if len(text) > MAX_JSON_VALUES and sum(map(text.count, "[{,")) > MAX_JSON_VALUES:
        raise InputError(f"not usable JSON: more than {MAX_JSON_VALUES:,} values", path=path, line=first_line)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(
            f"not valid JSON: {error.msg} (column {error.colno})",
            path=path,
            line=first_line + error.lineno - 1,
            hint="Mend it there, or make the file anew: it may have been cut off.",
        ) from None
    except RecursionError:
        raise InputError("not usable JSON: nested too deeply", path=path, line=first_line) from None
    except ValueError as error:  # an integer of thousands of digits
        words = str(error).partition(";")[0].replace("Exceeds the limit", "exceeds the limit")
        raise InputError(f"not usable JSON: {words}", path=path, line=first_line) from None


def _read_json(path: Path, what: str) -> Iterator[Row]:
    yield from ((None, row) for row in _unwrap(parse_json(read_text(path), path, 1), path, what))


def _read_yaml(path: Path, what: str) -> Iterator[Row]:
    documents = read_documents(path)
    if not documents:
        return
    data, lines = documents[0].data, documents[0]
    prefix = ("seed_examples",) if isinstance(data, dict) else ()
    for number, row in enumerate(_unwrap(data, path, what)):
        yield lines.line((*prefix, number)), row


def _unwrap(data: Any, path: Path, what: str) -> list[Any]:
    rows = data.get("seed_examples") if isinstance(data, dict) else data
    if not isinstance(rows, list):
        seeds = what == "seeds"
        hint = "Either a list, or a mapping with the key seed_examples." if seeds else "Such as a list of texts."
        raise InputError(f"a list of records is wanted, not {name_kind(data)}", path=path, hint=hint)
    return rows


def _read_csv(path: Path, _what: str) -> Iterator[Row]:
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


def _read_parquet(path: Path, _what: str) -> Iterator[Row]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise ExtraMissing.tell(f"{path}: reading Parquet", "pyarrow", extra="parquet") from None
    with open_file(path) as file:
        if not file.seekable():
            raise InputError("Parquet is read from its end, so a pipe cannot hold it", path=path)
        try:
            yield from ((None, row) for row in _unpack(pyarrow.parquet.ParquetFile(file), path))
        except (
            pyarrow.ArrowException,
            OSError,
            ValueError,
            ArithmeticError,
            LookupError,
            RuntimeError,
            TypeError,
        ) as error:
            words = (str(error).splitlines() or [type(error).__name__])[0]
            raise InputError(f"not a Parquet file that can be read: {words}", path=path) from None


def _unpack(source: pyarrow.parquet.ParquetFile, path: Path) -> Iterator[Any]:
    """The records, batch by batch, as long as they stay within `MAX_PARQUET_BYTES`."""
    # Not column by column: a damaged column's description ends the process (pyarrow 26).
    sizes = [abs(source.metadata.row_group(number).total_byte_size) for number in range(source.metadata.num_row_groups)]
    if sum(sizes) > MAX_PARQUET_BYTES:
        raise _too_large(path)
    # A value stands once in a column's dictionary, and in a batch as often as it has rows.
    rows = max(1, min(_BATCH_ROWS, MAX_PARQUET_BYTES // max(1, *sizes, 1)))
    size = 0
    for batch in source.iter_batches(batch_size=rows):
        for row in batch.to_pylist():
            size += _weigh(row)
            if size > MAX_PARQUET_BYTES:
                raise _too_large(path)
            yield row


def _weigh(value: object) -> int:
    """About the bytes of a value; a number weighs as much as a short text."""
    if isinstance(value, str | bytes):
        return 50 + len(value)
    if isinstance(value, dict):
        return 50 + sum(map(_weigh, value.values()))
    if isinstance(value, list):
        return 50 + sum(map(_weigh, value))
    return 50


def _too_large(path: Path) -> InputError:
    return InputError(f"larger than {MAX_PARQUET_BYTES // 1_000_000} MB once it is unpacked", path=path,
                      hint="Split it, or keep only the columns that are needed.")  # fmt: skip
