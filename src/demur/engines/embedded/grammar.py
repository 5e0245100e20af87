"""Composes requests out of a policy's aims and the lists of forms, voices and scenes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from demur.engines.embedded import forms
from demur.engines.embedded.clauses import Aim, list_aims, read_clause, read_request
from demur.engines.embedded.parts import fill_form, finish, make_part
from demur.engines.embedded.scenes import Scene, pick_scenes
from demur.engines.embedded.styled import compose_styled, read_traits
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


@lru_cache(maxsize=1024)
def gather_clause(risk: Risk, clause: str) -> Material:
    """What one clause gives: what it alone forbids of all that the risk does, or else all that it says."""
    clauses = risk.policy.reply_cannot_contain
    number = clauses.index(clause) if clause in clauses else -1
    own = tuple(aim for aim in list_aims(risk) if number >= 0 and aim.clause == number)
    return Material(own or read_clause(clause, number), pick_scenes(risk))


def compose_requests(
    risk: Risk,
    examples: Sequence[Seed],
    count: int,
    random: Random,
    *,
    clause: str = "",
    axes: tuple[tuple[str, str], ...] = (),
) -> list[str]:
    """Compose `count` requests that the risk's policy forbids, in the manner of the examples' topics.

    Args:
        clause: what they are to ask for; the examples lend no topics then, as theirs may be another clause's.
        axes: what they are to be like, as far as the rules know the values.
    """
    material = gather_clause(risk, clause) if clause else gather_material(risk)
    borrowed = [] if clause else [aim for seed in examples if (aim := read_request(seed.instruction))]
    if not clause and not axes:
        return [_compose_one(material, borrowed, random) for _ in range(count)]
    traits = read_traits(axes)
    found: dict[str, None] = {}
    for _ in range(_TRIES * count):
        if len(found) == count:
            break
        if axes:
            text = compose_styled(random.choice(material.aims), random.choice(material.scenes), traits, random)
        else:
            text = _compose_one(material, borrowed, random)
        found.setdefault(text)
    return list(found)


_TRIES = 4
"""Draws for each request that is wanted, before a reply may hold fewer: no two in it are the same."""


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
    text = " ".join(ask if letter == "A" else make_part(letter, scene, random) for letter in shape)
    return finish(text, random)


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
    text = fill_form(form, aim, random)
    return text, framed


_FRAMED = frozenset(
    form for form in (*forms.SETUPS, *forms.THINGS) if "{role}" in form or "{work}" in form
) | frozenset(forms.SETUPS)
