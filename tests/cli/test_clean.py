from __future__ import annotations

import os
import pty
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from demur.cli.clean import format_size
from demur.run.journal import open_journal
from tests.cli.commands import make_environment, run_demur

OUTPUTS = (
    "final_data.jsonl",
    "formatted_output.jsonl",
    "rejected.jsonl",
    "run.json",
    "README.md",
    "croissant.json",
    "report.html",
)


@pytest.fixture
def made(workspace: Path) -> Path:
    """The output folder of a finished run, with a file that a killed run left half-written."""
    ended = run_demur("run", "task.yaml", "--engines", "embedded", "-n", "2", cwd=workspace)
    assert ended.returncode == 0, ended.stderr
    folder = workspace / "output" / "tests" / "lock_picking"
    (folder / ".final_data.jsonl.abc.tmp").write_text("half")
    return folder


def read_outputs(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("named", ["task.yaml", "output", "output/tests/lock_picking"])
def test_journals_go_and_datasets_stay(workspace: Path, made: Path, named: str) -> None:
    """By task or by folder: what goes and what stays is said, and nothing but journal and leftovers goes."""
    (made / "notes.txt").write_text("mine")
    before = read_outputs(made)
    ended = run_demur("clean", named, "--yes", cwd=workspace)
    assert ended.returncode == 0, ended.stderr
    assert "journal.sqlite and 1 half-written file" in ended.stdout
    assert "half-written files" not in ended.stdout
    assert f"stays: {', '.join(OUTPUTS)}" in ended.stdout
    assert "Removed from 1 of 1 folder" in ended.stdout
    gone = {".final_data.jsonl.abc.tmp", "journal.sqlite"}
    assert read_outputs(made) == {name: content for name, content in before.items() if name not in gone}
    assert gone <= set(before)
    assert run_demur("clean", named, "--yes", cwd=workspace).stdout == "Nothing to remove.\n"


def test_a_dry_run_removes_nothing(workspace: Path, made: Path) -> None:
    """It says the same, and leaves everything."""
    before = read_outputs(made)
    ended = run_demur("clean", "task.yaml", "--dry-run", "--yes", cwd=workspace)
    assert "journal.sqlite" in ended.stdout
    assert "Nothing was removed" in ended.stdout
    assert read_outputs(made) == before


def test_without_a_terminal_nothing_is_agreed_to(workspace: Path, made: Path) -> None:
    """A script has to say --yes."""
    before = read_outputs(made)
    ended = run_demur("clean", "task.yaml", cwd=workspace)
    assert ended.returncode == 2
    assert "--yes" in ended.stderr
    assert read_outputs(made) == before


@pytest.mark.parametrize(("answer", "goes"), [(b"y\n", True), (b"\n", False), (b"n\n", False), (b"\x04", False)])
def test_at_a_terminal_it_asks(workspace: Path, made: Path, answer: bytes, goes: bool) -> None:
    """Only a yes removes; anything else, and no answer, leaves all as it is."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "demur", "clean", "task.yaml"],
        cwd=workspace, env=make_environment(), stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        os.close(theirs)
        os.write(ours, answer)
        out, _ = process.communicate(timeout=60)
    os.close(ours)
    assert process.returncode == 0
    assert b"Remove? [y/N]" in out
    assert (made / "journal.sqlite").exists() is not goes


def test_a_journal_that_a_run_holds_stays(workspace: Path, made: Path) -> None:
    """A run that is going keeps its journal, and the leftovers beside it; the others are removed."""
    other = workspace / "output" / "other"
    open_journal(other / "journal.sqlite").close()
    with open_journal(made / "journal.sqlite"):
        ended = run_demur("clean", "output", "--yes", cwd=workspace)
    assert ended.returncode == 4
    assert "another run" in ended.stderr
    assert (made / "journal.sqlite").exists()
    assert (made / ".final_data.jsonl.abc.tmp").exists()
    assert not (other / "journal.sqlite").exists()


def test_what_is_no_journal_of_demurs_stays(tmp_path: Path) -> None:
    """Another program's database by that name, and a link to it, are left alone; a damaged journal goes."""
    database = tmp_path / "a" / "journal.sqlite"
    for name in "abc":
        (tmp_path / name).mkdir()
    connection = sqlite3.connect(database)
    connection.execute("CREATE TABLE diary (day TEXT)")
    connection.close()
    (tmp_path / "b" / "journal.sqlite").symlink_to(database)
    (tmp_path / "c" / "journal.sqlite").write_bytes(b"\xffnot a database at all" * 100)
    content = database.read_bytes()
    ended = run_demur("clean", ".", "--yes", cwd=tmp_path)
    assert ended.returncode == 4
    assert ended.stderr.count("left alone") == 2
    assert database.read_bytes() == content
    assert (tmp_path / "b" / "journal.sqlite").is_symlink()
    assert not (tmp_path / "c" / "journal.sqlite").exists()


def test_a_path_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """A misspelled folder is not taken for a clean one."""
    ended = run_demur("clean", "outptu", cwd=tmp_path)
    assert ended.returncode == 2
    assert "no such file or folder" in ended.stderr


@pytest.mark.parametrize(
    ("size", "words"), [(0, "0 bytes"), (999, "999 bytes"), (1_000, "1 kB"), (2_500_000_000, "2.5 GB")]
)
def test_sizes_are_short(size: int, words: str) -> None:
    """A size has at most four digits and a unit."""
    assert format_size(size) == words
