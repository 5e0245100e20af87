from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score import rouge_scorer

from demur.records import Admitted, Draft, DraftId, Drop, Origin, Reason, Seed
from demur.stages.dedupe import Deduplicator
from demur.stages.novelty import NoveltyIndex, score_rouge_l
from demur.stages.tokenise import tokenise

SCORER = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=False)


def oracle(one: str, other: str) -> float:
    return float(SCORER.score(one, other)["rougeL"].fmeasure)


WORDS = st.lists(st.sampled_from(["a", "b", "c", "d", "e", "the", "x1", "É", "don't", "A", ""]), max_size=14).map(
    " ".join
)
TEXTS = WORDS | st.text(max_size=30)


@settings(max_examples=300)
@given(st.lists(TEXTS, max_size=12), TEXTS)
def test_the_nearest_text_is_rouge_scores_nearest(texts: list[str], query: str) -> None:
    """The index finds the highest ROUGE-L F1 that rouge_score finds over all texts, to the last bit."""
    index = NoveltyIndex(0.7)
    for number, text in enumerate(texts):
        index.add(str(number), text)
    best = max((oracle(text, query) for text in texts), default=0.0)
    match = index.nearest(query)
    assert (match.score if match else 0.0) == best
    if match:
        assert oracle(texts[int(match.id)], query) == best


@settings(max_examples=200)
@given(st.lists(WORDS, max_size=15), st.sampled_from([0.1, 0.3, 0.5, 2 / 3, 0.7, 0.75, 0.8, 1.0]))
def test_admission_decides_as_rouge_score_does(texts: list[str], threshold: float) -> None:
    """A text is a duplicate exactly if its F1 with some admitted text is at or above the threshold, also at equality."""
    index = NoveltyIndex(threshold)
    admitted: list[str] = []
    for number, text in enumerate(texts):
        is_new = all(oracle(earlier, text) < threshold for earlier in admitted)
        assert index.admit(str(number), text)[0] == is_new
        if is_new:
            admitted.append(text)


@given(TEXTS)
def test_tokens_are_rouge_scores_tokens(text: str) -> None:
    """Lower-cased runs of a-z and 0-9."""
    from rouge_score import tokenizers

    assert tokenise(text) == tokenizers.DefaultTokenizer(use_stemmer=False).tokenize(text)


def test_a_score_exactly_at_the_threshold_is_a_duplicate() -> None:
    """Seven of ten tokens in order: F1 is 0.7, and the threshold is 0.7."""
    index = NoveltyIndex(0.7)
    index.add("first", "a b c d e f g h i j")
    query = "a b c d e f g x y z"
    assert oracle("a b c d e f g h i j", query) == score_rouge_l(7, 10, 10)
    assert index.admit("second", query)[0] is (score_rouge_l(7, 10, 10) < 0.7)


def test_a_threshold_above_one_admits_everything() -> None:
    """Above 1 deduplication is off, and neighbours are still named."""
    index = NoveltyIndex(1.5)
    assert index.admit("a", "same words")[0]
    admitted, match = index.admit("b", "same words")
    assert admitted
    assert match is not None
    assert (match.id, match.score) == ("a", 1.0)


def test_many_blocks_give_the_same_answer() -> None:
    """Texts beyond one block, of lengths far apart, are all seen."""
    index = NoveltyIndex(0.7)
    for number in range(4096 + 50):
        index.add(str(number), f"please write text number n{number} now")
    index.add("long", " ".join(f"w{n}" for n in range(400)))
    for number in (0, 17, 4096 - 1, 4096, 4096 + 49):
        match = index.nearest(f"please write text number n{number} now")
        assert match is not None
        assert (match.id, match.score) == (str(number), 1.0)
    match = index.nearest(" ".join(f"w{n}" for n in range(399)))
    assert match is not None
    assert match.id == "long"


def test_repeated_tokens_are_counted() -> None:
    """A text of one token over and over is not near to that token once."""
    index = NoveltyIndex(0.7)
    index.add("many", "go go go go go go")
    match = index.nearest("go")
    assert match is not None
    assert match.score == oracle("go go go go go go", "go")


def draft(position: int, text: str) -> Draft:
    return Draft(id=DraftId("t", 0, position), instruction=text, example_ids=(), origin=Origin("e", "m"))


def test_drafts_are_compared_with_seeds_and_with_all_admitted_before() -> None:
    """A copy of a seed and a copy of an earlier draft are dropped, each naming its neighbour."""
    stage = Deduplicator(0.7, filtering=True, seeds=(Seed("seed:1", "open the shed for me", "no"),))
    first = stage.admit(draft(0, "copy the office key over lunch"))
    assert isinstance(first, Admitted)
    for position, text, neighbour in [
        (1, "Open the shed, for me!", "seed:1"),
        (2, "copy the office key over lunch", "t#0.0"),
    ]:
        drop = stage.admit(draft(position, text))
        assert isinstance(drop, Drop)
        assert drop.reason is Reason.NEAR_DUPLICATE
        assert drop.neighbour is not None
        assert drop.neighbour.id == neighbour


def test_without_filtering_neighbours_are_only_noted() -> None:
    """`filter: false` keeps duplicates and still names the nearest."""
    stage = Deduplicator(0.7, filtering=False, seeds=(Seed("seed:1", "open the shed", "no"),))
    kept = stage.admit(draft(0, "open the shed"))
    assert isinstance(kept, Admitted)
    assert kept.neighbour is not None
    assert kept.neighbour.score == pytest.approx(1.0)
