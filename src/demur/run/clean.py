"""Finds and removes what runs keep for themselves: journals, and what a killed run left half-written. Datasets stay."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from demur.errors import InputError
from demur.inputs.task import read_tasks
from demur.inputs.validation import read_environment
from demur.outputs.files import remove_file
from demur.run.journal import JOURNAL, JOURNAL_PARTS, remove_journal
from demur.run.plan import Options, find_folder
from demur.run.task_run import ALL_FILES


@dataclass(frozen=True, slots=True)
class Kept:
    """What a run keeps for itself in one output folder.

    Attributes:
        journal: the journal, or None where there is none.
        leftovers: half-written files.
        size_bytes: of all these.
        staying: the outputs in the folder, which are not touched.
    """

    folder: Path
    journal: Path | None
    leftovers: tuple[Path, ...]
    size_bytes: int
    staying: tuple[str, ...]


def find_kept(paths: Sequence[Path], options: Options) -> list[Kept]:
    """What there is to remove, in the output folders of task files and in folders and all below them.

    Raises:
        InputError: a path is neither, or a task cannot be read.
    """
    found: dict[Path, Kept] = {}
    for path in paths:
        for folder in _list_folders(path, options):
            kept = _look_into(folder)
            if kept.journal or kept.leftovers:
                found.setdefault(folder.resolve(), kept)
    return list(found.values())


def remove_kept(kept: Kept) -> None:
    """Remove one folder's journal and leftovers.

    Raises:
        JournalFault: a run holds the journal, it is no journal of demur's, or the disk refuses. Nothing is removed then.
        OutputFault: the disk refuses.
    """
    if kept.journal is not None:
        remove_journal(kept.journal, foreign=False)
    for leftover in kept.leftovers:
        remove_file(leftover)


def _list_folders(path: Path, options: Options) -> Iterator[Path]:
    if path.is_dir():
        yield from sorted(Path(folder) for folder, _, _ in os.walk(path))  # links are not followed
        return
    if not path.exists():
        raise InputError("no such file or folder", path=path, hint="Name task files, or output folders.")
    environment = read_environment(options.data_dir)
    for inputs in read_tasks(path, environment):
        yield find_folder(inputs, options, environment)


def _look_into(folder: Path) -> Kept:
    journal = folder / JOURNAL
    parts = [journal.with_name(journal.name + part) for part in JOURNAL_PARTS]
    there = [part for part in parts if part.is_symlink() or part.exists()]
    leftovers = [leftover for name in ALL_FILES for leftover in sorted(folder.glob(f".{name}.*.tmp"))]
    size = sum(part.lstat().st_size for part in (*there, *leftovers))
    staying = tuple(name for name in ALL_FILES if (folder / name).exists())
    return Kept(folder, journal if there else None, tuple(leftovers), size, staying)
