"""Stage 2, deduplication: ROUGE-L against everything admitted before, exactly."""

from __future__ import annotations

from demur.records import Admitted, Draft, Drop, Reason, Seed, Stage
from demur.stages.novelty import NoveltyIndex


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
