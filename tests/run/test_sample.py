from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from demur.errors import InputError
from demur.inputs.dataset_rows import read_dataset
from demur.run.sample import SampleRequest, sample_dataset, sample_folder
from demur.stages.choose_diverse import traverse_farthest
from tests.run.datasets import TASK, make_row, read_lines, write_dataset
from tests.run.world import invent


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Thirty pairs of three clauses and two tones, one tone for a few only, and twins of every third."""
    rows = []
    for number in range(30):
        aim: dict[str, Any] = {
            "clause": {"number": number % 3 + 1, "text": "x"},
            "axes": {"tone": "curt" if number < 4 else "warm"},
        }
        rows.append(make_row(number, invent("parent", number), **aim))
        if number % 3 == 0:
            rows.append(make_row(0, invent("twin", number), twin_of=f"{TASK}#{number}.0", **aim))
    return write_dataset(tmp_path / "run", rows)


def test_each_stratum_has_as_many_as_the_others(folder: Path, tmp_path: Path) -> None:
    """Over clause and mode: even where there are enough, and what one lacks falls to the others."""
    sampled = sample_folder(folder, tmp_path / "out", SampleRequest(count=14, by=("clause", "mode")))
    assert [(stratum.values, stratum.picked, stratum.pairs) for stratum in sampled.strata] == [
        (("lock_picking/1", "comply"), 4, 10),
        (("lock_picking/1", "response"), 4, 10),
        (("lock_picking/2", "response"), 3, 10),
        (("lock_picking/3", "response"), 3, 10),
    ]
    tones = sample_dataset(read_dataset(folder), SampleRequest(count=20, by=("tone",)))
    assert [(stratum.values, stratum.picked) for stratum in tones.strata] == [(("curt",), 6), (("warm",), 14)]


def test_within_a_stratum_it_is_the_traversal(folder: Path) -> None:
    """Without strata the pairs are those of the farthest-first traversal from the first one, in the dataset's order."""
    dataset = read_dataset(folder)
    [stratum] = sample_dataset(dataset, SampleRequest(count=9)).strata
    assert stratum.traversal is not None
    texts = [row.instruction for row in dataset.rows]
    assert stratum.traversal == traverse_farthest(texts, 9, stratum.traversal.places[0])
    rows = sample_dataset(dataset, SampleRequest(count=9)).rows
    assert [row.id for row in rows] == [dataset.rows[place].id for place in sorted(stratum.traversal.places)]


def test_the_same_seed_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    """Lines are those of the dataset, byte for byte; another seed begins elsewhere."""
    for out, seed in (("a", 1), ("b", 1), ("c", 2)):
        sample_folder(folder, tmp_path / out, SampleRequest(count=6, by=("clause",), seed=seed))
    files = [(tmp_path / out / "final_data.jsonl").read_bytes() for out in ("a", "b", "c")]
    assert files[0] == files[1] != files[2]
    assert set(files[0].splitlines()) < set((folder / "final_data.jsonl").read_bytes().splitlines())


def test_twins_come_along(folder: Path, tmp_path: Path) -> None:
    """With keep_twins none is picked for itself, and each follows what it was made of, beyond the number."""
    sampled = sample_folder(folder, tmp_path / "out", SampleRequest(count=12, by=("clause",), keep_twins=True))
    rows = read_lines(tmp_path / "out")
    modes = Counter(json.loads(json.dumps(row["metadata"]))["mode"] for row in rows)
    assert modes == {"response": 12, "comply": 4}
    assert sampled.twins == 4
    ids = {row.id for row in sampled.rows}
    assert all(row.parent in ids for row in sampled.rows if row.parent is not None)


def test_a_twin_whose_parent_is_gone_stands_for_itself(tmp_path: Path) -> None:
    """It can be picked, with keep_twins too."""
    rows = [make_row(0, "a b c d"), make_row(0, "e f g h", twin_of=f"{TASK}#9.0")]
    folder = write_dataset(tmp_path / "run", rows)
    sampled = sample_dataset(read_dataset(folder), SampleRequest(count=2, keep_twins=True))
    assert (len(sampled.rows), sampled.twins) == (2, 0)


def test_more_than_there_is_takes_all(folder: Path, tmp_path: Path) -> None:
    """And run.json says what was wanted and what there was, stratum by stratum."""
    sample_folder(folder, tmp_path / "out", SampleRequest(count=1000, by=("mode",)))
    assert (tmp_path / "out" / "final_data.jsonl").read_bytes() == (folder / "final_data.jsonl").read_bytes()
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert record["settings"]["wanted"] == 1000
    assert [(each["stratum"], each["picked"], each["radius"]) for each in record["result"]["strata"]] == [
        ({"mode": "comply"}, 10, 0.0),
        ({"mode": "response"}, 30, 0.0),
    ]
    assert not (tmp_path / "out" / "rejected.jsonl").exists()


def test_a_name_that_nothing_has_is_told_with_the_nearest(folder: Path, tmp_path: Path) -> None:
    """Nothing is written, and the hint lists the names, the axes among them."""
    with pytest.raises(InputError) as told:
        sample_folder(folder, tmp_path / "out", SampleRequest(count=3, by=("tome",)))
    assert "Did you mean 'tone'?" in told.value.hint
    assert "clause" in told.value.hint
    assert not (tmp_path / "out").exists()
