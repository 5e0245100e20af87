"""Answers of a policy judge, read into a label, its probability and the reason.

Models wrap what they are asked for: in a code fence, in prose, behind a reasoning trace. All that is read. What is not
clear is not guessed: an answer that says both, or nothing, or breaks off inside its object, is `UNREADABLE`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from demur.engines.base import Reply
from demur.guards.asking import UNREADABLE, Reading
from demur.guards.weighing import weigh_word
from demur.records import Label

_LABELS = {"violates": Label.VIOLATES, "safe": Label.SAFE}
_TRACE_END = re.compile(r"</think>", re.IGNORECASE)
_TRACE_START = re.compile(r"\s*<think>", re.IGNORECASE)
_HARMONY_FINAL = re.compile(r"<\|channel\|>\s*final\s*(?:<\|constrain\|>\s*\w+\s*)?<\|message\|>")
_HARMONY_BARE_FINAL = re.compile(r"assistant\s*final")
_HARMONY_TOKEN = re.compile(r"<\|(?:start|end|message|channel|return|constrain|call)\|>")
_FENCE = re.compile(r"(`{3,}+|~{3,}+)[ \t]*+(?:json)?+[ \t]*+\r?\n?", re.IGNORECASE)
_MENTION = re.compile(
    r"verdict[\"'\\*_\s]*+[:=]?+[\"'\\*_\s]*+(?:is\s++)?+[\"'\\*_\s]*+(violates|safe)\b", re.IGNORECASE
)
"""Nothing is given back that was once taken: a model that repeats one sign would else keep this for hours."""
_LEAD = re.compile(r"\"verdict\"\s*:\s*\"")
MAX_TORN_OBJECTS = 200
"""An answer that opens more braces than this for nothing is not read to its end."""

_DECODER = json.JSONDecoder(object_pairs_hook=tuple)


@dataclass(frozen=True, slots=True)
class _Finding:
    label: Label
    reason: str


def read_judgement(reply: Reply) -> Reading:
    """Read a judge's reply. Never raises."""
    trace, answer = _split_trace(reply.text)
    if reply.finish == "length" and answer is not reply.text:
        return UNREADABLE  # cut off, and what looks like the end of its trace may be a quotation in it
    found = None if answer is None else _read_answer(answer)
    if found is None or found.label is Label.UNREADABLE:
        return UNREADABLE
    reasoning = "\n\n".join(part for part in (trace, found.reason) if part)
    return Reading(found.label, weigh_word(reply.logprobs, _LEAD, _LABELS, found.label), reasoning)


def _split_trace(text: str) -> tuple[str, str | None]:
    """A model's trace, and what follows it: None where the trace was never closed."""
    if _read_object(text.strip()) is not None:
        return "", text  # nothing but the object, whatever words its reason quotes
    finals = list(_HARMONY_FINAL.finditer(text))
    if finals:
        before = text[: finals[-1].start()]
        return _HARMONY_TOKEN.sub(" ", before).strip(), _HARMONY_TOKEN.sub("", text[finals[-1].end() :])
    if _HARMONY_TOKEN.search(text):
        return "", None  # another channel, and no final one
    if text.lstrip().startswith("analysis"):
        # The same format where a server dropped its special tokens.
        ends = list(_HARMONY_BARE_FINAL.finditer(text))
        return (text[: ends[-1].start()].strip(), text[ends[-1].end() :]) if ends else ("", None)
    ends = list(_TRACE_END.finditer(text))
    if ends:
        begun = _TRACE_START.match(text)
        trace = text[begun.end() if begun else 0 : ends[-1].start()]
        answer = text[ends[-1].end() :]
        if begun is None and len(_list_mentions(text)) > 1:
            return "", None  # the prompt may have opened the trace; or this quotes the end of one, after the answer
        return trace.strip(), answer
    return "", None if _TRACE_START.match(text) else text


def _read_answer(text: str) -> _Finding | None:
    """The object alone, in a fence or not; else the objects in the prose, if all that is said agrees."""
    alone = _read_object(_take_out_of_fence(text.strip()))
    if alone is not None:
        return alone
    findings = list(_find_objects(text))
    labels = {found.label for found in findings}
    labels |= _list_mentions(text)
    return findings[-1] if findings and len(labels) == 1 else None


def _take_out_of_fence(text: str) -> str:
    fence = _FENCE.match(text)
    if fence is None or not text.endswith(fence[1], fence.end()):
        return text
    return text[fence.end() : -len(fence[1])].strip()


def _list_mentions(text: str) -> set[Label]:
    """What the text calls its verdict, in an object or not."""
    return {_LABELS[word.lower()] for word in _MENTION.findall(text)}


def _find_objects(text: str) -> Iterator[_Finding]:
    """Every JSON object in the text that has a verdict; one inside another does not count."""
    start, failed = text.find("{"), 0
    while start >= 0 and failed < MAX_TORN_OBJECTS:
        try:
            value, end = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            end, failed = start + 1, failed + 1
        else:
            found = _read_pairs(value)
            if found is not None:
                yield found
        start = text.find("{", end)


def _read_object(text: str) -> _Finding | None:
    """The finding, if the text is one JSON object that has a verdict, and nothing else."""
    if not text.startswith("{"):
        return None
    try:
        value = _DECODER.decode(text)
    except (ValueError, RecursionError):
        return None
    return _read_pairs(value)


def _read_pairs(value: object) -> _Finding | None:
    """What an object's pairs say: None without a verdict, `UNREADABLE` for two or for another word."""
    if not isinstance(value, tuple):
        return None
    verdicts = [item for key, item in value if key == "verdict"]
    if not verdicts:
        return None
    word = verdicts[0].strip().lower() if len(verdicts) == 1 and isinstance(verdicts[0], str) else ""
    reasons = [item for key, item in value if key == "reason" and isinstance(item, str)]
    return _Finding(_LABELS.get(word, Label.UNREADABLE), "\n".join(reasons))
