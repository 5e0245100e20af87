"""Reading decoded JSON by type: a field that is not as the protocol promises is a `ReplyUnreadable`.

Replies come from other people's servers, so nothing about their shape is taken for granted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from demur.engines.base import TokenLogprob, Usage
from demur.errors import ReplyUnreadable

Json: TypeAlias = Mapping[str, object]
"""A decoded JSON object, read by the functions of this module and never passed on."""

IMPROBABLE = -9999.0
"""OpenAI's own figure for a token too improbable to report; stands for a missing or infinite one too."""

_MAX_COUNT = 2**53
"""What other programs can still read as a whole number; their sum can be printed, which Python refuses beyond 4,300 digits."""


def read_object(value: object, name: str) -> Json:
    """Return `value` as a JSON object.

    Raises:
        ReplyUnreadable: it is something else.
    """
    if isinstance(value, dict):
        return value
    raise ReplyUnreadable(f"the reply holds no object `{name}`", hint="Is this really that kind of server?")


def read_array(value: object, name: str) -> Sequence[object]:
    """Return `value` as a JSON array.

    Raises:
        ReplyUnreadable: it is something else.
    """
    if isinstance(value, list):
        return value
    raise ReplyUnreadable(f"the reply holds no list `{name}`", hint="Is this really that kind of server?")


def read_text(value: object, name: str) -> str:
    """Return `value` as text; null, which servers send where nothing was generated, is the empty text.

    Raises:
        ReplyUnreadable: it is something else.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    raise ReplyUnreadable(f"the reply's `{name}` is not text", hint="Is this really that kind of server?")


def read_count(value: object) -> int:
    """Return `value` as a number of tokens, 0 where it is none: servers leave counts out, send null, or nonsense."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < _MAX_COUNT else 0


def read_usage(body: Json) -> Usage:
    """Read OpenAI's `usage` object; all zero where there is none."""
    usage = body.get("usage")
    if not isinstance(usage, dict):
        return Usage()
    return Usage(read_count(usage.get("prompt_tokens")), read_count(usage.get("completion_tokens")))


def read_logprob(value: object) -> float:
    """Return `value` as a log-probability.

    Null and minus infinity become `IMPROBABLE`, so that JSON can hold them.
    """
    if isinstance(value, int | float) and not isinstance(value, bool) and value > IMPROBABLE:
        return float(min(value, 0.0))
    return IMPROBABLE


def read_token_entries(value: object) -> tuple[TokenLogprob, ...]:
    """Read the entry form: `[{token, logprob, top_logprobs: [{token, logprob}]}]`.

    OpenAI's chat endpoint sends it under `logprobs.content`, llama.cpp under the same name in both endpoints,
    Ollama's native API at the top level. Empty where `value` is absent or null.

    Raises:
        ReplyUnreadable: there is something, and it has another form.
    """
    if value is None:
        return ()
    tokens = []
    for entry in read_array(value, "logprobs"):
        fields = read_object(entry, "logprobs[]")
        top = [
            (
                read_text(fields_of.get("token"), "top_logprobs[].token"),
                read_logprob(fields_of.get("logprob")),
            )
            for fields_of in (
                read_object(alternative, "top_logprobs[]")
                for alternative in read_array(fields.get("top_logprobs") or [], "top_logprobs")
            )
        ]
        tokens.append(
            TokenLogprob(
                read_text(fields.get("token"), "logprobs[].token"),
                read_logprob(fields.get("logprob")),
                _rank(top),
            )
        )
    return tuple(tokens)


def read_legacy_logprobs(fields: Json) -> tuple[TokenLogprob, ...]:
    """Read the older form of `/v1/completions`: parallel lists `tokens`, `token_logprobs`, `top_logprobs`.

    Raises:
        ReplyUnreadable: the lists are absent, or differ in length.
    """
    tokens = read_array(fields.get("tokens"), "logprobs.tokens")
    values = read_array(fields.get("token_logprobs"), "logprobs.token_logprobs")
    tops = read_array(fields.get("top_logprobs") or [None] * len(tokens), "logprobs.top_logprobs")
    if not len(tokens) == len(values) == len(tops):
        raise ReplyUnreadable("the reply's lists of log-probabilities differ in length")
    return tuple(
        TokenLogprob(
            read_text(token, "logprobs.tokens[]"),
            read_logprob(value),
            _rank([(name, read_logprob(found)) for name, found in read_object(top or {}, "top_logprobs[]").items()]),
        )
        for token, value, top in zip(tokens, values, tops, strict=True)
    )


def read_choice_logprobs(value: object) -> tuple[TokenLogprob, ...]:
    """Read a choice's `logprobs` in whichever of the two forms the server wrote; empty where there are none.

    Raises:
        ReplyUnreadable: there are some, in neither form.
    """
    if value is None:
        return ()
    if isinstance(value, list):
        return read_token_entries(value)
    fields = read_object(value, "logprobs")
    if "tokens" in fields:
        return read_legacy_logprobs(fields)
    return read_token_entries(fields.get("content"))


def _rank(top: list[tuple[str, float]]) -> tuple[tuple[str, float], ...]:
    return tuple(sorted(top, key=lambda pair: -pair[1]))
