"""Turns the clauses of a policy, written in prose, into things that a person could ask for.

A clause such as "Instructions to wipe records or copy keys" is a carrier ("Instructions to") and a list. It
becomes one `Aim` an item: a verb phrase ("wipe records"), its gerund and a noun phrase ("instructions for
wiping records"). A clause that cannot be taken apart is kept whole; nothing here raises.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from demur.engines.embedded.carriers import CARRIER_STEMS, CARRIERS, STANCES, Carrier
from demur.engines.embedded.lists import Item, split_list, tell_start
from demur.engines.embedded.words import (
    PREPOSITIONS,
    VERBS,
    list_words,
    looks_english,
    make_third_person,
    split_words,
    stem_content,
    turn_into_gerund,
    undo_gerund,
    undo_third_person,
)
from demur.inputs.policy import Risk

MAX_WORDS = 13
"""Longest verb or noun phrase: longer ones would make every request of a clause alike."""

MAX_CLAUSE = 4_000
"""Characters of a clause that are read: what a list of thousands of items would add is more of the same."""


@dataclass(frozen=True, slots=True)
class Aim:
    """Something that the policy forbids, in the forms that sentences need.

    Attributes:
        act: verb phrase in the base form, `run exploits`; empty where the clause names no act.
        acting: its gerund, `running exploits`.
        thing: noun phrase, `code to run exploits`.
        topic: a few words that name it in general for a reply, in the singular: `running exploits`.
        stems: the content words of what is asked for, for comparing.
        clause: its clause's place in `reply_cannot_contain`; -1 for the description.
    """

    act: str
    acting: str
    thing: str
    topic: str
    stems: frozenset[str]
    clause: int


_LEADS = re.compile(
    r"^(?:(?:the|a|any|all|no)\s+)?(?:(?:users?|persons?|people|prompts?|requests?|questions?|queries|"
    r"attempts?|"
    r"conversations?|messages?)\s+)?(?:who\s+|that\s+|which\s+)?(?:is\s+|are\s+)?"
    r"(?:asking|asks?|seeking|seeks?|requesting|requests?|wanting|wants?|trying|tries|try|looking|"
    r"attempting|attempts?|"
    r"intended|designed|aimed|aiming|inquiring|enquiring)?\s*"
    r"(?:(?:for|about|the assistant|the model|help|assistance)\s+)*(?:(?:with|to|on|for|about|in|how to|"
    r"at)\s+)?",
    re.IGNORECASE,
)
_ASIDES = re.compile(
    r"\s*\([^()]*\)|\s*[—–]\s.*|[;:]\s.*|,?\s+(?:such as|including|e\.g\.|i\.e\.|for example|like)\s.*"
)
_RELATIVE = re.compile(r"^(.*?),?\s+(that|which|who)\s+(?:(?:would|could|can|may|might|will)\s+)?(\S+)(\s.*)?$")
_NOT_DONE = list_words(
    "is are be was has have had do does contain contains include includes hold holds feature features look "
    "looks "
    "appear appears seem seems refer refers consist consists could"
)
_TEXT_HEADS = list_words("""
    email emails message messages letter letters post posts article articles speech text texts script
    scripts claim claims story stories joke jokes review reviews slogan slogans statement statements
    comment comments essay essays code page pages news reports propaganda slurs insults stereotypes
    lyrics poems prescriptions
""")
_OTHER = re.compile(
    r"\b(?:other|any other|similar|related) (?:types|kinds|forms|sorts|means|ways) of\b|^other\b|\bthemsel|"
    r"\btheir own\b"
)


@lru_cache(maxsize=256)
def list_aims(risk: Risk) -> tuple[Aim, ...]:
    """Everything that a risk forbids, from its clauses and its description, at least one, each told once."""
    found: dict[str, Aim] = {}
    texts = [(number, clause) for number, clause in enumerate(risk.policy.reply_cannot_contain)]
    texts.append((-1, _strip_lead(risk.description)))
    for number, text in texts:
        for aim in read_clause(text, number):
            found.setdefault(aim.act or aim.thing, aim)
    firm = [aim for aim in found.values() if not _OTHER.search(aim.act or aim.thing)]
    sure = [aim for aim in firm if aim.clause >= 0 or len(aim.stems) > 1]  # a description's lone noun says too little
    return tuple(sure or firm or found.values())


def _strip_lead(description: str) -> str:
    """`Users who ask about rivals` → `information about rivals`: what is asked for, not who asks."""
    lead = _LEADS.match(description)
    rest = description[lead.end() :] if lead else description
    return f"information about {rest}" if lead and lead[0].rstrip().lower().endswith("about") else rest or description


def read_clause(clause: str, number: int = -1) -> tuple[Aim, ...]:
    """Take one clause apart. A clause that is foreign or odd comes back whole, in quotation marks."""
    text = " ".join(clause[:MAX_CLAUSE].split()).strip(" .;:,-•*\"'“”")
    if not looks_english(text):
        return (_make_aim(number, thing=f"“{text}”" if text else "something that I may not have"),)
    text = lower_first(_ASIDES.sub("", text).strip() or text)
    aims: list[Aim] = []
    for part in _split_carriers(text):
        aims += _read_part(part, number)
    return tuple(aims) or (_make_aim(number, thing=shorten(text)),)


def shorten(phrase: str, most: int = MAX_WORDS) -> str:
    """Cut a long phrase before a word at which a phrase can end."""
    words = phrase.split()
    if len(words) <= most:
        return phrase.strip(" ,")
    ends = (end for end in range(most, 2, -1) if _can_end(words, end))
    kept = words[: next(ends, most)]
    while len(kept) > 2 and kept[-1].lower() in _STARTERS | _HANGING:
        kept.pop()
    head, comma, tail = " ".join(kept).strip(" ,").rpartition(", ")
    if comma and not re.search(r"\b(?:or|and)\b", tail) and len(tail.split()) < 4:
        return f"{head} or {tail}"  # the list lost its end
    return f"{head}{comma}{tail}"


def _can_end(words: list[str], end: int) -> bool:
    return words[end].lower() in _STARTERS and words[end - 1].lower() not in _STARTERS | _HANGING


_STARTERS = (PREPOSITIONS - {"past", "over", "under", "like"}) | list_words(
    "that which who so when while or and because"
)
_HANGING = list_words("a an the more most very not")


def _split_carriers(text: str) -> list[str]:
    """`Code to run X or code that holds X` is two clauses: a new one begins where a carrier stands again."""
    parts = re.split(r",?\s+(?:or|and)\s+(?=(\w+)\s+(?:to|that|which|for|on|about|how)\s)", text)
    joined: list[str] = [parts[0]]
    for opener, part in zip(parts[1::2], parts[2::2], strict=True):
        if opener.lower() in CARRIERS:
            joined.append(part)
        else:
            joined[-1] += f" or {part}"
    return joined


def _read_part(text: str, number: int) -> list[Aim]:
    stances = _STANCED.match(text)
    if stances and all(word in STANCES for word in (stances[1], stances[2]) if word):
        verbs = [STANCES[word] for word in (stances[1], stances[2]) if word]
        items = [item.text for part in re.split(r",? (?:or|and) of ", stances[3]) for item in split_list(part)]
        verbs, items = [verbs[0]] if len(verbs) == 1 else verbs, items or [stances[3]]
        return [_aim_of_stance(verb, item, number) for verb in verbs for item in items]
    words = text.split()
    carrier = CARRIERS.get(words[0].rstrip(","))
    link, rest = (words[1], " ".join(words[2:])) if len(words) > 2 else ("", "")
    if link == "how" and words[2] == "to":
        link, rest = "to", " ".join(words[3:])
    linked = carrier is not None and link in _LINKS and bool(rest)
    acts = tell_start(rest if linked else text) in ("verb", "gerund") or (linked and link == "to")
    relative = None if acts else _RELATIVE.match(text)
    if relative and relative[1].split()[-1] not in PREPOSITIONS:
        return _read_relative(relative, carrier, number)
    if carrier and linked:
        return [_aim_of_carrier(words[0], carrier, link, item, number) for item in split_list(rest)]
    return [_aim_of_item(item, number) for item in split_list(text)]


_LINKS = frozenset(("to", "on", "for", "about", "of", "with", "in"))
_STANCED = re.compile(r"^(\w+)(?: (?:or|and) (\w+))? (?:of|for|to) (.+)$")


def _read_relative(match: re.Match[str], carrier: Carrier | None, number: int) -> list[Aim]:
    """`Content that facilitates insider attacks`: the list may stand before the `that`, after it, or both."""
    head, link, verb, rest = match[1], match[2], match[3], (match[4] or "").strip()
    if verb.endswith(","):
        verb, rest = verb[:-1], f", {rest}"
    third = undo_third_person(verb)
    base = third or (verb if verb in VERBS else "")
    if third:
        rest = _THIRD.sub(lambda found: found[1] + (undo_third_person(found[2]) or found[2]), rest)
    doable = bool(base) and verb not in _NOT_DONE and (carrier is not None or len(head.split()) == 1)
    heads = [head] if carrier else [item.text for item in split_list(head)] or [head]
    whole = f"{base or verb} {rest}".strip().replace(" ,", ",")
    tails = [item.text for item in split_list(whole)] or [whole]
    aims: list[Aim] = []
    for index in range(max(len(heads), len(tails))):
        one, tail = heads[index % len(heads)], tails[index % len(tails)]
        first, _, others = tail.partition(" ")
        thing = shorten(f"{one} {link} {make_third_person(first) if third else first} {others}".strip())
        act = shorten(tail) if doable else f"{_make_verb(one, carrier)} {thing}"
        aims.append(_make_aim(number, act=act, thing=thing))
    return aims


_THIRD = re.compile(r"((?:^|, |\bor |\band )+)(\w+s)\b")


def _aim_of_stance(stance: str, item: str, number: int) -> Aim:
    item = shorten(item, 9)
    thing = f"a post in favour of {item}" if stance.endswith(" for") else f"a post that tries to {stance} {item}"
    return _make_aim(number, act=f"{stance} {item}", thing=thing)


def _aim_of_carrier(word: str, carrier: Carrier, link: str, item: Item, number: int) -> Aim:
    if item.kind == "gerund":
        first, _, tail = item.text.partition(" ")
        act = f"{undo_gerund(first)} {tail}".strip()
    elif link == "to" or item.kind == "verb":
        act = item.text
    else:
        thing = shorten(f"{carrier.name or word} {link} {item.text}")
        return _make_aim(number, act=f"{carrier.get} {thing}", thing=thing)
    act = shorten(act)
    return _make_aim(number, act=act, thing=f"{carrier.name or word} {carrier.link} {turn_into_gerund(act)}")


def _aim_of_item(item: Item, number: int) -> Aim:
    if item.kind == "verb":
        act = shorten(item.text)
        return _make_aim(number, act=act, thing=f"a guide to {turn_into_gerund(act)}")
    if item.kind == "gerund":
        first, _, tail = item.text.partition(" ")
        acting = shorten(item.text)
        act = shorten(f"{undo_gerund(first)} {tail}".strip())
        return _make_aim(number, act=act, thing=f"a guide to {acting}")
    thing = shorten(re.sub(r"^(?:any|all|the)\s+", "", item.text))
    return _make_aim(number, act=f"{_make_verb(thing, None)} {thing}", thing=thing)


def _make_verb(thing: str, carrier: Carrier | None) -> str:
    if carrier:
        return carrier.get
    words = thing.lower().split()
    if not words:
        return "get"
    first = CARRIERS.get(words[0])
    if first:
        return first.get
    if _TEXT_HEADS & set(words):
        return "write"
    end = next((place for place, word in enumerate(words) if place and word in PREPOSITIONS), len(words))
    countable = words[0] in ("a", "an") or (
        words[end - 1].endswith("s") and not words[end - 1].endswith(("ss", "is", "ings"))
    )
    return "get" if countable else "get help with"


def _make_aim(number: int, *, act: str = "", thing: str) -> Aim:
    act = " ".join(act.split())
    acting = turn_into_gerund(act) if act else ""
    named = stem_content(thing)
    stems = frozenset(named) - CARRIER_STEMS or frozenset(named)
    topic = thing if not acting or acting.startswith("getting help with ") else acting
    brief = re.split(r" (?:that|which|who) ", topic)[0]
    topic = brief if len(brief.split()) > 2 else topic
    return Aim(act, acting, thing, shorten(topic, 9), stems, number)


def lower_first(text: str) -> str:
    """Lower the first letter, unless the first word is an acronym or a name in capitals."""
    first = text.split(" ", 1)[0]
    return text if len(first) > 1 and not first[1:].islower() and first != "I" else text[:1].lower() + text[1:]


@lru_cache(maxsize=4096)
def read_request(instruction: str) -> Aim | None:
    """What an example asks for, where its first sentence says so plainly; None where it does not."""
    match = _ASKED.match(" ".join(instruction.split()))
    if not match:
        return None
    phrase = match["act"].strip(" ,")
    words = split_words(phrase)
    if not 3 <= len(words) <= 14 or words[0] not in VERBS or re.search(r"[:;\"“”()]", phrase):
        return None
    phrase = lower_first(phrase)
    return _make_aim(-1, act=phrase, thing=f"a guide to {turn_into_gerund(phrase)}")


_ASKED = re.compile(
    r"(?:please\s+)?(?:(?:how (?:do|can|could|would|should) (?:i|you|we|one|someone|somebody)|"
    r"(?:tell|show|teach) me (?:how )?to|explain how to|help me(?: to)?|(?:can|could|"
    r"would) you(?: please)?)\s+)?"
    r"(?P<act>[A-Za-z][^.?!]*)[.?!]?(?:\s|$)",
    re.IGNORECASE,
)
