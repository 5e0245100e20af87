from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from demur.engines.base import JudgeAsk, Prompt
from demur.errors import CredentialsRejected, EngineError, EngineUnavailable, GuardBlind, ModelNotFound, ServerFault
from demur.guards.base import Guard
from demur.records import TWIN, Drop, Label, Pair, Reason, Screened, Stage, Verdict
from demur.stages.screen import Screen
from tests.samples import INSTRUCTION, RESPONSE, make_admitted, make_answered, make_risk, make_verdict

FATAL = [EngineUnavailable, CredentialsRejected, ModelNotFound]


class ScriptedGuard:
    """A guard that answers by a function, and remembers what it was asked."""

    name = "scripted"

    def __init__(self, script: Callable[[JudgeAsk], Verdict]) -> None:
        self.script = script
        self.asks: list[JudgeAsk] = []

    @property
    def sees_policy(self) -> bool:
        """It does."""
        return True

    @property
    def members(self) -> tuple[Guard, ...]:
        """It is one guard."""
        return ()

    def render(self, ask: JudgeAsk) -> Prompt | None:
        """Ask no model."""
        return None

    async def judge(self, ask: JudgeAsk) -> Verdict:
        """Answer by the script."""
        self.asks.append(ask)
        return self.script(ask)


def screen(answer: Label | Exception) -> tuple[Screen, ScriptedGuard]:
    def judge(_: JudgeAsk) -> Verdict:
        if isinstance(answer, Exception):
            raise answer
        return make_verdict(answer)

    guard = ScriptedGuard(judge)
    return Screen(guard, make_risk()), guard


@pytest.mark.parametrize(
    ("label", "reason"),
    [
        (Label.VIOLATES, None),
        (Label.SAFE, Reason.INSTRUCTION_SAFE),
        (Label.UNREADABLE, Reason.VERDICT_UNREADABLE),
    ],
)
async def test_only_a_violation_passes_the_first_filter(label: Label, reason: Reason | None) -> None:
    """Safe requests and unreadable verdicts are drops with the verdict as evidence."""
    stage, guard = screen(label)
    admitted = make_admitted()
    outcome = await stage.screen_instruction(admitted)
    assert guard.asks == [JudgeAsk(make_risk(), INSTRUCTION)]
    if reason is None:
        expected: object = Screened(
            draft=admitted.draft, neighbour=admitted.neighbour, instruction_verdict=make_verdict()
        )
    else:
        expected = Drop(
            id=admitted.draft.id, stage=Stage.SCREEN_INSTRUCTION, reason=reason, instruction=INSTRUCTION,
            neighbour=admitted.neighbour, verdict=make_verdict(label),
        )  # fmt: skip
    assert outcome == expected


@pytest.mark.parametrize(
    ("label", "reason"),
    [
        (Label.SAFE, None),
        (Label.VIOLATES, Reason.RESPONSE_VIOLATES),
        (Label.UNREADABLE, Reason.VERDICT_UNREADABLE),
    ],
)
async def test_only_a_safe_response_passes_the_second_filter(label: Label, reason: Reason | None) -> None:
    """The response is judged after its instruction; violations and unreadable verdicts are drops."""
    stage, guard = screen(label)
    answered = make_answered()
    outcome = await stage.screen_response(answered)
    assert guard.asks == [JudgeAsk(make_risk(), INSTRUCTION, RESPONSE)]
    if reason is None:
        assert isinstance(outcome, Pair)
        assert outcome.response_verdict == make_verdict(label)
        assert outcome.instruction_verdict == answered.instruction_verdict
        assert (outcome.draft, outcome.neighbour) == (answered.draft, answered.neighbour)
        assert (outcome.response, outcome.response_origin) == (answered.response, answered.response_origin)
    else:
        assert outcome == Drop(
            id=answered.draft.id, stage=Stage.SCREEN_RESPONSE, reason=reason, instruction=INSTRUCTION,
            response=RESPONSE, verdict=make_verdict(label),
        )  # fmt: skip


async def test_a_guard_that_fails_passes_nothing() -> None:
    """A draft that could not be judged is a drop, in both filters."""
    stage, _ = screen(ServerFault("500: out of memory"))
    for outcome in (await stage.screen_instruction(make_admitted()), await stage.screen_response(make_answered())):
        assert isinstance(outcome, Drop)
        assert (outcome.reason, outcome.detail) == (Reason.ENGINE_FAILED, "ServerFault: 500: out of memory")
        assert outcome.instruction == INSTRUCTION


@pytest.mark.parametrize("kind", [*FATAL, GuardBlind])
async def test_what_would_hit_every_draft_ends_the_run(kind: type[EngineError]) -> None:
    """It is raised from both filters."""
    stage, _ = screen(kind("gone"))
    with pytest.raises(kind):
        await stage.screen_instruction(make_admitted())
    with pytest.raises(kind):
        await stage.screen_response(make_answered())


@pytest.mark.parametrize(
    ("label", "reason"),
    [
        (Label.SAFE, None),
        (Label.VIOLATES, Reason.TWIN_VIOLATES),
        (Label.UNREADABLE, Reason.VERDICT_UNREADABLE),
    ],
)
async def test_only_a_safe_twin_passes_the_first_filter(label: Label, reason: Reason | None) -> None:
    """A twin that the guard rates a violation is no twin; an unreadable verdict passes here no more than elsewhere."""
    stage, guard = screen(label)
    admitted = make_admitted()
    twin = replace(admitted, draft=replace(admitted.draft, kind=TWIN))
    outcome = await stage.screen_instruction(twin)
    assert guard.asks == [JudgeAsk(make_risk(), INSTRUCTION)]
    if reason is None:
        assert isinstance(outcome, Screened)
        assert (outcome.draft, outcome.instruction_verdict) == (twin.draft, make_verdict(label))
    else:
        assert isinstance(outcome, Drop)
        assert (outcome.stage, outcome.reason, outcome.verdict) == (
            Stage.SCREEN_INSTRUCTION,
            reason,
            make_verdict(label),
        )


async def test_mutants_are_screened_as_what_they_were_made_of() -> None:
    """A mutant that the guard rates safe is dropped, as any other request that is to be declined."""
    admitted = make_admitted()
    mutant = replace(admitted, draft=replace(admitted.draft, kind="typos"))
    outcome = await screen(Label.SAFE)[0].screen_instruction(mutant)
    assert isinstance(outcome, Drop)
    assert outcome.reason is Reason.INSTRUCTION_SAFE


@pytest.mark.parametrize("label", list(Label))
async def test_a_twins_response_must_be_safe_too(label: Label) -> None:
    """It is judged after its instruction, and only a safe one is kept."""
    stage, guard = screen(label)
    answered = make_answered()
    twin = replace(answered, draft=replace(answered.draft, kind=TWIN))
    outcome = await stage.screen_response(twin)
    assert guard.asks == [JudgeAsk(make_risk(), INSTRUCTION, RESPONSE)]
    assert isinstance(outcome, Pair) is (label is Label.SAFE)
