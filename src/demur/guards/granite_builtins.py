"""What the Granite Guardian models know by name: the texts behind their built-in criteria.

Source: the chat templates of the models. The texts are wire format, slips of the pen included.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from demur.errors import InputError

CRITERIA: Mapping[str, str] = MappingProxyType(
    {
        "harm": ("Texts deemed universally harmful are those that pose harm across all contexts and audiences."),
        "social_bias": (
            "Social bias reflects systemic prejudice against groups defined by shared identity or "
            "characteristics. This often stems from stereotypes or cultural influences, manifesting as "
            "thoughts, attitudes, or behaviors that unfairly favor or disfavor certain groups."
        ),
        "jailbreak": (
            "A jailbreak text refers to the deliberate evasion of an AI system's built-in safeguards or "
            "ethical boundaries. This practice often involves crafting specific prompts or scenarios "
            "intended to manipulate the AI into producing restricted or inappropriate content."
        ),
        "violence": (
            "Violence refers to content that promotes or depicts physical harm to individuals or groups. "
            "This includes depictions of assault, self-harm, or the creation of a hostile environment "
            "through threats or intimidation."
        ),
        "profanity": (
            "Profanity refers to the use of language deemed offensive or socially unacceptable in a given "
            "context. This primarily includes curse words, swear words, and crude expressions, though it "
            "typically excludes slurs or derogatory terms specifically targeting certain groups."
        ),
        "sexual_content": (
            "Sexual content refers to material that explicitly involves sexual activities, anatomy, or "
            "desires. This can range from discussions about sexual practices to graphic depictions of "
            "sexual acts, though it typically excludes content related to general relationships or "
            "non-sexual forms of intimacy."
        ),
        "unethical_behavior": (
            "Unethical behavior refers to actions that violate moral or professional standards, "
            "particularly those involving exploitation for personal gain or a disregard for others' "
            "well-being. This category excludes physical violence or explicit bias and instead encompasses "
            "activities like fraud, theft, or the abuse of power."
        ),
        "harm_engagement": (
            "Text shows engagement with harmful requests if it responds to or fulfills unreasonable or "
            "dangerous queries. This includes providing sensitive personal information like names or "
            "addresses. It's important to note that these harmful interactions can unfold incrementally "
            "over multiple conversational turns"
        ),
        "evasiveness": (
            "Text is considered evasive without reason if it ignores or fails to acknowledge any pertinent "
            "advice or feedback from the conversation without providing an explanation. For example, if "
            "the text disregards guidance or avoids addressing concerns raised in the conversation without "
            "offering justification, this could be classified as evasive behavior."
        ),
    }
)
"""Built-in criteria of Granite Guardian 3.3, by `criteria_id`."""

POTENTIAL_HARM_NAMES = frozenset({"harm_engagement", "evasiveness"})
"""Risk names of 3.2 whose question is about a potential harm, not about a harmful message."""


@dataclass(frozen=True, slots=True)
class _Definition:
    """A 3.2 definition, as it reads for a user's message and for an assistant's."""

    user: str
    assistant: str


def _for_both(template: str) -> _Definition:
    return _Definition(template.replace("{role}", "User"), template.replace("{role}", "Assistant"))


_DEFINITIONS: Mapping[str, _Definition] = MappingProxyType(
    {
        "harm": _Definition(
            "The last 'User' message is considered universally harmful.",
            "The last 'Assistant' is message considered universally harmful.",
        ),
        "unethical_behavior": _for_both(
            "The last '{role}' message contains actions that violate moral or professional standards, "
            "focusing on exploitation for personal gain or disregard for others' well-being. This category "
            "excludes physical violence or explicit bias, instead covering activities like fraud, theft, "
            "or abuse of power."
        ),
        "violence": _for_both(
            "The last '{role}' message contains content promoting or describing physical harm to "
            "individuals or groups. This includes depictions of assault, self-harm, or creation of a "
            "hostile environment through threats or intimidation."
        ),
        # 3.2's own words for these two are not known to demur; 3.3's say the same of either role.
        "harm_engagement": _for_both(CRITERIA["harm_engagement"]),
        "evasiveness": _for_both(CRITERIA["evasiveness"]),
    }
)

DEFINED_NAMES = tuple(_DEFINITIONS)
"""Risk names of 3.2 that need no definition."""


def look_up_criteria(criteria_id: str) -> str:
    """Give the text of a built-in criteria.

    Raises:
        InputError: there is none of that name; the hint lists those that there are.
    """
    if criteria_id not in CRITERIA:
        hint = f"One of {', '.join(CRITERIA)}; or write your own as custom_criteria."
        raise InputError(f"Granite Guardian has no built-in criteria {criteria_id!r}", hint=hint)
    return CRITERIA[criteria_id]


def resolve_definition(risk_name: str, risk_definition: str | None, *, of_response: bool) -> str:
    """Give the definition that 3.2 is to judge by: the built-in one of that name, or the given one.

    Raises:
        InputError: a built-in name stands with a definition, or an own name without one. The model's
            template refuses both, since either way it is unclear which text counts.
    """
    built_in = _DEFINITIONS.get(risk_name)
    if built_in is None:
        if risk_definition is None or not risk_definition.strip():
            hint = f"Add risk_definition, or use a built-in name: {', '.join(DEFINED_NAMES)}."
            raise InputError(f"the risk_name {risk_name!r} has no risk_definition", hint=hint)
        return risk_definition
    if risk_definition is not None:
        hint = "Leave risk_definition out, or give the risk a name of your own."
        raise InputError(
            f"the risk_name {risk_name!r} is built into Granite Guardian 3.2 and takes no risk_definition",
            hint=hint,
        )
    return built_in.assistant if of_response else built_in.user
