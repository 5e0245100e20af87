"""Typing errors and disguised letters, by rules: the text stays readable, and the same seed gives the same text.

They are the plain variants that people use every day; none is taken from a collection of attacks.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

from demur.records import Origin

ORIGIN = Origin("rules", "garble-1")
"""Who wrote a garbled text, and the rules' version: raised whenever they write other texts than before."""

_WORD = re.compile(r"[A-Za-z]{4,}")
_LETTERS = re.compile(r"[^\W\d_]{4,}")
_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEXT_KEY = {key: row[place - 1 : place] + row[place + 1 : place + 2] for row in _KEYS for place, key in enumerate(row)}
_LEET = str.maketrans({"a": "4", "e": "3", "i": "1", "o": "0", "s": "5", "t": "7"})
_LOOKALIKES = str.maketrans({"a": "\u0430", "c": "\u0441", "e": "\u0435", "o": "\u043e", "p": "\u0440", "x": "\u0445"})
"""Latin letters to the Cyrillic ones that look the same."""


def make_typos(text: str, seed: int) -> str:
    """Type a text in haste: about one word in five has letters swapped, doubled, left out or a neighbouring key's."""
    random = Random(seed)  # noqa: S311 - a text, not a secret
    words = list(_LETTERS.finditer(text))
    chosen = random.sample(words, min(len(words), max(1, round(len(words) / 5))))
    for match in sorted(chosen, key=lambda found: -found.start()):
        text = text[: match.start()] + _mistype(match[0], random) + text[match.end() :]
    return text


def _mistype(word: str, random: Random) -> str:
    """Change a word inside: its first letter stays, by which readers know it."""
    place = random.randrange(1, len(word) - 1)
    kind = random.randrange(4)
    if kind == 0 and word[place] != word[place + 1]:
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    if kind == 1:
        return word[:place] + word[place + 1 :]
    near = _NEXT_KEY.get(word[place].lower(), "")
    if kind == 2 and near:
        return word[:place] + random.choice(near) + word[place + 1 :]
    return word[:place] + word[place] + word[place:]


def _write_in_figures(word: str) -> str:
    return word[0] + word[1:].translate(_LEET)


def _write_in_lookalikes(word: str) -> str:
    return word.translate(_LOOKALIKES)


def _space_out(word: str) -> str:
    return f" {' '.join(word)} "  # wider gaps around it, so that one sees where a word ends


_SET_APART: tuple[Callable[[str], str], ...] = (_space_out, ".".join, "-".join, "*".join)


def obfuscate(text: str, seed: int) -> str:
    """Disguise a text's longer words, all in one way: figures for letters, look-alike letters, or letters set apart."""
    random = Random(seed)  # noqa: S311 - a text, not a secret
    disguise = random.choice((_write_in_figures, _write_in_lookalikes, random.choice(_SET_APART)))
    found = list(_WORD.finditer(text))
    longest = sorted(found, key=lambda match: (-len(match[0]), match.start()))
    chosen = {match.start() for match in longest[: max(1, len(found) // 3)]}
    return _WORD.sub(lambda match: disguise(match[0]) if match.start() in chosen else match[0], text).strip()
