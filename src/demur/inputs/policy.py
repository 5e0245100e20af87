"""Risk policies: what a model should decline, and how."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema

from demur.errors import InputError
from demur.inputs.validation import InputModel, suggest, validate
from demur.inputs.yaml_text import as_written, read_documents

Text = Annotated[str, BeforeValidator(as_written), WithJsonSchema({"type": ["string", "number"]})]
"""A string as the author wrote it: `risk_id: 11.10` stays `11.10`, though YAML reads a number."""


class Constraints(InputModel):
    """What a reply must not hold, and what it may."""

    reply_cannot_contain: tuple[Text, ...] = Field(
        min_length=1, description="Clauses: content that a reply must never hold."
    )
    reply_may_contain: tuple[Text, ...] = Field(default=(), description="What a reply may offer instead.")


class Risk(InputModel):
    """One risk of a policy file, together with what its group says of itself."""

    risk: Text = Field(description="The risk's name; tasks refer to it.")
    risk_id: Text = Field(default="", description="The risk's number in its group's taxonomy, kept as text.")
    description: Text = Field(description="What requests of this kind ask for.")
    reason_denial: Text | None = Field(default=None, description="The code that a denial is logged under.")
    short_reply_type: Text = Field(
        default="EXPLICIT_REFUSAL", description="How to reply: EXPLICIT_REFUSAL, POLITE_REDIRECT, … (open)."
    )
    exception: Text | None = Field(
        default=None, description="The event an enforcer raises on a violation; no exemption."
    )
    policy: Constraints


class Policy(InputModel):
    """A policy file: a group of risks."""

    risk_group: Text
    risk_group_id: Text = ""
    description: Text = ""
    policy_version: Text = ""
    risks: tuple[Risk, ...] = Field(min_length=1)


def read_policy(path: Path) -> Policy:
    """Read a policy file.

    Raises:
        InputError: it is missing, not YAML, holds more than one document, or does not have a policy's form.
    """
    documents = read_documents(path)
    if len(documents) != 1:
        raise InputError(f"one policy document is wanted, {len(documents)} are here", path=path)
    policy = validate(Policy, documents[0].data, documents[0])
    seen: set[str] = set()
    for number, risk in enumerate(policy.risks):
        if risk.risk in seen:
            line = documents[0].line(("risks", number, "risk"))
            raise InputError(f"the risk {risk.risk!r} stands here twice", path=path, line=line)
        seen.add(risk.risk)
    return policy


def choose_risks(policy: Policy, wanted: str | tuple[str, ...] | None) -> tuple[Risk, ...]:
    """The named risks in the order of their naming; all for `*`, the first for None.

    Raises:
        KeyError: there is no such risk; its arguments are the wrong name, and a hint that lists the valid ones.
    """
    if wanted == "*":
        return policy.risks
    names = (wanted,) if wanted is None or isinstance(wanted, str) else wanted
    chosen = []
    for name in names:
        try:
            chosen.append(choose_risk(policy, name))
        except KeyError as error:
            raise KeyError(name, error.args[0]) from None
    return tuple(chosen)


def choose_risk(policy: Policy, name: str | None) -> Risk:
    """The named risk, or the first one where no name is given.

    Raises:
        KeyError: no such risk; its argument is a hint that lists the valid ones.
    """
    if name is None:
        return policy.risks[0]
    for risk in policy.risks:
        if risk.risk == name:
            return risk
    raise KeyError(suggest(name, [risk.risk for risk in policy.risks]))
