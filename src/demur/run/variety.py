"""How varied a dataset is to an embedding model, where one is named."""

from __future__ import annotations

from collections.abc import Sequence

from demur.outputs.measure import SAMPLE_TEXTS, draw_sample
from demur.stages.measure_vendi import measure_vendi
from demur.usage import VendiScore, VendiScores


def score_variety(model: str, instructions: Sequence[str], responses: Sequence[str]) -> VendiScores:
    """The Vendi scores of a dataset's texts, on the sample that its other measures of diversity are taken on.

    Args:
        model: a folder with a model2vec model, or its name on the Hugging Face hub.

    Raises:
        ExtraMissing: model2vec is not installed.
        ModelNotFound: there is no such model, or it cannot be read.
    """
    return VendiScores(model=model, instructions=_score(model, instructions), responses=_score(model, responses))


def _score(model: str, texts: Sequence[str]) -> VendiScore:
    score, sampled = measure_vendi(model, draw_sample(texts, SAMPLE_TEXTS))
    return VendiScore(score=score, texts=len(texts), sampled=sampled)
