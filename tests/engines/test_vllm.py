from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import AsyncGenerator
from dataclasses import fields, replace
from types import SimpleNamespace

import pytest

from demur.engines.base import Form, Identity, Sampling, TokenLogprob, Usage
from demur.engines.openai import RAW_MAX_TOKENS
from demur.engines.vllm import VLLMEngine
from demur.errors import (
    EngineError,
    EngineNotRunning,
    ExtraMissing,
    ReplyUnreadable,
    RequestRejected,
    RequestTimedOut,
    ServerFault,
)
from demur.inputs.engine_settings import VLLMSettings
from tests.engines.samples import chat, raw
from tests.servers import vllm_package
from tests.servers.vllm_package import World, install_vllm


def settings(**changes: object) -> VLLMSettings:
    """A block that runs a model in this process."""
    return VLLMSettings.model_validate({"type": "vllm", "model_id_or_path": "my/model", "timeout_s": 5, **changes})


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """A vLLM that repeats what it is shown."""
    made = World()
    install_vllm(monkeypatch, made)
    return made


async def test_raw_prompt_reaches_the_model_untouched(world: World) -> None:
    """A raw prompt goes in as its own tokens, without a second begin-of-text in front."""
    engine = VLLMEngine(settings())
    reply = await engine.complete(raw("<|x|>é\n"))
    await engine.close()
    assert world.prompts == [[ord(sign) for sign in "<|x|>é\n"]]
    assert (reply.text, reply.finish, reply.usage) == ("<|x|>é\n", "stop", Usage(7, 7))
    assert (reply.origin.engine, reply.origin.model) == ("vllm", "my/model")
    assert engine.identity == Identity("vllm", "my/model", "")


async def test_chat_goes_through_the_models_template(world: World) -> None:
    """A chat is what the model's chat template makes of it, with the assistant's turn opened."""
    engine = VLLMEngine(settings())
    assert (await engine.complete(chat("hi"))).text == "<user>hi<assistant>"
    await engine.close()


async def test_every_setting_is_passed_on(world: World) -> None:
    """Sampling goes out by vLLM's names; what nobody sets is the model's own, and never vLLM's limit of 16 tokens."""
    world.own = {"temperature": 0.6, "top_k": 20}
    engine = VLLMEngine(settings(top_p=0.5))
    await engine.complete(chat(sampling=Sampling(0.7, 0.9, 40, 99, ("END",), 2**31 + 3), logprobs=50))
    await engine.complete(chat())
    await engine.complete(raw())
    await engine.close()
    asked, open_chat, open_raw = world.sampled
    assert (asked.temperature, asked.top_p, asked.top_k) == (0.7, 0.9, 40)
    assert (asked.max_tokens, asked.stop, asked.seed, asked.logprobs) == (99, ["END"], 3, 20)
    assert (open_chat.temperature, open_chat.top_p, open_chat.top_k, open_chat.max_tokens) == (0.6, 0.5, 20, None)
    assert (open_chat.stop, open_chat.seed, open_chat.logprobs) == (None, None, None)
    assert open_raw.max_tokens == RAW_MAX_TOKENS


async def test_form_becomes_structured_outputs(world: World) -> None:
    """A JSON Schema or a grammar is vLLM's `structured_outputs`; the schema goes first."""
    engine = VLLMEngine(settings())
    for form in (Form("root ::= [a-z]"), Form("root ::= [a-z]", '{"type": "object"}')):
        await engine.complete(replace(raw(), form=form))
    await engine.close()
    grammar, schema = (params.structured_outputs for params in world.sampled)
    assert grammar is not None
    assert schema is not None
    assert (grammar.grammar, grammar.json) == ("root ::= [a-z]", None)
    assert (schema.grammar, schema.json) == (None, {"type": "object"})


async def test_logprobs_are_read(world: World) -> None:
    """Each token comes with its log-probability and the alternatives, most probable first."""
    world.answer = lambda *_: "ab"
    engine = VLLMEngine(settings())
    reply = await engine.complete(raw(logprobs=2))
    await engine.close()
    assert reply.logprobs == (
        TokenLogprob("a", -0.1, (("a", -0.1), ("?", -2.5))),
        TokenLogprob("b", -0.1, (("b", -0.1), ("?", -2.5))),
    )


async def test_cut_off_reply_says_length(world: World) -> None:
    """A reply that hit the token limit is told apart."""
    engine = VLLMEngine(settings(max_tokens=3))
    reply = await engine.complete(raw("abcdef"))
    await engine.close()
    assert (reply.text, reply.finish) == ("abc", "length")


async def test_model_is_loaded_once_off_the_loop_and_shut_down_by_the_last(world: World) -> None:
    """All requests of all blocks that load the model alike share it; the settings that load it are vLLM's arguments."""
    world.load_s = 0.2
    loading: dict[str, object] = {
        "tensor_parallel_size": 2,
        "gpu_memory_utilization": 0.4,
        "max_model_len": 4096,
        "dtype": "bfloat16",
        "enforce_eager": True,
    }
    engines = [VLLMEngine(settings(**loading)), VLLMEngine(settings(**loading, timeout_s=9, temperature=0.1))]
    async with asyncio.TaskGroup() as group:
        for number in range(6):
            group.create_task(engines[number % 2].complete(raw(str(number))))
    assert world.loaded == [
        vllm_package.AsyncEngineArgs(
            "my/model", "bfloat16", 2, 0.4, max_model_len=4096, enforce_eager=True, disable_log_stats=True
        )
    ]
    await engines[0].close()
    assert world.shut_down == 0
    await engines[1].close()
    await engines[1].close()
    assert world.shut_down == 1


async def test_first_request_may_be_cancelled_while_the_model_loads(world: World) -> None:
    """Cancelling whoever asked first neither stops nor repeats the loading; closing meanwhile shuts it down afterwards."""
    world.load_s = 0.2
    engine = VLLMEngine(settings())
    first = asyncio.ensure_future(engine.complete(raw()))
    await asyncio.sleep(0.05)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    await engine.complete(raw("x"))
    await engine.close()
    assert (len(world.loaded), world.shut_down) == (1, 1)
    late = asyncio.ensure_future(engine.complete(raw()))
    await asyncio.sleep(0.05)
    late.cancel()
    await engine.close()
    async with asyncio.timeout(10):
        while world.shut_down < 2:
            await asyncio.sleep(0.02)


async def test_reply_that_takes_too_long_is_aborted(world: World) -> None:
    """After `timeout_s` the request is taken back from vLLM, and the error may be got past."""
    world.waits = True
    engine = VLLMEngine(settings(timeout_s=0.1))
    with pytest.raises(RequestTimedOut, match=r"0\.1 s"):
        await engine.complete(raw())
    await engine.close()
    assert world.aborted == 1


class VLLMClientError(Exception):
    """Newer vLLM's base for what a request is refused by; no ValueError."""


@pytest.mark.parametrize(
    ("raised", "expected", "said", "hint"),
    [
        (
            ValueError("The decoder prompt (length 9) is longer than the maximum model length of 8."),
            RequestRejected,
            "maximum model length",
            "max_model_len",
        ),
        (VLLMClientError("bad grammar"), RequestRejected, "bad grammar", ""),
        (vllm_package.EngineGenerateError(), ServerFault, "EngineGenerateError", "log"),
        (vllm_package.EngineDeadError(), EngineNotRunning, "has died", "memory"),
        (ValueError("tokenizer.chat_template is not set"), RequestRejected, "chat_template", "tuned for chat"),
    ],
)
async def test_failures_become_errors(
    world: World, raised: Exception, expected: type[EngineError], said: str, hint: str
) -> None:
    """Whatever vLLM raises becomes an error of the tree, with its words."""

    def answer(*_: object) -> str:
        raise raised

    world.answer = answer
    engine = VLLMEngine(settings())
    with pytest.raises(expected, match=said) as caught:
        await engine.complete(raw())
    await engine.close()
    assert hint in caught.value.hint


async def test_model_that_cannot_be_loaded_ends_it(world: World) -> None:
    """A model that does not fit is one error for everybody, and not tried again."""
    world.refusal = RuntimeError("CUDA out of memory")
    engine = VLLMEngine(settings())
    with pytest.raises(EngineNotRunning, match=r"cannot load my/model.*CUDA out of memory"):
        await engine.complete(raw())
    with pytest.raises(EngineNotRunning) as caught:
        await engine.complete(raw())
    await engine.close()
    assert not caught.value.retryable
    assert world.shut_down == 0


async def test_missing_vllm_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without vLLM the error names the command that installs it, and what else there is."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "vllm"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "vllm", None)
    engine = VLLMEngine(settings())
    with pytest.raises(ExtraMissing) as caught:
        await engine.complete(raw())
    await engine.close()
    assert "pip install 'demur[vllm]'" in caught.value.hint


async def test_asynchronous_tokenizer_and_token_templates_are_understood(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Older versions hand out the tokenizer asynchronously, and Mistral's renders a chat to token numbers."""

    async def get_tokenizer(_: object) -> object:
        return SimpleNamespace(apply_chat_template=lambda *_, **__: [104, 105])

    monkeypatch.setattr(vllm_package.AsyncLLM, "get_tokenizer", get_tokenizer)
    engine = VLLMEngine(settings())
    assert (await engine.complete(chat())).text == "hi"
    await engine.close()


async def test_engine_that_says_nothing_is_unreadable(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A generation that ends without an output is an error, never an empty reply."""

    async def generate(*_: object) -> AsyncGenerator[object, None]:
        outputs: tuple[object, ...] = ()
        for output in outputs:
            yield output

    monkeypatch.setattr(vllm_package.AsyncLLM, "generate", generate)
    engine = VLLMEngine(settings())
    with pytest.raises(ReplyUnreadable, match="no output"):
        await engine.complete(raw())
    await engine.close()


def test_real_vllm_has_what_the_stand_in_has() -> None:
    """Where vLLM is installed, each argument and field that the stand-in gives it is really there."""
    pytest.importorskip("vllm")
    from vllm import SamplingParams
    from vllm.engine.arg_utils import AsyncEngineArgs
    from vllm.outputs import CompletionOutput
    from vllm.sampling_params import StructuredOutputsParams
    from vllm.v1.engine.async_llm import AsyncLLM

    for real, ours in (
        (SamplingParams, vllm_package.SamplingParams),
        (AsyncEngineArgs, vllm_package.AsyncEngineArgs),
        (StructuredOutputsParams, vllm_package.StructuredOutputsParams),
        (CompletionOutput, vllm_package.CompletionOutput),
    ):
        assert {field.name for field in fields(ours)} <= set(inspect.signature(real).parameters)
    assert list(inspect.signature(AsyncLLM.generate).parameters)[1:4] == ["prompt", "sampling_params", "request_id"]
    assert callable(AsyncLLM.get_tokenizer)
    assert callable(AsyncLLM.shutdown)
