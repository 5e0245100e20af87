"""The words of a reply, and of its request, as the reader of replies weighs them: single, in pairs, and by their place.

A phrase is a name such as `opens i'm sorry`: what a reply opens with says more than what stands somewhere in it. Each is
there or not, however often it occurs. Beginnings of words stand for their inflected forms.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from demur.stages.split_reply import Kind, Sentence

_MAX_CHARACTERS = 4_000
_MAX_TOKENS = 400
_OPENING = 14
"""Tokens with which a reply opens, and as many with which it ends."""
_ASKED = 80
_LED_BY = 6
_LED_BY_CHARACTERS = 120
_STEM = 5
_NO = (Kind.DECLINES, Kind.LIMITS)
_TOKEN = re.compile(
    r"[^\W\d_\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]+(?:'[^\W\d_]+)*"
    r"|[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]|\d+|[?!:;…]"
)
_APOSTROPHES = str.maketrans("’ʼ‘´`", "'''''")


@lru_cache(maxsize=64)
def split_tokens(text: str, limit: int = _MAX_TOKENS) -> tuple[str, ...]:
    """Words in lower case, numbers as `0`, marks that ask or announce; scripts without spaces character by character."""
    found = _TOKEN.findall(text[:_MAX_CHARACTERS].lower().translate(_APOSTROPHES))
    return tuple("0" if token.isdecimal() else token for token in found[:limit])


def collect_phrases(text: str, request: str, sentences: Sequence[Sentence]) -> set[str]:
    """The phrases of a reply and its request.

    Args:
        text: the reply.
        request: what it replies to, or nothing.
        sentences: the reply, sorted (`split_reply`).
    """
    tokens = split_tokens(text)
    phrases = {f"has {phrase}" for phrase in _join_neighbours(tokens, 2)}
    phrases |= {f"stem {token[:_STEM]}" for token in tokens if len(token) > _STEM}
    phrases |= {f"opens {phrase}" for phrase in _join_neighbours(tokens[:_OPENING], 3)}
    phrases |= {f"begins {' '.join(tokens[:count])}" for count in (1, 2) if tokens}
    phrases |= {f"ends {phrase}" for phrase in _join_neighbours(tokens[-_OPENING:], 2)}
    declining = next((n for n, sentence in enumerate(sentences) if sentence.kind in _NO), None)
    if declining is None:
        led = [
            phrase
            for s in sentences[:3]
            for phrase in _join_neighbours(split_tokens(s.text[:_LED_BY_CHARACTERS], _LED_BY), 2)
        ]
        phrases |= {f"states {phrase}" for phrase in led}
    else:
        phrases |= {
            f"declines {phrase}" for phrase in _join_neighbours(split_tokens(sentences[declining].text[:300], 40), 2)
        }
        after = sentences[declining + 1 : declining + 4]
        led = [
            phrase for s in after for phrase in _join_neighbours(split_tokens(s.text[:_LED_BY_CHARACTERS], _LED_BY), 2)
        ]
        phrases |= {f"then {phrase}" for phrase in led}
    asked = split_tokens(request, _ASKED)
    phrases |= {f"asked {phrase}" for phrase in _join_neighbours(asked, 2)}
    return phrases | {f"asks {' '.join(asked[:count])}" for count in (1, 2, 3) if asked}


def _join_neighbours(tokens: Sequence[str], longest: int) -> Iterator[str]:
    """Every run of one to so many tokens."""
    for size in range(1, longest + 1):
        for start in range(len(tokens) - size + 1):
            yield " ".join(tokens[start : start + size])
