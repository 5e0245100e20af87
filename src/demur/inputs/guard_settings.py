"""The guard block of a builder: which model judges, and how its answers are read."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, field_validator
from pydantic_core import PydanticCustomError

from demur.inputs.engine_settings import AnyEngine, EmbeddedSettings
from demur.inputs.policy import Text
from demur.inputs.validation import InputModel, Truth
from demur.inputs.yaml_text import as_written

ROLE = "granite_guardian"
"""The guard's block, by the specification's name."""


def _refuse_embedded(engine: AnyEngine) -> AnyEngine:
    if isinstance(engine, EmbeddedSettings):
        raise PydanticCustomError(
            "value_error",
            "{message}",
            {
                "message": "the embedded engine does not judge",
                "hint": "Use `type: validators/embedded` for the guard block.",
            },
        )
    return engine


Judge: TypeAlias = Annotated[AnyEngine, AfterValidator(_refuse_embedded)]
"""An engine that can serve a guard's model."""


class GuardSettings(InputModel):
    """What every guard block may set."""

    filter: Truth = Field(default=False, description="Read and kept; demur's two filters are always on.")


class GraniteGuardSettings(GuardSettings):
    """A Granite Guardian model as the guard. Criteria come from the policy unless they are set here."""

    type: Literal["validators/granite_guardian"]
    model_version: Annotated[Literal["3.3", "3.2", "4.1"], BeforeValidator(as_written)] = Field(
        description="The model's version: each takes its prompt in a format of its own."
    )
    think: Truth = Field(default=False, description="Let the model reason before its score (3.3 and 4.1).")
    lm_config: Judge = Field(description="The engine that serves the model.")
    criteria_id: Text | None = Field(default=None, description="A built-in of 3.3, in place of the policy.")
    custom_criteria: Text | None = Field(default=None, min_length=1, description="In place of the policy's.")
    custom_scoring_schema: Text | None = Field(default=None, min_length=1, description="What yes and no say.")
    risk_name: Text | None = Field(default=None, description="3.2: a built-in risk, or a name of your own.")
    risk_definition: Text | None = Field(default=None, min_length=1, description="3.2: your own risk's text.")


class PolicyJudgeSettings(GuardSettings):
    """Any chat model judges by the policy, with a structured answer: for gpt-oss-safeguard and hosted models."""

    type: Literal["validators/policy_judge"]
    lm_config: Judge = Field(description="The engine that serves the model.")
    think: Truth = Field(default=False, description="Let the model give its reasons before its verdict.")


class Qwen3GuardSettings(GuardSettings):
    """Qwen3Guard-Gen: judges by a fixed policy of its own, and says whether a response refuses."""

    type: Literal["validators/qwen3_guard"]
    lm_config: Judge = Field(description="The engine that serves the model.")
    controversial: Literal["unsafe", "safe"] = Field(
        default="unsafe", description="What its middle label, Controversial, counts as."
    )


class LlamaGuardSettings(GuardSettings):
    """Llama Guard 3 or 4: judges by the hazard categories S1 to S14."""

    type: Literal["validators/llama_guard"]
    model_version: Annotated[Literal["3", "4"], BeforeValidator(as_written)] = Field(default="3")
    lm_config: Judge = Field(description="The engine that serves the model.")
    policy_as_categories: Truth = Field(
        default=True, description="Put the risk's own clauses in the place of the built-in categories."
    )


class WildGuardSettings(GuardSettings):
    """WildGuard: judges by a fixed policy of its own, and says whether a response refuses."""

    type: Literal["validators/wildguard"]
    lm_config: Judge = Field(description="The engine that serves the model.")


class EmbeddedGuardSettings(GuardSettings):
    """No model at all: scores text against the policy's clauses. For trying demur, tests and cold starts."""

    type: Literal["validators/embedded"]


ModelGuard: TypeAlias = (
    GraniteGuardSettings | PolicyJudgeSettings | Qwen3GuardSettings | LlamaGuardSettings | WildGuardSettings
)
"""A guard that is a model behind an engine."""

SingleGuard: TypeAlias = Annotated[ModelGuard | EmbeddedGuardSettings, Field(discriminator="type")]


class EnsembleSettings(GuardSettings):
    """Several guards, each asked about every text; their disagreement is kept as evidence."""

    type: Literal["validators/ensemble"]
    guards: tuple[SingleGuard, ...] = Field(
        description="Guard blocks, each with its type.", json_schema_extra={"minItems": 2}
    )
    rule: Literal["all", "any", "majority"] = Field(
        default="majority", description="How many of them must say that a text violates the policy."
    )

    @field_validator("guards")
    @classmethod
    def _refuse_one(cls, guards: tuple[SingleGuard, ...]) -> tuple[SingleGuard, ...]:
        # Not by `min_length`: a guard that is wrong would be told as one too few as well.
        if len(guards) < 2:
            raise PydanticCustomError("value_error", "an ensemble needs two guards at least")
        return guards


AnyGuard: TypeAlias = Annotated[ModelGuard | EmbeddedGuardSettings | EnsembleSettings, Field(discriminator="type")]


def name_roles(guard: AnyGuard) -> tuple[tuple[str, SingleGuard], ...]:
    """The single guards of a block with their roles, for counts: the block's name, and a number in an ensemble."""
    if isinstance(guard, EnsembleSettings):
        return tuple((f"{ROLE}.{number}", member) for number, member in enumerate(guard.guards, start=1))
    return ((ROLE, guard),)


def list_guard_engines(guard: AnyGuard) -> dict[str, AnyEngine]:
    """The engines that a guard block asks for, by their roles; none where it needs no model."""
    return {
        role: single.lm_config for role, single in name_roles(guard) if not isinstance(single, EmbeddedGuardSettings)
    }
