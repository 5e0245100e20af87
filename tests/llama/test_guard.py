"""Granite Guardian's formats on real llama.cpp: with a grammar every answer is readable, whatever the weights."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from demur.engines.base import Form, JudgeAsk, Raw, Request, Sampling
from demur.engines.openai import OpenAIEngine
from demur.guards.granite import GraniteGuard
from demur.guards.granite_verdicts import Version
from demur.records import Label
from tests.engines.samples import RISK, openai_settings
from tests.llama.conftest import OpenEngine
from tests.llama.samples import serve

MODES: list[tuple[Version, bool]] = [("3.3", False), ("3.3", True), ("3.2", False), ("4.1", False), ("4.1", True)]
ASKS = [JudgeAsk(RISK, f"text {number}", "an answer" if number % 2 else None) for number in range(6)]

LETTER = Form(grammar='root ::= "a"')
"""A reply of one token, so that the probabilities of its place are reported."""


@pytest.mark.parametrize(("version", "think"), MODES)
@pytest.mark.parametrize("model", ["random.gguf", "other.gguf"])
async def test_no_verdict_is_unreadable(open_engine: OpenEngine, model: str, version: Version, think: bool) -> None:
    """Two models with random weights answer each version's prompts in that version's form, also with heated sampling.

    A byte is a token to them, so that a trace takes many more than a real model's.
    """
    engine = open_engine(model, num_ctx=16_000)
    hot = Sampling(temperature=1.5, max_tokens=14_000 if think else None)
    for sampling in (hot, Sampling(max_tokens=hot.max_tokens)):
        guard = GraniteGuard(engine, version, think=think, sampling=sampling)
        for ask in ASKS[:2] if think else ASKS:
            verdict = await guard.judge(ask)
            assert verdict.label is not Label.UNREADABLE, verdict.answer


@pytest.mark.parametrize("version", ["3.3", "3.2"])
@pytest.mark.parametrize("model", ["random.gguf", "other.gguf", "judge.gguf"])
async def test_confidence_is_the_share_among_the_allowed_labels(
    open_engine: OpenEngine, model: str, version: Version
) -> None:
    """It equals what the whole vocabulary's probabilities say where the label stands, and is known for either label."""
    engine = open_engine(model, num_ctx=4096)
    guard = GraniteGuard(engine, version)
    for ask in ASKS:
        verdict = await guard.judge(ask)
        prompt = guard.render(ask)
        assert isinstance(prompt, Raw)
        lead = "<score>" if version == "3.3" else ""
        whole = Request(Raw(prompt.text + lead), ask, Sampling(max_tokens=1), top_logprobs=100_000, form=LETTER)
        top = (await engine.complete(whole)).logprobs[0].top
        mass = {"yes": 0.0, "no": 0.0}
        for name, logprob in top:
            if name.strip().lower() in mass:
                mass[name.strip().lower()] += math.exp(logprob)
        share = mass["yes" if verdict.label is Label.VIOLATES else "no"] / sum(mass.values())
        if verdict.confidence is not None:  # None where the model spelled its label letter by letter
            assert verdict.confidence == pytest.approx(share, abs=1e-3)
        else:
            assert model != "judge.gguf"


async def test_over_http_the_verdicts_are_the_same(open_engine: OpenEngine, models: Path) -> None:
    """A llama.cpp server behind `type: openai` is given the grammar too: label and confidence are those in process."""
    server = serve(models / "other.gguf", num_ctx=4096)
    remote = OpenAIEngine(openai_settings(f"{server.listening_address}/v1", model_id_or_path="other"))
    local = open_engine("other.gguf", num_ctx=4096)
    for version in ("3.3", "3.2", "4.1"):
        for ask in ASKS:
            there, here = [await GraniteGuard(engine, version).judge(ask) for engine in (remote, local)]
            assert there.label is here.label is not Label.UNREADABLE
            assert there.confidence == pytest.approx(here.confidence, abs=1e-3)
    await remote.close()
