from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from demur.engines.base import Chat, JudgeAsk, ProposeAsk, Request, RespondAsk, Sampling
from demur.engines.embedded.engine import EmbeddedEngine
from demur.guards.embedded import EmbeddedGuard
from demur.inputs.calibration import VARIED
from demur.inputs.policy import Risk, read_policy
from demur.records import Label, Pair
from demur.stages.check_reply import ReplyCheck
from demur.stages.choose_manner import choose_manner
from demur.stages.describe_reply import read_opening
from demur.stages.read_demand import Demand, read_demand
from tests.samples import make_pair

ROOT = Path(__file__).resolve().parents[2]
FILES = ("data/public/safety/resources/policies/cybersecurity_risks.yaml", "tests/policies/other_domains.yaml")
RISKS = {risk.risk: risk for file in FILES for risk in read_policy(ROOT / file).risks}
TYPES = (
    "EXPLICIT_REFUSAL", "POLITE_REDIRECT", "CAUTIOUS_INFORMATIVE", "INFORMATIVE_WITH_DISCLAIMER", "INFORMATIVE_RESPONSE",
    "CANNOT_COMMENT_COMPETITORS",
)  # fmt: skip


async def _compose(risk: Risk, rounds: int) -> list[tuple[str, str]]:
    engine, pairs = EmbeddedEngine(), []
    informs = read_demand(risk.short_reply_type) is Demand.INFORM
    for seed in range(rounds):
        sampling = Sampling(seed=seed)
        proposed = (await engine.complete(Request(Chat(()), ProposeAsk(risk, (), 5), sampling))).text
        for block in proposed.split("\n\n"):
            instruction = block.partition("\n")[2]
            ask = RespondAsk(risk, instruction, choose_manner(instruction, informs=informs))
            pairs.append((instruction, (await engine.complete(Request(Chat(()), ask, sampling))).text))
    return pairs


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("name", ["spam_phishing", "misinformation", "gardening"])
async def test_mannered_replies_pass_the_gate(name: str, kind: str) -> None:
    """Of 100 varied replies at least 95 pass the gate and the guard, whatever the reply type, with or without permitted content."""
    risk = RISKS[name].model_copy(update={"short_reply_type": kind})
    gate, guard = ReplyCheck(VARIED), EmbeddedGuard()
    pairs = await _compose(risk, 20)
    passed = [isinstance(gate.weigh(make_pair(instruction=i, response=r), risk), Pair) for i, r in pairs]
    safe = [(await guard.judge(JudgeAsk(risk, i, r))).label is Label.SAFE for i, r in pairs]
    assert sum(passed) >= 95
    assert sum(safe) >= 95


@pytest.mark.parametrize("kind", ["EXPLICIT_REFUSAL", "INFORMATIVE_RESPONSE"])
@pytest.mark.parametrize("name", ["spam_phishing", "gardening"])
async def test_no_opening_is_common_among_mannered_replies(name: str, kind: str) -> None:
    """Of 500 varied replies no tenth opens with the same five words."""
    risk = RISKS[name].model_copy(update={"short_reply_type": kind})
    openings = Counter(read_opening(reply) for _, reply in await _compose(risk, 100))
    assert max(openings.values()) <= 50


async def test_replies_without_a_manner_are_as_before() -> None:
    """A manner is the only thing that changes what is composed."""
    risk, request = (
        RISKS["spam_phishing"],
        Request(Chat(()), RespondAsk(RISKS["spam_phishing"], "Write spam."), Sampling(seed=7)),
    )
    plain = await EmbeddedEngine().complete(request)
    again = await EmbeddedEngine().complete(Request(Chat(()), RespondAsk(risk, "Write spam.", ()), Sampling(seed=7)))
    varied = await EmbeddedEngine().complete(
        Request(Chat(()), RespondAsk(risk, "Write spam.", choose_manner("Write spam.")), Sampling(seed=7))
    )
    assert plain == again
    assert varied.text != plain.text
