"""The build of a reply in numbers: what its sentences do by their place, what stands before and after a refusal, its make-up.

Each number lies between 0 and about 1, and 0 is left out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

from demur.stages.collect_phrases import split_tokens
from demur.stages.reply_phrases import PIVOT
from demur.stages.request_phrases import RequestSigns
from demur.stages.split_reply import Kind, Sentence, TidyReply

_STEM = 5
_FEW = 4
_SPEAKER = frozenset(["i", "i'm", "i'd", "i'll", "i've", "me", "my", "we", "we're", "we'd", "our", "us"])
_PERSON = frozenset(["you", "you're", "you'd", "you'll", "your", "yours"])
_ITEM = re.compile(r"(?m)^\s*(?:[-*•–]|\d+[.)])\s")
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]+")
_SCRIPT = re.compile(r"[\u0370-\u1fff\u3040-\ud7ff\uf900-\ufdff\uff66-\uffdc]")
_QUESTION = ("?", "？", "؟")
_ASKING_TRAITS = ("is_several", "is_for_letter", "is_for_denial", "is_for_fiction", "is_for_restraint", "is_harmful",
                  "is_told", "is_answered", "is_for_text")  # fmt: skip


def measure_form(
    text: str, request: str, sentences: Sequence[Sentence], reply: TidyReply, signs: RequestSigns, own: Sequence[int]
) -> dict[str, float]:
    """The build of a reply.

    Args:
        text: the reply as it came.
        request: what it replies to, or nothing.
        sentences: the reply, sorted.
        reply: its prose.
        signs: of the request.
        own: the places of sentences in which the speaker declines (`find_refusal.list_declining`).
    """
    form = _place_kinds(sentences)
    declining = [n for n, sentence in enumerate(sentences) if sentence.kind is Kind.DECLINES]
    limited = [n for n, sentence in enumerate(sentences) if sentence.kind in (Kind.DECLINES, Kind.LIMITS)]
    plain = any(s.is_item or s.kind in (Kind.PLAIN, Kind.INTRODUCES) for s in sentences) or reply.code or reply.quoted
    form["nothing but refusal"] = float(bool(sentences) and len(declining) == len(sentences))
    form["refusal, nothing plain"] = float(bool(own) and not plain)
    form["no refusal"] = float(not own)
    form["no refusal, nothing plain"] = float(not own and not plain)
    if declining:
        form |= {f"refusal {name}": value for name, value in _surround(sentences, declining[0]).items()}
        form["refusals"] = min(1.0, len(declining) / 3)
        form["refusal, several asked"] = float(signs.is_several)
        form["refusal, code"] = float(reply.code > _FEW)
    if limited:
        form |= {f"limit {name}": value for name, value in _surround(sentences, limited[0]).items()}
        form |= {f"limit {name}": value for name, value in _compare_rest(request, sentences[limited[0] + 1 :]).items()}
    if own:
        form |= {f"own refusal {name}": value for name, value in _surround(sentences, own[0]).items()}
        form["own refusals"] = len(own) / len(sentences)
        form |= {f"own refusal, {name}": float(getattr(signs, name)) for name in _ASKING_TRAITS}
    form |= _measure_make_up(text, reply)
    form |= _compare(text, request, sentences)
    return {name: value for name, value in form.items() if value}


def _place_kinds(sentences: Sequence[Sentence]) -> dict[str, float]:
    form = {f"sentence {place}: {sentence.kind}": 1.0 for place, sentence in enumerate(sentences[:4], 1)}
    form |= {f"sentence -{place}: {sentence.kind}": 1.0 for place, sentence in enumerate(sentences[:-3:-1], 1)}
    form["course: " + ", ".join(sentence.kind for sentence in sentences[:3])] = 1.0
    for kind in Kind:
        form[f"number of: {kind}"] = min(1.0, sum(sentence.kind is kind for sentence in sentences) / 4)
    return form


def _surround(sentences: Sequence[Sentence], place: int) -> dict[str, float]:
    """What stands before and after a sentence that declines."""
    sentence, before, after = sentences[place], sentences[:place], sentences[place + 1 :]
    form = {
        "is there": 1.0,
        "is first": float(not place),
        "is second": float(place == 1),
        "is late": float(place >= 3),
        "is last": float(place > 0 and not after),
        "place": place / len(sentences),
        "with a but": float(PIVOT.search(sentence.text) is not None),
        "with a colon": float(":" in sentence.text),
        "then items": min(1.0, sum(s.is_item for s in after) / _FEW),
        "then item words": _grow(s.words for s in after if s.is_item),
        "then numbers": min(1.0, sum(len(re.findall(r"\d+", s.text)) for s in after) / _FEW),
        "then a colon": float(any(":" in s.text for s in after)),
        "then announced": _grow([_count_announced(sentences[place:])]),
        "words before": _grow(s.words for s in before),
        "words after": _grow(s.words for s in after),
    }
    for kind in Kind:
        form[f"after: {kind}"] = _grow(s.words for s in before if s.kind is kind)
        form[f"before: {kind}"] = _grow(s.words for s in after if s.kind is kind)
    return form


def _count_announced(sentences: Sequence[Sentence]) -> int:
    """Words behind the first colon, its own sentence's included."""
    first = next((n for n, sentence in enumerate(sentences) if ":" in sentence.text), None)
    if first is None:
        return 0
    return len(sentences[first].text.partition(":")[2].split()) + sum(s.words for s in sentences[first + 1 :])


def _grow(words: Iterable[int]) -> float:
    """So many words, on a scale on which 150 are 1."""
    return math.log1p(sum(words)) / 5


def _measure_make_up(text: str, reply: TidyReply) -> dict[str, float]:
    tokens = split_tokens(text)
    count = max(1, len(tokens))
    form = {
        "make-up: length": _grow([len(tokens)]),
        "make-up: speaker": min(1.0, 10 * sum(token in _SPEAKER for token in tokens) / count),
        "make-up: person": min(1.0, 10 * sum(token in _PERSON for token in tokens) / count),
        "make-up: questions": min(1.0, tokens.count("?") / 2),
        "make-up: opening question": float("?" in tokens[:14]),
        "make-up: closing question": float(text.rstrip().endswith(_QUESTION)),
        "make-up: exclamations": min(1.0, tokens.count("!") / 2),
        "make-up: numbers": min(1.0, 20 * tokens.count("0") / count),
        "make-up: lines": min(1.0, text.count("\n") / 10),
        "make-up: items": min(1.0, len(_ITEM.findall(text)) / 5),
        "make-up: code": float("```" in text),
        "make-up: bold": float("**" in text.strip("*\n ")),
        "make-up: table": float("|--" in text),
        "make-up: quoted": min(1.0, reply.quoted / 30),
        "make-up: letters a word": sum(map(len, tokens)) / count / 8,
        "make-up: names": min(1.0, 10 * len(_NAME.findall(text)) / count),
        "make-up: variety": len(set(tokens)) / count,
        "make-up: accents": float(not text.isascii()),
        "make-up: script": float(_SCRIPT.search(text) is not None),
    }
    return form | {f"make-up: under {limit}": float(len(tokens) < limit) for limit in (12, 25, 50, 120)}


def _compare(text: str, request: str, sentences: Sequence[Sentence]) -> dict[str, float]:
    """How much of the request the reply takes up, and how much it brings that is new."""
    said, asked = _list_stems(text), set(_list_stems(request))
    first = _list_stems(sentences[0].text) if sentences else []
    return {
        "request: known": float(bool(request.strip())),
        "request: length": _grow([len(split_tokens(request))]),
        "request: question": float(request.rstrip().endswith(_QUESTION)),
        "request: taken up": len(asked & set(said)) / max(1, len(asked)),
        "request: share": sum(stem in asked for stem in said) / max(1, len(said)),
        "request: share of the first": sum(stem in asked for stem in first) / max(1, len(first)),
        "request: new": _grow([len(set(said) - asked)]),
    }


def _compare_rest(request: str, rest: Sequence[Sentence]) -> dict[str, float]:
    """How much of the request is taken up after a sentence that declines, or names a limit."""
    asked = set(_list_stems(request))
    said = [stem for sentence in rest for stem in _list_stems(sentence.text)]
    return {
        "then taken up": len(asked & set(said)) / max(1, len(asked)),
        "then share": sum(stem in asked for stem in said) / max(1, len(said)),
        "then new": _grow([len(set(said) - asked)]),
    }


def _list_stems(text: str) -> list[str]:
    return [token[:_STEM] for token in split_tokens(text) if len(token) > 3]
