"""Settings, requests and servers for the tests of llama.cpp."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import xllamacpp

from demur.engines.base import Form, Request, Sampling
from demur.inputs.engine_settings import LlamaCppSettings
from tests.engines.samples import chat, raw

SCORE = Form(grammar='root ::= "<score> " ("yes" | "no") " </score>"')
ENDLESS = Form(grammar='root ::= "a" root')
CHOICE = Form(
    json_schema='{"type": "object", "properties": {"verdict": {"enum": ["safe", "unsafe"]}}, '
    '"required": ["verdict"], "additionalProperties": false}'
)


def llama_settings(path: Path | str, **changes: object) -> LlamaCppSettings:
    """Settings for a model in this process: one thread, two slots, 1024 tokens each."""
    given = {"type": "llama-cpp", "model_id_or_path": str(path), "n_threads": 1, "concurrency": 2, "num_ctx": 1024}
    return LlamaCppSettings.model_validate({**given, **changes})


def ask_chat(text: str = "hello", *, seed: int = 1, max_tokens: int = 40, form: Form | None = None) -> Request:
    """A chat of one turn, drawn by a seed."""
    return replace(chat(text, sampling=Sampling(seed=seed, max_tokens=max_tokens)), form=form)


def ask_raw(
    text: str = "hello", *, seed: int = 1, max_tokens: int = 40, form: Form | None = None, logprobs: int = 0
) -> Request:
    """A raw prompt, drawn by a seed."""
    return replace(raw(text, sampling=Sampling(seed=seed, max_tokens=max_tokens), logprobs=logprobs), form=form)


def serve(path: Path, *, slots: int = 2, num_ctx: int = 1024) -> xllamacpp.Server:
    """A llama.cpp that serves a model over HTTP, from this process, for as long as the object is held."""
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_ctx = num_ctx * slots
    params.n_parallel = slots
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.verbosity = -1
    return xllamacpp.Server(params)
