"""Tells which texts are too near to an evaluation set: by a run of words that both have, or by ROUGE-L.

**Runs of words.** Two texts overlap where both hold the same `n` words in a row; 13 by default, the most that GPT-3's analysis
of contamination took (Brown et al. 2020, "Language Models are Few-Shot Learners", appendix C). Words are the tokens of
`tokenise`: case and punctuation make no difference, as there. A text that is shorter than `n` counts whole: all its words must
stand in a row in the other. Below `SHORTEST` words, where such runs are found by chance, nothing is compared (there too).

Whoever shares a run of `n` words shares its first `SHORTEST`. So one index of such short runs gives the texts that may overlap,
and only those are compared in full: exact, and the same result whatever the order of the sets.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from demur.contamination import Contamination
from demur.inputs.evaluation_sets import Decontaminate, EvaluationSet
from demur.stages.novelty import NoveltyIndex
from demur.stages.tokenise import tokenise

SHORTEST = 8
"""Fewest words that count as an overlap where one text is shorter than the run: the least `n` of the same source."""


class RunIndex:
    """Texts, and which of them shares a run of words with another.

    Args:
        words: how long the run must be.
    """

    def __init__(self, words: int) -> None:
        self.words = words
        self._shortest = min(words, SHORTEST)
        self._codes: dict[str, int] = {}
        self._texts: list[tuple[int, ...]] = []
        self._holders: dict[int, list[int]] = {}

    def add(self, text: str) -> None:
        """Add a text; it gets the next number, from 0."""
        known = self._codes
        codes = tuple(known.setdefault(token, len(known)) for token in tokenise(text))
        number = len(self._texts)
        self._texts.append(codes)
        for run in set(_list_runs(codes, self._shortest)):
            # A hash is enough: whatever it finds is compared word by word.
            self._holders.setdefault(hash(run), []).append(number)

    def find(self, text: str) -> tuple[int, float] | None:
        """The text that shares runs with this one, and the share of this one's words that stand in them.

        Of several, the one with the greatest share; of equals, the first.
        """
        codes = tuple(self._codes.get(token, -1) for token in tokenise(text))
        runs = _list_runs(codes, self._shortest)
        holders = Counter(number for run in runs for number in self._holders.get(hash(run), ()))
        best: tuple[int, float] | None = None
        for number, short_runs in sorted(holders.items()):
            other = self._texts[number]
            # A run of n words holds so many shorter ones.
            if short_runs < min(self.words, len(codes), len(other)) - self._shortest + 1:
                continue
            covered = count_covered(codes, other, self.words)
            if covered and (best is None or covered / len(codes) > best[1]):
                best = number, covered / len(codes)
                if covered == len(codes):
                    break
        return best


def count_covered(text: Sequence[int], other: Sequence[int], words: int) -> int:
    """How many words of a text stand in a run of so many that the other has too; a shorter text counts whole."""
    length = min(words, len(text), len(other))
    if length < min(words, SHORTEST):
        return 0
    known = set(_list_runs(tuple(other), length))
    covered = end = 0
    for start, run in enumerate(_list_runs(tuple(text), length)):
        if run in known:
            covered += start + length - max(start, end)
            end = start + length
    return covered


def _list_runs(codes: tuple[int, ...], length: int) -> list[tuple[int, ...]]:
    return [codes[start : start + length] for start in range(len(codes) - length + 1)]


@dataclass(frozen=True, slots=True)
class _Indexed:
    """A set and what finds its neighbours, each where its method is wanted."""

    source: EvaluationSet
    runs: RunIndex | None
    neighbours: NoveltyIndex | None


class ContaminationCheck:
    """What texts are near to in some evaluation sets.

    Attributes:
        removes: whether what is found is to be dropped, or only noted.
    """

    def __init__(self, sets: Sequence[EvaluationSet], settings: Decontaminate) -> None:
        self.removes = settings.action == "remove"
        self._threshold = settings.threshold
        self._sets = tuple(_index(each, settings) for each in sets)

    def find(self, text: str) -> tuple[Contamination, ...]:
        """By set and method the nearest text, where it is too near; the sets in their order."""
        found = []
        for each in self._sets:
            run = each.runs.find(text) if each.runs is not None else None
            if run is not None:
                found.append(Contamination(each.source.name, _locate(each.source, run[0]), run[1], "ngram"))
            match = each.neighbours.nearest(text, self._threshold) if each.neighbours is not None else None
            if match is not None:
                place = _locate(each.source, int(match.id))
                found.append(Contamination(each.source.name, place, match.score, "rouge_l"))
        return tuple(found)


def _index(source: EvaluationSet, settings: Decontaminate) -> _Indexed:
    runs = RunIndex(settings.ngram) if "ngram" in settings.method else None
    neighbours = NoveltyIndex(settings.threshold) if "rouge_l" in settings.method else None
    for number, (_, text) in enumerate(source.texts):
        if runs is not None:
            runs.add(text)
        if neighbours is not None:
            neighbours.add(str(number), text)
    return _Indexed(source, runs, neighbours)


def _locate(source: EvaluationSet, number: int) -> str:
    # By its path where another set's file has the same name, as the set itself is named then.
    named = source.path.name if source.name == source.path.name else str(source.path)
    return named + source.texts[number][0]
