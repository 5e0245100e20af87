from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest

from demur.errors import InputError
from demur.inputs.axes import RESERVED, SHIPPED_AXES
from demur.inputs.schema import write_schema
from demur.inputs.task import Task, read_tasks
from demur.inputs.validation import read_environment


def read(workspace: Path, more: str) -> Task:
    path = workspace / "task.yaml"
    path.write_text(path.read_text() + more)
    return read_tasks(path, read_environment())[0].task


def test_the_word_default_stands_for_the_shipped_axes(workspace: Path) -> None:
    """All of those that the issue names, with more than one value but for the language."""
    task = read(workspace, "axes: default\n")
    assert task.axes == SHIPPED_AXES
    assert [axis for axis, values in SHIPPED_AXES.items() if len(values) < 2] == ["language"]
    assert set(SHIPPED_AXES) == {"persona", "medium", "expertise", "language_register", "tense", "language", "length"}
    assert task.aims


def test_axes_of_ones_own_stand_as_they_are_written(workspace: Path) -> None:
    """In their order; an axis may take its shipped values; numbers are text, and spaces around a value are cut."""
    task = read(workspace, "axes:\n  region: [' north ', South]\n  tense: default\n  year: [1990, 2020]\n")
    assert list((task.axes or {}).items()) == [
        ("region", ("north", "South")),
        ("tense", SHIPPED_AXES["tense"]),
        ("year", ("1990", "2020")),
    ]


def test_without_axes_nothing_is_aimed_at(workspace: Path) -> None:
    """The key is optional, and `balance` alone is an aim too."""
    task = read(workspace, "")
    assert (task.axes, task.aims) == (None, False)
    assert Task.model_validate({**task.model_dump(exclude_none=True), "balance": "clause"}).aims


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("axes: defaults", "only the word default stands for axes, not 'defaults'"),
        ("axes: {}", "no axis is listed"),
        ("axes: {tense: []}", "at least 1 item"),
        ("axes: {tense: past}", "a list of values is wanted for 'tense', or the word default, not 'past'"),
        ("axes: {tone: default}", "no values are shipped for 'tone'"),
        ("axes: {tense: [past, ' Past']}", "'past' stands twice in 'tense'"),
        ("axes: {tense: [past, ' ']}", "'tense' is empty"),
        ("axes: {' ': [past]}", "' ' is empty"),
        (
            "axes: {mode: [x, y]}",
            "'mode' is demur's own word, and no axis; give the axis another name, such as my_mode",
        ),
        ("axes: {tone: [x], Risk: [z]}", "'Risk' is demur's own word"),
        ("axes: [persona]", "axes"),
        ("axes: {tense: [[past]]}", "axes"),
    ],
)
def test_axes_that_cannot_be_used_are_told_with_their_line(workspace: Path, written: str, words: str) -> None:
    """A wrong word, an axis without values, a value that stands twice."""
    with pytest.raises(InputError) as caught:
        read(workspace, written + "\n")
    assert words in str(caught.value)
    assert caught.value.line == 15


@pytest.mark.parametrize(
    ("axes", "valid"),
    [
        ("default", True),
        ({"persona": "default", "region": ["north", 3]}, True),
        ("defaults", False),
        ({"region": "default"}, False),
        ({"region": []}, False),
        *(({name: ["a", "b"]}, False) for name in RESERVED),
        ({"region": ["a", "a"]}, False),
        ({}, False),
    ],
)
def test_the_schema_agrees_with_the_reader(workspace: Path, axes: object, valid: bool) -> None:
    """What an editor underlines is what the reader refuses."""
    task = read(workspace, "").model_dump(mode="json", exclude_none=True)
    validator = jsonschema.Draft202012Validator(write_schema("task"))
    assert validator.is_valid({**task, "axes": axes}) is valid
    if valid:
        assert Task.model_validate({**task, "axes": axes}).axes
    else:
        with pytest.raises(ValueError, match="axes"):
            Task.model_validate({**task, "axes": axes})
