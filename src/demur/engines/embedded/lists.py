"""Splits an enumeration in a clause into items that can each stand alone.

`attacks on power grids or water supply` is `attacks on power grids` and `attacks on water supply`;
`shut down or sabotage the plant` is `shut down the plant` and `sabotage the plant`. Where the list is not
plain, it stays whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from demur.engines.embedded.words import (
    COMPARATIVES,
    DETERMINERS,
    PARTICLES,
    PREPOSITIONS,
    VERBS,
    list_words,
    undo_gerund,
)

Kind: TypeAlias = Literal["verb", "gerund", "determined", "compared", "prepositional", "bare"]

_SEPARATOR = re.compile(r"(\s*,\s*(?:or|and)\s+|\s*,\s*|\s+or\s+|\s+and\s+)")


@dataclass(frozen=True, slots=True)
class Item:
    """One member of a list, and how it begins."""

    text: str
    kind: Kind


def split_list(text: str) -> list[Item]:
    """The items of an enumeration, each made whole with what its members share; one item if it is no list."""
    text = text.strip(" ,.")
    pieces = _split_pieces(text)
    if not text or len(pieces) == 1:
        return [Item(_strip_to(text), tell_kind(_strip_to(text)))] if text else []
    first = tell_list_kind(pieces)
    members = _join_alike(pieces, first)
    if first in ("verb", "gerund") and len(members) > 1:
        shared = [_strip_to(member) for member in _share_object(members)]
        return [inner for member in shared for inner in _split_tail(member, first)]
    return _split_tail(text, first)


def tell_list_kind(pieces: list[str]) -> Kind:
    """How a list begins: a lone verb is one where another follows (`disrupt or damage it`), else a noun."""
    lone = _strip_to(pieces[0])
    if len(pieces) > 2 and _is_lone_verb(lone):
        second = _strip_to(pieces[2])
        if tell_kind(second) == "verb" or _is_lone_verb(second):
            return "verb"
    return tell_kind(lone)


def tell_start(text: str) -> Kind:
    """How an enumeration that is still one text begins."""
    return tell_list_kind(_split_pieces(text))


def _is_lone_verb(piece: str) -> bool:
    words = piece.split()
    return bool(words) and words[0] in VERBS and (len(words) == 1 or (len(words) == 2 and words[1] in PARTICLES))


def _split_pieces(text: str) -> list[str]:
    """Members and separators by turns; `false or misleading claims` is one member."""
    kept = _ADJECTIVES.sub(lambda match: match[0].replace(" ", "\0"), text)
    kept = _HELPED.sub(lambda match: match[0].replace(" ", "\0"), kept)
    return [piece.replace("\0", " ") if index % 2 == 0 else piece for index, piece in enumerate(_SEPARATOR.split(kept))]


_ADJECTIVE = r"(?:false|fake|unsafe|covert|\w{2,}(?:al|ive|ous|ful|less|ible|able|ic|ed|ary|leading|threatening))"
_ADJECTIVES = re.compile(rf"\b{_ADJECTIVE} (?:or|and) {_ADJECTIVE} (?!or\b|and\b)\w+")
_HELPED = re.compile(r"\b(?:help|let|make|allow|enable)s? \w+(?: to)? \w+ (?:or|and) \w+")


def tell_kind(piece: str) -> Kind:
    """How a phrase begins, which tells where the members of its list begin."""
    words = piece.lower().split()
    if not words:
        return "bare"
    first = words[0].strip(",")
    if first in DETERMINERS:
        return "determined"
    if first in COMPARATIVES:
        return "compared"
    if undo_gerund(first) and not (len(words) == 1 and first in _NOMINAL):
        return "gerund"
    if first in PREPOSITIONS:
        return "prepositional"
    if first in VERBS and len(words) > 1 and not _reads_as_noun(words):
        return "verb"
    return "bare"


_NOMINAL = list_words("phishing hacking trafficking gambling bullying training spamming stalking doxing")
_NOUNISH = list_words("""
    access attack cause charge click control damage display drug exploit fake force harm hate help hurt
    label leak license limit link lock look market mask measure offer order pay plan plant poison
    position post practice present pressure process profile record release report rent rig rule sale
    scam scan script search shame sign spam stage stalk state stereotype story strike target test threat
    track trade traffic transfer transport treat trick trigger view visit work export import abuse
    advice firearm mass bias claim call text email post
""")


def _reads_as_noun(words: list[str]) -> bool:
    """`hate speech` begins with a word that is a verb elsewhere; `hate them` is one."""
    if words[0] not in _NOUNISH:
        return False
    return len(words) < 3 or words[1] in PREPOSITIONS or not (DETERMINERS | PARTICLES) & {words[1]}


def _strip_to(piece: str) -> str:
    return re.sub(r"^(?:to|how to|of) (?=\w)", "", piece.strip(" ,"))


def _join_alike(pieces: list[str], first: Kind) -> list[str]:
    """Members that begin as the first does; a piece that begins otherwise belongs to the member before it."""
    members = [pieces[0]]
    for separator, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        bare = _strip_to(piece)
        alike = tell_kind(bare) == first or (
            first == "verb" and _is_lone_verb(_strip_to(members[-1])) and _is_lone_verb(bare)
        )
        if alike and piece.strip():
            members.append(bare if first == "verb" else piece)
        else:
            members[-1] += separator + piece
    return members


_LIGHT = re.compile(r"^(?:take (?:control|advantage|charge) of|(?:gain|get|obtain) access to|get hold of|make use of) ")


def _share_object(members: list[str]) -> list[str]:
    """Give `shut down` in `shut down or sabotage the plant` the object of the member after it."""
    shared: list[str] = []
    objects = ""
    for member in reversed(members):
        member = _strip_to(member)
        words = member.split()
        light = _LIGHT.match(member)
        size = len(light[0].split()) if light else 2 if len(words) > 1 and words[1] in PARTICLES else 1
        if len(words) > size:
            objects = " ".join(words[size:])
            shared.append(member)
        elif objects:
            shared.append(f"{member} {objects}")
        else:
            shared.append(member)
    return shared[::-1]


def _split_tail(text: str, kind: Kind) -> list[Item]:
    """Split the list at the end of one member: `take over a utility, a hospital or a harbour`."""
    pieces = _split_pieces(text)
    if len(pieces) == 1 or (len(pieces) == 3 and " and " in pieces[1]):
        return [Item(text, kind)]
    head, start, inner = _find_head(pieces[0], pieces[2])
    rest = _join_alike(pieces[2:], inner)
    members = [start, *rest]
    plain = all(tell_kind(member) == inner for member in rest) and all(member.strip() for member in members)
    if not plain or (not head and inner in ("verb", "gerund")):
        return [Item(text, kind)]
    if any(_BOUND & set(member.split()) for member in members[:-1]):
        return [Item(text, kind)]
    members = _share_adjective(members)
    if not head and inner == "bare":
        members = _pair_modifiers(members)
    elif inner == "bare":
        members = _share_modifier(members)
    if any(len(member.split()) > 9 for member in members):
        return [Item(text, kind)]
    items = [re.sub(r"\b(?:any )?other ", "", member) for member in members]
    return [Item(f"{head} {item}".strip(), kind) for item in items]


_BOUND = list_words("that which who whose because when while where so")


def _find_head(piece: str, second: str) -> tuple[str, str, Kind]:
    """Where in the first piece the list's first member begins, told by how the second begins."""
    words = piece.split()
    inner = tell_kind(second)
    if inner == "bare" and tell_kind(piece) == "bare" and not PREPOSITIONS & set(words):
        return "", piece, inner
    for index in range(len(words) - 1, -1, -1):
        rest = " ".join(words[index:])
        word = words[index].lower()
        if inner == "bare":
            is_head = word in PREPOSITIONS or word in DETERMINERS or (bool(undo_gerund(word)) and word not in _NOMINAL)
            is_verb = index == 0 and word in VERBS and len(words) > 1 and not _reads_as_noun(words)
            if (is_head or is_verb) and words[index + 1 :]:
                return " ".join(words[: index + 1]), " ".join(words[index + 1 :]), inner
        elif tell_kind(rest) == inner:
            return " ".join(words[:index]), rest, inner
    return "", piece, inner if tell_kind(piece) == inner else "prepositional"


def _share_adjective(members: list[str]) -> list[str]:
    """Give `pay slips` in `forged invoices or pay slips` the first member's adjective."""
    first = members[0].split()
    if len(first) < 2 or first[0].lower() not in _SHARED_ADJECTIVES:
        return members
    return [members[0], *(f"{first[0]} {member}" for member in members[1:])]


_SHARED_ADJECTIVES = list_words("fake false forged fabricated bogus counterfeit stolen fraudulent misleading covert")


def _share_modifier(members: list[str]) -> list[str]:
    """Give `alarms` in `alarms or operators of a plant` the last member's `of a plant`."""
    words = members[-1].split()
    cut = next((index for index, word in enumerate(words) if word in PREPOSITIONS and index), None)
    if cut is None or any(set(member.split()) & PREPOSITIONS for member in members[:-1]):
        return members
    if cut > 1 and words[cut - 1].endswith("ed"):
        cut -= 1
    modifier = " ".join(words[cut:])
    return [*(f"{member} {modifier}" for member in members[:-1]), members[-1]]


def _pair_modifiers(members: list[str]) -> list[str]:
    """`insults or slurs about groups, faiths or parties` is two lists: pair their members by turns."""
    place = next((index for index, member in enumerate(members) if set(member.split()[1:]) & PREPOSITIONS), None)
    if place is None or place == len(members) - 1:
        return _share_modifier(members)
    words = members[place].split()
    cut = next(index for index, word in enumerate(words) if word in PREPOSITIONS and index)
    heads = [*members[:place], " ".join(words[:cut])]
    tails = [" ".join(words[cut + 1 :]), *members[place + 1 :]]
    size = max(len(heads), len(tails))
    return [f"{heads[index % len(heads)]} {words[cut]} {tails[index % len(tails)]}" for index in range(size)]
