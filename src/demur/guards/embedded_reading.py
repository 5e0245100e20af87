"""How the embedded guard reads a text before it judges it: through disguises, past harmless senses, over typing errors."""

from __future__ import annotations

import re
from functools import lru_cache

from demur.engines.embedded.homonyms import compile_phrases
from demur.engines.embedded.words import VERBS
from demur.engines.embedded.words import stem as stem_word
from demur.guards.embedded_lexicon import DULL_STEMS, FIELDS

_LOOKALIKES = str.maketrans(
    {
        "\u0430": "a", "\u0441": "c", "\u0435": "e", "\u043e": "o", "\u0440": "p", "\u0445": "x", "\u0456": "i",
        "\u0443": "y", "\u0455": "s", "\u03bf": "o", "\u03b1": "a", "\u0501": "d", "\u04bb": "h", "\u0458": "j",
    }
)  # fmt: skip
_LATIN = re.compile(r"[A-Za-z]")
_MIXED = re.compile(r"[^\W\d_]{2,}")
_FIGURES = re.compile(r"\b(?=[a-z0-9@$]*[a-z])(?=[a-z0-9@$]*[0-9@$])[a-z][a-z0-9@$]{3,}", re.IGNORECASE)
_LEET = str.maketrans({"4": "a", "3": "e", "1": "i", "0": "o", "5": "s", "7": "t", "@": "a", "$": "s"})
_APART = re.compile(r"(?<![^\W_])[^\W\d_](?:([ .*\-])[^\W\d_])(?:\1[^\W\d_]){2,}(?![^\W_])")
_SPOKEN_OF = re.compile(r"\b(?:the )?words? [“\"'‘][\w-]{1,30}[”\"'’]", re.IGNORECASE)


def undo_disguise(text: str) -> str:
    """The text in plain letters: `h-a-c-k`, `h4ck` and look-alike letters of other alphabets become `hack`."""
    text = _APART.sub(lambda match: re.sub(r"[ .*\-]", "", match[0]), text)
    if not text.isascii():
        text = _MIXED.sub(lambda match: _turn_latin(match[0]), text)
    return _FIGURES.sub(lambda match: match[0].translate(_LEET), text)


def _turn_latin(word: str) -> str:
    """A word in look-alikes; one that is wholly of another alphabet stays as it is."""
    turned = word.translate(_LOOKALIKES)
    return turned if turned.isascii() and (_LATIN.search(word) or turned == word) else word


def drop_harmless_senses(text: str) -> str:
    """The text without phrases in which a dangerous word means no harm, and without words that are only spoken of."""
    return _SPOKEN_OF.sub("a word", compile_phrases().sub("that", text))


_COMMON = """
    often always perhaps later today weekend morning evening question massage learn month house night school water
    prevent protect recognise detect defend safeguard
"""
FAMILIAR_STEMS = frozenset(map(stem_word, (*VERBS, *_COMMON.split()))).union(
    DULL_STEMS, *(field.acts | field.things for field in FIELDS)
)
"""Words, as stems, that mean what they say wherever they stand."""


@lru_cache(maxsize=65536)
def find_intended(stem: str, known: frozenset[str]) -> str:
    """The one known stem that a mistyped one stands for: a letter left out, added, changed or swapped; else itself.

    Words that the guard knows are no errors; and short stems are left alone, since too many words lie near them.
    """
    if len(stem) < 5 or stem in known or stem in FAMILIAR_STEMS:
        return stem
    near = [other for other in known if abs(len(other) - len(stem)) < 2 and len(other) > 4 and _is_slip(stem, other)]
    return min(near) if near else stem


def _is_slip(one: str, other: str) -> bool:
    """Whether two words differ by a single slip, and begin alike."""
    if one[0] != other[0]:
        return False
    short, long = sorted((one, other), key=len)
    start = next((place for place, letter in enumerate(short) if letter != long[place]), len(short))
    if len(short) < len(long):
        return short[start:] == long[start + 1 :]
    if short[start + 1 :] == long[start + 1 :]:
        return True
    swapped = short[start + 1 : start + 2] + short[start : start + 1]
    return swapped == long[start : start + 2] and short[start + 2 :] == long[start + 2 :]
