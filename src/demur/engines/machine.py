"""What this machine lends to a model that runs in this process: processor cores and memory."""

from __future__ import annotations

import os
import sys
from pathlib import Path

SPARE_FROM = 4
"""From so many cores on, one is left to demur itself and to whoever uses the machine."""


def choose_threads(models: int) -> int | None:
    """The threads that each of so many models gets; None where llama.cpp knows better than demur how to count.

    llama.cpp's threads wait for each other by spinning: with more of them than cores, over all models together, each step
    waits for one that is not running, and everything crawls. So the models share the cores out among them.
    """
    if not sys.platform.startswith("linux") and models == 1:
        return None
    cores = count_cores()
    return max(1, (cores - 1 if cores >= SPARE_FROM else cores) // max(1, models))


def count_cores() -> int:
    """The physical cores that this process may use: by its affinity and its control group's quota, at least 1."""
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))
    cores = {_name_core(processor) for processor in allowed}
    quota = _read_quota(Path("/sys/fs/cgroup"))
    return max(1, len(cores) if quota is None else min(len(cores), int(quota)))


def measure_memory() -> int | None:
    """The bytes of memory that can be had without swapping; None where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    free = next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)
    left = _read_memory_left(Path("/sys/fs/cgroup"))
    known = [number for number in (free, left) if number is not None]
    return min(known) if known else None


def _name_core(processor: int) -> str:
    """The name of the physical core that a logical processor is part of: hyperthreads of one core share it."""
    try:
        siblings = Path(f"/sys/devices/system/cpu/cpu{processor}/topology/thread_siblings_list")
        return siblings.read_text(encoding="ascii").strip()
    except OSError:
        return str(processor)


def _read_quota(group: Path) -> float | None:
    """The processors that a control group (version 2) may use at once; None without a bound."""
    try:
        quota, period = (group / "cpu.max").read_text(encoding="ascii").split()
        return None if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError):
        return None


def _read_memory_left(group: Path) -> int | None:
    """What a control group (version 2) may still take, the page cache counted as free; None without a bound."""
    try:
        bound = (group / "memory.max").read_text(encoding="ascii").strip()
        if bound == "max":
            return None
        used = int((group / "memory.current").read_text(encoding="ascii"))
        stat = (group / "memory.stat").read_text(encoding="ascii").splitlines()
        cached = sum(int(line.split()[1]) for line in stat if line.startswith(("active_file ", "inactive_file ")))
        return max(0, int(bound) - used + cached)
    except (OSError, ValueError):
        return None
