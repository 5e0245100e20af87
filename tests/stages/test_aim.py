from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.inputs.axes import SHIPPED_AXES
from demur.inputs.task import TaskInputs
from demur.records import Aim
from demur.stages.aim import plan_aims
from tests.samples import make_inputs, make_risk


def list_values(inputs: TaskInputs, axis: str, rounds: range, **strand: int) -> list[str]:
    plan = plan_aims(inputs, 7, **strand)  # type: ignore[arg-type]
    return [dict(plan.aim(number).axes)[axis] for number in rounds]


def test_a_task_that_asks_for_nothing_aims_at_nothing() -> None:
    """Each round's aim is the empty one."""
    plan = plan_aims(make_inputs(), 0)
    assert {plan.aim(number) for number in range(9)} == {Aim()}
    assert plan.phrase_clause(Aim()) == ""


@pytest.mark.parametrize("more", [{"balance": "clause"}, {"axes": {"tense": ["past", "future"]}}])
def test_clauses_come_in_turn(more: dict[str, object]) -> None:
    """Where aims are asked for, the rounds of a strand go through the clauses in the policy's order."""
    plan = plan_aims(make_inputs(**more), 0)  # type: ignore[arg-type]
    assert [plan.aim(number).clause for number in range(5)] == [0, 1, 0, 1, 0]
    assert plan.phrase_clause(plan.aim(3)) == "Advice on copying keys in secret"


def test_a_strand_may_keep_to_one_clause() -> None:
    """All of its rounds aim there."""
    plan = plan_aims(make_inputs(balance="clause"), 0, clause=1, strand=1, strands=2)
    assert {plan.aim(number).clause for number in range(1, 21, 2)} == {1}


def test_the_rounds_of_every_strand_go_through_all_clauses() -> None:
    """Also where a strand has every other round only."""
    plan = plan_aims(make_inputs(axes="default"), 0, strand=1, strands=2)
    assert [plan.aim(number).clause for number in range(1, 9, 2)] == [0, 1, 0, 1]


def test_an_aim_names_its_risk_where_there_are_several() -> None:
    """With one risk the name is left out: it goes without saying."""
    one = make_inputs()
    other = make_risk(risk="queue_jumping")
    two = TaskInputs(one.task, one.policy, (one.risk, other), one.seeds, one.sources)
    assert plan_aims(one, 0).aim(0) == Aim()
    plan = plan_aims(two, 0, risk=other)
    assert (plan.risk, plan.aim(0)) == (other, Aim("queue_jumping"))


@given(
    seed=st.integers(0, 2**31),
    sizes=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    strands=st.integers(1, 12),
    data=st.data(),
)
def test_the_values_of_an_axis_come_equally_often(
    seed: int, sizes: list[int], strands: int, data: st.DataObject
) -> None:
    """After any number of a strand's rounds, no value came twice more often than another."""
    axes = {f"axis {number}": [f"value {n}" for n in range(size)] for number, size in enumerate(sizes)}
    strand = data.draw(st.integers(0, strands - 1))
    rounds = data.draw(st.integers(0, 40))
    plan = plan_aims(make_inputs(axes=axes), seed, strand=strand, strands=strands)
    for axis, values in axes.items():
        drawn = Counter(dict(plan.aim(strand + strands * rank).axes)[axis] for rank in range(rounds))
        counts = [drawn[value] for value in values]
        assert sum(counts) == rounds
        assert max(counts) - min(counts) <= 1


def test_strands_side_by_side_bring_different_values() -> None:
    """In one sweep over as many strands as an axis has values, each value comes once."""
    inputs = make_inputs(axes={"persona": list("abcde")})
    for rank in range(20):
        drawn = [
            dict(plan_aims(inputs, 3, strand=strand, strands=5).aim(rank * 5 + strand).axes)["persona"]
            for strand in range(5)
        ]
        assert sorted(drawn) == list("abcde")


def test_axes_do_not_go_in_step() -> None:
    """Of two axes of the same length, every pair of values comes up; so does every value with every clause."""
    inputs = make_inputs(axes={"one": list("abcd"), "two": list("wxyz")})
    plan = plan_aims(inputs, 0)
    aims = [plan.aim(number) for number in range(160)]
    assert len({aim.axes for aim in aims}) == 16
    assert len({(aim.clause, aim.axes[0]) for aim in aims}) == 8


def test_aims_are_drawn_by_seed_task_and_round() -> None:
    """The same ones give the same aims, others do not."""
    inputs = make_inputs(axes="default")
    first = [plan_aims(inputs, 1).aim(number) for number in range(12)]
    assert first == [plan_aims(inputs, 1).aim(number) for number in range(12)]
    assert first != [plan_aims(inputs, 2).aim(number) for number in range(12)]
    other = make_inputs(axes="default", task_name="tests/other")
    assert first != [plan_aims(other, 1).aim(number) for number in range(12)]
    assert [axis for axis, _ in first[0].axes] == list(SHIPPED_AXES)
    # These may never change: a run that is resumed would ask for something else than what its journal holds.
    assert list_values(inputs, "tense", range(4)) == PINNED


PINNED = ["past: how it was done", "future: what is planned", "present", "future: what is planned"]
