from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import get_args

import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from demur.errors import ExtraMissing, InputError
from demur.inputs.output_settings import FORMATS, FormatName
from demur.inputs.yaml_text import read_documents
from demur.outputs import parquet
from demur.outputs.exchange import Exchange
from demur.outputs.export import MARK, FileKind, compose_card, protect_cell, write_dataset, write_file
from demur.outputs.formats import Kind, RowForm
from tests.samples import INSTRUCTION, RESPONSE

FORMULA_MADE_SAFE = re.compile("'+[=+\\-@\t\r\n＝＋－＠]")
STRANGE = ['=HYPERLINK("http://example.org")', "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", "'=1", "''", "＝1", "'quoted'",
           'say "hi", twice\r\nand more', "ü\u2028\x00 end", ""]  # fmt: skip


def make_rows(name: FormatName, **options: object) -> tuple[list[dict[str, object]], dict[str, Kind]]:
    form = RowForm(name, **options)  # type: ignore[arg-type]
    rows: list[dict[str, object]] = []
    for text in (INSTRUCTION, *STRANGE):
        found = form.make_rows(Exchange(id=text, instruction=text, response=RESPONSE))
        assert isinstance(found, list)
        rows += found
    return rows, form.columns


def list_flat() -> list[FormatName]:
    return [name for name in FORMATS if not {Kind.MESSAGES, Kind.TURNS} & set(RowForm(name).columns.values())]


@pytest.mark.parametrize("name", FORMATS)
def test_jsonl_and_parquet_bring_back_each_row(tmp_path: Path, name: FormatName) -> None:
    """Whatever characters the texts hold, each format is read back as it was written; Parquet is zstd with typed columns."""
    rows, columns = make_rows(name)
    write_file(tmp_path / "a.jsonl", rows, columns, "jsonl")
    assert [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().split("\n")[:-1]] == rows
    write_file(tmp_path / "a.parquet", rows, columns, "parquet")
    table = pq.read_table(tmp_path / "a.parquet")
    assert table.to_pylist() == rows
    assert "null" not in str(table.schema)
    assert pq.ParquetFile(tmp_path / "a.parquet").metadata.row_group(0).column(0).compression == "ZSTD"


@pytest.mark.parametrize("name", list_flat())
def test_csv_brings_back_each_row_and_begins_no_formula(tmp_path: Path, name: FormatName) -> None:
    """Read by Python's csv, each cell without its guard is the text; no cell begins as a formula does."""
    rows, columns = make_rows(name)
    write_file(tmp_path / "a.csv", rows, columns, "csv")
    with (tmp_path / "a.csv").open(newline="", encoding="utf-8") as file:
        header, *cells = csv.reader(file)
    assert header == list(columns)
    assert not [
        cell for line in cells for cell in line if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝"))
    ]
    spelled = {True: "true", False: "false"}
    assert [[restore_cell(cell) for cell in line] for line in cells] == [
        [spelled[value] if isinstance(value, bool) else value for value in row.values()] for row in rows
    ]


@given(st.text("'=+-@\t\r\n＝ab", max_size=6))
@example("'=1")
def test_a_guarded_cell_is_harmless_and_can_be_restored(text: str) -> None:
    """It begins with nothing that a spreadsheet runs, and gives the text back."""
    guarded = protect_cell(text)
    assert not guarded.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝"))
    assert restore_cell(guarded) == text


def restore_cell(text: str) -> str:
    """The text that `protect_cell` was given."""
    return text[1:] if FORMULA_MADE_SAFE.match(text) else text


def test_csv_has_no_place_for_lists(tmp_path: Path) -> None:
    """A column of messages is refused with what to take instead, and no file is left."""
    rows, columns = make_rows("messages")
    with pytest.raises(InputError, match="messages is one"):
        write_file(tmp_path / "a.csv", rows, columns, "csv")
    assert list(tmp_path.iterdir()) == []


def test_a_dataset_names_its_splits_in_its_card(tmp_path: Path) -> None:
    """The card's front matter is kept but for the files, which are these; the body comes after."""
    rows, columns = make_rows("dpo")
    card = "---\nlicense: apache-2.0\nconfigs:\n- config_name: old\n  data_files: x\ntags:\n- safety\n---\n# Title\n"
    paths = write_dataset(tmp_path / "d", {"train": rows[:3], "test": rows[3:]}, columns, card)
    assert [path.relative_to(tmp_path / "d").as_posix() for path in paths] == [
        "data/train.parquet", "data/test.parquet", "README.md",
    ]  # fmt: skip
    assert pq.read_table(paths[1]).to_pylist() == rows[3:]
    _, front, body = paths[2].read_text().split("---\n")
    (tmp_path / "front.yaml").write_text(front)
    assert read_documents(tmp_path / "front.yaml")[0].data == {
        "license": "apache-2.0",
        "tags": ["safety"],
        "configs": [
            {
                "config_name": "default",
                "data_files": [
                    {"split": "train", "path": "data/train.parquet"},
                    {"split": "test", "path": "data/test.parquet"},
                ],
            }
        ],
    }
    assert body == f"{MARK}\n\n# Title\n"


def test_a_card_without_front_matter_gets_one() -> None:
    """A line of dashes that nothing closes is the body's."""
    for card in ("# Title\n", "---\n# Title\n"):
        assert compose_card(card, ["train"]).endswith(f"---\n{MARK}\n\n{card}")


def test_a_dataset_replaces_only_a_dataset_of_ours(tmp_path: Path) -> None:
    """Splits of before are removed; a folder with anything else in it is refused, and stays as it is."""
    rows, columns = make_rows("alpaca")
    write_dataset(tmp_path / "d", {"train": rows, "test": rows}, columns, "")
    write_dataset(tmp_path / "d", {"train": rows}, columns, "")
    assert [path.name for path in (tmp_path / "d" / "data").iterdir()] == ["train.parquet"]
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "README.md").write_text("mine")
    with pytest.raises(InputError, match="no dataset of an earlier export"):
        write_dataset(tmp_path / "other", {"train": rows}, columns, "")
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["README.md"]
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="no dataset of an earlier export"):
        write_dataset(tmp_path / "file", {"train": rows}, columns, "")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """Where a folder has the name, the error says so."""
    with pytest.raises(InputError, match="this is a folder"):
        write_file(tmp_path, [], {}, "jsonl")


def test_without_pyarrow_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parquet without its package is told, with what to install."""
    monkeypatch.setattr(parquet, "find_spec", lambda name: None)
    rows, columns = make_rows("alpaca")
    with pytest.raises(ExtraMissing) as found:
        write_file(tmp_path / "a.parquet", rows, columns, "parquet")
    assert "demur[parquet]" in found.value.hint
    assert set(get_args(FileKind)) == {"jsonl", "parquet", "csv", "dataset"}
