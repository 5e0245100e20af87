"""Disks that refuse: full ones, read-only ones, such without locks, each in a namespace of its own, and a rerun after."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.cli.commands import ROOT, make_environment
from tests.faults.kills import FOLDER, lay_out, run_to_the_end

UNMEASURED = make_environment(measured=False)
"""Without coverage, whose own database must not meet the disks that are made here."""
PAIRS = 40
COMMAND = ("run", "task.yaml", "-n", str(PAIRS), "--engines", "embedded")
ON_A_SMALL_DISK = """
mount -t tmpfs -o size="$1",mode=700 none output || exit 99
shift
"$@"; echo $? >first.code
ls -a output/tests/lock_picking >first.files 2>/dev/null
mount -o remount,size=64m none output
"$@" 2>second.err; echo $? >second.code
cp -r output/. saved/
"""
ON_A_READ_ONLY_DISK = """
mount --bind output output && mount -o remount,bind,ro output || exit 99
exec "$@"
"""


@dataclass(frozen=True, slots=True)
class Refused:
    """What a run said that met such a disk: its exit code and its standard error."""

    code: int
    said: str


def can_mount() -> bool:
    """Whether this system lets a namespace of one's own mount things: as root always, else where users may."""
    if shutil.which("unshare") is None:
        return False
    command = ["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/tmp"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def fill_disks(workspace: Path, sizes: list[int]) -> Counter[str]:
    """Run on a full disk of each size in KiB, give it room, and rerun; how often what could not be written.

    The disk may be too small for the journal, for some reply, for an output file, or large enough.
    """
    lay_out(workspace)
    whole = run_to_the_end(workspace, list(COMMAND))
    outcomes: Counter[str] = Counter()
    for size in sizes:
        for name in ("output", "saved"):
            shutil.rmtree(workspace / name, ignore_errors=True)
            (workspace / name).mkdir()
        refused = run_on_a_small_disk(workspace, size)
        outcomes[name_refusal(refused, size)] += 1
        shutil.rmtree(workspace / "output")
        (workspace / "saved").rename(workspace / "output")
        assert run_to_the_end(workspace, list(COMMAND)) == whole, f"other files after {size} KiB"
    return outcomes


def run_on_a_small_disk(workspace: Path, size: int) -> Refused:
    """Run on a disk of so many KiB, then make it larger and run again, which must go well; keeps its files in `saved`."""
    command = ["unshare", "-rm", "sh", "-c", ON_A_SMALL_DISK, "sh", f"{size}k", sys.executable, "-m", "demur", *COMMAND]
    ended = subprocess.run(
        command, cwd=workspace, env=UNMEASURED, capture_output=True, text=True, timeout=120, check=False
    )
    second = (workspace / "second.code").read_text().strip()
    assert second == "0", (workspace / "second.err").read_text()
    assert ".tmp" not in (workspace / "first.files").read_text(), f"half a file stays on a disk of {size} KiB"
    return Refused(int((workspace / "first.code").read_text()), ended.stderr)


def name_refusal(refused: Refused, size: int) -> str:
    """What the run could not write, after its words and its code were found to be as promised."""
    if refused.code == 0:
        return "room enough"
    assert refused.code == 4, (size, refused)
    assert "Traceback" not in refused.said, (size, refused)
    assert str(FOLDER) in refused.said, (size, refused)
    assert "Make room" in refused.said, (size, refused)
    return "journal" if "the journal cannot" in refused.said else "output file"


def choose_sizes(count: int, seed: int) -> list[int]:
    """Sizes in KiB from next to nothing to enough."""
    chance = Random(seed)
    return [chance.randint(4, 260) for _ in range(count)]


def run_read_only(workspace: Path) -> Refused:
    """Run where nothing can be written below `output`."""
    ended = subprocess.run(
        ["unshare", "-rm", "sh", "-c", ON_A_READ_ONLY_DISK, "sh", sys.executable, "-m", "demur", *COMMAND],
        cwd=workspace, env=UNMEASURED, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return Refused(ended.returncode, ended.stderr)


def run_without_locks(workspace: Path) -> Refused:
    """Run where the file system gives no locks."""
    environment = {**UNMEASURED, "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}
    ended = subprocess.run(
        [sys.executable, "-m", "tests.faults.no_locks", sys.executable, "-m", "demur", *COMMAND],
        cwd=workspace, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return Refused(ended.returncode, ended.stderr)


def run_with_short_files(workspace: Path, size: int) -> Refused:
    """Run where no file may grow beyond so many KiB (EFBIG instead of ENOSPC, and needs no mount)."""
    import resource

    program = f"import resource, os, sys; resource.setrlimit({resource.RLIMIT_FSIZE}, ({size * 1024},) * 2); " \
              "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"  # fmt: skip
    ended = subprocess.run(
        [sys.executable, "-c", program, "-m", "demur", *COMMAND],
        cwd=workspace, env=UNMEASURED, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return Refused(ended.returncode, ended.stderr)
