"""The nouns that open a clause ("Instructions to ...", "Endorsement of ..."), and how each is asked for."""

from __future__ import annotations

from dataclasses import dataclass

from demur.engines.embedded.words import stem


@dataclass(frozen=True, slots=True)
class Carrier:
    """How a clause's opening noun is used: the verb that asks for it, the preposition before a gerund."""

    get: str
    link: str
    name: str = ""


_GIVE = Carrier("get", "on")
_WRITE = Carrier("write", "for")
CARRIERS: dict[str, Carrier] = {
    "instructions": _WRITE,
    "instruction": _WRITE,
    "steps": Carrier("list", "for"),
    "guidance": _GIVE,
    "advice": _GIVE,
    "tips": _GIVE,
    "information": _GIVE,
    "details": _GIVE,
    "help": Carrier("get", "with"),
    "assistance": Carrier("get", "with"),
    "support": Carrier("get", "for"),
    "guides": Carrier("write", "to"),
    "tutorials": _GIVE,
    "recommendations": Carrier("get", "for"),
    "suggestions": Carrier("get", "for"),
    "explanations": Carrier("get", "of", "an explanation"),
    "explanation": Carrier("get", "of", "an explanation"),
    "content": _WRITE,
    "text": _WRITE,
    "texts": _WRITE,
    "material": Carrier("produce", "for"),
    "code": _WRITE,
    "materials": Carrier("produce", "for"),
    "scripts": _WRITE,
    "software": Carrier("build", "for"),
    "tools": Carrier("build", "for"),
    "templates": Carrier("make", "for"),
    "messages": _WRITE,
    "posts": _WRITE,
    "statements": _WRITE,
    "claims": Carrier("spread", "about"),
    "arguments": Carrier("make", "for"),
    "plans": Carrier("draw up", "for"),
    "plan": Carrier("draw up", "for", "a plan"),
    "methods": Carrier("find", "of"),
    "techniques": Carrier("use", "for"),
    "tactics": Carrier("use", "for"),
    "strategies": Carrier("work out", "for"),
    "ways": Carrier("find", "of"),
    "means": Carrier("find", "of"),
    "examples": Carrier("write", "of"),
    "lists": Carrier("put together", "of"),
    "ideas": Carrier("come up with", "for"),
    "stories": _WRITE,
    "images": Carrier("make", "of"),
    "speech": _WRITE,
    "language": _WRITE,
    "answers": _GIVE,
    "responses": _WRITE,
    "opinions": _GIVE,
    "requests": _GIVE,
    "questions": _GIVE,
    "descriptions": _WRITE,
}

STANCES = {
    "endorsement": "make a strong case for",
    "endorsements": "make a strong case for",
    "promotion": "promote",
    "encouragement": "encourage",
    "glorification": "glorify",
    "justification": "justify",
    "praise": "praise",
    "defence": "defend",
    "defense": "defend",
    "normalisation": "make people accept",
    "normalization": "make people accept",
    "approval": "make a strong case for",
    "support": "make a strong case for",
    "advocacy": "argue for",
    "incitement": "incite",
    "facilitation": "facilitate",
    "denial": "deny",
    "disclosure": "disclose",
    "dissemination": "spread",
    "distribution": "distribute",
    "creation": "create",
    "generation": "generate",
    "fabrication": "fabricate",
    "impersonation": "impersonate",
    "harassment": "harass",
    "manipulation": "manipulate",
    "exploitation": "exploit",
    "depiction": "depict",
    "depictions": "depict",
    "description": "describe",
    "descriptions": "describe",
    "mockery": "mock",
    "disparagement": "belittle",
    "identification": "identify",
    "revelation": "reveal",
    "sale": "sell",
    "purchase": "buy",
    "misuse": "misuse",
    "abuse": "abuse",
    "theft": "steal",
}

CARRIER_STEMS = frozenset(stem(word) for word in (*CARRIERS, "guide", "post", "favour", "list"))
"""Stems that say in what form something is asked for, not what."""
