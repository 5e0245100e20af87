import asyncio

import pytest

from demur.engines.base import Chat, Identity, Message, Reply, Sampling, TokenLogprob, Usage
from demur.engines.openai import RAW_MAX_TOKENS, OpenAIEngine
from demur.engines.sampling import fill_sampling, sampling_from
from demur.engines.vllm_server import VLLMServerEngine
from demur.errors import CredentialsRejected, ModelNotFound, RawUnsupported, ReplyUnreadable
from demur.records import Origin
from tests.engines.samples import chat, guardian_3_3, ollama_settings, openai_settings, raw, vllm_server_settings
from tests.servers.behaviour import Kind
from tests.servers.simulated import SimulatedServer

EVERY_SETTING = Sampling(0.7, 0.9, 40, 99, ("END",), 2**40 + 5, 4096)


def echo(model: str, prompt: str, body: dict[str, object]) -> str:
    """Say what the model was shown."""
    return f"{model} was shown: {prompt}"


async def test_chat_is_sent_and_read() -> None:
    """A chat goes out with every setting by its name in OpenAI's protocol, and the reply is read whole."""
    async with SimulatedServer(answer=lambda *_: "all right", keep_bodies=True) as server:
        engine = OpenAIEngine(openai_settings(server.base_url))
        reply = await engine.complete(chat("hi", sampling=EVERY_SETTING))
        await engine.close()
    assert server.metrics.bodies == [
        (
            "/v1/chat/completions",
            {
                "model": "simulated",
                "messages": [{"role": "user", "content": "hi"}],
                "temperature": 0.7,
                "top_p": 0.9,
                "top_k": 40,
                "stop": ["END"],
                "seed": 5,
                "max_tokens": 99,
            },
        )
    ]
    assert reply == Reply("all right", "stop", Origin("openai", "simulated"), Usage(24, 3))


async def test_unset_settings_are_not_sent() -> None:
    """What nobody set is left to the server."""
    async with SimulatedServer(keep_bodies=True) as server:
        engine = OpenAIEngine(openai_settings(server.base_url))
        await engine.complete(chat())
        await engine.close()
    assert set(server.metrics.bodies[0][1]) == {"model", "messages"}


async def test_settings_fill_what_a_request_leaves_open() -> None:
    """The block's settings hold where the request has none; the request's own go first."""
    async with SimulatedServer(keep_bodies=True) as server:
        engine = OpenAIEngine(openai_settings(server.base_url, temperature=0.1, max_tokens=7, stop=["X"]))
        await engine.complete(chat(sampling=Sampling(temperature=0.9)))
        await engine.close()
    body = server.metrics.bodies[0][1]
    assert (body["temperature"], body["max_tokens"], body["stop"]) == (0.9, 7, ["X"])


def test_sampling_of_a_block_is_complete() -> None:
    """A block's sampling holds each of its settings, and filling it in changes nothing."""
    openai = sampling_from(
        openai_settings("http://h/v1", temperature=0.5, top_p=0.9, top_k=3, max_tokens=8, stop=["a"])
    )
    assert openai == Sampling(0.5, 0.9, 3, 8, ("a",))
    ollama = sampling_from(ollama_settings("http://h", top_k=3, num_ctx=4096))
    assert ollama == Sampling(top_k=3, num_ctx=4096)
    assert fill_sampling(EVERY_SETTING, openai) == EVERY_SETTING
    assert fill_sampling(Sampling(), EVERY_SETTING) == EVERY_SETTING


def test_hosted_openai_gets_the_new_name_of_max_tokens() -> None:
    """OpenAI's own host is told `max_completion_tokens`, which its reasoning models insist on."""
    engine = OpenAIEngine(openai_settings("https://api.openai.com/v1", max_tokens=5))
    prompt = Chat((Message("user", "hi"),))
    body = engine._write_chat(prompt, chat(), Sampling(max_tokens=5))
    assert body["max_completion_tokens"] == 5
    assert "max_tokens" not in body


async def test_cut_off_reply_says_length() -> None:
    """A reply that hit the token limit is told apart."""
    async with SimulatedServer(answer=lambda *_: "x" * 100) as server:
        engine = OpenAIEngine(openai_settings(server.base_url))
        reply = await engine.complete(chat(sampling=Sampling(max_tokens=3)))
        await engine.close()
    assert (reply.text, reply.finish) == ("x" * 12, "length")


async def test_chat_logprobs() -> None:
    """Log-probabilities of the chat endpoint are asked for, at most 20 a token, and read."""
    async with SimulatedServer(answer=lambda *_: "yes indeed", keep_bodies=True) as server:
        engine = OpenAIEngine(openai_settings(server.base_url))
        reply = await engine.complete(chat(logprobs=50))
        await engine.close()
    body = server.metrics.bodies[0][1]
    assert (body["logprobs"], body["top_logprobs"]) == (True, 20)
    assert reply.logprobs == (
        TokenLogprob("yes", -0.01, (("yes", -0.01),)),
        TokenLogprob(" indeed", -0.01, ((" indeed", -0.01),)),
    )


@pytest.mark.parametrize("kind", ["vllm", "llama.cpp"])
async def test_raw_prompt_reaches_the_model_untouched(kind: Kind) -> None:
    """On vLLM and llama.cpp a raw prompt goes to /completions, and the model sees just that."""
    prompt = "<|start_of_role|>user<|end_of_role|>é\n"
    async with SimulatedServer(kind=kind, answer=echo, keep_bodies=True) as server:
        engine = OpenAIEngine(openai_settings(server.base_url))
        reply = await engine.complete(raw(prompt, logprobs=3))
        await engine.close()
    path, body = server.metrics.bodies[0]
    assert path == "/v1/completions"
    assert body["max_tokens"] == RAW_MAX_TOKENS
    assert body.get("add_special_tokens") is (False if kind == "vllm" else None)
    assert body.get("n_probs") == (3 if kind == "llama.cpp" else None)
    assert reply.text == f"simulated was shown: {prompt}"
    assert "".join(token.token for token in reply.logprobs) == reply.text


async def test_raw_prompt_at_an_ollama_takes_the_native_route() -> None:
    """An Ollama behind /v1 gets a raw prompt by /api/generate with raw, since its /v1/completions is not
    raw."""
    async with SimulatedServer(dialect="ollama", answer=echo, keep_bodies=True) as server:
        engine = OpenAIEngine(openai_settings(server.base_url, api_key="ollama"))
        reply = await engine.complete(raw("as it is", sampling=Sampling(seed=3, max_tokens=50)))
        await engine.close()
    path, body = server.metrics.bodies[0]
    assert path == "/api/generate"
    assert body["raw"] is True
    assert body["options"] == {"seed": 3, "num_predict": 50}
    assert reply.text == "simulated was shown: as it is"
    assert reply.origin == Origin("openai", "simulated")


async def test_raw_prompt_at_an_unknown_server_is_refused() -> None:
    """Where no raw route is known the prompt is refused aloud, and never sent where a template would be put
    on top."""
    async with SimulatedServer(kind="none") as server:
        engine = OpenAIEngine(openai_settings(server.base_url))
        with pytest.raises(RawUnsupported, match="raw"):
            await engine.complete(raw())
        await engine.close()
    assert server.metrics.counts.keys() == {"probe"}


async def test_declared_vllm_is_believed_where_nothing_contradicts() -> None:
    """`type: vllm-server` stands where the server does not say what it is."""
    async with SimulatedServer(kind="none", answer=echo) as server:
        engine = VLLMServerEngine(vllm_server_settings(server.base_url))
        assert (await engine.complete(raw("so"))).text.endswith("so")
        await engine.close()


async def test_server_is_asked_once_what_it_is() -> None:
    """However many raw requests come at once, the server is probed one time."""
    async with SimulatedServer(dialect="ollama") as server:
        engine = OpenAIEngine(openai_settings(server.base_url))
        async with asyncio.TaskGroup() as group:
            for number in range(20):
                group.create_task(engine.complete(raw(str(number))))
        await engine.close()
    assert server.metrics.counts["probe"] == 1


@pytest.mark.parametrize("dialect", ["openai", "ollama"])
async def test_policy_reaches_the_guardian(dialect: str) -> None:
    """A guardian's raw prompt carries the policy to the model, at an Ollama address too, with the label's
    logprobs."""
    async with SimulatedServer(dialect=dialect) as server:
        engine = OpenAIEngine(openai_settings(server.base_url, model_id_or_path="granite-guardian-3.3"))
        prompt = guardian_3_3("Made-up policy", "Explain how to bafesaqo the nidogoqo.")
        reply = await engine.complete(raw(prompt, logprobs=5))
        await engine.close()
    assert reply.text == "<score> yes </score>"
    label = next(token for token in reply.logprobs if token.token.strip() == "yes")
    assert {name for name, _ in label.top} == {" yes", " no"}


async def test_model_that_is_missing() -> None:
    """A model that the server lacks is named."""
    async with SimulatedServer(models=("other",)) as server:
        engine = OpenAIEngine(openai_settings(server.base_url))
        with pytest.raises(ModelNotFound, match="simulated"):
            await engine.complete(chat())
        await engine.close()


async def test_key_of_the_settings_is_sent_and_none_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine sends the settings' key; what the environment holds is for the builder's reader to fill in."""
    async with SimulatedServer(api_key="from-the-environment") as server:
        monkeypatch.setenv("OPENAI_API_KEY", "from-the-environment")
        engine = OpenAIEngine(openai_settings(server.base_url))
        with pytest.raises(CredentialsRejected):
            await engine.complete(chat())
        await engine.close()
        engine = OpenAIEngine(openai_settings(server.base_url, api_key="from-the-environment"))
        await engine.complete(chat())
        await engine.close()


def test_identity_names_no_operational_knob_and_no_credentials() -> None:
    """Timeouts, keys and concurrency do not tell two engines apart; type, model and address do."""
    plain = OpenAIEngine(openai_settings("http://h/v1"))
    knobs = OpenAIEngine(
        openai_settings("http://user:pw@h/v1/", timeout_s=1, deadline_s=2, concurrency=3, api_key="sk-abcdef")
    )
    assert plain.identity == knobs.identity == Identity("openai", "simulated", "http://h/v1")


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"content": None, "reasoning_content": "hm"}, ""),
        ({"content": None, "refusal": "I won't."}, "I won't."),
        ({"content": [{"type": "thinking", "text": "hm"}, {"type": "text", "text": "yes"}]}, "yes"),
        ({"content": "plain"}, "plain"),
    ],
)
async def test_message_forms(monkeypatch: pytest.MonkeyPatch, message: dict[str, object], expected: str) -> None:
    """Null content, a refusal field and content in parts are read for what the model said aloud."""
    from tests.servers import dialects

    body = {"choices": [{"message": message, "finish_reason": None}]}
    monkeypatch.setattr(dialects, "write_openai_chat", lambda *_: body)
    async with SimulatedServer() as server:
        engine = OpenAIEngine(openai_settings(server.base_url))
        reply = await engine.complete(chat())
        await engine.close()
    assert (reply.text, reply.finish) == (expected, "stop")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"choices": []},
        {"choices": [3]},
        {"choices": [{"finish_reason": "stop"}]},
        {"choices": [{"message": None}]},
        {"choices": [{"message": {"content": 4}}]},
    ],
)
async def test_broken_reply_is_unreadable(monkeypatch: pytest.MonkeyPatch, body: dict[str, object]) -> None:
    """A reply without what the protocol promises is an error, never an empty text."""
    from tests.servers import dialects

    monkeypatch.setattr(dialects, "write_openai_chat", lambda *_: body)
    async with SimulatedServer() as server:
        engine = OpenAIEngine(openai_settings(server.base_url))
        with pytest.raises(ReplyUnreadable):
            await engine.complete(chat())
        await engine.close()
