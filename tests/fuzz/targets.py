"""What is fuzzed: each reader of other people's text as a function of bytes that may raise an error of the tree, and no other.

Bytes come from hypothesis or from a coverage-guided fuzzer; `tests/fuzz/long.py` runs the targets for as long as wanted.
"""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
from functools import lru_cache
from pathlib import Path

from pydantic import SecretStr

from demur.engines.base import Chat, Engine, JudgeAsk, Message, Raw, Reply, Request, TokenLogprob
from demur.engines.faults import excerpt_error, parse_retry_after
from demur.engines.fields import Json
from demur.engines.ollama import OllamaEngine
from demur.engines.openai import OpenAIEngine
from demur.engines.transport import JsonClient
from demur.errors import DemurError
from demur.guards.granite_verdicts import Version, read_verdict
from demur.inputs.builder_file import read_builder
from demur.inputs.engine_settings import OllamaSettings, OpenAISettings
from demur.inputs.policy import read_policy
from demur.inputs.seeds import read_seeds
from demur.inputs.task import read_tasks
from demur.inputs.validation import read_environment
from demur.inputs.yaml_text import read_documents
from demur.outputs.files import encode
from demur.outputs.markdown import escape_markdown
from demur.records import Label, Origin
from demur.run.dedupe_file import dedupe_file
from demur.run.exposure import list_exposed
from demur.run.journal import open_journal
from demur.run.reply_rows import seal_row
from demur.run.sieve import DedupeRequest, Reference
from demur.stages.parse import clean_response, parse_instructions
from demur.stages.spot_refusals import is_refusal
from tests.fuzz import answers, datasets
from tests.fuzz.feeding import Target, check_words, feed_file, find_folder
from tests.samples import make_risk

ORIGIN = Origin("fuzz", "fuzz")
VERSIONS: tuple[Version, ...] = ("3.2", "3.3", "4.1")
ASK = JudgeAsk(make_risk(), "x")
ENVIRONMENT = {"DGT_DATA_DIR": "data"}


def feed_yaml(data: bytes) -> None:
    """The YAML reader, and the three kinds of file that are made of YAML."""
    feed_file(data, "x.yaml", read_documents)
    feed_file(data, "x.yaml", read_policy)
    feed_file(data, "x.yaml", lambda path: read_tasks(path, ENVIRONMENT))
    feed_file(data, "x.yaml", _describe_builder)


def _describe_builder(path: Path) -> None:
    builder = read_builder(path, None, ENVIRONMENT)
    builder.describe()
    list_exposed(builder)


def feed_seeds(data: bytes) -> None:
    """Seed files of every format."""
    for suffix in ("jsonl", "json", "csv", "yaml"):
        feed_file(data, f"seeds.{suffix}", read_seeds)


def feed_parquet(data: bytes) -> None:
    """Parquet: a fuzzed tail behind, or in the middle of, a whole file."""
    whole = _write_parquet()
    cut = int.from_bytes(data[:2], "big") % len(whole)
    torn = whole[:cut] + data[2:] + whole[cut + len(data[2:]) :]
    for content in (data, torn):
        feed_file(content, "seeds.parquet", read_seeds)


@lru_cache(maxsize=1)
def _write_parquet() -> bytes:
    import pyarrow
    import pyarrow.parquet

    path = find_folder() / "whole.parquet"
    table = pyarrow.table({"instruction": ["Open it", "Copy it"], "response": ["No.", "No!"], "n": [1, None]})
    pyarrow.parquet.write_table(table, path, compression="none")
    return path.read_bytes()


def feed_dotenv(data: bytes) -> None:
    """`.env`."""
    before = Path.cwd()
    os.chdir(find_folder())
    try:
        feed_file(data, ".env", lambda _: read_environment())
    finally:
        os.chdir(before)


def feed_dedupe(data: bytes) -> None:
    """`demur dedupe`, with the file as its input and as what it is compared with."""
    folder = find_folder()
    out, pairs, plain = folder / "out.jsonl", folder / "pairs.jsonl", folder / "plain.jsonl"
    for skip_bad in (False, True):
        feed_file(
            data, "x.jsonl",
            lambda path, skip=skip_bad: dedupe_file(  # type: ignore[misc]
                DedupeRequest(source=path, against=(Reference(plain),), workers=1, skip_bad=skip), out, pairs),
        )  # fmt: skip
    feed_file(
        data,
        "x.jsonl",
        lambda path: dedupe_file(DedupeRequest(source=plain, against=(Reference(path),), workers=1), out),
    )


def feed_reply(data: bytes) -> None:
    """A model's reply, as requests, as a response and as a refusal; and as text on a card and in JSON."""
    text = data.decode("utf-8", "surrogateescape")
    for finish in ("stop", "length"):
        parsed = parse_instructions(text, finish, 5)
        assert all(parsed.instructions)
        encode({"x": list(parsed.instructions), "y": parsed.leftovers}).encode()
    clean_response(text)
    is_refusal(text)
    json.loads(encode({text: text}))
    assert len(escape_markdown(text).splitlines()) <= 1


def feed_verdict(data: bytes) -> None:
    """A guard's reply, whole and in tokens."""
    text = data.decode("utf-8", "surrogateescape")
    tokens = tuple(TokenLogprob(piece, -1.0, (("yes", -0.1), (piece, -1.0))) for piece in text.split(" ")[:200])
    for version in VERSIONS:
        for logprobs in ((), tokens):
            reading = read_verdict(version, Reply(text, "stop", ORIGIN, logprobs=logprobs))
            assert isinstance(reading.label, Label)
            assert reading.confidence is None or 0.0 <= reading.confidence <= 1.0


class _Answering(JsonClient):
    """A client to which every request is answered with the same bytes."""

    content = b""

    async def _exchange(self, method: str, url: str, payload: bytes | None, model: str) -> Json:
        return self._decode(self.content, model)


def feed_wire(data: bytes) -> None:
    """The body of a server's answer, by every protocol, and its words of error."""
    engines: tuple[Engine, ...] = (
        OpenAIEngine(
            OpenAISettings(
                type="openai", base_url="http://127.0.0.1:9/v1", model_id_or_path="m", api_key=SecretStr("sk-f")
            )
        ),
        OllamaEngine(OllamaSettings(type="ollama", base_url="http://127.0.0.1:9", model_id_or_path="m")),
    )
    _Answering.content = data
    prompts = (Chat((Message("user", "x"),)), Raw("x"))
    for engine in engines:
        engine._client = _Answering("http://127.0.0.1:9/v1")  # type: ignore[attr-defined]
        for prompt in prompts:
            try:
                reply = asyncio.run(engine.complete(Request(prompt=prompt, ask=ASK, top_logprobs=5)))
            except DemurError as error:
                check_words(error)
            else:
                assert isinstance(reply.text, str)
                json.dumps(reply.usage.prompt_tokens + reply.usage.completion_tokens)
    assert excerpt_error(data).isprintable()
    wait_s = parse_retry_after(data.decode("latin-1"))
    assert wait_s is None or wait_s >= 0


KEY = b"k" * 20


def feed_journal(data: bytes) -> None:
    """A journal: the row of a reply, with and without a checksum that fits, and the whole file."""
    path = find_folder() / "journal.sqlite"
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    with open_journal(path) as journal:
        asyncio.run(journal.put(KEY, Reply("a", "stop", ORIGIN)))
    for row in (data, seal_row(KEY, data)):
        connection = sqlite3.connect(path)
        with connection:
            connection.execute("UPDATE replies SET reply = ?", (row,))
        connection.close()
        _read_journal(path)
    whole = bytearray(path.read_bytes())
    place = int.from_bytes(data[:2], "big") % len(whole)
    whole[place : place + len(data[2:])] = data[2:]
    path.write_bytes(whole)
    _read_journal(path)


def _read_journal(path: Path) -> None:
    try:
        with open_journal(path) as journal:
            reply = journal.get(KEY)
            if reply is not None:
                assert {type(text) for text in (reply.text, reply.finish, reply.origin.engine, reply.origin.model)} == {
                    str
                }
                assert min(reply.usage.prompt_tokens, reply.usage.completion_tokens) >= 0
    except DemurError as error:
        check_words(error)


_JSON = (b'{"', b'":', b'"', b"[", b"]", b"{", b"}", b",", b"null", b"1e999", b"NaN", b"-", b"9" * 4400, b"\\ud800", b"\\u0000",
         b"true", b"\n", b"\r\n", b"\xef\xbb\xbf", b"\xff\xfe")  # fmt: skip
_SEED = (
    b'{"instruction": "a b", "response": "c"}\n',
    b"instruction",
    b"response",
    b"question,answer\n",
    b"a,b\n",
    b'"',
)
_YAML = (b"- ", b"a: ", b"\n", b"  ", b"&a ", b"*a", b"<<: ", b"? ", b"!!python/object:os.system ", b"!!binary ", b"!x ", b"---\n",
         b"...\n", b"|\n",
         b">-\n", b"%YAML 1.1\n", b"#", b"2026-01-01", b".nan", b".inf", b"0x10", b"1_0", b"'", b"${A", b"}", b":-")  # fmt: skip
_TASK = (b"task_name: t\n", b"data_builder: public/safety/refusal\n", b"risk_policy: {path: policy.yaml}\n",
         b"seed_examples:\n- {instruction: a, response: b}\n", b"risks:\n- risk: r\n  description: d\n",
         b"  policy:\n    reply_cannot_contain: [a]\n", b"risk_group: g\n", b"name: public/safety/refusal\n", b"blocks:\n",
         b"- {name: dedup, type: rouge_scorer, threshold: 0.5}\n", b"databuilders:\n  public/safety/refusal:\n    blocks:\n",
         b"    - {name: instruction_generator, type: openai, base_url: 'http://a:b@[x'}\n", b"template: x\n",
         b"    - {name: granite_guardian, type: validators/granite_guardian}\n",
         b"    budget: {max_cost: 1, max_tokens_total: 2}\n", b"    prices: {'*': {prompt: 1, completion: 2}}\n")  # fmt: skip
_LIST = (b"### Question 1: ", b"1. ", b"- ", b"**", b"\n", b"<think>", b"</think>", b"```", b"Answer: ", b"I'm sorry, I can't help ",
         b"Sure! ", b"> ", b"# ", b"[1] ", b"\xe2\x80\x9c", b"\xc2\xa0", b"...", b"Question: ", b'["a", "b"]')  # fmt: skip
_SCORES = (b"<score>", b"</score>", b"yes", b"no", b" yes", b"<think>", b"</think>", b"<confidence>", b"High", b"\n", b"\\n",
           b"\xc4\xa0", b"Yes.")  # fmt: skip
_WIRE = (b'{"choices": [{"message": {"content": "a"}, "finish_reason": "stop"}]}', b'{"message": {"content": ', b'{"response": ',
         b'"logprobs": {"tokens": ["a"], "token_logprobs": [-1', b'"content": [', b'"top_logprobs": ', b'"usage": {"prompt_tokens": ',
         b'{"error": {"code": ', b'"message": "x"')  # fmt: skip

TARGETS = (
    Target("yaml", feed_yaml, _YAML + _TASK),
    Target("seeds", feed_seeds, _JSON + _SEED + _YAML),
    Target("parquet", feed_parquet, (b"PAR1", b"\x00" * 8, b"\xff" * 4, b"\x15", b"\x19\x1c")),
    Target("dotenv", feed_dotenv, (b"A=b\n", b"export ", b"='", b'="', b"\\", b"\n", b"#", b"\0", b"${A}", b"OPENAI_API_KEY=")),
    Target("dedupe", feed_dedupe, _JSON + _SEED),
    Target("reply", feed_reply, _LIST + _JSON),
    Target("verdict", feed_verdict, _SCORES),
    Target("wire", feed_wire, _WIRE + _JSON),
    Target(
        "journal", feed_journal, (b'{"text":"a","finish":"stop","origin":["a","b"],"usage":[1,2],"logprobs":[]}', b"z", *_JSON)
    ),
    *answers.TARGETS,
    *datasets.TARGETS,
)  # fmt: skip
