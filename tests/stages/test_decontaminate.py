from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from demur.contamination import Contamination
from demur.inputs.evaluation_sets import Decontaminate, EvaluationSet
from demur.stages.decontaminate import SHORTEST, ContaminationCheck, RunIndex, count_covered
from demur.stages.novelty import score_rouge_l
from demur.stages.tokenise import tokenise

ALPHABET = "abc"
TEXTS = st.lists(st.text(ALPHABET, max_size=24).map(" ".join), max_size=6)


def cover_naively(text: list[str], other: list[str], words: int) -> int:
    """Words of a text within a common run: every run of both is compared with every other."""
    length = min(words, len(text), len(other))
    if length < min(words, SHORTEST):
        return 0
    covered = {
        start + offset
        for start in range(len(text) - length + 1)
        for other_start in range(len(other) - length + 1)
        if text[start : start + length] == other[other_start : other_start + length]
        for offset in range(length)
    }
    return len(covered)


def measure_rouge(text: str, other: str) -> float:
    """ROUGE-L F1 by the textbook's table."""
    one, two = tokenise(text), tokenise(other)
    rows = [[0] * (len(two) + 1) for _ in range(len(one) + 1)]
    for i, left in enumerate(one):
        for j, right in enumerate(two):
            rows[i + 1][j + 1] = rows[i][j] + 1 if left == right else max(rows[i][j + 1], rows[i + 1][j])
    return score_rouge_l(rows[-1][-1], len(one), len(two)) if one and two else float(text.strip() == other.strip())


def make_set(*texts: str, name: str = "eval.jsonl") -> EvaluationSet:
    places = tuple((f":{number}", text) for number, text in enumerate(texts, start=1))
    return EvaluationSet(name, Path("somewhere") / name, "instruction", places)


def make_settings(**changes: object) -> Decontaminate:
    return Decontaminate.model_validate({"against": ["eval.jsonl"], **changes})


@given(TEXTS, st.text(ALPHABET, max_size=24).map(" ".join), st.integers(2, 14))
@example(["a b c a b c a b c"], "a b c a b c a b", 13)
def test_shared_runs_are_those_that_a_comparison_of_all_finds(texts: list[str], query: str, words: int) -> None:
    """The index names the text with the greatest share of words in common runs, the first of equals, or none."""
    index = RunIndex(words)
    for text in texts:
        index.add(text)
    split = tokenise(query)
    shares = [cover_naively(split, tokenise(text), words) / max(1, len(split)) for text in texts]
    best = max(shares, default=0.0)
    assert index.find(query) == ((shares.index(best), best) if best else None)


@given(st.text("ab", max_size=30), st.text("ab", max_size=30), st.integers(2, 12))
def test_covered_words_are_counted_once(text: str, other: str, words: int) -> None:
    """Runs that overlap cover their words once."""
    codes, others = [ord(each) for each in text], [ord(each) for each in other]
    assert count_covered(codes, others, words) == cover_naively(list(text), list(other), words)


@given(TEXTS, st.text(ALPHABET, max_size=24).map(" ".join), st.sampled_from([0.3, 0.5, 0.7, 1.0]))
def test_rouge_hits_are_those_that_brute_force_finds(texts: list[str], query: str, threshold: float) -> None:
    """By ROUGE-L a hit is the nearest text at or above the threshold, the first of equals."""
    check = ContaminationCheck([make_set(*texts)], make_settings(method=["rouge_l"], threshold=threshold))
    scores = [measure_rouge(query, text) for text in texts]
    best = max(scores, default=0.0)
    found = check.find(query)
    if best < threshold:
        assert found == ()
    else:
        assert found == (Contamination("eval.jsonl", f"eval.jsonl:{scores.index(best) + 1}", best, "rouge_l"),)


def test_case_and_punctuation_make_no_difference() -> None:
    """Thirteen words in a row are found in another case and with other signs between them."""
    words = [
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
    ]
    index = RunIndex(13)
    index.add("Well: " + ", ".join(words).upper() + "!")
    assert index.find("so " + " ".join(words)) == (0, 13 / 14)
    assert index.find("so " + " ".join(words[:12])) is None


@pytest.mark.parametrize(("length", "hit"), [(SHORTEST - 1, False), (SHORTEST, True)])
def test_a_short_text_counts_whole_or_not_at_all(length: int, hit: bool) -> None:
    """Shorter than a run, but of eight words or more, a text hits where all its words stand in a row in the other."""
    words = [f"w{number}" for number in range(20)]
    index = RunIndex(13)
    index.add(" ".join(words[3 : 3 + length]))
    assert (index.find(" ".join(words)) is not None) is hit
    other = RunIndex(13)
    other.add(" ".join(words))
    assert other.find(" ".join(words[3 : 3 + length])) == ((0, 1.0) if hit else None)


def test_each_set_and_method_tells_its_own_hit() -> None:
    """Sets in their order, within each the run before ROUGE-L; a set that is not near says nothing."""
    text = " ".join(f"w{number}" for number in range(15))
    sets = [make_set("nothing", text, name="a"), make_set("nothing", name="b"), make_set(text + " more", name="c")]
    found = ContaminationCheck(sets, make_settings()).find(text)
    assert [(hit.set, hit.place, hit.method) for hit in found] == [
        ("a", "a:2", "ngram"),
        ("a", "a:2", "rouge_l"),
        ("c", "c:1", "ngram"),
        ("c", "c:1", "rouge_l"),
    ]
    assert [hit.score for hit in found] == [1.0, 1.0, 1.0, 30 / 31]
