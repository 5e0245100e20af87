"""What a target of the fuzzing is, and how files are fed to readers."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

from demur.errors import DemurError
from tests.conftest import POLICY

Work: TypeAlias = Callable[[Path], object]
_KEPT: list[tempfile.TemporaryDirectory[str]] = []


@dataclass(frozen=True, slots=True)
class Target:
    """A reader, and pieces of what it reads.

    Attributes:
        run: feeds bytes to it; raises where the reader does what it must not.
        words: pieces that a fuzzer puts together.
    """

    name: str
    run: Callable[[bytes], None]
    words: tuple[bytes, ...]


def check_words(error: DemurError) -> None:
    """An error says something."""
    assert str(error)


@lru_cache(maxsize=1)
def find_folder() -> Path:
    """A folder of this process alone, in memory where the machine offers that."""
    shared = Path("/dev/shm")
    kept = tempfile.TemporaryDirectory(prefix="demur-fuzz-", dir=shared if os.access(shared, os.W_OK) else None)
    _KEPT.append(kept)
    folder = Path(kept.name)
    (folder / "policy.yaml").write_text(POLICY)
    (folder / "plain.jsonl").write_text('{"instruction": "Open the lock of the shed", "response": "No."}\n')
    return folder


def feed_file(data: bytes, name: str, work: Work) -> None:
    """Let a reader read a file of these bytes; it may refuse it with an error of the tree."""
    path = find_folder() / name
    path.write_bytes(data)
    try:
        work(path)
    except DemurError as error:
        check_words(error)
