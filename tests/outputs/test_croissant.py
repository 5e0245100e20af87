from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from demur.errors import OutputFault
from demur.outputs.croissant import describe_croissant
from demur.outputs.dataset import describe_pair
from demur.outputs.files import STEERING, encode, write_jsonl
from demur.outputs.lineage import Lineage
from demur.outputs.preferences import PreferenceForm, write_preferences
from demur.outputs.record import CONTENT_WARNING
from tests.samples import make_inputs, make_pair, make_summary

FORMS: list[PreferenceForm | None] = [None, *get_args(PreferenceForm)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An output folder with two pairs."""
    write_pairs(tmp_path, 2)
    return tmp_path


def write_pairs(folder: Path, count: int) -> None:
    pairs = [make_pair(position=position) for position in range(count)]
    write_jsonl(folder / "final_data.jsonl", (describe_pair(pair, make_inputs()) for pair in pairs))
    write_jsonl(
        folder / "formatted_output.jsonl",
        ({"instruction": pair.draft.instruction, "response": pair.response} for pair in pairs),
    )
    for form in get_args(PreferenceForm):
        write_preferences(make_summary(), folder / form, pairs, make_inputs(), form)


def describe(folder: Path, form: PreferenceForm | None = None, **task: object) -> dict[str, Any]:
    """The file's content, through JSON."""
    if form is not None:
        (folder / "preferences.jsonl").write_bytes((folder / form / "preferences.jsonl").read_bytes())
    name = str(task.pop("task", "tests/lock_picking"))
    record = describe_croissant(make_summary(task=name), make_inputs(**task), Lineage(languages=("en",)), folder, form)  # type: ignore[arg-type]
    content: dict[str, Any] = json.loads(encode(record))
    return content


def test_it_is_a_dataset_in_the_form_of_the_specification(folder: Path) -> None:
    """Type, version of the form, and the properties of a dataset; the content warning opens the description."""
    record = describe(folder)
    assert record["@type"] == "sc:Dataset"
    assert record["conformsTo"] == "http://mlcommons.org/croissant/1.1"
    assert record["@context"]["cr"] == "http://mlcommons.org/croissant/"
    assert record["name"] == "tests/lock_picking"
    assert record["description"] == f"{CONTENT_WARNING} Made up for tests"
    assert record["license"].startswith("unknown")
    assert record["inLanguage"] == ["en"]


@pytest.mark.parametrize("form", FORMS)
def test_every_file_stands_with_its_hash_and_size(folder: Path, form: PreferenceForm | None) -> None:
    """As they are on the disk; preferences only where they were asked for."""
    files = describe(folder, form)["distribution"]
    expected = ["final_data.jsonl", "formatted_output.jsonl", *(["preferences.jsonl"] if form else [])]
    assert [file["@id"] for file in files] == [file["contentUrl"] for file in files] == expected
    for file in files:
        content = (folder / file["contentUrl"]).read_bytes()
        assert file["sha256"] == hashlib.sha256(content).hexdigest()
        assert file["contentSize"] == f"{len(content)} B"
        assert file["encodingFormat"] == "application/jsonlines"


@pytest.mark.parametrize("form", FORMS)
def test_every_field_is_found_in_the_records(folder: Path, form: PreferenceForm | None) -> None:
    """Following a field's column and path in its file leads to a value of its type; every name stands once."""
    record = describe(folder, form)
    kinds = {"sc:Text": str, "sc:Integer": int}
    names: list[str] = []
    for records in record["recordSet"]:
        assert records["field"]
        for field in list_leaves(records["field"]):
            names.append(field["@id"])
            source = field["source"]
            rows = (folder / source["fileObject"]["@id"]).read_text().splitlines()
            assert rows
            for row in rows:
                value = json.loads(row)[source["extract"]["column"]]
                for item in value if isinstance(value, list) else [value]:
                    found = item[source["transform"]["jsonPath"]] if "transform" in source else item
                    assert type(found) is kinds[field["dataType"]], field["@id"]
    assert len(names) == len(set(names))
    assert "final_data/id" in names


def list_leaves(fields: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for field in fields:
        if "subField" in field:
            yield from list_leaves(field["subField"])
        else:
            yield field


def test_the_version_follows_the_records(tmp_path: Path) -> None:
    """The same files have the same version, others another."""
    versions = []
    for count in (2, 2, 3):
        write_pairs(tmp_path, count)
        versions.append(describe(tmp_path)["version"])
    assert versions[0] == versions[1] != versions[2]
    assert versions[0].startswith("1.0.0+")


def test_a_hostile_name_steers_nothing(folder: Path) -> None:
    """Control characters and marks of direction do not reach whoever reads the values."""
    record = describe(folder, task="a\x1b[31m\u202e b", task_description="c\x9b\u2066 d")
    assert not STEERING.search(record["name"] + record["description"])


def test_a_file_that_is_gone_is_a_fault_of_the_disk(folder: Path) -> None:
    """Not an exception without a word."""
    (folder / "final_data.jsonl").unlink()
    with pytest.raises(OutputFault, match="final_data"):
        describe(folder)


@pytest.mark.parametrize(("form", "columns"), [("prompt-completion", ["prompt", "completion"]), ("messages", None)])
def test_the_record_set_follows_the_tasks_format(tmp_path: Path, form: str, columns: list[str] | None) -> None:
    """The columns of a flat format are described; records with lists in them are named as a file alone."""
    inputs = make_inputs(formatter={"type": f"formatters/{form}"})
    for name in ("final_data.jsonl", "formatted_output.jsonl"):
        write_jsonl(tmp_path / name, [])
    written: Any = describe_croissant(make_summary(), inputs, Lineage(), tmp_path, None)
    sets = {each["name"]: [field["name"].partition("/")[2] for field in each["field"]] for each in written["recordSet"]}
    assert sets.get("formatted_output") == columns
