"""What a server's refusal means: from statuses and bodies to the error tree."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from demur.engines.fields import Json
from demur.errors import (
    CredentialsRejected,
    EngineError,
    ModelNotFound,
    RateLimited,
    ReplyUnreadable,
    RequestRejected,
    RequestTimedOut,
    ServerFault,
)

EXCERPT_CHARS = 240
"""How much of a server's own words an error quotes."""

PLACEHOLDER_KEYS = frozenset({"", "ollama", "EMPTY", "none", "dummy"})
"""Words that people write where a local server wants no key: no secrets, and part of ordinary sentences."""

START_HINTS = {
    11434: "Start it with `ollama serve`, or correct `base_url`.",
    8000: "Start it, for vLLM with `vllm serve MODEL`, or correct `base_url`.",
    8080: "Start it, for llama.cpp with `llama-server -m MODEL.gguf`, or correct `base_url`.",
}


def explain_unreachable(port: int | None) -> str:
    """What to do when nothing answers at a port."""
    return START_HINTS.get(port or 0, "Is the server running, and is `base_url` right?")


def excerpt_error(body: bytes, secret: str = "") -> str:
    """The server's own words, short, on one line, without control characters and without `secret`.

    Servers write `{"error": {"message": …}}` (OpenAI, vLLM, llama.cpp), `{"error": "…"}` (Ollama),
    `{"detail": …}` (FastAPI), `{"message": "…"}`, or plain text or HTML.
    """
    text = body[:65536].decode("utf-8", "replace")
    try:
        decoded = json.loads(text)
    except (ValueError, RecursionError):
        decoded = None
    for name in ("error", "detail", "error", "message"):
        if isinstance(decoded, dict) and name in decoded:
            decoded = decoded[name]
        if isinstance(decoded, str) and decoded.startswith('{"'):  # Ollama wraps llama-server's JSON in a text
            with suppress(ValueError, RecursionError):
                decoded = json.loads(decoded)
    if isinstance(decoded, str):
        text = decoded
    elif isinstance(decoded, dict | list):
        text = json.dumps(decoded, ensure_ascii=False)
    if secret not in PLACEHOLDER_KEYS:
        text = text.replace(secret, "***")
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return line if len(line) <= EXCERPT_CHARS else line[: EXCERPT_CHARS - 1] + "…"


def decode_object(content: bytes, address: str, secret: str = "") -> Json:
    """The JSON object that a reply's body holds.

    Raises:
        ReplyUnreadable: it holds something else.
    """
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        raise ReplyUnreadable(
            f"{address} answered with something that is not JSON: {excerpt_error(content, secret)!r}",
            hint="Check `base_url`; a proxy in between may have cut the reply off.",
        ) from None
    if not isinstance(body, dict):
        raise ReplyUnreadable(f"{address} answered with JSON that is no object", hint="Check `base_url`.")
    return body


def read_error_code(body: bytes) -> str:
    """The error's machine-readable name: OpenAI's `code`, else its `type`; empty where there is none."""
    try:
        decoded = json.loads(body[:65536])
    except (ValueError, RecursionError):
        return ""
    error = decoded.get("error") if isinstance(decoded, dict) else None
    names = [error.get("code"), error.get("type")] if isinstance(error, dict) else []
    return next((name for name in names if isinstance(name, str)), "")


def parse_retry_after(value: str | None, *, now: datetime | None = None) -> float | None:
    """Seconds to wait by a `Retry-After` header (RFC 9110, section 10.2.3): a number, or an HTTP date.

    None where it is absent or is neither; a date in the past is 0.
    """
    if value is None:
        return None
    value = value.strip()
    try:
        seconds = float(value)
    except ValueError:
        try:
            moment = parsedate_to_datetime(value)
        except ValueError:
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        seconds = (moment - (now or datetime.now(UTC))).total_seconds()
    return max(0.0, seconds) if seconds == seconds and seconds < float("inf") else None


def translate_status(
    status: int, said: str, *, address: str, model: str = "", retry_after: str | None = None, code: str = ""
) -> EngineError:
    """The error that an HTTP status stands for.

    Args:
        status: 300 or above.
        said: the server's words, as `excerpt_error` gives them.
        address: where the server is, without credentials.
        model: the model that was asked for.
        retry_after: the `Retry-After` header.
        code: the error's machine-readable name, as `read_error_code` gives it.
    """
    words = f"{said} {code}".lower()
    tail = f": {said}" if said else ""
    if status in (401, 403):
        return CredentialsRejected(
            f"{address} rejects the credentials (HTTP {status}){tail}",
            hint="Set `api_key` in the builder, or OPENAI_API_KEY in the environment.",
        )
    if status == 402 or (status == 429 and "insufficient_quota" in words):
        return CredentialsRejected(
            f"{address} has no credit left for this key (HTTP {status}){tail}",
            hint="The provider's billing page says more; a model of your own costs nothing: `--engines ollama`.",
        )
    if status in (429, 503, 529):
        return RateLimited(
            f"{address} asks for fewer requests (HTTP {status}){tail}",
            retry_after_s=parse_retry_after(retry_after),
            hint="Lower `concurrency`, or wait.",
        )
    if status in (400, 404) and _names_missing_model(words):
        return ModelNotFound(
            f"{address} does not have the model {model or 'asked for'}{tail}",
            hint=_hint_model(words, address, model),
        )
    if status < 500 and (refusal := _explain_refusal(words, address, tail)) is not None:
        return refusal
    if status in (404, 405):
        return RequestRejected(
            f"{address} does not know this route (HTTP {status}){tail}",
            hint="Check `base_url`: OpenAI-compatible servers want `/v1` at its end, Ollama's API not.",
        )
    if status == 408:
        return RequestTimedOut(
            f"{address} gave up waiting (HTTP 408){tail}", hint="Raise `timeout_s`, or lower `concurrency`."
        )
    if status >= 500 or status in (409, 425):
        return ServerFault(f"{address} failed (HTTP {status}){tail}", hint="The server's own log says more.")
    if status < 400:
        return RequestRejected(
            f"{address} redirects elsewhere (HTTP {status}){tail}",
            hint="Set `base_url` to the address it points to.",
        )
    return RequestRejected(
        f"{address} refuses this request (HTTP {status}){tail}",
        hint="Its words say what it does not take; `demur preview` shows the request's prompt.",
    )


def _explain_refusal(words: str, address: str, tail: str) -> RequestRejected | None:
    """The refusals that have a remedy of their own: a prompt that is too long, and one that a filter stops."""
    if any(sign in words for sign in _OVERFLOW_SIGNS):
        return RequestRejected(
            f"{address} has too small a context window for this prompt and its reply{tail}",
            hint="Raise it (`num_ctx` for Ollama and llama.cpp, `--max-model-len` for vLLM), lower `max_tokens`, or "
            "shorten the policy or the seeds.",
        )
    if any(sign in words for sign in _FILTER_SIGNS):
        return RequestRejected(
            f"the content filter at {address} refuses this prompt{tail}",
            hint="A policy of forbidden requests reads like one: have the filter relaxed for this deployment, or use a "
            "model without one.",
        )
    return None


_OVERFLOW_SIGNS = (
    "context_length_exceeded",
    "exceed_context_size",
    "maximum context length",
    "exceeds the context length",
    "available context size",
)
"""How OpenAI, llama.cpp, vLLM, and Ollama before and since 0.34 say that a prompt is too long."""

_FILTER_SIGNS = ("content_filter", "content_policy_violation", "content management policy")
"""How Azure and OpenAI name a prompt that their filter stops."""


def _names_missing_model(words: str) -> bool:
    return "model" in words and any(
        sign in words
        for sign in (
            "not found",
            "not_found",
            "does not exist",
            "doesn't exist",
            "no such model",
            "unknown model",
        )
    )


def _hint_model(words: str, address: str, model: str) -> str:
    # Only an Ollama puts the name between straight quotes, at whatever port it is.
    if ":11434" in address or "pull" in words or words.startswith(("model '", 'model "')):
        return f"Get it with `ollama pull {model}`."
    return f"`model_id_or_path` must be one of the models that the server has: see {address}/models."
