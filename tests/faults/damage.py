"""A finished run's journal, cut off or with a bit flipped, and what a rerun makes of it."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random

from demur.errors import DemurError, JournalFault
from demur.records import Summary
from tests.cli.commands import ROOT
from tests.run.world import World, read_output, run_world

KINDS = ("final_data.jsonl", "formatted_output.jsonl", "rejected.jsonl")
PAIRS = 12
JOURNAL = Path("output/tests/lock_picking/journal.sqlite")


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


def damage_journals(workspace: Path, *, logged: bool, flips: int, cuts: int, seed: int) -> Counter[str]:
    """Damage copies of a journal, one bit or one cut at a time; how often each outcome of `Damage` came of it.

    Args:
        workspace: a folder with a task; see `tests/conftest.py`.
        logged: whether the journal is one of a killed run, its write-ahead log beside it.
    """
    damage = Damage(workspace, seed + logged)
    damage.prepare()
    if logged:
        (workspace / JOURNAL).unlink()
        damage.leave_log(*_leave_a_log(workspace))
    for _ in range(flips):
        damage.flip()
    for _ in range(cuts):
        damage.cut()
    return damage.outcomes


def _leave_a_log(workspace: Path) -> tuple[bytes, bytes]:
    """The log and the file that a run leaves which was killed half-way."""
    ended = subprocess.run(
        [sys.executable, "-c", RUN_AND_DIE, str(PAIRS)],
        cwd=workspace, env={"PYTHONPATH": f"{ROOT}:{ROOT}/src"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == -9, ended.stderr
    journal = workspace / JOURNAL
    return journal.with_name(journal.name + "-wal").read_bytes(), journal.read_bytes()


class Damage:
    """Does one kind of damage after another to copies of one journal, and reruns.

    Attributes:
        outcomes: how often a rerun `refused`; asked for damaged replies anew and said so (`asked anew, warned`); asked
            for missing ones (`asked anew`: SQLite drops the end of a log from the first damaged frame on, as after a
            power cut); or found everything (`all used`).
    """

    def __init__(self, workspace: Path, seed: int) -> None:
        self._workspace = workspace
        self._chance = Random(seed)
        self._journal = workspace / JOURNAL
        self._whole: dict[str, bytes] = {}
        self._expected: list[bytes] = []
        self.outcomes: Counter[str] = Counter()

    def prepare(self) -> None:
        """Run undisturbed; keep the journal as it lies on the disk, once folded and once with its log beside it."""
        asyncio.run(run_world(self._workspace, World(), outputs=PAIRS))
        self._expected = [read_output(self._workspace, name) for name in KINDS]
        self._whole = {"": self._journal.read_bytes()}

    def leave_log(self, log: bytes, base: bytes) -> None:
        """Take a journal with its write-ahead log beside it instead, as a killed run leaves it."""
        self._whole = {"": base, "-wal": log}

    def flip(self) -> None:
        """Flip one bit somewhere, rerun, and check."""
        suffix = self._chance.choice(sorted(self._whole))
        data = bytearray(self._whole[suffix])
        # Every fourth flip goes into the first 200 bytes, which steer all the rest.
        place = self._chance.randrange(200 if self._chance.random() < 0.25 else len(data))
        data[place] ^= 1 << self._chance.randrange(8)
        self._rerun({**self._whole, suffix: bytes(data)}, f"bit flipped at byte {place} of journal{suffix}")

    def cut(self) -> None:
        """Cut one of the files off somewhere, rerun, and check."""
        suffix = self._chance.choice(sorted(self._whole))
        data = self._whole[suffix]
        place = self._chance.randrange(len(data))
        if self._chance.random() < 0.3:
            place -= place % 4096  # a whole number of pages
        self._rerun({**self._whole, suffix: data[:place]}, f"journal{suffix} cut off at byte {place}")

    def _rerun(self, files: dict[str, bytes], words: str) -> None:
        shutil.rmtree(self._workspace / "output", ignore_errors=True)
        self._journal.parent.mkdir(parents=True)
        for suffix, data in files.items():
            self._journal.with_name(self._journal.name + suffix).write_bytes(data)
        world = World()
        failure: DemurError | None
        summary: Summary | None = None
        try:
            result = asyncio.run(run_world(self._workspace, world, outputs=PAIRS))
            failure = result.failure
            summary = result.summaries[0]
        except JournalFault as fault:
            failure = fault
        if failure is not None:
            assert isinstance(failure, JournalFault), (words, failure)
            assert str(self._journal) in str(failure), words
            assert failure.hint, words
            self.outcomes["refused"] += 1
            return
        assert [read_output(self._workspace, name) for name in KINDS] == self._expected, words
        assert summary is not None
        assert summary.accepted == PAIRS, words
        warned = any("damaged" in warning for warning in summary.warnings)
        asked = bool(world.answered)
        self.outcomes[("asked anew, warned" if warned else "asked anew") if asked else "all used"] += 1
