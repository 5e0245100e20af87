from __future__ import annotations

import pytest

from demur.engines.base import TokenLogprob
from demur.engines.grammars import ALTERNATIVES_PER_REPLY, MOST_ALTERNATIVES, keep_telling, list_words, widen_logprobs


def test_the_words_of_a_grammar_are_those_of_its_literals() -> None:
    """Rule names and character classes are none; escapes do not end a literal; case does not matter."""
    grammar = 'root ::= "<score> " ("Yes" | "no") rule [a-z]* "\\n" "a \\"quoted\\" word"\nrule ::= "x1y"'
    assert list_words(grammar) == {"score", "yes", "no", "a", "quoted", "word", "n", "x", "y"}


def test_telling_alternatives_stay_whatever_their_rank() -> None:
    """The most probable ones are kept as asked, and further down those that are words of the grammar."""
    top = (("the", -0.1), (" a", -2.0), ("an", -3.0), (" No", -8.0), ("other", -9.0), ("yes", -9.5))
    (kept,) = keep_telling((TokenLogprob("yes", -9.5, top),), 2, frozenset({"yes", "no"}))
    assert kept.top == (("the", -0.1), (" a", -2.0), (" No", -8.0), ("yes", -9.5))
    assert (kept.token, kept.logprob) == ("yes", -9.5)


@pytest.mark.parametrize(
    ("wanted", "max_tokens", "asked"), [(10, 20, 300), (10, 100, 200), (10, 2048, 10), (5, None, 5)]
)
def test_short_replies_get_many_alternatives(wanted: int, max_tokens: int | None, asked: int) -> None:
    """As many as a reply may hold over all its tokens, and never fewer than wanted."""
    assert widen_logprobs(wanted, max_tokens) == asked
    assert asked * (max_tokens or 1) <= max(ALTERNATIVES_PER_REPLY, wanted * (max_tokens or 1))
    assert asked <= MOST_ALTERNATIVES
