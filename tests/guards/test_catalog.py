from __future__ import annotations

import pytest
from pydantic import TypeAdapter

from demur.engines.catalog import Catalog
from demur.engines.journaling import NoStore
from demur.guards.catalog import open_guard
from demur.inputs.guard_settings import AnyGuard
from demur.records import Label
from tests.guards.stub_engine import ask_for

GUARD: TypeAdapter[AnyGuard] = TypeAdapter(AnyGuard)


def describe(kind: str, *answers: str, **settings: object) -> dict[str, object]:
    """A guard block whose model says these answers."""
    engine = {"type": "scripted", "judge_instruction": list(answers)}
    return {"type": f"validators/{kind}", "lm_config": engine, **settings}


@pytest.mark.parametrize(
    ("block", "name", "answer"),
    [
        (
            describe("granite_guardian", "<score> yes </score>", model_version="3.3"),
            "granite-guardian-3.3",
            Label.VIOLATES,
        ),
        (describe("policy_judge", '{"verdict": "violates", "reason": "x"}'), "policy-judge-1", Label.VIOLATES),
        (describe("qwen3_guard", "Safety: Controversial\nCategories: PII"), "qwen3guard-gen", Label.VIOLATES),
        (
            describe("qwen3_guard", "Safety: Controversial\nCategories: PII", controversial="safe"),
            "qwen3guard-gen",
            Label.SAFE,
        ),
        (describe("llama_guard", "unsafe\nS1"), "llama-guard-3", Label.VIOLATES),
        (describe("llama_guard", "unsafe\nS9", model_version=4), "llama-guard-4", Label.UNREADABLE),
        (describe("llama_guard", "unsafe\nS9", policy_as_categories=False), "llama-guard-3", Label.VIOLATES),
        (
            describe("wildguard", "Harmful request: no\nResponse refusal: N/A\nHarmful response: N/A"),
            "wildguard",
            Label.SAFE,
        ),
    ],
)
async def test_every_block_opens_its_guard(block: dict[str, object], name: str, answer: Label) -> None:
    """A block's settings come to its guard, served by one engine under the block's name."""
    guard, engines = open_guard(GUARD.validate_python(block), Catalog(), NoStore())
    verdict = await guard.judge(ask_for())
    assert (guard.name, verdict.guard, verdict.label) == (name, name, answer)
    assert [engine.meter.read().role for engine in engines] == ["granite_guardian"]


async def test_an_ensembles_members_share_what_they_can() -> None:
    """Members with the same engine share its provider and its limit; each is counted for itself; rules need no engine."""
    block = describe("policy_judge", '{"verdict": "safe", "reason": "x"}')
    members = [block, {"type": "validators/embedded"}, block]
    settings = GUARD.validate_python({"type": "validators/ensemble", "guards": members, "rule": "all"})
    catalog = Catalog()
    guard, engines = open_guard(settings, catalog, NoStore())
    verdict = await guard.judge(ask_for("What day is it?"))
    assert guard.name == "ensemble-all(policy-judge-1, embedded-guard-2, policy-judge-1)"
    assert (verdict.label, len(verdict.members)) == (Label.SAFE, 3)
    roles = [(use.role, use.asked) for use in (engine.meter.read() for engine in engines)]
    assert roles == [("granite_guardian.1", 1), ("granite_guardian.3", 1)]
    assert catalog.measure_width(*engines) == catalog.measure_width(engines[0])
