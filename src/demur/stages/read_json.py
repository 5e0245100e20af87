"""Read requests out of JSON: a list of strings or of objects, one object, or an object a line.

The list is decoded item by item, so that a reply that was cut off keeps its whole items.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

_DECODER = json.JSONDecoder(strict=False)
_BETWEEN = re.compile(r"[\s,]*")
_OPEN_LIST = re.compile(r'\{\s{0,40}"[^"\\]{1,64}"\s{0,40}:\s{0,40}(?=\[)')
_KEYS = (
    "instruction",
    "question",
    "prompt",
    "request",
    "query",
    "userprompt",
    "userrequest",
    "text",
    "content",
    "input",
)
_NOT_SPELLED = re.compile(r"[^a-z0-9]+")
_NUMBERED_KEY = re.compile(r"(?:question|request|prompt|instruction|q|item)?[\s_#-]{0,3}\d{1,6}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class JsonItems:
    """The requests in a piece of JSON.

    Attributes:
        items: in their order.
        start: where the JSON begins in the text.
        end: where it ends, or where it was torn.
    """

    items: tuple[str, ...]
    start: int
    end: int


def read_json_items(text: str, start: int) -> JsonItems:
    """Read the JSON that begins at `start`: no items if it is none, or holds no requests. Never raises."""
    position = start
    bracket = _OPEN_LIST.match(text, start)
    if text.startswith("[", start):
        position += 1
    elif bracket:
        position = bracket.end() + 1
    items: list[str] = []
    while True:
        position = _skip(text, position)
        try:
            value, position = _DECODER.raw_decode(text, position)
        except (ValueError, RecursionError):
            break
        items.extend(_pick_requests(value))
    return JsonItems(tuple(items), start, position)


def _skip(text: str, position: int) -> int:
    found = _BETWEEN.match(text, position)
    return found.end() if found else position


def _pick_requests(value: object) -> Iterator[str]:
    """Give the requests in one value of the list: a string, or what an object holds under telling names."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        single = _pick_field(value)
        if single is not None:
            yield single
            return
        for key, field in value.items():
            if _NUMBERED_KEY.fullmatch(key) or _spell(key).removesuffix("s") in _KEYS:
                for entry in field if isinstance(field, list) else [field]:
                    picked = _pick_field(entry) if isinstance(entry, dict) else entry
                    if isinstance(picked, str):
                        yield picked


def _pick_field(fields: dict[str, object]) -> str | None:
    """Give the field that holds an object's request; None where there is none, or not a user speaks."""
    spelled = {_spell(key): field for key, field in fields.items()}
    if spelled.get("role") not in (None, "user"):
        return None
    for key in _KEYS:
        field = spelled.get(key)
        if isinstance(field, str):
            return field
    return None


def _spell(key: str) -> str:
    return _NOT_SPELLED.sub("", key[:64].lower())
