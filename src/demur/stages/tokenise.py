"""Splits a text into the tokens that deduplication compares.

Where a text is ASCII, these are rouge_score's tokens without stemming: lower-cased runs of a-z and 0-9. rouge_score drops
everything else, which leaves nothing of most of the world's texts; so a text with any other character is split by Unicode:

- normalised to NFC and case-folded, so that neither the way an accent is stored nor the case makes a difference;
- a word is a run of letters and digits of any script, with the marks that belong to them (`café` is one token, and so is
  `हिन्दी`); anything else separates, the underscore and every kind of apostrophe included, as in ASCII;
- in scripts that put no spaces between words (Han, Hiragana, Katakana, Thai, Lao, Khmer, Burmese), each character with its
  marks is a token, also in the middle of other text (`AIは` is `ai`, `は`).
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

_ASCII_TOKEN = re.compile(r"[a-z0-9]+")
_UNSPACED = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f"  # Burmese and its extensions
    "\u1780-\u17ff"  # Khmer
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f"  # Hiragana, Katakana, iteration marks
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
)
_LAST_WITH_MARKS = 0x1FFFF
"""Marks beyond this only choose between glyphs."""


def tokenise(text: str) -> list[str]:
    """The tokens of a text, in order."""
    if text.isascii():
        return _ASCII_TOKEN.findall(text.lower())
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
    return _compile_unicode_token().findall(folded)


@cache
def _compile_unicode_token() -> re.Pattern[str]:
    """The pattern of a token; `re` knows no class for marks, so they are listed, once, when first needed."""
    marks = "".join(_list_mark_ranges())
    return re.compile(
        rf"(?:(?=[{_UNSPACED}])[^\W_]|(?:(?![{_UNSPACED}])[^\W_])(?:(?![{_UNSPACED}])[^\W_]|[{marks}])*)[{marks}]*"
    )


def _list_mark_ranges() -> list[str]:
    """All combining marks (general category M) as ranges of a character class, but variation selectors."""
    ranges: list[list[int]] = []
    for code in range(0x300, _LAST_WITH_MARKS + 1):
        if unicodedata.category(chr(code))[0] != "M" or 0xFE00 <= code <= 0xFE0F:
            continue
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return [rf"\U{first:08x}-\U{last:08x}" for first, last in ranges]
