from __future__ import annotations

from pathlib import Path

import pytest

from demur.errors import InputError
from demur.outputs.export import MARK
from demur.outputs.own_files import OWN_FILES, OWN_JOURNAL, remove_exports, remove_stale, require_foreign
from demur.run.journal import JOURNAL, JOURNAL_PARTS
from demur.run.task_run import ALL_FILES


def test_they_are_all_that_a_run_writes() -> None:
    """The list is that of the run itself, and the journal with its parts."""
    assert sorted(OWN_FILES) == sorted(ALL_FILES)
    assert tuple(JOURNAL + part for part in JOURNAL_PARTS) == OWN_JOURNAL


@pytest.mark.parametrize("telling", ["final_data.jsonl", "run.json", "journal.sqlite"])
def test_a_name_is_taken_where_a_run_is(tmp_path: Path, telling: str) -> None:
    """In any other folder it is a name like another; capitals do not hide it."""
    for name in (*OWN_FILES, *OWN_JOURNAL):
        require_foreign(tmp_path / name)
    (tmp_path / telling).touch()
    for name in (*OWN_FILES, *OWN_JOURNAL, "RUN.JSON"):
        with pytest.raises(InputError, match="the run's own"):
            require_foreign(tmp_path / name)
    require_foreign(tmp_path / "report.html", but=("report.html",))
    require_foreign(tmp_path / "rows.jsonl")


def test_what_was_of_another_dataset_goes(tmp_path: Path) -> None:
    """Its files that are not written anew, and its exports; files of other people stay where they are."""
    exports = tmp_path / "exports"
    gone = ["preferences.jsonl", "comparison.html", "exports/messages.jsonl", "exports/dpo.train.csv",
            "exports/alpaca/README.md", "exports/alpaca/data/train.parquet"]  # fmt: skip
    stays = ["final_data.jsonl", "notes.txt", "exports/mine.jsonl", "exports/kto/README.md"]
    for name in (*gone, *stays):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(MARK if "alpaca" in name else "x")
    remove_stale(tmp_path, written=("final_data.jsonl",))
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()) == sorted(stays)
    assert not (exports / "alpaca").exists()


def test_a_folder_of_exports_alone_goes_whole(tmp_path: Path) -> None:
    """Where nothing else is in it, the folder goes too; one that is a link is left alone."""
    (tmp_path / "run" / "exports").mkdir(parents=True)
    (tmp_path / "run" / "exports" / "messages.parquet").touch()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "exports").symlink_to(tmp_path / "run" / "exports")
    remove_exports(tmp_path / "other")
    assert (tmp_path / "run" / "exports" / "messages.parquet").exists()
    remove_exports(tmp_path / "run")
    assert not (tmp_path / "run" / "exports").exists()
