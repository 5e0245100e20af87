import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.engines.base import TokenLogprob, Usage
from demur.engines.fields import (
    IMPROBABLE,
    read_choice_logprobs,
    read_logprob,
    read_text,
    read_token_entries,
    read_usage,
)
from demur.errors import ReplyUnreadable

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["token", "logprob", "top_logprobs", "content", "tokens", "token_logprobs"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def test_entry_form_and_legacy_form_agree() -> None:
    """The same tokens are read from the chat endpoint's form and from the parallel lists of completions."""
    entries = [
        {
            "token": "a",
            "logprob": -0.5,
            "top_logprobs": [{"token": "b", "logprob": -2}, {"token": "a", "logprob": -0.5}],
        },
        {"token": "c", "logprob": None, "top_logprobs": []},
    ]
    legacy = {
        "tokens": ["a", "c"],
        "token_logprobs": [-0.5, None],
        "top_logprobs": [{"b": -2, "a": -0.5}, None],
    }
    expected = (TokenLogprob("a", -0.5, (("a", -0.5), ("b", -2.0))), TokenLogprob("c", IMPROBABLE))
    assert read_choice_logprobs({"content": entries}) == expected
    assert read_choice_logprobs(legacy) == expected
    assert read_token_entries(entries) == expected


@pytest.mark.parametrize("value", [None, {"content": None}, {"content": []}, {}, []])
def test_absent_logprobs_are_empty(value: object) -> None:
    """A server that gives no log-probabilities is no error."""
    assert read_choice_logprobs(value) == ()


def test_lists_of_different_length_are_unreadable() -> None:
    """Parallel lists that do not match are refused rather than paired up wrongly."""
    with pytest.raises(ReplyUnreadable, match="length"):
        read_choice_logprobs({"tokens": ["a", "b"], "token_logprobs": [-1.0]})


@given(JSON)
def test_any_json_is_read_or_refused(value: object) -> None:
    """Whatever stands where log-probabilities belong, it is read or refused, and what is read fits into
    JSON."""
    try:
        tokens = read_choice_logprobs(value)
    except ReplyUnreadable:
        return
    for token in tokens:
        json.dumps([token.token, token.logprob, token.top], allow_nan=False)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(-1.5, -1.5), (0, 0.0), (0.3, 0.0), (float("-inf"), IMPROBABLE), (float("nan"), IMPROBABLE)],
)
def test_logprob_is_finite_and_not_positive(value: float, expected: float) -> None:
    """A log-probability that no probability has is brought to the nearest one that fits into JSON."""
    assert read_logprob(value) == expected


def test_null_text_is_empty_and_other_types_are_refused() -> None:
    """Null counts as nothing said; a number in place of text is refused."""
    assert read_text(None, "content") == ""
    with pytest.raises(ReplyUnreadable, match="content"):
        read_text(3, "content")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, Usage()),
        ({"usage": None}, Usage()),
        ({"usage": {"prompt_tokens": 3, "completion_tokens": None}}, Usage(3, 0)),
        ({"usage": {"prompt_tokens": 3, "completion_tokens": 4}}, Usage(3, 4)),
        ({"usage": {"prompt_tokens": -3, "completion_tokens": True}}, Usage()),
    ],
)
def test_usage_counts_what_is_told(body: dict[str, object], expected: Usage) -> None:
    """Token counts are taken as told, and are 0 where they are not."""
    assert read_usage(body) == expected
