from __future__ import annotations

import asyncio
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from demur.cli import run
from tests.cli.commands import ROOT, make_environment, start_demur

STRUCK_WHILE_LOADING = """
import os, sys
import demur.__main__ as program
class Striker:
    def find_spec(self, name, path, target=None):
        if name == sys.argv[1]:
            os.kill(os.getpid(), int(sys.argv[2]))
sys.meta_path.insert(0, Striker())
sys.argv = ["demur", "check", "nowhere.yaml"]
sys.exit(program.main())
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("module", ["demur.cli.main", "demur.cli.check", "demur.run.plan"])
def test_a_signal_while_modules_load_is_a_quiet_end(module: str, number: signal.Signals) -> None:
    """Ctrl-C in the first moments ends with code 130 and one word, not by the signal, and not with a traceback."""
    code = STRUCK_WHILE_LOADING.replace("sys.argv[1]:", f"{module!r}:").replace("sys.argv[2]", str(int(number)))
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=make_environment(), capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (130, "Interrupted.\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_before_the_run_begins_is_a_quiet_end(workspace: Path, number: signal.Signals) -> None:
    """Also while the files are read: the task is a pipe here, of which the end has not been written yet."""
    begun, ours = os.pipe()
    process = start_demur("run", "/dev/stdin", "--engines", "embedded", cwd=workspace, stdin=begun, measured=False)
    assert process.stderr is not None
    os.close(begun)
    try:
        # More than a pipe holds: the rest is taken only when demur reads, and then it waits for more.
        left = b"#" * 300_000
        while left:
            left = left[os.write(ours, left) :]
        # Python looks for signals before it reads, and then waits: one that comes in between is seen with the next. Once
        # it has said so it is left alone: a second signal would end an end that takes its time.
        for _ in range(12):
            process.send_signal(number)
            if select.select([process.stderr], [], [], 5)[0]:
                break
        _, said = process.communicate(timeout=60)
    finally:
        os.close(ours)
        process.kill()
    assert (process.returncode, said) == (130, "Interrupted.\n")
    assert not (workspace / "output").exists()


async def test_a_loop_without_signal_handlers_stops_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows: the signal's own handler tells the loop, once it is awake."""

    def add_signal_handler(*_: object) -> None:
        raise NotImplementedError

    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    stopped = asyncio.Event()
    monkeypatch.setattr(loop, "add_signal_handler", add_signal_handler)
    try:
        run._catch_signals(stopped.set)
        os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(10):
            await stopped.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
