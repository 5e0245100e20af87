"""Exports of runs, and runs that write other formats."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pyarrow.parquet as pq
import pytest

from demur.cli.main import main
from demur.errors import InputError
from demur.inputs.output_settings import FORMATS, TWO_FORMS, FormatName
from demur.outputs import parquet
from demur.outputs.exchange import read_exchanges
from demur.outputs.export import FileKind
from demur.outputs.formats import RowForm
from demur.run.export import ExportRequest, Mode, export_run
from demur.run.task_run import ALL_FILES
from tests.run.world import read_output

SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}
COMMAND = ["run", "task.yaml", "--engines", "embedded", "--output-dir", "output", "-n", "30"]
OUTPUT = Path("output/tests/lock_picking")
MORE = "contrast: {share: 0.3}\nmutate: [past_tense]\n"


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run with twins and mutants, made with the embedded engine from the starter task."""
    folder = tmp_path_factory.mktemp("export")
    assert main(["new", str(folder / "mine")]) == 0
    with (folder / "mine" / "task.yaml").open("a") as file:
        file.write(MORE)
    out = folder / "output"
    assert (
        main(["run", str(folder / "mine" / "task.yaml"), "--engines", "embedded", "-n", "40", "--output-dir", str(out)])
        == 0
    )
    return next(path.parent for path in out.rglob("final_data.jsonl"))


def read_jsonl(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().split("\n") if line]


@pytest.mark.parametrize("name", FORMATS)
def test_an_export_holds_the_rows_of_the_runs_pairs(run_folder: Path, tmp_path: Path, name: FormatName) -> None:
    """Each format's file is the rows of final_data.jsonl in its order, and counts what it left out."""
    report = export_run(ExportRequest(folder=run_folder, form=RowForm(name), output=tmp_path / "out.jsonl"))
    rows: list[object] = []
    for exchange in read_exchanges(run_folder / "final_data.jsonl"):
        found = RowForm(name).make_rows(exchange)
        rows += found if isinstance(found, list) else []
    assert read_jsonl(tmp_path / "out.jsonl") == rows
    assert report.rows == {"train": len(rows)}
    assert report.pairs == 40


def test_splits_are_the_same_in_every_format_and_mode(run_folder: Path, tmp_path: Path) -> None:
    """A request is in the same split in all exports with one seed; twins and mutants are in their parents' split."""
    sides: dict[str, set[str]] = {}
    exports: list[tuple[FormatName, Mode]] = [
        ("messages", "all"), ("prompt-completion", "refuse"), ("dpo", "comply"), ("kto", "all")
    ]  # fmt: skip
    for name, mode in exports:
        form = RowForm(name, conversational=name in TWO_FORMS)
        request = ExportRequest(
            folder=run_folder, form=form, output=tmp_path / f"{name}.jsonl", mode=mode, shares=SHARES
        )
        for path in export_run(request).files:
            for row in read_jsonl(path):
                messages = row.get("prompt", row.get("messages"))
                assert isinstance(messages, list)
                sides.setdefault(messages[0]["content"], set()).add(path.stem.rpartition(".")[2])
    assert {split for found in sides.values() for split in found} == set(SHARES)
    assert all(len(found) == 1 for found in sides.values())
    exchanges = {each.id: each for each in read_exchanges(run_folder / "final_data.jsonl")}
    offspring = [each for each in exchanges.values() if each.parent]
    assert len(offspring) > 10
    assert all(sides[each.instruction] == sides[exchanges[each.parent].instruction] for each in offspring)


def test_modes_part_the_pairs(run_folder: Path, tmp_path: Path) -> None:
    """Refusals and helpful answers together are all."""
    counts = {}
    for mode in get_args(Mode):
        request = ExportRequest(folder=run_folder, form=RowForm("alpaca"), output=tmp_path / "a.jsonl", mode=mode)
        counts[mode] = export_run(request).rows["train"]
    assert counts == {"refuse": 28, "comply": 12, "all": 40}


def test_a_dataset_has_a_file_a_split_and_the_runs_card(run_folder: Path, tmp_path: Path) -> None:
    """Every row is in one of the splits; the card has the content warning and the splits' sizes."""
    request = ExportRequest(folder=run_folder, form=RowForm("messages", "Be brief."), kind="dataset",
                            output=tmp_path / "d", shares=SHARES)  # fmt: skip
    report = export_run(request)
    assert {
        split: pq.read_table(tmp_path / "d" / "data" / f"{split}.parquet").num_rows for split in SHARES
    } == report.rows
    assert sum(report.rows.values()) == 40
    card = (tmp_path / "d" / "README.md").read_text()
    assert card.index("Content warning") < card.index("Rows in the form")
    assert "--as dataset --split train=" in card
    assert "formatted_output" not in card  # the run's own files are not in the export
    assert 'load_dataset("path/of/this/folder")' in card
    assert f"| train | {report.rows['train']} |" in card


def test_near_duplicates_are_by_the_runs_own_threshold(tmp_path: Path) -> None:
    """run.json's threshold decides what is alike; without a run.json, or with the check off, it is 0.7."""
    texts = ["a b c d e f g h i j", "a b c d e f g h x y"]  # ROUGE-L 0.8
    lines = [json.dumps({"instruction": text, "response": "no"}) for text in texts]
    (tmp_path / "final_data.jsonl").write_text("\n".join(lines))

    def count_sides() -> int:
        request = ExportRequest(folder=tmp_path, form=RowForm("alpaca"), shares={"train": 0.5, "test": 0.5})
        return len(export_run(request).files)

    assert count_sides() == 1
    for threshold, sides in ((0.9, 2), (0.8, 1), (1.1, 1), ("x", 1)):
        (tmp_path / "run.json").write_text(json.dumps({"builder": {"dedup": {"threshold": threshold}}}))
        assert count_sides() == sides
    (tmp_path / "run.json").write_text("[]")
    assert count_sides() == 1


def test_what_cannot_be_exported_is_told(tmp_path: Path) -> None:
    """No run, no row, or options that do not go together: an input error with what to do."""

    def refuse(words: str, folder: Path, form: RowForm, kind: FileKind = "jsonl", mode: Mode = "all") -> None:
        with pytest.raises(InputError, match=words) as found:
            export_run(ExportRequest(folder=folder, form=form, kind=kind, mode=mode))
        assert found.value.hint

    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "final_data.jsonl").write_text('{"instruction": "a", "response": "b"}\n')
    below, plain = tmp_path / "below", RowForm()
    refuse("there is no final_data.jsonl", tmp_path, plain)
    refuse("there is no final_data.jsonl", tmp_path / "nowhere", plain)
    refuse("gives a row", below, plain, mode="comply")
    refuse("takes JSONL", below, RowForm("openai"), "parquet")
    refuse("CSV has no place", below, RowForm("sharegpt"), "csv")
    refuse("no place for a system prompt", below, RowForm("instruction-response", "x"))
    refuse("only in its conversational form", below, RowForm("dpo", "x"))
    assert [path.name for path in below.iterdir()] == ["final_data.jsonl"]


@pytest.mark.parametrize("name", FORMATS)
def test_a_task_writes_its_rows_in_any_format(workspace: Path, name: FormatName) -> None:
    """`formatter: type: formatters/<format>` makes formatted_output.jsonl what an export makes of the same run."""
    (workspace / "task.yaml").write_text(
        (workspace / "task.yaml").read_text().replace("safety/refusal\nnum", f"{name}\nnum")
    )
    assert main(COMMAND) == 0
    export_run(ExportRequest(folder=OUTPUT, form=RowForm(name), output=workspace / "a.jsonl"))
    assert (workspace / "a.jsonl").read_bytes() == read_output(workspace, "formatted_output.jsonl")


@pytest.mark.usefixtures("workspace")
def test_the_specifications_formatter_writes_what_it_always_wrote(workspace: Path) -> None:
    """Instruction and response of each pair, and nothing else, in the order of final_data.jsonl; no Parquet beside."""
    assert main(COMMAND) == 0
    pairs = read_jsonl(OUTPUT / "final_data.jsonl")
    lines = [json.dumps({key: pair[key] for key in ("instruction", "response")}, ensure_ascii=False) for pair in pairs]
    assert (OUTPUT / "formatted_output.jsonl").read_text() == "\n".join(lines) + "\n"
    assert not list(OUTPUT.glob("*.parquet"))


def test_a_system_prompt_in_a_task(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is in each row; where the format has no place for it, `check` names the line."""
    task = (workspace / "task.yaml").read_text()
    (workspace / "task.yaml").write_text(
        task.replace("safety/refusal\nnum", "messages\n  system_prompt: Be brief.\nnum")
    )
    assert main(COMMAND) == 0
    first = read_jsonl(OUTPUT / "formatted_output.jsonl")[0]["messages"]
    assert isinstance(first, list)
    assert first[0] == {"role": "system", "content": "Be brief."}
    (workspace / "task.yaml").write_text(
        task.replace("safety/refusal\nnum", "safety/refusal\n  system_prompt: Be brief.\nnum")
    )
    assert main(["check", "task.yaml", "--engines", "embedded"]) == 2
    assert "task.yaml:8" in (said := capsys.readouterr().err)
    assert "no place for a system prompt" in said


def test_a_task_with_parquet_writes_both(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The Parquet files hold what the JSONL files hold; a run without the key removes them."""
    task = (workspace / "task.yaml").read_text()
    (workspace / "task.yaml").write_text(
        f"{task}datastore:\n  type: default\n  output_data_format: parquet\n{MORE}axes: default\n"
    )
    assert main([*COMMAND, "--json"]) == 0
    files = json.loads(capsys.readouterr().out)
    assert "final_data.parquet" in json.dumps(files)
    assert pq.read_table(OUTPUT / "formatted_output.parquet").to_pylist() == read_jsonl(
        OUTPUT / "formatted_output.jsonl"
    )
    full = read_jsonl(OUTPUT / "final_data.jsonl")
    for record in full:
        metadata = record["metadata"]
        assert isinstance(metadata, dict)
        if "axes" in metadata:
            metadata["axes"] = [{"axis": axis, "value": value} for axis, value in metadata["axes"].items()]
    assert [drop_nulls(row) for row in pq.read_table(OUTPUT / "final_data.parquet").to_pylist()] == [
        drop_nulls(r) for r in full
    ]
    (workspace / "task.yaml").write_text(task)
    assert main([*COMMAND, "--restart"]) == 0
    assert not list(OUTPUT.glob("*.parquet"))
    assert {"final_data.parquet", "formatted_output.parquet"} <= set(ALL_FILES)


def drop_nulls(value: object) -> object:
    """A table has a null where a record lacks a field."""
    if isinstance(value, dict):
        return {key: drop_nulls(item) for key, item in value.items() if item is not None}
    return [drop_nulls(item) for item in value] if isinstance(value, list) else value


def test_without_pyarrow_a_task_with_parquet_does_not_begin(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The extra is named before anything is asked of a model."""
    monkeypatch.setattr(parquet, "find_spec", lambda name: None)
    with (workspace / "task.yaml").open("a") as file:
        file.write("datastore: {output_data_format: parquet}\n")
    assert main(COMMAND) == 4
    assert "demur[parquet]" in capsys.readouterr().err
    assert not (workspace / "output").exists()
