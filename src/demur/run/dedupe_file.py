"""Removes near-duplicates from a JSONL file of any size, within it and against other files.

A record that is kept is written byte for byte as it came, in its place; each that is removed names the text that it is
too near to.
"""

from __future__ import annotations

import stat
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from demur.errors import InputError
from demur.outputs.files import open_atomically
from demur.run.sieve import DedupeProgress, DedupeRequest, Sieve, Tally

_HINT = "Make room or choose another place, then run the same command again."


@dataclass(slots=True, kw_only=True)
class DedupeReport:
    """What became of a file's records.

    Attributes:
        records: those read, without the skipped ones.
        within: removed for an earlier record of the file.
        against: removed for a text of another file, by file.
        skipped: lines left out because they hold no text under the field, in all files.
        skipped_why: the first few of their errors.
    """

    records: int
    kept: int
    within: Tally
    against: tuple[Tally, ...]
    skipped: int
    skipped_why: tuple[str, ...]
    elapsed_s: float

    @property
    def removed(self) -> int:
        """Duplicates of either kind."""
        return self.records - self.kept

    def describe(self) -> dict[str, object]:
        """The counts as JSON."""
        return {
            "file": str(self.within.path),
            "records": self.records,
            "kept": self.kept,
            "removed": self.removed,
            "within": {"exact": self.within.exact, "near": self.within.near},
            "against": [
                {"file": str(tally.path), "records": tally.records, "exact": tally.exact, "near": tally.near}
                for tally in self.against
            ],
            "skipped": self.skipped,
            "skipped_why": list(self.skipped_why),
            "elapsed_s": round(self.elapsed_s, 3),
        }


def dedupe_file(
    request: DedupeRequest,
    out: Path | BinaryIO,
    pairs: Path | None = None,
    observe: Callable[[DedupeProgress], None] = lambda _: None,
) -> DedupeReport:
    """Write the records of a file that are new, in their order, into another file that is there whole or not at all.

    Args:
        out: the new file, with the old one's permissions; or a stream that is open.
        pairs: gets a JSON line for each removed record: its line and text, the nearest text and its place, the score.
        observe: told the progress now and then, at the least after each block.

    Raises:
        InputError: a file cannot be read or would be written over, a line holds no text under the field, or the threshold
            is out of range.
        ExtraMissing: a file to compare with is Parquet, and pyarrow is not installed.
        OutputFault: an output cannot be written.
    """
    if not 0 < request.threshold <= 1:
        raise InputError(
            f"the threshold {request.threshold:g} is out of range", hint="Above 0 and at most 1; 0.7 is usual."
        )
    _check_paths(request, [path for path in (out, pairs) if isinstance(path, Path)])
    if pairs is not None:
        _check_rereadable([request.source, *(reference.path for reference in request.against)])
    with ExitStack() as files:
        # The stack closes backwards: whoever sees the output finds the pairs complete.
        stream = files.enter_context(_open_output(out, request.source)) if isinstance(out, Path) else out
        shown = files.enter_context(_open_output(pairs, request.source)) if pairs is not None else None
        return _dedupe_lines(request, stream, shown, observe)


def _open_output(path: Path, like: Path) -> AbstractContextManager[BinaryIO]:
    if path.exists() and not path.is_file():
        # /dev/null, a pipe: nothing that could be renamed over.
        return path.open("wb")
    with suppress(OSError):
        return open_atomically(path, hint=_HINT, mode=stat.S_IMODE(like.stat().st_mode))
    return open_atomically(path, hint=_HINT)


def _dedupe_lines(
    request: DedupeRequest,
    out: BinaryIO,
    pairs: BinaryIO | None,
    observe: Callable[[DedupeProgress], None],
) -> DedupeReport:
    started_s = time.monotonic()
    sieve = Sieve(request, observe, findable=pairs is not None)
    for reference in request.against:
        sieve.index_reference(reference)
    kept = sieve.filter_source(out, pairs)
    within, *against = (shelf.tally for shelf in sieve.shelves)
    return DedupeReport(
        records=within.records,
        kept=kept,
        within=within,
        against=tuple(against),
        skipped=sieve.skipped,
        skipped_why=tuple(sieve.skipped_why),
        elapsed_s=time.monotonic() - started_s,
    )


def _check_paths(request: DedupeRequest, outputs: list[Path]) -> None:
    """Make sure that no file is written over another of the same command.

    Raises:
        InputError: an output is an input or stands twice, or the file is to be compared with itself.
    """
    for reference in request.against:
        if _is_same(reference.path, request.source):
            raise InputError("--against names the file that is deduplicated", path=reference.path,
                             hint="Leave it out: duplicates within the file are found anyway.")  # fmt: skip
    taken = [request.source, *(reference.path for reference in request.against)]
    for path in outputs:
        if any(_is_same(path, other) for other in taken):
            raise InputError("this file would be written over while it is needed", path=path,
                             hint="Give the output a name of its own.")  # fmt: skip
        if path.is_dir():
            raise InputError("this is a folder, a file is wanted", path=path)
        taken.append(path)


def _check_rereadable(paths: list[Path]) -> None:
    for path in paths:
        if path.exists() and not path.is_file():
            raise InputError("--pairs looks texts up in here, and only a file can be read twice", path=path,
                             hint="Write the stream to a file first, or leave --pairs out.")  # fmt: skip


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return one.absolute() == other.absolute()
