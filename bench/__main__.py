"""Measures, prints a table, writes `bench/results.json`; exits 1 if a bound is broken."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.figures import Figure
from bench.local import measure_install, measure_replay, measure_scripted, measure_startup
from bench.novelty import measure_dedupe, measure_dedupe_million
from bench.prefixes import measure_prefixes
from bench.replies import measure_replies
from bench.serving import measure_cost, measure_slots

PARTS: dict[str, Callable[[], Iterator[Figure]]] = {
    "startup": measure_startup,
    "install": measure_install,
    "scripted": lambda: measure_scripted(3000),
    "cost": lambda: measure_cost(1500),
    "slots": lambda: measure_slots(600),
    "replay": lambda: measure_replay(10_000),
    "prefix": lambda: measure_prefixes(300),
    "replies": measure_replies,
    "dedupe": measure_dedupe,
    "dedupe-million": measure_dedupe_million,
}
LONG_PARTS = {"dedupe-million"}
"""What takes longer than all the rest: measured only when it is named."""


def main() -> int:
    """Run the parts that are named, or all but the long ones."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; default: all but {', '.join(LONG_PARTS)}"
    )
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("results.json"))
    given = parser.parse_args()
    unknown = [part for part in given.parts if part not in PARTS]
    if unknown:
        parser.error(f"no part is called {unknown[0]}")
    figures: list[Figure] = []
    for part in given.parts or [part for part in PARTS if part not in LONG_PARTS]:
        print(f"measuring {part} …", file=sys.stderr, flush=True)
        figures.extend(PARTS[part]())
    show(figures)
    machine = {"python": platform.python_version(), "cores": os.cpu_count(), "system": platform.system()}
    rows = [{"name": f.name, "value": f.value, "unit": f.unit, "bound": f.bound, "passed": f.passed} for f in figures]
    record = {"measured": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine, "figures": rows}
    given.output.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return 0 if all(figure.passed for figure in figures) else 1


def show(figures: list[Figure]) -> None:
    """Print the table."""
    table = Table("figure", "measured", "bound", "")
    for figure in figures:
        bound = "" if figure.bound is None else f"{'≥' if figure.at_least else '≤'} {figure.bound:g}"
        table.add_row(figure.name, f"{figure.value:.3g} {figure.unit}", bound, "ok" if figure.passed else "BROKEN")
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
