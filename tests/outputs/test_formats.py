from __future__ import annotations

import json
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from demur.cli.dataset_arguments import EXPORT_FORMATS
from demur.inputs.output_settings import FORMATS, TALKING, TWO_FORMS, FormatName, Formatter, find_conflict
from demur.outputs.exchange import Exchange
from demur.outputs.formats import Kind, RowForm, choose_form
from demur.outputs.preferences import LeftOut, choose_preferences, describe_preference
from tests.samples import INSTRUCTION, RESPONSE, make_inputs, make_pair

EXCHANGE = Exchange(id="tests/lock_picking#3.0", instruction=INSTRUCTION, response=RESPONSE, risk="lock_picking",
                    reply_type="EXPLICIT_REFUSAL")  # fmt: skip
SYSTEM = "Be brief."
USER, ASSISTANT = {"role": "user", "content": INSTRUCTION}, {"role": "assistant", "content": RESPONSE}
ROLE = {"role": "system", "content": SYSTEM}

OPENAI = {
    # What the guide to supervised fine-tuning asks of a line of text messages.
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["messages"],
    "additionalProperties": False,
    "properties": {
        "messages": {
            "type": "array",
            "minItems": 2,
            "items": {
                "type": "object",
                "required": ["role", "content"],
                "additionalProperties": False,
                "properties": {
                    "role": {"enum": ["system", "developer", "user", "assistant"]},
                    "content": {"type": "string", "minLength": 1},
                },
            },
            "contains": {"properties": {"role": {"const": "assistant"}}},
        }
    },
}


def make_row(name: FormatName, **options: object) -> dict[str, object]:
    rows = RowForm(name, **options).make_rows(EXCHANGE)  # type: ignore[arg-type]
    assert isinstance(rows, list)
    (row,) = rows
    return row


def test_each_format_is_what_its_trainer_reads() -> None:
    """The rows of the formats that only give the pair, without a system prompt."""
    assert make_row("instruction-response") == {"instruction": INSTRUCTION, "response": RESPONSE}
    assert make_row("prompt-completion") == {"prompt": INSTRUCTION, "completion": RESPONSE}
    assert make_row("messages") == {"messages": [USER, ASSISTANT]}
    assert make_row("openai") == {"messages": [USER, ASSISTANT]}
    assert make_row("alpaca") == {"instruction": INSTRUCTION, "input": "", "output": RESPONSE}
    turns = [{"from": "human", "value": INSTRUCTION}, {"from": "gpt", "value": RESPONSE}]
    assert make_row("sharegpt") == {"conversations": turns}


def test_a_system_prompt_stands_before_each_conversation() -> None:
    """As its own message or turn; alpaca has a column for it."""
    assert make_row("messages", system_prompt=SYSTEM) == {"messages": [ROLE, USER, ASSISTANT]}
    assert make_row("alpaca", system_prompt=SYSTEM)["system"] == SYSTEM
    turns = make_row("sharegpt", system_prompt=SYSTEM)["conversations"]
    assert isinstance(turns, list)
    assert turns[0] == {"from": "system", "value": SYSTEM}
    row = make_row("prompt-completion", system_prompt=SYSTEM, conversational=True)
    assert row == {"prompt": [ROLE, USER], "completion": [ASSISTANT]}


@pytest.mark.parametrize("conversational", [False, True])
def test_dpo_and_kto_rest_on_the_preference_pairs(conversational: bool) -> None:
    """The same worse answer as in preferences.jsonl; in kto the response is wanted, and that answer is not."""
    (preference,) = choose_preferences([make_pair()], make_inputs()).preferences
    line = describe_preference(preference, "conversational" if conversational else "plain")
    texts = {name: line[name] for name in ("prompt", "chosen", "rejected")}
    assert make_row("dpo", conversational=conversational) == texts
    assert RowForm("kto", conversational=conversational).make_rows(EXCHANGE) == [
        {"prompt": texts["prompt"], "completion": texts["chosen"], "label": True},
        {"prompt": texts["prompt"], "completion": texts["rejected"], "label": False},
    ]


@pytest.mark.parametrize("name", ["dpo", "kto"])
def test_what_has_no_worse_answer_gives_no_row(name: FormatName) -> None:
    """A bare refusal is what others are preferred to: it is left out, and the reason is told."""
    bare = Exchange(id="x#0.0", instruction=INSTRUCTION, response="I can't help with that.")
    assert RowForm(name).make_rows(bare) is LeftOut.BARE_RESPONSE


@given(
    name=st.sampled_from(FORMATS),
    system=st.sampled_from(["", SYSTEM]),
    conversational=st.booleans(),
    instruction=st.text(),
    response=st.text(),
    complies=st.booleans(),
)
def test_rows_have_the_columns_that_are_promised(
    name: FormatName, system: str, conversational: bool, instruction: str, response: str, complies: bool
) -> None:
    """Every row of every form has just its columns, in order, each of its kind."""
    if find_conflict(name, system_prompt=system, conversational=conversational):
        return
    form = RowForm(name, system, conversational)
    rows = form.make_rows(Exchange(id="x", instruction=instruction, response=response, complies=complies))
    if isinstance(rows, LeftOut):
        assert name in ("dpo", "kto")
        return
    types = {Kind.TEXT: str, Kind.FLAG: bool, Kind.MESSAGES: list, Kind.TURNS: list}
    keys = {Kind.MESSAGES: {"role", "content"}, Kind.TURNS: {"from", "value"}}
    for row in rows:
        assert list(row) == list(form.columns)
        for column, kind in form.columns.items():
            value = row[column]
            assert type(value) is types[kind]
            if isinstance(value, list):
                assert value
                assert all(set(each) == keys[kind] for each in value)


@pytest.mark.parametrize("system", ["", SYSTEM])
def test_openai_rows_keep_openais_schema(system: str) -> None:
    """A line of the openai format, read back, is valid by the schema of its fine-tuning; one without an answer is not."""
    validator = Draft202012Validator(OPENAI)
    validator.validate(json.loads(json.dumps(make_row("openai", system_prompt=system))))
    assert not validator.is_valid({"messages": [USER, USER]})
    assert not validator.is_valid(make_row("prompt-completion"))


def test_what_does_not_go_together_is_told() -> None:
    """A form or a prompt where a format has no place for it; nothing is told where it has."""
    for name in FORMATS:
        assert not find_conflict(name, system_prompt="", conversational=False)
        assert bool(find_conflict(name, system_prompt="", conversational=True)) == (name not in TWO_FORMS)
        fits = name in TALKING or name == "alpaca"
        assert bool(find_conflict(name, system_prompt=SYSTEM, conversational=False)) != fits
        if name in TWO_FORMS:
            assert not find_conflict(name, system_prompt=SYSTEM, conversational=True)


def test_a_task_can_name_every_format() -> None:
    """`formatters/` and the name of each; the specification's is the bare pair. The command line knows the same names."""
    named = {choose_form(Formatter.model_validate({"type": f"formatters/{name}"})).name for name in FORMATS}
    assert named == set(get_args(FormatName))
    assert choose_form(Formatter()) == RowForm("instruction-response")
    assert list(EXPORT_FORMATS) == list(FORMATS)
