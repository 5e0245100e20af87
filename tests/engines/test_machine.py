from __future__ import annotations

import os
from pathlib import Path

import pytest

from demur.engines import machine
from demur.engines.machine import choose_threads, count_cores, measure_memory


def test_cores_are_what_this_process_may_use() -> None:
    """At least one, and never more than the processors it may run on."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    assert 1 <= count_cores() <= allowed


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="processors cannot be chosen here")
def test_affinity_is_honoured() -> None:
    """A process that is held to one processor has one core, and its models one thread each."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        assert count_cores() == 1
        assert choose_threads(3) == 1
    finally:
        os.sched_setaffinity(0, allowed)


@pytest.mark.parametrize(
    ("cores", "models", "threads"),
    [(1, 1, 1), (1, 2, 1), (2, 1, 2), (2, 2, 1), (3, 1, 3), (4, 1, 3), (8, 1, 7), (8, 2, 3), (8, 3, 2), (64, 2, 31)],
)
def test_models_share_the_cores_out(monkeypatch: pytest.MonkeyPatch, cores: int, models: int, threads: int) -> None:
    """All models together have no more threads than there are cores, and from four cores on one stays free."""
    monkeypatch.setattr(machine, "count_cores", lambda: cores)
    monkeypatch.setattr("sys.platform", "linux")
    assert choose_threads(models) == threads


def test_memory_is_counted_in_bytes() -> None:
    """More than a megabyte and less than a petabyte, or unknown."""
    free = measure_memory()
    assert free is None or 2**20 < free < 2**50


@pytest.mark.parametrize(
    ("written", "cores"), [("200000 100000", 2.0), ("50000 100000", 0.5), ("max 100000", None), ("", None)]
)
def test_a_control_groups_quota(tmp_path: Path, written: str, cores: float | None) -> None:
    """`cpu.max` is a quota and a period in microseconds; `max` is no bound."""

    group = tmp_path
    (group / "cpu.max").write_text(written)
    assert machine._read_quota(group) == cores


def test_what_a_control_group_has_left(tmp_path: Path) -> None:
    """The bound less what is used, with the page cache counted as free."""

    group = tmp_path
    assert machine._read_memory_left(group) is None
    (group / "memory.max").write_text("1000\n")
    (group / "memory.current").write_text("900\n")
    (group / "memory.stat").write_text("anon 600\nactive_file 100\ninactive_file 200\nslab 1\n")
    assert machine._read_memory_left(group) == 400
    (group / "memory.max").write_text("max\n")
    assert machine._read_memory_left(group) is None
