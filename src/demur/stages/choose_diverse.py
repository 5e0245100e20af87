"""Chooses a few texts that are far from each other, and spreads a number over groups as evenly as they allow.

**Farthest-first traversal** (Gonzalez 1985, "Clustering to minimize the maximum intercluster distance", Theoretical Computer
Science 38; the k-center greedy of Sener & Savarese 2018, "Active Learning for Convolutional Neural Networks: A Core-Set
Approach"): after a first text, always the one whose distance from the nearest chosen one is greatest. The distance is 1 − ROUGE-L
F1. Gonzalez's guarantee, at most twice the smallest radius possible, holds for metrics; this distance breaks the triangle
inequality at times (`a`, `a b`, `b`: 1/3 and 1/3, but 1), so here it is a rule of thumb with a good name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor

from rapidfuzz.distance import LCSseq

from demur.stages.novelty import score_rouge_l
from demur.stages.tokenise import tokenise

_CHARACTERS = 0x110000 - 0x800
"""Tokens that can have a character of their own: all code points but the surrogates."""


@dataclass(frozen=True, slots=True)
class Traversal:
    """What was chosen of a group.

    Attributes:
        places: the places of the chosen texts, in the order of their choice.
        closest: the distance of the two chosen ones that are nearest to each other; None of fewer than two.
        radius: the greatest distance of any text from the nearest chosen one; 0 where all are chosen.
    """

    places: tuple[int, ...]
    closest: float | None
    radius: float


def share_out(total: int, sizes: Sequence[int]) -> list[int]:
    """As many of each group, within one, but no more than it has; what a small group cannot take falls to the others.

    One that is over goes to the earlier groups. Where the groups have fewer than the total, all of them are taken.
    """
    quotas = [0] * len(sizes)
    left = min(total, sum(sizes))
    while left:
        open_groups = [group for group, size in enumerate(sizes) if quotas[group] < size]
        each = max(1, left // len(open_groups))
        for group in open_groups:
            more = min(each, sizes[group] - quotas[group], left)
            quotas[group] += more
            left -= more
    return quotas


def traverse_farthest(texts: Sequence[str], count: int, first: int = 0) -> Traversal:
    """Choose so many texts; of equally far ones the first.

    Args:
        count: at most as many as there are, at least one.
        first: the place of the text to begin with.
    """
    spelled = _spell_texts(texts)
    distances = [2.0] * len(texts)
    chosen = [first]
    closest: float | None = None
    while True:
        _approach(texts, spelled, distances, chosen[-1])
        distances[chosen[-1]] = -1.0  # never again
        farthest = max(distances)
        if len(chosen) == count:
            return Traversal(tuple(chosen), closest, max(farthest, 0.0))
        closest = farthest  # they only come nearer: the last one is the closest
        chosen.append(distances.index(farthest))


def _approach(texts: Sequence[str], spelled: Sequence[Sequence[object]], distances: list[float], new: int) -> None:
    """Bring the distances up to date, now that one more is chosen."""
    query = spelled[new]
    length = len(query)
    if not length:
        whole = texts[new].strip()
        for place, text in enumerate(spelled):
            if distances[place] > 0:
                distances[place] = 0.0 if not text and texts[place].strip() == whole else min(distances[place], 1.0)
        return
    similarity = LCSseq.similarity
    for place, text in enumerate(spelled):
        known = distances[place]
        if known <= 0:
            continue
        # Fewer shared tokens than that bring nothing nearer, and are not counted out.
        needed = floor((1 - known) * (length + len(text)) / 2) if known <= 1 else 0
        shared = similarity(query, text, score_cutoff=needed)
        distance = 1 - score_rouge_l(shared, length, len(text) or 1)
        if distance < known:
            distances[place] = distance


def _spell_texts(texts: Sequence[str]) -> list[Sequence[object]]:
    """Each text with a character for a token: that is what is compared fastest."""
    codes: dict[str, int] = {}
    numbered = [[codes.setdefault(token, len(codes)) for token in tokenise(text)] for text in texts]
    if len(codes) > _CHARACTERS:
        return list(numbered)
    return ["".join(chr(code if code < 0xD800 else code + 0x800) for code in each) for each in numbered]
