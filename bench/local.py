"""Without a server: throughput with scripted engines, replay, start-up, and the size of an installation."""

from __future__ import annotations

import json
import re
import statistics
import time
import urllib.request
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from tests.servers.spawned import spawn_server

from bench.figures import ROOT, TASK, Figure, make_workplace, read_result, run_demur, write_server_builder
from bench.scripted_run import time_run


def measure_scripted(pairs: int) -> Iterator[Figure]:
    """Pairs a second with scripted engines and the journal on."""
    yield Figure(f"scripted engines with the journal on, {pairs} pairs", time_run(pairs), "pairs/s", 500, True)


def measure_replay(pairs: int) -> Iterator[Figure]:
    """A finished run over HTTP, run again: every reply comes from the journal."""
    with (
        spawn_server("--slots", "64", "--benign-share", "0.1") as url,
        make_workplace(write_server_builder(url)) as folder,
    ):
        command = (
            "run",
            "task.yaml",
            "-n",
            str(pairs),
            "--config-path",
            "builder.yaml",
            "--concurrency",
            "64",
            "--json",
        )
        read_result(run_demur(*command, cwd=folder))
        ran = run_demur(*command, cwd=folder)
        summary = read_result(ran)
        engines = summary["engines"]
        assert isinstance(engines, list)
        assert sum(engine["asked"] for engine in engines) == 0, "a replay asked a model"
    yield Figure(f"replay of a finished run of {pairs} pairs", ran.wall_s, "s", 10.0)


def measure_startup() -> Iterator[Figure]:
    """`--help`, `check`, and the time to the first request, the median of five each."""
    yield Figure("demur --help", _time_command("--help"), "s", 0.25)
    yield Figure("demur check", _time_command("check", str(TASK), "--data-dir", str(ROOT / "data")), "s", 0.5)
    yield Figure("first request after the start", _time_first_request(), "s", 0.8)


def _time_command(*arguments: str) -> float:
    times = []
    for _ in range(5):
        ran = run_demur(*arguments)
        if ran.code != 0:
            raise RuntimeError(f"demur {' '.join(arguments)} ended with {ran.code}")
        times.append(ran.wall_s)
    return statistics.median(times)


def _time_first_request() -> float:
    times = []
    for _ in range(5):
        with spawn_server() as url, make_workplace(write_server_builder(url)) as folder:
            begun_s = time.monotonic()
            read_result(run_demur("run", "task.yaml", "-n", "1", "--config-path", "builder.yaml", "--json", cwd=folder))
            with urllib.request.urlopen(f"{url}/_simulated/metrics") as answer:
                timeline = json.load(answer)["timeline"]
        # The monotonic clock is one for all processes of a machine.
        times.append(float(min(begun for begun, _, _ in timeline)) - begun_s)
    return statistics.median(times)


def measure_install() -> Iterator[Figure]:
    """Packages and megabytes of an installation without extras: what `requirements/run.txt` pins, as it lies here."""
    lock = (ROOT / "requirements" / "run.txt").read_text(encoding="utf-8")
    count, size = 1, sum(path.stat().st_size for path in (ROOT / "src").rglob("*") if path.is_file())
    for name in re.findall(r"^([A-Za-z0-9_.-]+)==", lock, flags=re.MULTILINE):
        try:
            files = metadata.files(name) or []
        except metadata.PackageNotFoundError:
            continue  # pinned for another system or version of Python
        count += 1
        size += sum(path.stat().st_size for file in files if (path := Path(str(file.locate()))).is_file())
    yield Figure("packages without extras, demur included", count, "packages", 30)
    yield Figure("size of them", size / 1e6, "MB", 100)
