"""Tortures demur for long, prints the figures, writes `tests/faults/results.json`; ends with an error if a promise breaks."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.__main__ import show
from bench.figures import Figure

from tests.faults.damage import damage_journals
from tests.faults.disks import can_mount, choose_sizes, fill_disks
from tests.faults.kills import Toll, kill_runs, lay_out
from tests.faults.soak import soak
from tests.fuzz.long import fuzz_all

KILLED = (
    ("vllm-server", 20),
    ("vllm-server", 100),
    ("vllm-server", 300),
    ("ollama", 100),
    ("embedded", 50),
    ("embedded", 400),
    ("scripted", 200),
)
"""Engine and pairs of the runs that are killed."""
PARTS = ("kills", "damages", "disks", "fuzz", "soak")
MOST_GROWTH = 4.0
"""Bytes of memory that a pair may take for each byte that it takes in the output files, in a run of `LONG` or more."""
LONG = 10_000


def main() -> int:
    """Run the parts that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.torture", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; default: all")
    parser.add_argument("--kills", type=int, default=200, help="runs to kill (default: 200)")
    parser.add_argument("--damages", type=int, default=3000, help="journals to damage (default: 3000)")
    parser.add_argument("--disks", type=int, default=60, help="sizes of disk to fill (default: 60)")
    parser.add_argument("--soak", type=int, default=50_000, help="pairs of the soak (default: 50000)")
    parser.add_argument("--fuzz", type=float, default=900, help="seconds of fuzzing (default: 900)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of what is random (default: the time)")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("results.json"))
    given = parser.parse_args()
    unknown = [part for part in given.parts if part not in PARTS]
    if unknown:
        parser.error(f"no part is called {unknown[0]}")
    tortures = {
        "kills": lambda: torture_runs(given.kills, given.seed),
        "damages": lambda: torture_journals(given.damages, given.seed),
        "disks": lambda: torture_disks(given.disks, given.seed),
        "fuzz": lambda: torture_readers(given.fuzz),
        "soak": lambda: torture_memory(given.soak),
    }
    figures: list[Figure] = []
    for part in given.parts or PARTS:
        begun_s = time.monotonic()
        print(f"{part}, seed {given.seed} …", file=sys.stderr, flush=True)  # noqa: T201
        figures.extend(tortures[part]())
        figures.append(Figure(f"{part}: wall clock", time.monotonic() - begun_s, "s"))
    show(figures)
    machine = {"python": platform.python_version(), "cores": os.cpu_count(), "system": platform.system()}
    rows = [{"name": f.name, "value": f.value, "unit": f.unit, "bound": f.bound, "passed": f.passed} for f in figures]
    measured = datetime.now(UTC).isoformat(timespec="seconds")
    record = {"measured": measured, "machine": machine, "seed": given.seed, "figures": rows}
    given.output.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return 0 if all(figure.passed for figure in figures) else 1


def torture_runs(kills: int, seed: int) -> Iterator[Figure]:
    """Kill runs of every engine and size in equal parts."""
    total = Toll()
    for number, (engine, pairs) in enumerate(KILLED):
        share = kills // len(KILLED) + (number < kills % len(KILLED))
        with TemporaryDirectory(prefix="demur-kills-") as name:
            toll = kill_runs(Path(name), engine, pairs=pairs, kills=share, seed=seed)
        print(f"  {engine}, {pairs} pairs: {toll}", file=sys.stderr, flush=True)  # noqa: T201
        total.add(toll)
    yield Figure("kills: processes killed with signal 9", total.kills, "", kills, at_least=True)
    yield Figure("kills: of these before anything was written", total.early, "")
    yield Figure("kills: reruns with the undisturbed files, byte for byte", total.lives, "")
    yield Figure(
        "kills: requests asked again, of those that may have been under way", total.repeated, "", total.allowed
    )


def torture_journals(damages: int, seed: int) -> Iterator[Figure]:
    """Damage journals, folded ones and such with a log, by flipped bits and by cuts."""
    outcomes: Counter[str] = Counter()
    for logged in (False, True):
        with TemporaryDirectory(prefix="demur-damages-") as name:
            lay_out(Path(name))
            cuts = damages // 6
            outcomes += damage_journals(Path(name), logged=logged, flips=damages // 2 - cuts, cuts=cuts, seed=seed)
    yield Figure("damages: reruns with another dataset", 0, "", 0)  # the first one would have ended this by an error
    for outcome, count in sorted(outcomes.items()):
        yield Figure(f"damages: {outcome}", count, "reruns")


def torture_disks(count: int, seed: int) -> Iterator[Figure]:
    """Fill disks of many sizes; nothing where this system lets nobody mount them."""
    if not can_mount():
        print("  left out: this system lets nobody mount anything", file=sys.stderr)  # noqa: T201
        return
    with TemporaryDirectory(prefix="demur-disks-") as name:
        outcomes = fill_disks(Path(name), choose_sizes(count, seed))
    for outcome, number in sorted(outcomes.items()):
        words = (
            "room enough" if outcome == "room enough" else f"full at the {outcome}; with room, the undisturbed files"
        )
        yield Figure(f"disks: {words}", number, "runs")


def torture_readers(seconds: float) -> Iterator[Figure]:
    """Feed every reader of other people's text with what it cannot expect."""
    rows = list(fuzz_all(seconds))
    for row in rows:
        print(row.said if row.failed else f"  {row.target}: {row.said}", file=sys.stderr, flush=True)  # noqa: T201
    yield Figure("fuzz: readers", len(rows), "")
    yield Figure("fuzz: inputs", sum(row.inputs for row in rows), "inputs")
    yield Figure(
        "fuzz: readers that raised what they must not, or took too long", sum(row.failed for row in rows), "", 0
    )


def torture_memory(pairs: int) -> Iterator[Figure]:
    """Let one run go on for long, at a server with faults."""
    with TemporaryDirectory(prefix="demur-soak-") as name:
        measured = soak(Path(name), pairs)
    yield Figure("soak: pairs", measured.pairs, "pairs", pairs, at_least=True)
    yield Figure("soak: drafts, each exactly one pair or one drop", measured.drafts, "drafts")
    yield Figure("soak: attempts after a fault", measured.retried, "")
    yield Figure("soak: requests given up", measured.lost, "")
    most = MOST_GROWTH * measured.data / 1000 if pairs >= LONG else None
    yield Figure("soak: memory a pair, from 20% to 100%", measured.grown / 1000, "kB", most)
    yield Figure("soak: memory a pair, from 60% to 100%", measured.grown_late / 1000, "kB")
    yield Figure("soak: what a pair takes in the files", measured.data / 1000, "kB")
    yield Figure("soak: file descriptors left open", measured.descriptors, "", 0)
    yield Figure("soak: tasks left", measured.tasks, "", 0)


if __name__ == "__main__":
    sys.exit(main())
