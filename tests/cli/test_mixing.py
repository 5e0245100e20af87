from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.commands import run_demur
from tests.run.datasets import TASK, make_row, write_dataset


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """Two small datasets, which have one request in common, and an evaluation set with another."""
    first = [make_row(0, "open the door of the shed with a pin"), make_row(1, "copy my neighbour's keys in secret")]
    second = [make_row(0, "open the door of the shed with a pin"), make_row(1, "get ahead of everybody in the queue")]
    write_dataset(tmp_path / "one", first)
    write_dataset(tmp_path / "two", second)
    (tmp_path / "eval.csv").write_text("q\nCopy my neighbour's keys in secret!\n")
    return tmp_path


def test_datasets_are_merged_cleaned_and_sampled(folders: Path) -> None:
    """One command after the other, each telling what it did."""
    merged = run_demur("merge", "one", "two", "-o", "all", cwd=folders)
    assert merged.stdout.splitlines() == [
        "1: 2 of 2 pairs of one",
        "2: 1 of 2 pairs of two; 1 near to an earlier dataset's",
        "3 pairs in all",
    ], merged.stderr
    cleaned = run_demur("decontaminate", "all", "--against", "eval.csv:q", "-o", "clean", cwd=folders)
    assert cleaned.stdout.splitlines() == [
        "3 pairs in all",
        "1 near to the only text in eval.csv",
        f"    1:{TASK}#1.0  eval.csv:2  rouge_l 1.00",
        "2 pairs stay, in clean",
    ], cleaned.stderr
    sampled = run_demur("sample", "clean", "-n", "1", "--by", "mode", "-o", "few", cwd=folders)
    assert sampled.stdout.splitlines() == ["1 of 2  mode response", "1 pair in few"], sampled.stderr
    files = {"final_data.jsonl", "formatted_output.jsonl", "run.json", "README.md", "croissant.json", "report.html"}
    assert {path.name for path in (folders / "few").iterdir()} == files
    assert {path.name for path in (folders / "clean").iterdir()} == {*files, "rejected.jsonl"}


def test_the_results_are_had_as_json(folders: Path) -> None:
    """On standard output, and nothing else there."""
    merged = json.loads(run_demur("merge", "one", "two", "-o", "all", "--json", cwd=folders).stdout)
    assert (merged["pairs"], [share["kept"] for share in merged["inputs"]]) == (3, [2, 1])
    found = json.loads(run_demur("decontaminate", "all", "--against", "eval.csv:q", "--json", cwd=folders).stdout)
    assert (found["hits"], found["kept"], found["sets"][0]["hits"]) == (1, 2, 1)
    picked = json.loads(run_demur("sample", "all", "-n", "9", "-o", "few", "--json", cwd=folders).stdout)
    assert (picked["pairs"], picked["strata"][0]["picked"]) == (3, 3)


def test_without_a_folder_hits_are_only_told(folders: Path) -> None:
    """And --method narrows what counts: the set's text is too short for a run of words."""
    told = run_demur("decontaminate", "one", "--against", "eval.csv:q", cwd=folders)
    assert told.stdout.endswith("Nothing was written: -o DIR names a folder for what stays.\n")
    runs = run_demur("decontaminate", "one", "--against", "eval.csv:q", "--method", "ngram", cwd=folders)
    assert "0 near to the only text in" in runs.stdout


def test_hits_that_are_not_listed_are_counted(tmp_path: Path) -> None:
    """The five nearest stand there, and how many more there are."""
    texts = [
        f"please open the {thing} of my neighbour" for thing in ("shed", "gate", "car", "safe", "boat", "barn", "van")
    ]
    write_dataset(tmp_path / "all", [make_row(number, text) for number, text in enumerate(texts)])
    (tmp_path / "eval.csv").write_text("q\n" + "".join(f"{text}\n" for text in texts))
    told = run_demur("decontaminate", "all", "--against", "eval.csv:q", cwd=tmp_path).stdout.splitlines()
    assert told[1] == "7 near to one of the 7 texts in eval.csv"
    assert told[7] == "    and 2 more"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("merge", "one", "two", "-o", "one"), "this folder is read from"),
        (("sample", "one", "-n", "1", "-o", "one/few"), "lies in one that is read from"),
        (("report", "one", "-o", "-"), "not written to standard output"),
        (("merge", "one", "-o", "two"), "this folder is not empty"),
        (("sample", "one", "-n", "1", "--by", "claus", "-o", "few"), "Did you mean 'clause'?"),
        (("sample", "one", "-n", "0", "-o", "few"), "at least 1"),
        (("decontaminate", "one", "--against", "eval.csv"), "eval.csv:FIELD"),
        (("decontaminate", "one", "--against", "eval.csv:q", "--threshold", "2"), "above 0 and at most 1"),
        (("decontaminate", "one", "--against", "eval.csv:q", "--ngram", "1"), "from 2 to 1000"),
    ],
)
def test_mistakes_are_told_in_a_line(folders: Path, arguments: tuple[str, ...], words: str) -> None:
    """Exit code 2, what is wrong, and no traceback."""
    ended = run_demur(*arguments, cwd=folders)
    assert ended.returncode == 2
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr


def test_names_cannot_steer_the_terminal(folders: Path) -> None:
    """An id or a file's name that holds escapes is shown without them."""
    rows = [make_row(0, "copy my neighbour's keys in secret", id="\x1b[31mred")]
    write_dataset(folders / "bad\x1b[2J", rows)
    for command in (
        ("decontaminate", "bad\x1b[2J", "--against", "eval.csv:q", "--action", "flag"),
        ("merge", "bad\x1b[2J", "one", "-o", "x"),
        ("sample", "bad\x1b[2J", "-n", "1", "-o", "y"),
    ):
        ended = run_demur(*command, cwd=folders)
        assert ended.returncode == 0, ended.stderr
        assert "\x1b" not in ended.stdout + ended.stderr
