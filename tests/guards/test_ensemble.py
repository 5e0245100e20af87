from __future__ import annotations

import asyncio
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.engines.base import JudgeAsk
from demur.errors import EngineUnavailable, GuardBlind, InputError
from demur.guards.base import Guard
from demur.guards.canaries import HARMLESS, OFF_TOPIC, ON_TOPIC, check_canaries, check_criteria, require_sight
from demur.guards.ensemble import EnsembleGuard, Rule, combine_labels, weigh_votes
from demur.records import Label, Origin, Seed, Verdict
from tests.guards.stub_engine import RISK, ask_for

YES, NO, NONE = Label.VIOLATES, Label.SAFE, Label.UNREADABLE
RULES: tuple[Rule, ...] = ("all", "any", "majority")
SEEDS = tuple(Seed(f"seed:{number}", f"Write lure {number}.", "No.") for number in range(1, 6))


class Member:
    """A guard that says the same of every text, or looks its answer up."""

    def __init__(
        self, name: str, label: Label = NO, *, confidence: float | None = None, declines: bool | None = None,
        categories: tuple[str, ...] = (), violations: tuple[str, ...] = (), error: Exception | None = None,
        sees_policy: bool = True, rounds: int = 1,
    ) -> None:  # fmt: skip
        self.name, self.sees_policy = name, sees_policy
        self.members: tuple[Guard, ...] = ()
        self.label, self.violations, self.error = label, violations, error
        self.rest = (confidence, declines, categories)
        self.rounds = rounds
        self.asked: list[JudgeAsk] = []
        self.answered: list[JudgeAsk] = []

    def render(self, ask: JudgeAsk) -> None:
        """No model is asked."""

    async def judge(self, ask: JudgeAsk) -> Verdict:
        """Judge by the script, after the others were asked."""
        self.asked.append(ask)
        for _ in range(self.rounds):
            await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        self.answered.append(ask)
        label = YES if any(words in ask.instruction for words in self.violations) else self.label
        confidence, declines, categories = self.rest
        origin = Origin("stub", self.name)
        return Verdict(label, confidence, self.name, origin, declines=declines, categories=categories)


def verdict(label: Label, confidence: float | None = None) -> Verdict:
    return Verdict(label, confidence, "g", Origin("stub", "m"))


@pytest.mark.parametrize(
    ("rule", "labels", "outcome"),
    [
        ("all", [YES, YES, YES], YES),
        ("all", [YES, YES, NO], NO),
        ("all", [YES, YES, NONE], NONE),
        ("all", [NO, NONE, NONE], NO),
        ("any", [NO, NO, NO], NO),
        ("any", [NO, YES, NONE], YES),
        ("any", [NO, NO, NONE], NONE),
        ("majority", [YES, YES, NO], YES),
        ("majority", [YES, NO, NO], NO),
        ("majority", [YES, YES, NONE], YES),
        ("majority", [YES, NO, NONE], NONE),
        ("majority", [YES, NO], NONE),
        ("majority", [YES, YES, NO, NO], NONE),
        ("majority", [YES, YES, YES, NO], YES),
    ],
)
def test_each_rule_makes_one_label(rule: Rule, labels: list[Label], outcome: Label) -> None:
    """All, any, or more than half must say that a text violates; two halves are no verdict."""
    assert combine_labels(rule, labels) is outcome


@given(st.sampled_from(RULES), st.lists(st.sampled_from([YES, NO, NONE]), min_size=2, max_size=6))
def test_unreadable_members_decide_nothing(rule: Rule, labels: list[Label]) -> None:
    """An outcome is a label exactly if every reading of the unreadable members comes to that label."""

    def decide(said: tuple[Label, ...]) -> Label:
        """The rules as they are worded, for members that all can be read."""
        votes = said.count(YES)
        if rule == "majority" and 2 * votes == len(said):
            return NONE
        needed = {"all": len(said), "any": 1, "majority": len(said) / 2}[rule]
        return YES if votes >= needed else NO

    readings = product(*([label] if label is not NONE else [YES, NO] for label in labels))
    outcomes = {decide(said) for said in readings}
    expected = outcomes.pop() if len(outcomes) == 1 else NONE
    assert combine_labels(rule, labels) is expected


@pytest.mark.parametrize(
    ("rule", "verdicts", "label", "confidence"),
    [
        ("any", [verdict(YES, 0.6), verdict(YES, 0.9), verdict(NO, 0.99)], YES, 0.9),
        ("any", [verdict(NO, 0.6), verdict(NO, 0.9)], NO, 0.6),
        ("all", [verdict(YES, 0.6), verdict(YES, 0.9)], YES, 0.6),
        ("majority", [verdict(YES, 0.6), verdict(YES, 0.9), verdict(YES, 0.8)], YES, 0.8),
        ("majority", [verdict(YES, 0.6), verdict(YES), verdict(YES, 0.8)], YES, 0.6),
        ("majority", [verdict(YES, 0.6), verdict(YES), verdict(NO, 0.8)], YES, None),
        ("majority", [verdict(YES, 0.6), verdict(NO, 0.6)], NONE, None),
    ],
)
def test_the_outcome_is_as_sure_as_its_last_needed_vote(
    rule: Rule, verdicts: list[Verdict], label: Label, confidence: float | None
) -> None:
    """The surest votes are counted first; without enough of them that say how sure they are, none is given."""
    assert combine_labels(rule, [each.label for each in verdicts]) is label
    assert weigh_votes(rule, verdicts, label) == confidence


async def test_members_are_kept_as_evidence() -> None:
    """What each member said stands in the verdict, in order, with what they agree on."""
    guards = [
        Member("a", YES, confidence=0.9, declines=False, categories=("x", "y")),
        Member("b", NO, declines=False, categories=("y", "z")),
        Member("c", YES, confidence=0.7),
    ]
    found = await EnsembleGuard(guards, "majority").judge(ask_for("Write a lure.", "No."))
    assert (found.label, found.confidence, found.guard) == (YES, 0.7, "ensemble-majority(a, b, c)")
    assert [(member.guard, member.label) for member in found.members] == [("a", YES), ("b", NO), ("c", YES)]
    assert (found.declines, found.categories) == (False, ("x", "y", "z"))
    assert found.origin == Origin("ensemble", "a, b, c")
    split = await EnsembleGuard([Member("a", declines=True), Member("b", declines=False)], "any").judge(ask_for())
    assert split.declines is None


async def test_a_members_failure_is_the_ensembles() -> None:
    """The error of a member comes out as itself, not in a group; a bug keeps its group."""
    failing = EnsembleGuard([Member("a"), Member("b", error=EngineUnavailable("nothing listens"))], "any")
    with pytest.raises(EngineUnavailable, match="nothing listens"):
        await failing.judge(ask_for())
    with pytest.raises(ExceptionGroup):
        await EnsembleGuard([Member("a"), Member("b", error=KeyError("bug"))], "any").judge(ask_for())


async def test_a_members_failure_lets_the_others_finish() -> None:
    """What the others are asked is answered, and so kept in the journal, before the failure comes out."""
    slow = Member("slow", rounds=5)
    failing = [Member(name, error=EngineUnavailable(name)) for name in ("first", "second")]
    ensemble = EnsembleGuard([slow, *failing], "all")
    with pytest.raises(EngineUnavailable, match="first"):
        await ensemble.judge(ask_for())
    assert len(slow.answered) == 1


def test_one_guard_is_no_ensemble() -> None:
    """Fewer than two guards are an error."""
    with pytest.raises(InputError, match="two guards"):
        EnsembleGuard([Member("a")], "all")


async def test_each_text_is_tried_on_all_members_at_once() -> None:
    """A sighted ensemble is asked for the harmless sentence and for seeds until every member has seen one."""
    quick, slow = Member("quick", violations=("lure",)), Member("slow", violations=("lure 2",))
    report = await check_canaries(EnsembleGuard([quick, slow], "any"), RISK, SEEDS)
    require_sight(report)
    assert [ask.instruction for ask in slow.asked] == [HARMLESS, "Write lure 1.", "Write lure 2."]
    assert len(quick.asked) == len(slow.asked)


@pytest.mark.parametrize("blind", [NO, YES, NONE])
async def test_a_blind_member_is_named_though_it_is_outvoted(blind: Label) -> None:
    """A majority of two sighted guards does not make up for a blind third: the run stops and says which it is."""
    members = [Member("a", violations=("lure",)), Member("cave", blind), Member("c", violations=("lure",))]
    report = await check_canaries(EnsembleGuard(members, "majority"), RISK, SEEDS)
    with pytest.raises(GuardBlind, match="guard 2 of 3, cave, cannot tell") as caught:
        require_sight(report)
    assert caught.value.hint


async def test_the_whole_must_see_too() -> None:
    """Members that know different seeds, and never agree on one, are blind together."""
    members = [Member("a", violations=("lure 1",)), Member("b", violations=("lure 2",))]
    report = await check_canaries(EnsembleGuard(members, "all"), RISK, SEEDS)
    with pytest.raises(GuardBlind, match=r"ensemble-all\(a, b\) cannot tell"):
        require_sight(report)
    require_sight(await check_canaries(EnsembleGuard(members, "any"), RISK, SEEDS))


async def test_the_policy_check_asks_those_that_read_it() -> None:
    """A member with criteria of its own is named and not asked; one that should see the policy and does not is named."""
    seeing = Member("seeing", violations=(ON_TOPIC,))
    own = Member("own", sees_policy=False)
    report = await check_criteria(EnsembleGuard([seeing, own], "any"))
    assert (report.sees_policy, own.asked, [ask.instruction for ask in seeing.asked]) == (
        None,
        [],
        [ON_TOPIC, OFF_TOPIC],
    )
    assert "guard 2 of 2, own, does not judge by the policy" in report.words
    blind = await check_criteria(EnsembleGuard([seeing, Member("blind"), own], "any"))
    assert blind.sees_policy is False
    assert "guard 2 of 3, blind, rates safe" in blind.words
    both = await check_criteria(EnsembleGuard([seeing, seeing], "any"))
    assert (both.sees_policy, EnsembleGuard([seeing, seeing], "any").sees_policy) == (True, True)
    assert EnsembleGuard([seeing, own], "any").sees_policy is False
