"""Read requests out of a generator's reply, and responses out of a responder's.

A generator is asked for ``### Question N:`` blocks and answers as it likes. What it wrote is taken where it
is plainly a list of requests, and left over where it is not: nothing is guessed, completed or invented. Any
text is parsed in linear time, and none raises.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from demur.inputs.text_file import replace_surrogates
from demur.stages.read_json import read_json_items
from demur.stages.split_items import (
    Mark,
    Style,
    dedent_lines,
    find_marks,
    is_fence,
    is_heading,
    is_label,
    is_other_field,
    is_rule,
)
from demur.stages.spot_refusals import is_refusal
from demur.stages.tidy_text import clean_response, strip_thinking, unwrap_instruction

__all__ = ["Parsed", "clean_response", "parse_instructions"]

MAX_LEFTOVER_CHARS = 2_000
_MAX_JSON_TRIES = 40
_MAX_PARAGRAPHS_CHECKED = 8
_MAX_UNMARKED_CHARS = 2_000

_BOLD_TITLE = re.compile(r"\*\*[^*\n]{1,80}(?:[:：]\*\*|\*\*[ \t]?[:：]|\*\*[ \t][-–—][ \t])[ \t\n]{0,4}(?=\S)")
_PREAMBLE = re.compile(
    r"(?:sure|certainly|of course|absolutely|okay|ok|here (?:are|is)|here's|below (?:are|is)|the following"
    r"|hier sind"
    r"|voici|aquí (?:tienes|están)|claro)\b",
    re.IGNORECASE,
)
_EPILOGUE = re.compile(
    r"[ \t]{0,4}[(*_>\[#]{0,4}[ \t]?(?:"
    r"let me know|feel free|please (?:note|let me|remember|be aware|keep in mind|use these)|note(?: "
    r"that)?\b[:*, ]"
    r"|important(?: note)?[:*]|disclaimer\b|remember(?: that|,|:)|i hope (?:this|these|that) "
    r"|if you (?:need|want|would like|'d like|have any|require)|would you like (?:me|more|to)|do you "
    r"(?:want|need) (?:me|more)"
    r"|(?:all (?:of )?)?(?:these|the above|each of these|the following|those) (?:\w+ ){0,2}?"
    r"(?:questions?|requests?|prompts?|instructions?|examples?|queries|scenarios?|items?)\b"
    r"|(?:these|they) (?:are|were|cover|should|can be|violate)\b|end of|is there anything else"
    r"|i (?:have|'ve) (?:kept|written|created|generated|tried|avoided|made)"
    r"|(?:bitte beachten|hinweis:|lass(?:en sie)? (?:es )?mich wissen|n'hésitez|remarque\b|nota:|avísame"
    r"|espero que)"
    r")",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(
    r"[\[<{(]{1,3}[^\]>})\n]{0,200}[\]>})]{1,3}[.…]?"
    r"|(?:(?:your|the|a|an|insert|write|another|text of the|new)\s)+(?:\w+\s)?(?:question|request"
    r"|instruction|prompt|text)"
    r"(?:\stext)?(?:\shere)?\s?[.…]*",
    re.IGNORECASE,
)
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:mr|mrs|ms|dr|prof|st|no|vs|e\.g|i\.e|approx|inc|ltd|jr|sr|fig|[a-z]|(?:[a-z]\.)+[a-z]"
    r"|\d{1,6})\.$",
    re.IGNORECASE,
)
_CLOSERS = "\"”’'»*_`)]"


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a generator's reply holds.

    Attributes:
        instructions: the requests in their order; all that are there, be it more than were asked for.
        refused: the generator declined to write requests.
        leftovers: what is no request (preamble, epilogue, items that decline or were cut off), shortened.
        declined: the items among them that decline, where others do not.
    """

    instructions: tuple[str, ...]
    refused: bool
    leftovers: str
    declined: tuple[str, ...] = ()


@dataclass(slots=True)
class _Found:
    """Items as they stand in the reply, before their wrapping is taken off.

    Attributes:
        is_last_whole: something followed the last item, so the token limit did not cut it off.
        has_declined: the words before the items decline.
    """

    items: list[str] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)
    is_last_whole: bool = False
    has_declined: bool = False


def parse_instructions(text: str, finish: str, count: int) -> Parsed:
    """Read the requests in a generator's reply.

    Args:
        text: the reply.
        finish: the reply's finish reason; `length` says that it was cut off, so that its last item is dropped
            unless it is evidently complete.
        count: how many requests were asked for: a reply without any list is taken for one only if it has
            that many lines or paragraphs.
    """
    body = strip_thinking(replace_surrogates(text).replace("\r\n", "\n").replace("\r", "\n"))
    lines = body.split("\n")
    marks = find_marks(lines)
    found = _read_json(body, lines, marks) or (_read_marked(lines, marks) if marks else _read_unmarked(lines, count))
    if found.has_declined:
        return Parsed((), True, _join_leftovers([body]))
    if finish == "length" and found.items and not found.is_last_whole and not _is_whole(found.items[-1]):
        found.leftovers.append(found.items.pop())
    instructions: list[str] = []
    declined: list[str] = []
    for item in found.items:
        instruction = _tidy_item(item)
        if not instruction or is_refusal(instruction):
            declined += [instruction] if instruction else []
            found.leftovers.append(item)
        else:
            instructions.append(instruction)
    refused = not instructions and (bool(declined) or _has_refusal(lines))
    return Parsed(tuple(instructions), refused, _join_leftovers(found.leftovers), tuple(declined))


def _read_json(body: str, lines: Sequence[str], marks: Sequence[Mark]) -> _Found | None:
    """Read JSON that begins a line before any other list does."""
    position = tries = read_up_to = 0
    for number, line in enumerate(lines):
        if (marks and number >= marks[0].line) or tries >= _MAX_JSON_TRIES:
            return None
        start = position + len(line) - len(line.lstrip())
        position += len(line) + 1
        if start < read_up_to or not body.startswith(("[", "{"), start):
            continue
        tries += 1
        found = read_json_items(body, start)
        read_up_to = found.end
        if found.items:
            leftovers = [body[: found.start], body[found.end :]]
            return _Found(_strip_numbers(found.items), leftovers, is_last_whole=True)
    return None


def _strip_numbers(items: Sequence[str]) -> list[str]:
    """Take the numbers off the items of a JSON list that numbers every one of them."""
    stripped = [item.lstrip().removeprefix(str(number)) for number, item in enumerate(items, 1)]
    if any(
        rest == item.lstrip() or rest[:1] not in (".", ")", ":") for rest, item in zip(stripped, items, strict=True)
    ):
        return list(items)
    return [rest[1:] for rest in stripped]


def _read_marked(lines: Sequence[str], marks: Sequence[Mark]) -> _Found:
    preamble = "\n".join(lines[: marks[0].line])
    found = _Found(leftovers=[preamble])
    if marks[0].style is not Style.LABELLED and _has_refusal(lines[: marks[0].line]):
        found.has_declined = True
        return found
    end = len(lines)
    if sum(map(is_fence, lines[: marks[0].line])) % 2:
        end = _find_closing_fence(lines, marks[-1].line)
    blocks: list[list[str]] = []
    for mark, following in zip(marks, (*(mark.line for mark in marks[1:]), end), strict=True):
        block = [lines[mark.line][mark.end :], *dedent_lines(lines[mark.line + 1 : following])]
        block, rest = _cut_other_fields(block)
        if mark.opens_bold:
            block = _close_bold(block)
        blocks.append(_trim_block(block))
        found.leftovers.extend(rest)
        found.is_last_whole = bool(rest)
    last, rest = _cut_epilogue(blocks[-1], blocks[:-1])
    blocks[-1] = _trim_block(last)
    rest.extend(lines[end:])
    found.leftovers.extend(rest)
    found.is_last_whole = found.is_last_whole or any(line.strip() for line in rest)
    found.items = ["\n".join(block) for block in blocks]
    return found


def _find_closing_fence(lines: Sequence[str], start: int) -> int:
    for number in range(len(lines) - 1, start, -1):
        if is_fence(lines[number]):
            return number
    return len(lines)


def _cut_other_fields(block: list[str]) -> tuple[list[str], list[str]]:
    """Part an item's request from the fields beside it: the answer, a category, a note."""
    kept, rest = block[:1], list[str]()
    is_kept = True
    for line in block[1:]:
        if is_other_field(line):
            is_kept = False
        elif not is_kept and is_label(line) and not any(other.strip() for other in kept):
            is_kept = True
        (kept if is_kept else rest).append(line)
    return kept, rest


def _close_bold(block: list[str]) -> list[str]:
    """Take off the bold type that the mark opened: `**1. Title:** text` and `**1. text**`."""
    head, mark, tail = block[0].partition("**")
    if not mark:
        return block
    title = head.rstrip()
    if title.endswith((":", "：")) or tail.lstrip().startswith((":", "：")):
        text = tail.lstrip(" \t:：")
        return [text, *block[1:]] if text or any(line.strip() for line in block[1:]) else [title]
    return [head + tail, *block[1:]]


def _trim_block(block: list[str]) -> list[str]:
    """Drop empty lines around an item, and rules and headings behind it, which belong to what follows."""
    start = 0
    while start < len(block) and (not block[start].strip() or is_rule(block[start])):
        start += 1
    end = len(block)
    while end > start:
        line = block[end - 1]
        is_more = end - 1 > start
        if not line.strip() or is_rule(line) or (is_more and is_heading(line) and not block[end - 2].strip()):
            end -= 1
        else:
            break
    return block[start:end]


def _cut_epilogue(last: list[str], others: Sequence[Sequence[str]]) -> tuple[list[str], list[str]]:
    """Part the last item from the words that close the reply.

    Those begin with a telling phrase; or they are a further paragraph where no other item has one.
    """
    is_flat = bool(others) and not any("" in map(str.strip, other) for other in others)
    for number, line in enumerate(last[1:], 1):
        if _EPILOGUE.match(line):
            return last[:number], last[number:]
        if is_flat and not line.strip() and not last[number - 1].rstrip().endswith((":", "：")):
            return last[:number], last[number:]
    return last, []


def _read_unmarked(lines: Sequence[str], count: int) -> _Found:
    """Take a reply without any list: quoted lines, or as many lines or paragraphs as were asked for."""
    if _has_refusal(lines):
        return _Found(has_declined=True)
    # A fence, a rule or a heading parts what stands around it: leaving it out would join what was never one text.
    parts = (is_rule(line) or is_fence(line) or line.startswith("#") for line in lines)
    kept = ["" if is_part else line.rstrip() for is_part, line in zip(parts, lines, strict=True)]
    paragraphs = [paragraph for paragraph in "\n".join(kept).split("\n\n") if paragraph.strip()]
    leftovers: list[str] = []
    if len(paragraphs) > 1 and _is_preamble(paragraphs[0]):
        leftovers.append(paragraphs.pop(0))
    for number, paragraph in enumerate(paragraphs):
        if number and _EPILOGUE.match(paragraph.lstrip()):
            leftovers.extend(paragraphs[number:])
            del paragraphs[number:]
            break
    rows = [row for paragraph in paragraphs for row in paragraph.split("\n") if row.strip()]
    if len(rows) > 1 and _is_preamble(rows[0]):
        leftovers.append(rows.pop(0))
        paragraphs = ["\n".join(rows)] if len(paragraphs) == 1 else paragraphs
    for items in (rows, paragraphs):
        is_list = len(items) == count or (items is rows and len(rows) > 1 and all(map(_is_quoted, rows)))
        if is_list and all(len(item) <= _MAX_UNMARKED_CHARS for item in items):
            return _Found(list(items), leftovers)
    return _Found([], ["\n".join(lines)])


def _is_preamble(text: str) -> bool:
    text = text.strip()
    return text.endswith((":", "：")) or (len(text) < 200 and _PREAMBLE.match(text) is not None)


def _is_quoted(row: str) -> bool:
    row = row.strip().rstrip(",")
    if row.startswith("<") and row.endswith(">"):
        return unwrap_instruction(row) != row
    return len(row) > 2 and row[0] in "\"“«„'" and row[-1] in "\"”»“'"


def _is_whole(item: str) -> bool:
    """Whether the item at which a reply was cut off evidently ends there: nothing is left open."""
    text = item.rstrip().rstrip(_CLOSERS)
    if not text.endswith((".", "?", "!", "。", "？", "！")) or text.endswith("..."):
        return False
    is_open = item.count('"') % 2 or item.count("“") > item.count("”") or item.count("(") > item.count(")")
    return not is_open and item.count("```") % 2 == 0 and _ABBREVIATION.search(text[-20:]) is None


def _tidy_item(item: str) -> str:
    """Take an item's wrapping off; empty where nothing but an echo of the form that was asked for is left."""
    text = replace_surrogates(item).strip()
    title = _BOLD_TITLE.match(text)
    text = unwrap_instruction(text[title.end() :] if title else text)
    if not any(character.isalpha() for character in text) or (len(text) < 300 and _PLACEHOLDER.fullmatch(text)):
        return ""
    return text


def _has_refusal(lines: Iterable[str]) -> bool:
    """Whether one of the first paragraphs declines."""
    paragraphs: list[str] = []
    for line in lines:
        if len(paragraphs) > _MAX_PARAGRAPHS_CHECKED:
            break
        if line.strip():
            paragraphs.append(line)
    return any(map(is_refusal, paragraphs[:_MAX_PARAGRAPHS_CHECKED]))


def _join_leftovers(pieces: Iterable[str]) -> str:
    text = "\n".join(piece.strip() for piece in pieces if piece.strip())
    return text if len(text) <= MAX_LEFTOVER_CHARS else text[: MAX_LEFTOVER_CHARS - 1] + "…"
