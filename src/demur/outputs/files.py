"""Files that are either wholly there or not at all."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from demur.errors import OutputFault
from demur.inputs.text_file import replace_surrogates

RERUN = "Make room or choose another --output-dir, then run the same command again: the journal has every reply."

STEERING = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069]")
"""Control characters but tab and line break, line separators, and marks that turn the direction of text."""


@contextmanager
def open_atomically(path: Path, *, hint: str, mode: int | None = None) -> Iterator[BinaryIO]:
    """A file to write into that takes its name only when the block ends well: a temporary one beside it, then renamed.

    Args:
        hint: what to do when the disk refuses.
        mode: the permissions that it gets; None: its owner's alone.

    Raises:
        OutputFault: the disk refuses, also if an `OSError` leaves the block; what was there before is untouched.
    """
    temporary = None
    if path.is_dir():
        raise OutputFault(f"{path} cannot be written: it is a folder", hint="Name a file, or move the folder away.")
    try:
        make_folder(path.parent)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
        temporary = Path(name)
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            temporary.chmod(mode)
        temporary.replace(path)
        temporary = None
        _sync_folder(path.parent)
    except BrokenPipeError:
        raise  # another stream's reader has gone: no fault of this file
    except OSError as error:
        raise OutputFault(f"{path} cannot be written: {error.strerror or error}", hint=hint) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it that are missing, for their owner alone. One that is there stays as it is.

    Raises:
        OSError: the disk refuses.
    """
    missing = [folder, *folder.parents]
    for place in reversed([place for place in missing if not place.exists()]):
        place.mkdir(mode=0o700, exist_ok=True)
    folder.mkdir(exist_ok=True)  # says so where a file has the name


def write_text(path: Path, lines: Iterable[str]) -> None:
    """Write a file atomically, as UTF-8.

    Raises:
        OutputFault: the disk refuses; what was there before is untouched.
    """
    with open_atomically(path, hint=RERUN) as file:
        for line in lines:
            file.write(line.encode("utf-8"))


def count_lines(path: Path) -> int:
    """The lines of a file, 0 where there is none."""
    try:
        with path.open("rb") as file:
            return sum(1 for _ in file)
    except OSError:
        return 0


def remove_file(path: Path) -> None:
    """Remove a file, if it is there.

    Raises:
        OutputFault: the disk refuses.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise OutputFault(f"{path} cannot be removed: {error.strerror or error}") from error


def write_jsonl(path: Path, records: Iterable[Mapping[str, object]]) -> None:
    """Write one JSON object a line, atomically.

    Raises:
        OutputFault: the disk refuses.
    """
    write_text(path, (encode(record) + "\n" for record in records))


def encode(record: Mapping[str, object], *, indent: int | None = None) -> str:
    """JSON, on one line unless indented.

    Lone surrogates, which no UTF-8 file can hold, become U+FFFD. Escaped is what is legal in JSON and ends a line for some
    readers (U+2028, U+2029, U+0085), or steers the terminal of whoever looks into the file.

    Raises:
        ValueError: a number is none (NaN, infinity): JSON has no such thing.
    """
    text = json.dumps(record, ensure_ascii=False, indent=indent, allow_nan=False)
    if text.isascii() and "\x7f" not in text:
        return text
    return replace_surrogates(STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable; some file systems do not offer it, and the file is whole all the same."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)
