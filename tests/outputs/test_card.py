from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.outputs.card import escape_markdown, write_card
from demur.outputs.record import CONTENT_WARNING
from demur.records import Origin
from tests.samples import make_inputs, make_risk, make_summary

HOSTILE = "# Big\n\n<script>alert(1)</script> [click](http://x.invalid) ![i](http://x.invalid/i) | a | `b` **c** &amp;"


def test_a_card_says_what_the_dataset_is_and_how_it_came_about() -> None:
    """Count, policy with its version, risk, seed, engines, and the counts by stage with their reasons."""
    card = write_card(make_summary(), make_inputs(), 42)
    lines = card.splitlines()
    assert lines[0] == r"# tests/lock\_picking"
    assert "10 pairs" in card
    assert r"- Policy: test\_risks, version 1.10; risk lock\_picking (11.10)" in lines
    assert "- Random seed: 42" in lines
    assert "- instruction_generator: scripted, generator" in lines
    assert "| screen instruction | 11 | 1 instruction safe, 1 verdict unreadable |" in lines
    assert "| screen response | 10 | 0 |" in lines


def test_the_content_warning_comes_first() -> None:
    """Whoever opens the folder is told what is in it, right below the title."""
    assert write_card(make_summary(), make_inputs(), 0).splitlines()[2] == f"> **Content warning.** {CONTENT_WARNING}"


def test_embedded_engines_are_named_as_what_they_are() -> None:
    """A dataset made without a model says so and is no training data; one made with models says nothing of the kind."""
    summary = make_summary()
    embedded = replace(summary, engines=(replace(summary.engines[0], origin=Origin("embedded", "grammar")),))
    card = write_card(embedded, make_inputs(), 0)
    assert "without a language model" in card
    assert "not for training" in card
    assert "embedded engine" not in write_card(summary, make_inputs(), 0)


def test_a_policys_text_stays_text() -> None:
    """Headings, links, images, tables and HTML in a policy or task are shown, not obeyed."""
    inputs = make_inputs(risk=make_risk(risk=HOSTILE, risk_id=HOSTILE, description=HOSTILE), task_description=HOSTILE)
    plain = write_card(make_summary(), make_inputs(task_description="x"), 0)
    card = write_card(make_summary(), inputs, 0)
    assert len(card.splitlines()) == len(plain.splitlines())
    for mark in ("<script", "](", "![", "`b`", "**c**"):
        assert not re.search(r"(?<!\\)" + re.escape(mark), card.replace("**Content warning.**", "")), mark


@given(st.text())
def test_escaped_text_is_one_line_that_says_the_same(text: str) -> None:
    """Only backslashes are added, and white space becomes single spaces."""
    escaped = escape_markdown(text)
    assert len(escaped.splitlines()) <= 1
    assert re.sub(r"\\([\\`*_{}\[\]<>()#+!|~&-])", r"\1", escaped) == " ".join(text.split())


@pytest.mark.parametrize("text", ["&lt;b&gt;", "&#60;b&#62;", "&copy;"])
def test_entities_are_shown_as_they_are_written(text: str) -> None:
    """An ampersand begins no character reference."""
    assert escape_markdown(text).startswith("\\&")
    assert not re.search(r"(?<!\\)&", escape_markdown(text))
