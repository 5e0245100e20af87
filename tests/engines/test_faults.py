from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.engines.faults import EXCERPT_CHARS, excerpt_error, parse_retry_after, translate_status
from demur.errors import (
    CredentialsRejected,
    EngineError,
    ModelNotFound,
    RateLimited,
    RequestRejected,
    RequestTimedOut,
    ServerFault,
)


@pytest.mark.parametrize(
    ("status", "said", "expected", "retryable"),
    [
        (302, "http://elsewhere/", RequestRejected, False),
        (400, "context length exceeded", RequestRejected, False),
        (401, "", CredentialsRejected, False),
        (402, "no credit", CredentialsRejected, False),
        (403, "", CredentialsRejected, False),
        (404, "page not found", RequestRejected, False),
        (404, "model 'x' not found", ModelNotFound, False),
        (404, "The model `x` does not exist.", ModelNotFound, False),
        (405, "", RequestRejected, False),
        (408, "", RequestTimedOut, True),
        (413, "", RequestRejected, False),
        (422, "", RequestRejected, False),
        (429, "slow down", RateLimited, True),
        (429, '{"code": "insufficient_quota"}', CredentialsRejected, False),
        (500, "", ServerFault, True),
        (502, "", ServerFault, True),
        (503, "loading model", RateLimited, True),
        (504, "", ServerFault, True),
        (529, "overloaded", RateLimited, True),
    ],
)
def test_status_becomes_error(status: int, said: str, expected: type[EngineError], retryable: bool) -> None:
    """Each HTTP status becomes the error of the tree that says what to do about it."""
    error = translate_status(status, said, address="http://host:1/v1", model="x")
    assert type(error) is expected
    assert error.retryable is retryable
    assert "http://host:1/v1" in str(error)


def test_missing_ollama_model_is_pulled() -> None:
    """A model that an Ollama does not have comes with the command that gets it."""
    error = translate_status(404, "model 'granite' not found", address="http://localhost:11434", model="granite")
    assert "ollama pull granite" in error.hint


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"error": {"message": "too long", "type": "x"}}', "too long"),
        (b'{"error": "model not found"}', "model not found"),
        (b'{"detail": "Not Found"}', "Not Found"),
        (b'{"message": "no"}', "no"),
        (b'{"error": {"code": 3}}', '{"code": 3}'),
        (b"plain\r\n\x1b[31mtext\x00", "plain [31mtext"),
        (b"\xff\xfe", "��"),
        (b"", ""),
    ],
)
def test_excerpt_finds_the_words(body: bytes, expected: str) -> None:
    """The server's words are found in every form that servers write them in."""
    assert excerpt_error(body) == expected


@given(st.binary(max_size=2000), st.text(min_size=8, max_size=40))
def test_excerpt_is_short_printable_and_keeps_the_secret(body: bytes, secret: str) -> None:
    """Whatever a server answers, the excerpt is one short printable line without the key."""
    line = excerpt_error(body + secret.encode("utf-8", "replace"), secret)
    assert len(line) <= EXCERPT_CHARS
    assert line.isprintable()
    if secret.isprintable() and secret.strip() == secret and "*" not in secret:
        assert secret not in line


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("3", 3.0),
        (" 2.5 ", 2.5),
        ("-4", 0.0),
        ("nan", None),
        ("inf", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_in_seconds(value: str | None, expected: float | None) -> None:
    """A Retry-After in seconds is read, and nonsense is None."""
    assert parse_retry_after(value) == expected


@pytest.mark.parametrize(("offset_s", "expected"), [(30, 30.0), (-30, 0.0)])
def test_retry_after_as_date(offset_s: int, expected: float) -> None:
    """A Retry-After that is a date counts from now, and one in the past is no wait."""
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    value = format_datetime(now + timedelta(seconds=offset_s), usegmt=True)
    assert parse_retry_after(value, now=now) == expected


def test_rate_limit_carries_the_wait() -> None:
    """The wait that a server asks for reaches the error."""
    error = translate_status(429, "", address="a", retry_after="7")
    assert isinstance(error, RateLimited)
    assert error.retry_after_s == 7.0
