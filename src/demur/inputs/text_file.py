"""Files that a person names, opened so that none of them can hang demur or fill its memory.

A path may lead anywhere: to a pipe that nobody writes to, to `/dev/zero`, round in a circle. What is read whole has to be
a regular file, or a pipe that was handed over open (`/dev/stdin`, `<(command)`), and is read up to a limit.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

from demur.errors import InputError

MAX_BYTES = 50_000_000
"""Largest file that is read whole as text: a seed file of 50,000 long seeds, far beyond any task or policy."""

_NON_BLOCKING: int = getattr(os, "O_NONBLOCK", 0)
_HANDED_OVER = ("/dev/stdin", "/dev/fd/", "/proc/self/fd/")


def expand_home(written: str) -> Path:
    """The path that a person wrote, with `~` replaced; where nobody has that name it stays, as in a shell."""
    try:
        return Path(written).expanduser()
    except (RuntimeError, ValueError):  # ValueError: a NUL in the name
        return Path(written)


def open_file(path: Path) -> BinaryIO:
    """Open a file to be read.

    Raises:
        InputError: it is missing, a folder, a device, a pipe by name, or may not be read.
    """
    try:
        # A pipe without a writer would wait here for ever: so it is opened without waiting, and only then looked at.
        number = os.open(path, os.O_RDONLY | _NON_BLOCKING | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        raise InputError("no such file", path=path) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise InputError(f"cannot be read: {getattr(error, 'strerror', None) or error}", path=path) from None
    mode = os.fstat(number).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(number, "rb")
    if stat.S_ISFIFO(mode) and str(path).startswith(_HANDED_OVER):
        os.set_blocking(number, True)
        return os.fdopen(number, "rb")
    os.close(number)
    if stat.S_ISDIR(mode):
        raise InputError("this is a folder, a file is wanted", path=path)
    raise InputError(
        "this is a device or a pipe, a file is wanted", path=path, hint="Save its content to a file first."
    )


def read_bytes(path: Path, most: int = MAX_BYTES) -> bytes:
    """Read a file whole.

    Args:
        most: bytes that it may have.

    Raises:
        InputError: see `open_file`; or it is larger.
    """
    with open_file(path) as file:
        try:
            # One byte more tells that there is more, whatever the file said of its size.
            raw = file.read(most + 1)
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror or error}", path=path) from None
    if len(raw) > most:
        raise InputError(f"larger than {most // 1_000_000} MB", path=path, hint="Split it, or thin it out.")
    return raw


def replace_surrogates(text: str) -> str:
    """Replace lone surrogates (JSON can spell them) by U+FFFD, so that the text can be written as UTF-8."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def read_text(path: Path, most: int = MAX_BYTES) -> str:
    """Read a text file that a person wrote, as UTF-8 (a byte-order mark is dropped).

    Raises:
        InputError: see `read_bytes`; or it is not UTF-8.
    """
    raw = read_bytes(path, most)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError("not UTF-8 text", path=path, line=line, hint="Save the file as UTF-8.") from None
