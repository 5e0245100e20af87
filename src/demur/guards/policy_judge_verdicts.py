"""Answers of a policy judge, read into a label, its probability and the reason; unclear ones are `UNREADABLE`."""

from __future__ import annotations

import re

from demur.engines.base import Reply
from demur.guards.asking import UNREADABLE, Reading
from demur.guards.choosing import Choice
from demur.guards.weighing import weigh_word
from demur.records import Label

_LABELS = {"violates": Label.VIOLATES, "safe": Label.SAFE}
VERDICT = Choice("verdict", tuple(_LABELS))
_LEAD = re.compile(r"\"verdict\"\s*:\s*\"")


def read_judgement(reply: Reply) -> Reading:
    """Read a judge's reply. Never raises."""
    chosen = VERDICT.read(reply)
    if chosen is None:
        return UNREADABLE
    label = _LABELS[chosen.word]
    return Reading(label, weigh_word(reply.logprobs, _LEAD, _LABELS, label), chosen.reasoning)
