"""Settling: which of the accepted pairs a task takes, where it has several strands or sets bounds to its responses.

The second step with a memory, after deduplication, and passed in a fixed order like it: rank by rank, strand by strand, the
next accepted pair of a strand is taken, unless it is a near-duplicate of one taken from another strand, or its response
opens or reads like too many before it. So the result depends on what the strands accept, and on nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import floor

from demur.inputs.calibration import Replies
from demur.records import TWIN, Draft, DraftId, Drop, Match, Pair, Reason, Seed, Stage
from demur.stages.dedupe import OFF
from demur.stages.novelty import NoveltyIndex, ScoreFunc
from demur.stages.semantic import SemanticIndex

STALL_PAIRS = 30
"""Pairs of one strand in a row that are not taken, after which no more is expected of it."""


class Ledger:
    """What a task has taken so far, and whether one more pair may join it.

    Args:
        threshold: the ROUGE-L score from which instructions are duplicates; `OFF`: none are.
        rules: bounds for responses.
        wanted: pairs of the task in all: what shares are shares of.
        seeds: what nothing may be a duplicate of.
        earlier: texts of earlier tasks, likewise. It is only read.
        semantic: instructions that a strand brought must differ in meaning too.
        open_to_all: nothing is compared, and whatever comes may join.
    """

    def __init__(
        self,
        threshold: float,
        rules: Replies,
        wanted: int,
        *,
        score_func: ScoreFunc = "f1",
        seeds: Iterable[Seed] = (),
        earlier: NoveltyIndex | None = None,
        semantic: SemanticIndex | None = None,
        open_to_all: bool = False,
    ) -> None:
        self._open_to_all = open_to_all
        share = rules.max_opening_share
        self.max_openings = None if share is None else max(1, floor(share * wanted + 1e-9))
        self.openings: Counter[str] = Counter()
        self._instructions = NoveltyIndex(threshold, score_func=score_func)
        self._earlier = earlier
        self._semantic = semantic if threshold < OFF else None
        self._responses = None if rules.max_similarity is None else NoveltyIndex(rules.max_similarity)
        self._roots: dict[str, tuple[DraftId, str]] = {}
        self._texts: set[str] = set()
        for seed in seeds:
            self._instructions.add(seed.id, seed.instruction)

    def examine(self, pair: Pair) -> Drop | None:
        """The drop that a pair would be, or None where it may join. What is a drop once stays one, whatever is taken."""
        return self._compare(pair, self._find_nearest(pair.draft.instruction, self._instructions.threshold))

    def admit(self, pair: Pair) -> Pair | Drop:
        """Take a pair, or drop it. What was made of another gets its nearest neighbour here: it has none yet."""
        if self._open_to_all:
            return pair
        made = pair.draft.parent is not None
        neighbour = self._find_nearest(pair.draft.instruction, 0.0 if made else self._instructions.threshold)
        drop = self._compare(pair, neighbour)
        if drop is not None:
            return drop
        self._take(pair)
        return replace(pair, neighbour=neighbour) if made else pair

    def _compare(self, pair: Pair, neighbour: Match | None) -> Drop | None:
        draft = pair.draft
        if (
            neighbour is not None
            and neighbour.score >= self._instructions.threshold
            and not self._is_family(draft, neighbour)
        ):
            return _drop(pair, Reason.NEAR_DUPLICATE, neighbour)
        if self._semantic is not None and draft.parent is None:
            akin = self._semantic.nearest(draft.instruction)
            if akin is not None and akin.score >= self._semantic.threshold:
                return _drop(pair, Reason.SEMANTIC_DUPLICATE, akin)
        if self.max_openings is not None:
            opening = _read_opening(pair.response)
            if self.openings[opening] >= self.max_openings:
                detail = f"{self.max_openings} responses open with: {opening}"
                return _drop(pair, Reason.OPENING_REPEATED, detail=detail)
        if self._responses is not None:
            like = self._responses.nearest(pair.response, self._responses.threshold)
            if like is not None:
                return _drop(pair, Reason.RESPONSE_REPEATED, like)
        return None

    def _is_family(self, draft: Draft, neighbour: Match) -> bool:
        """Whether a mutant's neighbour is what it was made of, or another mutant of that: they are alike by nature."""
        if draft.parent is None or draft.kind == TWIN or draft.instruction in self._texts:
            return False
        root, kind = self._roots.get(neighbour.id, (None, ""))
        return root == draft.parent and kind != TWIN

    def _find_nearest(self, text: str, floor_score: float) -> Match | None:
        earlier = None if self._earlier is None else self._earlier.nearest(text, floor_score)
        own = self._instructions.nearest(text, floor_score if earlier is None else earlier.score)
        if earlier is None or own is None:
            return own or earlier
        return own if own.score > earlier.score else earlier

    def _take(self, pair: Pair) -> None:
        draft, text_id = pair.draft, str(pair.draft.id)
        self._instructions.add(text_id, draft.instruction)
        self._roots[text_id] = draft.parent or draft.id, draft.kind
        self._texts.add(draft.instruction)
        if self.max_openings is not None:
            self.openings[_read_opening(pair.response)] += 1
        if self._semantic is not None and draft.parent is None:
            self._semantic.add(text_id, draft.instruction)
        if self._responses is not None:
            self._responses.add(text_id, pair.response)


class Settlement:
    """The settling of some strands, as far as what they accepted reaches. It goes on as they accept more.

    Args:
        quotas: pairs wanted of each strand.
        stall_pairs: pairs of a strand in a row that are not taken, after which no more is expected of it.

    Attributes:
        taken: the pairs, in the order of their taking.
        drops: what was not taken, likewise.
        considered: how many pairs of each strand were looked at.
        counts: how many of them were taken.
        barren: strands of which nothing was taken for so long.
    """

    def __init__(self, quotas: Sequence[int], ledger: Ledger, *, stall_pairs: int = STALL_PAIRS) -> None:
        self._stall_pairs = stall_pairs
        self.quotas = tuple(quotas)
        self.ledger = ledger
        self.taken: list[Pair] = []
        self.drops: list[Drop] = []
        self.considered = [0] * len(self.quotas)
        self.counts = [0] * len(self.quotas)
        self.barren: set[int] = set()
        self._in_vain = [0] * len(self.quotas)
        self._active = [strand for strand, quota in enumerate(self.quotas) if quota]
        self._turn = 0

    def advance(self, strands: Sequence[Sequence[Pair]], ended: Sequence[bool]) -> None:
        """Take what can be taken, up to the first strand whose next pair is not known yet.

        Args:
            strands: what each has accepted, in order; more than at the last call, or the same.
            ended: whether a strand will never accept more.
        """
        while self._active:
            strand = self._active[self._turn]
            if self.considered[strand] == len(strands[strand]):
                if not ended[strand]:
                    return
                self._leave()
                continue
            self._consider(strand, strands[strand][self.considered[strand]])
            if self.counts[strand] == self.quotas[strand] or strand in self.barren:
                self._leave()
            else:
                self._turn = (self._turn + 1) % len(self._active)

    def count_missing(self, strands: Sequence[Sequence[Pair]], ended: Sequence[bool]) -> list[int]:
        """How many more pairs each strand is to accept, at the least, before this can go on to the end."""
        missing = [0] * len(self.quotas)
        for strand in self._active:
            if not ended[strand]:
                waiting = strands[strand][self.considered[strand] :]
                usable = sum(self.ledger.examine(pair) is None for pair in waiting)
                missing[strand] = max(0, self.quotas[strand] - self.counts[strand] - usable)
        return missing

    def _consider(self, strand: int, pair: Pair) -> None:
        self.considered[strand] += 1
        outcome = self.ledger.admit(pair)
        if isinstance(outcome, Pair):
            self.taken.append(outcome)
            self.counts[strand] += 1
            self._in_vain[strand] = 0
            return
        self.drops.append(outcome)
        self._in_vain[strand] += 1
        if self._in_vain[strand] >= self._stall_pairs:
            self.barren.add(strand)

    def _leave(self) -> None:
        del self._active[self._turn]
        if self._turn == len(self._active):
            self._turn = 0


def _read_opening(text: str) -> str:
    # Imported late: with it come the phrases of refusals, whose patterns take a tenth of a second to compile.
    from demur.stages.describe_reply import read_opening

    return read_opening(text)


def _drop(pair: Pair, reason: Reason, neighbour: Match | None = None, detail: str = "") -> Drop:
    return Drop(id=pair.draft.id, stage=Stage.SETTLE, reason=reason, instruction=pair.draft.instruction,
                response=pair.response, neighbour=neighbour, opinion=pair.opinion, detail=detail)  # fmt: skip
