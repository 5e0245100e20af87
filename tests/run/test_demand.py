from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from demur.records import Stage
from demur.run.demand import GUARDED, Demand, Yield

COUNT = st.integers(0, 300)
TRIALS = st.lists(st.booleans(), max_size=60)


@st.composite
def demands(draw: st.DrawFn) -> Demand:
    """A task anywhere on its way, with whatever yields it has seen."""
    demand = Demand(
        wanted=draw(st.integers(1, 500)),
        per_round=draw(st.integers(1, 20)),
        accepted=draw(COUNT),
        open_rounds=draw(st.integers(0, 40)),
        waiting_drafts=draw(COUNT),
        held=draw(COUNT),
    )
    for stage in GUARDED:
        demand.inside[stage] = draw(COUNT)
        for passed in draw(TRIALS):
            demand.passing[stage].note(passed)
    for passed in draw(TRIALS):
        demand.deduping.note(passed)
    for share in draw(st.lists(st.floats(0, 1), max_size=20)):
        demand.proposing.note(share)
    return demand


@given(demands())
def test_what_is_expected_is_possible(demand: Demand) -> None:
    """Chances lie between 0 and 1 and grow from stage to stage; no more pairs are expected than drafts are inside."""
    chances = [demand.expect_from(stage) for stage in GUARDED]
    assert all(0 < chance < 1 for chance in chances)
    assert chances == sorted(chances)
    assert 0 <= demand.expect_inside() <= demand.guarded


@given(demands())
def test_a_run_cannot_stand_still(demand: Demand) -> None:
    """With nothing in flight and pairs still missing, there is always something to begin."""
    demand.open_rounds = demand.waiting_drafts = 0
    demand.inside = dict.fromkeys(GUARDED, 0)
    demand.accepted = min(demand.accepted, demand.wanted - 1)
    if demand.held:
        assert demand.wants_draft()
    else:
        assert demand.wants_round()


@given(demands())
def test_nothing_is_begun_once_all_is_there(demand: Demand) -> None:
    """As many pairs as were asked for: no draft is let in, no round is opened."""
    demand.accepted = demand.wanted
    assert not demand.wants_draft()
    assert not demand.wants_round()


@given(demands(), st.sampled_from(GUARDED))
def test_more_work_in_hand_never_raises_the_need(demand: Demand, stage: Stage) -> None:
    """A further draft inside, held or waiting, or a further open round, makes no wish out of a refusal."""
    draft, proposal = demand.wants_draft(), demand.wants_round()
    demand.inside[stage] += 1
    assert draft or not demand.wants_draft()
    assert proposal or not demand.wants_round()
    demand.held += 1
    demand.waiting_drafts += 1
    demand.open_rounds += 1
    assert proposal or not demand.wants_round()


@given(wanted=st.integers(1, 200), accepted=st.integers(0, 200))
def test_drafts_are_let_in_one_for_one(wanted: int, accepted: int) -> None:
    """Where everything passes, exactly the missing pairs are let in, and not one draft more."""
    demand = Demand(wanted, 5, accepted=accepted)
    for each in demand.passing.values():
        each.note(10_000_000, 10_000_000)
    while demand.wants_draft():
        demand.inside[Stage.SCREEN_INSTRUCTION] += 1
    assert demand.guarded == max(0, wanted - accepted)


def test_a_low_yield_lets_more_in() -> None:
    """Where one in four passes, about four drafts for each missing pair are let in."""
    demand = Demand(100, 5)
    demand.passing[Stage.SCREEN_INSTRUCTION].note(250, 1000)
    for stage in GUARDED[1:]:
        demand.passing[stage].note(100_000, 100_000)
    while demand.wants_draft():
        demand.inside[Stage.SCREEN_INSTRUCTION] += 1
    assert 390 <= demand.guarded <= 405


def test_proposals_run_ahead_by_a_little() -> None:
    """At the start of a long run, what is proposed covers the need and little more; near the end, only the need."""
    demand = Demand(1000, 5)
    for each in (demand.proposing, demand.deduping, *demand.passing.values()):
        each.note(1_000_000, 1_000_000)
    while demand.wants_round():
        demand.open_rounds += 1
    assert 1000 / 5 <= demand.open_rounds <= 1070 / 5
    demand.open_rounds, demand.accepted = 0, 999
    while demand.wants_round():
        demand.open_rounds += 1
    assert demand.open_rounds == 1


@given(st.lists(st.tuples(st.floats(0, 5), st.floats(0, 5)), max_size=30))
def test_a_yield_is_a_share(trials: list[tuple[float, float]]) -> None:
    """Never 0, so that hope is not lost, and never more than 1; the many trials outweigh the prior."""
    share = Yield()
    for one, other in trials:
        share.note(min(one, other), max(one, other))
    assert 0 < share.mean < 1
    share.note(3_000_000, 10_000_000)
    assert abs(share.mean - 0.3) < 0.001


@given(
    wanted=st.integers(1, 60),
    per_round=st.integers(1, 7),
    seed=st.integers(0, 1000),
    duplicate=st.floats(0, 0.6),
    fails=st.floats(0, 0.5),
)
def test_any_run_comes_to_its_end(wanted: int, per_round: int, seed: int, duplicate: float, fails: float) -> None:
    """Work that ends in any order, at any yield above nothing, reaches the pairs wanted; no count goes below zero."""
    chance = Random(seed)
    demand = Demand(wanted, per_round)
    for _ in range(20_000):
        while demand.held and demand.guarded < 8 and demand.wants_draft():
            demand.held -= 1
            demand.inside[Stage.SCREEN_INSTRUCTION] += 1
        while demand.open_rounds < 4 and demand.held < 32 and demand.wants_round():
            demand.open_rounds += 1
        assert min(demand.held, demand.open_rounds, *demand.inside.values()) >= 0
        if demand.accepted >= wanted:
            break
        busy = [stage for stage in GUARDED if demand.inside[stage]]
        assert busy or demand.open_rounds
        if demand.open_rounds and (not busy or chance.random() < 0.3):
            demand.open_rounds -= 1
            drafts = chance.randint(0, per_round)
            demand.proposing.note(drafts / per_round)
            for _ in range(drafts):
                new = chance.random() >= duplicate
                demand.deduping.note(new)
                demand.held += new
            continue
        stage = chance.choice(busy)
        passed = chance.random() >= fails
        demand.inside[stage] -= 1
        demand.passing[stage].note(passed)
        if passed and stage is GUARDED[-1]:
            demand.accepted += 1
        elif passed:
            demand.inside[GUARDED[GUARDED.index(stage) + 1]] += 1
    assert demand.accepted >= wanted
