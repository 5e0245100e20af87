from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.commands import ROOT
from tests.faults.damage import JOURNAL, PAIRS, Damage

RUN_AND_DIE = """
import asyncio, os, sys
from pathlib import Path
from tests.run.world import World, run_world
world = World()
def fail(request):
    if len(world.answered) >= 60:
        os.kill(os.getpid(), 9)
world.fail = fail
asyncio.run(run_world(Path("."), world, outputs=int(sys.argv[1])))
"""


def leave_a_log(workspace: Path) -> tuple[bytes, bytes]:
    """The log and the file that a run leaves which was killed half-way."""
    ended = subprocess.run(
        [sys.executable, "-c", RUN_AND_DIE, str(PAIRS)],
        cwd=workspace, env={"PYTHONPATH": f"{ROOT}:{ROOT}/src"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == -9, ended.stderr
    journal = workspace / JOURNAL
    return journal.with_name(journal.name + "-wal").read_bytes(), journal.read_bytes()


@pytest.mark.parametrize("logged", [False, True], ids=["folded", "with its log"])
def test_a_damaged_journal_never_gives_another_dataset(workspace: Path, logged: bool) -> None:
    """Cut off anywhere, or with any bit flipped: the rest is used, or the run refuses with the file's name and a hint."""
    damage = Damage(workspace, seed=11 + logged)
    damage.prepare()
    if logged:
        (workspace / JOURNAL).unlink()
        damage.leave_log(*leave_a_log(workspace))
    for _ in range(60):
        damage.flip()
    for _ in range(25):
        damage.cut()
    print(dict(damage.outcomes))  # noqa: T201
    expected = {"asked anew"} if logged else {"refused", "all used", "asked anew, warned"}
    assert expected <= set(damage.outcomes)
