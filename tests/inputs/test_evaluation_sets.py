from __future__ import annotations

import json
from pathlib import Path

import pytest

from demur.errors import InputError
from demur.inputs.evaluation_sets import EvaluationSet, name_sets, read_evaluation_set, split_reference
from demur.inputs.task import read_tasks


@pytest.mark.parametrize(
    ("name", "content", "places"),
    [
        ("a.jsonl", '{"prompt": "one"}\n\n{"prompt": "two"}\n', (":1", ":3")),
        ("a.json", '[{"prompt": "one"}, {"prompt": "two"}]', ("#1", "#2")),
        ("b.json", '["one", "two"]', ("#1", "#2")),
        ("a.yaml", "- prompt: one\n- prompt: two\n", (":1", ":2")),
        ("a.csv", "n,prompt\n1,one\n2,two\n", (":2", ":3")),
    ],
)
def test_every_format_is_read(tmp_path: Path, name: str, content: str, places: tuple[str, ...]) -> None:
    """Texts with their places, lines where the format has lines."""
    (tmp_path / name).write_text(content)
    found = read_evaluation_set(tmp_path / name)
    assert found.texts == tuple(zip(places, ("one", "two"), strict=True))
    assert found.name == name


def test_parquet_is_read(tmp_path: Path) -> None:
    """By record, under the field that is named."""
    parquet = pytest.importorskip("pyarrow.parquet")
    import pyarrow

    parquet.write_table(pyarrow.table({"q": ["one", "two"], "prompt": ["x", "y"]}), tmp_path / "a.parquet")
    assert read_evaluation_set(tmp_path / "a.parquet", "q").texts == (("#1", "one"), ("#2", "two"))


def test_a_field_may_lead_inward(tmp_path: Path) -> None:
    """Dots lead into mappings and lists, as everywhere."""
    (tmp_path / "a.jsonl").write_text(json.dumps({"messages": [{"content": "one"}]}) + "\n")
    assert read_evaluation_set(tmp_path / "a.jsonl", "messages.0.content").texts == ((":1", "one"),)


@pytest.mark.parametrize(
    ("content", "field", "words"),
    [
        ('{"q": "one"}\n', None, "a.jsonl:1: which field"),
        ('{"prompt": "one"}\n{"q": "two"}\n', None, "a.jsonl:2: the field 'prompt' is missing"),
        ('{"prompt": 3}\n', "prompt", "must be text"),
        ("\n", None, "without a single text"),
        ("{\n", None, "not valid JSON"),
    ],
)
def test_what_cannot_be_used_is_told_with_its_line(tmp_path: Path, content: str, field: str | None, words: str) -> None:
    """A set is read whole or not at all: a hole in it would be a hole in the check."""
    (tmp_path / "a.jsonl").write_text(content)
    with pytest.raises(InputError) as told:
        read_evaluation_set(tmp_path / "a.jsonl", field)
    assert words in str(told.value)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", "id,prompt\n1,abc def\n2,\n", "a.csv:3: the field 'prompt' is empty"),
        ("a.jsonl", '{"prompt": "one"}\n{"prompt": ""}\n', "a.jsonl:2: the field 'prompt' is empty"),
        ("a.jsonl", '{"prompt": "  "}\n', "a.jsonl:1: the field 'prompt' is empty"),
        ("a.json", '["one", " "]', "a.json: record 2: an empty text"),
        ("a.yaml", "- prompt: one\n- prompt: ''\n", "a.yaml:2: the field 'prompt' is empty"),
    ],
)
def test_a_record_without_a_text_is_told(tmp_path: Path, name: str, content: str, words: str) -> None:
    """With its line, or its number where the format has no lines, and what to do."""
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError) as told:
        read_evaluation_set(tmp_path / name)
    assert words in str(told.value)
    assert "take the record out" in told.value.hint


@pytest.mark.parametrize(
    ("written", "there", "split"),
    [
        ("a.csv", {"a.csv"}, ("a.csv", None)),
        ("a.csv:q", {"a.csv"}, ("a.csv", "q")),
        ("a.csv:q", {"a.csv", "a.csv:q"}, ("a.csv:q", None)),
        ("a.csv:q", set(), ("a.csv:q", None)),
        ("c:/a.csv:q.0", {"c:/a.csv"}, ("c:/a.csv", "q.0")),
    ],
)
def test_a_field_is_split_off_where_the_file_is_there(
    written: str, there: set[str], split: tuple[str, str | None]
) -> None:
    """What is a file by its whole name is one."""
    assert split_reference(written, there.__contains__) == split


def test_names_are_unique() -> None:
    """The file's name, or the path where two have it; the same file and field twice is a mistake."""
    sets = [EvaluationSet("t", Path(path), field, ()) for path, field in (("a/t", "q"), ("b/t", "q"), ("b/t", "r"))]
    sets.append(EvaluationSet("u", Path("u"), "q", ()))
    assert [each.name for each in name_sets(sets)] == ["a/t", "b/t:q", "b/t:r", "u"]
    with pytest.raises(InputError, match="stands twice"):
        name_sets([*sets, sets[0]])


def test_a_task_names_its_sets(workspace: Path) -> None:
    """Beside the task file or in the working folder, with variables; the sources have their paths."""
    (workspace / "evals").mkdir()
    (workspace / "evals" / "a.csv").write_text("q\none\n")
    task = workspace / "task.yaml"
    task.write_text(task.read_text() + "decontaminate:\n  against: ['${EVALS}/a.csv:q']\n  action: flag\n")
    [inputs] = read_tasks(task, {"EVALS": "evals"})
    assert [each.texts for each in inputs.evaluations] == [((":2", "one"),)]
    assert inputs.sources["evaluation_0"] == workspace / "evals" / "a.csv"
    assert not inputs.task.calibrated


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("{against: [none.csv]}", "task.yaml:15: no such file: none.csv"),
        ("{against: []}", "against"),
        (
            "{against: [seeds.jsonl, 'seeds.jsonl:instruction']}",
            "task.yaml:15: decontaminate: seeds.jsonl: this evaluation",
        ),
        ("{against: ['seeds.jsonl:nope']}", "task.yaml:15: decontaminate: seeds.jsonl:1: the field 'nope' is missing"),
        (
            "{against: ['seeds.jsonl:']}",
            "task.yaml:15: decontaminate: no field stands behind the colon in 'seeds.jsonl:'",
        ),
        ("{against: [seeds.jsonl], method: [bleu]}", "method"),
        ("{against: [seeds.jsonl], ngram: 1}", "ngram"),
        ("{against: [seeds.jsonl], thresold: 0.5}", "thresold"),
    ],
)
def test_mistakes_in_a_task_are_told(workspace: Path, key: str, words: str) -> None:
    """With file and line."""
    task = workspace / "task.yaml"
    task.write_text(task.read_text() + f"decontaminate: {key}\n")
    with pytest.raises(InputError) as told:
        read_tasks(task, {})
    assert words in str(told.value).replace(f"{workspace}/", "")


def test_a_set_that_is_a_mapping_is_told_what_is_wanted(tmp_path: Path) -> None:
    """Not the key that only seeds have."""
    (tmp_path / "a.yaml").write_text("prompt: one\n")
    with pytest.raises(InputError, match="a list of records is wanted, not a mapping") as told:
        read_evaluation_set(tmp_path / "a.yaml")
    assert told.value.hint == "Such as a list of texts."


def test_damaged_json_is_told_with_a_mend(tmp_path: Path) -> None:
    """With line and column."""
    (tmp_path / "a.jsonl").write_text('{"prompt": "one"}\n{"prompt": "tw')
    with pytest.raises(InputError, match=r"a\.jsonl:2: not valid JSON.*column") as told:
        read_evaluation_set(tmp_path / "a.jsonl")
    assert "Mend it there" in told.value.hint
