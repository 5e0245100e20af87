"""How varied texts are: distinct n-grams, self-BLEU, compression, openings, and how a quantity spreads."""

from __future__ import annotations

import math
import random
import re
import zlib
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SAMPLE_TEXTS = 500
"""Texts that diversity is measured on, at most: the measures depend on how many there are, so runs are compared alike."""
OPENING_WORDS = 3
_ORDER = 4
_EPSILON = 0.1
_WORD = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]|[^\W\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]+"
)
_OPENING = re.compile(r"\S+")

Gram = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Diversity:
    """How varied texts are, by a sample of them.

    Attributes:
        texts: how many there are.
        sampled: how many of them were measured.
        distinct: distinct-1, -2 and -3; None where there is no n-gram.
        self_bleu: from 0, nothing shared, to 1, all the same; None of fewer than two texts.
        compression: bytes before over bytes after; the higher, the more repeats. None where there is no text.
        repeated: share of all texts that are word for word another's.
    """

    texts: int
    sampled: int
    distinct: tuple[float | None, ...]
    self_bleu: float | None
    compression: float | None
    repeated: float


@dataclass(frozen=True, slots=True)
class Bin:
    """A part of a histogram: values from `low` up to, but for the last part, below `high`."""

    low: float
    high: float
    count: int


def measure_diversity(texts: Sequence[str]) -> Diversity:
    """All measures of some texts, on a sample that is the same for the same texts."""
    sample = draw_sample(texts, SAMPLE_TEXTS)
    words = [split_words(text) for text in sample]
    return Diversity(
        texts=len(texts),
        sampled=len(sample),
        distinct=tuple(measure_distinct(words, n) for n in (1, 2, 3)),
        self_bleu=measure_self_bleu(words),
        compression=measure_compression(sample),
        repeated=sum(count for count in Counter(texts).values() if count > 1) / len(texts) if texts else 0.0,
    )


def draw_sample(texts: Sequence[str], size: int) -> list[str]:
    """At most so many of the texts, in their order, drawn without replacement; always the same ones."""
    if len(texts) <= size:
        return list(texts)
    places = random.Random(0).sample(range(len(texts)), size)  # noqa: S311  # no secret
    return [texts[place] for place in sorted(places)]


def split_words(text: str) -> list[str]:
    """The words of a text in lower case; in scripts that put no spaces between words, its characters."""
    return _WORD.findall(text.lower())


def measure_distinct(texts: Iterable[Sequence[str]], n: int) -> float | None:
    """Distinct-n: different n-grams over all n-grams, within texts.

    Li et al., "A Diversity-Promoting Objective Function for Neural Conversation Models", 2016.
    """
    grams = Counter(gram for words in texts for gram in _list_grams(words, n))
    return len(grams) / grams.total() if grams else None


def measure_compression(texts: Iterable[str]) -> float | None:
    """The compression ratio: the bytes of all texts, one a line, over what zlib makes of them at its best.

    Shaib et al., "Standardizing the Measurement of Text Diversity", 2024, who use gzip; zlib is the same method (DEFLATE)
    with a shorter header.
    """
    plain = "\n".join(texts).encode("utf-8", errors="replace")
    return len(plain) / len(zlib.compress(plain, 9)) if plain else None


def measure_self_bleu(texts: Sequence[Sequence[str]]) -> float | None:
    """Self-BLEU: the mean over the texts of each one's BLEU-4 with all others as its references.

    Zhu et al., "Texygen: A Benchmarking Platform for Text Generation Models", 2018. BLEU is that of Papineni et al., 2002:
    the geometric mean of the clipped precisions for n = 1 to 4, times the brevity penalty against the reference whose
    length is closest (the shorter of two). A precision of 0 counts as 0.1 matches (method 1 of Chen and Cherry, 2014). A
    text of fewer than four words is measured by the n-grams that it has.
    """
    texts = [words for words in texts if words]
    if len(texts) < 2:
        return None
    counts = [[Counter(_list_grams(words, n)) for n in range(1, _ORDER + 1)] for words in texts]
    bounds = [_find_two_most(by_order[place] for by_order in counts) for place in range(_ORDER)]
    lengths = sorted(map(len, texts))
    scores = []
    for words, by_order in zip(texts, counts, strict=True):
        logs = [
            math.log(max(_count_matches(grams, bound), _EPSILON) / grams.total())
            for grams, bound in zip(by_order, bounds, strict=True)
            if grams
        ]
        nearest = _find_nearest_length(lengths, len(words))
        brevity = min(0.0, 1 - nearest / len(words))
        scores.append(math.exp(brevity + sum(logs) / len(logs)))
    return sum(scores) / len(scores)


def count_openings(texts: Iterable[str]) -> Counter[str]:
    """How often each opening comes: the first words as they stand, without the punctuation at their ends."""
    return Counter(opening for text in texts if (opening := read_opening(text)))


def read_opening(text: str) -> str:
    """The first three words of a text, or its first characters where no spaces part them."""
    words = [found[0] for found, _ in zip(_OPENING.finditer(text), range(OPENING_WORDS), strict=False)]
    return " ".join(words)[:60].strip(" .,;:!?\"'…“”")


def bin_values(values: Sequence[float], low: float, high: float, parts: int) -> list[Bin]:
    """A histogram of equal parts from `low` to `high`; a value outside counts in the first or the last part."""
    counts = [0] * parts
    width = (high - low) / parts
    for value in values:
        counts[min(parts - 1, max(0, int((value - low) / width)))] += 1
    return [Bin(low + n * width, low + (n + 1) * width, count) for n, count in enumerate(counts)]


def find_quantile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that so large a share of all does not exceed (nearest rank)."""
    if not values:
        return None
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def _list_grams(words: Sequence[str], n: int) -> list[Gram]:
    return list(zip(*(words[start:] for start in range(n)), strict=False))


def _find_two_most(counts: Iterable[Counter[Gram]]) -> dict[Gram, tuple[int, int]]:
    """For each n-gram the two highest counts in one text: the most among all other texts is one of them."""
    most: dict[Gram, tuple[int, int]] = {}
    for grams in counts:
        for gram, count in grams.items():
            first, second = most.get(gram, (0, 0))
            if count > first:
                most[gram] = (count, first)
            elif count > second:
                most[gram] = (first, count)
    return most


def _count_matches(grams: Counter[Gram], most: dict[Gram, tuple[int, int]]) -> int:
    """N-grams of a text that another text has too, each at most as often as that one has it."""
    matches = 0
    for gram, count in grams.items():
        first, second = most[gram]
        matches += min(count, second if count == first else first)
    return matches


def _find_nearest_length(lengths: Sequence[int], length: int) -> int:
    """The length of another text that is closest, the shorter of two.

    Args:
        lengths: of all texts, sorted; one of them is the text's own.
    """
    place = bisect_left(lengths, length)
    around = [lengths[other] for other in (place - 1, place + 1) if 0 <= other < len(lengths)]
    return min(around, key=lambda other: (abs(other - length), other))
