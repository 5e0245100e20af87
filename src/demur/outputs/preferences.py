"""`preferences.jsonl`: the dataset's responses, each preferred to a worse answer that is harmless as well.

The forms are TRL's preference type with an explicit prompt, standard (strings) and conversational (messages):
https://huggingface.co/docs/trl/dataset_formats#preference
What is rejected is one of our own sentences, never a model's: a response that was dropped may be harmful.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Literal, TypeAlias

from demur.inputs.task import TaskInputs
from demur.outputs.exchange import Exchange, take_exchange
from demur.outputs.files import remove_file, write_jsonl
from demur.outputs.languages import FUNCTION_WORDS, guess_language
from demur.outputs.rejections import REJECTIONS, Flaw
from demur.records import Pair, Summary

Json = dict[str, object]

PREFERENCES = "preferences.jsonl"

PreferenceForm: TypeAlias = Literal["plain", "conversational"]
"""Strings, or messages with roles."""

_ALIKE = 0.9
"""ROUGE-L F1 from which two answers are too much the same for one to be preferred to the other."""
_INFORMING = ("INFORMATIVE", "CAUTIOUS_INFORMATIVE")
_WORD = re.compile(r"\w+")


class LeftOut(StrEnum):
    """Why a pair gave no preference pair."""

    BARE_RESPONSE = "bare_response"
    NO_PHRASES = "no_phrases"


@dataclass(frozen=True, slots=True)
class Preference:
    """A pair, and what its response is preferred to.

    Attributes:
        risk: the name of the pair's risk.
        language: that of the rejected text, ISO 639-1.
    """

    pair: Pair
    risk: str
    rejected: str
    flaw: Flaw
    language: str


@dataclass(frozen=True, slots=True)
class Rejection:
    """An answer that is worse than a response.

    Attributes:
        language: that of the text, ISO 639-1.
    """

    text: str
    flaw: Flaw
    language: str


@dataclass(frozen=True, slots=True)
class PreferenceSet:
    """The preference pairs of a task, in the order of its pairs, and how many pairs gave none."""

    preferences: tuple[Preference, ...]
    left_out: Counter[LeftOut]

    def count(self) -> Mapping[str, Mapping[str, int]]:
        """What there is, for the summary."""
        written = Counter(preference.flaw for preference in self.preferences)
        return {
            "written": {str(flaw): written[flaw] for flaw in Flaw if written[flaw]},
            "left_out": {str(reason): self.left_out[reason] for reason in LeftOut if self.left_out[reason]},
        }

    def describe(self, form: PreferenceForm) -> Iterable[Json]:
        """The lines of `preferences.jsonl`."""
        return (describe_preference(preference, form) for preference in self.preferences)


def write_preferences(
    summary: Summary, folder: Path, pairs: Iterable[Pair], inputs: TaskInputs, form: PreferenceForm | None
) -> Summary:
    """Write `preferences.jsonl`, and add it to the summary. Without a form, an earlier run's is removed: it would not go
    with the other files any more.

    Raises:
        OutputFault: the disk refuses.
    """
    path = folder / PREFERENCES
    if form is None:
        remove_file(path)
        return summary
    found = choose_preferences(pairs, inputs)
    write_jsonl(path, found.describe(form))
    return replace(summary, files={**summary.files, PREFERENCES: str(path)}, preferences=found.count())


def choose_preferences(pairs: Iterable[Pair], inputs: TaskInputs) -> PreferenceSet:
    """Find for each pair an answer that is worse than its response, in the response's language.

    The same pair is always given the same answer, whatever other pairs there are.
    """
    chosen: list[Preference] = []
    left_out: Counter[LeftOut] = Counter()
    for pair in pairs:
        found = _choose(pair, inputs)
        if isinstance(found, Preference):
            chosen.append(found)
        else:
            left_out[found] += 1
    return PreferenceSet(tuple(chosen), left_out)


def describe_preference(preference: Preference, form: PreferenceForm) -> Json:
    """A line of `preferences.jsonl`. All have the same fields, so that a table can be made of them."""
    pair = preference.pair
    prompt, chosen, rejected = pair.draft.instruction, pair.response, preference.rejected
    talk = form == "conversational"
    return {
        "prompt": [{"role": "user", "content": prompt}] if talk else prompt,
        "chosen": [{"role": "assistant", "content": chosen}] if talk else chosen,
        "rejected": [{"role": "assistant", "content": rejected}] if talk else rejected,
        "metadata": {
            "id": str(pair.draft.id),
            "risk": preference.risk,
            "mode": "comply" if pair.draft.complies else "response",
            "why": str(preference.flaw),
            "language": preference.language,
        },
    }


def _choose(pair: Pair, inputs: TaskInputs) -> Preference | LeftOut:
    exchange = take_exchange(pair, inputs)
    found = choose_rejection(exchange)
    if isinstance(found, LeftOut):
        return found
    return Preference(pair, exchange.risk, found.text, found.flaw, found.language)


def choose_rejection(exchange: Exchange) -> Rejection | LeftOut:
    """Find an answer that is worse than the response, in its language; always the same for the same exchange."""
    language = guess_language(exchange.response)
    if language not in REJECTIONS:
        return LeftOut.NO_PHRASES
    texts = REJECTIONS[language]
    words = _split(exchange.response)
    # What makes it better must be something that it says: what it declines, why, or what it offers.
    if not exchange.complies and _is_bare(words, language):
        return LeftOut.BARE_RESPONSE
    digest = hashlib.blake2b(exchange.id.encode(), digest_size=8).digest()
    flaw = _find_flaw(exchange, odd=bool(digest[0] & 1))
    rejected = _pick(texts[flaw], words, int.from_bytes(digest[1:]))
    if rejected is None:
        return LeftOut.BARE_RESPONSE
    return Rejection(rejected, flaw, language)


def _find_flaw(exchange: Exchange, *, odd: bool) -> Flaw:
    """What the rejected answer does wrong."""
    if exchange.complies:
        return Flaw.NEEDLESS
    if exchange.reply_type.strip().upper().startswith(_INFORMING):
        return Flaw.BARE  # where information is wanted, a flat refusal is the mistake
    return Flaw.LECTURING if odd else Flaw.BARE


def _pick(texts: Sequence[str], words: Sequence[str], number: int) -> str | None:
    """The first text, from a place that the number decides, that is not much the same as the response."""
    start = number % len(texts)
    rotated = (*texts[start:], *texts[:start])
    return next((text for text in rotated if not _is_alike(words, _split_ours(text))), None)


def _is_bare(words: Sequence[str], language: str) -> bool:
    """Whether a response declines and says no more: it is one of our bare refusals, or made of nothing but their words."""
    if _EMPTY_WORDS[language].issuperset(words):
        return True
    return any(_is_alike(words, _split_ours(text)) for text in REJECTIONS[language][Flaw.BARE])


def _split(text: str) -> list[str]:
    return _WORD.findall(text.lower())


@cache
def _split_ours(text: str) -> list[str]:
    return _split(text)


def _is_alike(left: Sequence[str], right: Sequence[str]) -> bool:
    """Whether the ROUGE-L F1 of two texts, 2 LCS / (m + n), reaches the bound."""
    total = len(left) + len(right)
    if not total or 2 * min(len(left), len(right)) < _ALIKE * total:
        return False  # the lengths alone rule it out
    row = [0] * (len(right) + 1)
    for word in left:
        before = 0
        for place, other in enumerate(right, start=1):
            above = row[place]
            row[place] = before + 1 if word == other else max(above, row[place - 1])
            before = above
    return 2 * row[-1] >= _ALIKE * total


_EMPTY_WORDS = {
    language: frozenset(_split(" ".join((*texts[Flaw.BARE], *FUNCTION_WORDS[language]))))
    for language, texts in REJECTIONS.items()
}
"""Words that tell nothing of a request: the function words, and those of our bare refusals."""
