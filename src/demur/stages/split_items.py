"""Find where the items of a list begin in a model's reply, whatever style of list it chose.

Every pattern is matched at the start of one line, with bounded repeats, so the cost is linear in the text.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

_LEAD = r"[ \t]{0,12}(?:>[ \t]{0,3}){0,2}(?:#{1,6}[ \t]{0,3})?(?:[-*•][ \t]{1,3})?(?:\*\*|__|\*)?[ \t]{0,2}"
_ENDING = r"(?:(?:\*\*|__)?[ \t]{0,2}(?:[:：.)]|[ \t][-–—](?=[ \t]))[*_]{0,2}|\*\*|__|\Z)[ \t]{0,4}"

_LABELLED = re.compile(
    _LEAD + r"(?:(?:user|harmful|new|sample|example|seed|synthetic|test)[ \t]){0,2}"
    r"(?:question|prompt|request|instruction|query|example|item|task|user|input|scenario|q"
    r"|frage|anfrage|aufgabe|pregunta|solicitud|petición|instrucción|demande|requête|richiesta|pergunta)"
    r"[ \t]{0,2}(?:#|no\.?|nr\.?|n°)?[ \t]{0,2}[(\[]?(?P<number>\d{1,6}|n)[)\]]?" + _ENDING,
    re.IGNORECASE,
)
_NUMBERED = re.compile(
    _LEAD + r"(?:(?P<a>\d{1,6})[ \t]?(?:\\?[.)]|[:：、．]|[ \t][-–—](?=[ \t]))"
    r"|[(\[](?P<b>\d{1,6})[)\]][.:]?|\#(?P<c>\d{1,6})[.:)]?)"
    r"(?:(?:\*\*|__)?(?=[ \t]|\Z)|(?=[^\W\d]|[\"“«'*\[]))[ \t]{0,4}"
)
_BARE_NUMBER = re.compile(r"[ \t]{0,12}(?:#{1,6}[ \t]{1,3}|\*\*)(?P<number>\d{1,6})(?:\*\*)?[ \t]{0,4}\Z")
_LABEL = re.compile(
    _LEAD + r"(?:(?:user|harmful|new)[ \t])?(?:question|prompt|request|instruction|query|user)"
    r"(?:\*\*|__)?[ \t]{0,2}[:：](?:\*\*|__)?[ \t]{0,4}",
    re.IGNORECASE,
)
_BULLET = re.compile(r"[ \t]{0,12}[-*•–—+▪◦‣·][ \t]{1,4}(?=\S)")
_OTHER_FIELD = re.compile(
    r"[ \t]{0,8}(?:#{1,6}[ \t]{0,3})?(?:[-*•][ \t]{1,3})?[(*_]{0,3}"
    r"(?:(?:model|assistant|ideal|calibrated|expected|policy|why)[ \t])?"
    r"(?:answer|response|refusal|reply|assistant|explanation|rationale|reasoning|category|a\d{1,5}|note"
    r"|disclaimer"
    r"|clause|difficulty)s?(?:[ \t]{0,2}#?\d{1,6})?(?:\*\*|__)?[ \t]{0,2}[:：]",
    re.IGNORECASE,
)
_RULE = re.compile(r"[ \t]{0,8}(?:[-*_=~][ \t]?){3,200}\Z")
_HEADING = re.compile(
    r"[ \t]{0,3}(?:#{1,6}[ \t]+\S|(?:\*\*|__)[^*_]{1,80}(?:\*\*|__):?\Z|(?:\*\*|__)[^*_]{1,80}:(?:\*\*|__)\Z)"
)
_FENCE = re.compile(r"[ \t]{0,8}(?:```|~~~)[\w+-]{0,20}[ \t]{0,8}\Z")

MAX_GAP = 10
"""A number this far beyond the last one begins no item: it belongs to the text ("2024. That was …")."""


class Style(Enum):
    """How a reply sets its items apart, the surest sign first."""

    LABELLED = "labelled"
    NUMBERED = "numbered"
    LABEL = "label"
    BULLET = "bullet"


@dataclass(frozen=True, slots=True)
class Mark:
    """A line at which an item may begin.

    Attributes:
        line: the line's number, from 0.
        indent: white space before it, in columns.
        number: the item's number, where it has one.
        end: where the mark ends in the line and the item's text begins.
        opens_bold: the mark opened bold type that the text has to close.
    """

    style: Style
    line: int
    indent: int
    number: int | None
    end: int
    opens_bold: bool


def find_marks(lines: Sequence[str]) -> list[Mark]:
    """Give the lines at which the reply's items begin, all in the one style that the reply is written in."""
    found = [mark for number, line in enumerate(lines) if line.strip() and (mark := _read_mark(number, line))]
    by_style = {style: [mark for mark in found if mark.style is style] for style in Style}
    labelled, numbered, bullets = by_style[Style.LABELLED], by_style[Style.NUMBERED], by_style[Style.BULLET]
    # "Example 1:" inside a numbered list is part of an item
    is_inside = labelled and numbered and numbered[0].line < labelled[0].line and len(numbered) > len(labelled)
    if labelled and not is_inside:
        return labelled
    if numbered and (not bullets or min(m.indent for m in numbered) <= min(m.indent for m in bullets)):
        return _keep_sequence(numbered, lines)
    if by_style[Style.LABEL]:
        return by_style[Style.LABEL]
    return [mark for mark in bullets if mark.indent <= bullets[0].indent + 1]


def _read_mark(number: int, line: str) -> Mark | None:
    indent = _measure_indent(line)
    found = _LABELLED.match(line)
    if found:
        return _write_mark(Style.LABELLED, number, indent, found, found["number"])
    found = _BARE_NUMBER.match(line)
    if found:
        return _write_mark(Style.NUMBERED, number, indent, found, found["number"])
    found = _NUMBERED.match(line)
    if found:
        return _write_mark(Style.NUMBERED, number, indent, found, found["a"] or found["b"] or found["c"])
    if is_rule(line):
        return None
    found = _LABEL.match(line)
    if found:
        return _write_mark(Style.LABEL, number, indent, found, None)
    found = _BULLET.match(line)
    return _write_mark(Style.BULLET, number, indent, found, None) if found else None


def _write_mark(style: Style, line: int, indent: int, found: re.Match[str], number: str | None) -> Mark:
    value = int(number) if number and number.isdecimal() else None
    opens_bold = found.group().count("**") % 2 == 1
    return Mark(style, line, indent, value, found.end(), opens_bold)


def _measure_indent(line: str) -> int:
    return sum(4 if sign == "\t" else 1 for sign in line[: len(line) - len(line.lstrip(" \t"))][:64])


def _keep_sequence(marks: Sequence[Mark], lines: Sequence[str]) -> list[Mark]:
    """Keep the numbers that count on; others are lists within an item, or text.

    A list may number every item 1, and may start again below a heading.
    """
    kept: list[Mark] = []
    headings = [number for number, line in enumerate(lines) if line[:1] in "#*_ \t" and is_heading(line)]
    for mark in marks:
        if mark.indent > marks[0].indent + 1:
            continue
        last = kept[-1] if kept else None
        if last is None or last.number is None or mark.number is None or _counts_on(last, mark, headings):
            kept.append(mark)
    return kept


def _counts_on(last: Mark, mark: Mark, headings: Sequence[int]) -> bool:
    assert last.number is not None
    assert mark.number is not None
    if last.number < mark.number <= last.number + MAX_GAP or last.number == mark.number == 1:
        return True
    return mark.number == 1 and bisect(headings, last.line) < bisect(headings, mark.line - 1)


def is_rule(line: str) -> bool:
    """Whether a line is a horizontal rule."""
    return _RULE.match(line[:400]) is not None and len(line) <= 400


def is_heading(line: str) -> bool:
    """Whether a line is a heading: marked so, or all in bold."""
    return _HEADING.match(line) is not None


def is_fence(line: str) -> bool:
    """Whether a line opens or closes a block of code."""
    return _FENCE.match(line) is not None


def is_label(line: str) -> bool:
    """Whether a line says that a request follows."""
    return _LABEL.match(line) is not None


def is_other_field(line: str) -> bool:
    """Whether a line says that something else than a request follows: an answer, a note, a category."""
    return _OTHER_FIELD.match(line) is not None


def dedent_lines(lines: Iterable[str]) -> list[str]:
    """Take away the white space that all lines but empty ones begin with."""
    kept = list(lines)
    margin = min((len(line) - len(line.lstrip(" \t")) for line in kept if line.strip()), default=0)
    return [line[margin:] for line in kept]
