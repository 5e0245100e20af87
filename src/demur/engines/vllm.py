"""vLLM in this process, by its asynchronous engine `AsyncLLM`.

Written after vLLM's source: vllm/v1/engine/async_llm.py and vllm/sampling_params.py, in a state in which
`StructuredOutputsParams` was still new, and as of autumn 2026; the two agree in what is used here. Prompts go in as token
numbers, made by the model's own tokenizer without further special tokens: a raw prompt stays as it is, and a chat is what
the model's chat template makes of it.
"""

from __future__ import annotations

import asyncio
import inspect
import itertools
import json
import os
import threading
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import Future
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Protocol

from demur.engines.base import Form, Identity, Raw, Reply, Request, Sampling, TokenLogprob, Usage
from demur.engines.extras import miss_extra
from demur.engines.fields import read_logprob
from demur.engines.openai import RAW_MAX_TOKENS
from demur.engines.sampling import SEED_MASK, fill_sampling, sampling_from
from demur.errors import (
    EngineError,
    EngineNotRunning,
    ReplyUnreadable,
    RequestRejected,
    RequestTimedOut,
    ServerFault,
)
from demur.inputs.engine_settings import VLLMSettings
from demur.records import Origin

MAX_TOP_LOGPROBS = 20
"""The default of vLLM's `max_logprobs`."""

_OF_THE_REQUEST = {"VLLMClientError", "VLLMValidationError", "ValueError"}
"""Errors of these classes mean that the request is at fault; the first is vLLM's base of them since autumn 2026."""


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """How a model is loaded: what makes two blocks share it."""

    model: str
    tensor_parallel_size: int | None
    gpu_memory_utilization: float | None
    max_model_len: int | None
    dtype: str | None
    enforce_eager: bool


class GeneratedOutput(Protocol):
    """What is used of vLLM's `RequestOutput`."""

    outputs: Sequence[Any]
    prompt_token_ids: Sequence[int] | None


class RunningEngine(Protocol):
    """What is used of vLLM's `AsyncLLM`."""

    model_config: Any

    def get_tokenizer(self) -> object:
        """The model's tokenizer, or an awaitable of it."""
        ...

    def generate(
        self, prompt: object, sampling_params: object, request_id: str
    ) -> AsyncGenerator[GeneratedOutput, None]:
        """Generate; by `FINAL_ONLY`, the last output alone."""
        ...

    def shutdown(self) -> None:
        """End the engine's processes."""
        ...


class LoadedModel:
    """A model in the memory of this process's GPUs, loaded in a thread at the first call of `load`."""

    def __init__(self, plan: LoadPlan) -> None:
        self.users = 0
        self._plan = plan
        self._loading: Future[RunningEngine] | None = None

    async def load(self) -> RunningEngine:
        """vLLM's engine, when it is ready. All who ask wait for the same one; one that is cancelled disturbs nobody.

        Raises:
            ExtraMissing: vLLM is not installed.
            EngineNotRunning: it cannot load the model.
        """
        if self._loading is None:
            self._loading = Future()
            # A daemon, and no executor: an interrupted demur does not wait until a model is loaded that nobody wants.
            threading.Thread(target=self._fill, args=(self._loading,), daemon=True).start()
        return await asyncio.shield(asyncio.wrap_future(self._loading))

    async def unload(self) -> None:
        """Shut vLLM down, at once or as soon as it is loaded. Idempotent."""
        loading, self._loading = self._loading, None
        if loading is None:
            return
        if loading.done():
            await asyncio.to_thread(_shut_down, loading)
        else:
            loading.add_done_callback(_shut_down)

    def _fill(self, loading: Future[RunningEngine]) -> None:
        try:
            loading.set_result(_load(self._plan))
        except BaseException as error:  # noqa: BLE001 - it is raised again by whoever waits
            loading.set_exception(error)


def _load(plan: LoadPlan) -> RunningEngine:
    os.environ.setdefault("VLLM_LOGGING_LEVEL", "WARNING")  # it logs to standard output, where demur's own words are
    try:
        from vllm.engine.arg_utils import AsyncEngineArgs
        from vllm.v1.engine.async_llm import AsyncLLM
    except ImportError as error:
        advice = " (it needs a GPU), or use the type `vllm-server`, `ollama` or `llama-cpp`."
        raise miss_extra("vllm", error=error, advice=advice) from None
    given = {
        "tensor_parallel_size": plan.tensor_parallel_size,
        "gpu_memory_utilization": plan.gpu_memory_utilization,
        "max_model_len": plan.max_model_len,
        "dtype": plan.dtype,
    }
    try:
        engine: RunningEngine = AsyncLLM.from_engine_args(
            AsyncEngineArgs(
                model=plan.model,
                enforce_eager=plan.enforce_eager,
                disable_log_stats=True,
                **{name: value for name, value in given.items() if value is not None},
            )
        )
    except Exception as error:
        words = " ".join(str(error).split())[:600]
        raise EngineNotRunning(
            f"vLLM cannot load {plan.model}: {type(error).__name__}: {words}",
            hint="Is there a GPU with room for it? Lower `max_model_len` or `gpu_memory_utilization`, or take a smaller "
            "model. Set VLLM_LOGGING_LEVEL=INFO to see what vLLM says.",
        ) from error
    return engine


def _shut_down(loading: Future[RunningEngine]) -> None:
    if not loading.cancelled() and loading.exception() is None:
        loading.result().shutdown()


_models: dict[tuple[LoadPlan, asyncio.AbstractEventLoop], LoadedModel] = {}
"""The models in use, by how they are loaded and the event loop that asks."""


class VLLMEngine:
    """Completes requests with a model that vLLM runs in this process."""

    def __init__(self, settings: VLLMSettings) -> None:
        """Set up; nothing is imported or loaded before the first request."""
        self._plan = LoadPlan(
            settings.model_id_or_path,
            settings.tensor_parallel_size,
            settings.gpu_memory_utilization,
            settings.max_model_len,
            settings.dtype,
            settings.enforce_eager,
        )
        self._timeout_s = settings.timeout_s
        self._defaults = sampling_from(settings)
        self._origin = Origin(settings.type, settings.model_id_or_path)
        self._identity = Identity(settings.type, settings.model_id_or_path)
        self._model: LoadedModel | None = None
        self._numbers = itertools.count()

    @property
    def identity(self) -> Identity:
        """The model; there is no address."""
        return self._identity

    async def complete(self, request: Request) -> Reply:
        """Answer one request; the first one loads the model, which does not count against `timeout_s`.

        Raises:
            ExtraMissing: vLLM is not installed.
            EngineError: the model did not answer.
        """
        if self._model is None:
            key = (self._plan, asyncio.get_running_loop())
            self._model = _models.setdefault(key, LoadedModel(self._plan))
            self._model.users += 1
        engine = await self._model.load()
        try:
            async with asyncio.timeout(self._timeout_s):
                output = await self._generate(engine, request)
        except TimeoutError:
            raise RequestTimedOut(
                f"vLLM did not finish a reply of {self._origin.model} within {self._timeout_s:g} s",
                hint="Raise `timeout_s`, lower `max_tokens`, or lower `concurrency`.",
            ) from None
        except EngineError:
            raise
        except Exception as error:
            raise _translate(error) from error
        return _read_output(output, self._origin)

    async def close(self) -> None:
        """Shut vLLM down if no other block uses the model. Idempotent."""
        model, self._model = self._model, None
        if model is None:
            return
        model.users -= 1
        if model.users == 0:
            _models.pop((self._plan, asyncio.get_running_loop()), None)
            await model.unload()

    async def _generate(self, engine: RunningEngine, request: Request) -> GeneratedOutput:
        from vllm import TokensPrompt

        tokens = await _tokenize(engine, request)
        # With the object's number, since two blocks that each count from 0 may share one engine.
        name = f"demur-{id(self)}-{next(self._numbers)}"
        generated = engine.generate(
            TokensPrompt(prompt_token_ids=tokens), _write_sampling(engine, request, self._defaults), name
        )
        final = None
        async with aclosing(generated) as outputs:
            async for output in outputs:
                final = output
        if final is None or not final.outputs:
            raise ReplyUnreadable("vLLM gave no output")
        return final


async def _tokenize(engine: RunningEngine, request: Request) -> list[int]:
    """The prompt in token numbers, with no special tokens but those that it names itself."""
    tokenizer: Any = engine.get_tokenizer()
    if inspect.isawaitable(tokenizer):  # up to vLLM 0.12 it is asked for asynchronously
        tokenizer = await tokenizer
    if isinstance(request.prompt, Raw):
        text = request.prompt.text
    else:
        turns = [{"role": message.role, "content": message.content} for message in request.prompt.messages]
        rendered = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        if not isinstance(rendered, str):  # Mistral's own tokenizer knows token numbers alone
            return [int(number) for number in rendered]
        text = rendered
    return [int(number) for number in tokenizer.encode(text, add_special_tokens=False)]


def _write_sampling(engine: RunningEngine, request: Request, defaults: Sampling) -> Any:
    """vLLM's sampling settings; what nobody sets is the model's own (generation_config.json), as with its server."""
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind

    drawn = fill_sampling(request.sampling, defaults)
    limit = RAW_MAX_TOKENS if drawn.max_tokens is None and isinstance(request.prompt, Raw) else drawn.max_tokens
    wanted = {
        "temperature": drawn.temperature,
        "top_p": drawn.top_p,
        "top_k": drawn.top_k,
        "stop": list(drawn.stop) or None,
        "seed": None if drawn.seed is None else drawn.seed & SEED_MASK,
        "logprobs": min(request.top_logprobs, MAX_TOP_LOGPROBS) or None,
        "structured_outputs": None if request.form is None else _write_form(request.form),
    }
    own = dict(engine.model_config.get_diff_sampling_param())
    given = {name: value for name, value in wanted.items() if value is not None}
    # A chat's limit is what the window leaves (None); left out it would be 16 tokens.
    return SamplingParams(**{"max_tokens": None, **own, **given} | ({"max_tokens": limit} if limit else {}),
                          output_kind=RequestOutputKind.FINAL_ONLY)  # fmt: skip


def _write_form(form: Form) -> object:
    from vllm.sampling_params import StructuredOutputsParams

    if form.json_schema:
        return StructuredOutputsParams(json=json.loads(form.json_schema))
    return StructuredOutputsParams(grammar=form.grammar)


def _read_output(output: GeneratedOutput, origin: Origin) -> Reply:
    choice = output.outputs[0]
    logprobs = tuple(
        _read_token(number, ranked) for number, ranked in zip(choice.token_ids, choice.logprobs or (), strict=False)
    )
    return Reply(
        text=choice.text,
        finish=choice.finish_reason or "stop",
        origin=origin,
        usage=Usage(len(output.prompt_token_ids or ()), len(choice.token_ids)),
        logprobs=logprobs,
    )


def _read_token(number: int, ranked: Any) -> TokenLogprob:
    """One token from vLLM's `{token number: Logprob(logprob, rank, decoded_token)}`, the chosen one among them."""
    top = sorted(
        ((each.decoded_token or "", read_logprob(each.logprob)) for each in ranked.values()), key=lambda x: -x[1]
    )
    chosen = ranked[number]
    return TokenLogprob(chosen.decoded_token or "", read_logprob(chosen.logprob), tuple(top))


def _translate(error: Exception) -> EngineError:
    names = {each.__name__ for each in type(error).__mro__}
    words = " ".join(str(error).split())[:240]
    if "EngineDeadError" in names:
        return EngineNotRunning(
            "vLLM's engine has died", hint="Its own words are above; often the GPU ran out of memory."
        )
    if names & _OF_THE_REQUEST:
        hint = ""
        if "chat_template" in words or "chat template" in words:
            hint = "The model has no chat template: take one that is tuned for chat."
        elif "length" in words:
            hint = "Raise `max_model_len`, lower `max_tokens`, or shorten the policy or the seeds."
        return RequestRejected(f"vLLM refuses this request: {words}", hint=hint)
    return ServerFault(f"vLLM failed ({type(error).__name__}): {words}", hint="Its own log says more.")
