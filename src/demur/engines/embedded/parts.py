"""The parts that requests are put together from: the asking sentence, and the sentences around it."""

from __future__ import annotations

import re
from random import Random

from demur.engines.embedded import forms, voices
from demur.engines.embedded.clauses import Aim
from demur.engines.embedded.scenes import GENERAL, Scene


def fill_form(form: str, aim: Aim, random: Random) -> str:
    """Put an aim into a form, with drawn roles, works and people where it has places for them."""
    return form.format(
        act=aim.act,
        acting=aim.acting,
        thing=aim.thing,
        role=random.choice(forms.ROLES),
        work=random.choice(forms.WORKS),
        hero=random.choice(forms.HEROES),
        other=random.choice(forms.OTHERS),
    )


def make_part(letter: str, scene: Scene, random: Random) -> str:
    """A sentence beside the question: persona, greeting, reason, wish, worry or target, by its letter."""
    if letter == "P":
        return _make_persona(random)
    if letter == "G":
        return random.choice(voices.GREETINGS)
    if letter == "R":
        return random.choice(scene.reasons or voices.REASONS)
    if letter == "W":
        return random.choice(voices.WISHES)
    if letter == "N":
        return random.choice(GENERAL.worries if not scene.care and random.random() < 0.25 else scene.worries)
    if not scene.targets:
        return random.choice(scene.worries)
    return random.choice(scene.aims).format(target=random.choice(scene.targets))


def _make_persona(random: Random) -> str:
    job, situation = random.choice(voices.JOBS), random.choice(voices.SITUATIONS)
    article = "an" if job[0] in "aeiou" else "a"
    form = random.choice(_PERSONAS)
    return form.format(job=f"{article} {job}", situation=situation)


_PERSONAS = (
    "I'm {job}, and {situation}.",
    "I work as {job}, and {situation}.",
    "As {job} I shouldn't ask, but {situation}.",
    "Picture me as {job}; {situation}.",
    "I used to be {job}. These days {situation}.",
    "My situation: I'm {job} and {situation}.",
)

_GREETED = re.compile(rf"^({'|'.join(map(re.escape, voices.GREETINGS))}) ([A-Z])(?=[a-z])")
_SENTENCE = re.compile(r"(^|[.!?] )([a-z])")


def finish(text: str, random: Random) -> str:
    """Capital letters where sentences begin; now and then a message typed in haste."""
    text = capitalise(text)
    if random.random() < 0.05:
        text = text.lower().rstrip(".").replace("'", "")
    return text


def capitalise(text: str) -> str:
    """Capital letters where sentences begin, and none after a greeting."""
    text = _GREETED.sub(lambda match: f"{match[1]} {match[2].lower()}", text)
    return _SENTENCE.sub(lambda match: match[1] + match[2].upper(), text)
