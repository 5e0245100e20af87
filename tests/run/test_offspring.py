from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.errors import BudgetSpent
from demur.inputs.calibration import Contrast, Mutate, Replies
from demur.records import DraftId, Drop, Outcome, Pair, Reason, Stage, Status, identify
from demur.run.offspring import STALL_PLACES, MutantBreeder, OffspringRun, Place, TwinBreeder
from demur.run.progress import TaskProgress
from demur.run.recipe import Enter, Recipe
from demur.run.scheduler import FailureStreak
from demur.run.strands import Strand
from demur.stages.settle import Ledger
from tests.run.world import chance
from tests.samples import make_pair, make_risk

NO_RECIPE = cast(Recipe, None)


class ScriptedBreeder:
    """Makes twins whose fate follows from their place: dropped, or one of a few texts, so that many repeat each other."""

    name, key, turns = "twins", "contrast", 3

    def __init__(self, seed: int, *, fails: float, texts: int, attempts: int = 2, jitter_s: float = 0.0) -> None:
        self.seed, self.fails, self.texts, self.attempts, self.jitter_s = seed, fails, texts, attempts, jitter_s
        self.made = 0
        self.broke_after = 10**9
        self.stall = STALL_PLACES

    def count_wanted(self, strand: Strand) -> int:
        """As the strand says."""
        return strand.twins

    def count_turns(self, wanted: int, parents: int) -> int:
        """Always as many."""
        return self.turns

    def fate(self, parent: Pair, place: Place, attempt: int) -> Pair | Drop:
        """What an attempt comes to."""
        what = (self.seed, place, attempt)
        made_id = replace(parent.draft.id, branch=f"twin.{place.turn * self.attempts + attempt}")
        text = f"w{int(chance(*what, 'text') * self.texts)} " * 6
        if chance(*what) < self.fails:
            return Drop(id=made_id, stage=Stage.SCREEN_INSTRUCTION, reason=Reason.TWIN_VIOLATES, instruction=text)
        pair = make_pair(instruction=text, response=f"r{text}")
        draft = replace(pair.draft, id=made_id, parent=parent.draft.id, kind="twin")
        return replace(pair, draft=draft)

    async def make(self, recipe: Recipe, parent: Pair, place: Place, attempt: int, enter: Enter) -> Pair | Drop:
        """After a while, a different one for each attempt."""
        enter(Stage.TWIN)
        await asyncio.sleep(chance("wait", self.seed, place, attempt) * self.jitter_s)
        self.made += 1
        if self.made > self.broke_after:
            raise BudgetSpent("no more")
        return self.fate(parent, place, attempt)


def make_strands(parents: Sequence[int], wanted: Sequence[int]) -> list[tuple[Strand, Recipe, list[Pair]]]:
    """Strands with so many parents each, of which so many twins are wanted."""
    strands = []
    for number, (count, twins) in enumerate(zip(parents, wanted, strict=True)):
        pairs = []
        for rank in range(count):
            pair = make_pair(instruction=f"p{number} q{rank} " * 4)
            place = DraftId("t", number + rank * len(parents), 0)
            pairs.append(replace(pair, draft=replace(pair.draft, id=place)))
        strands.append((Strand(number, make_risk(), None, count, twins), NO_RECIPE, pairs))
    return strands


def make_ledger() -> Ledger:
    return Ledger(0.7, Replies(max_similarity=0.9), 50)


def breed_in_turn(breeder: ScriptedBreeder, strands: list[tuple[Strand, Recipe, list[Pair]]]) -> list[Outcome]:
    """The same as the run, one attempt after the other: rank by rank, strand by strand."""
    ledger, outcomes = make_ledger(), list[Outcome]()
    taken, vain = [0] * len(strands), [0] * len(strands)
    for rank in range(breeder.turns * max((len(parents) for _, _, parents in strands), default=0)):
        for number, (strand, _, parents) in enumerate(strands):
            if taken[number] >= strand.twins or rank >= breeder.turns * len(parents) or vain[number] >= breeder.stall:
                continue
            turn, parent = divmod(rank, len(parents))
            for attempt in range(breeder.attempts):
                fate = breeder.fate(parents[parent], Place(number, parent, turn), attempt)
                outcome = ledger.admit(fate) if isinstance(fate, Pair) else fate
                outcomes.append(outcome)
                if isinstance(outcome, Pair):
                    break
            won = isinstance(outcomes[-1], Pair)
            taken[number] += won
            vain[number] = 0 if won else vain[number] + 1
    return outcomes


def run_offspring(
    breeder: ScriptedBreeder, strands: list[tuple[Strand, Recipe, list[Pair]]], width: int
) -> OffspringRun:
    return OffspringRun(
        breeder, strands, make_ledger(), TaskProgress("t", 10), width=width, streak=FailureStreak(), stall_places=breeder.stall
    )  # fmt: skip


def name_all(outcomes: Sequence[Outcome]) -> list[tuple[str, str]]:
    return [(str(identify(outcome)), "pair" if isinstance(outcome, Pair) else outcome.reason) for outcome in outcomes]


@given(
    st.integers(0, 10**6),
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 12)), min_size=1, max_size=4),
    st.sampled_from([0.0, 0.3, 0.9]),
    st.sampled_from([3, 30, 10**6]),
    st.sampled_from([1, 3, 64]),
    st.sampled_from([2, 4, 30]),
)
def test_the_outcome_is_that_of_one_attempt_after_the_other(
    seed: int, counts: list[tuple[int, int]], fails: float, texts: int, width: int, stall: int
) -> None:
    """Whatever the width and the order of replies: the same twins and drops in the same order as without concurrency."""
    strands = make_strands(*zip(*counts, strict=True))
    breeder = ScriptedBreeder(seed, fails=fails, texts=texts, jitter_s=0.0005)
    breeder.stall = stall
    run = run_offspring(breeder, strands, width)
    asyncio.run(run.run())
    expected = breed_in_turn(breeder, strands)
    assert name_all(run.outcomes) == name_all(expected)
    complete = all(
        sum(isinstance(o, Pair) and o.draft.parent in {p.draft.id for p in parents} for o in expected) >= strand.twins
        for strand, _, parents in strands
    )
    assert run.status is (Status.COMPLETE if complete else Status.STALLED)
    assert bool(list(run.list_warnings())) is not complete


async def test_nothing_is_begun_that_cannot_be_needed() -> None:
    """Without failures as many attempts as twins; with failures that no comparison causes, as many as are told of."""
    for fails in (0.0, 0.4):
        breeder = ScriptedBreeder(7, fails=fails, texts=10**9, jitter_s=0.002)
        run = run_offspring(breeder, make_strands([40, 30], [30, 20]), 64)
        await run.run()
        assert run.status is Status.COMPLETE
        assert breeder.made == len(run.outcomes)


@pytest.mark.parametrize("after", [1, 5, 17, 40])
async def test_a_spent_budget_leaves_the_beginning(after: int) -> None:
    """What is decided by then is the beginning of the whole; places of which an attempt is missing stay undecided."""
    strands = make_strands([20, 20], [15, 15])
    breeder = ScriptedBreeder(3, fails=0.4, texts=200, jitter_s=0.002)
    whole = name_all(breed_in_turn(breeder, strands))
    breeder.broke_after = after
    run = run_offspring(breeder, strands, 8)
    await run.run()
    assert run.status is Status.BUDGET_SPENT
    assert name_all(run.outcomes) == whole[: len(run.outcomes)]
    assert len(run.outcomes) <= after


async def test_a_strand_that_brings_nothing_is_given_up() -> None:
    """After so many places in a row it counts as short, and the warning says what became of the attempts."""
    breeder = ScriptedBreeder(3, fails=1.0, texts=10)
    run = run_offspring(breeder, make_strands([100], [100]), 4)
    await run.run()
    assert run.status is Status.STALLED
    assert len(run.outcomes) == STALL_PLACES * breeder.attempts
    assert list(run.list_warnings()) == [
        "contrast: lock_picking has 0 of 100 twins: 60 of 60 attempts were dropped (mostly: twin violates)"
    ]


async def test_mutants_take_kinds_and_languages_in_turn() -> None:
    """Every kind comes as often as any other within a strand, and so do the languages; what comes again is a new variant."""
    asked: list[tuple[str, str, int]] = []

    class Listening:
        async def make_mutant(
            self, parent: Pair, kind: str, language: str, enter: Enter, *, variant: int
        ) -> Pair | Drop:
            asked.append((kind, language, variant))
            return Drop(id=parent.draft.id, stage=Stage.MUTATE, reason=Reason.MUTANT_UNCHANGED)

    breeder = MutantBreeder(Mutate(kinds=("typos", "language"), languages=("German", "French")))
    assert breeder.count_turns(10, 10) == 4
    for turn in range(4):
        for parent in range(4):
            place = Place(1, parent, turn)
            await breeder.make(cast(Recipe, Listening()), make_pair(), place, 0, lambda _: None)
    assert sorted(asked[:4]) == [
        ("language", "French", 0),
        ("language", "German", 0),
        ("typos", "", 0),
        ("typos", "", 0),
    ]
    assert sorted(asked[4:8]) == sorted(asked[:4])
    for first, second in zip(asked[:4], asked[4:8], strict=True):
        assert first[0] != second[0]
    assert {variant for _, _, variant in asked[8:]} == {1}
    for first, second in zip(asked[:8], asked[8:], strict=True):
        assert first[0] == second[0]
        assert (first[1] != second[1]) is (first[0] == "language")


def test_few_parents_are_come_back_to_as_often_as_many() -> None:
    """A strand is not given up for having one parent: it has as many places as are tried in vain before that."""
    for breeder in (MutantBreeder(Mutate(kinds=("typos",))), TwinBreeder(Contrast())):
        assert breeder.count_turns(1, 1) == STALL_PLACES
        assert breeder.count_turns(1, 7) * 7 >= STALL_PLACES
        assert breeder.count_turns(100, 10) == 40
