from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from demur.stages.draw import derive_seed, draw_examples
from tests.samples import SEEDS

PARTS = st.lists(st.one_of(st.integers(), st.text()), min_size=1, max_size=4)


@given(count=st.integers(0, 20), parts=PARTS, size=st.integers(0, len(SEEDS)))
def test_examples_are_drawn_without_replacement(count: int, parts: list[object], size: int) -> None:
    """As many as were asked for, or all there are; each from the pool, none twice."""
    pool = SEEDS[:size]
    drawn = draw_examples(pool, count, *parts)
    assert len(drawn) == min(count, size)
    assert len({seed.id for seed in drawn}) == len(drawn)
    assert set(drawn) <= set(pool)


def test_a_draw_depends_on_its_own_number_alone() -> None:
    """Rounds drawn forwards, backwards or again give the same examples."""
    forwards = {number: draw_examples(SEEDS, 3, 7, "task", number) for number in range(40)}
    backwards = {number: draw_examples(SEEDS, 3, 7, "task", number) for number in reversed(range(40))}
    assert forwards == backwards


def test_other_rounds_tasks_and_seeds_draw_otherwise() -> None:
    """Over many rounds every seed gets its turn, in first place too; another task or random seed draws another series."""

    def draw_series(seed: int, task: str) -> list[tuple[str, ...]]:
        return [tuple(each.id for each in draw_examples(SEEDS, 3, seed, task, number)) for number in range(200)]

    series = draw_series(0, "a")
    assert {drawn[0] for drawn in series} == {seed.id for seed in SEEDS}
    assert series not in (draw_series(1, "a"), draw_series(0, "b"))


@given(PARTS)
def test_a_derived_seed_suits_every_server(parts: list[object]) -> None:
    """Always the same 31-bit number for the same parts."""
    assert 0 <= derive_seed(*parts) < 2**31
    assert derive_seed(*parts) == derive_seed(*parts)


def test_derived_seeds_differ() -> None:
    """Ten thousand rounds have next to no seed in common, and parts are not run together."""
    assert len({derive_seed(0, "task", number) for number in range(10_000)}) > 9_990
    assert derive_seed("ab", "c") != derive_seed("a", "bc")


def test_derived_seeds_do_not_change_between_versions() -> None:
    """A journal's keys hold these numbers: a change would ask everything again."""
    assert derive_seed(0, "tests/lock_picking", 0, "propose") == 2062345424
    drawn = draw_examples(SEEDS, 3, 0, "tests/lock_picking", 0, "examples")
    assert [seed.id for seed in drawn] == ["seed:3", "seed:4", "seed:5"]
