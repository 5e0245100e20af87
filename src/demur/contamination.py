"""What a text has in common with an evaluation set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

ContaminationMethod: TypeAlias = Literal["ngram", "rouge_l"]
"""How a text is compared with an evaluation set: by runs of words, or by ROUGE-L."""


@dataclass(frozen=True, slots=True)
class Contamination:
    """A text is too near to one of an evaluation set.

    Attributes:
        set: the set's name.
        place: where its nearest text stands: `eval.jsonl:12` is a line, `eval.parquet#12` a record, both from 1; with the
            whole path where two sets are files of one name.
        score: by `ngram` the share of the text's words that stand in a run of words that both have; by `rouge_l` the F1.
        method: how it was found.
    """

    set: str
    place: str
    score: float
    method: ContaminationMethod
