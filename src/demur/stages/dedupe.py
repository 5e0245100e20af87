"""Stage 2, deduplication: ROUGE-L against everything admitted before, exactly."""

from __future__ import annotations

from demur.records import Admitted, Draft, Drop, Match, Reason, Seed, Stage
from demur.stages.novelty import NoveltyIndex
from demur.stages.semantic import SemanticIndex


class Deduplicator:
    """The stage: a draft is admitted, with its nearest neighbour, or dropped as a near-duplicate.

    Args:
        threshold: ROUGE-L F1 from which a draft is a duplicate.
        filtering: whether duplicates are dropped, or only their neighbour noted.
        seeds: what a person brought; drafts must differ from it too.
        semantic: also drops what is near in meaning, where duplicates are dropped at all.
    """

    def __init__(
        self, threshold: float, *, filtering: bool, seeds: tuple[Seed, ...], semantic: SemanticIndex | None = None
    ) -> None:
        self.index = NoveltyIndex(threshold if filtering else 2.0)
        self._semantic = semantic if filtering else None
        for seed in seeds:
            self._add(seed.id, seed.instruction)

    def prepare(self) -> None:
        """Load what the first draft would otherwise wait for. Takes seconds where there is an embedding model.

        Raises:
            ModelNotFound: the embedding model is not to be had.
            ExtraMissing: its package cannot be imported.
        """
        if self._semantic is not None:
            self._semantic.load()

    def admit(self, draft: Draft) -> Admitted | Drop:
        """Decide on one draft. Drafts must come in the order of their ids: the index is the one state of a run."""
        neighbour = self.index.nearest(draft.instruction)
        if neighbour is not None and neighbour.score >= self.index.threshold:
            return _drop(draft, Reason.NEAR_DUPLICATE, neighbour)
        if self._semantic is not None:
            akin = self._semantic.nearest(draft.instruction)
            if akin is not None and akin.score >= self._semantic.threshold:
                return _drop(draft, Reason.SEMANTIC_DUPLICATE, akin)
        self._add(str(draft.id), draft.instruction)
        return Admitted(draft=draft, neighbour=neighbour)

    def _add(self, text_id: str, text: str) -> None:
        self.index.add(text_id, text)
        if self._semantic is not None:
            self._semantic.add(text_id, text)


def _drop(draft: Draft, reason: Reason, neighbour: Match) -> Drop:
    return Drop(id=draft.id, stage=Stage.DEDUPE, reason=reason, instruction=draft.instruction, neighbour=neighbour)
