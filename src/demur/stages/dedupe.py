"""Stage 2, deduplication: ROUGE-L against everything admitted before, exactly; and by meaning, where that is wanted."""

from __future__ import annotations

from dataclasses import replace

from demur.contamination import Contamination
from demur.records import Admitted, Draft, Drop, Match, Reason, Seed, Stage
from demur.stages.decontaminate import ContaminationCheck
from demur.stages.novelty import NoveltyIndex, ScoreFunc
from demur.stages.semantic import SemanticIndex

OFF = 2.0
"""A threshold that no score reaches."""


class Deduplicator:
    """The stage: a draft is admitted, with its nearest neighbour, or dropped as a near-duplicate.

    Args:
        threshold: the score from which a draft is a duplicate.
        filtering: whether duplicates are dropped, or only their neighbour noted.
        seeds: what a person brought; drafts must differ from it too.
        score_func: which ROUGE-L score; see `NoveltyIndex`.
        earlier: texts of earlier tasks, which drafts must differ from too. It is only read.
        semantic: also drops what is near in meaning, where duplicates are dropped at all; it has the seeds already.
        contamination: what is near to evaluation sets is dropped, or flagged; None: nothing is compared with any.
    """

    def __init__(
        self,
        threshold: float,
        *,
        filtering: bool,
        seeds: tuple[Seed, ...],
        score_func: ScoreFunc = "f1",
        earlier: NoveltyIndex | None = None,
        semantic: SemanticIndex | None = None,
        contamination: ContaminationCheck | None = None,
    ) -> None:
        self.index = NoveltyIndex(threshold if filtering else OFF, score_func=score_func)
        self._earlier = earlier
        self._semantic = semantic if filtering else None
        self._contamination = contamination
        for seed in seeds:
            self.index.add(seed.id, seed.instruction)

    def prepare(self) -> None:
        """Load what the first draft would otherwise wait for. Takes seconds where there is an embedding model.

        Raises:
            ModelNotFound: the embedding model is not to be had.
            ExtraMissing: its package cannot be imported.
        """
        if self._semantic is not None:
            self._semantic.load()

    def admit(self, draft: Draft) -> Admitted | Drop:
        """Decide on one draft. Drafts must come in the order of their ids: the index is the one state of a task."""
        # First: whether a draft is contaminated depends on nothing but its text.
        found = self.find_contamination(draft, Stage.DEDUPE)
        if isinstance(found, Drop):
            return found
        neighbour = self._find_nearest(draft.instruction)
        if neighbour is not None and neighbour.score >= self.index.threshold:
            return _drop(draft, Reason.NEAR_DUPLICATE, neighbour)
        if self._semantic is not None:
            akin = self._semantic.nearest(draft.instruction)
            if akin is not None and akin.score >= self._semantic.threshold:
                return _drop(draft, Reason.SEMANTIC_DUPLICATE, akin)
            self._semantic.add(str(draft.id), draft.instruction)
        self.index.add(str(draft.id), draft.instruction)
        return Admitted(draft=draft, neighbour=neighbour, contamination=found)

    def admit_offspring(self, draft: Draft, stage: Stage) -> Admitted | Drop:
        """Decide on a twin or a mutant; what it is a near-duplicate of is looked for later, when it is settled."""
        found = self.find_contamination(draft, stage)
        return found if isinstance(found, Drop) else Admitted(draft=draft, neighbour=None, contamination=found)

    def find_contamination(self, draft: Draft, stage: Stage) -> tuple[Contamination, ...] | Drop:
        """What a draft is near to in evaluation sets: to be noted, or its drop at that stage."""
        if self._contamination is None:
            return ()
        found = self._contamination.find(draft.instruction)
        if not found or not self._contamination.removes:
            return found
        return Drop(id=draft.id, stage=stage, reason=Reason.CONTAMINATED, instruction=draft.instruction,
                    contamination=found)  # fmt: skip

    def find_copy(self, draft: Draft, original: Draft) -> Drop | None:
        """The drop of a twin that is too near to what it was made of: seen here, before a guard is asked."""
        alone = NoveltyIndex(self.index.threshold, score_func=self.index.score_func)
        alone.add(str(original.id), original.instruction)
        neighbour = alone.nearest(draft.instruction, alone.threshold)
        return None if neighbour is None else replace(_drop(draft, Reason.NEAR_DUPLICATE, neighbour), stage=Stage.TWIN)

    def _find_nearest(self, text: str) -> Match | None:
        earlier = self._earlier.nearest(text) if self._earlier is not None else None
        if earlier is None:
            return self.index.nearest(text)
        own = self.index.nearest(text, earlier.score)
        return own if own is not None and own.score > earlier.score else earlier


def _drop(draft: Draft, reason: Reason, neighbour: Match) -> Drop:
    return Drop(id=draft.id, stage=Stage.DEDUPE, reason=reason, instruction=draft.instruction, neighbour=neighbour)
