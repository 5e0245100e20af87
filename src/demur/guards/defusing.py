"""Text under judgement is data: what could end its place in a prompt, or open another, is made inert.

The opening sign of every marker is parted from its name by a zero-width space (U+200B): a tokenizer no longer sees the
special token, a reader sees no difference, and text without markers stays as it is, byte for byte.
"""

from __future__ import annotations

import re

from demur.guards.granite_prompts import ZERO_WIDTH_SPACE, defuse_text

_SECTIONS = re.compile(r"<(?=/?(?:BEGIN|END) [A-Z ]{1,40}>)", re.IGNORECASE)
_INSTRUCTION_MARKS = re.compile(r"\[(?=/?INST\])|<(?=/?s>)", re.IGNORECASE)
_LINE_STARTS = r"(?:^|(?<=[\r\v\f\x85\u2028\u2029]))"


def defuse_sections(text: str) -> str:
    """Make special tokens inert, and section marks such as `<END CONVERSATION>`."""
    return _SECTIONS.sub("<" + ZERO_WIDTH_SPACE, defuse_text(text))


def defuse_turns(text: str, *names: str) -> str:
    """Make inert what `defuse_sections` does, and turn labels such as `User:` at the start of a line."""
    labels = re.compile(
        rf"{_LINE_STARTS}([ \t]*(?:{'|'.join(names)}))(?=[ \t]*:)",
        re.MULTILINE | re.IGNORECASE,
    )
    return labels.sub(rf"\1{ZERO_WIDTH_SPACE}", defuse_sections(text))


def defuse_instruction_marks(text: str) -> str:
    """Make special tokens inert, and `[INST]`, `[/INST]`, `<s>` and `</s>` of Llama 2's and Mistral's formats."""
    return _INSTRUCTION_MARKS.sub(lambda mark: mark.group() + ZERO_WIDTH_SPACE, defuse_text(text))
