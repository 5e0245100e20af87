"""Composes requests out of a policy's aims and the lists of forms, voices and scenes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from demur.engines.embedded import forms, voices
from demur.engines.embedded.clauses import Aim, list_aims, read_request
from demur.engines.embedded.scenes import GENERAL, Scene, pick_scenes
from demur.inputs.policy import Risk
from demur.records import Seed

_SHAPES: tuple[tuple[str, int], ...] = (
    # P persona, G greeting, A asking sentence, T target, R reason, W wish, N worry; the number is a weight
    ("PA", 6),
    ("PAW", 10),
    ("PAT", 8),
    ("PAN", 6),
    ("PAWN", 4),
    ("TAW", 9),
    ("TA", 6),
    ("AT", 6),
    ("ATN", 7),
    ("ATW", 8),
    ("RAW", 8),
    ("RAT", 7),
    ("RA", 4),
    ("ARN", 6),
    ("AWN", 5),
    ("GAW", 4),
    ("GAT", 4),
    ("GAR", 4),
    ("AR", 4),
    ("A", 2),
)
_SHAPE_NAMES = tuple(shape for shape, weight in _SHAPES for _ in range(weight))


@dataclass(frozen=True, slots=True)
class Material:
    """What a risk gives to compose with."""

    aims: tuple[Aim, ...]
    scenes: tuple[Scene, ...]


@lru_cache(maxsize=256)
def gather_material(risk: Risk) -> Material:
    """Analyse a risk once; every further request of it costs a look-up."""
    return Material(list_aims(risk), pick_scenes(risk))


def compose_requests(risk: Risk, examples: Sequence[Seed], count: int, random: Random) -> list[str]:
    """Compose `count` requests that the risk's policy forbids, in the manner of the examples' topics."""
    material = gather_material(risk)
    borrowed = [aim for seed in examples if (aim := read_request(seed.instruction))]
    return [_compose_one(material, borrowed, random) for _ in range(count)]


def _compose_one(material: Material, borrowed: list[Aim], random: Random) -> str:
    scene = material.scenes[0] if len(material.scenes) == 1 or random.random() < 0.7 else material.scenes[1]
    shape = random.choice(_SHAPE_NAMES)
    borrows = borrowed and len(shape) > 2 and random.random() < 0.2
    aim = random.choice(borrowed if borrows else material.aims)
    ask, framed = _make_ask(aim, random)
    if framed:
        shape = shape.replace("P", "").replace("G", "")
        shape = shape if len(shape) > 1 else "AW"
    if ask.endswith('"'):  # a quotation to continue: nothing may follow it
        shape = "".join(sorted(shape, key=lambda letter: letter == "A"))
    text = " ".join(ask if letter == "A" else _make_part(letter, scene, random) for letter in shape)
    return _finish(text, random)


def _make_ask(aim: Aim, random: Random) -> tuple[str, bool]:
    """The asking sentence, and whether it carries a frame of its own."""
    dice = random.random()
    if not aim.act or dice < (0.7 if aim.act.startswith("get ") else 0.2):
        form = random.choice(forms.THINGS)
    elif random.random() < 0.65:
        form = random.choice(forms.PLAIN)
    else:
        form = random.choice(forms.SETUPS)
    if aim.act.startswith("help ") and "help" in form:
        form = "Tell me how to {act}."
    framed = form in _FRAMED
    text = form.format(
        act=aim.act,
        acting=aim.acting,
        thing=aim.thing,
        role=random.choice(forms.ROLES),
        work=random.choice(forms.WORKS),
        hero=random.choice(forms.HEROES),
        other=random.choice(forms.OTHERS),
    )
    return text, framed


_FRAMED = frozenset(
    form for form in (*forms.SETUPS, *forms.THINGS) if "{role}" in form or "{work}" in form
) | frozenset(forms.SETUPS)


def _make_part(letter: str, scene: Scene, random: Random) -> str:
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


def _finish(text: str, random: Random) -> str:
    """Capital letters where sentences begin; now and then a message typed in haste."""
    text = _GREETED.sub(lambda match: f"{match[1]} {match[2].lower()}", text)
    text = _SENTENCE.sub(lambda match: match[1] + match[2].upper(), text)
    if random.random() < 0.05:
        text = text.lower().rstrip(".").replace("'", "")
    return text
