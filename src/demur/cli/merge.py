"""`demur merge`."""

from __future__ import annotations

import argparse
import json

from demur.cli.failures import sanitise_line
from demur.run.merge import merge_folders
from demur.wording import say_count


def execute(arguments: argparse.Namespace) -> int:
    """Merge datasets, and print what was kept of each.

    Raises:
        DemurError: the input is wrong, or an output cannot be written.
    """
    merged = merge_folders(arguments.dirs, arguments.output, threshold=arguments.threshold, force=arguments.force)
    if arguments.json:
        shares = [
            {"folder": str(share.folder), "pairs": share.pairs, "kept": share.kept, "near_duplicate": share.duplicates,
             "parent_dropped": share.orphans}
            for share in merged.shares
        ]  # fmt: skip
        result = {"folder": str(arguments.output), "pairs": len(merged.rows), "inputs": shares}
        print(json.dumps(result, indent=2))
        return 0
    for number, share in enumerate(merged.shares, start=1):
        said = f"{number}: {share.kept:,} of {say_count(share.pairs, 'pair')} of {share.folder}"
        if share.duplicates:
            said += f"; {share.duplicates:,} near to an earlier dataset's"
        if share.orphans:
            said += f"; {share.orphans:,} made of such"
        print(sanitise_line(said))
    print(sanitise_line(f"{say_count(len(merged.rows), 'pair')} in {arguments.output}"))
    return 0
