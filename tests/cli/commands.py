"""demur's command line in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def make_environment(extra: Mapping[str, str] | None = None, *, measured: bool = True) -> dict[str, str]:
    """An environment with no more in it than a newcomer's, and the checkout's code.

    Args:
        measured: whether coverage, if it is measured at all, sees these processes too. It takes as long again as the
            command itself: what runs the same code as other tests, many times over, goes without.
    """
    coverage = {name: value for name, value in os.environ.items() if measured and name.startswith("COVERAGE_")}
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "src"), "LANG": "C.UTF-8", **coverage, **(extra or {})}


def run_demur(
    *arguments: str,
    cwd: Path = ROOT,
    env: Mapping[str, str] | None = None,
    module: str = "demur",
    measured: bool = True,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=cwd, env=make_environment(env, measured=measured), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def start_demur(*arguments: str, cwd: Path, stdin: int | None = None, measured: bool = True) -> subprocess.Popen[str]:
    """Start a command and leave it running."""
    return subprocess.Popen(
        [sys.executable, "-m", "demur", *arguments], cwd=cwd, env=make_environment(measured=measured),
        stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
