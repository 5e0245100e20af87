from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score import rouge_scorer

from demur.stages import novelty
from demur.stages.novelty import NoveltyIndex
from tests.stages.test_novelty import invent_texts

TEXTS = st.lists(st.lists(st.sampled_from("abcdefg"), max_size=8).map(" ".join), max_size=25)


def score(admitted: str, new: str) -> float:
    """rouge_score's F1; equal texts without a token are the same."""
    if not new:
        return float(not admitted)
    return float(rouge_scorer.RougeScorer(["rougeL"]).score(admitted, new)["rougeL"].fmeasure)


@given(
    TEXTS, st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=8).map(" ".join), st.sampled_from([0.4, 0.7, 1.0])
)
def test_every_near_text_is_listed(texts: list[str], query: str, threshold: float) -> None:
    """Those, and only those, that rouge_score puts at or above the threshold, with their scores, in their order."""
    index = NoveltyIndex(threshold)
    for number, text in enumerate(texts):
        index.add(str(number), text)
    expected = [(str(number), score(text, query)) for number, text in enumerate(texts)]
    assert [(match.id, match.score) for match in index.list_near(query)] == [
        (name, value) for name, value in expected if value >= threshold
    ]


def test_over_many_pages_none_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """With small pages and frequent words, the list is that of comparing with all."""
    monkeypatch.setattr(novelty, "PAGE_TEXTS", 64)
    monkeypatch.setattr(novelty, "TAIL_TEXTS", 16)
    monkeypatch.setattr(novelty, "RARE_TEXTS", 4)
    texts = invent_texts(600, seed=5, words=12)
    index = NoveltyIndex(0.6)
    for number, text in enumerate(texts):
        index.add(str(number), text)
    found = 0
    for query in texts[::40]:
        near = [match.id for match in index.list_near(query)]
        assert near == [str(number) for number, text in enumerate(texts) if score(text, query) >= 0.6]
        found += len(near)
    assert found > 15


def test_a_threshold_above_one_lists_nothing() -> None:
    """Not even the text itself; and of texts without a token the first with these characters is near."""
    index = NoveltyIndex(1.1)
    index.add("a", "one two")
    assert index.list_near("one two") == []
    index = NoveltyIndex(0.7)
    index.add("a", "?!")
    index.add("b", "?!")
    assert [match.id for match in index.list_near(" ?! ")] == ["a"]
