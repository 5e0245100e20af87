from __future__ import annotations

import pytest

from demur.engines.base import JudgeAsk, Reply
from demur.engines.grammars import list_words
from demur.engines.scripted import ScriptedEngine
from demur.guards.granite import GraniteGuard
from demur.guards.granite_forms import write_form
from demur.guards.granite_verdicts import Version, read_verdict
from demur.records import Label, Origin
from tests.engines.samples import RISK

MODES: list[tuple[Version, bool]] = [("3.3", False), ("3.3", True), ("3.2", False), ("4.1", False), ("4.1", True)]


@pytest.mark.parametrize(("version", "think"), MODES)
async def test_every_request_of_the_guard_has_the_form(version: Version, think: bool) -> None:
    """Each version's requests carry the grammar of its answers, whose words include both labels."""
    engine = ScriptedEngine(lambda _: "yes")
    await GraniteGuard(engine, version, think=think).judge(JudgeAsk(RISK, "text"))
    form = engine.requests[0].form
    assert form == write_form(version, think=think)
    assert form is not None
    assert {"yes", "no"} <= list_words(form.grammar)


def test_the_forms_differ_where_the_answers_do() -> None:
    """A version's form is its own, in thinking mode and without; 3.2 has no other mode."""
    assert len({write_form(version, think=think).grammar for version, think in MODES}) == len(MODES)
    assert "think" not in write_form("3.3", think=False).grammar


@pytest.mark.parametrize(
    ("version", "answer"),
    [
        ("3.3", "<score> yes </score>"),
        ("3.3", "<think>a b c</think>\n<score> yes </score>"),
        ("3.2", "Yes\n<confidence> High </confidence>"),
        ("4.1", "<think>\\n</think>\n<score>yes</score>"),
        ("4.1", "<think>\n</think><score> yes </score>"),
    ],
)
def test_what_the_forms_allow_is_read(version: Version, answer: str) -> None:
    """The reader and the forms are of one mind about what an answer looks like."""
    reading = read_verdict(version, Reply(answer, "stop", Origin("x", "y")))
    assert reading.label is Label.VIOLATES
