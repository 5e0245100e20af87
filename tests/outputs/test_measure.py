from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.outputs.measure import (
    SAMPLE_TEXTS,
    bin_values,
    count_openings,
    draw_sample,
    find_quantile,
    measure_compression,
    measure_distinct,
    measure_diversity,
    measure_self_bleu,
    read_opening,
    split_words,
)

TEXTS = st.lists(st.lists(st.sampled_from("abcd"), min_size=1, max_size=9), min_size=2, max_size=6)


def list_grams(words: list[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[start : start + n]) for start in range(len(words) - n + 1))


def score_bleu(words: list[str], references: list[list[str]]) -> float:
    """BLEU-4 by its definition, reference by reference."""
    logs = []
    for n in range(1, 5):
        grams = list_grams(words, n)
        if grams:
            most = [max(list_grams(reference, n)[gram] for reference in references) for gram in grams]
            matches = sum(min(count, bound) for count, bound in zip(grams.values(), most, strict=True))
            logs.append(math.log((matches or 0.1) / sum(grams.values())))
    closest = min((abs(len(reference) - len(words)), len(reference)) for reference in references)[1]
    brevity = 1.0 if len(words) >= closest else math.exp(1 - closest / len(words))
    return brevity * math.exp(sum(logs) / len(logs))


@given(TEXTS)
def test_self_bleu_is_the_mean_of_each_texts_bleu_against_the_others(texts: list[list[str]]) -> None:
    """The quick way, by the two highest counts of each n-gram, gives what comparing with every other text gives."""
    each = [score_bleu(words, texts[:place] + texts[place + 1 :]) for place, words in enumerate(texts)]
    assert measure_self_bleu(texts) == pytest.approx(sum(each) / len(each))


def test_self_bleu_of_texts_that_are_the_same_is_one() -> None:
    """And near 0 where nothing is shared; a lone text has none."""
    same = ["one", "two", "three", "four", "five"]
    assert measure_self_bleu([same, same, same]) == pytest.approx(1)
    apart = measure_self_bleu([same, ["six", "seven", "eight", "nine", "ten"]])
    assert apart is not None
    assert apart < 0.1
    assert measure_self_bleu([same]) is None
    assert measure_self_bleu([same, []]) is None


def test_distinct_n() -> None:
    """Different n-grams over all, none of them across two texts."""
    texts = [["a", "b", "a"], ["a", "b"]]
    assert measure_distinct(texts, 1) == pytest.approx(2 / 5)
    assert measure_distinct(texts, 2) == pytest.approx(2 / 3)
    assert measure_distinct(texts, 4) is None


def test_what_repeats_is_compressed_more() -> None:
    """The ratio is bytes before over bytes after; of nothing there is none."""
    varied = measure_compression([f"{number * 7919 % 10007} words" for number in range(50)])
    alike = measure_compression(["5000 words"] * 50)
    assert varied is not None
    assert alike is not None
    assert alike > 2 * varied > 2
    assert measure_compression([]) is None


def test_a_sample_is_always_the_same_and_in_order() -> None:
    """Nothing is drawn twice, and fewer texts than wanted are all taken."""
    texts = [f"{number:04}" for number in range(1000)]
    sample = draw_sample(texts, SAMPLE_TEXTS)
    assert sample == draw_sample(texts, SAMPLE_TEXTS) == sorted(set(sample))
    assert len(sample) == SAMPLE_TEXTS
    assert draw_sample(texts, 1000) == texts


def test_diversity_of_some_texts() -> None:
    """How many there are and were measured, and the share of those that another repeats word for word."""
    found = measure_diversity(["same", "same", "other", "another"])
    assert (found.texts, found.sampled, found.repeated) == (4, 4, 0.5)
    assert found.distinct == (0.75, None, None)
    assert measure_diversity([]).self_bleu is None


@pytest.mark.parametrize(
    ("text", "opening"),
    [
        ("How can I, say, open it?", "How can I"),
        ("No.", "No"),
        ("  I can't\nhelp with it", "I can't help"),
        ("“Sorry”, but no", "Sorry”, but no"),
        ("", ""),
        ("…", ""),
    ],
)
def test_an_opening_is_the_first_three_words(text: str, opening: str) -> None:
    """White space is evened out, and punctuation at the ends left out."""
    assert read_opening(text) == opening


def test_openings_are_counted() -> None:
    """A text without words has none."""
    assert count_openings(["I can't help.", "I can't help you", "!"]) == {"I can't help": 2}


def test_words_of_several_scripts() -> None:
    """Letters and digits of any script; each character where no spaces part the words."""
    assert split_words("Wie öffne ich's? 請不要") == ["wie", "öffne", "ich", "s", "請", "不", "要"]


@given(st.lists(st.floats(-5, 15)), st.integers(1, 30))
def test_every_value_is_in_one_part_of_a_histogram(values: list[float], parts: int) -> None:
    """The counts add up, and the parts cover the range without a gap."""
    bins = bin_values(values, 0, 10, parts)
    assert sum(part.count for part in bins) == len(values)
    assert bins[0].low == 0
    assert bins[-1].high == pytest.approx(10)


def test_quantiles_are_values_that_occur() -> None:
    """By nearest rank; of nothing there is none."""
    values = [4.0, 1.0, 3.0, 2.0]
    assert [find_quantile(values, share) for share in (0, 0.25, 0.5, 0.51, 1)] == [1, 1, 2, 3, 4]
    assert find_quantile([], 0.5) is None
