from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score import rouge_scorer

from demur.records import Match
from demur.stages import admit_blocks, novelty
from demur.stages.novelty import NoveltyIndex, ScoreFunc, score_rouge_l

SCORER = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=False)
FIELDS = {"f1": "fmeasure", "precision": "precision", "recall": "recall"}


def oracle(admitted: str, new: str, score_func: ScoreFunc = "f1") -> float:
    """rouge_score's own figure, but for texts without a token."""
    if not any(character.isalnum() for character in admitted + new):
        return float(admitted.strip() == new.strip())
    return float(getattr(SCORER.score(admitted, new)["rougeL"], FIELDS[score_func]))


def find_nearest(admitted: list[tuple[str, str]], new: str, score_func: ScoreFunc, floor: float) -> Match | None:
    """The nearest by comparing with all; of equals the first."""
    best: Match | None = None
    for text_id, text in admitted:
        score = oracle(text, new, score_func)
        if score >= floor and score > (best.score if best else 0.0):
            best = Match(text_id, score)
    return best


@contextmanager
def shrink_pages(page: int, tail: int, rare: int) -> Iterator[None]:
    """Let a few texts fill pages, and few make a token frequent."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(novelty, "PAGE_TEXTS", page)
        patch.setattr(novelty, "TAIL_TEXTS", tail)
        patch.setattr(novelty, "RARE_TEXTS", rare)
        patch.setattr(novelty, "RARE_SHARE", 4)
        yield


WORDS = st.lists(st.sampled_from(["a", "b", "c", "d", "e", "the", "x1", "don't", "A", ""]), max_size=14).map(" ".join)
TEXTS = WORDS | st.text(st.characters(max_codepoint=127), max_size=30) | st.just("a") | st.just("b " * 9)
SCORES = st.sampled_from(get_args(ScoreFunc))
SIZES = st.sampled_from([(65536, 4096, 32), (8, 2, 1), (6, 2, 3), (4, 4, 2), (1000, 3, 1)])
THRESHOLDS = st.sampled_from([0.1, 0.3, 0.5, 2 / 3, 0.7, 0.75, 0.8, 1.0, 1.5]) | st.floats(0.01, 1.2)


@settings(max_examples=400, deadline=None)
@given(st.lists(TEXTS, max_size=25), TEXTS, SCORES, st.sampled_from([0.0, 0.2, 0.5, 0.7, 1.0]), SIZES)
def test_the_nearest_text_is_rouge_scores_nearest(
    texts: list[str], query: str, score_func: ScoreFunc, floor: float, sizes: tuple[int, int, int]
) -> None:
    """The index finds the very text, and the score to the last bit, that comparing with all of them finds."""
    with shrink_pages(*sizes):
        index = NoveltyIndex(0.7, score_func=score_func)
        for number, text in enumerate(texts):
            index.add(str(number), text)
        assert len(index) == len(texts)
        expected = find_nearest([(str(n), text) for n, text in enumerate(texts)], query, score_func, floor)
        assert index.nearest(query, floor) == expected


@settings(max_examples=300, deadline=None)
@given(st.lists(TEXTS, max_size=20), THRESHOLDS, SCORES, SIZES)
def test_admission_decides_as_rouge_score_does(
    texts: list[str], threshold: float, score_func: ScoreFunc, sizes: tuple[int, int, int]
) -> None:
    """A text is a duplicate exactly if its score with an admitted text reaches the threshold; the floor changes nothing in that."""
    with shrink_pages(*sizes):
        index, hurried = (NoveltyIndex(threshold, score_func=score_func) for _ in range(2))
        admitted: list[tuple[str, str]] = []
        for number, text in enumerate(texts):
            nearest = find_nearest(admitted, text, score_func, 0.0)
            is_new = nearest is None or nearest.score < threshold
            assert index.admit(str(number), text) == (is_new, nearest)
            assert hurried.admit(str(number), text, threshold) == (is_new, None if is_new else nearest)
            if is_new:
                admitted.append((str(number), text))


def invent_texts(count: int, seed: int, words: int = 300) -> list[str]:
    """Texts with frequent and rare words, a third of them changed copies."""
    rng = random.Random(seed)
    names = [f"w{n}" for n in range(words)]
    weights = [1 / (n + 2.7) for n in range(words)]
    texts: list[list[str]] = []
    for _ in range(count):
        if texts and rng.random() < 0.33:
            text = list(rng.choice(texts))
            for _ in range(rng.randint(0, 4)):
                text[rng.randrange(len(text))] = rng.choices(names, weights)[0]
        else:
            text = rng.choices(names, weights, k=rng.choice([1, 2, 5, 12, 14, 18, 25, 40]))
        texts.append(text)
    return [" ".join(text) for text in texts]


@pytest.mark.parametrize("score_func", get_args(ScoreFunc))
@pytest.mark.parametrize("floor", [0.0, 0.4, 0.7])
def test_a_larger_index_agrees_with_comparing_all(score_func: ScoreFunc, floor: float) -> None:
    """Over several pages, with rare and frequent words: the same neighbour as brute force on sampled queries."""
    texts, queries = compare_all()
    with shrink_pages(512, 128, 8):
        index = NoveltyIndex(0.7, score_func=score_func)
        for number, text in enumerate(texts):
            index.add(str(number), text)
    for query, common in queries.items():
        best: Match | None = None
        for number, (text, lcs) in enumerate(zip(texts, common, strict=True)):
            score = score_rouge_l(lcs, len(query.split()), len(text.split()), score_func)
            if score >= floor and score > (best.score if best else 0.0):
                best = Match(str(number), score)
        assert index.nearest(query, floor) == best


@cache
def compare_all() -> tuple[list[str], dict[str, list[int]]]:
    """Texts, and queries with the length of what each has in common with every text: the same by every score."""
    texts = invent_texts(1500, seed=1)
    split = [text.split() for text in texts]
    queries = invent_texts(60, seed=1)[20:50:3] + invent_texts(12, seed=2)
    return texts, {query: [measure_lcs(query.split(), text) for text in split] for query in queries}


def measure_lcs(one: list[str], other: list[str]) -> int:
    """The textbook's table."""
    row = [0] * (len(other) + 1)
    for word in one:
        before = row
        row = [0]
        for place, mate in enumerate(other):
            row.append(before[place] + 1 if word == mate else max(row[-1], before[place + 1]))
    return row[-1]


def test_a_score_exactly_at_the_threshold_is_a_duplicate() -> None:
    """Seven of ten tokens in order: whatever rouge_score's rounding makes of 0.7 decides."""
    first, query = "a b c d e f g h i j", "a b c d e f g x y z"
    score = oracle(first, query)
    for threshold, is_new in ((score, False), (score + 1e-15, True), (score - 1e-15, False)):
        index = NoveltyIndex(threshold)
        index.add("first", first)
        assert index.admit("second", query)[0] is is_new


def test_precision_asks_of_the_new_text_and_recall_of_the_admitted() -> None:
    """A new text contained in an admitted one has precision 1, and the recall of its share."""
    for score_func, score in (("precision", 1.0), ("recall", 0.5)):
        index = NoveltyIndex(0.7, score_func=score_func)  # type: ignore[arg-type]
        index.add("long", "how do I open the door")
        assert index.nearest("open the door") == Match("long", score)


def test_a_threshold_above_one_admits_everything() -> None:
    """Above 1 deduplication is off, and neighbours are still named."""
    index = NoveltyIndex(1.5)
    assert index.admit("a", "same words") == (True, None)
    assert index.admit("b", "same words") == (True, Match("a", 1.0))
    assert index.admit("c", "same words", 1.5) == (True, None)


def test_a_threshold_of_zero_is_refused() -> None:
    """Everything would be a duplicate."""
    with pytest.raises(ValueError, match="above 0"):
        NoveltyIndex(0.0)


def test_of_equals_the_first_admitted_is_named() -> None:
    """Ties go to the earliest, in whatever order the search comes by them."""
    with shrink_pages(8, 2, 1):
        index = NoveltyIndex(0.7)
        for number in range(40):
            index.add(str(number), ("open the door", "the door open", "door open the")[number % 3])
        assert index.nearest("open the door") == Match("0", 1.0)
        assert index.nearest("the door open") == Match("1", 1.0)
        assert index.nearest("open door") == Match("0", oracle("open the door", "open door"))


def test_very_long_texts_are_compared_whole() -> None:
    """Thousands of tokens, beside one-token texts."""
    rng = random.Random(4)
    long = [f"w{rng.randrange(500)}" for _ in range(3000)]
    index = NoveltyIndex(0.7)
    index.add("one", "w1")
    index.add("long", " ".join(long))
    query = [word for word in long if rng.random() < 0.9]
    expected = score_rouge_l(len(query), len(query), len(long))
    assert index.nearest(" ".join(query)) == Match("long", expected)
    assert index.nearest("w1 w1") == Match("one", oracle("w1", "w1 w1"))


@pytest.mark.parametrize(
    ("admitted", "new", "score"),
    [
        ("café au lait", "CAFE\u0301 au lait", 1.0),
        ("怎么撬锁", "怎么开锁", 0.75),
        ("Как открыть замок", "как открыть дверь", 2 / 3),
        ("???", " ??? ", 1.0),
        ("", "  ", 1.0),
        ("😀😀", "😀😀", 1.0),
    ],
)
def test_other_scripts_have_neighbours_too(admitted: str, new: str, score: float) -> None:
    """Tokens by Unicode; without any token the whole string is compared."""
    index = NoveltyIndex(0.7)
    index.add("first", admitted)
    match = index.nearest(new)
    assert match is not None
    assert match.score == pytest.approx(score)


@pytest.mark.parametrize(
    ("admitted", "new"), [("???", "!!!"), ("", "a"), ("a", "?"), ("怎么", "如何"), ("café", "caf")]
)
def test_texts_that_share_no_token_are_not_neighbours(admitted: str, new: str) -> None:
    """Nothing shared, no match."""
    index = NoveltyIndex(0.7)
    index.add("first", admitted)
    assert index.nearest(new) is None


@settings(max_examples=100, deadline=None)
@given(st.lists(WORDS, max_size=15), WORDS, st.integers(0, 4))
def test_more_tokens_than_characters_change_nothing(texts: list[str], query: str, letters: int) -> None:
    """Tokens beyond those with a character of their own are told apart all the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(novelty, "LETTERS", letters)
        index = NoveltyIndex(0.7)
        for number, text in enumerate(texts):
            index.add(str(number), text)
        assert index.nearest(query) == find_nearest([(str(n), t) for n, t in enumerate(texts)], query, "f1", 0.0)


@pytest.mark.parametrize("score_func", get_args(ScoreFunc))
@pytest.mark.parametrize("workers", [1, 2, 3])
def test_bulk_equals_one_at_a_time(workers: int, score_func: ScoreFunc, monkeypatch: pytest.MonkeyPatch) -> None:
    """`admit_many` gives the decisions, neighbours and index of admitting in order, whatever the processes."""
    monkeypatch.setattr(admit_blocks, "BLOCK_TEXTS", 100)
    monkeypatch.setattr(admit_blocks, "ALONE_TEXTS", 30)
    items = [(str(number), text) for number, text in enumerate(["", "?", *invent_texts(500, seed=3), "?", "怎么撬锁"])]
    one, many = (NoveltyIndex(0.7, score_func=score_func) for _ in range(2))
    for index in (one, many):
        index.add("seed:1", items[9][1])
    expected = [one.admit(text_id, text, 0.7) for text_id, text in items]
    assert many.admit_many(items, workers=workers) == expected
    assert (many._ids, many._texts) == (one._ids, one._texts)
    assert {admitted for admitted, _ in expected} == {True, False}


def test_a_search_whose_processes_die_is_finished_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """A killed process costs time, no text."""
    monkeypatch.setattr(admit_blocks, "ALONE_TEXTS", 30)
    monkeypatch.setattr(admit_blocks, "_search_share", lambda *_: None)
    items = [(str(number), text) for number, text in enumerate(invent_texts(200, seed=6))]
    one, many = NoveltyIndex(0.7), NoveltyIndex(0.7)
    assert many.admit_many(items, workers=2) == [one.admit(text_id, text, 0.7) for text_id, text in items]


def test_an_index_built_by_replay_equals_the_one_that_grew() -> None:
    """Adding what was admitted, without asking, gives the same answers as the index that decided."""
    texts = invent_texts(600, seed=5)
    with shrink_pages(128, 32, 4):
        grown, replayed = NoveltyIndex(0.7), NoveltyIndex(0.7)
        for number, text in enumerate(texts):
            grown.nearest(f"unseen{number} {text}")  # asking leaves no trace
            if grown.admit(str(number), text)[0]:
                replayed.add(str(number), text)
        assert replayed._ids == grown._ids
        assert replayed._texts == grown._texts
        for query in invent_texts(80, seed=6):
            assert replayed.nearest(query) == grown.nearest(query)


@pytest.mark.parametrize("floor", [0.0, 0.7, 0.9])
@pytest.mark.parametrize("score_func", get_args(ScoreFunc))
def test_texts_made_from_one_template_are_told_apart(score_func: ScoreFunc, floor: float) -> None:
    """Where nearly all texts share nearly all tokens, the nearest, and of equals the first, is still found."""
    with shrink_pages(1024, 256, 8):
        index = NoveltyIndex(0.7, score_func=score_func)
        texts = [f"please write text number n{n} {'now' if n % 3 else 'then at once'}" for n in range(2600)]
        for number, text in enumerate(texts):
            index.add(str(number), text)
        admitted = [(str(number), text) for number, text in enumerate(texts) if number < 10 or number % 211 == 0]
        for query in (
            texts[0],
            texts[1055],
            texts[2532],
            "please write text number nine then",
            "write text number now",
        ):
            expected = find_nearest(admitted, query, score_func, floor)
            assert index.nearest(query, floor) == expected


def test_bulk_beside_other_threads_works_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fork could catch another thread holding a lock, so none is made."""
    monkeypatch.setattr(admit_blocks, "ALONE_TEXTS", 30)
    monkeypatch.setattr(admit_blocks, "_admit_block", None)
    items = [(str(number), text) for number, text in enumerate(invent_texts(100, seed=6))]
    one, many = NoveltyIndex(0.7), NoveltyIndex(0.7)
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        decisions = many.admit_many(items, workers=2)
    finally:
        stop.set()
        thread.join()
    assert decisions == [one.admit(text_id, text, 0.7) for text_id, text in items]


def list_near_ties() -> list[tuple[int, int, int, int, int]]:
    """(length of a new text, LCS and length of one text, of another): equal F1 as fractions, the other's float higher."""
    found = []
    for new in range(4, 16):
        for one, other in itertools.permutations(range(2, 40), 2):
            for shared in range(1, min(new, one) + 1):
                equal, rest = divmod(shared * (new + other), new + one)
                if rest or not 1 <= equal <= min(new, other):
                    continue
                if score_rouge_l(equal, new, other) > score_rouge_l(shared, new, one):
                    found.append((new, shared, one, equal, other))
    return found


@pytest.mark.parametrize("near_tie", list_near_ties()[::17])
@pytest.mark.parametrize("tail", [1, 2, 4])
def test_scores_that_differ_in_the_last_bit_are_told_apart(near_tie: tuple[int, int, int, int, int], tail: int) -> None:
    """The later of two texts of the same F1 as a fraction wins if its float, which is what rouge_score gives, is higher."""
    new, shared, one, equal, other = near_tie
    words = [f"q{n}" for n in range(new)]

    def write(common: int, length: int) -> str:
        return " ".join([*words[:common], *(f"x{n}" for n in range(length - common))])

    with shrink_pages(4, tail, 1):
        index = NoveltyIndex(0.7)
        # Texts that share all tokens, in the wrong order, so that no page's highest count is that of its nearest.
        astray = [" ".join(reversed(words))] * 4
        texts = [*astray, *astray, write(shared, one), *astray, write(equal, other), *astray, write(equal, other)]
        for number, text in enumerate(texts):
            index.add(str(number), text)
        query = " ".join(words)
        expected = find_nearest([(str(n), text) for n, text in enumerate(texts)], query, "f1", 0.0)
        assert index.nearest(query) == expected
        assert index.nearest(query, score_rouge_l(shared, new, one)) == expected


def test_a_token_that_is_frequent_for_a_while_only_is_still_found() -> None:
    """A burst makes a token frequent; a page in which it is rare gives it back, and finds the texts that hold it."""
    with shrink_pages(64, 16, 4):
        index = NoveltyIndex(0.7)
        for number in range(200):
            index.add(
                str(number), f"burst a{number}" if number < 20 or number in (70, 90, 150) else f"calm b{number} c"
            )
        for number in (3, 70, 90, 150):
            assert index.nearest(f"burst a{number}") == Match(str(number), 1.0)
        assert index.nearest("burst") == Match("0", 2 / 3)
        assert index.nearest("burst x y z") == Match("0", oracle("burst a0", "burst x y z"))
        assert index.nearest("calm c burst a70") == Match("70", oracle("burst a70", "calm c burst a70"))


@pytest.mark.parametrize("floor", [0.0, 0.5])
def test_a_page_without_a_chance_does_not_end_the_search(floor: float) -> None:
    """The nearest need not share most in its page; a page that shares little must not hide it."""
    words = [f"q{n}" for n in range(10)]
    with shrink_pages(6, 2, 1):
        index = NoveltyIndex(0.7)
        good = " ".join([*words[:8], "y", "y"])
        single = [f"{word} z z z z z z z" for word in words]
        texts = [*[" ".join(reversed(words))] * 5, " ".join(words[:9]), *[good] * 6, *single, *single]
        for number, text in enumerate(texts):
            index.add(str(number), text)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(novelty, "_FEW_TEXTS", 1)
            expected = find_nearest([(str(n), text) for n, text in enumerate(texts)], " ".join(words), "f1", floor)
            assert index.nearest(" ".join(words), floor) == expected


@pytest.mark.parametrize("seed", range(4))
def test_many_small_pages_agree_with_comparing_all(seed: int) -> None:
    """Few words and many pages, first guesses of one text: every page is searched to its end."""
    texts = invent_texts(150, seed=seed, words=25)
    with shrink_pages(8, 2, 2), pytest.MonkeyPatch.context() as patch:
        patch.setattr(novelty, "_FEW_TEXTS", 1)
        index = NoveltyIndex(0.7)
        for number, text in enumerate(texts):
            index.add(str(number), text)
        for query in invent_texts(40, seed=seed + 10, words=25):
            expected = find_nearest([(str(n), text) for n, text in enumerate(texts)], query, "f1", 0.3)
            assert index.nearest(query, 0.3) == expected
