"""A stand-in for the package `vllm`: what demur uses of it, with the signatures of vllm/v1/engine/async_llm.py,
vllm/sampling_params.py and vllm/engine/arg_utils.py. An argument that vLLM does not have is a TypeError here too."""

from __future__ import annotations

import asyncio
import sys
import time
import types
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypedDict

import pytest

Answer = Callable[[str, Any], str]


class TokensPrompt(TypedDict):
    prompt_token_ids: list[int]


class RequestOutputKind(Enum):
    CUMULATIVE = 0
    DELTA = 1
    FINAL_ONLY = 2


@dataclass
class StructuredOutputsParams:
    json: str | dict[str, Any] | None = None
    regex: str | None = None
    choice: list[str] | None = None
    grammar: str | None = None
    json_object: bool | None = None

    def __post_init__(self) -> None:
        if [self.json, self.regex, self.choice, self.grammar, self.json_object].count(None) != 4:
            raise ValueError("You must use one kind of structured outputs constraint")


@dataclass
class SamplingParams:
    n: int = 1
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    seed: int | None = None
    stop: str | list[str] | None = None
    max_tokens: int | None = 16
    logprobs: int | None = None
    skip_special_tokens: bool = True
    output_kind: RequestOutputKind = RequestOutputKind.CUMULATIVE
    structured_outputs: StructuredOutputsParams | None = None


@dataclass
class AsyncEngineArgs:
    model: str
    dtype: str = "auto"
    tensor_parallel_size: int = 1
    gpu_memory_utilization: float = 0.9
    max_model_len: int | None = None
    enforce_eager: bool = False
    disable_log_stats: bool = False


@dataclass
class Logprob:
    logprob: float
    rank: int | None = None
    decoded_token: str | None = None


@dataclass
class CompletionOutput:
    index: int
    text: str
    token_ids: Sequence[int]
    cumulative_logprob: float | None
    logprobs: list[dict[int, Logprob]] | None
    finish_reason: str | None = None
    stop_reason: int | str | None = None


@dataclass
class RequestOutput:
    request_id: str
    prompt: str | None
    prompt_token_ids: list[int] | None
    prompt_logprobs: None
    outputs: list[CompletionOutput]
    finished: bool


class EngineDeadError(Exception):
    pass


class EngineGenerateError(Exception):
    pass


class Tokenizer:
    """Tokens are characters; encoding puts a beginning-of-text in front unless told not to."""

    def encode(self, text: str, add_special_tokens: bool = True) -> list[int]:
        return ([1] if add_special_tokens else []) + [ord(sign) for sign in text]

    def apply_chat_template(
        self, conversation: list[dict[str, str]], *, tokenize: bool = True, add_generation_prompt: bool = False
    ) -> str:
        assert not tokenize
        turns = "".join(f"<{turn['role']}>{turn['content']}" for turn in conversation)
        return turns + ("<assistant>" if add_generation_prompt else "")


@dataclass
class ModelConfig:
    own: Mapping[str, float] = field(default_factory=dict)

    def get_diff_sampling_param(self) -> dict[str, float]:
        return dict(self.own)


@dataclass
class World:
    """What the stand-in does, and what was asked of it.

    Attributes:
        answer: the reply, from the prompt and the sampling settings; what it raises, `generate` raises.
        own: the model's generation_config.json.
        load_s: how long loading takes, in seconds.
        refusal: what loading fails by.
        waits: never answer.
    """

    answer: Answer = lambda prompt, _: prompt
    own: Mapping[str, float] = field(default_factory=dict)
    load_s: float = 0.0
    refusal: Exception | None = None
    waits: bool = False
    loaded: list[AsyncEngineArgs] = field(default_factory=list)
    prompts: list[list[int]] = field(default_factory=list)
    sampled: list[SamplingParams] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    aborted: int = 0
    shut_down: int = 0


class AsyncLLM:
    """The engine; `world` is set by `install_vllm`."""

    world: World

    def __init__(self) -> None:
        self.model_config = ModelConfig(self.world.own)

    @classmethod
    def from_engine_args(
        cls,
        engine_args: AsyncEngineArgs,
        start_engine_loop: bool = True,
        usage_context: object = None,
        stat_loggers: object = None,
    ) -> AsyncLLM:
        with pytest.raises(RuntimeError):  # loading takes minutes, and must not stand in an event loop's way
            asyncio.get_running_loop()
        time.sleep(cls.world.load_s)
        if cls.world.refusal is not None:
            raise cls.world.refusal
        cls.world.loaded.append(engine_args)
        return cls()

    def get_tokenizer(self) -> Tokenizer:
        return Tokenizer()

    async def generate(
        self, prompt: TokensPrompt, sampling_params: SamplingParams, request_id: str, *, priority: int = 0
    ) -> AsyncGenerator[RequestOutput, None]:
        world = self.world
        assert sampling_params.output_kind is RequestOutputKind.FINAL_ONLY
        assert request_id not in world.names, "request ids must differ"
        world.names.append(request_id)
        tokens = prompt["prompt_token_ids"]
        world.prompts.append(tokens)
        world.sampled.append(sampling_params)
        try:
            await (asyncio.Event().wait() if world.waits else asyncio.sleep(0))
        except (asyncio.CancelledError, GeneratorExit):
            world.aborted += 1
            raise
        text = world.answer("".join(map(chr, tokens)), sampling_params)
        limit = sampling_params.max_tokens
        finish = "stop" if limit is None or len(text) <= limit else "length"
        text = text[:limit]
        numbers = [ord(sign) for sign in text]
        logprobs = None
        if sampling_params.logprobs is not None:
            logprobs = [{n: Logprob(-0.1, 1, chr(n)), 63: Logprob(-2.5, 2, "?")} for n in numbers]
        choice = CompletionOutput(0, text, numbers, None, logprobs, finish)
        yield RequestOutput(request_id, None, tokens, None, [choice], True)

    def shutdown(self, timeout: float | None = None) -> None:
        self.world.shut_down += 1


def install_vllm(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    """Let `import vllm` find the stand-in, for one test."""
    parts: dict[str, dict[str, object]] = {
        "vllm": {"TokensPrompt": TokensPrompt, "SamplingParams": SamplingParams},
        "vllm.sampling_params": {
            "StructuredOutputsParams": StructuredOutputsParams,
            "RequestOutputKind": RequestOutputKind,
        },
        "vllm.engine": {},
        "vllm.engine.arg_utils": {"AsyncEngineArgs": AsyncEngineArgs},
        "vllm.v1": {},
        "vllm.v1.engine": {},
        "vllm.v1.engine.async_llm": {"AsyncLLM": AsyncLLM},
    }
    monkeypatch.setattr(AsyncLLM, "world", world, raising=False)
    for name, content in parts.items():
        module = types.ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
