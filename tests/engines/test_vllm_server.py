from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from demur.engines import vllm_process
from demur.engines.base import Identity
from demur.engines.openai import OpenAIEngine
from demur.engines.vllm_process import find_vllm
from demur.engines.vllm_server import VLLMServerEngine
from demur.errors import EngineNotRunning, EngineUnavailable, ExtraMissing, InputError
from demur.inputs.engine_settings import VLLMServerSettings
from demur.inputs.validation import validate
from demur.inputs.yaml_text import read_documents
from tests.engines.samples import chat, raw, vllm_server_settings
from tests.servers.simulated import SimulatedServer
from tests.servers.vllm_executable import is_alive, read_starts, wait_until_gone, write_vllm

REPOSITORY = Path(__file__).resolve().parents[2]


def settings(**changes: object) -> VLLMServerSettings:
    """A block without an address."""
    return VLLMServerSettings.model_validate(
        {"type": "vllm-server", "model_id_or_path": "my/model", "timeout_s": 10, "start_timeout_s": 60, **changes}
    )


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder in front of the PATH; logs go there too, and nothing is waited for long."""
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(vllm_process, "GRACE_S", 5.0)
    yield tmp_path
    for started in read_starts(tmp_path / "starts.jsonl"):
        wait_until_gone(started.process, started.worker)


async def test_server_is_started_once_for_all_requests_and_stopped(place: Path) -> None:
    """Many first requests start one server, which answers chat and raw prompts, and is gone after close with all its workers
    and its log."""
    notes = write_vllm(place, delay_s=0.3)
    engine = VLLMServerEngine(settings())
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(engine.complete(chat(str(n)) if n % 2 else raw(str(n)))) for n in range(8)]
    assert all(task.result().origin.model == "my/model" for task in tasks)
    (started,) = read_starts(notes)
    assert is_alive(started.process)
    assert is_alive(started.worker)
    await engine.close()
    await engine.close()
    wait_until_gone(started.process, started.worker)
    assert list(place.glob("demur-vllm-*.log")) == []


async def test_settings_become_arguments(place: Path) -> None:
    """Each setting is the option of `vllm serve` that it names; the key is on no command line."""
    notes = write_vllm(place)
    engine = VLLMServerEngine(
        settings(
            tensor_parallel_size=2,
            gpu_memory_utilization=0.4,
            max_model_len=4096,
            dtype="bfloat16",
            serve_args=["--enforce-eager"],
        )
    )
    await engine.complete(chat())
    (started,) = read_starts(notes)
    command = Path(f"/proc/{started.process}/cmdline").read_bytes()
    assert engine._process is not None
    assert engine._process.api_key.encode() not in command
    await engine.close()
    assert started.arguments[:5] == ["serve", "my/model", "--host", "127.0.0.1", "--port"]
    assert started.arguments[6:] == [
        *("--tensor-parallel-size", "2", "--gpu-memory-utilization", "0.4"),
        *("--max-model-len", "4096", "--dtype", "bfloat16", "--enforce-eager"),
    ]
    assert started.key_chars >= 40


async def test_blocks_that_serve_alike_share_a_server(place: Path) -> None:
    """Blocks that differ in sampling and patience share one server; the last to close stops it."""
    notes = write_vllm(place)
    engines = [VLLMServerEngine(settings()), VLLMServerEngine(settings(timeout_s=20, temperature=0.3))]
    other = VLLMServerEngine(settings(max_model_len=512))
    for engine in (*engines, other):
        await engine.complete(chat())
    starts = read_starts(notes)
    assert len(starts) == 2
    await engines[0].close()
    await other.close()
    wait_until_gone(starts[1].process)
    assert is_alive(starts[0].process)
    await engines[1].complete(chat())
    await engines[1].close()
    wait_until_gone(starts[0].process)


async def test_request_that_is_cancelled_leaves_the_start_to_the_next(place: Path) -> None:
    """Whoever started the server may be cancelled: the next request waits for the same one."""
    notes = write_vllm(place, delay_s=0.5)
    engine = VLLMServerEngine(settings())
    first = asyncio.ensure_future(engine.complete(chat()))
    async with asyncio.timeout(30):
        while not read_starts(notes):
            await asyncio.sleep(0.02)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    await engine.complete(chat())
    await engine.close()
    assert len(read_starts(notes)) == 1


async def test_server_that_dies_at_once_tells_its_last_words(place: Path) -> None:
    """A server that dies while it starts is one error with the end of its log, for every request, and without the key."""
    write_vllm(place, "die")
    engine = VLLMServerEngine(settings())
    with pytest.raises(EngineNotRunning, match="no room for my/model"):
        await engine.complete(raw())
    with pytest.raises(EngineNotRunning, match="no room for my/model") as caught:
        await engine.complete(chat())
    assert "exit status 3" in str(caught.value)
    assert "key ***" in str(caught.value)
    assert not caught.value.retryable
    await engine.close()
    (log,) = place.glob("demur-vllm-*.log")
    assert str(log) in caught.value.hint
    assert log.stat().st_mode & 0o077 == 0


async def test_server_that_never_gets_ready_is_given_up(place: Path) -> None:
    """After `start_timeout_s` the error says so, with the log, and close ends the server."""
    notes = write_vllm(place, "hang")
    engine = VLLMServerEngine(settings(start_timeout_s=2.5))
    with pytest.raises(EngineNotRunning, match=r"not ready within 2\.5 s.*start_timeout_s.*\n.*vLLM starts"):
        await engine.complete(chat())
    await engine.close()
    for started in read_starts(notes):
        wait_until_gone(started.worker)


async def test_server_that_ignores_the_request_to_end_is_killed(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that takes no notice of SIGTERM is killed when its time is up."""
    monkeypatch.setattr(vllm_process, "GRACE_S", 0.3)
    notes = write_vllm(place, "stubborn")
    engine = VLLMServerEngine(settings())
    await engine.complete(chat())
    await engine.close()
    (started,) = read_starts(notes)
    wait_until_gone(started.process)


async def test_server_that_dies_later_is_named(place: Path) -> None:
    """When the server dies in the middle of a run, the error says that, and not that nothing listens at some port."""
    notes = write_vllm(place)
    engine = VLLMServerEngine(settings())
    await engine.complete(chat())
    (started,) = read_starts(notes)
    os.kill(started.process, signal.SIGKILL)
    await asyncio.to_thread(wait_until_gone, started.process, started.worker)
    assert engine._process is not None
    assert engine._process._process is not None
    engine._process._process.wait(30)  # the watchdog passes the news on
    with pytest.raises(EngineNotRunning, match=r"stopped by itself.*signal 9"):
        await engine.complete(chat())
    await engine.close()


async def test_fault_of_a_living_server_is_told_as_it_is(place: Path) -> None:
    """While the server lives, its faults are the request's, and may be got past by another attempt."""
    write_vllm(place)
    engine = VLLMServerEngine(settings())
    await engine.complete(chat())
    assert engine._client is not None
    await engine._client.close()
    engine._client = OpenAIEngine(vllm_server_settings("http://127.0.0.1:9/v1"))
    with pytest.raises(EngineUnavailable, match="nothing answers") as caught:
        await engine.complete(chat())
    assert caught.value.retryable
    await engine.close()


async def test_somebody_elses_server_at_the_port_is_not_taken_for_ours(place: Path) -> None:
    """A server that answers at the port without our key is not ours: ours has died of it, and says so."""
    write_vllm(place, "die", delay_s=0.3)
    async with SimulatedServer(api_key="another") as other:
        engine = VLLMServerEngine(settings(port=int(other.url.rpartition(":")[2])))
        with pytest.raises(EngineNotRunning, match="stopped by itself"):
            await engine.complete(chat())
        await engine.close()
        assert not other.metrics.bodies


KILLED = """
import asyncio, os, signal, sys
from demur.engines.vllm_server import VLLMServerEngine
from tests.engines.test_vllm_server import settings
from tests.engines.samples import chat

async def main():
    await VLLMServerEngine(settings()).complete(chat())
    print("answered", flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_server_does_not_outlive_a_killed_demur(place: Path, number: signal.Signals) -> None:
    """However demur ends, by kill -9 too, the server and its workers end with it."""
    notes = write_vllm(place)
    environment = {**os.environ, "PYTHONPATH": f"{REPOSITORY / 'src'}{os.pathsep}{REPOSITORY}", "TMPDIR": str(place)}
    command = [sys.executable, "-c", KILLED]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as demur:
        assert demur.stdout is not None
        assert demur.stdout.readline() == b"answered\n"
        (started,) = read_starts(notes)
        assert is_alive(started.worker)
        demur.send_signal(number)
        demur.wait()
    wait_until_gone(started.process, started.worker)


async def test_missing_vllm_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where there is no vLLM the error names the command that installs it, at the first request and not before."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    engine = VLLMServerEngine(settings())
    with pytest.raises(ExtraMissing) as caught:
        await engine.complete(chat())
    await engine.close()
    assert "pip install 'demur[vllm]'" in caught.value.hint


def test_vllm_beside_this_python_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In an environment that is not activated, the program beside the Python that runs demur is taken."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    write_vllm(tmp_path)
    assert find_vllm() == [str(tmp_path / "vllm")]


def test_identity_of_a_server_of_ones_own_names_no_port() -> None:
    """A rerun finds its replies in the journal, whatever port the server gets: the identity has no address."""
    assert VLLMServerEngine(settings()).identity == Identity("vllm-server", "my/model", "")
    running = VLLMServerEngine(vllm_server_settings("http://gpu:8000/v1"))
    assert running.identity == Identity("vllm-server", "simulated", "http://gpu:8000/v1")


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("port: 8123\nbase_url: http://gpu/v1", "`port` says how to start a server", "base_url: null"),
        ("max_model_len: 4096\nbase_url: http://gpu/v1", "`max_model_len` says how", "base_url: null"),
        ("serve_args: [--api-key=abc]", "may not set --api-key", "key of its own"),
        ("serve_args: [--port, '80']", "may not set --port", "the key `port`"),
        ("serve_args: [--api_key, abc]", "may not set --api-key", "key of its own"),
        ("serve_args: [--hf-token=abc]", "may not set --hf-token", "HF_TOKEN"),
        ("model_id_or_path: --help", "begins with a dash", ""),
    ],
)
def test_setting_that_cannot_be_honoured_is_an_error(tmp_path: Path, line: str, message: str, hint: str) -> None:
    """What cannot be done is said where it is written, never dropped."""
    path = tmp_path / "block.yaml"
    path.write_text(f"type: vllm-server\n{line}\n" + ("" if "model_id" in line else "model_id_or_path: m\n"))
    (document,) = read_documents(path)
    with pytest.raises(InputError, match=message) as caught:
        validate(VLLMServerSettings, document.data, document)
    assert hint in caught.value.hint
