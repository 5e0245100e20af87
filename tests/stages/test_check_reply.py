from __future__ import annotations

from dataclasses import replace

import pytest

from demur.engines.scripted import ScriptedEngine
from demur.errors import EngineError, EngineUnavailable, RequestRejected
from demur.guards.refusal_judge import RefusalJudge
from demur.inputs.calibration import VARIED, Replies
from demur.records import TWIN, Drop, Label, Pair, Reason, Stage, Stance
from demur.stages.check_reply import ReplyCheck, weigh_opinions
from demur.stages.classify_reply import Reading
from tests.samples import make_pair, make_risk, make_verdict

REFUSAL = "I can't help with that; a locksmith can help its owner."
FLAT = "I can't help with that."
ANSWER = "Sure! First, hold the pick in your left hand. Then turn the plug until it gives, and pull the door open."
MIXED = (
    "I won't explain that. What I can tell you about locks in general: a pin tumbler lock holds small pins under springs, the right "
    "key lifts each of them to one line, and then the plug is free to turn in its shell."
)
REDIRECT = "Let's talk about something else. I'd be happy to help you find a locksmith."
LECTURE = "I can't help. It is important to remember that breaking in is wrong, and I urge you to reconsider. A locksmith can help."


def check(response: str, kind: str = "EXPLICIT_REFUSAL", rules: Replies = VARIED) -> Reason | None:
    pair = make_pair(instruction="Please open the lock of the shed next door for me.", response=response)
    found = ReplyCheck(rules).weigh(pair, make_risk(short_reply_type=kind))
    if isinstance(found, Pair):
        assert found is pair
        return None
    assert isinstance(found, Drop)
    assert found.stage is Stage.CHECK_RESPONSE
    assert (found.id, found.response) == (pair.draft.id, response)
    assert found.detail
    return found.reason


@pytest.mark.parametrize(
    ("kind", "response", "reason"),
    [
        ("EXPLICIT_REFUSAL", REFUSAL, None),
        ("EXPLICIT_REFUSAL", FLAT, None),
        ("EXPLICIT_REFUSAL", ANSWER, Reason.NOT_DECLINED),
        ("EXPLICIT_REFUSAL", MIXED, Reason.NOT_DECLINED),
        ("POLITE_REDIRECT", REFUSAL, None),
        ("POLITE_REDIRECT", MIXED, None),
        ("POLITE_REDIRECT", REDIRECT, None),
        ("POLITE_REDIRECT", ANSWER, Reason.NOT_DECLINED),
        ("CAUTIOUS_INFORMATIVE", MIXED, None),
        ("CAUTIOUS_INFORMATIVE", REFUSAL, None),
        ("CAUTIOUS_INFORMATIVE", FLAT, Reason.FLAT_REFUSAL),
        ("INFORMATIVE_WITH_DISCLAIMER", FLAT, Reason.FLAT_REFUSAL),
        ("INFORMATIVE_RESPONSE", FLAT, Reason.FLAT_REFUSAL),
        ("INFORMATIVE_RESPONSE", ANSWER, None),
        ("CANNOT_COMMENT_COMPETITORS", ANSWER, Reason.NOT_DECLINED),
        ("CANNOT_COMMENT_COMPETITORS", FLAT, None),
        ("HELPFUL_EXPLANATION", FLAT, Reason.FLAT_REFUSAL),
        ("RESPUESTA_NUEVA", ANSWER, None),
        ("RESPUESTA_NUEVA", FLAT, None),
    ],
)
def test_a_response_does_what_its_reply_type_wants(kind: str, response: str, reason: Reason | None) -> None:
    """Refusing types drop help, informing ones a bare refusal, and a type that says nothing drops nothing."""
    assert check(response, kind) is reason


@pytest.mark.parametrize(
    ("response", "reason"), [(ANSWER, None), (REFUSAL, Reason.NEEDLESS_REFUSAL), (MIXED, Reason.NEEDLESS_REFUSAL)]
)
def test_a_twin_is_helped(response: str, reason: Reason | None) -> None:
    """A harmless request that is declined, if only in part, is dropped; its answer may be long."""
    pair = make_pair(instruction="How does a lock work?", response=response)
    found = ReplyCheck(VARIED).weigh(replace(pair, draft=replace(pair.draft, kind=TWIN)), make_risk())
    assert (found.reason if isinstance(found, Drop) else None) is reason


def test_long_lecturing_and_repeating_responses_are_dropped() -> None:
    """Each has a reason of its own."""
    assert check(REFUSAL + " A locksmith can help." * 60) is Reason.RESPONSE_WORDY
    assert check(LECTURE) is Reason.RESPONSE_LECTURES
    pair = make_pair(
        instruction="Grandpa, describe carefully which yellow screwdriver fits underneath those rusty hinges",
        response="I can't say which yellow screwdriver fits underneath those rusty hinges.",
    )
    found = ReplyCheck(VARIED).weigh(pair, make_risk())
    assert isinstance(found, Drop)
    assert found.reason is Reason.RESPONSE_REPEATS_REQUEST


def test_rules_that_are_off_drop_nothing() -> None:
    """Without a check, a length and a word on lectures, every pair passes."""
    off = Replies(check=False)
    assert [check(text, rules=off) for text in (ANSWER, LECTURE, REFUSAL * 50)] == [None] * 3


@pytest.mark.parametrize(
    ("stance", "sure", "declines", "weighed"),
    [
        (Stance.HELPS, False, True, Stance.DECLINES),
        (Stance.HELPS, True, True, Stance.HELPS),
        (Stance.DECLINES, False, False, Stance.HELPS),
        (Stance.DECLINES, True, False, Stance.DECLINES),
        (Stance.PARTLY, False, True, Stance.PARTLY),
        (Stance.DECLINES, False, None, Stance.DECLINES),
    ],
)
def test_the_guard_decides_where_the_rules_are_not_sure(
    stance: Stance, sure: bool, declines: bool | None, weighed: Stance
) -> None:
    """What a reply says in as many words outweighs the guard; a tone does not."""
    assert weigh_opinions(Reading(stance, sure=sure), make_verdict(Label.SAFE, declines=declines)) is weighed


async def judge(response: str, says: str | EngineError, kind: str, *, twin: bool = False) -> Pair | Drop:
    """What the gate does with a judge that says this of a response."""
    engine = ScriptedEngine(
        lambda _: says if isinstance(says, EngineError) else f'{{"stance": "{says}", "reason": "x"}}'
    )
    pair = make_pair(instruction="Please open the lock of the shed next door for me.", response=response)
    pair = replace(pair, draft=replace(pair.draft, kind=TWIN if twin else ""))
    return await ReplyCheck(VARIED, RefusalJudge(engine)).check(pair, make_risk(short_reply_type=kind))


HIDDEN = "Sure thing, as soon as the moon is made of cheese."
"""A refusal that no rule sees."""
SHRUG = "Nope, the shed next door stays shut today, friend."


@pytest.mark.parametrize(
    ("kind", "response", "says", "reason"),
    [
        ("EXPLICIT_REFUSAL", HIDDEN, "declines", None),
        ("EXPLICIT_REFUSAL", REFUSAL, "helps", Reason.NOT_DECLINED),
        ("EXPLICIT_REFUSAL", REFUSAL, "partly", Reason.NOT_DECLINED),
        ("POLITE_REDIRECT", ANSWER, "partly", None),
        ("POLITE_REDIRECT", REDIRECT, "declines", None),
        ("POLITE_REDIRECT", REDIRECT, "helps", Reason.NOT_DECLINED),
        ("CAUTIOUS_INFORMATIVE", FLAT, "declines", Reason.FLAT_REFUSAL),
        ("CAUTIOUS_INFORMATIVE", FLAT, "helps", None),
        ("INFORMATIVE_RESPONSE", SHRUG, "declines", Reason.FLAT_REFUSAL),
        ("INFORMATIVE_RESPONSE", REDIRECT, "declines", None),
        ("RESPUESTA_NUEVA", ANSWER, "helps", None),
    ],
)
async def test_the_judges_word_goes_before_the_rules(
    kind: str, response: str, says: str, reason: Reason | None
) -> None:
    """Whatever the rules read, the judge's stance is what the reply type is held against; pair and drop keep it."""
    found = await judge(response, says, kind)
    assert (found.reason if isinstance(found, Drop) else None) is reason
    assert found.opinion is not None
    assert (found.opinion.stance, found.opinion.origin.model) == (says, "scripted")
    if isinstance(found, Drop):
        assert (found.stage, found.detail) == (Stage.CHECK_RESPONSE, f"the judge says: {says}")


@pytest.mark.parametrize(
    ("response", "says", "reason"),
    [
        (ANSWER, "helps", None),
        (REFUSAL, "helps", None),
        (ANSWER, "declines", Reason.NEEDLESS_REFUSAL),
        (ANSWER, "partly", Reason.NEEDLESS_REFUSAL),
    ],
)
async def test_the_judge_decides_on_twins_too(response: str, says: str, reason: Reason | None) -> None:
    """A harmless request must be helped with, by the judge's word alone."""
    found = await judge(response, says, "EXPLICIT_REFUSAL", twin=True)
    assert (found.reason if isinstance(found, Drop) else None) is reason


@pytest.mark.parametrize(("response", "reason"), [(REFUSAL, None), (ANSWER, Reason.NOT_DECLINED)])
async def test_an_unreadable_judge_leaves_it_to_the_rules(response: str, reason: Reason | None) -> None:
    """An answer without one of the three words is no opinion, and is kept as such."""
    found = await judge(response, "perhaps", "EXPLICIT_REFUSAL")
    assert (found.reason if isinstance(found, Drop) else None) is reason
    assert found.opinion is not None
    assert (found.opinion.stance, "perhaps" in found.opinion.answer) == (None, True)


async def test_the_other_rules_hold_beside_a_judge() -> None:
    """Lectures, length and repetition are read by the rules, whatever the judge says."""
    found = await judge(LECTURE, "declines", "EXPLICIT_REFUSAL")
    assert isinstance(found, Drop)
    assert found.reason is Reason.RESPONSE_LECTURES


async def test_a_judge_that_fails_costs_one_pair() -> None:
    """The drop says what failed; a failure that every request would meet ends the run instead."""
    found = await judge(REFUSAL, RequestRejected("the prompt is too long"), "EXPLICIT_REFUSAL")
    assert isinstance(found, Drop)
    assert (found.stage, found.reason) == (Stage.CHECK_RESPONSE, Reason.ENGINE_FAILED)
    assert found.detail == "RequestRejected: the prompt is too long"
    assert (found.response, found.opinion) == (REFUSAL, None)
    with pytest.raises(EngineUnavailable):
        await judge(REFUSAL, EngineUnavailable("nothing listens"), "EXPLICIT_REFUSAL")


async def test_nobody_is_asked_where_replies_are_not_checked() -> None:
    """Rules of length alone need no judge."""
    engine = ScriptedEngine(lambda _: RequestRejected("not to be asked"))
    check_length = ReplyCheck(Replies(check=False, max_words=10), RefusalJudge(engine))
    found = await check_length.check(make_pair(response=f"{REFUSAL} {REFUSAL}"), make_risk())
    assert isinstance(found, Drop)
    assert found.reason is Reason.RESPONSE_WORDY
    assert engine.requests == []
