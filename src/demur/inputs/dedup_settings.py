"""The deduplication block of a builder."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from demur.inputs.policy import Text
from demur.inputs.validation import InputModel, Truth


class SemanticSettings(InputModel):
    """Deduplication by meaning too: the cosine of embeddings. Needs the extra `semantic`."""

    model: Text = Field(
        min_length=1, description="A folder with a model2vec model, or its name on the Hugging Face hub."
    )
    threshold: float = Field(
        default=0.9, gt=0, le=1, description="A draft whose cosine with an earlier one is this high is a duplicate."
    )


class DedupSettings(InputModel):
    """Deduplication by ROUGE-L."""

    type: Literal["rouge_scorer"]
    filter: Truth = Field(default=True, description="Drop duplicates; false only notes the nearest neighbour.")
    threshold: float = Field(
        default=0.7, gt=0, description="A draft this near to an earlier one is a duplicate; above 1: off."
    )
    score_func: Literal["f1", "precision", "recall"] = Field(
        default="f1",
        description="Which ROUGE-L score: precision is the new request's share that an earlier one holds, recall the "
        "earlier one's share that the new one holds, f1 their harmonic mean.",
    )
    scope: Literal["task", "run"] = Field(
        default="task",
        description="What counts as earlier: drafts of the same task, or of every task of the command. "
        "With run, tasks are worked one after the other.",
    )
    semantic: SemanticSettings | None = Field(default=None, description="Also drop what says the same in other words.")
