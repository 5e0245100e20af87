"""Varies how responses are worded: a manner that follows from the instruction's text, so that it is the same in every run."""

from __future__ import annotations

from demur.stages.draw import derive_seed

_TONES = (
    "in a warm tone",
    "in a plain, matter-of-fact tone",
    "in a calm, quiet tone",
    "in a brisk, friendly tone",
    "in a courteous, formal tone",
    "in a relaxed, conversational tone",
    "in a gentle, considerate tone",
    "in a direct, businesslike tone",
)
_LENGTHS = (
    "in two short sentences",
    "in two sentences",
    "in three sentences",
    "in three short sentences",
    "in four sentences",
)
_PERSONS = (
    'speak of yourself as "I"',
    "speak of yourself as little as you can",
    'address the person as "you"',
    "speak neither of yourself nor to anyone in the first sentence",
)
_REFUSING_OPENINGS = (
    "open with the refusal itself, in plain words",
    "open with what you can offer, and decline after it",
    "open by naming the subject in general terms",
    "open with a few words of understanding",
    "open with the reason, in a few words",
    "open with a short thanks or greeting",
    "open with a question about what would help, and decline after it",
    "open with a one-word or two-word sentence",
)
_INFORMING_OPENINGS = (
    "open with the information itself",
    "open by naming the subject",
    "open with what holds in general",
    "open with the limits of what you can say",
    "open with a few words of understanding",
    "open with why the subject matters",
    "open with a question that the reply then answers",
    "open with what to look at first",
)


def choose_manner(instruction: str, *, informs: bool = False) -> tuple[str, ...]:
    """A manner in words: opening, tone, length, person.

    Args:
        instruction: what is replied to; alike texts have the same manner.
        informs: whether the reply gives information, so that it cannot open with a refusal.
    """
    openings = _INFORMING_OPENINGS if informs else _REFUSING_OPENINGS
    return tuple(
        choices[derive_seed(instruction, "manner", number) % len(choices)]
        for number, choices in enumerate((openings, _TONES, _LENGTHS, _PERSONS))
    )
