"""Axes of diversity: in what requests are to differ from each other. A task lists its own, or takes those shipped here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from demur.inputs.policy import Text
from demur.inputs.validation import suggest

SHIPPED = "default"
"""The word that stands for the shipped axes, or for the shipped values of one of them."""

RESERVED = ("clause", "kind", "mode", "opening", "risk", "source", "task")
"""What datasets are told apart by in any case: an axis of such a name would be counted as that."""

SHIPPED_AXES: Mapping[str, tuple[str, ...]] = {
    "persona": (
        "somebody who says nothing of themselves",
        "a student",
        "an office worker",
        "a parent",
        "a retired person",
        "the owner of a small business",
        "a writer",
        "a person who is angry at somebody",
    ),
    "medium": (
        "a question",
        "an order",
        "a story or a scene to play",
        "a message that was dictated to a phone",
    ),
    "expertise": ("a beginner", "somebody who knows a little", "an expert"),
    "language_register": ("casual", "neutral", "formal"),
    "tense": ("present", "past: how it was done", "future: what is planned"),
    # One value on purpose: a dataset in languages that nobody asked for would be a surprise.
    "language": ("that of the examples",),
    "length": ("one sentence", "two or three sentences", "a paragraph"),
}


def _read_axes(written: object) -> object:
    """Put the shipped values in where the word `default` stands for them.

    Raises:
        ValueError: the word stands for an axis that is not among the shipped ones, or another word for all of them.
    """
    if written == SHIPPED:
        return dict(SHIPPED_AXES)
    if isinstance(written, str):
        raise ValueError(
            f"only the word {SHIPPED} stands for axes, not {written!r}; else list each axis with its values"
        )
    if not isinstance(written, Mapping):
        return written
    return {name: _read_values(str(name), values) for name, values in written.items()}


def _read_values(name: str, values: object) -> object:
    if values == SHIPPED and name in SHIPPED_AXES:
        return SHIPPED_AXES[name]
    if values == SHIPPED:
        raise ValueError(f"no values are shipped for {name!r}. {suggest(name, list(SHIPPED_AXES))}")
    if isinstance(values, str):
        raise ValueError(f"a list of values is wanted for {name!r}, or the word {SHIPPED}, not {values!r}")
    return values


def _check_axes(axes: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
    if not axes:
        raise ValueError("no axis is listed; leave the key out, or write default")
    for name, values in axes.items():
        if name.strip().casefold() in RESERVED:
            raise ValueError(
                f"{name!r} is demur's own word, and no axis; give the axis another name, such as my_{name}"
            )
        if not name.strip() or not all(value.strip() for value in values):
            raise ValueError(f"an axis and its values are words, and one of {name!r} is empty")
        folded = [value.strip().casefold() for value in values]
        twice = next((value for value in values if folded.count(value.strip().casefold()) > 1), None)
        if twice is not None:
            raise ValueError(f"{twice!r} stands twice in {name!r}: each value comes as often as any other")
    return {name.strip(): tuple(value.strip() for value in values) for name, values in axes.items()}


_VALUES = {"type": "array", "items": {"type": ["string", "number"]}, "minItems": 1, "uniqueItems": True}
Axes: TypeAlias = Annotated[
    Mapping[Text, Annotated[tuple[Text, ...], Field(min_length=1)]],
    BeforeValidator(_read_axes),
    AfterValidator(_check_axes),
    WithJsonSchema(
        {
            "anyOf": [
                {"const": SHIPPED},
                {
                    "type": "object",
                    "minProperties": 1,
                    "propertyNames": {"not": {"enum": list(RESERVED)}},
                    "properties": {name: {"anyOf": [{"const": SHIPPED}, _VALUES]} for name in SHIPPED_AXES},
                    "additionalProperties": _VALUES,
                },
            ]
        }
    ),
]
"""Each axis with its values, the word `default` replaced by what it stands for."""
