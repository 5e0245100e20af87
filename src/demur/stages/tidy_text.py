"""Take the wrapping off a model's words: thinking traces, quotes, labels, markup. The words stay."""

from __future__ import annotations

import re

_THINK_TAG = re.compile(r"<(/?)think(?:ing)?>", re.IGNORECASE | re.ASCII)

_QUOTES = {'"': '"', "“": "”", "„": "“", "«": "»", "‹": "›", "‘": "’", "「": "」", "『": "』"}
_MARKUP = ("***", "**", "__", "*", "_", "```", "`")
_LOOSE_QUOTE = re.compile(r"(?<!\w)'|'(?!\w)")
_TAG = re.compile(r"<(question|request|instruction|prompt|query|item|response|answer)>", re.IGNORECASE)

_REQUEST_LABEL = re.compile(
    r"(?:#{1,6}[ \t]{0,3})?(?:\*\*|__)?(?:(?:user|new|harmful)[ \t])?"
    r"(?:instruction|question|request|prompt|query|user|human|input|task|frage|anfrage|pregunta|solicitud"
    r"|demande|requête)"
    r"(?:[ \t]{0,2}#?\d{1,6})?(?:\*\*|__)?[ \t]{0,2}[:：](?:\*\*|__)?\s{0,8}",
    re.IGNORECASE,
)
_RESPONSE_LABEL = re.compile(
    r"(?:#{1,6}[ \t]{0,3})?(?:\*\*|__)?(?:(?:model|assistant|ai|calibrated|suggested|final|your|the)[ \t])?"
    r"(?:response|answer|reply|refusal|assistant|ai|bot|model|output|antwort|réponse|respuesta)"
    r"(?:[ \t]{0,2}#?\d{1,6})?(?:\*\*|__)?[ \t]{0,2}[:：](?:\*\*|__)?\s{0,8}",
    re.IGNORECASE,
)
_ROUNDS = 4
"""Wrappings within wrappings that are taken off: a label, then bold, then quotes."""


def strip_thinking(text: str) -> str:
    """Drop thinking traces. One never closed takes along the rest; one never opened, what is before."""
    pieces: list[str] = []
    position = 0
    in_trace = False
    for tag in _THINK_TAG.finditer(text):
        if tag.group(1):
            if not in_trace:
                pieces.clear()
            in_trace = False
            position = tag.end()
        elif not in_trace:
            pieces.append(text[position : tag.start()])
            in_trace = True
    if not in_trace:
        pieces.append(text[position:])
    return "".join(pieces)


def unwrap_instruction(text: str) -> str:
    """Take off labels such as `Question:`, and quotes, bold and code marks that enclose the whole text."""
    return _unwrap(text, _REQUEST_LABEL, marks=True)


def clean_response(text: str) -> str:
    """Take thinking traces, a `Response:` or role label, and quotes around the whole off a response."""
    return _unwrap(strip_thinking(text), _RESPONSE_LABEL, marks=False)


def _unwrap(text: str, label: re.Pattern[str], *, marks: bool) -> str:
    text = text.strip()
    for _ in range(_ROUNDS):
        before = text
        found = label.match(text)
        if found:
            text = text[found.end() :]
        text = _strip_quotes(text.strip())
        if marks:
            text = _strip_markup(text)
        if text == before:
            break
    return text


def _strip_quotes(text: str) -> str:
    closed = text[:-1] if text[-2:-1] in ('"', "”") and text.endswith((",", ";")) else text
    if len(closed) < 2:
        return text
    inner = closed[1:-1]
    if closed[0] == closed[-1] == "'":
        return text if _LOOSE_QUOTE.search(inner) else inner.strip()
    closing = _QUOTES.get(closed[0])
    if closing != closed[-1] or closing in inner or closed[0] in inner:
        return text
    return inner.strip()


def _strip_markup(text: str) -> str:
    for mark in _MARKUP:
        inner = text[len(mark) : -len(mark)]
        if len(text) > 2 * len(mark) and text.startswith(mark) and text.endswith(mark) and mark not in inner:
            if mark == "```":  # the word after an opening fence names a language
                first, newline, rest = inner.partition("\n")
                inner = rest if newline and not first.strip(" \t").count(" ") else inner
            return inner.strip() or text
    tag = _TAG.match(text)
    if tag and text[-len(tag.group(1)) - 3 :].lower() == f"</{tag.group(1)}>".lower():
        return text[tag.end() : -len(tag.group(1)) - 3].strip()
    return text
