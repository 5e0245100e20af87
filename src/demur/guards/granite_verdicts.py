"""Replies of Granite Guardian 3.3, 3.2 and 4.1, read into a label, its probability, and the trace.

Reading never guesses: a reply whose label is missing, torn, doubled or in other words is `UNREADABLE`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias

from demur.engines.base import Reply, TokenLogprob
from demur.guards.asking import Reading
from demur.guards.weighing import sum_variants
from demur.records import Label

Version: TypeAlias = Literal["3.3", "3.2", "4.1"]

_LABELS = {"yes": Label.VIOLATES, "no": Label.SAFE}
_OPPOSITE = {Label.VIOLATES: Label.SAFE, Label.SAFE: Label.VIOLATES}
_SPACE_SIGNS = " \t\r\n\u0120\u010a\u2581"
"""White space, and the signs that vocabularies write for it (GPT-2's Ġ and Ċ, SentencePiece's ▁)."""

NEGLIGIBLE = 0.05
"""The share of a label's probability that the other label may have unseen: a confidence of 1 is then 0.95 at worst."""

_FLAGS = re.IGNORECASE | re.ASCII
_THINK_TAG = re.compile(r"<(/?)think>", _FLAGS)
_SCORE_TAG = re.compile(r"<(/?)score>", _FLAGS)
_FIRST_WORD = re.compile(r"(yes|no)\b\.?", _FLAGS)
_CONFIDENCE_TAG = "<confidence>"


def read_verdict(version: Version, reply: Reply) -> Reading:
    """Read a reply of the given version of the model. Never raises."""
    if version == "3.2":
        label = _read_first_word(reply.text)
        confidence = None if label is Label.UNREADABLE else _weigh_first_token(reply.logprobs, label)
        return Reading(label, confidence)
    last = version == "4.1"
    reasoning, rest = _split_trace(reply.text, last=last)
    label = Label.UNREADABLE if rest is None else _read_score(rest, last=last)
    confidence = None if label is Label.UNREADABLE else _weigh_score_token(reply.logprobs, label, last=last)
    return Reading(label, confidence, reasoning)


def _read_first_word(text: str) -> Label:
    """3.2 answers with one word, then possibly its confidence in a tag; anything else is no answer."""
    text = text.strip()
    word = _FIRST_WORD.match(text)
    if word is None or not _is_confidence(text[word.end() :].strip().lower()):
        return Label.UNREADABLE
    return _LABELS[word.group(1).lower()]


def _is_confidence(text: str) -> bool:
    """Whether this is the confidence tag, or nothing, or as much of the tag as the token limit left."""
    if _CONFIDENCE_TAG.startswith(text):
        return True
    if not text.startswith(_CONFIDENCE_TAG):
        return False
    word, bracket, close = text.removeprefix(_CONFIDENCE_TAG).partition("<")
    word = word.strip()
    return (not word or word.isalpha()) and word not in _LABELS and "</confidence>".startswith(bracket + close)


def _split_trace(text: str, *, last: bool) -> tuple[str, str | None]:
    """Split a reply into its thinking trace and what follows it: None where the trace was never closed.

    Args:
        last: the trace is what the last pair of tags holds (4.1), not what lies between the outermost (3.3).
    """
    tags = list(_THINK_TAG.finditer(text))
    if not tags:
        return "", text
    openings = [tag.end() for tag in tags if not tag.group(1)]
    start = 0 if not openings else openings[-1 if last else 0]
    if not tags[-1].group(1):
        return _tidy_trace(text[start:]), None
    return _tidy_trace(text[start : tags[-1].start()]), text[tags[-1].end() :]


def _tidy_trace(trace: str) -> str:
    """4.1 is told to write the two characters ``\\n`` for an empty trace."""
    trace = trace.strip()
    return "" if trace == "\\n" else trace


def _read_score(text: str, *, last: bool) -> Label:
    """Read the score tags: the last one (4.1), or all of them, which must agree (3.3)."""
    scores = list(_read_scores(text))
    if last:
        scores = scores[-1:]
    return scores[0] if scores and len(set(scores)) == 1 else Label.UNREADABLE


def _read_scores(text: str) -> Iterator[Label]:
    """Give the label in each pair of score tags; `UNREADABLE` for other words and for a lone tag."""
    opened: int | None = None
    for tag in _SCORE_TAG.finditer(text):
        if not tag.group(1):
            if opened is not None:
                yield Label.UNREADABLE
            opened = tag.end()
        elif opened is None:
            yield Label.UNREADABLE
        else:
            yield _LABELS.get(text[opened : tag.start()].strip().lower(), Label.UNREADABLE)
            opened = None
    if opened is not None:
        yield Label.UNREADABLE


def _weigh_first_token(tokens: Sequence[TokenLogprob], label: Label) -> float | None:
    """The label is the first token that is not white space."""
    for token in tokens:
        word = _read_token(token.token)
        if word is not None or token.token.strip(_SPACE_SIGNS):
            return None if word is None else _weigh_token(token, label)
    return None


def _weigh_score_token(tokens: Sequence[TokenLogprob], label: Label, *, last: bool) -> float | None:
    """The label is the first token after the opening score tag, which may itself be several tokens."""
    text = "".join(token.token for token in tokens)
    traces = [tag.end() for tag in _THINK_TAG.finditer(text) if tag.group(1)]
    openings = [tag.end() for tag in _SCORE_TAG.finditer(text, traces[-1] if traces else 0) if not tag.group(1)]
    if not openings:
        return None
    start = openings[-1 if last else 0]
    end = 0
    for token in tokens:
        begin, end = end, end + len(token.token)
        if end <= start:
            continue
        if begin < start:  # shares characters with the tag, so it is not the label alone
            if token.token[start - begin :].strip(_SPACE_SIGNS):
                return None
        elif _read_token(token.token) is not None:
            return _weigh_token(token, label)
        elif token.token.strip(_SPACE_SIGNS):
            return None
    return None


def _read_token(token: str) -> Label | None:
    return _LABELS.get(token.strip(_SPACE_SIGNS).lower())


def _weigh_token(token: TokenLogprob, label: Label) -> float | None:
    """P(label) over P(yes) + P(no), each the sum over its case and space variants among the alternatives.

    The probabilities are those that the model gave, also where a grammar then left it nothing but yes and no to say: the
    quotient is the same, because a grammar takes the same factor off both.
    None where no alternatives were reported, see `sum_variants`. None too where the
    other label is not among them, and an unreported token may be more than `NEGLIGIBLE` as probable as this label.
    """
    mass = sum_variants(token, _read_token)
    if mass is None:
        return None
    least = min((logprob for _, logprob in token.top if not math.isnan(logprob)), default=0.0)
    if not mass[_OPPOSITE[label]] and math.exp(least) > NEGLIGIBLE * mass[label]:
        return None
    total = mass[label] + mass[_OPPOSITE[label]]
    return mass[label] / total if total > 0 else None
