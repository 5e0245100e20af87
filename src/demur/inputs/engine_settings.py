"""The engine blocks of a builder: which model, where, how it samples, and how hard it may be pressed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self, TypeAlias, get_args

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_core import PydanticCustomError

from demur.inputs.policy import Text
from demur.inputs.validation import InputModel, Truth

SYNONYMS = {
    "call_limit": "concurrency",
    "batch_size": "concurrency",
    "max_concurrency": "concurrency",
    "timeout": "timeout_s",
    "model": "model_id_or_path",
    "model_id": "model_id_or_path",
    "max_new_tokens": "max_tokens",
    "max_completion_tokens": "max_tokens",
    "num_predict": "max_tokens",
    "stop_sequences": "stop",
    "n_ctx": "num_ctx",
    "ctx_size": "num_ctx",
    "max_model_len": "num_ctx",
    "rpm": "requests_per_minute",
    "tpm": "tokens_per_minute",
    "api_base": "base_url",
    "azure_endpoint": "base_url",
    "endpoint": "base_url",
}
"""What others call a setting, and what it is called here."""

ELSEWHERE = {
    "seed": "The random seed is the run's: --seed, or random_seed in the task. Each request gets one of its own.",
    "random_seed": "The random seed is the run's: --seed, or random_seed in the task. Each request gets one of its own.",
    "n": "One reply a request is asked for; num_samples_per_batch in the task says how many instructions it holds.",
}
"""Settings that engines have elsewhere, and why a block has none."""


ADDRESSES = ("base_url", "auth_url")
"""The settings that are addresses; people write secrets into them."""


class EngineSettings(InputModel):
    """What every engine block may set. `api_key` and the operational knobs are no part of a journal key.

    Attributes:
        variables: what the environment may say of a field that the builder leaves out: the field's name, and the
            variables in the order in which they are looked up. The builder's reader sees to it; engines never look at
            the environment themselves.
    """

    variables: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    @classmethod
    def explain_unknown_key(cls, key: str) -> str:
        """Where the setting belongs, or what it is called here."""
        if SYNONYMS.get(key) in cls.model_fields:
            return f"Here it is called {SYNONYMS[key]}."
        if key in ELSEWHERE:
            return ELSEWHERE[key]
        able = [kind for settings in get_args(get_args(AnyEngine)[0]) if key in settings.model_fields
                for kind in get_args(settings.model_fields["type"].annotation)]  # fmt: skip
        return f"This engine cannot honour it; it is a setting of {', '.join(able)}." if able else ""

    timeout_s: float = Field(default=120.0, gt=0, description="Seconds that one attempt may take.")
    deadline_s: float = Field(default=600.0, gt=0, description="Seconds that a request may take, retries included.")
    concurrency: int | None = Field(default=None, ge=1, le=4096, description="Requests at once; else the command's.")
    requests_per_minute: int | None = Field(default=None, ge=1, description="Requests begun a minute; else no bound.")
    tokens_per_minute: int | None = Field(
        default=None, ge=1, description="Tokens a minute, prompts and replies together; else no bound."
    )
    hedge_after_s: float | None = Field(
        default=None, gt=0, description="Ask a second time when a reply is this late, and take the first; else never."
    )


class ModelSettings(EngineSettings):
    """An engine with a model and sampling settings."""

    model_id_or_path: Text = Field(min_length=1, description="The model's name, as the server knows it.")
    temperature: float | None = Field(default=None, ge=0, le=5)
    top_p: float | None = Field(default=None, gt=0, le=1)
    max_tokens: int | None = Field(default=None, ge=1)
    stop: tuple[str, ...] = ()

    def strip_sampling(self) -> Self:
        """What opens the engine: blocks that differ in sampling alone share one model and its connections."""
        drawn = {
            name: None
            for name in ("temperature", "top_p", "top_k", "max_tokens", "max_new_tokens")
            if hasattr(self, name)
        }
        return self.model_copy(update={**drawn, "stop": ()})


class OpenAISettings(ModelSettings):
    """Any server that speaks OpenAI's protocol (an Ollama address is recognised, and spoken to natively for raw prompts)."""

    variables: ClassVar[Mapping[str, tuple[str, ...]]] = {"api_key": ("OPENAI_API_KEY",)}

    type: Literal["openai"]
    base_url: str = Field(default="https://api.openai.com/v1", description="With the /v1, as the server documents it.")
    api_key: SecretStr | None = Field(default=None, description="Else the environment's OPENAI_API_KEY.")
    top_k: int | None = Field(default=None, ge=1, description="Not in OpenAI's own API; local servers take it.")


class VLLMServerSettings(ModelSettings):
    """A vLLM server: one that runs at `base_url`, or, without one, one that demur starts and stops."""

    variables: ClassVar[Mapping[str, tuple[str, ...]]] = {"api_key": ("VLLM_API_KEY", "OPENAI_API_KEY")}

    type: Literal["vllm-server", "vllm-remote"]
    base_url: str | None = Field(default=None, description="With the /v1. Left out: demur starts the server itself.")
    api_key: SecretStr | None = Field(
        default=None, description="Else the environment's VLLM_API_KEY or OPENAI_API_KEY."
    )
    top_k: int | None = Field(default=None, ge=1)
    port: int | None = Field(default=None, ge=1, le=65535, description="For a server started here; else a free one.")
    tensor_parallel_size: int | None = Field(default=None, ge=1, description="GPUs to spread a model over.")
    gpu_memory_utilization: float | None = Field(default=None, gt=0, le=1, description="Share of a GPU's memory.")
    max_model_len: int | None = Field(default=None, ge=256, description="Context window in tokens.")
    dtype: Text | None = Field(default=None, description="Such as auto, bfloat16.")
    start_timeout_s: float = Field(default=900.0, gt=0, description="Seconds that a server started here may take.")
    serve_args: tuple[str, ...] = Field(default=(), description="Further arguments of `vllm serve`.")

    @model_validator(mode="after")
    def _refuse_what_cannot_be_honoured(self) -> Self:
        given = [name for name in _STARTS_A_SERVER if name in self.model_fields_set and getattr(self, name)]
        if self.base_url and given:
            hint = (
                "They are for a server that demur starts: leave `base_url` out (`base_url: null`), or leave them out."
            )
            raise PydanticCustomError(
                "value_error",
                "{message}",
                {
                    "message": f"`{given[0]}` says how to start a server, and `base_url` names one that runs",
                    "hint": hint,
                },
            )
        # vLLM reads underscores in an option's name as dashes.
        flags = (word.partition("=")[0].replace("_", "-") for word in self.serve_args)
        taken = [flag for flag in flags if flag in _OWN_FLAGS]
        if taken:
            raise PydanticCustomError(
                "value_error",
                "{message}",
                {"message": f"`serve_args` may not set {taken[0]}", "hint": _OWN_FLAGS[taken[0]]},
            )
        if not self.base_url and self.model_id_or_path.startswith("-"):
            raise PydanticCustomError("value_error", "`model_id_or_path` begins with a dash, and is no model's name")
        return self


_STARTS_A_SERVER = (
    "port",
    "tensor_parallel_size",
    "gpu_memory_utilization",
    "max_model_len",
    "dtype",
    "start_timeout_s",
    "serve_args",
)
_OWN_FLAGS = {
    "--port": "Use the key `port`.",
    "--host": "The server listens on 127.0.0.1 alone.",
    "--api-key": "The server gets a key of its own, which nobody sees.",
    "--served-model-name": "Requests name the model as `model_id_or_path` does.",
    "--hf-token": "Set HF_TOKEN in the environment: arguments stand in run.json and in the list of processes.",
}
"""Options of `vllm serve` that are no `serve_args`, each with what to do instead."""


class VLLMSettings(ModelSettings):
    """vLLM in this process. Needs the extra `vllm`."""

    type: Literal["vllm"]
    top_k: int | None = Field(default=None, ge=1)
    tensor_parallel_size: int | None = Field(default=None, ge=1, description="GPUs to spread a model over.")
    gpu_memory_utilization: float | None = Field(default=None, gt=0, le=1, description="Share of a GPU's memory.")
    max_model_len: int | None = Field(default=None, ge=256, description="Context window in tokens.")
    dtype: Text | None = Field(default=None, description="Such as auto, bfloat16.")
    enforce_eager: Truth = Field(default=False, description="No CUDA graphs: starts sooner, runs slower.")


class OllamaSettings(ModelSettings):
    """Ollama by its native API."""

    variables: ClassVar[Mapping[str, tuple[str, ...]]] = {"api_key": ("OLLAMA_API_KEY",)}

    type: Literal["ollama"]
    base_url: str = Field(default="http://localhost:11434")
    api_key: SecretStr | None = Field(default=None, description="For one behind a gateway that wants a key.")
    top_k: int | None = Field(default=None, ge=1)
    num_ctx: int | None = Field(default=None, ge=256, description="Context window in tokens.")
    keep_alive: int | float | Text | None = Field(
        default=None, description="How long the model stays loaded: such as 10m, or seconds; below 0 for ever."
    )

    @field_validator("keep_alive")
    @classmethod
    def _check_duration(cls, value: float | str | None) -> float | str | None:
        """Go's durations (pkg.go.dev/time#ParseDuration), and numbers, which Ollama reads as seconds."""
        if isinstance(value, str) and not re.fullmatch(r"-?(\d+(\.\d*)?|(\d+(\.\d*)?(ns|us|µs|ms|s|m|h))+)", value):
            raise ValueError(f"{value!r} is no duration such as 30s, 10m or 1h30m, and no number of seconds")
        return value


class LlamaCppSettings(ModelSettings):
    """llama.cpp in this process. Needs the extra `llama-cpp`."""

    type: Literal["llama-cpp"]
    timeout_s: float = Field(
        default=1800.0, gt=0, description="Seconds that one attempt may take; no network can hang."
    )
    deadline_s: float = Field(default=3600.0, gt=0, description="Seconds that a request may take, retries included.")
    model_id_or_path: Text = Field(
        min_length=1, description="A GGUF file, or hf.co/OWNER/REPO[:QUANT], downloaded once."
    )
    top_k: int | None = Field(default=None, ge=1)
    num_ctx: int = Field(default=4096, ge=256, description="Context window of one request, in tokens.")
    n_threads: int | None = Field(
        default=None, ge=1, description="Processor cores to use; else what suits the machine."
    )
    n_gpu_layers: int = Field(default=-1, ge=-1, description="Layers on the GPU, where there is one; -1: all that fit.")


class AnthropicSettings(ModelSettings):
    """Anthropic's Messages API. Needs the extra `anthropic`."""

    variables: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "api_key": ("ANTHROPIC_API_KEY",),
        "base_url": ("ANTHROPIC_BASE_URL",),
    }

    type: Literal["anthropic"]
    base_url: str | None = Field(default=None, description="Else ANTHROPIC_BASE_URL, else Anthropic's own.")
    api_key: SecretStr | None = Field(default=None, description="Else the environment's ANTHROPIC_API_KEY.")
    top_k: int | None = Field(default=None, ge=1)
    temperature: float | None = Field(default=None, ge=0, le=1)


class AzureOpenAISettings(ModelSettings):
    """Azure OpenAI. `model_id_or_path` is the deployment's name. Needs the extra `openai`."""

    variables: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "api_key": ("AZURE_OPENAI_API_KEY",),
        "base_url": ("AZURE_OPENAI_ENDPOINT",),
        "api_version": ("OPENAI_API_VERSION",),
    }

    type: Literal["azure-openai"]
    base_url: str | None = Field(default=None, description="The resource's address; else AZURE_OPENAI_ENDPOINT.")
    api_version: Text | None = Field(default=None, description="Else OPENAI_API_VERSION, else a recent one.")
    api_key: SecretStr | None = Field(default=None, description="Else the environment's AZURE_OPENAI_API_KEY.")


class WatsonxSettings(ModelSettings):
    """IBM watsonx.ai. Needs the extra `watsonx`."""

    variables: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "api_key": ("WATSONX_API_KEY", "WATSONX_APIKEY"),
        "base_url": ("WATSONX_API_URL", "WATSONX_URL"),
        "project_id": ("WATSONX_PROJECT_ID",),
        "auth_url": ("WATSONX_AUTH_URL",),
    }

    type: Literal["watsonx"]
    base_url: str | None = Field(default=None, description="Else WATSONX_API_URL or WATSONX_URL, else us-south.")
    api_key: SecretStr | None = Field(default=None, description="Else the environment's WATSONX_API_KEY.")
    project_id: Text | None = Field(default=None, description="Else the environment's WATSONX_PROJECT_ID.")
    auth_url: Text | None = Field(
        default=None, description="Where keys are exchanged for tokens, with a gateway; else the region's own place."
    )
    top_k: int | None = Field(default=None, ge=1)
    max_new_tokens: int | None = Field(default=None, ge=1, description="The service's own name of max_tokens.")

    @model_validator(mode="after")
    def _refuse_two_limits(self) -> Self:
        if None not in (self.max_tokens, self.max_new_tokens) and self.max_tokens != self.max_new_tokens:
            raise PydanticCustomError("value_error", "`max_new_tokens` and `max_tokens` are the same, and differ here")
        return self


class EmbeddedSettings(EngineSettings):
    """No model at all: composes text from the policy, the seeds and a grammar. For trying demur, tests and cold starts."""

    type: Literal["embedded"]


class ScriptedSettings(EngineSettings):
    """Answers from lists, for tests: the reply is the one at the request's sample number, round and round."""

    type: Literal["scripted"]
    propose: tuple[str, ...] = Field(default=(), description="Replies to proposal requests.")
    respond: tuple[str, ...] = Field(default=(), description="Replies to response requests.")
    twin: tuple[str, ...] = Field(default=(), description="Replies to requests for a harmless neighbour.")
    assist: tuple[str, ...] = Field(default=(), description="Replies to harmless requests.")
    mutate: tuple[str, ...] = Field(default=(), description="Replies to requests for another form of an instruction.")
    judge_instruction: tuple[str, ...] = ()
    judge_response: tuple[str, ...] = ()
    judge_stance: tuple[str, ...] = Field(default=(), description="Replies to whether a response declines.")


AnyEngine: TypeAlias = Annotated[
    OpenAISettings
    | OllamaSettings
    | LlamaCppSettings
    | VLLMSettings
    | VLLMServerSettings
    | AnthropicSettings
    | AzureOpenAISettings
    | WatsonxSettings
    | EmbeddedSettings
    | ScriptedSettings,
    Field(discriminator="type"),
]
