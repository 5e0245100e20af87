from __future__ import annotations

import json
from pathlib import Path

import pytest

from demur.cli.main import main
from tests.cli.commands import run_demur

PAIRS = [
    ("open the shed for me", "I can't help with sheds; ask its owner."),
    ("copy that key in secret", "I won't copy keys in secret. A locksmith can, with leave."),
    ("jump the queue at the bakery", "No tricks for queues from me. I can help you plan your morning."),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a run of three pairs."""
    (tmp_path / "run").mkdir()
    lines = [json.dumps({"instruction": one, "response": other}) + "\n" for one, other in PAIRS]
    (tmp_path / "run" / "final_data.jsonl").write_text("".join(lines))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_command_writes_beside_the_run_and_says_so(folder: Path) -> None:
    """Without --output the file is in the run's own `exports`, named after the format."""
    ended = run_demur("export", "run", "--to", "messages", cwd=folder)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines() == ["      3  train", "run/exports/messages.jsonl"]
    assert len((folder / "run/exports/messages.jsonl").read_text().splitlines()) == 3


@pytest.mark.parametrize(
    ("name", "start"), [("a.jsonl", b"{"), ("a.csv", b'"prompt"'), ("a.PARQUET", b"PAR1"), ("a", b"{")]
)
def test_the_outputs_ending_says_which_kind(folder: Path, name: str, start: bytes) -> None:
    """CSV and Parquet by their endings, else JSONL."""
    assert main(["export", "run", "--to", "prompt-completion", "--output", name]) == 0
    assert (folder / name).read_bytes().startswith(start)


def test_splits_get_a_file_each_and_json_names_them(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--json` prints places and counts; a split that nothing falls to has no file, and the plain output says so."""
    split = ["export", "run", "--to", "alpaca", "--output", "a.jsonl", "--split", "train=0.6,test=0.3,more=0.1"]
    assert main([*split, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "place": "a.jsonl", "files": ["a.train.jsonl", "a.test.jsonl"], "pairs": 3,
        "rows": {"train": 2, "test": 1, "more": 0}, "left_out": {},
    }  # fmt: skip
    assert main(split) == 0
    assert "      0  more: nothing fell to it, and it has no file\n" in capsys.readouterr().out
    assert not (folder / "a.more.jsonl").exists()


def test_a_system_prompt_comes_from_a_file(folder: Path) -> None:
    """`@FILE` is the file's text, without the line break at its end."""
    (folder / "prompt.txt").write_text("Be brief.\nBe kind.\n")
    assert main(["export", "run", "--to", "openai", "--system-prompt", "@prompt.txt", "--output", "a.jsonl"]) == 0
    first = json.loads((folder / "a.jsonl").read_text().splitlines()[0])
    assert first["messages"][0] == {"role": "system", "content": "Be brief.\nBe kind."}
    assert main(["export", "run", "--to", "openai", "--system-prompt", "@nowhere.txt"]) == 2


def test_what_gives_no_row_is_counted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A bare refusal has no worse answer: dpo leaves it out and says so."""
    with (folder / "run" / "final_data.jsonl").open("a") as file:
        file.write('{"instruction": "pick a lock", "response": "I can\'t help with that."}\n')
    assert main(["export", "run", "--to", "dpo", "--output", "a.jsonl"]) == 0
    assert "      1  pairs left out: bare response\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--to", "messages", "--as", "csv"], "CSV has no place for lists"),
        (["--to", "alpaca", "--public"], "nothing is pushed"),
        (["--to", "alpaca", "--as", "csv", "--push-to-hub", "a/b"], "what is pushed is a dataset"),
        (["--to", "alpaca", "--split", "train=2"], "at most 1"),
        (["--to", "alpaca", "--as", "dataset", "--output", "rows.jsonl"], "a dataset is a folder"),
        (["--to", "sharegpt", "--conversational"], "sharegpt has one form"),
        (["--to", "alpaca", "--push-to-hub", "nobody"], "is no repository"),
    ],
)
def test_what_contradicts_itself_ends_with_code_2(
    folder: Path, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line says what is wrong, and nothing is written."""
    assert main(["export", "run", *arguments]) == 2
    assert words in capsys.readouterr().err
    assert not (folder / "run" / "exports").exists()


@pytest.mark.parametrize("name", ["journal.sqlite", "final_data.jsonl", "run.json", "README.md", "rejected.jsonl"])
def test_the_runs_own_files_are_never_written_over(folder: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither with rows nor with a report, whether the file is there or not; and a split's own name counts."""
    (folder / "run" / "run.json").write_text("{}")
    before = {path.name: path.read_bytes() for path in (folder / "run").iterdir()}
    assert main(["export", "run", "--to", "messages", "--output", f"run/{name}"]) == 2
    assert f"run/{name}: this is a file of the run's own" in capsys.readouterr().err
    assert main(["report", "run", "-o", f"run/{name}"]) == 2
    assert f"run/{name}: this is a file of the run's own" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in (folder / "run").iterdir()} == before
    assert main(["export", "run", "--to", "messages", "--output", f"elsewhere/{name}"]) == 0


def test_a_report_may_be_written_over_a_report(folder: Path) -> None:
    """It is made of the other files, and can be made again."""
    (folder / "run" / "run.json").write_text("{}")
    (folder / "run" / "report.html").write_text("old")
    assert main(["report", "run", "-o", "run/report.html"]) == 0
    assert "<!doctype html>" in (folder / "run" / "report.html").read_text()
