from __future__ import annotations

from collections.abc import Callable

import pytest

from demur.engines.base import JudgeAsk, Raw, Request
from demur.errors import GuardBlind
from demur.guards.base import Guard
from demur.guards.canaries import (
    HARMLESS,
    OFF_TOPIC,
    ON_TOPIC,
    CanaryReport,
    check_canaries,
    check_criteria,
    require_sight,
)
from demur.guards.granite import FixedCriteria, GraniteGuard
from demur.records import Label, Origin, Seed, Verdict
from tests.guards.stub_engine import RISK, StubEngine, prompt_text

SEEDS = tuple(Seed(f"seed:{number}", f"Write lure {number}.", "No.") for number in range(1, 6))
YES, NO, NONE = Label.VIOLATES, Label.SAFE, Label.UNREADABLE


class StubGuard:
    """Judges by a function of the instruction, and remembers what it was asked."""

    def __init__(self, script: Callable[[str], Label]) -> None:
        self.script = script
        self.asked: list[JudgeAsk] = []

    @property
    def name(self) -> str:
        """A name."""
        return "stub-guard"

    @property
    def sees_policy(self) -> bool:
        """It does."""
        return True

    @property
    def members(self) -> tuple[Guard, ...]:
        """It is one guard."""
        return ()

    def render(self, ask: JudgeAsk) -> None:
        """No model is asked."""

    async def judge(self, ask: JudgeAsk) -> Verdict:
        """Judge by the script."""
        self.asked.append(ask)
        return Verdict(self.script(ask.instruction), None, self.name, Origin("stub", "m"), answer="Hm, well.")


def _judge(violations: set[str], otherwise: Label = NO) -> StubGuard:
    return StubGuard(lambda text: YES if text in violations else otherwise)


async def test_a_sighted_guard_costs_two_requests() -> None:
    """A guard that passes the harmless sentence and the first seed is asked no more."""
    guard = _judge({seed.instruction for seed in SEEDS})
    report = await check_canaries(guard, RISK, SEEDS)
    assert (report.told_apart, report.sees_policy) == (True, None)
    assert [(ask.risk, ask.instruction, ask.response) for ask in guard.asked] == [
        (RISK, HARMLESS, None),
        (RISK, "Write lure 1.", None),
    ]
    assert [trial.verdict.label for trial in report.trials] == [NO, YES]
    require_sight(report)


async def test_two_borderline_seeds_are_forgiven() -> None:
    """Up to three seeds are tried before the guard counts as blind."""
    report = await check_canaries(_judge({"Write lure 3."}), RISK, SEEDS)
    assert report.told_apart
    assert [trial.passed for trial in report.trials] == [True, False, False, True]
    require_sight(report)


async def test_a_guard_that_passes_every_seed_is_blind() -> None:
    """Three different seeds rated safe stop the run; what happened and a hint stand in the error."""
    repeated = (SEEDS[0], SEEDS[0], *SEEDS)
    guard = _judge({"Write lure 4."})
    report = await check_canaries(guard, RISK, repeated)
    assert not report.told_apart
    assert [ask.instruction for ask in guard.asked[1:]] == ["Write lure 1.", "Write lure 2.", "Write lure 3."]
    with pytest.raises(GuardBlind, match="cannot tell a seed of spam_phishing") as caught:
        require_sight(report)
    assert "'Write lure 1.' was rated safe instead of violates" in str(caught.value)
    assert "`demur guard`" in caught.value.hint


async def test_a_guard_that_objects_to_everything_is_blind() -> None:
    """A harmless sentence rated a violation decides at once: no seed is tried."""
    guard = _judge(set(), otherwise=YES)
    report = await check_canaries(guard, RISK, SEEDS)
    assert len(guard.asked) == 1
    with pytest.raises(GuardBlind, match="was rated violates instead of safe") as caught:
        require_sight(report)
    assert "model_version" in caught.value.hint


async def test_unreadable_answers_are_shown() -> None:
    """A guard whose answers cannot be read is blind, and the error shows an answer."""
    report = await check_canaries(_judge(set(), otherwise=NONE), RISK, SEEDS)
    with pytest.raises(GuardBlind, match=r"unreadable instead of safe \(answer 'Hm, well\.'\)") as caught:
        require_sight(report)
    assert "format" in caught.value.hint


async def test_without_seeds_the_guard_cannot_be_tried() -> None:
    """No seeds, no proof that the guard sees anything."""
    report = await check_canaries(_judge(set()), RISK, ())
    with pytest.raises(GuardBlind, match="no seeds") as caught:
        require_sight(report)
    assert "seed examples" in caught.value.hint


async def test_a_guard_that_follows_a_made_up_policy_sees_it() -> None:
    """Only a guard that reads a made-up policy rates what it forbids a violation."""
    report = await check_criteria(_judge({ON_TOPIC}))
    assert (report.told_apart, report.sees_policy) == (True, True)
    require_sight(report)


@pytest.mark.parametrize(
    ("guard", "words"),
    [
        (_judge(set()), "the policy is not seen"),
        (_judge({ON_TOPIC, OFF_TOPIC}), "does not follow a made-up policy"),
        (_judge(set(), otherwise=NONE), "does not follow a made-up policy"),
    ],
)
async def test_a_guard_with_notions_of_its_own_is_blind(guard: StubGuard, words: str) -> None:
    """Safe to both, a violation in both, or no readable answer: the policy is not what it judges by."""
    report = await check_criteria(guard)
    assert report.sees_policy is False
    with pytest.raises(GuardBlind, match=words) as caught:
        require_sight(report)
    assert caught.value.hint


def _answer_by_policy(request: Request) -> str:
    """Rate as a Guardian would that reads the criteria: by whether they and the text are about gardens."""
    text = prompt_text(request)
    assert isinstance(request.prompt, Raw)
    criteria = text.partition("### Criteria:")[2]
    return "<score> yes </score>" if "garden" in criteria and "roses" in text else "<score> no </score>"


async def test_the_sentinel_goes_through_a_granite_guard() -> None:
    """The made-up policy reaches the model in the prompt that the guard sends."""
    report = await check_criteria(GraniteGuard(StubEngine(_answer_by_policy), "3.3"))
    assert report.sees_policy is True


async def test_a_guard_with_fixed_criteria_is_not_asked_for_the_policy() -> None:
    """Where the builder sets the criteria, not seeing the policy is no fault."""
    engine = StubEngine(lambda _: "")
    report = await check_criteria(GraniteGuard(engine, "3.3", criteria=FixedCriteria(criteria_id="harm")))
    assert report.sees_policy is None
    assert engine.requests == []
    require_sight(report)


def test_a_report_of_both_checks_can_be_made() -> None:
    """A guard that told its canaries apart and yet does not see the policy is blind."""
    with pytest.raises(GuardBlind, match="words"):
        require_sight(CanaryReport("g", True, False, (), "words"))
