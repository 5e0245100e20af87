"""A long run in a process of its own, watched from within: memory, file descriptors, tasks, and where every draft went.

``python -m tests.faults.soak FOLDER PAIRS`` runs the task in the folder; what it measured is the one line that it prints.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from demur.run.plan import Options, make_plan
from demur.run.runner import Runner
from demur.stages.classify_reply import read_reply
from tests.cli.commands import ROOT
from tests.faults.kills import FOLDER, SHARES, lay_out, serve
from tests.servers.spawned import drop_coverage

WIDTH = 64
FAULTS = "0.05"
"""The share of requests that fail: 429, 500, resets, cut connections and torn replies alike."""


@dataclass(frozen=True, slots=True)
class Soaked:
    """What a soak measured.

    Attributes:
        drafts: requests proposed up to the last pair.
        drops: of these, the rejected ones.
        retried: attempts after a fault.
        lost: requests that were given up.
        grown: bytes of resident memory that a pair added between 20% and 100% of the pairs; 0 where it cannot be told.
        grown_late: likewise between 60% and 100%.
        data: bytes that a pair takes in the output files, rejected drafts included.
        descriptors: open file descriptors when the run had ended, beyond those before it.
        tasks: asyncio tasks that were left when it had ended, beyond those before it.
    """

    pairs: int
    drafts: int
    drops: int
    retried: int
    lost: int
    grown: float
    grown_late: float
    data: float
    descriptors: int
    tasks: int
    took_s: float


def soak(workspace: Path, pairs: int) -> Soaked:
    """Run so many pairs against a simulated server with mixed faults, and check that every draft is accounted for."""
    lay_out(workspace)
    with serve(workspace, "vllm-server", "--slots", str(WIDTH), "--fault-rate", FAULTS, *SHARES):
        ended = subprocess.run(
            [sys.executable, "-m", "tests.faults.soak", str(workspace), str(pairs)],
            cwd=ROOT, env={**drop_coverage(), "PYTHONPATH": str(ROOT / "src")}, stdout=subprocess.PIPE, text=True, check=True,
        )  # fmt: skip
    measured = Soaked(**json.loads(ended.stdout))
    account_for_all(workspace / FOLDER, measured)
    return measured


def account_for_all(folder: Path, measured: Soaked) -> None:
    """Every draft of every round, up to the last pair, is exactly one pair or one drop; the counts say the same."""
    places: dict[int, list[int]] = {}
    whole: set[int] = set()
    rows = {"final_data.jsonl": 0, "rejected.jsonl": 0}
    for name in rows:
        with (folder / name).open(encoding="utf-8") as lines:
            for line in lines:
                record = json.loads(line)
                rows[name] += 1
                round_number, _, position = (
                    str(record.get("id") or record["metadata"]["id"]).rpartition("#")[2].partition(".")
                )
                if position:
                    places.setdefault(int(round_number), []).append(int(position))
                else:
                    whole.add(int(round_number))
    assert rows["final_data.jsonl"] == measured.pairs
    assert sum(map(len, places.values())) == measured.drafts == measured.pairs + measured.drops
    assert set(places) | whole == set(range(max(places) + 1)), "a round is missing"
    for number, positions in places.items():
        assert sorted(positions) == list(range(len(positions))), f"round {number}: {sorted(positions)}"
    assert all(len(positions) == 5 for number, positions in places.items() if number != max(places))


async def measure(folder: Path, pairs: int) -> Soaked:
    """Run the task in the current folder, and watch this process."""
    options = Options(outputs=pairs, config=folder / "builder.yaml", output_dir=folder / "output", concurrency=WIDTH)
    read_reply("I can't help with that.")  # what reads replies is loaded once, with the first: that is no growth
    runner = Runner(make_plan([folder / "task.yaml"], options))
    progress = runner.progress[0]
    memory: dict[int, int] = {}

    async def watch() -> None:
        while True:
            for share in (20, 60):
                if share not in memory and progress.accepted * 100 >= share * pairs:
                    memory[share] = read_memory()
            await asyncio.sleep(0.02)

    tasks, descriptors, begun_s = len(asyncio.all_tasks()), count_descriptors(), time.monotonic()
    async with asyncio.TaskGroup() as group:
        watcher = group.create_task(watch())
        result = await runner.run()
        watcher.cancel()
    memory[100] = read_memory()
    took_s = time.monotonic() - begun_s
    await asyncio.sleep(0.1)
    if result.exit_code != 0:
        raise RuntimeError(f"the run ended with {result.exit_code}: {result.failure}")
    gc.collect()
    summary = result.summaries[0]
    counts = summary.counts.values()
    drafts = next(iter(counts)).kept
    size = sum((folder / FOLDER / name).stat().st_size for name in ("final_data.jsonl", "rejected.jsonl"))
    return Soaked(
        pairs=summary.accepted,
        drafts=drafts,
        drops=drafts - list(counts)[-1].kept,
        retried=sum(use.retried for use in summary.engines),
        lost=sum(use.failed for use in summary.engines),
        grown=(memory[100] - memory[20]) / (0.8 * pairs),
        grown_late=(memory[100] - memory[60]) / (0.4 * pairs),
        data=size / pairs,
        descriptors=count_descriptors() - descriptors,
        tasks=len(asyncio.all_tasks()) - tasks,
        took_s=took_s,
    )


def read_memory() -> int:
    """This process's resident memory in bytes; 0 where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def count_descriptors() -> int:
    """File descriptors that this process has open; 0 where the system does not say."""
    try:
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    except OSError:
        return 0


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(measure(Path(sys.argv[1]), int(sys.argv[2]))))))  # noqa: T201
