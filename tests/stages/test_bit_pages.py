from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from demur.stages.bit_pages import BitPage, add_up, find_most, gather_bits, intersect, list_bits, reach

SETS = st.lists(st.sets(st.integers(0, 300)), min_size=1, max_size=40)


def as_bits(numbers: set[int]) -> int:
    return sum(1 << number for number in numbers)


@given(st.sets(st.integers(0, 5000), max_size=100), st.integers(0, 3))
def test_bits_are_listed_and_gathered(numbers: set[int], offset: int) -> None:
    """A set survives the way into bits and back, few bits or many."""
    assert set(list_bits(as_bits(numbers))) == numbers
    assert gather_bits([number + offset for number in numbers], offset) == as_bits(numbers)


@given(SETS)
def test_counting_finds_what_so_many_sets_hold(sets: list[set[int]]) -> None:
    """For every number k, `reach` gives the elements that k sets or more hold, and `find_most` those that most hold."""
    counts = {element: sum(element in held for held in sets) for element in set().union(*sets)}
    slices = add_up([as_bits(held) for held in sets])
    for least in range(1, len(sets) + 3):
        assert set(list_bits(reach(slices, least))) == {element for element, n in counts.items() if n >= least}
    assert set(list_bits(intersect([as_bits(held) for held in sets]))) == set.intersection(*sets)
    most = max(counts.values(), default=0)
    assert find_most(slices) == (most, as_bits({element for element, n in counts.items() if n == most}))


@given(st.lists(st.tuples(st.integers(1, 2000), st.sets(st.integers(0, 9))), max_size=40), st.integers(1, 12))
def test_a_page_grown_in_parts_is_the_page_grown_at_once(texts: list[tuple[int, set[int]]], part: int) -> None:
    """Appending small pages gives the sets, and the selections, that inserting one by one gives."""
    whole, joined = BitPage(0), BitPage(0)
    for begin in range(0, len(texts), part):
        small = BitPage(begin)
        for length, features in texts[begin : begin + part]:
            whole.insert(length, list(features))
            small.insert(length, list(features))
        joined.append(small)
    assert joined.holders == whole.holders
    slices = add_up(whole.collect(list(range(10))))
    enough = [(2, 40.0), (3, 500.0), (4, 3000.0)]
    found = set(list_bits(joined.select(slices, enough)))
    assert found == set(list_bits(whole.select(slices, enough)))
    for place, (length, features) in enumerate(texts):
        if any(len(features) >= shared and length <= longest for shared, longest in enough):
            assert place in found


def test_a_token_of_few_texts_can_be_taken_out() -> None:
    """`drop_sparse` hands over the places of a token that became rare, and leaves the others."""
    page = BitPage(1000)
    for number in range(10):
        page.insert(5, [1, 2] if number in (3, 7) else [1])
    assert {feature: sorted(places) for feature, places in page.drop_sparse(3).items()} == {2: [1003, 1007]}
    assert list(page.holders) == [1]
