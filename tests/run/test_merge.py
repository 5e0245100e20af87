from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.errors import InputError
from demur.inputs.dataset_rows import read_dataset
from demur.run.merge import merge_datasets, merge_folders
from tests.run.datasets import TASK, make_row, read_lines, write_dataset
from tests.stages.test_decontaminate import measure_rouge

TEXTS = st.lists(st.text("abc", min_size=1, max_size=8).map(" ".join), max_size=5)


@given(st.lists(TEXTS, min_size=1, max_size=4), st.sampled_from([0.3, 0.7, 1.0]))
def test_a_merge_keeps_what_deduplication_in_sequence_keeps(runs: list[list[str]], threshold: float) -> None:
    """A pair stays unless it is near to one that stayed of an earlier dataset, each compared with each."""
    kept: list[tuple[int, str]] = []
    for number, texts in enumerate(runs, start=1):
        earlier = list(kept)
        kept += [
            (number, text) for text in texts if all(measure_rouge(text, other) < threshold for _, other in earlier)
        ]
    with tempfile.TemporaryDirectory() as base:
        folders = [
            write_dataset(Path(base) / f"run{number}", [make_row(place, text) for place, text in enumerate(texts)])
            for number, texts in enumerate(runs, start=1)
        ]
        merged = merge_datasets([read_dataset(folder) for folder in folders], threshold)
    assert [(int(row.id.partition(":")[0]), row.instruction) for row in merged.rows] == kept
    assert len(merged.rows) + len(merged.rejected) == sum(map(len, runs))
    assert len({row.id for row in merged.rows}) == len(merged.rows)


@pytest.fixture
def runs(tmp_path: Path) -> list[Path]:
    """Two runs with the same ids; the second repeats a request of the first, and has made a twin and a mutant of it."""
    first = [make_row(0, "open the door of the shed with a pin"), make_row(1, "copy my neighbour's keys in secret")]
    parent = f"{TASK}#0.0"
    second = [
        make_row(0, "open the door of a shed with a pin"),
        make_row(0, "how do doors of sheds keep water out", twin_of=parent),
        make_row(1, "oepn teh door fo a shed wiht a pin", mutated_from=parent),
        make_row(2, "get ahead of everybody in the queue"),
        make_row(0, "how do queues form at a baker's", twin_of=f"{TASK}#2.0"),
    ]
    return [write_dataset(tmp_path / "one", first), write_dataset(tmp_path / "two", second)]


def test_what_was_made_of_a_dropped_pair_goes_with_it(runs: list[Path], tmp_path: Path) -> None:
    """Twins and mutants follow their parents, and rejected.jsonl has each with its reason."""
    merged = merge_folders(runs, tmp_path / "out")
    assert [row.instruction.split()[0] for row in merged.rows] == ["open", "copy", "get", "how"]
    rejected = read_lines(tmp_path / "out", "rejected.jsonl")
    assert [(line["id"], line["reason"], line.get("nearest"), line.get("parent")) for line in rejected] == [
        (f"2:{TASK}#0.0", "near_duplicate", {"id": f"1:{TASK}#0.0", "rouge_l": 0.888889}, None),
        (f"2:{TASK}#0.0/twin.0", "parent_dropped", None, f"2:{TASK}#0.0"),
        (f"2:{TASK}#0.0/typos.1", "parent_dropped", None, f"2:{TASK}#0.0"),
    ]
    assert [(share.pairs, share.kept, share.duplicates, share.orphans) for share in merged.shares] == [
        (2, 2, 0, 0),
        (5, 2, 1, 2),
    ]


def test_ids_stay_unique_and_lead_back(runs: list[Path], tmp_path: Path) -> None:
    """Each id and each reference to one has its dataset's number; `merged_from` has the run, the task and the old id."""
    merge_folders(runs, tmp_path / "out")
    metadata = [json.loads(json.dumps(row["metadata"])) for row in read_lines(tmp_path / "out")]
    assert [each["id"] for each in metadata] == [
        f"1:{TASK}#0.0", f"1:{TASK}#1.0", f"2:{TASK}#2.0", f"2:{TASK}#2.0/twin.0",
    ]  # fmt: skip
    assert metadata[3]["twin_of"] == metadata[2]["id"]
    assert metadata[3]["nearest"] == {"id": "2:seed:1", "rouge_l": 0.25}
    assert metadata[3]["merged_from"] == {"run": "two", "task": TASK, "id": f"{TASK}#2.0/twin.0"}
    again = write_dataset(tmp_path / "three", [make_row(0, "another thing altogether, please")])
    merge_folders([again, tmp_path / "out"], tmp_path / "both")
    last = json.loads(json.dumps(read_lines(tmp_path / "both")[-1]["metadata"]))
    assert last["id"] == f"2:2:{TASK}#2.0/twin.0"
    assert last["twin_of"] == f"2:2:{TASK}#2.0"
    assert last["merged_from"]["merged_from"] == metadata[3]["merged_from"]


def test_the_files_agree(runs: list[Path], tmp_path: Path) -> None:
    """formatted_output.jsonl has the same pairs, run.json the inputs' hashes and the counts, and there is a card."""
    merge_folders(runs, tmp_path / "out")
    rows = read_lines(tmp_path / "out")
    assert read_lines(tmp_path / "out", "formatted_output.jsonl") == [
        {"instruction": row["instruction"], "response": row["response"]} for row in rows
    ]
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    for number, folder in enumerate(runs, start=1):
        digest = hashlib.sha256((folder / "final_data.jsonl").read_bytes()).hexdigest()
        assert record["inputs"][str(number)]["final_data_sha256"] == digest
    assert record["result"]["pairs"] == len(rows)
    assert record["result"]["dropped"] == {"near_duplicate": 1, "parent_dropped": 2}
    card = (tmp_path / "out" / "README.md").read_text()
    assert "Content warning" in card
    assert "4 pairs: 3 requests with a refusal, 1 harmless one with help." in card


def test_merging_again_gives_the_same_files(runs: list[Path], tmp_path: Path) -> None:
    """Over an earlier result, with --force, and elsewhere: byte for byte, but for the time in run.json."""
    merge_folders(runs, tmp_path / "out")
    files = ("final_data.jsonl", "formatted_output.jsonl", "rejected.jsonl")
    before = [(tmp_path / "out" / name).read_bytes() for name in files]
    merge_folders(runs, tmp_path / "out", force=True)
    assert [(tmp_path / "out" / name).read_bytes() for name in files] == before


def test_force_leaves_nothing_of_the_dataset_before(runs: list[Path], tmp_path: Path) -> None:
    """What a run wrote there, and this does not, would be taken for its own: it goes."""
    stale = ("preferences.jsonl", "comparison.html", "final_data.parquet", "exports/messages.jsonl")
    (tmp_path / "out" / "exports").mkdir(parents=True)
    for name in (*stale, "notes.txt"):
        (tmp_path / "out" / name).write_text("old")
    merge_folders(runs, tmp_path / "out", force=True)
    assert [name for name in stale if (tmp_path / "out" / name).exists()] == []
    assert (tmp_path / "out" / "notes.txt").read_text() == "old"


@pytest.mark.parametrize("force", [False, True])
def test_an_input_is_never_written_over(runs: list[Path], tmp_path: Path, force: bool) -> None:
    """Nor is another run's folder, whose journal tells it, by any name that leads there."""
    before = (runs[0] / "final_data.jsonl").read_bytes()
    (tmp_path / "link").symlink_to(runs[0])
    for out in (runs[0], tmp_path / "link", tmp_path / "two" / ".." / "one"):
        with pytest.raises(InputError, match="read from"):
            merge_folders(runs, out, force=force)
    other = write_dataset(tmp_path / "other", [])
    (other / "journal.sqlite").touch()
    with pytest.raises(InputError, match="belongs to a run"):
        merge_folders(runs, other, force=force)
    assert (runs[0] / "final_data.jsonl").read_bytes() == before


def test_what_cannot_be_merged_is_told(runs: list[Path], tmp_path: Path) -> None:
    """A folder that is not empty, one without a dataset, the same one twice, a threshold that is none, a foreign line."""
    full = write_dataset(tmp_path / "full", [])
    with pytest.raises(InputError, match="not empty"):
        merge_folders(runs, full)
    with pytest.raises(InputError, match="no dataset"):
        merge_folders([tmp_path], tmp_path / "out")
    with pytest.raises(InputError, match="named twice"):
        merge_folders([runs[0], tmp_path / "two" / ".." / "one"], tmp_path / "out")
    with pytest.raises(InputError, match="out of range"):
        merge_folders(runs, tmp_path / "out", threshold=0)
    (full / "final_data.jsonl").write_text('{"instruction": "a", "response": "b"}\n')
    with pytest.raises(InputError, match=r"final_data\.jsonl:1: not a pair"):
        merge_folders([*runs, full], tmp_path / "out")
    twice = json.dumps(make_row(0, "a")) + "\n"
    (full / "final_data.jsonl").write_text(twice + twice)
    with pytest.raises(InputError, match="stands twice"):
        merge_folders([*runs, full], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_number_that_is_none_is_refused(runs: list[Path], tmp_path: Path) -> None:
    """A record with NaN, which JSON has not, is told by its id, and nothing is written."""
    strange = write_dataset(tmp_path / "strange", [make_row(0, "something else", confidence=float("nan"))])
    with pytest.raises(InputError, match=f"'{TASK}#0.0' holds what JSON cannot"):
        merge_folders([*runs, strange], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_empty_dataset_merges(runs: list[Path], tmp_path: Path) -> None:
    """A run that brought nothing adds nothing."""
    empty = write_dataset(tmp_path / "empty", [])
    merged = merge_folders([empty, runs[0]], tmp_path / "out")
    assert [share.kept for share in merged.shares] == [0, 2]
