from __future__ import annotations

import platform
import shutil
import sys
import time
from pathlib import Path

import pytest

from tests.faults import disks
from tests.faults.conftest import Tell
from tests.faults.kills import FOLDER, lay_out, run_to_the_end
from tests.faults.no_locks import FCNTL
from tests.run.world import World, read_output, run_world

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="mounts and filters as Linux does")
mounts = pytest.mark.skipif(not disks.can_mount(), reason="this system lets nobody mount anything")


@linux_only
@mounts
def test_a_full_disk_is_told_and_costs_nothing(tmp_path: Path, tell: Tell) -> None:
    """Full at the journal or at an output: code 4, a message with path and mend; with room the rerun goes on."""
    outcomes = disks.fill_disks(tmp_path, [20, 90])
    tell(dict(outcomes))
    assert {"journal", "output file"} <= set(outcomes)


@linux_only
@pytest.mark.parametrize("size", [40])
def test_a_limit_on_file_sizes_is_told_and_costs_nothing(tmp_path: Path, size: int) -> None:
    """A file that may not grow is no other case than a disk that is full."""
    lay_out(tmp_path)
    whole = run_to_the_end(tmp_path, list(disks.COMMAND))
    shutil.rmtree(tmp_path / "output")
    refused = disks.run_with_short_files(tmp_path, size)
    assert disks.name_refusal(refused, size) in ("journal", "output file")
    assert run_to_the_end(tmp_path, list(disks.COMMAND)) == whole


@linux_only
@mounts
@pytest.mark.parametrize("begun", [False, True], ids=["at the first run", "at a rerun"])
def test_a_read_only_folder_is_told(tmp_path: Path, begun: bool) -> None:
    """Code 4, the journal's path, the system's words and what to do; what is there stays as it is."""
    lay_out(tmp_path)
    (tmp_path / "output").mkdir()
    whole = run_to_the_end(tmp_path, list(disks.COMMAND)) if begun else None
    refused = disks.run_read_only(tmp_path)
    assert refused.code == 4
    assert str(FOLDER) in refused.said
    assert "Read-only file system" in refused.said
    assert "choose another --output-dir" in refused.said
    assert "Traceback" not in refused.said
    assert whole is None or run_to_the_end(tmp_path, list(disks.COMMAND)) == whole


@pytest.mark.skipif(platform.machine() not in FCNTL or sys.platform != "linux", reason="filters system calls of Linux")
def test_a_file_system_without_locks_is_told(tmp_path: Path) -> None:
    """Code 4 and what to do, and not the talk of another run that SQLite's own error would suggest."""
    lay_out(tmp_path)
    refused = disks.run_without_locks(tmp_path)
    assert refused.code == 4
    assert "the file system gives no locks" in refused.said
    assert "another run" not in refused.said
    assert "choose an --output-dir on a local disk" in refused.said.lower()
    assert "Traceback" not in refused.said
    assert len(str(run_to_the_end(tmp_path, list(disks.COMMAND)))) > 1000


async def test_a_clock_that_steps_back_changes_nothing(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files are the same whatever the wall clock does: durations are taken from the one that never goes back."""
    await run_world(workspace, World(jitter_s=0.002), outputs=20, output_dir=workspace / "calm")
    now_s = 2e9

    def step_back() -> float:
        nonlocal now_s
        now_s -= 3600
        return now_s

    monkeypatch.setattr(time, "time", step_back)
    result = await run_world(workspace, World(jitter_s=0.002), outputs=20)
    assert result.exit_code == 0
    assert 0 <= result.summaries[0].elapsed_s < 60
    for name in ("final_data.jsonl", "rejected.jsonl"):
        assert read_output(workspace, name) == read_output(workspace, name, "calm")
