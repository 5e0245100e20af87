"""What a policy's `short_reply_type` demands of a response, as far as that can be checked. The type is open."""

from __future__ import annotations

import re
from enum import StrEnum

from demur.inputs.policy import Risk


class Demand(StrEnum):
    """What a reply type wants of a response, as far as it can be checked."""

    DECLINE = "decline"
    TURN = "turn"
    CARE = "care"
    INFORM = "inform"
    ANY = "any"


_DEMANDS = {
    "EXPLICIT_REFUSAL": Demand.DECLINE,
    "POLITE_REDIRECT": Demand.TURN,
    "CAUTIOUS_INFORMATIVE": Demand.CARE,
    "INFORMATIVE_WITH_DISCLAIMER": Demand.INFORM,
    "INFORMATIVE_RESPONSE": Demand.INFORM,
}
_DECLINING_WORDS = re.compile(
    r"\b(?:refus\w*|declin\w*|cannot|can t|can not|no comment|den(?:y|ial|ies)|reject\w*|not comment|wont|will"
    r" not)\b"
)
_TURNING_WORDS = re.compile(r"\b(?:redirect\w*|polite\w*|deflect\w*|steer\w*|support\w*|empath\w*)\b")
_CAREFUL_WORDS = re.compile(r"\b(?:cautious\w*|careful\w*|limited|partial\w*|caution)\b")
_INFORMING_WORDS = re.compile(
    r"\b(?:inform\w*|answer\w*|help\w*|explain\w*|explanation|educat\w*|neutral|facts?|factual|clarif\w*)\b"
)


def read_demand(reply_type: str) -> Demand:
    """What a `short_reply_type` demands: a known one by its name, any other by the words in it, and else nothing."""
    known = _DEMANDS.get(reply_type.strip().upper())
    if known:
        return known
    words = " ".join(re.split(r"[\W_]+", reply_type.lower()))
    for pattern, demand in (
        (_DECLINING_WORDS, Demand.DECLINE), (_CAREFUL_WORDS, Demand.CARE), (_INFORMING_WORDS, Demand.INFORM),
        (_TURNING_WORDS, Demand.TURN),
    ):  # fmt: skip
        if pattern.search(words):
            return demand
    return Demand.ANY


def warn_of_reply_type(risk: Risk) -> str:
    """What a person should know of a reply type that has no template of its own; empty where there is nothing to say."""
    if risk.short_reply_type.strip().upper() in _DEMANDS:
        return ""
    demand = read_demand(risk.short_reply_type)
    checked = {
        Demand.DECLINE: "its words say that responses decline, and that is checked",
        Demand.TURN: "its words say that responses lead elsewhere, and that is checked",
        Demand.CARE: "its words say that responses are careful: a bare refusal is dropped",
        Demand.INFORM: "its words say that responses inform: a bare refusal is dropped",
        Demand.ANY: "whether responses fit it is not checked",
    }[demand]
    return (
        f"risk {risk.risk}: the reply type {risk.short_reply_type!r} is not one that demur has a template for; "
        f"it is passed on to the model as a description, and {checked}"
    )
