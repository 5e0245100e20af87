from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from demur.outputs.card import escape_markdown, write_card
from demur.outputs.files import STEERING
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
    """Only backslashes are added, white space becomes single spaces, and what steers a terminal U+FFFD."""
    escaped = escape_markdown(text)
    assert len(escaped.splitlines()) <= 1
    assert re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", escaped) == STEERING.sub("\ufffd", " ".join(text.split()))


@pytest.mark.parametrize("text", ["&lt;b&gt;", "&#60;b&#62;", "&copy;"])
def test_entities_are_shown_as_they_are_written(text: str) -> None:
    """An ampersand begins no character reference."""
    assert escape_markdown(text).startswith("\\&")
    assert not re.search(r"(?<!\\)&", escape_markdown(text))


HOSTILE_MARKDOWN = [
    "---\ntitle: mine\n---",
    "--- license: mine ---",
    "# Heading",
    "1. item",
    "2) item",
    "- item",
    "> quote",
    "```\ncode\n```",
    "~~~",
    "| a | b |",
    "a | b\n---|---\n1 | 2",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<!-- hidden",
    "[x](javascript:alert(1))",
    "[x][y] [y]: https://evil.invalid",
    "![x](https://evil.invalid/pixel.png)",
    "<https://evil.invalid>",
    "https://evil.invalid/x",
    "www.evil.invalid",
    "somebody@evil.invalid",
    "&lt;b&gt; &#60;b&#62;",
    "a\\\nb  \nc",
    "`code` **bold** _it_ ~~gone~~ $x$ :skull:",
    "===",
    "\x1b[31mred \x9b31m \u202edlrow\u202c \x00",
]


@pytest.mark.parametrize("payload", HOSTILE_MARKDOWN)
def test_no_payload_becomes_markup(payload: str) -> None:
    """In every place where a policy, a task or a model's name stands, the card renders to text and to nothing else."""
    summary = make_summary()
    uses = tuple(replace(use, origin=Origin(payload, payload)) for use in summary.engines)
    risk = make_risk(risk=payload, risk_id=payload, description=payload)
    inputs = make_inputs(risk=risk, task_description=payload, created_by=payload)
    policy = inputs.policy.model_copy(update={"risk_group": payload, "policy_version": payload})
    card = write_card(replace(summary, engines=uses, task=payload), replace(inputs, policy=policy), 0)
    plain = write_card(summary, make_inputs(task_description="x", created_by="y"), 0)
    assert card.startswith("# ")
    assert list_markup(card) == list_markup(plain)
    assert not STEERING.search(card)
    for word in re.findall(r"[a-z]+", payload):
        assert word in card


def list_markup(card: str) -> list[str]:
    """What a renderer sees besides text: blocks, links, images, HTML, code."""
    reader = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    found: list[str] = []
    for token in reader.parse(card):
        found.append(token.type)
        found += [child.type for child in token.children or [] if child.type != "text"]
        assert token.type not in ("html_block", "front_matter")
    # Bare links are GitHub's extension: none of its beginnings may stand unescaped.
    assert not re.search(r"https?:/|www\.|\w@\w", card)
    return found
