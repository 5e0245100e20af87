from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from demur.errors import InputError
from demur.inputs.dataset_rows import read_dataset
from demur.inputs.evaluation_sets import Decontaminate, name_sets, read_evaluation_set
from demur.run.decontaminate import decontaminate_dataset, decontaminate_folder
from tests.run.datasets import TASK, make_row, read_lines, write_dataset
from tests.run.world import World, read_output, run_world

FILES = ("final_data.jsonl", "formatted_output.jsonl", "rejected.jsonl")


def add_to_task(workspace: Path, text: str) -> None:
    task = workspace / "task.yaml"
    task.write_text(task.read_text() + text)


async def make_evaluation_set(workspace: Path, *places: int) -> list[str]:
    """Some of what the workspace's task makes, as an evaluation set beside it."""
    await run_world(workspace, World(), outputs=12, output_dir=workspace / "before")
    made = [json.loads(line)["instruction"] for line in read_output(workspace, output="before").splitlines()]
    texts = [made[place] for place in places]
    (workspace / "eval.jsonl").write_text("".join(json.dumps({"question": text}) + "\n" for text in texts))
    return texts


def read_rows(workspace: Path, name: str = "final_data.jsonl", output: str = "output") -> list[dict[str, Any]]:
    return [json.loads(line) for line in read_output(workspace, name, output).splitlines()]


async def test_drafts_near_to_an_evaluation_set_are_dropped_before_a_guard_is_asked(workspace: Path) -> None:
    """They stand in rejected.jsonl with the place that they are near to; the task fills up with others."""
    texts = await make_evaluation_set(workspace, 0, 3, 7)
    add_to_task(workspace, "decontaminate: {against: ['eval.jsonl:question']}\n")
    world = World()
    result = await run_world(workspace, world, outputs=12)
    assert result.exit_code == 0
    assert len(read_rows(workspace)) == 12
    assert not {row["instruction"] for row in read_rows(workspace)} & set(texts)
    dropped = [row for row in read_rows(workspace, "rejected.jsonl") if row["reason"] == "contaminated"]
    found = {row["instruction"]: row["contamination"] for row in dropped}
    for line, text in enumerate(texts, start=1):
        assert found[text][0] == {"set": "eval.jsonl", "place": f"eval.jsonl:{line}", "score": 1.0, "method": "ngram"}
    assert {row["stage"] for row in dropped} == {"dedupe"}
    judged = [str(request.ask.instruction) for request in world.answered if hasattr(request.ask, "instruction")]
    assert not set(texts) & set(judged)


async def test_the_record_has_the_sets_by_hash_and_the_hits(workspace: Path) -> None:
    """run.json says what was compared with what and how, and how many drafts each set cost; counts agree."""
    await make_evaluation_set(workspace, 1, 2)
    (workspace / "other.csv").write_text("prompt\nnothing that anybody would ever ask for here\n")
    add_to_task(workspace, "decontaminate: {against: ['eval.jsonl', other.csv], threshold: 0.8}\n")
    result = await run_world(workspace, World(), outputs=12)
    record = json.loads(read_output(workspace, "run.json"))
    digest = hashlib.sha256((workspace / "eval.jsonl").read_bytes()).hexdigest()
    first = record["decontamination"]["against"][0]
    assert (first["set"], first["sha256"], first["field"], first["texts"]) == ("eval.jsonl", digest, "question", 2)
    assert record["decontamination"]["ngram"] == 13
    assert record["inputs"]["evaluation_0"]["sha256"] == digest
    dropped = [row for row in read_rows(workspace, "rejected.jsonl") if row["reason"] == "contaminated"]
    assert record["result"]["contamination"] == {"eval.jsonl": len(dropped), "other.csv": 0}
    assert record["result"]["stages"]["dedupe"]["dropped"]["contaminated"] == len(dropped)
    assert result.summaries[0].contamination == {"eval.jsonl": len(dropped), "other.csv": 0}


async def test_flagged_pairs_stay_and_say_so(workspace: Path) -> None:
    """With `flag` the pairs are those of a run without the key, and only what hits has the note."""
    texts = await make_evaluation_set(workspace, 0, 3, 7)
    add_to_task(workspace, "decontaminate: {against: [eval.jsonl], action: flag, method: [rouge_l]}\n")
    result = await run_world(workspace, World(), outputs=12)
    said = "3 pairs are near to an evaluation set, and only flagged: `metadata.contamination` says why."
    assert said in result.summaries[0].warnings
    assert read_output(workspace, "report.html").decode().count(said) == 1
    rows = read_rows(workspace)
    assert [row["instruction"] for row in rows] == [row["instruction"] for row in read_rows(workspace, output="before")]
    noted = {row["instruction"]: row["metadata"].pop("contamination", None) for row in rows}
    assert {text for text, note in noted.items() if note} == set(texts)
    assert noted[texts[2]] == [{"set": "eval.jsonl", "place": "eval.jsonl:3", "score": 1.0, "method": "rouge_l"}]
    assert rows == read_rows(workspace, output="before")
    assert json.loads(read_output(workspace, "run.json"))["result"]["contamination"] == {"eval.jsonl": 3}


async def test_the_concurrency_makes_no_difference(workspace: Path) -> None:
    """Concurrency 1, 8 and 64, replies in a shuffled order, twins and mutants with them: byte-identical files."""
    await make_evaluation_set(workspace, 0, 2, 3, 5)
    add_to_task(workspace, "contrast: true\nmutate: [typos, past_tense]\nreplies: {check: false}\n")
    add_to_task(workspace, "decontaminate: {against: [eval.jsonl], threshold: 0.4, ngram: 8}\n")
    files = []
    for concurrency in (1, 8, 64):
        output = f"out{concurrency}"
        options = {"outputs": 20, "concurrency": concurrency, "output_dir": workspace / output}
        assert (await run_world(workspace, World(jitter_s=0.002), **options)).exit_code == 0
        files.append([read_output(workspace, name, output) for name in FILES])
    assert files[0] == files[1] == files[2]
    assert b'"contaminated"' in files[0][2]


async def test_a_set_that_comes_later_is_applied_to_replies_that_are_there(workspace: Path) -> None:
    """A finished run, repeated with the key, asks only for what takes the dropped ones' places, and ends as if it were new."""
    await make_evaluation_set(workspace, 1, 4)
    first = World()
    await run_world(workspace, first, outputs=12)
    add_to_task(workspace, "decontaminate: {against: [eval.jsonl]}\n")
    again = World()
    await run_world(workspace, again, outputs=12)
    assert len(again.answered) < len(first.answered) / 2
    await run_world(workspace, World(), outputs=12, output_dir=workspace / "new")
    assert [read_output(workspace, name) for name in FILES] == [read_output(workspace, name, "new") for name in FILES]


async def test_twins_and_mutants_are_compared_too(workspace: Path) -> None:
    """One that is near to a set is dropped where it was made, and its next attempt is tried."""
    add_to_task(workspace, "contrast: true\nmutate: [past_tense]\nreplies: {check: false}\n")
    await run_world(workspace, World(), outputs=16, output_dir=workspace / "before")
    made = [row for row in read_rows(workspace, output="before") if "/" in row["metadata"]["id"].partition("#")[2]]
    texts = {
        kind: next(row["instruction"] for row in made if kind in row["metadata"]) for kind in ("twin_of", "mutation")
    }
    (workspace / "eval.json").write_text(json.dumps(list(texts.values())))
    add_to_task(workspace, "decontaminate: {against: [eval.json], method: [rouge_l], threshold: 1}\n")
    await run_world(workspace, World(), outputs=16)
    dropped = {row["stage"]: row for row in read_rows(workspace, "rejected.jsonl") if row["reason"] == "contaminated"}
    assert dropped["twin"]["instruction"] == texts["twin_of"]
    assert dropped["mutate"]["instruction"] == texts["mutation"]
    assert dropped["mutate"]["contamination"][0]["place"] == "eval.json#2"
    assert not {row["instruction"] for row in read_rows(workspace)} & set(texts.values())
    assert json.loads(read_output(workspace, "run.json"))["result"]["contamination"] == {"eval.json": 2}


async def test_seeds_near_to_a_set_are_warned_of(workspace: Path) -> None:
    """They are used all the same: the warning names them."""
    (workspace / "eval.yaml").write_text("- {text: Open the lock of my neighbour's garden shed without the key.}\n")
    add_to_task(workspace, "decontaminate: {against: [eval.yaml]}\n")
    result = await run_world(workspace, World(), outputs=2)
    [said] = [said for said in result.summaries[0].warnings if "seeds" in said]
    assert said == "1 of 4 seeds is near to an evaluation set, and was used all the same: seed:1"


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Two requests, of which the first has a twin."""
    rows = [
        make_row(0, "open the door of the shed with a pin"),
        make_row(0, "how do sheds keep water out", twin_of=f"{TASK}#0.0"),
        make_row(1, "copy the keys of my neighbour in secret"),
    ]
    (tmp_path / "eval.csv").write_text('"goal",n\n"Copy the keys!",1\n"Open the door of a shed, with a pin.",2\n')
    return write_dataset(tmp_path / "run", rows)


def test_a_finished_dataset_is_cleaned(dataset: Path, tmp_path: Path) -> None:
    """A hit goes, with its twin; the rest is written as it stood, and rejected.jsonl has the reasons."""
    found = read_evaluation_set(tmp_path / "eval.csv")
    settings = Decontaminate(against=("eval.csv",))
    result = decontaminate_folder(dataset, [found], settings, tmp_path / "out")
    assert [row.id for row in result.rows] == [f"{TASK}#1.0"]
    kept = (tmp_path / "out" / "final_data.jsonl").read_bytes()
    assert kept == (dataset / "final_data.jsonl").read_bytes().splitlines(keepends=True)[2]
    rejected = read_lines(tmp_path / "out", "rejected.jsonl")
    assert [(line["id"], line["reason"]) for line in rejected] == [
        (f"{TASK}#0.0", "contaminated"),
        (f"{TASK}#0.0/twin.0", "parent_dropped"),
    ]
    hit = {"set": "eval.csv", "place": "eval.csv:3", "score": 0.888889, "method": "rouge_l"}
    assert rejected[0]["contamination"] == [hit]
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert record["result"]["dropped"] == {"contaminated": 1, "parent_dropped": 1}
    [told] = record["result"]["sets"]
    assert (told["hits"], told["texts"], told["field"]) == (1, 2, "goal")
    assert told["sha256"] == hashlib.sha256((tmp_path / "eval.csv").read_bytes()).hexdigest()
    assert told["examples"] == [{"id": f"{TASK}#0.0", "place": "eval.csv:3", "score": 0.888889, "method": "rouge_l"}]


def test_flagging_changes_the_hits_alone(dataset: Path, tmp_path: Path) -> None:
    """All pairs stay; what was no hit is byte for byte what it was."""
    settings = Decontaminate(against=("eval.csv",), action="flag")
    sets = [read_evaluation_set(tmp_path / "eval.csv")]
    decontaminate_folder(dataset, sets, settings, tmp_path / "out")
    before = (dataset / "final_data.jsonl").read_bytes().splitlines()
    after = (tmp_path / "out" / "final_data.jsonl").read_bytes().splitlines()
    assert before[1:] == after[1:]
    flagged = json.loads(after[0])
    assert [hit["place"] for hit in flagged["metadata"].pop("contamination")] == ["eval.csv:3"]
    assert flagged == json.loads(before[0])


def test_without_a_place_nothing_is_written(dataset: Path, tmp_path: Path) -> None:
    """It only tells; and into the dataset's own folder it never writes."""
    before = sorted(path.name for path in tmp_path.rglob("*"))
    sets, settings = [read_evaluation_set(tmp_path / "eval.csv")], Decontaminate(against=("eval.csv",))
    assert decontaminate_folder(dataset, sets, settings).describe()["hits"] == 1
    with pytest.raises(InputError, match="read from"):
        decontaminate_folder(dataset, sets, settings, dataset, force=True)
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


def test_hits_are_counted_by_set(dataset: Path, tmp_path: Path) -> None:
    """A pair that two methods find counts once for the set, by its higher score; a set without hits has none."""
    (tmp_path / "same.json").write_text(json.dumps(["open the door of the shed with a pin"]))
    (tmp_path / "far.json").write_text(json.dumps(["nothing alike"]))
    sets = [read_evaluation_set(tmp_path / name) for name in ("same.json", "far.json")]
    settings = Decontaminate(against=("same.json", "far.json"), ngram=8)
    found = decontaminate_dataset(read_dataset(dataset), sets, settings)
    assert [(each.source.name, each.hits, len(each.examples)) for each in found.sets] == [
        ("same.json", 1, 1),
        ("far.json", 0, 0),
    ]
    assert len(found.hits[f"{TASK}#0.0"]) == 2


def test_places_tell_sets_of_one_file_name_apart(tmp_path: Path, dataset: Path) -> None:
    """By the path that their names have then too; one that stands alone is told by its file's name."""
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "same.json").write_text(json.dumps(["open the door of the shed with a pin"]))
    paths = [tmp_path / folder / "same.json" for folder in ("a", "b")]
    settings = Decontaminate(against=("same.json",), method=("rouge_l",))
    both = decontaminate_dataset(
        read_dataset(dataset), name_sets([read_evaluation_set(path) for path in paths]), settings
    )
    assert [hit.place for hit in both.hits[f"{TASK}#0.0"]] == [f"{path}#1" for path in paths]
    one = decontaminate_dataset(read_dataset(dataset), name_sets([read_evaluation_set(paths[0])]), settings)
    assert [hit.place for hit in one.hits[f"{TASK}#0.0"]] == ["same.json#1"]
