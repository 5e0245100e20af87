"""`demur clean`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from demur.cli.failures import sanitise_line, show_error
from demur.cli.main import read_options
from demur.errors import DemurError, InputError
from demur.run.clean import Kept, find_kept, remove_kept
from demur.wording import say_count


def execute(arguments: argparse.Namespace) -> int:
    """Say what would be removed and what stays; remove it once that is agreed to.

    Raises:
        DemurError: a path cannot be used, or nobody is there to agree.
    """
    found = find_kept(arguments.paths, read_options(arguments))
    if not found:
        print("Nothing to remove.")
        return 0
    show_kept(found)
    if arguments.dry_run:
        print("Nothing was removed (--dry-run).")
        return 0
    if not (arguments.yes or _ask()):
        print("Nothing was removed.")
        return 0
    return _remove(found)


def show_kept(found: Sequence[Kept]) -> None:
    """Print what there is in each folder, and what its removal means."""
    for kept in found:
        names = [kept.journal.name] if kept.journal else []
        names += [say_count(len(kept.leftovers), "half-written file")] if kept.leftovers else []
        print(sanitise_line(f"{kept.folder}: {' and '.join(names)}, {format_size(kept.size_bytes)}"))
        print(sanitise_line(f"    stays: {', '.join(kept.staying) or 'no outputs are there'}"))
    print("Without its journal a run cannot be gone on with or repeated: every reply is asked for again.")


def format_size(size_bytes: int) -> str:
    """A size in the unit that leaves at most four digits."""
    size = float(size_bytes)
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def _ask() -> bool:
    if not sys.stdin.isatty():
        raise InputError("nobody is there to agree to this", hint="Say --yes, or --dry-run to only look.")
    try:
        return input("Remove? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


def _remove(found: Sequence[Kept]) -> int:
    code = size = removed = 0
    for kept in found:
        try:
            remove_kept(kept)
        except DemurError as error:
            show_error(error)
            code = error.exit_code
        else:
            removed += 1
            size += kept.size_bytes
    print(
        f"Removed from {removed} of {say_count(len(found), 'folder')}, {format_size(size)}. The datasets were not touched."
    )
    return code
