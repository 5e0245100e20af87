"""JSONL files of any size, line by line: the bytes as they stand, and one text field of each record."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demur.errors import InputError
from demur.inputs.rows import name_kind, parse_json
from demur.inputs.text_file import open_file

MAX_LINE_BYTES = 64_000_000
"""Longest line that is read: far beyond any record, short of what fills the memory."""
_BOM = b"\xef\xbb\xbf"
_DIGITS = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file.

    Attributes:
        number: counted from 1, blank lines included.
        offset: where it begins in the file, in bytes.
        raw: its bytes, with the line ending that it has.
    """

    number: int
    offset: int
    raw: bytes


def read_lines(path: Path, *, pipes: bool = False) -> Iterator[Line]:
    """The lines of a file, one after the other, but for blank ones.

    Args:
        pipes: whether a pipe by name is read too, however long it takes until somebody writes to it.

    Raises:
        InputError: the file cannot be read, or a line is longer than `MAX_LINE_BYTES`.
    """
    try:
        with path.open("rb") if pipes and path.is_fifo() else open_file(path) as file:
            number, offset = 0, 0
            while raw := file.readline(MAX_LINE_BYTES + 1):
                number += 1
                if len(raw) > MAX_LINE_BYTES:
                    raise InputError(f"a line longer than {MAX_LINE_BYTES // 1_000_000} MB", path=path, line=number,
                                     hint="JSONL is wanted: one record a line.")  # fmt: skip
                if raw.strip():
                    yield Line(number, offset, raw)
                offset += len(raw)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", path=path) from None


def read_field(line: Line, field: str, path: Path, mend: str = "") -> str:
    """The text of a line's record under a field; see `find_text`.

    Raises:
        InputError: the line is no UTF-8 or no JSON, or there is no text under that field.
    """
    return find_text(read_record(line, path), field, path, line.number, mend=mend)


def read_record(line: Line, path: Path) -> Any:
    """A line's record.

    Raises:
        InputError: the line is no UTF-8 or no JSON.
    """
    try:
        text = line.raw.removeprefix(_BOM if line.number == 1 else b"").decode("utf-8").strip()
    except UnicodeDecodeError:
        raise InputError("not UTF-8 text", path=path, line=line.number, hint="Save the file as UTF-8.") from None
    return parse_json(text, path, line.number)


def find_text(record: Any, field: str, path: Path, line: int | None, label: str = "", mend: str = "") -> str:
    """The text under a field of a record.

    Args:
        field: a key; or keys and list positions (counted from 0) joined by dots that lead inward, such as
            `metadata.text` and `messages.0.content`. A key that has dots itself comes first.
        label: put before an error's words, where a line cannot say which record it is.
        mend: how another field is named, for the error's hint.

    Raises:
        InputError: there is nothing there, or it is no text.
    """
    if isinstance(record, Mapping) and field in record:
        value = record[field]
    else:
        value = record
        for key in field.split("."):
            if isinstance(value, Mapping) and key in value:
                value = value[key]
            elif isinstance(value, list) and _DIGITS.fullmatch(key) and int(key) < len(value):
                value = value[int(key)]
            else:
                found = ", ".join(map(str, value)) or "nothing" if isinstance(value, Mapping) else name_kind(value)
                raise InputError(
                    f"{label}the field {field!r} is missing",
                    path=path,
                    line=line,
                    hint=f"Found in its place: {found}. {mend}".rstrip(),
                )
    if not isinstance(value, str):
        raise InputError(f"{label}the field {field!r} must be text, not {name_kind(value)}", path=path, line=line)
    return value
