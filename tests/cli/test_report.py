from __future__ import annotations

import json
from pathlib import Path

import pytest

from demur.cli.main import main
from tests.run.world import read_output

COMMAND = ["run", "task.yaml", "--engines", "embedded", "--output-dir", "output"]
FOLDER = Path("output/tests/lock_picking")


@pytest.fixture
def made(workspace: Path) -> Path:
    """The output folder of a finished run."""
    assert main([*COMMAND, "-n", "12"]) == 0
    return workspace / FOLDER


def test_every_run_writes_a_report(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is named with the other files, on the terminal and in run.json, and only its owner can read it."""
    assert main([*COMMAND, "-n", "12"]) == 0
    made = workspace / FOLDER
    assert f"{FOLDER / 'report.html'}" in capsys.readouterr().out
    assert "report.html" in json.loads(read_output(workspace, "run.json"))["result"]["files"]
    assert (made / "report.html").stat().st_mode & 0o777 == 0o600
    assert "12 of 12" in (made / "report.html").read_text()


def test_a_report_made_again_is_the_same(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From the folder's files alone comes, byte for byte, what the run wrote; its place is printed."""
    before = (made / "report.html").read_bytes()
    (made / "report.html").unlink()
    capsys.readouterr()
    assert main(["report", str(made)]) == 0
    assert capsys.readouterr().out == f"{made / 'report.html'}\n"
    assert (made / "report.html").read_bytes() == before


def test_a_report_does_not_depend_on_concurrency(made: Path, workspace: Path) -> None:
    """But for times and requests, which do: the figures and the rows are the same."""

    def read_lasting(folder: Path) -> list[str]:
        page = (folder / "report.html").read_text()
        return [page[page.index('<section id="funnel"') : page.index('<section id="use"')],
                page[page.index('<section id="pairs"') :]]  # fmt: skip

    assert main([*COMMAND[:-1], "other", "-n", "12", "--concurrency", "1"]) == 0
    assert read_lasting(workspace / "other" / "tests" / "lock_picking") == read_lasting(made)


def test_two_runs_are_compared(made: Path, workspace: Path) -> None:
    """In comparison.html, or where one wants it; the runs' own reports are left alone."""
    assert main([*COMMAND[:-1], "other", "-n", "15", "--seed", "4"]) == 0
    before = (made / "report.html").read_bytes()
    other = workspace / "other" / "tests" / "lock_picking"
    assert main(["report", str(made), str(other)]) == 0
    page = (made / "comparison.html").read_text()
    assert "Run A" in page
    assert "Run B" in page
    assert main(["report", str(made), str(other), "-o", str(workspace / "here.html")]) == 0
    assert (workspace / "here.html").read_text() == page
    assert (made / "report.html").read_bytes() == before


def test_a_run_begun_anew_leaves_no_exports_of_the_one_before(made: Path) -> None:
    """With --restart they go with the dropped pairs; without it they stay."""
    assert main(["export", str(made), "--to", "messages"]) == 0
    assert main([*COMMAND, "-n", "12"]) == 0
    assert (made / "exports" / "messages.jsonl").exists()
    assert main([*COMMAND, "-n", "12", "--restart"]) == 0
    assert not (made / "exports").exists()


def test_a_folder_without_a_run(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line and a hint, and exit code 2."""
    assert main(["report", str(workspace)]) == 2
    said = capsys.readouterr().err
    assert "no run.json is in this folder" in said
    assert "Name the folder of one task" in said


def test_a_restart_forgets_reports(made: Path) -> None:
    """A comparison of what is no longer there goes with the rest; the report is the new run's."""
    (made / "comparison.html").write_text("old")
    assert main([*COMMAND, "-n", "3", "--restart"]) == 0
    assert not (made / "comparison.html").exists()
    assert "3 of 3" in (made / "report.html").read_text()


def test_a_run_outlives_its_report(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the report cannot be written the dataset is, and the run ends well, with a warning on terminal and record."""
    folder = workspace / FOLDER
    (folder / "report.html").mkdir(parents=True)
    assert main([*COMMAND, "-n", "5"]) == 0
    assert "report.html could not be made" in capsys.readouterr().out
    result = json.loads(read_output(workspace, "run.json"))["result"]
    assert result["accepted"] == 5
    assert "report.html" not in result["files"]
    assert any("report.html could not be made" in warning for warning in result["warnings"])


def test_a_bug_in_the_report_costs_no_run(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error is named as a warning, an earlier run's report is gone, and `demur report` shows the whole of it."""
    assert main([*COMMAND, "-n", "3"]) == 0

    def stumble(*_: object) -> None:
        raise ZeroDivisionError("made up")

    monkeypatch.setattr("demur.outputs.report.make_figures", stumble)
    assert main([*COMMAND, "-n", "5"]) == 0
    assert "ZeroDivisionError: made up" in capsys.readouterr().out
    assert not (workspace / FOLDER / "report.html").exists()
    assert len(read_output(workspace, "final_data.jsonl").splitlines()) == 5
    with pytest.raises(ZeroDivisionError):
        main(["report", str(workspace / FOLDER)])


@pytest.mark.usefixtures("made")
def test_derived_datasets_are_reported_and_exported_like_any_other() -> None:
    """What merge and sample write is a dataset: a report names what was done, and a trainer's format comes out of it."""
    assert main(["sample", str(FOLDER), "-n", "6", "--by", "mode", "-o", "small"]) == 0
    assert main(["merge", "small", str(FOLDER), "-o", "joined"]) == 0
    written = Path("joined/report.html").read_text()
    assert main(["report", "joined"]) == 0
    page = Path("joined/report.html").read_text()
    assert "merge of small, lock_picking" in page
    assert "Made with the embedded engine" in page  # all of it was
    assert "Of some of it" not in Path("joined/README.md").read_text()
    assert "Acceptance over the rounds" not in page  # they are those of other runs
    assert page == written  # by the merge itself
    assert "of those wanted" not in page
    assert main(["export", "joined", "--to", "messages"]) == 0
    assert len(Path("joined/exports/messages.jsonl").read_text().splitlines()) == 12
    assert main(["decontaminate", "joined", "--against", "small/final_data.jsonl", "-o", "clear"]) == 0
    kept, known = (
        {json.loads(line)["instruction"] for line in Path(f"{name}/final_data.jsonl").read_text().splitlines()}
        for name in ("clear", "small")
    )
    assert kept
    assert not kept & known
