"""What a user is told when a server fails: each row is a failure as that server words it, and the words and the remedy that
come of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest

from demur.engines.base import Engine, Reply
from demur.engines.ollama import OllamaEngine
from demur.engines.openai import OpenAIEngine
from demur.engines.retrying import RetryingEngine
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
from tests.engines.samples import chat, ollama_settings, openai_settings
from tests.servers.behaviour import Dialect, Fault
from tests.servers.simulated import SimulatedServer

KEY = "sk-a-secret-of-some-length"


def say(message: str, code: str | None = None, kind: str = "invalid_request_error") -> str:
    """An error in OpenAI's form."""
    return json.dumps({"error": {"message": message, "type": kind, "param": None, "code": code}})


def refuse(status: int, body: str, retry_after: str | None = None) -> Fault:
    """A status with this very body."""
    return Fault(status=status, body=body, retry_after=retry_after)


@dataclass(frozen=True)
class Row:
    """A failure, and what comes of it: the error, words of its message, words of its hint, and the wait it asks for."""

    name: str
    dialect: Dialect
    fault: Fault
    error: type[EngineError]
    said: str
    hint: str
    again: bool = False
    retry_after_s: float | None = None
    changes: dict[str, object] = field(default_factory=dict)


WRAPPED = json.dumps(
    {"error": {"code": 400, "message": "request (9000 tokens) exceeds the available context size (4096 tokens)"}}
)
FILTERED = "The response was filtered due to the prompt triggering Azure OpenAI's content management policy."

ROWS = [
    # OpenAI's protocol: OpenAI itself, vLLM, llama.cpp, gateways
    Row("wrong key", "openai", refuse(401, say(f"Incorrect API key provided: {KEY}.", "invalid_api_key")),
        CredentialsRejected, "rejects the credentials (HTTP 401): Incorrect API key provided: ***.", "Set `api_key`"),
    Row("key without leave", "openai", refuse(403, say("You are not allowed to sample from this model")),
        CredentialsRejected, "(HTTP 403): You are not allowed", "OPENAI_API_KEY"),
    Row("no credit", "openai", refuse(429, say("You exceeded your current quota.", "insufficient_quota")),
        CredentialsRejected, "has no credit left for this key (HTTP 429)", "billing"),
    Row("no model, OpenAI", "openai", refuse(404, say("The model `x` does not exist", "model_not_found")),
        ModelNotFound, "does not have the model simulated: The model `x` does not exist", "model_id_or_path"),
    Row("no model, vLLM", "openai", refuse(404, say("The model `simulated` does not exist.", kind="NotFoundError")),
        ModelNotFound, "does not have the model simulated", "model_id_or_path"),
    Row("no such route", "openai", refuse(404, '{"detail": "Not Found"}'),
        RequestRejected, "does not know this route (HTTP 404): Not Found", "want `/v1` at its end"),
    Row("too many, with a wait", "openai", refuse(429, say("Rate limit reached", "rate_limit_exceeded"), "7"),
        RateLimited, "asks for fewer requests (HTTP 429): Rate limit reached", "Lower `concurrency`", True, 7.0),
    Row("too many, without", "openai", refuse(429, say("Rate limit reached", "rate_limit_exceeded")),
        RateLimited, "asks for fewer requests (HTTP 429)", "Lower `concurrency`", True),
    Row("overloaded", "openai", refuse(503, say("The engine is currently overloaded"), "0.5"),
        RateLimited, "(HTTP 503): The engine is currently overloaded", "or wait", True, 0.5),
    Row("internal error", "openai", refuse(500, say("CUDA error", kind="server_error")),
        ServerFault, "failed (HTTP 500): CUDA error", "own log", True),
    Row("bad gateway", "openai", Fault(status=502, body="<html>bad\ngateway</html>", content_type="text/html"),
        ServerFault, "failed (HTTP 502): <html>bad gateway</html>", "own log", True),
    Row("context overflow, OpenAI and vLLM", "openai",
        refuse(400, say("This model's maximum context length is 4096 tokens. However, you requested 9000 tokens.",
                        "context_length_exceeded")),
        RequestRejected, "too small a context window for this prompt and its reply: This model's", "`--max-model-len`"),
    Row("context overflow, llama.cpp", "openai",
        refuse(400, say("the request exceeds the available context size", kind="exceed_context_size_error")),
        RequestRejected, "too small a context window", "`num_ctx`"),
    Row("content filter", "openai", refuse(400, say(FILTERED, "content_filter")),
        RequestRejected, "the content filter at http", "have the filter relaxed"),
    Row("content filter, by its code alone", "openai", refuse(400, say("Rejected.", "content_policy_violation")),
        RequestRejected, "refuses this prompt: Rejected.", "without one"),
    Row("unsupported setting", "openai", refuse(400, say("Unsupported value: 'temperature'", "unsupported_value")),
        RequestRejected, "refuses this request (HTTP 400): Unsupported value: 'temperature'", "demur preview"),
    Row("truncated body", "openai", Fault("torn"),
        ReplyUnreadable, "something that is not JSON: '{\"choices\":", "cut the reply off", True),
    Row("connection lost in the body", "openai", Fault("drop"),
        ServerFault, "the connection to http", "own log", True),
    Row("slow drip", "openai", Fault("drip"),
        RequestTimedOut, "did not finish a reply within 0.5 s", "Raise `timeout_s`", True, None, {"timeout_s": 0.5}),
    Row("a web page", "openai", Fault("html"),
        ReplyUnreadable, "not JSON: '<html><body>welcome", "Check `base_url`", True),
    # Ollama
    Row("wrong key, a gateway", "ollama", refuse(401, '{"error": "unauthorized"}'),
        CredentialsRejected, "rejects the credentials (HTTP 401): unauthorized", "Set `api_key`"),
    Row("model not pulled", "ollama", refuse(404, '{"error": "model \'simulated\' not found"}'),
        ModelNotFound, "does not have the model simulated: model 'simulated' not found", "`ollama pull simulated`"),
    Row("model not pulled, older", "ollama",
        refuse(404, '{"error": "model \\"simulated\\" not found, try pulling it first"}'),
        ModelNotFound, "does not have the model simulated", "`ollama pull simulated`"),
    Row("queue full", "ollama", refuse(503, '{"error": "server busy, please try again.  maximum pending requests exceeded"}'),
        RateLimited, "asks for fewer requests (HTTP 503): server busy, please try again.", "Lower `concurrency`", True),
    Row("out of memory", "ollama", refuse(500, '{"error": "model requires more system memory (9 GiB) than is available"}'),
        ServerFault, "failed (HTTP 500): model requires more system memory", "own log", True),
    Row("context overflow", "ollama", refuse(400, '{"error": "the input length exceeds the context length"}'),
        RequestRejected, "too small a context window for this prompt", "`num_ctx`"),
    Row("context overflow, since 0.34", "ollama", refuse(400, json.dumps({"error": WRAPPED})),
        RequestRejected, "its reply: request (9000 tokens) exceeds the available context size", "`num_ctx`"),
    Row("no thinking", "ollama", refuse(400, '{"error": "\\"simulated\\" does not support thinking"}'),
        RequestRejected, 'refuses this request (HTTP 400): "simulated" does not support thinking', "demur preview"),
    Row("truncated body, Ollama", "ollama", Fault("torn"),
        ReplyUnreadable, "not JSON", "cut the reply off", True),
    Row("slow drip, Ollama", "ollama", Fault("drip"),
        RequestTimedOut, "did not finish a reply within 0.5 s", "Raise `timeout_s`", True, None, {"timeout_s": 0.5}),
]  # fmt: skip


def open_engine(row: Row, server: SimulatedServer) -> Engine:
    """The engine of a row's wire."""
    if row.dialect == "ollama":
        return OllamaEngine(ollama_settings(server.url, api_key=KEY, **row.changes))
    return OpenAIEngine(openai_settings(server.base_url, api_key=KEY, **row.changes))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_failure_says_what_happened_and_what_to_do(row: Row) -> None:
    """Each failure of a server becomes one error with its words, a remedy, and no key."""
    async with SimulatedServer(dialect=row.dialect, faults=[row.fault]) as server:
        engine = open_engine(row, server)
        with pytest.raises(row.error) as caught:
            await engine.complete(chat())
        await engine.close()
    error = caught.value
    assert type(error) is row.error
    assert row.said in str(error)
    assert row.hint in error.hint
    assert error.retryable is row.again
    assert getattr(error, "retry_after_s", None) == row.retry_after_s
    assert KEY not in f"{error}{error!r}{error.hint}{error.__cause__!r}"


async def ask(body: str, content_type: str = "application/json") -> Reply:
    """The reply that an engine reads from this body."""
    fault = Fault(status=200, body=body, content_type=content_type)
    async with SimulatedServer(faults=[fault]) as server:
        engine = OpenAIEngine(openai_settings(server.base_url))
        reply = await engine.complete(chat())
        await engine.close()
    return reply


def write_reply(text: str | None, finish: str = "stop") -> str:
    """A reply in OpenAI's form."""
    message = {"role": "assistant", "content": text}
    return json.dumps({"choices": [{"index": 0, "message": message, "finish_reason": finish}]})


async def test_reply_that_a_filter_stopped_says_so() -> None:
    """A reply that the provider's filter withheld is delivered as such, for the stages to deal with."""
    reply = await ask(write_reply(None, "content_filter"))
    assert (reply.text, reply.finish) == ("", "content_filter")


async def test_wrong_content_type_is_forgiven() -> None:
    """JSON that is announced as something else is read all the same: gateways get that header wrong."""
    assert (await ask(write_reply("so"), "text/plain")).text == "so"


async def test_reply_of_ten_megabytes_is_read() -> None:
    """A huge reply is read whole, and is the stages' to turn down."""
    assert len((await ask(write_reply("x" * 10_000_000))).text) == 10_000_000


@pytest.mark.parametrize("fault", [Fault("hang"), Fault("drip")], ids=["hanging", "dripping"])
async def test_deadline_ends_a_request_that_never_gets_whole(fault: Fault) -> None:
    """A server that hangs, or drips bytes for ever, is given up at the deadline: no attempt is begun after it, and none
    lasts longer than `timeout_s`."""
    async with SimulatedServer(faults=[fault] * 100) as server:
        engine = OpenAIEngine(openai_settings(server.base_url, timeout_s=0.2))
        patient = RetryingEngine(engine, 0.7, attempt_timeout_s=0.2, first_pause_s=0.001, longest_pause_s=0.001)
        with pytest.raises(RequestTimedOut, match="given up after 4 attempts in 1 s"):
            await patient.complete(chat())
        await engine.close()
    assert server.metrics.counts["fault"] == 4
