from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

SPAM = Path("output/public/safety/refusal/cybersecurity/spam_phishing/final_data.jsonl")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What git would hand a newcomer: the tracked files as they stand, without caches or environments."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("this is no git checkout")
    folder = tmp_path / "demur"
    for name in filter(None, listed.stdout.split("\0")):
        source = ROOT / name
        if source.is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, folder / name)
    return folder


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make with nothing in the environment but a PATH and an empty home."""
    home = folder.parent / "home"
    home.mkdir(exist_ok=True)
    python = Path(sys.executable).resolve().parent
    environment = {"PATH": f"{python}:/usr/local/bin:/usr/bin:/bin", "HOME": str(home)}
    # Where the package index is reached by settings of this machine, a newcomer's machine has its own.
    environment |= {
        name: value for name, value in os.environ.items() if name.startswith("PIP_") or "proxy" in name.lower()
    }
    return subprocess.run(
        ["make", *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=500, check=False
    )


def test_the_readmes_two_commands_work_in_an_empty_environment(clone: Path) -> None:
    """`make run` sets everything up and leaves ten pairs; again, it asks for nothing; `make test` finds all that it needs."""
    first = make(clone, "run")
    if "No matching distribution" in first.stderr or "Could not find a version" in first.stderr:
        pytest.skip("the package index cannot be reached")
    assert first.returncode == 0, first.stderr
    assert len((clone / SPAM).read_text().splitlines()) == 10
    assert "screen instruction" in first.stdout
    assert str(SPAM) in first.stdout
    again = make(clone, "run")
    assert again.returncode == 0
    assert "0 asked" in again.stdout
    tests = make(clone, "test", "ARGS=-q tests/inputs tests/stages/test_dedupe.py")
    assert tests.returncode == 0, tests.stdout + tests.stderr
    assert " passed" in tests.stdout
    direct = subprocess.run(
        [sys.executable, "-S", "-m", "fms_dgt.public", "--help"], cwd=clone, env={"PATH": os.environ["PATH"]},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "--task-paths" in direct.stdout
