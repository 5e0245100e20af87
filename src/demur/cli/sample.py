"""`demur sample`."""

from __future__ import annotations

import argparse
import json
import sys

from demur.cli.failures import sanitise_line
from demur.run.sample import Sampled, SampleRequest, describe_strata, sample_folder
from demur.wording import say_count

STRATA_SHOWN = 30


def execute(arguments: argparse.Namespace) -> int:
    """Sample a dataset, and print what was picked of each stratum.

    Raises:
        DemurError: the input is wrong, or an output cannot be written.
    """
    by = tuple(dict.fromkeys(name.strip() for name in arguments.by.split(",") if name.strip()))
    request = SampleRequest(count=arguments.count, by=by, seed=arguments.seed, keep_twins=arguments.keep_twins)
    sampled = sample_folder(arguments.dir, arguments.output, request, force=arguments.force)
    if arguments.json:
        result = {
            "folder": str(arguments.output),
            "pairs": len(sampled.rows),
            "twins_along": sampled.twins,
            "strata": describe_strata(request, sampled.strata),
        }
        print(json.dumps(result, indent=2))
    else:
        show_sample(request, sampled)
        print(sanitise_line(f"{say_count(len(sampled.rows), 'pair')} in {arguments.output}"))
    picked = len(sampled.rows) - sampled.twins
    if picked < request.count:
        print(f"There are no more than {picked:,} to pick from.", file=sys.stderr)
    return 0


def show_sample(request: SampleRequest, sampled: Sampled) -> None:
    """Print a line a stratum: how many of how many, and how far apart those are."""
    for stratum in sampled.strata[:STRATA_SHOWN]:
        name = ", ".join(f"{key} {value}" for key, value in zip(request.by, stratum.values, strict=True)) or "all"
        said = f"{stratum.picked:,} of {stratum.pairs:,}  {name}"
        if stratum.traversal is not None and stratum.traversal.closest is not None:
            said += f"  (no two nearer than {stratum.traversal.closest:.2f})"
        print(sanitise_line(said))
    if len(sampled.strata) > STRATA_SHOWN:
        print(f"… and {len(sampled.strata) - STRATA_SHOWN:,} more strata")
    if sampled.twins:
        print(f"{say_count(sampled.twins, 'twin')} came along")
