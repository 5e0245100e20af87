"""llama.cpp's real HTTP server, asked by the `openai` engine."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from demur.engines.llama_cpp import LlamaCppEngine
from demur.engines.openai import OpenAIEngine
from demur.engines.probe import ServerKind, identify_server, list_models
from demur.engines.transport import JsonClient
from demur.errors import RequestRejected
from tests.engines.samples import openai_settings
from tests.llama.conftest import OpenEngine
from tests.llama.samples import SCORE, ask_chat, ask_raw, serve
from tests.llama.tiny_model import END, ROLE, ROLE_END


@pytest.fixture(scope="module")
def address(models: Path) -> Iterator[str]:
    """A server of `asker.gguf` on the loopback address."""
    server = serve(models / "asker.gguf")
    yield f"{server.listening_address}/v1"
    del server


@pytest.fixture
async def served(address: str) -> AsyncIterator[OpenAIEngine]:
    """The engine that a builder's `type: openai` opens."""
    engine = OpenAIEngine(openai_settings(address, model_id_or_path="asker"))
    yield engine
    await engine.close()


@pytest.fixture
def inside(open_engine: OpenEngine) -> LlamaCppEngine:
    """The same model in this process."""
    return open_engine("asker.gguf")


async def test_the_server_is_recognised(address: str) -> None:
    """It is a llama.cpp, and it lists its one model."""
    client = JsonClient(address)
    assert (await identify_server(client)).kind is ServerKind.LLAMA_CPP
    assert [name.endswith("asker.gguf") for name in await list_models(client)] == [True]
    await client.close()


async def test_chats_and_raw_prompts_are_answered_as_in_this_process(
    served: OpenAIEngine, inside: LlamaCppEngine
) -> None:
    """The wire changes nothing: text, end, usage and log-probabilities are those of the engine without a server."""
    for seed in range(4):
        for request in (ask_chat(seed=seed), ask_raw(seed=seed)):
            there, here = await served.complete(request), await inside.complete(request)
            assert (there.text, there.finish, there.usage) == (here.text, here.finish, here.usage)
    request = ask_raw(form=SCORE, logprobs=5)
    there, here = await served.complete(request), await inside.complete(request)
    assert there.text == here.text
    assert len(there.logprobs) >= len(here.logprobs) > 3
    assert [token.token for token in there.logprobs[: len(here.logprobs)]] == [token.token for token in here.logprobs]
    for one, other in zip(there.logprobs, here.logprobs, strict=False):
        assert {name for name, _ in one.top} == {name for name, _ in other.top}
        assert one.logprob == pytest.approx(other.logprob, abs=1e-3)


async def test_a_raw_prompt_stays_raw(served: OpenAIEngine) -> None:
    """Neither a template nor a begin-of-text token is put around it; role tokens are tokens."""
    reply = await served.complete(ask_raw(f"{ROLE}judge{{no_think}}{ROLE_END}{END}\n", max_tokens=1))
    assert reply.usage.prompt_tokens == len("judge{no_think}") + 3 + 1


async def test_the_grammar_reaches_the_server(served: OpenAIEngine) -> None:
    """A raw request's grammar binds the server's replies, many at once."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(served.complete(ask_raw(seed=seed, form=SCORE))) for seed in range(12)]
    assert all(re.fullmatch("<score> (yes|no) </score>", task.result().text) for task in tasks)


@pytest.mark.parametrize("ask", [ask_chat, ask_raw])
async def test_the_servers_words_on_a_full_context_are_told(served: OpenAIEngine, ask: object) -> None:
    """A prompt that is too long is refused for good, with the numbers that the server gives."""
    assert callable(ask)
    with pytest.raises(RequestRejected, match=r"exceeds the available context size \(1024 tokens\)"):
        await served.complete(ask("x" * 2000))


async def test_more_requests_than_the_server_has_threads(address: str) -> None:
    """The server keeps a thread for each open connection, for 5 s after its last request: none is left open for it."""
    engine = OpenAIEngine(openai_settings(address, model_id_or_path="asker", timeout_s=4))
    await engine.complete(ask_chat())
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(engine.complete(ask_chat(seed=seed))) for seed in range(40)]
    assert all(task.result().text for task in tasks)
    await engine.close()
