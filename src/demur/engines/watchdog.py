"""Runs a command and sees to it that the command does not outlive whoever asked for it.

Run as a script, by its path, with the standard library alone::

    python -I watchdog.py GRACE_S COMMAND …

The asker holds the other end of this process's standard input. However the asker ends, by `kill -9` too, the operating
system closes that end; then the command's whole process group is told to end (SIGTERM), given `GRACE_S` seconds, and
killed. The exit status is the command's.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

PAUSE_S = 0.05
REMAINS_S = 1.0
"""How long the killed workers of a command that has ended are waited for."""


def watch(command: list[str], grace_s: float) -> int:
    """Run `command` in a process group of its own until it ends or standard input does; its exit status."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)  # noqa: S603

    def await_the_end() -> None:
        while os.read(0, 4096):
            pass
        _end_group(child, grace_s)

    def pass_on(*_: object) -> None:
        threading.Thread(target=_end_group, args=(child, grace_s), daemon=True).start()

    threading.Thread(target=await_the_end, daemon=True).start()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, pass_on)
    status = child.wait()
    # Workers that the command left behind; a killed process takes a moment to go, and an orphan's remains may never.
    until_s = time.monotonic() + REMAINS_S
    while _signal_group(child.pid, signal.SIGKILL) and time.monotonic() < until_s:
        time.sleep(PAUSE_S)
    return status


def _end_group(child: subprocess.Popen[bytes], grace_s: float) -> None:
    _signal_group(child.pid, signal.SIGTERM)
    until_s = time.monotonic() + grace_s
    while child.returncode is None and time.monotonic() < until_s:
        time.sleep(PAUSE_S)
    _signal_group(child.pid, signal.SIGKILL)


def _signal_group(group: int, number: signal.Signals) -> bool:
    """Signal all of a process group; whether there was anybody left."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    ended = watch(sys.argv[2:], float(sys.argv[1]))
    raise SystemExit(ended if ended >= 0 else 128 - ended)
