"""What a task says of its dataset's publication, in the card and the Croissant file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from demur.errors import InputError
from demur.inputs.task import read_tasks
from demur.outputs.card import write_card
from demur.outputs.croissant import describe_croissant
from demur.outputs.files import encode
from demur.outputs.licences import HUB_LICENCES, name_licence
from demur.outputs.lineage import Lineage
from demur.outputs.record import describe_run
from tests.samples import make_inputs, make_summary

SAID: dict[str, object] = {
    "license": "CC-BY-4.0",
    "url": "https://example.org/refusals",
    "creators": ["Ada_Example", {"name": "Example <b>Lab", "type": "organization", "url": "https://lab.example.org"}],
}


def read_front(card: str) -> dict[str, Any]:
    front: dict[str, Any] = yaml.safe_load(card.split("---\n")[1])
    return front


@pytest.mark.parametrize(
    ("written", "fields"),
    [
        ("", {"license": "unknown"}),
        ("  ", {"license": "unknown"}),
        ("Apache-2.0", {"license": "apache-2.0"}),
        ("cc-by-4.0", {"license": "cc-by-4.0"}),
        ("My Own, v2", {"license": "other", "license_name": "my-own-v2"}),
        ("非商用", {"license": "other", "license_name": "see-the-card"}),
        ("https://example.org/l", {"license": "other", "license_name": "see-license-link", "license_link": "https://example.org/l"}),
    ],
)  # fmt: skip
def test_a_licence_as_the_hub_wants_it(written: str, fields: dict[str, str]) -> None:
    """An identifier that it knows, or `other` with a name; an address is the link."""
    assert name_licence(written) == fields


@given(st.text())
def test_any_licence_gives_fields_that_the_hub_takes(written: str) -> None:
    """One of its identifiers, and a name of lower-case letters, digits, dots and hyphens."""
    fields = name_licence(written)
    assert fields["license"] in HUB_LICENCES
    assert all(
        sign.isascii() and (sign.islower() or sign in "0123456789.-") for sign in fields.get("license_name", "x")
    )


def test_the_card_has_what_the_task_says() -> None:
    """Licence in the front matter; creators, address and licence in the text, escaped; no word of `unknown` is left."""
    card = write_card(make_summary(), make_inputs(card=SAID, created_by="me"), 0)
    assert read_front(card)["license"] == "cc-by-4.0"
    lines = card.splitlines()
    assert r"- Creator: Ada\_Example" in lines
    assert r"- Creator: Example \<b\>Lab (organization), <https://lab.example.org>" in lines
    assert "- Made by: me" in lines
    assert "- To be found at: <https://example.org/refusals>" in lines
    assert r"- Licence: CC\-BY\-4.0" in lines
    assert "No licence is stated" not in card


def test_without_it_the_licence_is_unknown() -> None:
    """As ever: nobody but its publisher can say."""
    card = write_card(make_summary(), make_inputs(), 0)
    assert read_front(card)["license"] == "unknown"
    assert "No licence is stated" in card
    assert "Creator" not in card


def test_croissant_has_what_the_task_says(tmp_path: Path) -> None:
    """Licence, address and creators, each as a person or an organization of schema.org."""
    for name in ("final_data.jsonl", "formatted_output.jsonl"):
        (tmp_path / name).write_text("{}\n")
    found = json.loads(encode(describe_croissant(make_summary(), make_inputs(card=SAID), Lineage(), tmp_path, None)))
    assert (found["license"], found["url"]) == ("CC-BY-4.0", "https://example.org/refusals")
    assert found["creator"] == [
        {"@type": "sc:Person", "name": "Ada_Example"},
        {"@type": "sc:Organization", "name": "Example <b>Lab", "url": "https://lab.example.org"},
    ]
    plain = json.loads(encode(describe_croissant(make_summary(), make_inputs(), Lineage(), tmp_path, None)))
    assert {"url", "creator"} & set(plain) == set()


def test_the_record_has_it_only_where_it_is_said() -> None:
    """Under `card` in run.json."""
    said = make_inputs(card=SAID).task.card
    assert describe_run(make_summary(), inputs={}, settings={}, texts={}, seed=0, card=said)["card"] == {
        **SAID,
        "creators": [
            "Ada_Example",
            {"name": "Example <b>Lab", "type": "organization", "url": "https://lab.example.org"},
        ],
    }
    assert "card" not in describe_run(
        make_summary(), inputs={}, settings={}, texts={}, seed=0, card=make_inputs().task.card
    )


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("{url: 'javascript:alert(1)'}", "https://"),
        ("{url: 'https://x.org/<script>'}", "https://"),
        ("{url: 'https://x.org/ y'}", "https://"),
        ("{creators: [{name: X, type: robot}]}", "card.creators"),
        ('{creators: [Ann, ""]}', "card.creators.1: nothing stands here"),
        ('{creators: ["  "]}', "card.creators.0: nothing stands here but spaces"),
        ('{creators: [{name: " "}]}', "card.creators.0.name: nothing stands here but spaces"),
        ('{creators: ["a\\0b"]}', "a character that nothing can show"),
        ("{creators: [Ann, {name: Ann}]}", "'Ann' stands here twice"),
        ("{creators: [{type: person}]}", "the key 'name' is missing in card.creators.0"),
        ("{creators: [[Ann]]}", "card.creators.0: a name is wanted, or {name: …"),
        ('{license: "  "}', "card.license: nothing stands here but spaces"),
        ('{license: "\\u0000"}', "card.license: a character that nothing can show"),
        ("{licence: mit}", "license"),
    ],
)
def test_what_cannot_be_said_is_an_error(workspace: Path, said: str, words: str) -> None:
    """An address that is none, an unknown kind of creator, a misspelt key: named with file and line."""
    path = workspace / "task.yaml"
    path.write_text(path.read_text() + f"\ncard: {said}\n")
    with pytest.raises(InputError) as raised:
        read_tasks(path, {"DGT_DATA_DIR": "data"})
    assert words in f"{raised.value} {raised.value.hint}"
    assert (raised.value.line, raised.value.also) == (path.read_text().count("\n"), ())


def test_a_file_without_a_line_is_no_configuration() -> None:
    """A format in which no pair has a row leaves `formatted_output.jsonl` empty, which `load_dataset` cannot load."""
    front = read_front(write_card(make_summary(), make_inputs(), 0, formatted=False))
    assert [(config["config_name"], config.get("default")) for config in front["configs"]] == [("final_data", True)]
