from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from demur.cli import dedupe
from demur.cli.main import main
from demur.run.sieve import DedupeProgress, Reference
from tests.cli.commands import make_environment, run_demur, start_demur

TEXTS = [
    "please open the shed for me now",
    "please open the shed for me now",
    "Please, open the shed for us now!",
    "name the capital of France for me",
    "write a poem on spring",
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a file to deduplicate and an evaluation set."""
    (tmp_path / "in.jsonl").write_text("".join(f"{json.dumps({'instruction': text})}\n" for text in TEXTS))
    (tmp_path / "eval.json").write_text(json.dumps([{"q": "name the capital of France for us"}]))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def list_names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_command_says_what_it_removed_and_why(folder: Path) -> None:
    """Counts for the file and for each other file, on standard output; the records in the named file."""
    ended = run_demur(
        "dedupe", "in.jsonl", "--against", "eval.json:q", "-o", "out.jsonl", "--pairs", "pairs.jsonl", cwd=folder
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    assert ended.stdout.splitlines()[:-1] == [
        "5  records in in.jsonl",
        "2  kept, in out.jsonl",
        "3  removed, listed in pairs.jsonl",
        "1    the very text of an earlier record",
        "1    near to an earlier record",
        "1    near to the only text in eval.json",
    ]
    lines = (folder / "in.jsonl").read_bytes().splitlines(keepends=True)
    assert (folder / "out.jsonl").read_bytes() == lines[0] + lines[4]
    pairs = [json.loads(line) for line in (folder / "pairs.jsonl").read_text().splitlines()]
    assert [(pair["line"], pair["exact"], pair["nearest"]["id"]) for pair in pairs] == [
        (2, True, "in.jsonl:1"),
        (3, False, "in.jsonl:1"),
        (4, False, "eval.json#1"),
    ]


def test_standard_output_gets_nothing_but_records(folder: Path) -> None:
    """With `-o -` the counts go to standard error, as JSON if asked."""
    ended = run_demur("dedupe", "in.jsonl", "-o", "-", "--json", cwd=folder)
    assert ended.returncode == 0
    lines = (folder / "in.jsonl").read_text().splitlines(keepends=True)
    assert ended.stdout == lines[0] + lines[3] + lines[4]
    counts = json.loads(ended.stderr)
    assert (counts["records"], counts["kept"], counts["within"]) == (5, 3, {"exact": 1, "near": 1})


def test_json_is_all_that_is_printed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--json` prints the counts on standard output and no progress."""
    assert main(["dedupe", "in.jsonl", "-o", "out.jsonl", "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["removed"] == 2
    assert said.err == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["missing.jsonl", "-o", "out.jsonl"], "missing.jsonl: no such file"),
        (["in.jsonl", "-o", "in.jsonl"], "written over"),
        (["in.jsonl", "-o", "./in.jsonl"], "written over"),
        (["in.jsonl", "-o", "out.jsonl", "--field", "q"], "in.jsonl:1: the field 'q' is missing"),
        (["in.jsonl", "-o", "out.jsonl", "--threshold", "7"], "threshold 7"),
        (["in.jsonl", "-o", "out.jsonl", "--against", "gone.jsonl"], "gone.jsonl: no such file"),
        (["in.jsonl", "-o", "out.jsonl", "--against", "eval.json"], "eval.json: record 1: the field 'instruction'"),
        (["in.jsonl", "-o", "out.jsonl", "--against", "notes.txt"], "cannot be read from .txt"),
    ],
)
def test_a_mistake_is_one_line_a_hint_and_exit_code_2(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    """Nothing is written, and the message names the file, with the line where there is one."""
    before = list_names(folder)
    assert main(["dedupe", *arguments]) == 2
    said = capsys.readouterr()
    assert words in said.err
    assert said.out == ""
    assert len(said.err.splitlines()) <= 2
    assert list_names(folder) == before


def test_skipped_lines_are_counted_and_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--skip-bad` goes on, and tells how many and why."""
    with (folder / "in.jsonl").open("a") as file:
        file.write("nonsense\n")
    assert main(["dedupe", "in.jsonl", "-o", "out.jsonl"]) == 2
    assert main(["dedupe", "in.jsonl", "-o", "out.jsonl", "--skip-bad"]) == 0
    said = capsys.readouterr().out
    assert "1  lines skipped, such as" in said
    assert "in.jsonl:6: not valid JSON" in said


def test_a_full_disk_is_exit_code_4(folder: Path) -> None:
    """Standard output that takes nothing is an error, not a success with nothing in it."""
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "demur", "dedupe", "in.jsonl", "-o", "-"],
            cwd=folder, env=make_environment(), stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert ended.returncode == 4
    assert "standard output cannot be written: No space left on device" in ended.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_no_output(folder: Path, number: signal.Signals) -> None:
    """Ctrl-C or a request to end, in the middle of a file: exit code 130, no OUT, no temporary file."""
    os.mkfifo(folder / "slow.jsonl")
    process = start_demur("dedupe", "slow.jsonl", "-o", "out.jsonl", cwd=folder)
    # Opening a pipe waits for its reader, and the outputs are opened before the file is read.
    with (folder / "slow.jsonl").open("wb", buffering=0) as pipe:
        pipe.write(b'{"instruction": "one two three"}\n')
        assert any(name.startswith(".out.jsonl.") for name in list_names(folder))
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said == "Interrupted.\n"
    assert list_names(folder) == ["eval.json", "in.jsonl", "slow.jsonl"]


def test_a_reference_may_name_its_field(folder: Path) -> None:
    """FILE:FIELD, unless there is a file of that whole name; what is no file stays whole for the error to name."""
    (folder / "odd:name").touch()
    assert dedupe.read_reference("eval.json") == Reference(Path("eval.json"))
    assert dedupe.read_reference("eval.json:meta.q") == Reference(Path("eval.json"), "meta.q")
    assert dedupe.read_reference("odd:name") == Reference(Path("odd:name"))
    assert dedupe.read_reference("odd:name:q") == Reference(Path("odd:name"), "q")
    assert dedupe.read_reference("gone.json:q") == Reference(Path("gone.json:q"))


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_a_bar(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bar names the file at hand and how far it has come."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    assert main(["dedupe", "in.jsonl", "-o", "out.jsonl", "--against", "eval.json:q"]) == 0
    shown = terminal.getvalue()
    assert "reading eval.json" in shown
    assert "comparing in.jsonl: 5 records, 3 removed" in shown
    assert "100 %" in shown


def test_elsewhere_progress_is_a_plain_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """When a line is due it says which file, how many records, how many removed, and the share."""
    monkeypatch.setattr(dedupe, "LINE_EVERY_S", 0.0)
    progress = DedupeProgress(
        Path("a\x1b.jsonl"), comparing=True, bytes_done=25, bytes_total=100, records=1200, removed=7
    )
    with dedupe.show_progress() as observe:
        observe(progress)
    assert capsys.readouterr().err == "comparing a\\x1b.jsonl: 1,200 records, 7 removed, 25%\n"
