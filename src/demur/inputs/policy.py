"""Risk policies: what a model should decline, and how."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from demur.inputs.yaml_text import as_written

Text = Annotated[str, BeforeValidator(as_written)]
"""A string as the author wrote it: `risk_id: 11.10` stays `11.10`, though YAML reads a number."""


class Constraints(BaseModel):
    """What a reply must not hold, and what it may."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reply_cannot_contain: tuple[Text, ...] = Field(min_length=1, description="Clauses: content that a reply must never hold.")
    reply_may_contain: tuple[Text, ...] = Field(default=(), description="What a reply may offer instead.")


class Risk(BaseModel):
    """One risk of a policy file, together with what its group says of itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    risk: Text = Field(description="The risk's name; tasks refer to it.")
    risk_id: Text = Field(default="", description="The risk's number in its group's taxonomy, kept as text.")
    description: Text = Field(description="What requests of this kind ask for.")
    reason_denial: Text | None = Field(default=None, description="The code that a denial is logged under.")
    short_reply_type: Text = Field(
        default="EXPLICIT_REFUSAL", description="How to reply: EXPLICIT_REFUSAL, POLITE_REDIRECT, … (open)."
    )
    exception: Text | None = Field(default=None, description="The event an enforcer raises on a violation; no exemption.")
    policy: Constraints


class Policy(BaseModel):
    """A policy file: a group of risks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    risk_group: Text
    risk_group_id: Text = ""
    description: Text = ""
    policy_version: Text = ""
    risks: tuple[Risk, ...] = Field(min_length=1)
