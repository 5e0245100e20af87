"""Builders: which engine writes, which guard judges, how duplicates are told."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Field, SecretStr

from demur.inputs.policy import Text
from demur.inputs.validation import InputModel
from demur.inputs.yaml_text import as_written


class EngineSettings(InputModel):
    """What every engine block may set. `api_key` and the operational knobs are no part of a journal key."""

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


class GuardSettings(InputModel):
    """What every guard block may set."""

    filter: bool = Field(default=False, description="Read and kept; demur's two filters are always on.")


class GraniteGuardSettings(GuardSettings):
    """A Granite Guardian model as the guard. Criteria come from the policy unless they are set here."""

    type: Literal["validators/granite_guardian"]
    model_version: Annotated[Literal["3.3", "3.2", "4.1"], BeforeValidator(as_written)] = Field(
        description="The model's version: each takes its prompt in a format of its own."
    )
    think: bool = Field(default=False, description="Let the model reason before its score (3.3 and 4.1).")
    lm_config: AnyEngine = Field(description="The engine that serves the model.")
    criteria_id: Text | None = Field(default=None, description="A built-in of 3.3, in place of the policy.")
    custom_criteria: Text | None = Field(default=None, min_length=1, description="In place of the policy's.")
    custom_scoring_schema: Text | None = Field(default=None, min_length=1, description="What yes and no say.")
    risk_name: Text | None = Field(default=None, description="3.2: a built-in risk, or a name of your own.")
    risk_definition: Text | None = Field(default=None, min_length=1, description="3.2: your own risk's text.")


class EmbeddedGuardSettings(GuardSettings):
    """No model at all: scores text against the policy's clauses. For trying demur, tests and cold starts."""

    type: Literal["validators/embedded"]


AnyGuard: TypeAlias = Annotated[GraniteGuardSettings | EmbeddedGuardSettings, Field(discriminator="type")]


class SemanticSettings(InputModel):
    """Deduplication by meaning too: the cosine of embeddings. Needs the extra `semantic`."""

    model: Text = Field(
        min_length=1, description="A folder with a model2vec model, or its name on the Hugging Face hub."
    )
    threshold: float = Field(
        default=0.9, gt=0, le=1, description="A draft whose cosine with an earlier one is this high is a duplicate."
    )


class DedupSettings(InputModel):
    """Deduplication by ROUGE-L."""

    type: Literal["rouge_scorer"]
    filter: bool = Field(default=True, description="Drop duplicates; false only notes the nearest neighbour.")
    threshold: float = Field(
        default=0.7, gt=0, description="A draft this near to an earlier one is a duplicate; above 1: off."
    )
    score_func: Literal["f1", "precision", "recall"] = Field(
        default="f1",
        description="Which ROUGE-L score: precision is the new request's share that an earlier one holds, recall the "
        "earlier one's share that the new one holds, f1 their harmonic mean.",
    )
    scope: Literal["task", "run"] = Field(
        default="task",
        description="What counts as earlier: drafts of the same task, or of every task of the command. "
        "With run, tasks are worked one after the other.",
    )
    semantic: SemanticSettings | None = Field(default=None, description="Also drop what says the same in other words.")
