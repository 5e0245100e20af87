import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from pydantic import ValidationError

from demur.engines.base import Form, Identity, Reply, Request, Sampling, Usage
from demur.engines.ollama import OllamaEngine
from demur.errors import EngineError, EngineUnavailable, ModelNotFound, ReplyUnreadable, RequestRejected, ServerFault
from demur.records import Origin
from tests.engines.samples import chat, guardian_3_3, ollama_settings, raw
from tests.servers import dialects
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
                "truncate": False,
                "shift": False,
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


@pytest.mark.parametrize(
    ("text", "expected"), [("10m", "10m"), ("1h30m", "1h30m"), ("-1", -1), ("0", 0), (300, 300), (-1, -1), ("1.5", 1.5)]
)
async def test_keep_alive_in_seconds_is_a_number(text: str | int, expected: str | float) -> None:
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
        engine = OllamaEngine(ollama_settings(server.url))
        with pytest.raises(ModelNotFound, match="simulated") as caught:
            await engine.complete(chat())
        await engine.close()
    assert "ollama pull simulated" in caught.value.hint


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


SCHEMA = '{"type": "object", "properties": {"label": {"enum": ["yes", "no"]}}, "required": ["label"]}'


async def test_form_is_sent_as_format() -> None:
    """A JSON Schema goes out under `format`, by both routes; a grammar, which Ollama does not take, is left to the prompt."""
    async with SimulatedServer(dialect="ollama", keep_bodies=True) as server:
        engine = OllamaEngine(ollama_settings(server.url))
        for request in (chat(), raw()):
            await engine.complete(replace(request, form=Form(json_schema=SCHEMA, grammar="root ::= [a-z]")))
        await engine.complete(replace(chat(), form=Form(grammar="root ::= [a-z]")))
        await engine.close()
    assert [body.get("format") for _, body in server.metrics.bodies] == [json.loads(SCHEMA), json.loads(SCHEMA), None]


async def test_every_option_is_known_to_ollama() -> None:
    """Nothing goes out under `options` that an Ollama would drop with a mere warning in its log."""
    async with SimulatedServer(dialect="ollama") as server:
        engine = OllamaEngine(ollama_settings(server.url))
        await engine.complete(chat(sampling=Sampling(0.7, 0.9, 40, 99, ("END",), 3, 4096)))
        await engine.close()
    assert server.metrics.ignored_options == []


@pytest.mark.parametrize("version", ["0.12.5", "0.12.6", "0.34.2"])
@pytest.mark.parametrize("num_ctx", [None, 3000])
@pytest.mark.parametrize("form", [chat, raw])
async def test_prompt_that_does_not_fit_is_never_judged_without_its_policy(
    version: str, num_ctx: int | None, form: Callable[[str], Request]
) -> None:
    """A prompt that is longer than the window is refused with a remedy, by old servers that cut it without a word too."""
    async with SimulatedServer(dialect="ollama", version=version, num_ctx=4096) as server:
        engine = OllamaEngine(ollama_settings(server.url, num_ctx=num_ctx))
        await engine.complete(form("a policy that fits " * 100))
        with pytest.raises(RequestRejected, match="context window") as caught:
            await engine.complete(form("a policy that is long " * 1000))
        await engine.close()
    assert "num_ctx" in caught.value.hint


async def test_prompt_that_the_server_does_not_count_is_no_error() -> None:
    """Old servers leave `prompt_eval_count` out for a prompt that they have cached: the count is then 0."""
    async with SimulatedServer(dialect="ollama", counts_prompts=False) as server:
        engine = OllamaEngine(ollama_settings(server.url, num_ctx=4096))
        assert (await engine.complete(chat())).usage.prompt_tokens == 0
        await engine.close()


@pytest.mark.parametrize(
    ("changes", "expected", "said"),
    [
        ({"done": True, "done_reason": "load", "response": ""}, ServerFault, "only loaded the model"),
        ({"done": True, "done_reason": "unload", "response": ""}, ServerFault, "only unloaded the model"),
        ({"done": False, "response": "half a"}, ReplyUnreadable, "before it is done"),
    ],
)
async def test_reply_that_is_none_is_asked_for_again(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, object], expected: type[EngineError], said: str
) -> None:
    """A reply that only loads or unloads the model, or is not done, is a fault that another attempt may get past."""
    monkeypatch.setattr(dialects, "write_ollama", lambda *_, **__: json.dumps({"model": "m", **changes}).encode())
    async with SimulatedServer(dialect="ollama") as server:
        engine = OllamaEngine(ollama_settings(server.url))
        with pytest.raises(expected, match=said) as caught:
            await engine.complete(raw())
        await engine.close()
    assert caught.value.retryable


@pytest.mark.parametrize("reason", ["stop", "length"])
async def test_done_reason_is_the_finish(monkeypatch: pytest.MonkeyPatch, reason: str) -> None:
    """Ollama's `done_reason` is handed on as it is; one that is missing, as in old versions, is `stop`."""
    body = {"model": "m", "response": "so", "done": True, **({"done_reason": reason} if reason == "length" else {})}
    monkeypatch.setattr(dialects, "write_ollama", lambda *_, **__: json.dumps(body).encode())
    async with SimulatedServer(dialect="ollama") as server:
        engine = OllamaEngine(ollama_settings(server.url))
        assert (await engine.complete(raw())).finish == reason
        await engine.close()


@pytest.mark.parametrize("wrong", ["10 minutes", "soon", "1d", ""])
def test_keep_alive_that_is_no_duration_is_an_input_error(wrong: str) -> None:
    """What Ollama would refuse with every request is refused when the builder is read."""
    with pytest.raises(ValidationError, match="no duration"):
        ollama_settings("http://h", keep_alive=wrong)
