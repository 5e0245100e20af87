"""Nothing is sent anywhere that the builder does not name: every connection of a command is written down."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

import pytest

from tests.cli.commands import ROOT, run_demur
from tests.servers.behaviour import Behaviour
from tests.servers.simulated import SimulatedServer

SPY = """\
import os, sys

def write_down(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname", "socket.bind"):
        where = arguments[:2] if event.startswith("socket.get") else arguments[1]
        number = os.open(os.environ["SPY_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(number, f"{event} {where!r}\\n".encode())
        os.close(number)

sys.addaudithook(write_down)
"""
CONFIG = """\
databuilders:
  public/safety/refusal:
    blocks:
      - {{name: instruction_generator, type: openai, base_url: '{url}/v1', model_id_or_path: simulated}}
      - {{name: response_generator, type: openai, base_url: '{url}/v1', model_id_or_path: simulated}}
      - {{name: granite_guardian, lm_config: {{type: openai, base_url: '{url}/v1', model_id_or_path: simulated}}}}
"""


def run_watched(
    *arguments: str, cwd: Path, env: Mapping[str, str] = MappingProxyType({}), measured: bool = False
) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Run a command with every connection and every look-up of a name written down."""
    (cwd / "spy").mkdir(exist_ok=True)
    (cwd / "spy" / "sitecustomize.py").write_text(SPY)
    log = cwd / "spy" / "log"
    log.unlink(missing_ok=True)
    path = f"{cwd / 'spy'}:{ROOT / 'src'}"
    ended = run_demur(*arguments, cwd=cwd, env={**env, "PYTHONPATH": path, "SPY_LOG": str(log)}, measured=measured)
    return ended, log.read_text().splitlines() if log.exists() else []


@pytest.mark.parametrize(
    "command", [["run", "-n", "3"], ["check"], ["preview"], ["doctor"]], ids=lambda words: words[0]
)
def test_embedded_commands_reach_for_nothing(workspace: Path, command: list[str]) -> None:
    """Without a server in the builder there is no connection and no look-up of a name, not even of this machine's."""
    ended, log = run_watched(command[0], "task.yaml", "--engines", "embedded", *command[1:], cwd=workspace)
    assert ended.returncode == 0, ended.stderr
    assert log == []


async def test_a_run_reaches_for_the_named_servers_alone(workspace: Path) -> None:
    """Every connection of a run is to the address that the builder names."""
    import asyncio

    async with SimulatedServer(Behaviour(kind="vllm")) as server:
        (workspace / "b.yaml").write_text(CONFIG.format(url=server.url))
        words = ("run", "task.yaml", "-n", "3", "--engines", "vllm", "--config-path", "b.yaml")
        ended, log = await asyncio.to_thread(run_watched, *words, cwd=workspace)
        parts = urlsplit(server.url)
        assert ended.returncode == 0, ended.stderr
        assert {line for line in log if "connect" in line} == {f"socket.connect {(parts.hostname, parts.port)!r}"}
        assert all(repr(parts.hostname) in line for line in log)


def test_the_spy_sees_what_is_sent(workspace: Path) -> None:
    """A builder that names a server shows in the log: an empty log means that nothing was sent."""
    (workspace / "b.yaml").write_text(CONFIG.format(url="http://127.0.0.1:9"))
    ended, log = run_watched("doctor", "task.yaml", "--engines", "vllm", "--config-path", "b.yaml", cwd=workspace)
    assert ended.returncode == 4
    assert any("('127.0.0.1', 9)" in line for line in log)
