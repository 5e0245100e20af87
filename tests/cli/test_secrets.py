"""A key is planted in every place where people keep one, and every file and every word of a run is searched for it."""

from __future__ import annotations

import asyncio
import base64
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.cli.commands import ROOT, run_demur
from tests.servers.behaviour import Behaviour, Fault
from tests.servers.simulated import SimulatedServer

TASK = str(ROOT / "tasks/public/safety/refusal/cybersecurity/task.yaml")
KEY = "sk-planted-7f3d1c9a5b"
TRACES = (KEY, base64.b64encode(KEY.encode()).decode().rstrip("="), KEY[::-1], KEY[3:])
BLOCK = "{{name: {name}, type: openai, base_url: '{url}/v1', model_id_or_path: simulated{key}}}"
CONFIG = """\
databuilders:
  public/safety/refusal:
    blocks:
      - {generator}
      - {responder}
      - {{name: granite_guardian, lm_config: {{type: openai, base_url: '{url}/v1', model_id_or_path: simulated{key}}}}}
"""
QUOTING = Fault(status=400, said=f"cannot do that for key {KEY} (Authorization: Bearer {KEY})")


def write_config(path: Path, url: str, key: str) -> None:
    """A builder in the short form whose blocks all use one server, with a key written as given."""
    path.write_text(
        CONFIG.format(
            url=url,
            key=key,
            generator=BLOCK.format(name="instruction_generator", url=url, key=key),
            responder=BLOCK.format(name="response_generator", url=url, key=key),
        )
    )


def find_traces(folder: Path, ended: subprocess.CompletedProcess[str], spared: Sequence[str]) -> list[str]:
    """Where a trace of the key is: files by name (but those that hold it on purpose), and what was printed."""
    places = [
        str(path.relative_to(folder))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in spared and any(trace.encode() in path.read_bytes() for trace in TRACES)
    ]
    return places + [
        name
        for name, text in (("stdout", ended.stdout), ("stderr", ended.stderr))
        if any(trace in text for trace in TRACES)
    ]


@pytest.mark.parametrize(
    ("written", "dotenv", "environment"),
    [
        (f", api_key: {KEY}", "", {}),
        (", api_key: '${MY_KEY}'", "", {"MY_KEY": KEY}),
        (", api_key: '${MY_KEY}'", f"MY_KEY={KEY}\n", {}),
        ("", f"OPENAI_API_KEY='{KEY}'\n", {}),
        ("", "OPENAI_API_KEY=an-old-one\n", {"OPENAI_API_KEY": KEY}),
    ],
    ids=["in the builder", "by name from the environment", "by name from .env", "from .env", "environment before .env"],
)
async def test_a_key_is_used_and_never_written_or_shown(
    tmp_path: Path, written: str, dotenv: str, environment: dict[str, str]
) -> None:
    """Wherever the key comes from, the server gets it, and no output, journal, message or screen does; the server's errors
    quote it."""
    if dotenv:
        (tmp_path / ".env").write_text(dotenv)
    faults = (*[None] * 14, *[QUOTING, None, None] * 6)  # the first go to the guard's canaries
    shown = ""
    async with SimulatedServer(Behaviour(kind="vllm", api_key=KEY, faults=faults)) as server:
        write_config(tmp_path / "b.yaml", server.url, written)
        for command in (
            ["run", TASK, "-n", "8", "--output-dir", "o"],
            ["doctor", TASK],
            ["preview", TASK],
        ):
            arguments = [*command, "--engines", "vllm", "--config-path", "b.yaml", "--data-dir", str(ROOT / "data")]
            ended = await asyncio.to_thread(run_demur, *arguments, cwd=tmp_path, env=environment, measured=False)
            assert ended.returncode == 0, (command, ended.stdout, ended.stderr)
            assert find_traces(tmp_path, ended, ("b.yaml", ".env")) == []
            shown += "".join(path.read_text() for path in tmp_path.rglob("rejected.jsonl"))
        assert server.metrics.counts["fault"] == 6
    assert "Bearer ***" in shown


async def test_a_members_key_is_not_written_or_shown(tmp_path: Path) -> None:
    """The key of one guard in an ensemble, its server quoting it: in no file, and in no word of a run or of its JSON."""
    faults = (*[None] * 30, *[QUOTING, None] * 4)  # the first go to the canaries
    member = "{{type: validators/{guard}, lm_config: {{type: {engine}, base_url: '{url}', model_id_or_path: simulated{key}}}}}"
    async with SimulatedServer(Behaviour(kind="vllm", api_key=KEY, faults=faults)) as server:
        members = ", ".join(
            member.format(guard=guard, engine=engine, url=f"{server.url}/v1", key=f", api_key: {KEY}")
            for guard, engine in (("policy_judge", "openai"), ("llama_guard", "vllm-server"))
        )
        guard = f"{{name: guard, type: validators/ensemble, rule: any, guards: [{members}]}}"
        (tmp_path / "b.yaml").write_text(f"databuilders: {{public/safety/refusal: {{blocks: [{guard}]}}}}\n")
        for number, further in enumerate(([], ["--json"])):
            arguments = ["run", TASK, "-n", "4", "--output-dir", f"o{number}", "--engines", "embedded", *further]
            arguments += ["--config-path", "b.yaml", "--data-dir", str(ROOT / "data")]
            ended = await asyncio.to_thread(run_demur, *arguments, cwd=tmp_path)
            assert ended.returncode == 0, (ended.stdout, ended.stderr)
            assert find_traces(tmp_path, ended, ("b.yaml",)) == []
        assert server.metrics.counts["fault"] > 0


async def test_a_key_that_is_refused_is_not_shown(tmp_path: Path) -> None:
    """A rejected key ends the run with a message that says so, and not which key it was."""
    async with SimulatedServer(Behaviour(kind="vllm", api_key="another")) as server:
        write_config(tmp_path / "b.yaml", server.url, f", api_key: {KEY}")
        arguments = [
            "run",
            TASK,
            "--engines",
            "vllm",
            "--config-path",
            "b.yaml",
            "--output-dir",
            "o",
            "--data-dir",
            str(ROOT / "data"),
        ]
        ended = await asyncio.to_thread(run_demur, *arguments, cwd=tmp_path)
    assert ended.returncode == 4
    assert "401" in ended.stderr
    assert find_traces(tmp_path, ended, ("b.yaml",)) == []


def test_a_dotenv_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A `.env` that is no text ends the command with its name."""
    (tmp_path / ".env").write_bytes(b"\xff\xfe\x00K=1\n")
    ended = run_demur("check", TASK, "--data-dir", str(ROOT / "data"), cwd=tmp_path)
    assert ended.returncode == 2
    assert ".env" in ended.stderr
    assert "Traceback" not in ended.stderr
