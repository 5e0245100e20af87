"""Builders: which engine writes, which guard judges, how duplicates are told."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from demur.inputs.policy import Text


class EngineSettings(BaseModel):
    """What every engine block may set. `api_key` and the operational knobs are no part of a journal key."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    timeout_s: float = Field(default=120.0, gt=0, description="Seconds that one attempt may take.")
    deadline_s: float = Field(default=600.0, gt=0, description="Seconds that a request may take, retries included.")
    concurrency: int | None = Field(default=None, ge=1, le=4096, description="Requests at once; else the command's.")


class ModelSettings(EngineSettings):
    """An engine with a model and sampling settings."""

    model_id_or_path: Text = Field(min_length=1, description="The model's name, as the server knows it.")
    temperature: float | None = Field(default=None, ge=0, le=5)
    top_p: float | None = Field(default=None, gt=0, le=1)
    max_tokens: int | None = Field(default=None, ge=1)
    stop: tuple[str, ...] = ()


class OpenAISettings(ModelSettings):
    """Any server that speaks OpenAI's protocol (an Ollama address is recognised, and spoken to natively for raw prompts)."""

    type: Literal["openai", "vllm-server"]
    base_url: str = Field(default="https://api.openai.com/v1", description="With the /v1, as the server documents it.")
    api_key: SecretStr | None = Field(default=None, description="Else the environment's OPENAI_API_KEY.")
    top_k: int | None = Field(default=None, ge=1, description="Not in OpenAI's own API; local servers take it.")


class OllamaSettings(ModelSettings):
    """Ollama by its native API."""

    type: Literal["ollama"]
    base_url: str = Field(default="http://localhost:11434")
    api_key: SecretStr | None = None
    top_k: int | None = Field(default=None, ge=1)
    num_ctx: int | None = Field(default=None, ge=256, description="Context window in tokens.")
    keep_alive: Text | None = Field(default=None, description="How long the model stays loaded, such as 10m.")


class EmbeddedSettings(EngineSettings):
    """No model at all: composes text from the policy, the seeds and a grammar. For trying demur, tests and cold starts."""

    type: Literal["embedded"]


class ScriptedSettings(EngineSettings):
    """Answers from lists, for tests: the reply is the one at the request's sample number, round and round."""

    type: Literal["scripted"]
    propose: tuple[str, ...] = Field(default=(), description="Replies to proposal requests.")
    respond: tuple[str, ...] = Field(default=(), description="Replies to response requests.")
    judge_instruction: tuple[str, ...] = ()
    judge_response: tuple[str, ...] = ()


AnyEngine: TypeAlias = Annotated[
    OpenAISettings | OllamaSettings | EmbeddedSettings | ScriptedSettings, Field(discriminator="type")
]
