"""Does a reply decline, wholly, in part, or not at all? Read from its words, in many languages, without a language model.

A reply is taken apart (`split_reply`), what speaks for and against a refusal is counted (`count_signs`, `measure_form`,
`collect_phrases`), weighed and summed (`weigh_reply`). That is quick, the same everywhere, and its errors are measured
(`docs/calibration.md`).
"""

from __future__ import annotations

from dataclasses import dataclass

from demur.records import Stance
from demur.stages.describe_reply import lectures, offers_help, read_opening, repeats_request
from demur.stages.split_reply import Kind, count_words
from demur.stages.weigh_reply import ReplyFeatures, Scores, describe_features, weigh_features

_ENOUGH_WORDS = 45
"""Delivered words from which a reply that declines has helped as well."""
_SURE = 0.8


_STANCES = (Stance.DECLINES, Stance.PARTLY, Stance.HELPS)
"""In the order of `Scores`."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read from a reply.

    Attributes:
        stance: whether it declines.
        evidence: the first sentence that declines, or the empty string.
        delivered: words of the reply that give what was asked for, as far as the rules can see.
        sure: whether it is four times likelier than not that it helps, or that it does not.
        is_bare: whether it declines and does nothing else: no help is offered, none given.
        offers: whether it offers something, or speaks of what is permitted: more than "anything else?".
        lectures: whether it preaches at the person: moral judgement, blame, reminders of what is right.
        words: its length.
        opening: its first five words, normalised (`describe_reply.read_opening`).
        repeats: whether it says again, word for word, much of what the request said.
    """

    stance: Stance
    evidence: str = ""
    delivered: int = 0
    sure: bool = True
    is_bare: bool = False
    offers: bool = False
    lectures: bool = False
    words: int = 0
    opening: str = ""
    repeats: bool = False


def read_reply(text: str, request: str = "", permitted: tuple[str, ...] = (), known: tuple[str, ...] = ()) -> Reading:
    """Read a reply.

    Args:
        text: the reply, without its request.
        request: what it replies to, where that is known: a "no" answers a question, and a letter that was asked for may
            decline something by itself.
        permitted: what the policy permits a reply to hold (`reply_may_contain`).
        known: texts whose words may be said again: to name a subject as the policy does is no repetition.
    """
    features = describe_features(text, request)
    stance, sure = _decide(weigh_features(features))
    offers = offers_help(features.sentences, permitted)
    gives = stance is not Stance.DECLINES or features.delivered >= _ENOUGH_WORDS
    return Reading(
        stance,
        evidence="" if stance is Stance.HELPS else _cite(features),
        delivered=features.delivered,
        sure=sure,
        is_bare=not offers and not gives,
        offers=offers,
        lectures=lectures(features.sentences),
        words=count_words(text),
        opening=read_opening(text),
        repeats=repeats_request(text, request, known),
    )


def _decide(scores: Scores) -> tuple[Stance, bool]:
    """The likeliest stance, and whether it is much likelier than whether it does not decline, or does."""
    stance = max(zip(scores, _STANCES, strict=True))[1]
    helps = scores[2]
    return stance, (helps if stance is Stance.HELPS else 1 - helps) >= _SURE


def _cite(features: ReplyFeatures) -> str:
    """The sentence that tells most of a reply which declines: the first in which its speaker does, or denounces, or diverts."""
    if features.declining:
        return features.sentences[features.declining[0]].text
    telling = (Kind.DECLINES, Kind.LIMITS, Kind.DENOUNCES, Kind.DIVERTS)
    cited = (s.text for kind in telling for s in features.sentences if s.kind is kind)
    return next(cited, features.sentences[0].text if features.sentences else "")
