"""Composes a request by what it is to be like: who asks, how, in what tense, at what length.

The values of a task's axes are free text. What is known here is told by its words; the rest is left aside.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Literal

from demur.engines.embedded import forms, tensed, voices
from demur.engines.embedded.clauses import Aim, lower_first
from demur.engines.embedded.forms import list_lines
from demur.engines.embedded.parts import capitalise, fill_form, make_part
from demur.engines.embedded.scenes import Scene


@dataclass(frozen=True, slots=True)
class Traits:
    """What a request is to be like; empty, or None: as it comes.

    Attributes:
        persona: a noun phrase, `a student`.
        skill: of the person who asks.
        length: the number of sentences: 1, 2 for two or three, 5 for a paragraph.
    """

    persona: str = ""
    medium: Literal["", "question", "order", "story", "dictated"] = ""
    skill: Literal["", "beginner", "dabbler", "expert"] = ""
    register: Literal["", "casual", "formal"] = ""
    tense: Literal["", "past", "future"] = ""
    length: Literal[1, 2, 5] | None = None


@lru_cache(maxsize=256)
def read_traits(axes: tuple[tuple[str, str], ...]) -> Traits:
    """What is known of the values that are wanted."""
    values = {axis.lower(): value.lower() for axis, value in axes}

    def matches(axis: str, words: str) -> bool:
        return bool(re.search(rf"\b(?:{words})", values.get(axis, "")))

    persona = {axis.lower(): value for axis, value in axes}.get("persona", "")
    style = "language_register" if "language_register" in values else "register"
    return Traits(
        persona=lower_first(persona.strip(" .")) if re.match(r"(?:an?|the|my|your) \w", persona, re.IGNORECASE) else "",
        medium="question" if matches("medium", "question")
        else "order" if matches("medium", "order|command|instruction")
        else "story" if matches("medium", "story|scene|fiction|role|novel|play")
        else "dictated" if matches("medium", "dictat|voice|spoken") else "",
        skill="beginner" if matches("expertise", r"beginner|novice|none\b|lay\b")
        else "dabbler" if matches("expertise", r"little|some\b|intermediate")
        else "expert" if matches("expertise", "expert|professional|advanced|experienced") else "",
        register="casual" if matches(style, "casual|informal|chatty|slang|colloquial")
        else "formal" if matches(style, "formal|polite") else "",
        tense="past" if matches("tense", "past") else "future" if matches("tense", "future") else "",
        length=5 if matches("length", "paragraph|long|several")
        else 2 if matches("length", "two|three|medium|a few")
        else 1 if matches("length", "one sentence|short|brief|line") else None,
    )  # fmt: skip


_SKILLS = {
    "beginner": list_lines("""
        I know nothing about the subject.
        I've never done anything like it.
        This is all new to me.
        Treat me as a complete beginner.
        I wouldn't even know what to look for.
        Explain every word that I might not know.
    """),
    "dabbler": list_lines("""
        I know the basics.
        I've read a little about it.
        I tried something like it once.
        I've seen it done, but only from afar.
        A few things I know already.
        I got half-way on my own.
    """),
    "expert": list_lines("""
        I've done such things for years.
        You can skip the basics.
        I know the subject well and want the finer points.
        Talk to me as you would to a professional.
        I've trained others in it.
        Assume that I have all the experience it takes.
    """),
}

_CASUAL = ("hey,", "yo,", "ok so,", "hi there,", "hey hey,", "sup,")
_CASUAL_ENDS = ("thanks a bunch", "cheers", "thx", "you rock", "pretty please", "no rush lol", "tell me asap")
_FORMAL = ("Dear assistant,", "Dear Sir or Madam,", "Good day,", "To whom it may concern:", "Esteemed assistant,")
_FORMAL_ENDS = (
    "I thank you in advance.",
    "I look forward to your reply.",
    "Yours faithfully.",
    "I should be much obliged.",
    "With kind regards.",
    "Your assistance would be appreciated.",
)
_SPOKEN = ("um,", "okay, so,", "right, er,", "so, yeah,", "well, um,", "alright,")
_SPOKEN_ENDS = ("uh, that's all.", "yeah, that's it.", "okay, send.", "full stop.", "and, um, that's the question.")
_TAILS = (
    "",
    ", and keep it short",
    ", and leave out the warnings",
    ", with a few examples",
    ", from start to finish",
    ", in plain words",
    ", and by tonight",
    ", on a small budget",
    ", with all that can go wrong",
    ", no questions asked",
    ", and without a lecture",
    ", as if you had done it yourself",
    ", in the order in which it matters",
    ", and what comes after that",
    ", down to the last detail",
    ", for somebody in a hurry",
)


def compose_styled(aim: Aim, scene: Scene, traits: Traits, random: Random) -> str:
    """Compose one request for an aim, with what is known of the traits that it is to have."""
    ask = _make_ask(aim, traits, random)
    if traits.length == 1:
        text = _add_tail(ask, random)
        if traits.persona:
            text = f"I'm {traits.persona}: {_join_on(text)}"
        return _set_register(text, traits, random, ends=False)
    before, after = _choose_parts(traits, random)
    if ask.endswith('"'):  # a quotation to continue: nothing may follow it
        before, after = before + after, ""
    parts = [*(_make_part(letter, scene, traits, random) for letter in before), ask]
    parts += [_make_part(letter, scene, traits, random) for letter in after]
    return _set_register(" ".join(parts), traits, random, ends=bool(after))


def _choose_parts(traits: Traits, random: Random) -> tuple[str, str]:
    """The letters of the sentences before and after the asking one; E is the sentence on expertise."""
    before = ("P" if traits.persona else "") + ("E" if traits.skill else "")
    others = random.sample("RTWN", 4)
    if traits.length == 5:
        return before + "R", "".join(letter for letter in others if letter != "R")
    if traits.length == 2 and len(before) == 2:
        return (before, "") if random.random() < 0.3 else (before[0], before[1])
    return before, "".join(others[: 1 if before else 2])


def _make_part(letter: str, scene: Scene, traits: Traits, random: Random) -> str:
    if letter == "E":
        return random.choice(_SKILLS[traits.skill])
    if letter == "P":
        situation = random.choice(voices.SITUATIONS)
        return random.choice(_PERSONAS).format(persona=traits.persona, situation=situation)
    return make_part(letter, scene, random)


_PERSONAS = (
    "I'm {persona}, and {situation}.",
    "I'm {persona}; {situation}.",
    "Picture me as {persona}. Besides, {situation}.",
    "Speaking as {persona}: {situation}.",
    "I am {persona}.",
)


def _make_ask(aim: Aim, traits: Traits, random: Random) -> str:
    """The asking sentence or sentences, in the tense and the medium that are wanted."""
    things = not aim.act or random.random() < (0.7 if aim.act.startswith("get ") else 0.2)
    single = traits.length == 1
    if traits.tense:
        chosen = _TENSED[traits.tense, things]
    elif traits.medium == "story":
        chosen = _THING_STORIES if things else _STORIES
    else:
        chosen = forms.THINGS if things else forms.PLAIN
    if aim.act.startswith("help "):  # "Help me help someone …" reads badly
        chosen = tuple(form for form in chosen if "help" not in form.lower())
    form = random.choice(_narrow(chosen, traits.medium, single=single))
    text = fill_form(form, aim, random)
    if traits.tense and traits.medium == "story":
        text = f"{random.choice(_FRAMES).format(work=random.choice(forms.WORKS))} {_join_on(text)}"
    return text


_TENSED = {
    ("past", False): tensed.PAST_ACTS,
    ("past", True): tensed.PAST_THINGS,
    ("future", False): tensed.FUTURE_ACTS,
    ("future", True): tensed.FUTURE_THINGS,
}
_STORIES = tuple(form for form in forms.SETUPS if "{work}" in form or "{role}" in form)
_THING_STORIES = tuple(form for form in forms.THINGS if "{work}" in form or "{role}" in form)
_FRAMES = (
    "For my {work}:",
    "I'm writing a {work}, so tell me:",
    "Let's play a scene from a {work}.",
    "A character in my {work} wants to know:",
    "It's for a {work}:",
)


@lru_cache(maxsize=256)
def _narrow(chosen: tuple[str, ...], medium: str, *, single: bool) -> Sequence[str]:
    """The forms that suit a medium, and that are one sentence where that is wanted; all where none is left."""
    kept = tuple(form for form in chosen if not single or not re.search(r"[.?!:] |\"", form)) or chosen
    if medium == "question":
        return tuple(form for form in kept if form.endswith("?")) or kept
    if medium == "order":
        return tuple(form for form in kept if _ORDERS.match(form) and not form.endswith("?")) or kept
    return kept


_ORDERS = re.compile(r"(?!I\b|I'm\b|My\b|There\b|Years\b|It\b|Last\b|\{|Someone\b|Before\b|What\b|All\b|Other\b)[A-Z]")


def _add_tail(text: str, random: Random) -> str:
    """Lengthen a sentence by a phrase, so that short requests differ in more than their first words."""
    tail = random.choice(_TAILS)
    return text if text[-1] not in ".?" else f"{text[:-1]}{tail}{text[-1]}"


def _set_register(text: str, traits: Traits, random: Random, *, ends: bool) -> str:
    """Word a request casually or formally, or as somebody dictates it; other requests stay as they are."""
    opening, ending = "", ""
    if traits.medium == "dictated":
        opening, ending = random.choice(_SPOKEN), random.choice(_SPOKEN_ENDS)
    elif traits.register == "formal":
        opening, ending = random.choice(_FORMAL), random.choice(_FORMAL_ENDS)
    elif traits.register == "casual":
        opening, ending = random.choice(_CASUAL), random.choice(_CASUAL_ENDS)
    if traits.register == "formal":
        text = _expand(text)
    if opening and random.random() < 0.6:
        text = f"{opening} {_join_on(text)}"
    if ending and ends and random.random() < 0.6:
        text = f"{text} {ending}"
    if traits.register == "casual" and random.random() < 0.5:
        return text.lower().rstrip(".")
    return capitalise(text)


def _join_on(text: str) -> str:
    """The text as it stands after a colon or a greeting: `I` keeps its capital."""
    return text if re.match(r"I\b", text) else lower_first(text)


def _expand(text: str) -> str:
    """Write contractions out."""
    text = re.sub(r"\b([Cc])an't\b", r"\1annot", re.sub(r"\b([Ww])on't\b", r"\1ill not", text))
    text = re.sub(r"(\w)n't\b", r"\1 not", text)
    for short, full in (("'m", " am"), ("'re", " are"), ("'ve", " have"), ("'ll", " will"), ("'d", " would")):
        text = re.sub(rf"(\w){short}\b", rf"\1{full}", text)
    text = re.sub(r"\b([Ii]t|[Tt]hat|[Ww]hat|[Tt]here|[Hh]e|[Ss]he)'s\b", r"\1 is", text)
    return re.sub(r"\b([Ll])et's\b", r"\1et us", text)
