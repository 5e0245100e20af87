"""Which files of a folder a run, or a dataset made of datasets, owns there, and what `demur export` left beside them."""

from __future__ import annotations

from pathlib import Path

from demur.errors import InputError, OutputFault
from demur.inputs.output_settings import FORMATS
from demur.outputs.croissant import CROISSANT
from demur.outputs.exchange import FINAL_DATA
from demur.outputs.export import CARD, KINDS, is_export
from demur.outputs.files import remove_file
from demur.outputs.pairs import FORMATTED, PARQUET_FILES
from demur.outputs.preferences import PREFERENCES
from demur.outputs.report import COMPARISON, REPORT

REJECTED, RECORD = "rejected.jsonl", "run.json"
EXPORTS = "exports"
"""The folder within a run's own where `demur export` puts what no place is named for."""
OWN_FILES = (
    FINAL_DATA, FORMATTED, REJECTED, RECORD, CARD, CROISSANT, REPORT, PREFERENCES, *PARQUET_FILES, COMPARISON,
)  # fmt: skip
OWN_JOURNAL = ("journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm")
_TELLING = (FINAL_DATA, RECORD, OWN_JOURNAL[0])
"""Where one of these is, the folder is a run's or a dataset's."""


def require_foreign(path: Path, *, but: tuple[str, ...] = ()) -> None:
    """Make sure that what is to be written takes the place of no file that a run owns, there already or not.

    Args:
        but: names that may be written over.

    Raises:
        InputError: it would.
    """
    name = path.name.casefold()  # some file systems tell no case
    if name not in (*OWN_FILES, *OWN_JOURNAL) and name != CARD.casefold():
        return
    if name not in but and any((path.parent / telling).exists() for telling in _TELLING):
        raise InputError("this is a file of the run's own, and would be written over", path=path,
                         hint="Give the output a name of its own, or another folder.")  # fmt: skip


def remove_stale(folder: Path, *, written: tuple[str, ...]) -> None:
    """Remove from a dataset's folder what belongs to the one before it: its files, but for those written anew, and exports.

    Raises:
        OutputFault: the disk refuses.
    """
    for name in OWN_FILES:
        if name not in written:
            remove_file(folder / name)
    remove_exports(folder)


def remove_exports(folder: Path) -> None:
    """Remove what `demur export` put into a run's folder unasked; what anyone else put beside it stays.

    Raises:
        OutputFault: the disk refuses.
    """
    exports = folder / EXPORTS
    if exports.is_symlink() or not exports.is_dir():
        return
    for path in sorted(exports.iterdir()):
        if path.is_symlink() or path.name.split(".")[0] not in FORMATS:
            continue
        if path.is_file() and path.suffix.removeprefix(".") in KINDS:
            remove_file(path)
        elif path.is_dir() and is_export(path):
            for file in sorted((path / "data").glob("*.parquet")):
                remove_file(file)
            remove_file(path / CARD)
            _remove_empty(path / "data")
            _remove_empty(path)
    _remove_empty(exports)


def _remove_empty(folder: Path) -> None:
    try:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    except OSError as error:
        raise OutputFault(f"{folder} cannot be removed: {error.strerror or error}") from error
