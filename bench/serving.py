"""Against a server: are its slots kept busy, is little wasted, and what does demur itself cost?"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from itertools import pairwise

from tests.servers.spawned import spawn_server

from bench.figures import (
    Figure,
    count_asked,
    count_needed,
    make_workplace,
    read_result,
    run_demur,
    write_server_builder,
)

SLOTS = 32
SHARES = ("--benign-share", "0.15", "--compliant-share", "0.05", "--repeated-share", "0.05")


def measure_slots(pairs: int) -> Iterator[Figure]:
    """Busy slots of a server with 200 ms a reply (median, lognormal with sigma 0.35), and requests beyond need."""
    arguments = ("--slots", str(SLOTS), "--median-s", "0.2", "--sigma", "0.35", *SHARES)
    with spawn_server(*arguments) as url, make_workplace(write_server_builder(url)) as folder:
        ran = run_demur("run", "task.yaml", "-n", str(pairs), "--config-path", "builder.yaml",
                        "--concurrency", str(SLOTS), "--json", cwd=folder)  # fmt: skip
        summary = read_result(ran)
        with urllib.request.urlopen(f"{url}/_simulated/metrics") as answer:
            timeline = [(begun, ended, kind) for begun, ended, kind in json.load(answer)["timeline"]]
    yield Figure(
        f"slots busy, first reply to last proposal, {pairs} pairs", measure_busy(timeline), "share", 0.90, True
    )
    yield Figure(f"requests beyond need, {pairs} pairs", count_asked(summary) / count_needed(summary), "ratio", 1.15)
    yield Figure(f"wall clock, {pairs} pairs at 200 ms and {SLOTS} slots", ran.wall_s, "s")


def measure_busy(timeline: list[tuple[float, float, str]]) -> float:
    """The share of slot time in use between the first reply and the end of the last proposal."""
    start = min(ended for _, ended, _ in timeline)
    end = max(ended for _, ended, kind in timeline if kind == "propose")
    busy_s = sum(max(0.0, min(ended, end) - max(begun, start)) for begun, ended, _ in timeline)
    return busy_s / (SLOTS * (end - start))


def measure_cost(pairs: int) -> Iterator[Figure]:
    """demur's own processor time for a pair through HTTP, start-up taken off by comparing two sizes of run."""
    used = []
    with spawn_server("--slots", "64", *SHARES) as url:
        for size in (pairs // 10, pairs):
            with make_workplace(write_server_builder(url)) as folder:
                ran = run_demur("run", "task.yaml", "-n", str(size), "--config-path", "builder.yaml",
                                "--concurrency", "32", "--json", cwd=folder)  # fmt: skip
                used.append((size, ran.cpu_s, count_asked(read_result(ran))))
    (few, few_s, few_asked), (many, many_s, many_asked) = next(pairwise(used))
    yield Figure("processor time a pair, through HTTP", (many_s - few_s) / (many - few) * 1e3, "ms", 3.0)
    yield Figure("processor time a request, through HTTP", (many_s - few_s) / (many_asked - few_asked) * 1e3, "ms")
