from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from demur.engines.base import Chat, Form, Identity, Message, Sampling, TokenLogprob, Usage
from demur.errors import InputError, RawUnsupported, ReplyUnreadable, RequestRejected
from tests.engines.hosted_engines import every_provider, open_hosted
from tests.engines.samples import chat, raw
from tests.servers.hosted import Failure, HostedServer, Provider

for package in ("anthropic", "openai", "ibm_watsonx_ai"):
    pytest.importorskip(package, reason="an extra is not installed")

pytestmark = pytest.mark.usefixtures("trusted")


@every_provider
async def test_a_chat_is_answered(provider: Provider, folder: Path) -> None:
    """Text, finish, tokens (a cache's included) and author of a reply arrive, and the identity shows no key."""
    async with HostedServer(provider, folder, text="hello there") as server:
        engine = open_hosted(provider, server.url)
        reply = await engine.complete(chat("hi"))
        await engine.close()
    assert (reply.text, reply.finish, reply.usage) == ("hello there", "stop", Usage(10, 7))
    assert (reply.origin.engine, reply.origin.model) == (provider, "simulated")
    assert engine.identity == Identity(provider, "simulated", server.url)


@every_provider
async def test_a_closed_engine_may_be_used_again(provider: Provider, folder: Path) -> None:
    """Closing twice, and before any request, does no harm; a later request connects anew."""
    async with HostedServer(provider, folder) as server:
        engine = open_hosted(provider, server.url)
        await engine.close()
        for _ in range(2):
            assert (await engine.complete(chat())).text
            await engine.close()
            await engine.close()
        assert len(server.bodies) == 2


@every_provider
async def test_many_requests_share_one_client(provider: Provider, folder: Path) -> None:
    """Requests at once are answered by one client: for watsonx one key is exchanged once."""
    async with HostedServer(provider, folder) as server:
        engine = open_hosted(provider, server.url)
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(engine.complete(chat(str(number)))) for number in range(20)]
        await engine.close()
        assert all(each.result().text for each in asked)
        assert server.tokens == (1 if provider == "watsonx" else 0)


SAMPLING = Sampling(temperature=0.5, top_p=0.9, max_tokens=33, stop=("END",), seed=2**40 + 7, num_ctx=512)
WIRE: dict[Provider, dict[str, object]] = {
    "anthropic": {"temperature": 0.5, "top_p": 0.9, "max_tokens": 33, "stop_sequences": ["END"], "system": "be brief"},
    "azure-openai": {
        "temperature": 0.5, "top_p": 0.9, "max_completion_tokens": 33, "stop": ["END"], "seed": 7, "logprobs": True,
        "top_logprobs": 3,
    },
    "watsonx": {
        "temperature": 0.5, "top_p": 0.9, "max_completion_tokens": 33, "stop": ["END"], "seed": 7, "logprobs": True,
        "top_logprobs": 3,
    },
}  # fmt: skip


@every_provider
async def test_settings_travel_under_the_providers_names(provider: Provider, folder: Path) -> None:
    """Each setting is sent as the provider calls it, the system prompt where it wants it, and nothing it does not know."""
    request = chat("hi", sampling=SAMPLING, logprobs=3)
    request = replace(request, prompt=Chat((Message("system", "be brief"), Message("user", "hi"))))
    async with HostedServer(provider, folder) as server:
        engine = open_hosted(provider, server.url)
        reply = await engine.complete(request)
        await engine.close()
    [(_, _, body)] = server.bodies
    wanted = WIRE[provider]
    assert {name: body.get(name) for name in wanted} == wanted
    turns = [{"role": "user", "content": "hi"}]
    assert body["messages"] == (
        turns if provider == "anthropic" else [{"role": "system", "content": "be brief"}, *turns]
    )
    assert bool(reply.logprobs) is (provider != "anthropic")


@every_provider
async def test_what_nobody_sets_is_not_sent(provider: Provider, folder: Path) -> None:
    """Without settings only what the provider insists on is sent."""
    async with HostedServer(provider, folder) as server:
        engine = open_hosted(provider, server.url)
        await engine.complete(chat())
        await engine.close()
    [(_, _, body)] = server.bodies
    needed: dict[Provider, set[str]] = {
        "anthropic": {"model", "messages", "max_tokens"},
        "azure-openai": {"model", "messages"},
        "watsonx": {"model_id", "messages", "project_id"},
    }
    assert set(body) == needed[provider]


SCHEMA = {
    "type": "object",
    "properties": {"ok": {"type": "boolean"}},
    "required": ["ok"],
    "additionalProperties": False,
}
FORM = Form(json_schema=json.dumps(SCHEMA))


@every_provider
async def test_a_form_is_asked_for(provider: Provider, folder: Path) -> None:
    """The JSON Schema of a request travels as the provider's structured output."""
    async with HostedServer(provider, folder) as server:
        engine = open_hosted(provider, server.url)
        await engine.complete(replace(chat(), form=FORM))
        await engine.close()
    [(_, _, body)] = server.bodies
    if provider == "anthropic":
        assert body["output_config"] == {"format": {"type": "json_schema", "schema": SCHEMA}}
    else:
        form = {"name": "reply", "schema": SCHEMA, "strict": True}
        assert body["response_format"] == {"type": "json_schema", "json_schema": form}


@every_provider
async def test_a_model_without_structured_output_is_asked_without(provider: Provider, folder: Path) -> None:
    """Where the model refuses the form, the request goes out again without, and later ones from the start."""
    name = "output_config" if provider == "anthropic" else "response_format"
    refusal = Failure(400, "invalid_request_error", f"{name}.json_schema is not supported by this model")
    async with HostedServer(provider, folder, failures=[refusal]) as server:
        engine = open_hosted(provider, server.url)
        for _ in range(2):
            assert (await engine.complete(replace(chat(), form=FORM))).text
        await engine.close()
    assert [name in body for _, _, body in server.bodies] == [True, False, False]


@every_provider
async def test_another_refusal_of_a_form_is_told(provider: Provider, folder: Path) -> None:
    """A refusal that has nothing to do with the form is not asked again."""
    refusal = Failure(400, "invalid_request_error", "messages: too many")
    async with HostedServer(provider, folder, failures=[refusal]) as server:
        engine = open_hosted(provider, server.url)
        with pytest.raises(RequestRejected, match="too many"):
            await engine.complete(replace(chat(), form=FORM))
        await engine.close()
    assert len(server.bodies) == 1


EMPTY: dict[Provider, dict[str, object]] = {
    "anthropic": {"content": [], "stop_reason": "end_turn"},
    "azure-openai": {"choices": [{"message": {"role": "assistant", "content": None}, "finish_reason": "stop"}]},
    "watsonx": {"choices": [{"message": {"role": "assistant", "content": ""}, "finish_reason": "stop"}]},
}
FILTERED: dict[Provider, dict[str, object]] = {
    "anthropic": {"content": [], "stop_reason": "refusal"},
    "azure-openai": {"choices": [{"message": {"role": "assistant"}, "finish_reason": "content_filter"}]},
    "watsonx": {"choices": [{"message": {"role": "assistant"}, "finish_reason": "content_filter"}]},
}
CUT: dict[Provider, dict[str, object]] = {
    "anthropic": {"stop_reason": "max_tokens"},
    "azure-openai": {"choices": [{"message": {"content": "half a"}, "finish_reason": "length"}]},
    "watsonx": {"choices": [{"message": {"content": "half a"}, "finish_reason": "length"}]},
}
SHAPELESS: tuple[dict[str, object], ...] = ({"content": 3, "choices": 3}, {"content": None, "choices": []})


@every_provider
async def test_empty_filtered_and_cut_replies_say_so(provider: Provider, folder: Path) -> None:
    """No content is the empty text; a filter's end and a limit's end are told by the finish."""
    async with HostedServer(provider, folder) as server:
        engine = open_hosted(provider, server.url)
        server.reply = EMPTY[provider]
        empty = await engine.complete(chat())
        assert (empty.text, empty.finish, empty.filtered) == ("", "stop", False)
        server.reply = FILTERED[provider]
        filtered = await engine.complete(chat())
        assert (filtered.text, filtered.filtered) == ("", True)
        assert filtered.finish == ("refusal" if provider == "anthropic" else "content_filter")
        server.reply = CUT[provider]
        assert (await engine.complete(chat())).finish == "length"
        for server.reply in SHAPELESS:
            with pytest.raises(ReplyUnreadable):
                await engine.complete(chat())
        await engine.close()


async def test_a_raw_prompt_goes_to_watsonx_as_it_is(folder: Path) -> None:
    """watsonx.ai's text generation gets the prompt untouched, greedy where no temperature is set, with logprobs."""
    top = [{"text": "no", "logprob": -2.5}, {"text": "yes", "logprob": -0.1}]
    token = {"text": "yes", "logprob": -0.1, "top_tokens": top}
    result = {"generated_text": "yes", "generated_token_count": 7, "input_token_count": 10, "stop_reason": "eos_token"}
    reply_body: dict[str, object] = {"results": [{**result, "generated_tokens": [token]}]}
    async with HostedServer("watsonx", folder, reply=reply_body) as server:
        engine = open_hosted("watsonx", server.url)
        reply = await engine.complete(raw("<|judge|>", sampling=Sampling(max_tokens=20, stop=("X",)), logprobs=20))
        warm = Sampling(temperature=0.7, top_k=5, seed=2**31)
        await engine.complete(raw("hello", sampling=warm))
        await engine.complete(raw("hello", sampling=Sampling(temperature=0.0, top_p=0.5)))
        await engine.close()
    assert reply.text == "yes"
    assert reply.logprobs == (TokenLogprob("yes", -0.1, (("yes", -0.1), ("no", -2.5))),)
    assert reply.usage == Usage(10, 7)
    (path, query, first), (_, _, second), (_, _, third) = server.bodies
    assert path == "/ml/v1/text/generation"
    assert "version" in query
    assert first["input"] == "<|judge|>"
    assert first["parameters"] == {
        "decoding_method": "greedy", "max_new_tokens": 20, "stop_sequences": ["X"], "include_stop_sequence": False,
        "return_options": {"generated_tokens": True, "token_logprobs": True, "top_n_tokens": 5},
    }  # fmt: skip
    assert second["parameters"] == {
        "decoding_method": "sample", "max_new_tokens": 1024, "temperature": 0.7, "top_k": 5, "random_seed": 1
    }  # fmt: skip
    assert third["parameters"] == {"decoding_method": "greedy", "max_new_tokens": 1024}


@pytest.mark.parametrize(("said", "finish"), [("MAX_TOKENS", "length"), ("stop_sequence", "stop"), ("error", "error")])
async def test_how_a_generation_ended(folder: Path, said: str, finish: str) -> None:
    """Text generation's words for the end of a reply become demur's, in either case of letters."""
    result = {"generated_text": "a", "stop_reason": said}
    async with HostedServer("watsonx", folder, reply={"results": [result]}) as server:
        engine = open_hosted("watsonx", server.url)
        assert (await engine.complete(raw())).finish == finish
        server.reply = {"results": []}
        with pytest.raises(ReplyUnreadable, match="no result"):
            await engine.complete(raw())
        await engine.close()


@pytest.mark.parametrize("provider", ["anthropic", "azure-openai"])
async def test_raw_prompts_are_refused_with_a_way_out(provider: Provider) -> None:
    """Where a provider takes no raw prompt, the hint says which engines and guards do."""
    engine = open_hosted(provider, "http://127.0.0.1:9")
    with pytest.raises(RawUnsupported, match="raw prompts") as caught:
        await engine.complete(raw())
    assert "Granite Guardian 4.1" in caught.value.hint


async def test_watsonx_refuses_top_k_in_a_chat() -> None:
    """`top_k`, which watsonx.ai's chats do not take, is an error and not dropped."""
    engine = open_hosted("watsonx", "https://127.0.0.1:9")
    with pytest.raises(InputError, match="top_k"):
        await engine.complete(chat(sampling=Sampling(top_k=3)))


async def test_anthropics_version_follows_the_sampling(folder: Path) -> None:
    """The API's current version is asked for, and the older one only for what the current one took out."""
    async with HostedServer("anthropic") as server:
        engine = open_hosted("anthropic", f"{server.url}/v1/")
        await engine.complete(chat())
        await engine.complete(chat(sampling=Sampling(top_k=3)))
        await engine.close()
    assert engine.identity.endpoint == server.url
    assert [headers["anthropic-version"] for headers in server.headers] == ["2026-10-21", "2023-06-01"]
    assert [body["max_tokens"] for _, _, body in server.bodies] == [8192, 8192]


@pytest.mark.parametrize(
    ("suffix", "version", "path", "sent"),
    [
        ("", None, "/openai/deployments/simulated/chat/completions", "2024-10-21"),
        ("/openai/", "2025-04-01-preview", "/openai/deployments/simulated/chat/completions", "2025-04-01-preview"),
        ("/openai/v1", None, "/openai/v1/chat/completions", None),
        ("/openai/v1/", "2024-10-21", "/openai/v1/chat/completions", None),
        ("/openai/v1", "preview", "/openai/v1/chat/completions", "preview"),
    ],
)
async def test_azures_two_forms_of_an_address(suffix: str, version: str | None, path: str, sent: str | None) -> None:
    """The resource's address is asked by the dated routes, one that ends in /openai/v1 by the new ones."""
    async with HostedServer("azure-openai") as server:
        engine = open_hosted("azure-openai", server.url + suffix, api_version=version)
        assert (await engine.complete(chat())).text
        await engine.close()
    [(asked, query, _)] = server.bodies
    assert asked == path
    assert query.get("api-version") == sent
