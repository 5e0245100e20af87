from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score import rouge_scorer

from demur.errors import InputError
from demur.outputs.exchange import Exchange
from demur.run.apart import assign_splits, find_clusters, read_shares

THIRDS = {"train": 0.8, "validation": 0.1, "test": 0.1}
EXCHANGES = st.lists(
    st.tuples(st.lists(st.sampled_from("abcdefghij"), min_size=1, max_size=6).map(" ".join), st.integers(0, 30)),
    max_size=30,
)


def make_exchanges(drawn: list[tuple[str, int]]) -> list[Exchange]:
    """Some are offspring of an earlier one, or of one that is not there."""
    return [
        Exchange(id=f"t#{place}", instruction=text, response="r", parent=f"t#{parent}" if parent % 3 == 0 else "")
        for place, (text, parent) in enumerate(drawn)
    ]


def make_strangers(count: int) -> list[Exchange]:
    return [Exchange(id=f"t#{n}", instruction=f"w{n} x{n} y{n}", response="r") for n in range(count)]


@given(EXCHANGES, st.integers(0, 5))
def test_what_is_alike_stands_on_one_side(drawn: list[tuple[str, int]], seed: int) -> None:
    """Of any two near-duplicates by rouge_score, and of any offspring and its parent or sibling, both are in one split."""
    exchanges = make_exchanges(drawn)
    splits = assign_splits(exchanges, THIRDS, threshold=0.7, seed=seed)
    scorer = rouge_scorer.RougeScorer(["rougeL"])
    for one, here in zip(exchanges, splits, strict=True):
        for other, there in zip(exchanges, splits, strict=True):
            near = scorer.score(one.instruction, other.instruction)["rougeL"].fmeasure >= 0.7
            family = one.parent in (other.id, other.parent or "-")
            if near or family:
                assert here == there


@given(EXCHANGES)
def test_clusters_hold_each_place_once(drawn: list[tuple[str, int]]) -> None:
    """Every place is in exactly one cluster; in order within it, and clusters by their first."""
    clusters = find_clusters(make_exchanges(drawn), threshold=0.7)
    assert sorted(place for cluster in clusters for place in cluster) == list(range(len(drawn)))
    assert all(cluster == sorted(cluster) for cluster in clusters)
    assert clusters == sorted(clusters)


def test_a_chain_of_near_duplicates_is_one_cluster() -> None:
    """The first and the last share little, and stand together through those between; also where the bridge comes last."""
    words = list("abcdefghij")
    texts = [" ".join(words[start : start + 7]) for start in (0, 2, 1)]
    exchanges = [Exchange(id=str(n), instruction=text, response="r") for n, text in enumerate(texts)]
    assert find_clusters(exchanges, threshold=0.8) == [[0, 1, 2]]
    assert find_clusters(exchanges[:2], threshold=0.8) == [[0], [1]]


@pytest.mark.parametrize("count", [10, 47, 200])
def test_strangers_fall_to_the_shares_within_one(count: int) -> None:
    """Where nothing is alike, each split has its share to less than one."""
    found = Counter(assign_splits(make_strangers(count), THIRDS, threshold=0.7, seed=3))
    for split, share in THIRDS.items():
        assert abs(found[split] - share * count) <= 1


def test_the_seed_decides_and_nothing_else() -> None:
    """The same seed, the same splits; another one, others."""
    exchanges = make_strangers(60)
    first = assign_splits(exchanges, THIRDS, threshold=0.7, seed=0)
    assert first == assign_splits(exchanges, THIRDS, threshold=0.7, seed=0)
    assert first != assign_splits(exchanges, THIRDS, threshold=0.7, seed=1)


def test_shares_are_read() -> None:
    """Names and numbers, in their order; spaces do not count."""
    assert read_shares("train=0.9, test=.1") == {"train": 0.9, "test": 0.1}
    assert read_shares("train=1") == {"train": 1.0}


@pytest.mark.parametrize(
    ("text", "words"),
    [("train=0.8", "add up to 0.8"), ("train=0.5,train=0.5", "twice"), ("train", "a number is wanted"), ("a/b=1", "no name"),
     ("../x=1", "no name"), ("train=1.5", "at most 1"), ("train=nan", "at most 1"), ("train=-1,test=2", "at most 1"),
     ("", "no name"), ("train=1,", "no name")],
)  # fmt: skip
def test_shares_that_are_none_are_told(text: str, words: str) -> None:
    """What is wrong, with an example."""
    with pytest.raises(InputError, match=words) as found:
        read_shares(text)
    assert "train=0.8" in found.value.hint
