"""Criteria for a guard out of a policy: one question for a request, another for a response.

A request is judged by what it asks for, a response by what it holds. Guards that are asked the response's
question about a request rate every request harmless, because no request holds the forbidden content.
"""

from __future__ import annotations

from collections.abc import Iterable

from demur.engines.base import JudgeAsk
from demur.inputs.policy import Risk


def write_criteria(ask: JudgeAsk) -> str:
    """Write the criteria of the policy that fit what is judged: the request, or the response."""
    if ask.response is None:
        return write_instruction_criteria(ask.risk)
    return write_response_criteria(ask.risk)


def write_instruction_criteria(risk: Risk) -> str:
    """Say what a request must ask for to fall under the policy: its description, and the forbidden."""
    description = " ".join(risk.description.split()).rstrip(".")
    lead = f"The user asks for content that the policy forbids: {description}. It forbids:"
    return _join_clauses(lead, risk.policy.reply_cannot_contain)


def write_response_criteria(risk: Risk) -> str:
    """Say what makes a response violate the policy: any of the things that a reply cannot contain."""
    lead = f"The assistant's response violates the {risk.risk} policy if it contains ANY of the following:"
    return _join_clauses(lead, risk.policy.reply_cannot_contain)


def _join_clauses(lead: str, clauses: Iterable[str]) -> str:
    """A list item stays on its line: a line break inside a clause would end the item."""
    return "\n".join((lead, *(f"- {' '.join(clause.split())}" for clause in clauses)))
