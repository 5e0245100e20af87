from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.stages.measure_vendi import compute_vendi

np = pytest.importorskip("numpy", reason="the extra `semantic` is not installed")

numbers = st.floats(-1, 1).filter(lambda value: abs(value) > 1e-3)


@pytest.mark.parametrize("count", [1, 2, 7, 300])
def test_texts_that_are_all_the_same_count_as_one(count: int) -> None:
    """Copies of one vector have the score 1."""
    assert compute_vendi(np.tile(np.array([[0.6, 0.8, 0.0]], dtype=np.float32), (count, 1))) == pytest.approx(1)


@pytest.mark.parametrize("count", [1, 2, 7, 64])
def test_texts_with_nothing_in_common_count_as_many(count: int) -> None:
    """n vectors at right angles have the score n, whichever of the two matrices is the smaller."""
    assert compute_vendi(np.eye(count, 100, dtype=np.float32)) == pytest.approx(count)
    assert compute_vendi(np.eye(count, dtype=np.float32)) == pytest.approx(count)


def test_groups_of_the_same_count_by_their_entropy() -> None:
    """Three of one kind and one of another: the exponential of the entropy of 3/4 and 1/4."""
    vectors = np.eye(2, dtype=np.float32)[[0, 0, 0, 1]]
    assert compute_vendi(vectors) == pytest.approx(np.exp(-(0.75 * np.log(0.75) + 0.25 * np.log(0.25))), abs=1e-6)


@given(
    st.integers(1, 6).flatmap(
        lambda width: st.lists(st.lists(numbers, min_size=width, max_size=width), min_size=1, max_size=12)
    )
)
def test_it_lies_between_one_and_the_number_of_texts(rows: list[list[float]]) -> None:
    """And does not exceed the dimensions; a copy of all of it changes nothing, nor does the order."""
    vectors = np.array(rows, dtype=np.float32)
    score = compute_vendi(vectors)
    assert 1 <= score <= min(len(rows), len(rows[0])) + 1e-3
    assert compute_vendi(np.concatenate([vectors, vectors[::-1]])) == pytest.approx(score, abs=1e-3)


@given(st.lists(st.lists(numbers, min_size=4, max_size=4), min_size=2, max_size=10))
def test_it_is_what_the_paper_defines(rows: list[list[float]]) -> None:
    """The exponential of the entropy of the eigenvalues of K/n, with K written out cosine by cosine."""
    vectors = np.array(rows, dtype=np.float64)
    kernel = np.array([[a @ b / np.linalg.norm(a) / np.linalg.norm(b) for b in vectors] for a in vectors])
    shares = [value for value in np.linalg.eigvals(kernel / len(rows)).real if value > 1e-12]
    assert compute_vendi(np.array(rows, dtype=np.float32)) == pytest.approx(
        np.exp(-sum(share * np.log(share) for share in shares)), abs=1e-3
    )
