"""Files that are either wholly there or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from demur.errors import OutputFault


def write_text(path: Path, lines: Iterable[str]) -> None:
    """Write a file atomically: a temporary one beside it, flushed to the disk, then renamed over it.

    Raises:
        OutputFault: the disk refuses; what was there before is untouched.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
        temporary = Path(name)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        temporary = None
        _sync_folder(path.parent)
    except OSError as error:
        raise OutputFault(
            f"{path} cannot be written: {error.strerror or error}",
            hint="Make room or choose another --output-dir, then run the same command again: the journal has every reply.",
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


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
    """JSON, on one line unless indented. Lone surrogates, which no UTF-8 file can hold, become U+FFFD; line separators are escaped."""
    text = json.dumps(record, ensure_ascii=False, indent=indent)
    # U+2028 and U+2029 are legal in JSON, and end a line for some readers.
    text = text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029").replace("\x85", "\\u0085")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


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
