from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from demur.cli.live import watch
from demur.run.progress import TaskProgress
from tests.cli.commands import make_environment

DEMUR = f"{sys.executable} -m demur"


def run_shell(command: str, workspace: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=workspace, env=make_environment(env), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("arguments", ["run task.yaml -n 3", "run task.yaml -n 3 --json", "preview task.yaml"])
def test_a_reader_who_goes_away_is_no_failure(workspace: Path, arguments: str) -> None:
    """`demur … | head -n1` ends with the command's own exit code, and without a traceback."""
    ended = run_shell(f"{DEMUR} {arguments} --engines embedded | head -n1", workspace)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("redirection", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_streams_are_no_failure(workspace: Path, redirection: str) -> None:
    """Started without standard output or standard error, a run writes its files and ends with code 0."""
    ended = run_shell(f"{DEMUR} run task.yaml -n 3 --engines embedded {redirection}", workspace)
    assert ended.returncode == 0
    assert (workspace / "output" / "tests" / "lock_picking" / "final_data.jsonl").exists()


def test_a_terminal_without_a_character_is_shown_its_escape(workspace: Path) -> None:
    """With an ASCII-only output nothing ends in a UnicodeEncodeError."""
    policy = workspace / "policy.yaml"
    policy.write_text(policy.read_text().replace("description: ", "description: Çilingir ", 1), encoding="utf-8")
    ended = run_shell(f"{DEMUR} preview task.yaml --engines embedded", workspace, PYTHONIOENCODING="ascii")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "\\xc7ilingir" in ended.stdout or "\\u2500" in ended.stdout


async def test_a_display_that_fails_does_not_stop_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Progress that nobody reads any more just ends; a failure there would cancel the run beside it."""

    class Gone:
        def isatty(self) -> bool:
            return False

        def write(self, _: str) -> int:
            raise BrokenPipeError

        def flush(self) -> None:
            """Nothing."""

    monkeypatch.setattr("demur.cli.live.LINE_EVERY_S", 0.0)
    monkeypatch.setattr(sys, "stderr", Gone())
    async with asyncio.timeout(5):
        await watch([TaskProgress("task", 10)])
