from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.inputs.calibration import Replies
from demur.records import Drop, Pair, Reason, Seed, Stage
from demur.stages.dedupe import OFF
from demur.stages.describe_reply import read_opening
from demur.stages.novelty import NoveltyIndex
from demur.stages.settle import STALL_PAIRS, Ledger, Settlement
from tests.samples import make_pair

WORDS = ("open", "shut", "lock", "door", "key", "please", "quietly", "now", "here", "there")
texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=8).map(" ".join)
strand_lists = st.lists(st.lists(st.tuples(texts, texts), max_size=12), min_size=1, max_size=4)


def number(strands: Sequence[Sequence[tuple[str, str]]]) -> list[list[Pair]]:
    """Pairs of strands: the rounds of strand s are s, s + n, …"""
    return [
        [
            place(make_pair(instruction=one, response=other), s + rank * len(strands))
            for rank, (one, other) in enumerate(strand)
        ]
        for s, strand in enumerate(strands)
    ]


def place(pair: Pair, number: int, **draft: object) -> Pair:
    place_id = replace(pair.draft.id, round=number)
    return replace(pair, draft=replace(pair.draft, id=place_id, **draft))  # type: ignore[arg-type]


def settle(
    strands: Sequence[Sequence[Pair]],
    quotas: Sequence[int],
    rules: Replies,
    wanted: int,
    threshold: float,
    stall_pairs: int = STALL_PAIRS,
) -> Settlement:
    """The settling of strands that will accept no more."""
    settlement = Settlement(quotas, Ledger(threshold, rules, wanted), stall_pairs=stall_pairs)
    settlement.advance(strands, [True] * len(strands))
    return settlement


def score(one: str, other: str) -> float:
    index = NoveltyIndex(1.0)
    index.add("x", other)
    match = index.nearest(one)
    return match.score if match else 0.0


def settle_naively(
    strands: list[list[Pair]], quotas: list[int], rules: Replies, wanted: int, threshold: float, stall: int
) -> tuple[list[Pair], list[tuple[Pair, Reason]]]:
    """What the page says, in the plainest way: every text with every other."""
    taken: list[Pair] = []
    dropped: list[tuple[Pair, Reason]] = []
    counts, vain = [0] * len(strands), [0] * len(strands)
    for rank in range(max(map(len, strands), default=0)):
        for s, strand in enumerate(strands):
            if rank >= len(strand) or counts[s] >= quotas[s] or vain[s] >= stall:
                continue
            pair, reason = strand[rank], None
            opening = Counter(read_opening(each.response) for each in taken)[read_opening(pair.response)]
            if any(score(pair.draft.instruction, each.draft.instruction) >= threshold for each in taken):
                reason = Reason.NEAR_DUPLICATE
            elif rules.max_opening_share and opening >= max(1, int(rules.max_opening_share * wanted + 1e-9)):
                reason = Reason.OPENING_REPEATED
            elif rules.max_similarity and any(
                score(pair.response, each.response) >= rules.max_similarity for each in taken
            ):
                reason = Reason.RESPONSE_REPEATED
            if reason:
                dropped.append((pair, reason))
                vain[s] += 1
            else:
                taken.append(pair)
                counts[s], vain[s] = counts[s] + 1, 0
    return taken, dropped


rules_given = st.builds(
    Replies,
    max_opening_share=st.sampled_from([None, 0.1, 0.25, 1.0]),
    max_similarity=st.sampled_from([None, 0.5, 0.9]),
)


@given(strand_lists, st.integers(0, 8), rules_given, st.sampled_from([0.5, 0.7, 1.0]), st.sampled_from([2, 3, 30]))
def test_settling_is_what_comparing_all_with_all_gives(
    written: list[list[tuple[str, str]]], quota: int, rules: Replies, threshold: float, stall: int
) -> None:
    """Pairs, drops with their reasons, and shortages are those of the plainest implementation."""
    strands = number(written)
    quotas = [quota + place for place in range(len(strands))]
    settled = settle(strands, quotas, rules, 20, threshold, stall)
    taken, dropped = settle_naively(strands, quotas, rules, 20, threshold, stall)
    assert settled.taken == taken
    assert [(drop.id, drop.reason) for drop in settled.drops] == [(pair.draft.id, reason) for pair, reason in dropped]
    assert {drop.stage for drop in settled.drops} <= {Stage.SETTLE}
    assert sum(settled.counts) == len(taken)


@given(strand_lists, rules_given, st.data())
def test_settling_in_steps_comes_to_the_same(
    written: list[list[tuple[str, str]]], rules: Replies, data: st.DataObject
) -> None:
    """However the strands grow, what was taken before stays the beginning, and the end is the same."""
    strands = number(written)
    quotas = [6] * len(strands)
    whole = settle(strands, quotas, rules, 20, 0.7)
    settlement = Settlement(quotas, Ledger(0.7, rules, 20))
    lengths = [0] * len(strands)
    while lengths != [len(strand) for strand in strands]:
        lengths = [data.draw(st.integers(now, len(s))) for now, s in zip(lengths, strands, strict=True)]
        parts = [strand[:length] for strand, length in zip(strands, lengths, strict=True)]
        before = list(settlement.taken)
        settlement.advance(parts, [False] * len(strands))
        assert settlement.taken[: len(before)] == before
        assert settlement.taken == whole.taken[: len(settlement.taken)]
    settlement.advance(strands, [True] * len(strands))
    assert (settlement.taken, settlement.drops) == (whole.taken, whole.drops)


@given(strand_lists, rules_given)
def test_what_is_missing_brings_it_further(written: list[list[tuple[str, str]]], rules: Replies) -> None:
    """While quotas are open, some strand is asked for more; and never for more than its quota lacks."""
    strands = number(written)
    quotas = [6] * len(strands)
    settlement = Settlement(quotas, Ledger(0.7, rules, 20))
    settlement.advance(strands, [False] * len(strands))
    missing = settlement.count_missing(strands, [False] * len(strands))
    is_open = [count < 6 and s not in settlement.barren for s, count in enumerate(settlement.counts)]
    assert any(missing) == any(is_open)
    assert all(lack <= 6 - count for lack, count in zip(missing, settlement.counts, strict=True))


def test_a_strand_that_only_repeats_is_given_up() -> None:
    """After so many pairs in a row that cannot be taken nothing more is asked of it; the others are filled."""
    same = [(f"w{n} v{n} u{n}", "I cannot help with that, friend.") for n in range(STALL_PAIRS + 9)]
    other = [(f"a{n} b{n} c{n}", f"No {n} of {n}, and {n} more.") for n in range(4)]
    strands = number([same, other])
    settlement = Settlement([3, 4], Ledger(0.7, Replies(max_opening_share=0.01), 7))
    settlement.advance(strands, [False, True])
    assert settlement.counts == [1, 4]
    assert settlement.barren == {0}
    assert settlement.considered[0] == STALL_PAIRS + 1
    assert settlement.count_missing(strands, [False, True]) == [0, 0]
    assert {drop.reason for drop in settlement.drops} == {Reason.OPENING_REPEATED}
    assert "i cannot help with that" in settlement.drops[0].detail


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("I can’t help with that, sorry.", "I can't help with THAT -- ever!"),
        ("**No.** I won't do it for you.", "No: I won't do it."),
        ("Désolé, je ne peux pas.", "désolé je NE peux pas"),
    ],
)
def test_openings_are_compared_by_their_words(one: str, other: str) -> None:
    """Case, punctuation and the form of an apostrophe make no other opening."""
    assert read_opening(one) == read_opening(other) != ""


def test_a_mutant_may_be_near_to_its_own_family_and_to_nobody_else() -> None:
    """Typing errors leave most words: that is no duplicate of its parent, but it is one of a stranger, and a twin always is."""
    parent = place(make_pair(instruction="Open the old door with a bent wire now"), 0)
    stranger = place(make_pair(instruction="Which birds sing before the sun comes up here"), 1)
    close = make_pair(instruction="Opne the old door with a bent wire now")

    def make(kind: str, of: Pair, instruction: str = close.draft.instruction) -> Pair:
        branch = replace(of.draft.id, branch=f"{kind}.0")
        return place(
            replace(close, draft=replace(close.draft, instruction=instruction)),
            branch.round,
            parent=of.draft.id,
            kind=kind,
        )

    def admit(made: Pair) -> Pair | Drop:
        ledger = Ledger(0.7, Replies(), 10, seeds=(Seed("seed:1", "How do bees find their way home", "No."),))
        assert ledger.admit(parent) == parent
        assert ledger.admit(stranger) == stranger
        return ledger.admit(made)

    kept = admit(make("typos", parent))
    assert isinstance(kept, Pair)
    assert kept.neighbour is not None
    assert kept.neighbour.id == str(parent.draft.id)
    for made in (
        make("typos", stranger),
        make("twin", parent),
        make("typos", parent, parent.draft.instruction),
        make("past_tense", parent, "How do bees find their way home"),
    ):
        dropped = admit(made)
        assert isinstance(dropped, Drop)
        assert dropped.reason is Reason.NEAR_DUPLICATE


def test_without_filtering_nothing_is_a_duplicate() -> None:
    """Where the builder filters no duplicates, settling does not either."""
    strands = number([[("open the door", "No.")], [("open the door", "Never.")]])
    assert len(settle(strands, [1, 1], Replies(), 2, OFF).taken) == 2
