"""A vLLM server that demur starts: `vllm serve`, on a port of this machine, until nobody needs it any more.

Requests share it: everything of one event loop that asks for the same model served in the same way gets the same
process. A watchdog between demur and the server ends it however demur ends (see `watchdog.py`).

Options and routes as in docs.vllm.ai: `vllm serve` takes the key from VLLM_API_KEY, so that no process list shows it,
and `/health` answers 200 once the model is loaded. The key guards the routes below `/v1`; vLLM leaves the others open
to whoever can reach 127.0.0.1, which is why it listens nowhere else.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from demur.engines import watchdog
from demur.engines.transport import JsonClient
from demur.errors import EngineNotRunning, ExtraMissing
from demur.inputs.engine_settings import VLLMServerSettings

GRACE_S = 15.0
"""What a server gets between the request to end and the kill."""

FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 2.0
HEALTH_TIMEOUT_S = 5.0

LOG_LINES = 12
"""How much of a failed server's log an error quotes."""

LOG_TAIL_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class ServePlan:
    """How a model is served: what makes two blocks share one server."""

    model: str
    port: int | None
    arguments: tuple[str, ...]
    start_timeout_s: float


def plan_server(settings: VLLMServerSettings) -> ServePlan:
    """The server that a block asks for."""
    flags = (
        ("--tensor-parallel-size", settings.tensor_parallel_size),
        ("--gpu-memory-utilization", settings.gpu_memory_utilization),
        ("--max-model-len", settings.max_model_len),
        ("--dtype", settings.dtype),
    )
    given = tuple(word for flag, value in flags if value is not None for word in (flag, str(value)))
    arguments = (*given, *settings.serve_args)
    return ServePlan(settings.model_id_or_path, settings.port, arguments, settings.start_timeout_s)


class VLLMProcess:
    """One server: started at the first call of `start`, which all who need it may make at once.

    Attributes:
        base_url: where it listens, with the `/v1`; empty before it is started.
        api_key: made at random for this one process.
        users: engines that hold it.
    """

    def __init__(self, plan: ServePlan) -> None:
        self.base_url = ""
        self.api_key = secrets.token_urlsafe(32)
        self.users = 0
        self._plan = plan
        self._starting = asyncio.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._log: Path | None = None
        self._due_s = 0.0
        self._ready = False
        self._failure: str | None = None

    async def start(self) -> None:
        """Return when the server answers.

        Whoever comes first starts it; the others wait for the same one. A caller that is cancelled leaves the server
        to the next.

        Raises:
            ExtraMissing: there is no vLLM here.
            EngineNotRunning: it died, or was not ready in time; the message holds the end of its log.
        """
        async with self._starting:
            if not self._ready and self._failure is None:
                if self._process is None:
                    self._launch()
                await self._await_health()
        self.check()

    def check(self) -> None:
        """Look whether the server still lives.

        Raises:
            EngineNotRunning: it does not.
        """
        if self._failure is None and self._process is not None and (status := self._process.poll()) is not None:
            self._failure = f"the vLLM server for {self._plan.model} stopped by itself ({_describe_status(status)})"
        if self._failure is not None:
            raise EngineNotRunning(
                f"{self._failure}; the end of its log:\n{self._read_log()}", hint=f"The whole log: {self._log}"
            )

    async def stop(self) -> None:
        """End the server and all its workers. Idempotent."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        process.stdin.close()  # the watchdog sees it, and ends the group
        try:
            await asyncio.to_thread(process.wait, GRACE_S + 5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if self._log is not None and self._failure is None:
            self._log.unlink(missing_ok=True)

    def _launch(self) -> None:
        executable = find_vllm()
        port = self._plan.port or _find_free_port()
        self.base_url = f"http://127.0.0.1:{port}/v1"
        place = ("--host", "127.0.0.1", "--port", str(port))
        command = [*executable, "serve", self._plan.model, *place, *self._plan.arguments]
        number, name = tempfile.mkstemp(prefix="demur-vllm-", suffix=".log")  # readable by its owner alone
        self._log = Path(name)
        try:
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-I", watchdog.__file__, str(GRACE_S), *command],
                stdin=subprocess.PIPE,
                stdout=number,
                stderr=number,
                env={**os.environ, "VLLM_API_KEY": self.api_key},
                start_new_session=True,  # Ctrl-C at the terminal is demur's to deal with
            )
        finally:
            os.close(number)
        self._due_s = time.monotonic() + self._plan.start_timeout_s

    async def _await_health(self) -> None:
        """Wait until the server is ready, and is ours: a model list behind our key comes from nobody else's."""
        client = JsonClient(self.base_url, api_key=self.api_key, timeout_s=HEALTH_TIMEOUT_S)
        pause_s = FIRST_PAUSE_S
        try:
            while True:
                self.check()
                if await client.answers(f"{client.root}/health") and await client.answers(f"{client.address}/models"):
                    break
                if time.monotonic() >= self._due_s:
                    self._failure = (
                        f"the vLLM server for {self._plan.model} was not ready within "
                        f"{self._plan.start_timeout_s:g} s (`start_timeout_s`)"
                    )
                    self.check()
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        finally:
            await client.close()
        self.check()  # a server of somebody else's at this port may have answered while ours died of it
        self._ready = True

    def _read_log(self) -> str:
        if self._log is None:
            return "(none)"
        with self._log.open("rb") as log:
            log.seek(max(0, self._log.stat().st_size - LOG_TAIL_BYTES))
            text = log.read().decode("utf-8", "replace").replace(self.api_key, "***")
        lines = ["".join(sign if sign.isprintable() else " " for sign in line) for line in text.splitlines()]
        return "\n".join(f"  {line.rstrip()}" for line in lines[-LOG_LINES:] if line.strip()) or "  (empty)"


_processes: dict[tuple[ServePlan, asyncio.AbstractEventLoop], VLLMProcess] = {}
"""The servers that are in use, by how they serve and the event loop that asks."""


def lease_process(plan: ServePlan) -> VLLMProcess:
    """The server of this plan; called within an event loop. Give it back with `release_process`."""
    process = _processes.setdefault((plan, asyncio.get_running_loop()), VLLMProcess(plan))
    process.users += 1
    return process


async def release_process(process: VLLMProcess) -> None:
    """Give a server back; the last one to do so stops it."""
    process.users -= 1
    if process.users == 0:
        for key, found in list(_processes.items()):
            if found is process:
                del _processes[key]
        await process.stop()


def find_vllm() -> list[str]:
    """The command that runs vLLM: the one on the PATH, else the one beside this Python.

    Raises:
        ExtraMissing: there is none.
    """
    beside = Path(sys.executable).with_name("vllm")
    found = shutil.which("vllm") or (str(beside) if beside.is_file() else None)
    if found is None:
        raise ExtraMissing.tell(
            "the engine `vllm-server` without `base_url`",
            "vllm",
            extra="vllm",
            advice=" (it needs a GPU), or give the `base_url` of a server that runs.",
        )
    return [found]


def _find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _describe_status(status: int) -> str:
    if status < 0 or status > 128:
        return f"killed by signal {-status if status < 0 else status - 128}"
    return f"exit status {status}"
