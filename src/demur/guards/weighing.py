"""How sure a model was of its label: read from the token probabilities at the label's place in the answer."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence

from demur.engines.base import TokenLogprob
from demur.records import Label

_SPACE_SIGNS = str.maketrans({"\u0120": " ", "\u2581": " ", "\u010a": "\n"})
"""What vocabularies write for white space: GPT-2's Ġ and Ċ, SentencePiece's ▁."""


def weigh_word(
    tokens: Sequence[TokenLogprob], lead: re.Pattern[str], words: Mapping[str, Label], label: Label
) -> float | None:
    """The probability of the label, renormalised over all words that an answer may have at that place.

    The token that holds the word's first letter decides; its alternatives count for the one word that they begin, or
    that begins with them. Words must differ in their first letter.

    Args:
        lead: what stands before the word; it must occur once.
        words: every word that may stand there, in lower case, and the label that it says.

    Returns:
        None where the tokens do not show the word once, or where the server reported no alternatives: one token's
        probability alone cannot be renormalised.
    """
    texts = [token.token.translate(_SPACE_SIGNS) for token in tokens]
    found = list(lead.finditer("".join(texts)))
    if len(found) != 1:
        return None
    start, begin = found[0].end(), 0
    for token, text in zip(tokens, texts, strict=True):
        if begin + len(text) > start:
            return _weigh_token(token, text[: start - begin], words, label)
        begin += len(text)
    return None


def _weigh_token(token: TokenLogprob, before: str, words: Mapping[str, Label], label: Label) -> float | None:
    """Sum up the alternatives by label; each counts by what follows the characters that stand before the word."""

    def read(text: str) -> Label | None:
        word = _find_word(text.translate(_SPACE_SIGNS), before, words)
        return None if word is None else words[word]

    mass = sum_variants(token, read)
    if mass is None:
        return None
    total = sum(mass.values())
    return mass[label] / total if total > 0 else None


def sum_variants(token: TokenLogprob, read: Callable[[str], Label | None]) -> dict[Label, float] | None:
    """The probability of each label: the sum over the alternatives that say it, as `read` finds.

    None where no alternatives were reported: one token's probability alone cannot be renormalised.
    """
    variants = list(token.top)
    if not any(text != token.token for text, _ in variants):
        return None
    if not any(text == token.token for text, _ in variants):
        variants.append((token.token, token.logprob))
    mass = {Label.VIOLATES: 0.0, Label.SAFE: 0.0}
    for text, logprob in variants:
        label = read(text)
        if label is not None and not math.isnan(logprob):
            mass[label] += math.exp(min(logprob, 0.0))
    return mass


def _find_word(text: str, before: str, words: Mapping[str, Label]) -> str | None:
    # A token may carry the white space or the quotation mark before the word, and its rivals may not: both count.
    text = text.removeprefix(before).lstrip(" \n\t\"'").lower()
    if not text:
        return None
    fitting = [word for word in words if word.startswith(text) or re.match(rf"{re.escape(word)}\b", text)]
    return fitting[0] if len(fitting) == 1 else None
