"""The refusal judge on real llama.cpp: its grammar is taken, and every answer is readable."""

from __future__ import annotations

import pytest

from demur.engines.base import Sampling, StanceAsk
from demur.guards.refusal_judge import RefusalJudge
from tests.engines.samples import RISK
from tests.llama.conftest import OpenEngine

ASKS = [StanceAsk(RISK, f"text {number}", "No.") for number in range(4)]
LONG = Sampling(max_tokens=2500)
"""A byte is a token to these models, so a reason takes many more than a real model's."""


@pytest.mark.parametrize("model", ["random.gguf", "other.gguf"])
async def test_no_answer_is_unreadable(open_engine: OpenEngine, model: str) -> None:
    """Two models with random weights answer in the judge's form, also with heated sampling."""
    engine = open_engine(model, num_ctx=16_000)
    for sampling in (LONG, Sampling(max_tokens=2500, temperature=1.5)):
        for ask in ASKS:
            opinion = await RefusalJudge(engine, sampling).consider(ask)
            assert opinion.stance is not None, opinion.answer
