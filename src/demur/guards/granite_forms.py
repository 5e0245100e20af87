"""The forms in which Granite Guardian answers, as grammars (GBNF): where an engine keeps to one, every answer is readable.

A grammar is matched letter by letter, so the model is free to cut the text into tokens as it is used to.
"""

from __future__ import annotations

from demur.engines.base import Form
from demur.guards.granite_verdicts import Version

_SCORE = 'score ::= "<score> " ("yes" | "no") " </score>"'
_LOOSE_SCORE = 'score ::= "<score>" " "? ("yes" | "no") " "? "</score>"'
"""4.1 writes its score with blanks and without."""

_TRACE = """\
trace ::= "<think>" word{0,400} tail "</think>" gap
word ::= [^< ]{1,30} " "
tail ::= [^< ]{0,30}
gap ::= [ \\n]{0,3}"""
"""At most 400 words, which in any language that is written with blanks is less than `THINKING_MAX_TOKENS`, and no bracket
but that of the closing tag: a trace must end for the score to come."""

_EMPTY_TRACE = """\
trace ::= "<think>" ("\\\\n" | "\\n")? "</think>" gap
gap ::= [ \\n]{0,3}"""
"""What 4.1 is told to write is a backslash and an n; a line break is what some builds of it make of that."""

_ANSWER_3_2 = """\
root ::= ("Yes" | "No") confidence?
confidence ::= "\\n"? "<confidence> " ("High" | "Medium" | "Low") " </confidence>\""""


def write_form(version: Version, *, think: bool) -> Form:
    """The form of an answer of that version of the model, in thinking mode or not."""
    if version == "3.2":
        return Form(grammar=_ANSWER_3_2)
    score = _SCORE if version == "3.3" else _LOOSE_SCORE
    if version == "3.3" and not think:
        return Form(grammar="\n".join(("root ::= score", score)))
    return Form(grammar="\n".join(("root ::= trace score", score, _TRACE if think else _EMPTY_TRACE)))
