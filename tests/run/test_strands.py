from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.engines.catalog import Catalog
from demur.engines.journaling import NoStore
from demur.errors import InputError
from demur.inputs.policy import Constraints, Policy
from demur.inputs.task import TaskInputs
from demur.records import Pair, Status
from demur.run.assemble import Assembly, assemble_task
from demur.run.progress import TaskProgress
from demur.run.scheduler import TaskScheduler
from demur.run.strands import compose, split_evenly
from tests.run.world import World, make_runner
from tests.samples import make_inputs, make_risk

BALANCED = "balance: clause\nreplies: {}\n"


def make_many(clauses: list[int], **task: object) -> TaskInputs:
    """A task about several risks, each with so many clauses."""
    inputs = make_inputs(**task)  # type: ignore[arg-type]
    risks = tuple(
        make_risk(
            risk=f"risk_{n}",
            policy=Constraints(reply_cannot_contain=tuple(f"Thing {place} of {n}" for place in range(count))),
        )
        for n, count in enumerate(clauses)
    )
    policy = Policy(risk_group="g", risks=risks)
    return TaskInputs(inputs.task, policy, risks, inputs.seeds, inputs.sources)


@given(
    st.integers(1, 400),
    st.lists(st.integers(1, 6), min_size=1, max_size=4),
    st.sampled_from([0.0, 0.2, 0.5, 0.8]),
    st.sampled_from([0.0, 0.1]),
    st.booleans(),
)
def test_the_pairs_wanted_are_divided_without_rest(
    wanted: int, clauses: list[int], twins: float, mutants: float, balanced: bool
) -> None:
    """Quotas add up to what is wanted; strands differ by one at most; the shares are those wanted, or it is warned of."""
    task: dict[str, object] = {"balance": "clause"} if balanced else {}
    task |= {"contrast": {"share": twins}} if twins else {}
    task |= {"mutate": {"kinds": ["typos"], "share": mutants}} if mutants else {}
    composition = compose(make_many(clauses, **task), wanted)
    strands = composition.strands
    assert len(strands) == (sum(clauses) if balanced else len(clauses))
    assert [strand.number for strand in strands] == list(range(len(strands)))
    assert sum(strand.quota for strand in strands) == composition.proposed >= 1
    assert sum(strand.twins for strand in strands) == composition.twins
    assert sum(strand.mutants for strand in strands) == composition.mutants
    assert all(strand.quota > 0 for strand in strands if strand.twins or strand.mutants)
    totals = [strand.quota + strand.twins + strand.mutants for strand in strands]
    assert max(totals) - min(totals) <= 1
    planned = min(round(wanted * twins), wanted - 1)
    as_planned = (composition.twins, composition.mutants) == (
        planned,
        min(round(wanted * mutants), wanted - 1 - planned),
    )
    assert as_planned or composition.proposed == min(wanted, len(strands))
    assert bool(composition.warnings) is (wanted < len(strands) or not as_planned)


@given(st.integers(0, 1000), st.integers(1, 40), st.integers(0, 100))
def test_an_even_split_only_grows(total: int, parts: int, more: int) -> None:
    """Parts add up and differ by one at most, and none shrinks where more is split."""
    split = split_evenly(total, parts)
    assert sum(split) == total
    assert max(split) - min(split) <= 1
    assert all(late >= early for early, late in zip(split, split_evenly(total + more, parts), strict=True))


def test_without_optional_keys_there_is_one_strand_and_nothing_else() -> None:
    """One strand with the whole quota, nothing settled, no offspring."""
    composition = compose(make_inputs(), 30)
    [strand] = composition.strands
    assert (strand.quota, strand.twins, strand.mutants, strand.clause) == (30, 0, 0, None)
    assert not composition.settles


def test_few_pairs_leave_no_clause_out() -> None:
    """Where the share of twins would leave clauses without a pair there are fewer twins, and a warning; with more, none."""
    for wanted, share, expected in ((3, 0.5, [1, 1, 1]), (4, 0.5, [2, 1, 1]), (10, 0.8, [4, 3, 3])):
        composition = compose(make_many([3], balance="clause", contrast={"share": share}), wanted)
        assert [strand.quota + strand.twins for strand in composition.strands] == expected
        assert [strand.quota for strand in composition.strands] == [1, 1, 1]
        [said] = composition.warnings
        planned = round(wanted * share)
        assert said.startswith(
            f"contrast: {wanted - 3} twin{'s' * (wanted != 4)} in place of {planned}, so that none of the 3 clauses"
        )
    assert compose(make_many([3], balance="clause", contrast={"share": 0.5}), 6).warnings == ()
    assert compose(make_many([1, 1, 1]), 2).warnings == ("1 of the 3 risks gets no pair: ask for 3 at least (-n)",)


def test_shares_that_leave_nothing_are_refused() -> None:
    """Twins and mutants are made of proposed pairs: there must be some."""
    inputs = make_inputs(contrast={"share": 0.6}, mutate={"kinds": ["typos"], "share": 0.4})
    with pytest.raises(InputError, match="nothing is left"):
        compose(inputs, 50)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("contrast: {share: 0.6}\nmutate: {kinds: [typos], share: 0.5}\n", "take 110% of the pairs"),
        ("contrast: true\nmutate: {kinds: [obfuscation], share: 0.45}\n", "wants 45 obfuscations of 5 requests"),
    ],
)
def test_shares_that_cannot_be_met_are_refused_with_file_and_line(workspace: Path, keys: str, said: str) -> None:
    """The error says where the shares stand, and a share that it offers is one that can be met."""
    task = workspace / "task.yaml"
    text = task.read_text()
    task.write_text(text + keys)
    line = len(text.splitlines()) + 2
    with pytest.raises(InputError, match=said) as caught:
        compose(make_runner(workspace, World(), outputs=100).plan.tasks[0].inputs, 100)
    assert (caught.value.path, caught.value.line) == (task, line)
    if offered := re.search(r"`share` of ([\d.]+)", caught.value.hint):
        task.write_text(text + keys.replace("0.45", offered[1]))
        assert compose(make_runner(workspace, World(), outputs=100).plan.tasks[0].inputs, 100).mutants == 42


def assemble(workspace: Path, world: World) -> Assembly:
    """The parts of the workspace's task, its clauses balanced."""
    runner = make_runner(workspace, world, outputs=10)
    [task] = runner.plan.tasks
    return assemble_task(task, runner.plan, Catalog(64, world.engines()), NoStore())


def drive(assembly: Assembly, number: int, wanted: int, *, width: int = 8, rounds: int = 4) -> TaskScheduler:
    return TaskScheduler(
        assembly.recipes[number],
        TaskProgress("t", wanted),
        wanted=wanted,
        width=width,
        rounds=rounds,
        offset=number,
        stride=len(assembly.recipes),
    )


def read_accepted(scheduler: TaskScheduler) -> list[tuple[str, str]]:
    return [
        (str(outcome.draft.id), outcome.draft.instruction)
        for outcome in scheduler.outcomes()
        if isinstance(outcome, Pair)
    ]


@pytest.fixture
def balanced(workspace: Path) -> Path:
    """The workspace, its task balancing clauses."""
    task = workspace / "task.yaml"
    task.write_text(task.read_text() + BALANCED)
    return workspace


async def test_what_a_strand_accepts_does_not_depend_on_how_it_is_driven(balanced: Path) -> None:
    """Wanted at once or in steps, wide or narrow, alone or beside the other: the same pairs, the first ones of each other."""
    alone = drive(assemble(balanced, World()), 1, 40)
    await alone.run()
    whole = read_accepted(alone)
    assert len(whole) == 40
    assert {int(name.split("#")[1].split(".")[0]) % 2 for name, _ in whole} == {1}
    for steps, width, rounds, jitter_s in [
        ((7,), 1, 1, 0.0),
        ((3, 4, 11, 40), 4, 2, 0.002),
        ((1, 2, 3, 19, 20, 31), 64, 64, 0.003),
        ((20, 21, 22, 23, 24, 25, 40), 16, 8, 0.003),
    ]:
        assembly = assemble(balanced, World(jitter_s=jitter_s))
        stepped = drive(assembly, 1, steps[0], width=width, rounds=rounds)
        other = drive(assembly, 0, 15)
        async with asyncio.TaskGroup() as group:
            group.create_task(other.run())
            for wanted in steps:
                stepped.extend(wanted)
                await stepped.run()
                assert stepped.status is Status.COMPLETE
                assert read_accepted(stepped) == whole[:wanted]


async def test_a_strand_that_stalls_is_not_asked_for_more(balanced: Path) -> None:
    """Once stalled it stays so, with what it has, wherever its rounds lie."""
    scheduler = drive(assemble(balanced, World(duplicate=1.0, safe=0.0, unsafe=0.0, unreadable=0.0)), 0, 5)
    await scheduler.run()
    assert scheduler.status is Status.STALLED
    accepted = read_accepted(scheduler)
    scheduler.extend(9)
    assert scheduler.status is Status.STALLED
    assert read_accepted(scheduler) == accepted
    assert 0 < len(accepted) < 5


@pytest.mark.parametrize("seed", range(6))
async def test_extending_again_and_again_never_hangs(balanced: Path, seed: int) -> None:
    """Whatever was under way when it was complete is taken up again, in whatever order replies come."""
    world = World(duplicate=0.1, safe=0.8, unsafe=0.3, jitter_s=0.01)
    scheduler = drive(assemble(balanced, world), seed % 2, 1, width=20 + 3 * seed, rounds=1 + seed)
    async with asyncio.timeout(30):
        for wanted in range(1, 16):
            scheduler.extend(wanted)
            await scheduler.run()
            assert scheduler.status is Status.COMPLETE
            assert len(read_accepted(scheduler)) == wanted
