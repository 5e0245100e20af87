from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
import yaml

from demur.errors import InputError
from demur.inputs.seeds import read_seeds

ROWS = [{"instruction": 'First, "quoted"?', "response": "No."}, {"question": "Zweite\nZeile", "answer": "Nein, danke."}]
READ = [("seed:1", 'First, "quoted"?', "No."), ("seed:2", "Zweite\nZeile", "Nein, danke.")]


def write(path: Path) -> Path:
    match path.suffix:
        case ".jsonl":
            path.write_text("\n".join(json.dumps(row) for row in ROWS) + "\n\n")
        case ".json":
            path.write_text(json.dumps({"seed_examples": ROWS}))
        case ".yaml":
            path.write_text(yaml.safe_dump(ROWS))
        case ".csv":
            path.write_text('instruction,response,note\n"First, ""quoted""?",No.,x\n"Zweite\nZeile","Nein, danke.",y\n')
        case ".parquet":
            rows = [{"instruction": one, "response": other} for _, one, other in READ]
            pyarrow.parquet.write_table(pa.Table.from_pylist(rows), path)
    return path


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".yaml", ".csv", ".parquet"])
def test_seeds_are_read_from_every_format(tmp_path: Path, suffix: str) -> None:
    """Each format gives the same seeds, numbered from 1; question and answer are accepted names."""
    seeds = read_seeds(write(tmp_path / f"seeds{suffix}"))
    assert [(seed.id, seed.instruction, seed.response) for seed in seeds] == READ


@pytest.mark.parametrize(
    ("name", "text", "line", "words"),
    [
        ("s.jsonl", '{"instruction": "a", "response": "b"}\n{"instruction": "a"}\n', 2, "'response' is missing"),
        ("s.jsonl", '{"instruction": "a", "response": "b"}\n\n{oops}\n', 3, "not valid JSON"),
        ("s.jsonl", '{"instruction": "a", "response": ["b"]}\n', 1, "must be text, not a list"),
        ("s.jsonl", '{"instruction": "  ", "response": "b"}\n', 1, "instruction is empty"),
        ("s.jsonl", '"just text"\n', 1, "a record with instruction and response is wanted, not text"),
        ("s.jsonl", "[" * 100_000 + "\n", 1, "nested too deeply"),
        ("s.json", '[\n{"instruction": "a"\n]', 3, "not valid JSON"),
        ("s.json", '[{"instruction": "a", "response": null}]', None, "record 1: response must be text, not nothing"),
        ("s.json", '{"rows": []}', None, "a list of records is wanted"),
        ("s.yaml", "- instruction: a\n  response: b\n- instruction: c\n", 3, "'response' is missing"),
        ("s.csv", "instruction,response\na,b\nc\n", 3, "'response' is missing"),
        ("s.csv", "instruction,answers\na,b\n", 2, "'response' is missing"),
        ("s.jsonl", "\n", None, "no seed examples"),
        ("s.parquet", "no parquet", None, "not a Parquet file"),
        ("s.txt", "x", None, "cannot be read from .txt"),
    ],
)
def test_a_bad_record_names_file_line_and_what_is_missing(
    tmp_path: Path, name: str, text: str, line: int | None, words: str
) -> None:
    """Whatever is wrong with a seed file is told with its place."""
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(InputError, match=words) as caught:
        read_seeds(path)
    assert caught.value.line == line
    assert str(caught.value).startswith(str(path))


def test_a_missing_field_lists_what_was_found(tmp_path: Path) -> None:
    """The hint shows the record's own fields, so that a misnamed one is seen."""
    path = tmp_path / "s.jsonl"
    path.write_text('{"prompt": "a", "response": "b"}\n')
    with pytest.raises(InputError) as caught:
        read_seeds(path)
    assert "found: prompt, response" in caught.value.hint


def test_kind_and_risk_are_read(tmp_path: Path) -> None:
    """Both are optional, in every row of its own; a CSV's empty cells count as left out."""
    path = tmp_path / "s.csv"
    path.write_text("instruction,response,kind,risk\na,b,,\nc,d,comply,locks\ne,f,refuse, 11.10 \n")
    assert [(seed.kind, seed.risk) for seed in read_seeds(path)] == [
        ("refuse", ""),
        ("comply", "locks"),
        ("refuse", "11.10"),
    ]
    path = tmp_path / "s.jsonl"
    path.write_text('{"instruction": "a", "response": "b"}\n{"instruction": "a", "response": "b", "kind": "comply"}\n')
    assert [seed.kind for seed in read_seeds(path)] == ["refuse", "comply"]


def test_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    """With the two that there are."""
    path = tmp_path / "s.jsonl"
    path.write_text('{"instruction": "a", "response": "b", "kind": "benign"}\n')
    with pytest.raises(InputError, match="kind cannot be 'benign'") as caught:
        read_seeds(path)
    assert "comply" in caught.value.hint
