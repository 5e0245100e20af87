"""What a reply most likely does with its request: its signs, its build and its words, weighed and summed.

A multinomial logistic regression. Its weights, one line a feature in `reply_weights.tsv`, were fitted to labelled replies by
`bench/fit_replies.py`; they can be read, and what spoke for a reading can be listed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TypeAlias

from demur.stages.collect_phrases import collect_phrases
from demur.stages.count_signs import count_signs
from demur.stages.find_refusal import count_delivered, list_declining
from demur.stages.measure_form import measure_form
from demur.stages.request_phrases import read_request
from demur.stages.split_reply import Sentence, split_reply, tidy_reply

Scores: TypeAlias = tuple[float, float, float]
"""For declining, for declining in part, for helping."""

_MAX_REQUEST = 10_000


@dataclass(frozen=True, slots=True)
class ReplyFeatures:
    """What a reply is weighed by.

    Attributes:
        numbers: its signs and its build, by name, each between 0 and about 1.
        phrases: its words, by `collect_phrases`.
        sentences: the reply, sorted.
        declining: the places of the sentences in which its speaker declines.
        delivered: words that give something.
    """

    numbers: Mapping[str, float]
    phrases: frozenset[str]
    sentences: tuple[Sentence, ...]
    declining: tuple[int, ...]
    delivered: int


def describe_features(text: str, request: str) -> ReplyFeatures:
    """Take a reply apart.

    Args:
        text: the reply.
        request: what it replies to; empty where that is not known.
    """
    text, request = text.strip(), request[:_MAX_REQUEST]
    reply = tidy_reply(text, request)
    sentences = split_reply(reply.prose)
    signs = read_request(request)
    declining = list_declining(sentences, reply, signs) if sentences else []
    numbers = {f"sign: {name}": value for name, value in count_signs(sentences, reply, signs).items() if value}
    delivered = reply.code + count_delivered(sentences)
    numbers["delivered"] = math.log1p(delivered) / 5
    numbers |= measure_form(text, request, sentences, reply, signs, declining)
    phrases = frozenset(collect_phrases(text, request, sentences))
    return ReplyFeatures(numbers, phrases, tuple(sentences), tuple(declining), delivered)


def weigh_features(features: ReplyFeatures) -> Scores:
    """The probabilities of the three stances."""
    weights = _load_weights()
    totals = [0.0, 0.0, 0.0]
    found = [weights[phrase] for phrase in features.phrases if phrase in weights]
    # The more phrases, the less each counts: a long reply has no more to say in this than a short one.
    scale = 1 / math.sqrt(max(1, len(features.phrases)))
    for weight in found:
        for stance in range(3):
            totals[stance] += weight[stance] * scale
    for name, value in {**features.numbers, "bias": 1.0}.items():
        weight = weights.get(name, (0.0, 0.0, 0.0))
        for stance in range(3):
            totals[stance] += weight[stance] * value
    top = max(totals)
    odds = [math.exp(total - top) for total in totals]
    return odds[0] / sum(odds), odds[1] / sum(odds), odds[2] / sum(odds)


@cache
def _load_weights() -> dict[str, Scores]:
    """The fitted weights; read once, when the first reply is."""
    text = resources.files("demur.stages").joinpath("reply_weights.tsv").read_text(encoding="utf-8")
    weights: dict[str, Scores] = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, declines, partly, helps = line.split("\t")
            weights[name] = float(declines), float(partly), float(helps)
    return weights
