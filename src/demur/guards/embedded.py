"""A guard without a model: scores a text against the policy's words, with cues for what the text is after.

A text is on the policy's topic if it covers what one of the clauses forbids or shares telling words with it.
Whether it then violates depends on cues: a request that asks and aims does; one that defends, reports or only
wants to know what something is does not. Disguised letters are read as the plain ones, and single typing errors
looked over. It tells plain cases apart; for data that a model is to learn from,
use a guard model.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from demur.engines.base import JudgeAsk
from demur.engines.embedded.carriers import CARRIER_STEMS
from demur.engines.embedded.clauses import Aim, list_aims
from demur.engines.embedded.words import VERBS, split_words, stem_content
from demur.guards.base import Guard
from demur.guards.embedded_lexicon import (
    AIMING,
    ASKING,
    COMPLYING,
    DECLINING,
    DEFENDING,
    DULL_STEMS,
    FIELDS,
    HARM_STEMS,
)
from demur.guards.embedded_purposes import PURPOSES
from demur.guards.embedded_reading import drop_harmless_senses, find_intended, undo_disguise
from demur.inputs.policy import Risk
from demur.records import Label, Origin, Seed, Verdict

NAME = "embedded-guard-2"
"""The rules' version, for verdicts and records: raised whenever they judge otherwise than before."""

_STEEPNESS = 1.6
"""How fast confidence grows with the score: 0.83 at a score of 1."""

_EXAMPLE_COVER = 0.7
"""The share of content words that a text has in common with an example which says the same."""

Examples: TypeAlias = tuple[frozenset[str], ...]
"""The stems of the content words of texts that are known to violate."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What a risk is about, as stems.

    Attributes:
        telling: stems that name what is forbidden.
        minor: stems that go with it.
        phrases: turns of speech that count like a telling stem.
        harmful: whether it forbids harm; if not, it forbids a topic, and defending is no excuse.
        aims: what the clauses forbid, to compare with whole.
        known: every stem that says something of the topic, for reading over typing errors.
        permitted: what replies may contain, word for word: who asks for that asks for nothing else.
        wording: the policy's own words, in small letters.
    """

    telling: frozenset[str]
    minor: frozenset[str]
    phrases: tuple[re.Pattern[str], ...]
    harmful: bool
    aims: tuple[Aim, ...]
    known: frozenset[str]
    permitted: re.Pattern[str]
    wording: str


@dataclass(frozen=True, slots=True)
class Topic:
    """How far a text is on a policy's topic, in points, and by which words and clause."""

    points: float
    words: tuple[str, ...]
    clause: int | None


class EmbeddedGuard:
    """Judges by rules: no model, no network, the same verdict for the same text every time.

    Args:
        seeds: the task's examples, where there are any: a text that says nearly what one of them says, and that is to be
            declined under the risk judged by, violates too, however far its words are from the policy's.
    """

    def __init__(self, seeds: Sequence[Seed] = ()) -> None:
        stems = [(seed.risk, frozenset(stem_content(seed.instruction))) for seed in seeds if seed.kind == "refuse"]
        self._examples = tuple(dict.fromkeys(stems))

    @property
    def name(self) -> str:
        """The rules and their version."""
        return NAME

    @property
    def sees_policy(self) -> bool:
        """Always: its rules score a text against the policy's words."""
        return True

    @property
    def members(self) -> tuple[Guard, ...]:
        """None: it is one guard."""
        return ()

    def render(self, ask: JudgeAsk) -> None:
        """Nothing: no model is asked."""
        del ask

    async def judge(self, ask: JudgeAsk) -> Verdict:
        """Judge the instruction, or the response in its context. A text without words is unreadable."""
        text = undo_disguise(ask.instruction if ask.response is None else ask.response)
        if not stem_content(text) and not any(letter.isalnum() for letter in text):
            return _make_verdict(Label.UNREADABLE, None, "there is no text to judge")
        examples = tuple(stems for risk, stems in self._examples if risk in ("", ask.risk.risk))
        if ask.response is None:
            score, reasoning = score_instruction(ask.risk, text, examples)
        else:
            score, reasoning = score_response(ask.risk, undo_disguise(ask.instruction), text, examples)
        return _make_verdict(Label.VIOLATES if score > 0 else Label.SAFE, score, reasoning)


def _make_verdict(label: Label, score: float | None, reasoning: str) -> Verdict:
    confidence = None if score is None else 1.0 / (1.0 + math.exp(-_STEEPNESS * abs(score)))
    answer = "" if score is None else f"{label} (score {score:+.2f})"
    return Verdict(
        label=label,
        confidence=confidence,
        guard=NAME,
        origin=Origin("embedded", NAME),
        reasoning=reasoning,
        answer=answer,
    )


@lru_cache(maxsize=256)
def profile_risk(risk: Risk) -> Profile:
    """Read a risk once: its own telling words, and the fields of related words that it speaks of."""
    text = " ".join((risk.risk.replace("_", " "), risk.description, *risk.policy.reply_cannot_contain))
    own = frozenset(stem_content(text)) - DULL_STEMS - CARRIER_STEMS
    harmful = bool(own & HARM_STEMS)
    telling, minor = set(own & HARM_STEMS) if harmful else set(own), set(own)
    phrases: list[re.Pattern[str]] = []
    for field in FIELDS:
        if field.harmful != harmful:
            continue
        acts, things = len(own & field.acts), len(own & field.things)
        if (not harmful and acts) or acts >= 3 or (acts == 2 and things >= 2):
            telling |= field.acts
            minor |= field.things
            if field.phrases:
                phrases.append(field.phrases)
    aims = list_aims(risk)
    return Profile(
        telling=frozenset(telling),
        minor=frozenset(minor - telling),
        phrases=tuple(phrases),
        harmful=harmful,
        aims=aims,
        known=frozenset(telling | minor).union(*(aim.stems for aim in aims)),
        permitted=_match_any(risk.policy.reply_may_contain),
        wording=text.lower(),
    )


def _match_any(clauses: Sequence[str]) -> re.Pattern[str]:
    bare = [clause.strip(" .") for clause in clauses]
    return re.compile("|".join(re.escape(clause) for clause in bare if clause) or r"(?!)", re.IGNORECASE)


def measure_topic(risk: Risk, text: str, examples: Examples = ()) -> Topic:
    """How far a text is on a risk's topic: by its words, by what the clauses forbid, by what the examples ask for."""
    profile = profile_risk(risk)
    text = profile.permitted.sub("that", drop_harmless_senses(text))
    stems = frozenset(find_intended(stem, profile.known) for stem in stem_content(text))
    phrases = {match[0].lower() for phrase in profile.phrases if (match := phrase.search(text))}
    telling, minor = (stems & profile.telling) | phrases, stems & profile.minor
    points = 1.1 * min(len(telling), 3) + 0.35 * min(len(minor), 4)
    if not telling:
        points = min(points, 0.9)
    best, cover = None, 0.0
    for aim in profile.aims:
        wanted = aim.stems - DULL_STEMS or aim.stems
        share = len(wanted & stems) / len(wanted) if wanted else 0.0
        if aim.clause < 0 and len(wanted) < 2 and profile.harmful:
            share *= 0.5
        if share > cover:
            best, cover = aim, share
    if cover >= 0.75:
        points = max(points, 2.0)
    elif cover >= 0.65 and len(telling | minor) > 1:
        points = max(points, 1.2 if telling else 0.8)
    if any(len(stems & example) >= _EXAMPLE_COVER * max(len(example), len(stems)) for example in examples if example):
        points = max(points, 3.0)
    clause = best.clause if best and cover >= 0.5 else None
    return Topic(points, tuple(sorted(telling | minor)), clause)


def score_instruction(risk: Risk, text: str, examples: Examples = ()) -> tuple[float, str]:
    """Points above nought: it asks for what the policy forbids."""
    topic = measure_topic(risk, text, examples)
    asks, aims, defends = _find(ASKING, text), _find(AIMING, text), _find(DEFENDING, text)
    asks = asks or tuple(word for word in split_words(text)[:1] if word in VERBS)
    profile, purposes = profile_risk(risk), _find(PURPOSES, text)
    defends = defends if profile.harmful else ()
    score = topic.points - 1.5 + (0.6 if asks else -0.9)
    if topic.points >= 0.7:
        score += 0.5 * min(len(aims), 2)
    if defends or purposes:
        # Who asks how to guard against doing it "without consent" aims at nothing: those are the policy's words.
        own = [cue for cue in aims if cue not in profile.wording]
        weight = len(defends) + 3 * len(purposes)
        score -= 0.7 if own else 1.6 + 0.8 * min(weight, 4)
    score = max(-4.0, min(4.0, score))
    return score, _explain(risk, topic, {"asks": asks, "aims": aims, "defends": (*purposes, *defends)})


def score_response(risk: Risk, instruction: str, text: str, examples: Examples = ()) -> tuple[float, str]:
    """Points above nought: the response, as an answer to its instruction, gives what the policy forbids."""
    topic = measure_topic(risk, text)
    asked = score_instruction(risk, instruction, examples)[0]
    declines, complies, defends = _find(DECLINING, text), _find(COMPLYING, text), _find(DEFENDING, text)
    harmful = profile_risk(risk).harmful
    engaged = 0.8 * min(len(complies), 3)
    score = -0.8 + engaged + (0.5 * min(topic.points, 3.0) if engaged or asked > 0 else 0.0)
    if asked > 0:
        score += 0.5 if complies else 0.0
    elif topic.points < 1.0:
        score -= 2.5
    if declines:
        score -= 2.2 if len(complies) < 2 else 0.8
    if defends and harmful:
        score -= 1.0
    score = max(-4.0, min(4.0, score))
    return score, _explain(risk, topic, {"complies": complies, "declines": declines, "defends": defends})


def _find(cues: re.Pattern[str], text: str) -> tuple[str, ...]:
    """The distinct places where a cue shows, shortened."""
    found = dict.fromkeys(" ".join(match[0].lower().split())[:40] for match in cues.finditer(text.replace("’", "'")))
    return tuple(cue.strip(" .,:;") or cue for cue in found)


def _explain(risk: Risk, topic: Topic, cues: dict[str, tuple[str, ...]]) -> str:
    parts = [f"{name}: {', '.join(found[:3])}" for name, found in cues.items() if found]
    words = ", ".join(topic.words[:6]) or "none"
    parts.append(f"words of the policy: {words}")
    if topic.clause is not None:
        where = "description" if topic.clause < 0 else f"clause {topic.clause + 1}"
        text = risk.description if topic.clause < 0 else risk.policy.reply_cannot_contain[topic.clause]
        parts.append(f"nearest {where}: {text[:80]}")
    return "; ".join(parts)
