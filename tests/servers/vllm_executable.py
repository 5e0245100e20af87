"""A stand-in for the program `vllm`: takes the arguments of `vllm serve`, and serves the simulated vLLM.

`write_vllm` lays it out as an executable called `vllm` in a folder for the PATH.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

REPOSITORY = Path(__file__).resolve().parents[2]

Manner = Literal["serve", "die", "hang", "stubborn"]


@dataclass(frozen=True, slots=True)
class Started:
    """What a stand-in noted of its start: its process, its worker's process, its arguments, and its key's length."""

    process: int
    worker: int
    arguments: list[str]
    key_chars: int


def write_vllm(folder: Path, manner: Manner = "serve", delay_s: float = 0.0) -> Path:
    """Write the executable; gives the folder's file that notes each start, a line each."""
    notes = folder / "starts.jsonl"
    program = folder / "vllm"
    words = [sys.executable, "-m", "tests.servers.vllm_executable", manner, str(delay_s), str(notes)]
    quoted = " ".join(f"'{word}'" for word in words)
    program.write_text(
        f"#!/bin/sh\necho 'vLLM starts' >&2\nunset COVERAGE_PROCESS_CONFIG\n"  # coverage is demur's, not this program's
        f"export PYTHONPATH='{REPOSITORY / 'src'}:{REPOSITORY}'\nexec {quoted} \"$@\"\n"
    )
    program.chmod(0o755)
    return notes


def read_starts(notes: Path) -> list[Started]:
    """The starts so far."""
    if not notes.exists():
        return []
    return [Started(**json.loads(line)) for line in notes.read_text().splitlines()]


def is_alive(process: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until_gone(*processes: int) -> None:
    """Return when these processes have ended: a killed one takes a moment.

    Raises:
        TimeoutError: they run on.
    """
    until_s = time.monotonic() + 30
    while any(is_alive(process) for process in processes):
        if time.monotonic() > until_s:
            raise TimeoutError(f"{processes} were left behind")
        time.sleep(0.02)


async def _serve(model: str, port: int, delay_s: float) -> None:
    from tests.servers.behaviour import Behaviour
    from tests.servers.simulated import SimulatedServer

    await asyncio.sleep(delay_s)
    sys.stderr.write("(APIServer) model loaded\n")
    behaviour = Behaviour(models=(model,), api_key=os.environ["VLLM_API_KEY"])
    async with SimulatedServer(behaviour, port=port):
        await asyncio.Event().wait()


def main() -> None:
    """Do as the manner says."""
    manner, delay_s, notes = sys.argv[1], float(sys.argv[2]), Path(sys.argv[3])
    parser = argparse.ArgumentParser()
    parser.add_argument("verb", choices=["serve"])
    parser.add_argument("model")
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    given, _ = parser.parse_known_args(sys.argv[4:])
    worker = subprocess.Popen(["sleep", "600"])
    started = {
        "process": os.getpid(),
        "worker": worker.pid,
        "arguments": sys.argv[4:],
        "key_chars": len(os.environ["VLLM_API_KEY"]),
    }
    with notes.open("a") as file:
        file.write(json.dumps(started) + "\n")
    if manner == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if manner == "die":
        time.sleep(delay_s)
        sys.stderr.write(f"torch.OutOfMemoryError: no room for {given.model}, key {os.environ['VLLM_API_KEY']}" + "\n")
        sys.exit(3)
    if manner == "hang":
        time.sleep(600)
    asyncio.run(_serve(given.model, given.port, delay_s))


if __name__ == "__main__":
    main()
