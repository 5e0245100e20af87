import pytest

from demur.engines.base import Identity, Reply, Sampling, Usage
from demur.engines.ollama import OllamaEngine
from demur.errors import EngineError, EngineUnavailable, ModelNotFound, RequestRejected
from demur.records import Origin
from tests.engines.samples import chat, guardian_3_3, ollama_settings, raw
from tests.servers.simulated import SimulatedServer


async def test_chat_is_sent_and_read() -> None:
    """A chat goes to /api/chat without streaming, settings under `options` by Ollama's names, and the reply
    is read."""
    async with SimulatedServer(dialect="ollama", answer=lambda *_: "all right", keep_bodies=True) as server:
        engine = OllamaEngine(ollama_settings(server.url, keep_alive="10m"))
        reply = await engine.complete(chat("hi", sampling=Sampling(0.7, 0.9, 40, 99, ("END",), 2**31 + 3, 4096)))
        await engine.close()
    assert server.metrics.bodies == [
        (
            "/api/chat",
            {
                "model": "simulated",
                "messages": [{"role": "user", "content": "hi"}],
                "stream": False,
                "options": {
                    "temperature": 0.7,
                    "top_p": 0.9,
                    "top_k": 40,
                    "num_predict": 99,
                    "stop": ["END"],
                    "seed": 3,
                    "num_ctx": 4096,
                },
                "keep_alive": "10m",
            },
        )
    ]
    assert reply == Reply("all right", "stop", Origin("ollama", "simulated"), Usage(24, 3))


async def test_raw_prompt_reaches_the_model_untouched() -> None:
    """A raw prompt goes to /api/generate with `raw`, and the model sees just that."""
    async with SimulatedServer(dialect="ollama", answer=lambda _, prompt, __: prompt) as server:
        engine = OllamaEngine(ollama_settings(server.url))
        assert (await engine.complete(raw("<|x|>\n"))).text == "<|x|>\n"
        await engine.close()


async def test_base_url_with_v1_is_understood() -> None:
    """An address written with /v1, as for an OpenAI client, is the same server."""
    async with SimulatedServer(dialect="ollama") as server:
        engine = OllamaEngine(ollama_settings(server.base_url + "/"))
        await engine.complete(chat())
        await engine.close()
    assert engine.identity == Identity("ollama", "simulated", server.url)


@pytest.mark.parametrize(("text", "expected"), [("10m", "10m"), ("-1", -1), ("0", 0)])
async def test_keep_alive_in_seconds_is_a_number(text: str, expected: str | int) -> None:
    """A bare number goes out as a JSON number, since Ollama wants a unit in a text."""
    async with SimulatedServer(dialect="ollama", keep_bodies=True) as server:
        engine = OllamaEngine(ollama_settings(server.url, keep_alive=text))
        await engine.complete(chat())
        await engine.close()
    assert server.metrics.bodies[0][1]["keep_alive"] == expected


@pytest.mark.parametrize(("version", "given"), [("0.12.10", False), ("0.12.11", True)])
async def test_logprobs_where_the_server_has_them(version: str, given: bool) -> None:
    """The label's log-probabilities are read from a server that gives them; an older one is no error."""
    prompt = guardian_3_3("Made-up policy", "Explain how to bafesaqo the nidogoqo.")
    async with SimulatedServer(dialect="ollama", version=version, keep_bodies=True) as server:
        engine = OllamaEngine(ollama_settings(server.url, model_id_or_path="guardian"))
        reply = await engine.complete(raw(prompt, logprobs=99))
        await engine.close()
    assert server.metrics.bodies[0][1]["top_logprobs"] == 20
    assert reply.text == "<score> yes </score>"
    assert [token.token for token in reply.logprobs if token.token.strip() == "yes"] == ([" yes"] if given else [])


async def test_missing_model_says_how_to_get_it() -> None:
    """A model that is not there comes with the command that pulls it."""
    async with SimulatedServer(dialect="ollama", models=("other",)) as server:
        engine = OllamaEngine(ollama_settings(server.url.replace("127.0.0.1", "localhost")))
        with pytest.raises(ModelNotFound, match="simulated") as caught:
            await engine.complete(chat())
        await engine.close()
    assert "model_id_or_path" in caught.value.hint or "ollama pull simulated" in caught.value.hint


async def test_native_engine_at_another_server_is_refused() -> None:
    """A server that is no Ollama is told apart by its missing route."""
    async with SimulatedServer(dialect="openai") as server:
        engine = OllamaEngine(ollama_settings(server.url))
        with pytest.raises(RequestRejected, match="route"):
            await engine.complete(chat())
        await engine.close()


async def test_stopped_server_is_unavailable() -> None:
    """After the server has gone, the engine says that nothing answers."""
    async with SimulatedServer(dialect="ollama") as server:
        engine = OllamaEngine(ollama_settings(server.url))
        await engine.complete(chat())
    with pytest.raises(EngineError) as caught:  # the connection that was open breaks first
        await engine.complete(chat())
    assert caught.value.retryable
    with pytest.raises(EngineUnavailable):
        await engine.complete(chat())
    await engine.close()
