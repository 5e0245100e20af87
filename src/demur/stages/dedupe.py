"""Stage 2, deduplication: ROUGE-L F1 against everything admitted before, exactly.

ROUGE-L F1 of two token lists of lengths m and n is ``2 L / (m + n)``, where L is the length of their longest common
subsequence (Lin 2004, with rouge_score's tokens: lower-cased runs of a-z and 0-9, no stemming).

How the index finds the nearest text without comparing with all of them: L is at most the number of tokens that two
texts share (counted with repetition). Texts of one length sit together in blocks; a block keeps, for each token, the
set of its texts that hold it, as the bits of one integer. Adding the query's sets up in a bit-sliced counter counts the
shared tokens for thousands of texts in a few dozen integer operations. Only texts whose count could beat the best score
so far go to the longest-common-subsequence proper (rapidfuzz), those with the highest counts first. Nothing is
approximated.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from rapidfuzz.distance import LCSseq

from demur.records import Admitted, Draft, Drop, Match, Reason, Seed, Stage

BLOCK_TEXTS = 4096
"""Texts a block holds: integers of 512 bytes stay in the processor's first cache."""
_SLACK = 1e-9
"""Scores that are equal as fractions may differ in their last bit: what could still win by that bit is looked at."""
_TOKEN = re.compile(r"[a-z0-9]+")


def tokenise(text: str) -> list[str]:
    """rouge_score's tokens: lower-case, runs of a-z and 0-9; anything else separates."""
    return _TOKEN.findall(text.lower())


def score_rouge_l(shared: int, first: int, second: int) -> float:
    """ROUGE-L F1 from the LCS length and both lengths in tokens, rounded just as rouge_score rounds it."""
    if not shared:
        return 0.0
    precision, recall = shared / first, shared / second
    return 2 * precision * recall / (precision + recall)


class NoveltyIndex:
    """Every text admitted so far, and which of them is nearest to a new one.

    Args:
        threshold: ROUGE-L F1 at or above which a text counts as a duplicate, in (0, 1]; above 1 nothing does.
    """

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        self._size = 0
        self._vocabulary: dict[tuple[str, int], int] = {}
        self._letters: dict[str, str] = {}
        self._blocks: dict[int, list[_Block]] = {}

    def __len__(self) -> int:
        return self._size

    def nearest(self, text: str) -> Match | None:
        """The admitted text with the highest ROUGE-L F1, whatever the threshold; None if none shares a token."""
        tokens = tokenise(text)
        return self._search(self._spell(tokens), list(self._number(tokens)))

    def admit(self, text_id: str, text: str) -> tuple[bool, Match | None]:
        """Add the text unless it is a duplicate: whether it was added, and its nearest neighbour until then."""
        tokens = tokenise(text)
        spelled, features = self._spell(tokens), list(self._number(tokens))
        match = self._search(spelled, features)
        if match is not None and match.score >= self.threshold:
            return False, match
        self._insert(text_id, spelled, features)
        return True, match

    def add(self, text_id: str, text: str) -> None:
        """Add a text without asking whether it is new: seeds."""
        tokens = tokenise(text)
        self._insert(text_id, self._spell(tokens), list(self._number(tokens)))

    def _spell(self, tokens: list[str]) -> str:
        """One character a distinct token: rapidfuzz compares strings fastest."""
        letters = self._letters
        for token in tokens:
            if token not in letters:
                code = len(letters)
                # The surrogates U+D800..DFFF are no characters; past U+10FFFF there are none left.
                letters[token] = chr(code if code < 0xD800 else code + 0x800)
        return "".join([letters[token] for token in tokens])

    def _number(self, tokens: list[str]) -> Iterator[int]:
        """A number for each (token, how often it came before), so that sets count repeated tokens rightly."""
        seen: Counter[str] = Counter()
        for token in tokens:
            yield self._vocabulary.setdefault((token, seen[token]), len(self._vocabulary))
            seen[token] += 1

    def _insert(self, text_id: str, spelled: str, features: list[int]) -> None:
        self._size += 1
        if not spelled:
            return  # no token: its score with any text is 0
        blocks = self._blocks.setdefault(len(spelled), [])
        if not blocks or len(blocks[-1].ids) == BLOCK_TEXTS:
            blocks.append(_Block())
        blocks[-1].insert(text_id, spelled, features)

    def _search(self, spelled: str, features: list[int]) -> Match | None:
        length = len(spelled)
        best, best_id = 0.0, ""
        # The nearest lengths first: they can score highest, and a high score rules the others out.
        bounds = sorted(
            ((-2 * min(length, other) / (length + other), other) for other in self._blocks) if length else ()
        )
        for bound, other in bounds:
            if -bound < best - _SLACK:
                break
            for block in self._blocks[other]:
                for shared, places in block.rank(features):
                    if score_rouge_l(shared, length, other) < best - _SLACK:
                        break
                    for place in places:
                        score = score_rouge_l(LCSseq.similarity(spelled, block.texts[place]), length, other)
                        if score > best:
                            best, best_id = score, block.ids[place]
        return Match(best_id, best) if best else None


class _Block:
    """Up to `BLOCK_TEXTS` texts of one length."""

    __slots__ = ("holders", "ids", "texts")

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.texts: list[str] = []
        self.holders: dict[int, int] = {}

    def insert(self, text_id: str, spelled: str, features: list[int]) -> None:
        bit = 1 << len(self.ids)
        self.ids.append(text_id)
        self.texts.append(spelled)
        for feature in features:
            self.holders[feature] = self.holders.get(feature, 0) | bit

    def rank(self, features: list[int]) -> Iterator[tuple[int, Iterator[int]]]:
        """The texts that share tokens with the query: (how many they share, their places), most first."""
        slices = self._count(features)
        alive = 0
        for bits in slices:
            alive |= bits
        while alive:
            top, shared = alive, 0
            for power in range(len(slices) - 1, -1, -1):
                higher = top & slices[power]
                if higher:
                    top = higher
                    shared |= 1 << power
            yield shared, _list_bits(top)
            alive &= ~top

    def _count(self, features: list[int]) -> list[int]:
        """A bit-sliced counter: bit t of slice p is bit p of the number of query tokens that text t holds."""
        slices: list[int] = []
        holders = self.holders
        for feature in features:
            carry = holders.get(feature, 0)
            power = 0
            while carry:
                if power == len(slices):
                    slices.append(carry)
                    break
                bits = slices[power]
                slices[power] = bits ^ carry
                carry &= bits
                power += 1
        return slices


def _list_bits(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


class Deduplicator:
    """The stage: a draft is admitted, with its nearest neighbour, or dropped as a near-duplicate.

    Args:
        threshold: ROUGE-L F1 from which a draft is a duplicate.
        filtering: whether duplicates are dropped, or only their neighbour noted.
        seeds: what a person brought; drafts must differ from it too.
    """

    def __init__(self, threshold: float, *, filtering: bool, seeds: tuple[Seed, ...]) -> None:
        self.index = NoveltyIndex(threshold if filtering else 2.0)
        for seed in seeds:
            self.index.add(seed.id, seed.instruction)

    def admit(self, draft: Draft) -> Admitted | Drop:
        """Decide on one draft. Drafts must come in the order of their ids: the index is the one state of a run."""
        admitted, neighbour = self.index.admit(str(draft.id), draft.instruction)
        if admitted:
            return Admitted(draft=draft, neighbour=neighbour)
        return Drop(
            id=draft.id,
            stage=Stage.DEDUPE,
            reason=Reason.NEAR_DUPLICATE,
            instruction=draft.instruction,
            neighbour=neighbour,
        )
