"""Finds the nearest of a million texts by ROUGE-L, exactly, in a millisecond or two.

ROUGE-L compares two texts by the length L of the longest common subsequence of their tokens (Lin 2004). With `m` tokens in the
new text and `n` in the admitted one, precision is ``L / m``, recall ``L / n``, and F1 their harmonic mean ``2 L / (m + n)``.

L is at most the number of tokens that the two share, counted with repetition. A score to beat therefore sets how many tokens a
text of a given length must share, and the index finds the texts that do without looking at the others:

- A token that few texts hold keeps the list of them; one that many hold keeps them as bits, a page of texts at a time
  (`BitPage`). A token goes over from the one to the other, for the texts to come, as it becomes frequent.
- Texts that share two rare tokens are found by set operations on the short lists. The others share one rare token at most, so
  they share all that they need but one among the frequent ones: those are found by adding the bits of a page up.
- Only the texts found go to the longest common subsequence proper (rapidfuzz), those that share most first: the score that they
  reach is the score to beat from then on.

Nothing is approximated. `docs/deduplication-measurements.md` has the figures.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Sequence
from math import ceil, floor, inf
from typing import Literal, TypeAlias

from rapidfuzz import process
from rapidfuzz.distance import LCSseq

from demur.records import Match
from demur.stages.bit_pages import BitPage, add_up, find_most, gather_bits, intersect, list_bits
from demur.stages.tokenise import tokenise

ScoreFunc: TypeAlias = Literal["f1", "precision", "recall"]

PAGE_TEXTS = 65_536
"""Texts a page holds: its sets are integers of 8 KB, so that a counter of five slices stays near the processor."""
TAIL_TEXTS = 4_096
"""Texts that are gathered in a small page, where bits are set quickly, before they are appended to the last one."""
RARE_TEXTS = 32
RARE_SHARE = 512
"""A token is rare until `RARE_TEXTS` texts, and every `RARE_SHARE`th text, hold it."""
LETTERS = 0x10F7FE
"""So many tokens have a character of their own: all code points but the surrogates and the last two."""
_STRANGE, _CROWDED = chr(0x10FFFF), chr(0x10FFFE)
"""What a query's token is spelled with that no admitted text holds; and the tokens beyond the first `LETTERS`."""
_ROUNDING = 1e-9
"""Bounds are loosened by more than floating point can err in them; the scores that decide are rouge_score's to the bit."""
_FEW_TEXTS = 256
_FIRST_TEXTS = (1 << 4096) - 1


class NoveltyIndex:
    """Every text admitted so far, and which of them is nearest to a new one.

    Decisions and neighbours depend on what was admitted in which order, and on nothing else. A text without any token is equal
    to the texts with the same characters but for spaces around them (score 1), and shares nothing with any other.

    Args:
        threshold: the score at or above which a text counts as a duplicate, in (0, 1]; above 1 nothing does.
        score_func: which ROUGE-L score. As in rouge_score, with the admitted text as target and the new text as prediction:
            `precision` is the share of the *new* text's tokens that stand in the admitted one in the same order, `recall` the
            share of the *admitted* text's tokens that stand in the new one, and `f1` their harmonic mean.
    """

    def __init__(self, threshold: float, *, score_func: ScoreFunc = "f1") -> None:
        if not threshold > 0:
            raise ValueError(f"the threshold must be above 0, not {threshold}")
        self.threshold = threshold
        self.score_func: ScoreFunc = score_func
        self._ids: list[str] = []
        self._texts: list[str] = []  # a character a token
        self._crowded: dict[int, array[int]] = {}
        self._shortest, self._longest = 1 << 62, 0
        self._codes: dict[str, int] = {}
        self._wholes: dict[str, int] = {}
        self._rare: dict[int, array[int]] = {}
        self._frequent: set[int] = set()
        self._pages: list[BitPage] = []
        self._tail = BitPage(0)

    def __len__(self) -> int:
        return len(self._ids)

    def nearest(self, text: str, floor: float = 0.0) -> Match | None:
        """The admitted text with the highest score, if that is at least `floor`; of equals the first admitted.

        With a floor of 0 that is any text that shares a token. A higher floor is faster.
        """
        tokens = tokenise(text)
        if not tokens:
            place = self._wholes.get(text.strip())
            return None if place is None or floor > 1 else Match(self._ids[place], 1.0)
        if floor > 1:
            return None
        query = _Query(self, [self._codes.get(token, -1) for token in tokens], floor)
        query.search()
        return None if query.place is None else Match(self._ids[query.place], query.best)

    def list_near(self, text: str) -> list[Match]:
        """Every admitted text whose score reaches the threshold, in the order of their admission.

        Of texts without any token only the first with these characters.
        """
        if self.threshold > 1 or not (tokens := tokenise(text)):
            match = self.nearest(text, self.threshold)
            return [] if match is None else [match]
        query = _Sweep(self, [self._codes.get(token, -1) for token in tokens], self.threshold)
        query.search()
        return [Match(self._ids[place], score) for place, score in sorted(query.found.items())]

    def admit(self, text_id: str, text: str, floor: float = 0.0) -> tuple[bool, Match | None]:
        """Add the text unless it is a duplicate.

        Args:
            floor: neighbours below it are not looked for; with the threshold as floor the decision is the same, and faster.

        Returns:
            Whether it was added, and its nearest neighbour among those before it.
        """
        match = self.nearest(text, min(floor, self.threshold))
        if match is not None and match.score >= self.threshold:
            return False, match
        self.add(text_id, text)
        return True, match

    def admit_many(
        self, items: Sequence[tuple[str, str]], *, workers: int | None = None
    ) -> list[tuple[bool, Match | None]]:
        """Admit (id, text) pairs as `admit` with the threshold as floor would, one after the other, but faster.

        Args:
            workers: processes that search side by side; None: one for each core.
        """
        from demur.stages.admit_blocks import admit_blocks

        return admit_blocks(self, items, workers)

    def add(self, text_id: str, text: str) -> None:
        """Add a text without asking whether it is new: seeds."""
        place, known = len(self._ids), self._codes
        codes = [known.setdefault(token, len(known)) for token in tokenise(text)]
        self._ids.append(text_id)
        self._texts.append(_spell(codes))
        if codes:
            self._shortest, self._longest = min(self._shortest, len(codes)), max(self._longest, len(codes))
        else:
            self._wholes.setdefault(text.strip(), place)
        if codes and max(codes) >= LETTERS:
            self._crowded[place] = array("I", codes)
        frequent = self._frequent
        features = _number_repeats(codes)
        rare = [feature for feature in features if feature not in frequent]
        self._tail.insert(
            len(codes), [feature for feature in features if feature in frequent] if len(rare) < len(features) else []
        )
        limit = max(RARE_TEXTS, place // RARE_SHARE)
        for feature in rare:
            places = self._rare.get(feature)
            if places is None:
                self._rare[feature] = array("I", (place,))
            else:
                places.append(place)
                if len(places) >= limit:
                    frequent.add(feature)
        if self._tail.size >= TAIL_TEXTS:
            self._turn_tail()

    def _turn_tail(self) -> None:
        """Append the tail to the last page, and begin a new one."""
        if self._pages and self._pages[-1].size < PAGE_TEXTS:
            self._pages[-1].append(self._tail)
        else:
            self._pages.append(self._tail)
        self._tail = BitPage(len(self._ids))
        if self._pages[-1].size >= PAGE_TEXTS:
            # What was frequent once need not stay so: a set of 8 KB for a handful of texts is not worth its memory.
            for feature, places in self._pages[-1].drop_sparse(PAGE_TEXTS // RARE_SHARE // 4).items():
                self._frequent.discard(feature)
                self._rare.setdefault(feature, array("I")).extend(places)

    def _list_rare(self, features: list[int]) -> list[array[int]]:
        """The lists of places of those tokens that have one."""
        return [places for feature in features if (places := self._rare.get(feature)) is not None]

    def _list_pages(self) -> list[BitPage]:
        """The pages, in order."""
        return [*self._pages, self._tail]


class _Query:
    """One search.

    Attributes:
        best: the score to beat, or to equal with an earlier text.
        place: the text that has it; None while none does.
    """

    __slots__ = ("_base", "_codes", "_features", "_index", "_length", "_slope", "_spelled", "best", "place")

    def __init__(self, index: NoveltyIndex, codes: list[int], floor: float) -> None:
        self._index = index
        self._codes = codes
        self._length = len(codes)
        # A score of 1 takes so many shared tokens: the base, and the slope for each token of the other text.
        self._base, self._slope = {
            "f1": (self._length / 2, 0.5), "precision": (self._length, 0.0), "recall": (0.0, 1.0)
        }[index.score_func]  # fmt: skip
        self._spelled = _spell(codes)
        self._features = _number_repeats([code for code in codes if code >= 0] if -1 in codes else codes)
        self.best = floor
        self.place: int | None = None

    def search(self) -> None:
        """Find the nearest text."""
        once, twice = self._find_rare()
        self._measure(twice)
        counted = []
        shortest = self._index._shortest
        for page in self._index._list_pages():
            sets = page.collect(self._features)
            needed = self._need(shortest) - bool(once)
            if not sets or needed < len(sets):
                counted.append((page, sets))
            elif needed == len(sets):
                common = intersect(sets)
                if common.bit_count() > _FEW_TEXTS:
                    counted.append((page, sets))
                else:
                    self._measure([page.first + bit for bit in list_bits(common)])
        if counted and self._reach(len(self._features)) >= shortest:
            self._count(counted, sorted(once))

    def _find_rare(self) -> tuple[set[int], set[int]]:
        """The texts that share a rare token, and those that share two or more."""
        once: set[int] = set()
        twice: set[int] = set()
        for places in sorted(self._index._list_rare(self._features), key=len, reverse=True):
            twice.update(once.intersection(places))
            once.update(places)
        return once, twice

    def _count(self, pages: list[tuple[BitPage, list[int]]], once: list[int]) -> None:
        """Count the tokens that the texts of some pages share, and measure those that share enough.

        A rare token counts once, however many there are: who shares two of them was measured before.
        """
        summed = []
        for page, sets in pages:
            places = once[bisect_left(once, page.first) : bisect_left(once, page.first + page.size)]
            if places:
                sets = [*sets, gather_bits(places, page.first)]
            if sets and self._reach(len(sets)) >= self._index._shortest:
                slices = add_up(sets)
                summed.append((*find_most(slices), page, slices))
        # A good guess first: it spares most of the rest.
        summed.sort(key=lambda entry: -entry[0])
        for most, found, page, _ in summed:
            if self._reach(most) < self._index._shortest:
                break
            self._measure([page.first + bit for bit in list_bits(found & _FIRST_TEXTS or found)[:_FEW_TEXTS]])
        for most, _, page, slices in summed:
            found = page.select(slices, self._list_enough(most, exceed=self.place is not None))
            earlier = 0 if self.place is None else max(self.place - page.first, 0)
            if earlier:
                equal = page.select(slices, self._list_enough(most, exceed=False))
                found |= equal if earlier >= page.size else equal & (1 << earlier) - 1
            self._measure([page.first + bit for bit in list_bits(found)])

    def _list_enough(self, most: int, *, exceed: bool) -> list[tuple[int, float]]:
        """How many shared tokens are enough for which lengths, see `BitPage.select`.

        Args:
            exceed: enough for more than the best score, and not for as much.
        """
        enough = []
        for shared in range(self._need(self._index._shortest), most + 1):
            longest = self._reach(shared)
            # Scores that are equal as fractions may differ in their last bit, so the scores themselves are asked.
            while exceed and longest >= 1 and self._score(shared, longest) <= self.best:
                longest = longest - 1 if longest < inf else 0  # infinite where the length has no say
            if longest >= self._index._shortest:
                enough.append((shared, longest))
            if longest >= self._index._longest:
                break
        return enough

    def _score(self, shared: int, length: float) -> float:
        return score_rouge_l(shared, self._length, length, self._index.score_func)

    def _need(self, length: int) -> int:
        """How many tokens a text of so many must share at least to have the best score."""
        return max(1, ceil(self.best * (self._base + self._slope * length) - _ROUNDING))

    def _reach(self, shared: int) -> float:
        """The greatest length at which so many shared tokens are enough for the best score."""
        if self.best <= 0:
            return inf
        match self._index.score_func:
            case "f1":
                return floor(2 * shared / self.best - self._length + _ROUNDING)
            case "precision":
                return inf if shared >= self.best * self._length - _ROUNDING else -inf
            case "recall":
                return floor(shared / self.best + _ROUNDING)

    def _measure(self, places: Collection[int]) -> None:
        """Compare with these texts, and note the best."""
        if not places:
            return
        texts, places = self._index._texts, list(places)
        near = process.extract(
            self._spelled,
            [texts[place] for place in places],
            scorer=LCSseq.similarity,
            score_cutoff=self._need(self._index._shortest),
            limit=None,
        )
        crowded = _CROWDED in self._spelled
        base, slope = self._base, self._slope
        for text, shared, at in near:
            if shared < self.best * (base + slope * len(text)) - _ROUNDING:
                continue  # most do not come near, and end here at little cost
            place = places[at]
            if crowded and place in self._index._crowded:
                shared = LCSseq.similarity(self._codes, list(self._index._crowded[place]))
            if shared:
                self._note(place, score_rouge_l(shared, self._length, len(text), self._index.score_func))

    def _note(self, place: int, score: float) -> None:
        if score > self.best or (score == self.best and (self.place is None or place < self.place)):
            self.best, self.place = score, place


class _Sweep(_Query):
    """A search for every text that reaches a score, which therefore stays the one to equal.

    Attributes:
        found: the scores by place.
    """

    __slots__ = ("found",)

    def __init__(self, index: NoveltyIndex, codes: list[int], floor: float) -> None:
        super().__init__(index, codes, floor)
        self.found: dict[int, float] = {}

    def _note(self, place: int, score: float) -> None:
        if score >= self.best:
            self.found[place] = score


def score_rouge_l(shared: int, new: int, admitted: float, score_func: ScoreFunc = "f1") -> float:
    """ROUGE-L from the LCS length and both lengths in tokens, rounded just as rouge_score rounds it."""
    if not shared:
        return 0.0
    precision, recall = shared / new, shared / admitted
    if score_func == "f1":
        return 2 * precision * recall / (precision + recall)
    return precision if score_func == "precision" else recall


def _spell(codes: list[int]) -> str:
    """One character a token: rapidfuzz compares strings fastest."""
    if codes and max(codes) < min(LETTERS, 0xD800) and min(codes) >= 0:
        return "".join(map(chr, codes))
    return "".join([_spell_one(code) for code in codes])


def _spell_one(code: int) -> str:
    if code < 0:
        return _STRANGE
    if code >= LETTERS:
        return _CROWDED
    return chr(code if code < 0xD800 else code + 0x800)  # the surrogates U+D800..DFFF are no characters


def _number_repeats(codes: list[int]) -> list[int]:
    """A number for each (token, how often it came before), so that sets count repeated tokens rightly."""
    if len(set(codes)) == len(codes):
        return codes
    seen: Counter[int] = Counter()
    features = []
    for code in codes:
        features.append(code | seen[code] << 32)
        seen[code] += 1
    return features
