"""The Vendi score: how many texts that differ wholly would be as varied as these, by their embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from demur.stages.semantic import embed_texts

if TYPE_CHECKING:
    from demur.stages.semantic import Vectors

DECIMALS = 6


def measure_vendi(model: str, texts: Sequence[str]) -> tuple[float | None, int]:
    """The score of some texts, and how many of them it is about: a text without a token that the model knows is left out.

    Raises:
        ExtraMissing: model2vec is not installed.
        ModelNotFound: there is no such model, or it cannot be read.
    """
    vectors = embed_texts(model, texts)
    return (None, 0) if vectors is None else (compute_vendi(vectors), len(vectors))


def compute_vendi(vectors: Vectors) -> float:
    """The exponential of the Shannon entropy of the eigenvalues of K/n, K being the cosines of n vectors: from 1 to n.

    Friedman and Dieng, "The Vendi Score: A Diversity Evaluation Metric for Machine Learning", 2023
    (https://arxiv.org/abs/2210.02410).

    Args:
        vectors: one a row, each of length 1.
    """
    import numpy as np

    wide = vectors.astype(np.float64)
    wide /= np.linalg.norm(wide, axis=1, keepdims=True)
    # XXᵀ and XᵀX have the same eigenvalues but for zeros, which add nothing: the smaller one is quicker.
    gram = wide @ wide.T if len(wide) <= wide.shape[1] else wide.T @ wide
    shares = np.linalg.eigvalsh(gram / len(wide))
    shares = shares[shares > 0]  # a little below nothing, by rounding
    score = float(np.exp(-(shares * np.log(shares)).sum()))
    return round(min(max(score, 1.0), float(len(wide))), DECIMALS)
