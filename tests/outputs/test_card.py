from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from demur.inputs.yaml_text import read_documents
from demur.outputs.card import write_card
from demur.outputs.files import STEERING
from demur.outputs.lineage import InputFile, Lineage
from demur.outputs.markdown import escape_markdown
from demur.outputs.record import CONTENT_WARNING
from demur.records import Origin, Reason, Stage, StageCount, Status
from demur.version import __version__
from tests.samples import make_inputs, make_risk, make_summary

HOSTILE = "# Big\n\n<script>alert(1)</script> [click](http://x.invalid) ![i](http://x.invalid/i) | a | `b` **c** &amp;"


def test_a_card_says_what_the_dataset_is_and_how_it_came_about() -> None:
    """Count, policy with its version, risk, seed, engines, and the counts by stage with their reasons."""
    card = split_card(write_card(make_summary(), make_inputs(), 42))[1]
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
    body = split_card(write_card(make_summary(), make_inputs(), 0))[1]
    assert body.splitlines()[2] == f"> **Content warning.** {CONTENT_WARNING}"


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
def test_no_payload_becomes_markup(payload: str, tmp_path: Path) -> None:
    """In every place where a policy, a task or a model's name stands, the card renders to text and to nothing else."""
    summary = make_summary()
    uses = tuple(replace(use, origin=Origin(payload, payload)) for use in summary.engines)
    risk = make_risk(risk=payload, risk_id=payload, description=payload)
    inputs = make_inputs(risk=risk, task_description=payload, created_by=payload)
    policy = inputs.policy.model_copy(update={"risk_group": payload, "policy_version": payload})
    hostile = replace(summary, engines=uses, task=payload)
    inputs = replace(inputs, policy=policy)
    front, card = split_card(write_card(hostile, inputs, 0, make_lineage(payload)))
    same = replace(summary, engines=tuple(replace(use, origin=Origin("x", "y")) for use in summary.engines))
    plain = write_card(same, make_inputs(task_description="x", created_by="y"), 0, make_lineage("z"))
    plain_front, plain_card = split_card(plain)
    assert card.startswith("# ")
    assert list_markup(card) == list_markup(plain_card)
    assert not STEERING.search(front + card)
    for word in re.findall(r"[a-z]+", payload):
        assert word in card
    # The head is ours: what a task says is one value in it, and text.
    shown = STEERING.sub("\ufffd", " ".join(payload.split()))
    assert read_front(front, tmp_path) == {**read_front(plain_front, tmp_path), "pretty_name": shown}


@given(st.text(min_size=1))
def test_no_name_leaves_its_place_in_the_head(name: str) -> None:
    """Whatever characters a task's name has, the head has the same lines, but for the one with the name."""
    front = split_card(write_card(make_summary(task=name), make_inputs(), 0))[0].split("\n")
    plain = split_card(write_card(make_summary(task="x"), make_inputs(), 0))[0].split("\n")
    assert len(front) == len(plain)
    assert [(line, old) for line, old in zip(front, plain, strict=True) if line != old][1:] == []


def test_the_head_says_what_the_hub_wants_to_know(tmp_path: Path) -> None:
    """Licence, languages, size and tags; and which file each configuration loads, the bare pairs by default."""
    summary = make_summary(preferences={"written": {"bare": 3}, "left_out": {}})
    front = split_card(write_card(summary, make_inputs(), 0, Lineage(languages=("en", "de"))))[0]
    fields = read_front(front, tmp_path)
    assert fields["license"] == "unknown"
    assert fields["language"] == ["en", "de"]
    assert fields["pretty_name"] == "tests/lock_picking"
    assert fields["task_categories"] == ["text-generation"]
    assert fields["size_categories"] == ["n<1K"]
    assert {"not-for-all-audiences", "refusal", "dpo"} <= set(fields["tags"])
    assert fields["configs"] == [
        {"config_name": "formatted_output", "data_files": make_split("formatted_output.jsonl"), "default": True},
        {"config_name": "final_data", "data_files": make_split("final_data.jsonl"), "chunksize": 2**30},
        {"config_name": "preferences", "data_files": make_split("preferences.jsonl")},
    ]


def test_a_file_without_records_is_no_configuration(tmp_path: Path) -> None:
    """`load_dataset` fails on an empty file: a card of no pairs names none."""
    assert "configs" not in read_front(split_card(write_card(make_summary(accepted=0), make_inputs(), 0))[0], tmp_path)


@pytest.mark.parametrize(
    ("count", "size"),
    [(999, "n<1K"), (1000, "1K<n<10K"), (10_000, "10K<n<100K"), (999_999, "100K<n<1M"), (1_000_000, "1M<n<10M")],
)
def test_sizes_are_the_hubs_classes(tmp_path: Path, count: int, size: str) -> None:
    """A dataset falls in the class whose bounds hold its number of pairs."""
    fields = read_front(split_card(write_card(make_summary(accepted=count), make_inputs(), 0))[0], tmp_path)
    assert fields["size_categories"] == [size]


def test_a_card_tells_how_to_make_the_dataset_again() -> None:
    """demur's version, the command for a shell, every input with its hash, the templates, and what decided."""
    lineage = Lineage(
        command=("demur", "run", "my task.yaml", "-n", "10"),
        inputs=(InputFile("policy", "policy.yaml", "ab12"), InputFile("builder_0", "b.yaml", None)),
        templates={"propose.jinja": "cd34"},
        decisions={"guard": "validators/wildguard"},
    )
    lines = write_card(make_summary(), make_inputs(), 7, lineage).splitlines()
    assert f"- With demur {__version__}" in lines
    assert "demur run 'my task.yaml' -n 10" in lines
    assert "| policy | policy.yaml | ab12 |" in lines
    assert "| builder 0 | b.yaml | unknown |" in lines
    assert "| template | propose.jinja | cd34 |" in lines
    assert "- Decided by guard: validators/wildguard" in lines


def test_axes_are_told_by_their_sizes() -> None:
    """Not as JSON: their values, which may be long, stand in the task. A risk without a number has no brackets."""
    lineage = Lineage(decisions={"axes": '{"persona": ["a \\"b\\"", "c"], "tone": ["curt"]}'})
    card = write_card(make_summary(), make_inputs(risk=make_risk(risk_id="")), 7, lineage)
    assert r"- Decided by axes: persona \(2 values\), tone \(1 value\)" in card.splitlines()
    assert "()" not in card


def test_licences_stand_beside_the_models() -> None:
    """Each model once, with its licence as far as its name tells."""
    summary = make_summary()
    uses = tuple(replace(use, origin=Origin("ollama", "granite4:3b")) for use in summary.engines)
    card = write_card(replace(summary, engines=(*uses, summary.engines[1])), make_inputs(), 0)
    assert card.count(r"| granite4\:3b | Apache\-2.0 |") == 1
    assert r"| guardian\:8b | unknown: see the model's own card |" in card


def test_every_drop_is_counted_twins_and_mutants_among_them() -> None:
    """The table has the stages of what was made of accepted pairs, and the composition says how many came of it."""
    counts = {
        Stage.TWIN: StageCount(5, {Reason.NEAR_DUPLICATE: 1}),
        Stage.SETTLE: StageCount(3, {Reason.OPENING_REPEATED: 2}),
    }
    card = write_card(make_summary(offspring={"twins": counts}), make_inputs(), 0)
    assert "| twins: twin | 5 | 1 near duplicate |" in card
    assert "| twins: settle | 3 | 2 opening repeated |" in card
    assert "- Made of accepted pairs, and accepted: twins 3" in card


def test_over_refusal_is_told_with_and_without_twins() -> None:
    """A dataset of nothing but refusals says what it does to a model; one with twins says to keep them."""
    alone = write_card(make_summary(), make_inputs(), 0)
    mixed = write_card(make_summary(coverage={"mode": {"response": 8, "comply": 2}}), make_inputs(), 0)
    assert "there are only refusals in it" in alone
    assert "the 2 benign twins" in mixed
    assert "only refusals" not in mixed


def test_an_unfinished_run_is_told() -> None:
    """Who reads the card learns that there should be more."""
    assert "did not complete: budget spent." in write_card(make_summary(status=Status.BUDGET_SPENT), make_inputs(), 0)
    assert "did not complete" not in write_card(make_summary(), make_inputs(), 0)


def make_split(path: str) -> list[dict[str, str]]:
    return [{"split": "train", "path": path}]


def make_lineage(text: str) -> Lineage:
    """A lineage that says the same everywhere."""
    return Lineage(
        command=("demur", "run", text),
        inputs=(InputFile("task", text, "ab"),),
        templates={text: "cd"},
        decisions={text: text},
    )


def split_card(card: str) -> tuple[str, str]:
    """The YAML and the Markdown, as the hub tells them apart."""
    found = re.fullmatch(r"---\n(.*?\n)---\n\n(.*)", card, re.DOTALL)
    assert found
    return found[1], found[2]


def read_front(front: str, folder: Path) -> dict[str, Any]:
    path = folder / "front.yaml"
    path.write_text(front, encoding="utf-8")
    fields: dict[str, Any] = read_documents(path)[0].data
    return fields


def list_markup(card: str) -> list[str]:
    """What a renderer sees besides text: blocks, links, images, HTML, code."""
    card = re.sub(r"\n```sh\n.*?\n```\n", "\n```sh\n```\n", card)  # the command is code, where nothing is markup
    reader = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    found: list[str] = []
    for token in reader.parse(card):
        found.append(token.type)
        found += [child.type for child in token.children or [] if child.type != "text"]
        assert token.type not in ("html_block", "front_matter")
    # Bare links are GitHub's extension: none of its beginnings may stand unescaped.
    assert not re.search(r"https?:/|www\.|\w@\w", card)
    return found
