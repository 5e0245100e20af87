"""Grammars and log-probabilities: which alternatives of a token tell something, where a grammar bounds what is said.

llama.cpp reports each token's probability as the model gave it, before the grammar ruled anything out. A label that the
grammar allows may thus rank far behind words that it forbids. So many alternatives are asked for, and of them only the
most probable ones are kept, as anywhere, and those that are words of the grammar.
"""

from __future__ import annotations

import re
from dataclasses import replace

from demur.engines.base import TokenLogprob

MOST_ALTERNATIVES = 300
"""The most alternatives a token that are asked for where a grammar is in force: llama.cpp sorts and writes out so many for
each token, which with a vocabulary of 49,000 added 0.11 s a verdict at 1000 of them, and 0.01 s at 100."""

ALTERNATIVES_PER_REPLY = 20_000
"""What a reply may hold of them: some 2 MB on the wire."""

_LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"')
_WORD = re.compile(r"[^\W\d_]+")


def widen_logprobs(most: int, max_tokens: int | None) -> int:
    """How many alternatives a token to ask for under a grammar, where `most` are wanted; fewer if the reply may be long."""
    return max(most, min(MOST_ALTERNATIVES, ALTERNATIVES_PER_REPLY // (max_tokens or ALTERNATIVES_PER_REPLY)))


def list_words(grammar: str) -> frozenset[str]:
    """The words in the literals of a grammar (GBNF), in lower case."""
    return frozenset(word.lower() for literal in _LITERAL.findall(grammar) for word in _WORD.findall(literal))


def keep_telling(tokens: tuple[TokenLogprob, ...], most: int, words: frozenset[str]) -> tuple[TokenLogprob, ...]:
    """The same tokens, each with its `most` most probable alternatives and those that are one of the words."""
    return tuple(
        replace(
            token,
            top=tuple(pair for rank, pair in enumerate(token.top) if rank < most or pair[0].strip().lower() in words),
        )
        for token in tokens
    )
