"""Answers that are one JSON object: a word out of a few under one key, and a reason.

Models wrap what they are asked for: in a code fence, in prose, behind a reasoning trace. All that is read. What is not
clear is not guessed: an answer that says two words, or none of them, or breaks off inside its object, says nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from demur.engines.base import Form, Reply
from demur.guards.asking import quote_grammar

_TRACE_END = re.compile(r"</think>", re.IGNORECASE)
_TRACE_START = re.compile(r"\s*<think>", re.IGNORECASE)
_HARMONY_FINAL = re.compile(r"<\|channel\|>\s*final\s*(?:<\|constrain\|>\s*\w+\s*)?<\|message\|>")
_HARMONY_BARE_FINAL = re.compile(r"assistant\s*final")
_HARMONY_TOKEN = re.compile(r"<\|(?:start|end|message|channel|return|constrain|call)\|>")
_FENCE = re.compile(r"(`{3,}+|~{3,}+)[ \t]*+(?:json)?+[ \t]*+\r?\n?", re.IGNORECASE)
MAX_TORN_OBJECTS = 200
"""An answer that opens more braces than this for nothing is not read to its end."""

_DECODER = json.JSONDecoder(object_pairs_hook=tuple)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What an answer says.

    Attributes:
        word: one of the words.
        reasoning: the trace and the reason, as far as there are any.
    """

    word: str
    reasoning: str


@dataclass(frozen=True, slots=True)
class _Finding:
    """An object's word, empty where it is none of the words, and its reason."""

    word: str
    reason: str


class Choice:
    """A question whose answer is one word out of a few: how the answer is to look, and how it is read."""

    def __init__(self, key: str, words: Sequence[str]) -> None:
        """Take the question.

        Args:
            key: what the word stands under; the reason stands under `reason`.
            words: all that may stand there, in lower case.
        """
        self.words = tuple(words)
        self._key = key
        # Nothing is given back that was once taken: a model that repeats one sign would else keep this for hours.
        filler = r"[\"'\\*_\s]*+"
        self._mention = re.compile(
            rf"(?<![^\W\d_]){key}{filler}[:=]?+{filler}(?:is\s++)?+{filler}({'|'.join(map(re.escape, words))})\b",
            re.IGNORECASE,
        )

    def write_form(self, *, reason_max_chars: int, reason_first: bool = False) -> Form:
        """The form of an answer. The grammar also bounds the reason, so that it ends before the token limit."""
        key = self._key
        order = ("reason", key) if reason_first else (key, "reason")
        kinds = {key: {"type": "string", "enum": list(self.words)}, "reason": {"type": "string"}}
        schema = {
            "type": "object",
            "properties": {name: kinds[name] for name in order},
            "required": list(order),
            "additionalProperties": False,
        }
        parts = ' ", " '.join(f"{quote_grammar(json.dumps(name) + ': ')} {name}" for name in order)
        words = " | ".join(quote_grammar(json.dumps(word)) for word in self.words)
        grammar = (
            f'root ::= "{{" {parts} "}}"\n'
            f"{key} ::= {words}\n"
            f'reason ::= "\\"" character{{0,{reason_max_chars}}} "\\""\n'
            'character ::= [^"\\\\\\x00-\\x1F\\x7F] | "\\\\" ["\\\\/bfnrt]\n'
        )
        return Form(grammar=grammar, json_schema=json.dumps(schema))

    def read(self, reply: Reply) -> Chosen | None:
        """Read a reply: None where it says no word, or more than one. Never raises."""
        trace, answer = self._split_trace(reply.text)
        if reply.finish == "length" and answer is not reply.text:
            return None  # cut off, and what looks like the end of its trace may be a quotation in it
        found = None if answer is None else self._read_answer(answer)
        if found is None or not found.word:
            return None
        return Chosen(found.word, "\n\n".join(part for part in (trace, found.reason) if part))

    def _split_trace(self, text: str) -> tuple[str, str | None]:
        """A model's trace, and what follows it: None where the trace was never closed."""
        if self._read_object(text.strip()) is not None:
            return "", text  # nothing but the object, whatever words its reason quotes
        finals = list(_HARMONY_FINAL.finditer(text))
        if finals:
            before = text[: finals[-1].start()]
            return _HARMONY_TOKEN.sub(" ", before).strip(), _HARMONY_TOKEN.sub("", text[finals[-1].end() :])
        if _HARMONY_TOKEN.search(text):
            return "", None  # another channel, and no final one
        if text.lstrip().startswith("analysis"):
            # The same format where a server dropped its special tokens.
            ends = list(_HARMONY_BARE_FINAL.finditer(text))
            return (text[: ends[-1].start()].strip(), text[ends[-1].end() :]) if ends else ("", None)
        ends = list(_TRACE_END.finditer(text))
        if ends:
            begun = _TRACE_START.match(text)
            trace = text[begun.end() if begun else 0 : ends[-1].start()]
            answer = text[ends[-1].end() :]
            if begun is None and len(self._list_mentions(text)) > 1:
                return "", None  # the prompt may have opened the trace; or this quotes the end of one, after the answer
            return trace.strip(), answer
        return "", None if _TRACE_START.match(text) else text

    def _read_answer(self, text: str) -> _Finding | None:
        """The object alone, in a fence or not; else the objects in the prose, if all that is said agrees."""
        alone = self._read_object(_take_out_of_fence(text.strip()))
        if alone is not None:
            return alone
        findings = list(self._find_objects(text))
        words = {found.word for found in findings} | self._list_mentions(text)
        return findings[-1] if findings and len(words) == 1 else None

    def _list_mentions(self, text: str) -> set[str]:
        """What the text says under the key, in an object or not."""
        return {word.lower() for word in self._mention.findall(text)}

    def _find_objects(self, text: str) -> Iterator[_Finding]:
        """Every JSON object in the text that has the key; one inside another does not count."""
        start, failed = text.find("{"), 0
        while start >= 0 and failed < MAX_TORN_OBJECTS:
            try:
                value, end = _DECODER.raw_decode(text, start)
            except (ValueError, RecursionError):
                end, failed = start + 1, failed + 1
            else:
                found = self._read_pairs(value)
                if found is not None:
                    yield found
            start = text.find("{", end)

    def _read_object(self, text: str) -> _Finding | None:
        """The finding, if the text is one JSON object that has the key, and nothing else."""
        if not text.startswith("{"):
            return None
        try:
            value = _DECODER.decode(text)
        except (ValueError, RecursionError):
            return None
        return self._read_pairs(value)

    def _read_pairs(self, value: object) -> _Finding | None:
        """What an object's pairs say: None without the key, no word for two of them or for another word."""
        if not isinstance(value, tuple):
            return None
        said = [item for key, item in value if key == self._key]
        if not said:
            return None
        word = said[0].strip().lower() if len(said) == 1 and isinstance(said[0], str) else ""
        reasons = [item for key, item in value if key == "reason" and isinstance(item, str)]
        return _Finding(word if word in self.words else "", "\n".join(reasons))


def _take_out_of_fence(text: str) -> str:
    fence = _FENCE.match(text)
    if fence is None or not text.endswith(fence[1], fence.end()):
        return text
    return text[fence.end() : -len(fence[1])].strip()
