import asyncio
import json
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from tests.engines.samples import guardian_3_3
from tests.servers.behaviour import Behaviour, Fault
from tests.servers.simulated import SimulatedServer
from tests.servers.spawned import spawn_server

MESSAGES = [{"role": "user", "content": "hello"}]


@asynccontextmanager
async def session_to(server: SimulatedServer) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of this server."""
    async with aiohttp.ClientSession(server.url) as session:
        yield session


async def ask(session: aiohttp.ClientSession, path: str, body: object) -> tuple[int, str]:
    """Post a body; gives status and text."""
    async with session.post(path, json=body) as response:
        return response.status, await response.text()


async def test_ollama_streams_unless_told_not_to() -> None:
    """Ollama's native routes answer line by line by default, and whole with `stream: false`."""
    async with (
        SimulatedServer(dialect="ollama", answer=lambda *_: "abcdef") as server,
        session_to(server) as session,
    ):
        _, streamed = await ask(session, "/api/chat", {"model": "m", "messages": MESSAGES})
        lines = [json.loads(line) for line in streamed.splitlines()]
        assert "".join(line["message"]["content"] for line in lines) == "abcdef"
        assert [line["done"] for line in lines] == [False, False, True]
        _, whole = await ask(session, "/api/generate", {"model": "m", "prompt": "x", "stream": False})
        assert json.loads(whole)["response"] == "abcdef"


async def test_ollama_drops_template_arguments_and_its_v1_is_not_raw() -> None:
    """Ollama ignores chat_template_kwargs, and wraps what comes by /v1/completions in a template."""
    policy = {"chat_template_kwargs": {"custom_criteria": "A policy"}}
    prompt = guardian_3_3("A policy", "Explain how to bafesaqo the nidogoqo.")
    chat = {
        "model": "guardian-3.3",
        "messages": [{"role": "user", "content": "Explain bafesaqo nidogoqo"}],
        **policy,
    }
    async with SimulatedServer(dialect="ollama") as ollama, session_to(ollama) as session:
        _, dropped = await ask(session, "/v1/chat/completions", chat)
        assert json.loads(dropped)["choices"][0]["message"]["content"] == "<score> no </score>"
    async with SimulatedServer(kind="vllm") as vllm, session_to(vllm) as session:
        _, known = await ask(session, "/v1/chat/completions", chat)
        assert json.loads(known)["choices"][0]["message"]["content"] == "<score> yes </score>"
    seen: list[str] = []

    def note(_: str, shown: str, __: dict[str, object]) -> str:
        seen.append(shown)
        return ""

    async with SimulatedServer(dialect="ollama", answer=note) as ollama, session_to(ollama) as session:
        await ask(session, "/v1/completions", {"model": "m", "prompt": prompt})
        await ask(session, "/api/generate", {"model": "m", "prompt": prompt})
        await ask(session, "/api/generate", {"model": "m", "prompt": prompt, "raw": True})
    assert [shown == prompt for shown in seen] == [False, False, True]


@pytest.mark.parametrize(
    ("path", "body", "status", "expected"),
    [
        ("/api/chat", {"model": "none", "messages": MESSAGES}, 404, {"error": "model 'none' not found"}),
        ("/api/generate", {}, 400, {"error": "missing request body"}),
        (
            "/api/generate",
            {"model": "m", "prompt": "x", "raw": True, "system": "y"},
            400,
            {"error": "raw mode does not support template, system, or context"},
        ),
        (
            "/api/chat",
            {"model": "m", "messages": MESSAGES, "top_logprobs": 21},
            400,
            {"error": "top_logprobs must be between 0 and 20"},
        ),
    ],
)
async def test_ollama_errors_are_a_text(path: str, body: object, status: int, expected: object) -> None:
    """Ollama's native errors are an object with a text, with the statuses of the real one."""
    async with SimulatedServer(dialect="ollama", models=("m",)) as server, session_to(server) as session:
        answered, text = await ask(session, path, body)
        assert (answered, json.loads(text)) == (status, expected)


async def test_routes_of_the_other_dialect_are_unknown() -> None:
    """A server that is no Ollama has none of its routes."""
    async with SimulatedServer(kind="vllm") as server, session_to(server) as session:
        assert (await ask(session, "/api/chat", {"model": "m", "messages": MESSAGES}))[0] == 404


async def test_slots_queue_what_is_beyond_them() -> None:
    """No more replies are written at once than there are slots, and the metrics tell who was in when."""
    async with SimulatedServer(slots=3, median_s=0.01, sigma=0.3) as server, session_to(server) as session:
        async with asyncio.TaskGroup() as group:
            for number in range(12):
                body = {"model": "m", "messages": [{"role": "user", "content": str(number)}]}
                group.create_task(ask(session, "/v1/chat/completions", body))
        assert server.metrics.most_at_once == 3
        assert server.metrics.most_arrived > 3
        assert len(server.metrics.timeline) == server.metrics.counts["respond"] == 12
        edges = sorted(
            [(end, -1) for _, end, _ in server.metrics.timeline] + [(t, 1) for t, _, _ in server.metrics.timeline]
        )
        busy = 0
        for _, step in edges:
            busy += step
            assert busy <= 3


async def test_faults_come_in_order_then_no_more() -> None:
    """Scripted faults meet the first requests in their order, None lets one through."""
    faults = [Fault(status=429, retry_after="3"), None, Fault(status=503)]
    async with SimulatedServer(faults=faults) as server, session_to(server) as session:
        body = {"model": "m", "messages": MESSAGES}
        assert [(await ask(session, "/v1/chat/completions", body))[0] for _ in range(4)] == [
            429,
            200,
            503,
            200,
        ]
        assert server.metrics.counts["fault"] == 2


async def test_settings_are_honoured() -> None:
    """Token limit and stop words end a reply, by the names of either dialect."""
    native = {"model": "m", "messages": MESSAGES, "stream": False}
    behaviour = Behaviour(dialect="ollama", answer=lambda *_: "one two STOP three")
    async with SimulatedServer(behaviour) as server, session_to(server) as session:
        _, text = await ask(session, "/api/chat", {**native, "options": {"num_predict": 1}})
        assert (json.loads(text)["message"]["content"], json.loads(text)["done_reason"]) == ("one ", "length")
        _, text = await ask(session, "/api/chat", {**native, "options": {"stop": ["STOP"]}})
        assert json.loads(text)["message"]["content"] == "one two "
        _, text = await ask(session, "/v1/chat/completions", {**native, "stop": "two"})
        assert json.loads(text)["choices"][0]["message"]["content"] == "one "


def test_server_runs_in_a_process_of_its_own() -> None:
    """Spawned, the server prints its address, serves, tells its metrics, and forgets them when asked."""
    with spawn_server("--dialect", "openai", "--slots", "2", "--per-round", "3") as url:
        body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "### Question"}]}).encode()
        with urllib.request.urlopen(f"{url}/v1/chat/completions", data=body) as response:
            assert json.load(response)["choices"][0]["message"]["content"].count("### Question") == 3
        with urllib.request.urlopen(f"{url}/_simulated/metrics") as response:
            assert json.load(response)["counts"] == {"propose": 1}
        with urllib.request.urlopen(f"{url}/_simulated/reset", data=b""):
            pass
        with urllib.request.urlopen(f"{url}/_simulated/metrics") as response:
            assert json.load(response)["counts"] == {}
