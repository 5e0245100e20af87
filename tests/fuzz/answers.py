"""What guards, hosted services and model files say, as targets of the fuzzing."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress

from demur.engines.anthropic import _read_message
from demur.engines.base import Identity, JudgeAsk, Reply, Request, TokenLogprob
from demur.engines.fields import Json
from demur.engines.gguf_header import read_header
from demur.engines.hosted import Service
from demur.engines.model_files import find_model, list_models, match_models, parse_reference
from demur.engines.openai import read_reply
from demur.engines.watsonx import _read_generation
from demur.errors import DemurError, EngineError
from demur.guards.asking import AskingGuard
from demur.guards.llama_guard import LlamaGuard
from demur.guards.policy_judge import PolicyJudge
from demur.guards.qwen3_guard import Qwen3Guard
from demur.guards.refusal_judge import STANCE
from demur.guards.wildguard import WildGuard
from demur.records import Label, Origin
from tests.fuzz.feeding import Target, check_words, find_folder
from tests.samples import make_risk

ORIGIN = Origin("fuzz", "fuzz")
ASKS = (JudgeAsk(make_risk(), "x"), JudgeAsk(make_risk(), "x", "y"))
SERVICE = Service(
    address="https://127.0.0.1:9",
    model="m",
    timeout_s=1.0,
    secret="sk-fuzz-not-to-be-shown",
    variable="KEY",
    missing_model="none",
)
READERS: tuple[Callable[[Json, Origin], Reply], ...] = (_read_message, read_reply, _read_generation)
STATUSES = (302, 400, 401, 403, 404, 413, 429, 500, 529)


class Silent:
    """An engine that is never asked."""

    identity = Identity("fuzz", "fuzz")

    async def complete(self, request: Request) -> Reply:
        """Refuse: the readers are fed by hand."""
        raise AssertionError(request)

    async def close(self) -> None:
        """Hold nothing."""


def list_guards() -> Iterator[AskingGuard]:
    """One of every guard that asks a model in its own format."""
    yield PolicyJudge(Silent())
    yield Qwen3Guard(Silent())
    yield WildGuard(Silent())
    for builtin in (False, True):
        yield LlamaGuard(Silent(), "3", policy_as_categories=not builtin)
        yield LlamaGuard(Silent(), "4", policy_as_categories=not builtin)


GUARDS = tuple(list_guards())


def feed_guards(data: bytes) -> None:
    """The reply of every other guard's model, whole and in tokens, about a request and about a response."""
    text = data.decode("utf-8", "surrogateescape")
    tokens = tuple(TokenLogprob(piece, -1.0, ((" safe", -0.1), (piece, -1.0))) for piece in text.split(" ")[:200])
    for guard in GUARDS:
        for ask in ASKS:
            for finish, logprobs in (("stop", ()), ("length", tokens)):
                reading = guard.read(ask, Reply(text, finish, ORIGIN, logprobs=logprobs))
                assert isinstance(reading.label, Label)
                assert reading.confidence is None or 0.0 <= reading.confidence <= 1.0
                assert reading.label is not Label.UNREADABLE or reading.declines is None
                assert all(name and name.isprintable() for name in reading.categories)
    chosen = STANCE.read(Reply(text, "stop", ORIGIN))
    assert chosen is None or chosen.word in STANCE.words


def feed_hosted(data: bytes) -> None:
    """The body of a hosted service's answer, and of its errors, in which no key is shown."""
    for read in READERS:
        try:
            reply = read(SERVICE.decode(data), ORIGIN)
        except EngineError as error:
            check_words(error)
        else:
            assert isinstance(reply.text, str)
            assert isinstance(reply.finish, str)
            json.dumps((reply.usage.prompt_tokens, reply.usage.completion_tokens))
    key = SERVICE.secret.encode()
    for status in STATUSES:
        header = {"retry-after": data.decode("latin-1"), "retry-after-ms": data.decode("utf-8", "replace"),
                  "location": data.decode("latin-1")}  # fmt: skip
        told = SERVICE.translate_answer(status, data + key, header, token="bearer-not-to-be-shown")
        check_words(told)
        assert SERVICE.secret not in f"{told} {told.hint}"
        assert str(told).isprintable()


def feed_gguf(data: bytes) -> None:
    """The head of a model file: a `ValueError` is its way to say that it is none."""
    path = find_folder() / "x.gguf"
    for content in (data, GGUF[:24] + data, GGUF + data):
        path.write_bytes(content)
        with suppress(ValueError):
            header = read_header(path)
            assert header.context_length >= 0
            assert header.cache_bytes_per_token >= 0


def feed_reference(data: bytes) -> None:
    """What a builder names as a model file, and what a repository calls its own."""
    text = data.decode("utf-8", "surrogateescape")
    for read in (parse_reference, find_model):
        try:
            read(text)
        except DemurError as error:
            check_words(error)
    models = list_models(text.split(" "))
    assert all(model.parts for model in models)
    match_models(models, text[:40])


def write_entry(key: bytes, kind: int, value: bytes) -> bytes:
    """An entry of a GGUF file's head."""
    return struct.pack("<Q", len(key)) + key + struct.pack("<I", kind) + value


def write_number(key: bytes, value: int) -> bytes:
    """An entry that is a number."""
    return write_entry(key, 4, struct.pack("<I", value))


GGUF = struct.pack("<4sIQQ", b"GGUF", 3, 0, 9) + write_entry(b"general.architecture", 8, struct.pack("<Q", 1) + b"a")
_GGUF = (
    GGUF,
    GGUF[:24],
    write_number(b"a.block_count", 2),
    write_number(b"a.embedding_length", 64),
    write_number(b"a.attention.head_count", 4),
    write_entry(b"a.attention.head_count", 5, b"\xff\xff\xff\xff"),
    write_entry(b"a.attention.head_count_kv", 9, struct.pack("<IQ2i", 5, 2, -4, 4)),
    write_entry(b"a.block_count", 7, b"\x01"),
    write_entry(b"a.embedding_length", 12, struct.pack("<d", float("nan"))),
    b"\x09\x00\x00\x00",
    b"\x0a\x00\x00\x00",
    b"\xff" * 8,
    struct.pack("<Q", 16 << 20),
    b"tokenizer.",
)
_ANSWERS = (
    b'{"verdict": "safe", "reason": "', b'"verdict"', b'"}', b"verdict", b"violates", b"safe", b"unsafe", b"\n", b" ", b"\t", b'"',
    b"'", b"*", b"is ", b"```", b"~~~", b"json", b"<think>", b"</think>", b"<|channel|>", b"final", b"<|constrain|>", b"<|message|>",
    b"assistantfinal", b"analysis", b"Safety: Safe", b"Safety: Unsafe", b"Categories: None", b"Categories: ", b"Violent", b", ",
    b"Refusal: Yes", b"S1", b",", b"Harmful request: no", b"Response refusal: n/a", b"Harmful response: yes", b"{", b"}", b'{"a":',
)  # fmt: skip
_HOSTED = (
    b'{"content": [{"type": "text", "text": "a"}], "stop_reason": "end_turn"}', b'{"results": [{"generated_text": "a", ',
    b'"generated_tokens": [{"text": "a", "logprob": -1, "top_tokens": [', b'"usage": {"input_tokens": ', b'"stop_reason": ',
    b'{"choices": [{"message": {"content": ', b'{"error": {"type": "', b'"code": ', b'"message": "', b'"innererror": ',
    b'{"errors": [{', b'{"errorCode": "', b'"errorMessage": ', b"not_found_error model", b"null", b"1e999", b"9" * 4400,
    b'"', b"[", b"]", b"{", b"}", b",", b":", b"\\ud800", b"\\u001b[2J", b"\n", SERVICE.secret.encode()[:10],
)  # fmt: skip
_NAMES = (b"hf.co/", b"https://huggingface.co/", b"OWNER/REPO", b":", b"Q4_K_M", b".gguf", b"-00001-of-00002", b"-00001-of-99999", b"/",
          b"..", b"~", b"~nobody/", b"\0", b" ", b"-", b"mmproj", b"a")  # fmt: skip

TARGETS = (
    Target("guards", feed_guards, _ANSWERS),
    Target("hosted", feed_hosted, _HOSTED),
    Target("gguf", feed_gguf, _GGUF),
    Target("reference", feed_reference, _NAMES),
)
