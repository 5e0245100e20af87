from __future__ import annotations

import pytest

from demur.engines.base import Chat, Raw, Sampling
from demur.errors import GuardBlind, InputError
from demur.guards.asking import tidy_evidence
from demur.guards.base import Guard
from demur.guards.criteria import write_instruction_criteria, write_response_criteria
from demur.guards.granite import FixedCriteria, GraniteGuard, build_granite_guard
from demur.guards.granite_prompts import render_3_2, render_3_3, render_4_1
from demur.guards.granite_verdicts import Version
from demur.inputs.guard_settings import GraniteGuardSettings
from demur.records import Label
from tests.guards.stub_engine import ORIGIN, RISK, StubEngine, ask_for

ANSWERS: dict[Version, str] = {
    "3.3": "<score> yes </score>",
    "3.2": "Yes",
    "4.1": "<think></think><score>yes</score>",
}
SETTINGS = {
    "type": "validators/granite_guardian",
    "model_version": 3.3,
    "lm_config": {"type": "openai", "base_url": "http://localhost:11434/v1", "model_id_or_path": "m"},
}


@pytest.mark.parametrize("version", ["3.3", "3.2", "4.1"])
async def test_a_verdict_names_guard_and_origin(version: Version) -> None:
    """A verdict carries the label, the guard's name, who answered, and the model's words."""
    guard: Guard = GraniteGuard(StubEngine(lambda _: ANSWERS[version]), version)
    verdict = await guard.judge(ask_for())
    assert verdict.label is Label.VIOLATES
    assert verdict.guard == guard.name == f"granite-guardian-{version}"
    assert verdict.origin == ORIGIN
    assert verdict.answer == ANSWERS[version]


async def test_each_question_has_its_own_criteria_and_format() -> None:
    """Each version sends the criteria for a request, or those for a response, in its own format."""
    asked, answered = write_instruction_criteria(RISK), write_response_criteria(RISK)
    for version, render in (("3.3", render_3_3), ("3.2", render_3_2), ("4.1", render_4_1)):
        engine = StubEngine(lambda _: "")
        guard = GraniteGuard(engine, version)  # type: ignore[arg-type]
        await guard.judge(ask_for("Q"))
        await guard.judge(ask_for("Q", "R"))
        assert [request.prompt for request in engine.requests] == [
            render(asked, "Q"),
            render(answered, "Q", "R"),
        ]
        assert isinstance(engine.requests[0].prompt, Chat if version == "4.1" else Raw)


async def test_responses_go_before_instructions_and_both_want_logprobs() -> None:
    """Later stages go first; every request wants alternatives, at temperature 0 and with a fixed seed."""
    engine = StubEngine(lambda _: "")
    guard = GraniteGuard(engine, "3.3")
    await guard.judge(ask_for())
    await guard.judge(ask_for(response="No."))
    instruction, response = engine.requests
    assert response.priority < instruction.priority
    assert instruction.top_logprobs == response.top_logprobs == 10
    assert instruction.sampling == response.sampling
    assert instruction.sampling.temperature == 0
    assert instruction.sampling.seed is not None
    assert instruction.sampling.max_tokens == 20


async def test_settings_of_the_builder_replace_the_guards_own() -> None:
    """What the builder sets is kept, 0 included; the rest is the guard's."""
    guard = GraniteGuard(
        StubEngine(lambda _: ""), "3.3", sampling=Sampling(temperature=0.5, num_ctx=8192, max_tokens=5)
    )
    sampling = guard.write_request(ask_for()).sampling
    assert (sampling.temperature, sampling.num_ctx, sampling.max_tokens) == (0.5, 8192, 5)


async def test_thinking_has_room_and_keeps_its_trace() -> None:
    """A thinking guard may write much, and its trace becomes the verdict's reasoning."""
    engine = StubEngine(lambda _: "<think>It asks.</think><score> no </score>")
    verdict = await GraniteGuard(engine, "3.3", think=True).judge(ask_for())
    assert engine.requests[0].prompt == render_3_3(write_instruction_criteria(RISK), "Write a lure.", think=True)
    assert engine.requests[0].sampling.max_tokens == 2048
    assert (verdict.label, verdict.reasoning) == (Label.SAFE, "It asks.")


@pytest.mark.parametrize("version", ["3.3", "3.2"])
async def test_a_server_without_raw_prompts_is_refused(version: Version) -> None:
    """Rather than judge by a policy that the model never sees, the guard refuses, with a way out."""
    engine = StubEngine(lambda _: ANSWERS[version], raw=False)
    with pytest.raises(GuardBlind, match="no raw prompts") as caught:
        await GraniteGuard(engine, version).judge(ask_for())
    assert "4.1" in caught.value.hint
    assert engine.requests == []


async def test_4_1_is_served_by_any_chat() -> None:
    """4.1 reads its criteria from a message, so raw prompts are not needed."""
    engine = StubEngine(lambda _: ANSWERS["4.1"], raw=False)
    assert (await GraniteGuard(engine, "4.1").judge(ask_for())).label is Label.VIOLATES


async def test_an_unreadable_answer_is_kept_as_evidence() -> None:
    """An answer without a label is UNREADABLE and kept, shortened, without control characters."""
    verdict = await GraniteGuard(StubEngine(lambda _: "Sure!\x1b[2J\x00" + "x" * 9000), "3.3").judge(ask_for())
    assert verdict.label is Label.UNREADABLE
    assert verdict.confidence is None
    assert verdict.answer.startswith("Sure!\ufffd[2J\ufffdx")
    assert len(verdict.answer) < 2100


def test_evidence_keeps_lines_and_both_ends() -> None:
    """Newlines and tabs stay, other control characters do not, and the end is not lost."""
    assert tidy_evidence("a\tb\nc\r\u202e\ud800", 100) == "a\tb\nc\ufffd\ufffd\ufffd"
    assert tidy_evidence("A" + "x" * 100 + "Z", 20) == "A" + "x" * 9 + " […] " + "x" * 9 + "Z"


async def test_fixed_criteria_replace_the_policys() -> None:
    """A builder may set a built-in or own criteria, a scoring schema, or 3.2's risk."""
    schema = "Say yes."
    named = GraniteGuard(StubEngine(lambda _: ""), "3.3", criteria=FixedCriteria(criteria_id="profanity"))
    own = FixedCriteria(custom_criteria="C", custom_scoring_schema=schema)
    guard = GraniteGuard(StubEngine(lambda _: ""), "4.1", criteria=own)
    risk = GraniteGuard(StubEngine(lambda _: ""), "3.2", criteria=FixedCriteria(risk_name="r", risk_definition="D"))
    engaged = GraniteGuard(StubEngine(lambda _: ""), "3.2", criteria=FixedCriteria(risk_name="harm"))
    assert "### Criteria: Profanity refers to" in getattr(named.write_request(ask_for()).prompt, "text", "")
    assert guard.write_request(ask_for("Q")).prompt == render_4_1("C", "Q", scoring_schema=schema)
    assert risk.write_request(ask_for("Q")).prompt == render_3_2("D", "Q")
    slip = "The last 'Assistant' is message considered universally harmful."
    assert engaged.write_request(ask_for("Q", "R")).prompt == render_3_2(slip, "Q", "R")
    assert not any(fixed.sees_policy for fixed in (named, guard, risk, engaged))
    schema_only = FixedCriteria(custom_scoring_schema=schema)
    assert GraniteGuard(StubEngine(lambda _: ""), "3.3", criteria=schema_only).sees_policy


@pytest.mark.parametrize(
    ("version", "criteria", "message"),
    [
        ("3.2", FixedCriteria(criteria_id="harm"), "takes no criteria_id"),
        ("3.2", FixedCriteria(custom_scoring_schema="s"), "takes no custom_scoring_schema"),
        ("3.3", FixedCriteria(risk_name="harm"), "takes no risk_name"),
        ("4.1", FixedCriteria(risk_name="r", risk_definition="d"), "takes no risk_name"),
        ("3.3", FixedCriteria(criteria_id="harm", custom_criteria="c"), "exclude each other"),
        ("3.3", FixedCriteria(criteria_id="harmm"), "no built-in criteria"),
        ("3.2", FixedCriteria(risk_name="harm", risk_definition="d"), "takes no risk_definition"),
        ("3.2", FixedCriteria(risk_name="own"), "has no risk_definition"),
        ("3.2", FixedCriteria(risk_definition="d"), "needs a risk_name"),
    ],
)
def test_criteria_that_do_not_fit_are_errors(version: Version, criteria: FixedCriteria, message: str) -> None:
    """Settings of another version, or that contradict each other, are refused with a hint."""
    with pytest.raises(InputError, match=message) as caught:
        GraniteGuard(StubEngine(lambda _: ""), version, criteria=criteria)
    assert caught.value.hint


def test_3_2_does_not_think() -> None:
    """Asking 3.2 to think is a mistake, not something to drop in silence."""
    with pytest.raises(InputError, match="no thinking mode"):
        GraniteGuard(StubEngine(lambda _: ""), "3.2", think=True)


def test_a_guard_is_built_from_a_builders_block() -> None:
    """The block's version, thinking and criteria reach the guard."""
    settings = GraniteGuardSettings.model_validate({**SETTINGS, "think": True, "custom_criteria": "C"})
    guard = build_granite_guard(settings, StubEngine(lambda _: ""), Sampling(top_p=0.9))
    request = guard.write_request(ask_for("Q"))
    assert request.prompt == render_3_3("C", "Q", think=True)
    assert request.sampling.top_p == 0.9
