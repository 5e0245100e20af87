from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.stages.choose_diverse import share_out, traverse_farthest
from tests.stages.test_decontaminate import measure_rouge

TEXTS = st.lists(st.text("ab -", max_size=12), min_size=1, max_size=8)


def traverse_naively(texts: list[str], count: int, first: int) -> tuple[list[int], float | None, float]:
    """Gonzalez's traversal as it is told: all distances anew at each step."""

    def measure(place: int, chosen: list[int]) -> float:
        return min(1 - measure_rouge(texts[place], texts[other]) for other in chosen)

    chosen, closest = [first], None
    while len(chosen) < count:
        left = [place for place in range(len(texts)) if place not in chosen]
        farthest = max(left, key=lambda place: (measure(place, chosen), -place))
        closest = measure(farthest, chosen)
        chosen.append(farthest)
    left = [place for place in range(len(texts)) if place not in chosen]
    return chosen, closest, max((measure(place, chosen) for place in left), default=0.0)


@given(TEXTS, st.data())
def test_the_traversal_is_the_naive_one(texts: list[str], data: st.DataObject) -> None:
    """Which texts are chosen, in which order, how far apart and how well they cover the rest."""
    count = data.draw(st.integers(1, len(texts)))
    first = data.draw(st.integers(0, len(texts) - 1))
    found = traverse_farthest(texts, count, first)
    chosen, closest, radius = traverse_naively(texts, count, first)
    assert list(found.places) == chosen
    assert found.closest == closest
    assert found.radius == radius


@given(st.integers(0, 60), st.lists(st.integers(0, 20), min_size=1, max_size=6))
def test_quotas_are_as_even_as_the_groups_allow(total: int, sizes: list[int]) -> None:
    """All that there is to share out is shared; only a group that is used up has more than one less than another."""
    quotas = share_out(total, sizes)
    assert sum(quotas) == min(total, sum(sizes))
    for quota, size in zip(quotas, sizes, strict=True):
        assert 0 <= quota <= size
        assert quota == size or quota >= max(quotas) - 1


@pytest.mark.parametrize(("total", "sizes", "quotas"), [
    (7, [5, 5, 5], [3, 2, 2]), (10, [1, 9, 3], [1, 6, 3]), (4, [0, 2, 9], [0, 2, 2]), (9, [2, 3], [2, 3]),
])  # fmt: skip
def test_what_a_small_group_cannot_take_falls_to_the_others(total: int, sizes: list[int], quotas: list[int]) -> None:
    """The quotas of some groups."""
    assert share_out(total, sizes) == quotas
