"""The card of a dataset that is made of datasets, and what it takes over from them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from markdown_it import MarkdownIt

from demur.inputs.evaluation_sets import Decontaminate, read_evaluation_set
from demur.outputs.source_record import SourceRecord, read_source
from demur.run.decontaminate import decontaminate_folder
from demur.run.merge import merge_folders
from demur.run.sample import SampleRequest, sample_folder
from tests.run.datasets import make_row, write_dataset


def read_card(folder: Path) -> tuple[dict[str, Any], str]:
    front, _, body = (folder / "README.md").read_text().removeprefix("---\n").partition("\n---\n")
    return yaml.safe_load(front), body


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Two datasets, and an evaluation set that the first request of `one` is from."""
    monkeypatch.chdir(tmp_path)
    texts = ["open the door of the shed with a pin", "copy the keys of my neighbour in secret"]
    one = write_dataset(Path("one"), [make_row(number, text) for number, text in enumerate(texts)])
    two = write_dataset(Path("two"), [make_row(0, "climb through that window at night")])
    Path("eval.csv").write_text('goal\n"Open the door of a shed, with a pin."\n')
    return one, two


def clean(folder: Path, out: str, action: str = "remove") -> Path:
    settings = Decontaminate.model_validate({"against": ("eval.csv",), "action": action})
    decontaminate_folder(folder, [read_evaluation_set(Path("eval.csv"))], settings, Path(out))
    return Path(out)


def publish(folder: Path, **said: object) -> None:
    (folder / "run.json").write_text(json.dumps({"languages": ["en"], "card": said}))


def test_it_loads_as_a_dataset(runs: tuple[Path, Path]) -> None:
    """The front matter names what `load_dataset` is to read, and never `rejected.jsonl`."""
    merge_folders(runs, Path("all"))
    front, body = read_card(Path("all"))
    assert [config["config_name"] for config in front["configs"]] == ["formatted_output", "final_data"]
    assert front["size_categories"] == ["n<1K"]
    assert "rejected" not in json.dumps(front)
    assert "Content warning" in body


def test_each_tells_the_command_that_makes_it_again(runs: tuple[Path, Path]) -> None:
    """With every setting, defaults too; the record has the same words."""
    merge_folders(runs, Path("all"), threshold=0.5)
    sample_folder(Path("all"), Path("few"), SampleRequest(count=1, by=("mode",), seed=7, keep_twins=True))
    for folder, command in (
        ("all", "demur merge one two -o all --threshold 0.5"),
        ("few", "demur sample all -n 1 --by mode --seed 7 --keep-twins -o few"),
        (str(clean(runs[0], "clean")), "demur decontaminate one --against eval.csv:goal --method ngram rouge_l --ngram 13 "
                                       "--threshold 0.7 --action remove -o clean"),
    ):  # fmt: skip
        assert command in read_card(Path(folder))[1].splitlines()
        assert json.loads((Path(folder) / "run.json").read_text())["command_line"] == command


@pytest.mark.parametrize("action", ["remove", "flag"])
def test_a_decontaminated_dataset_says_so(runs: tuple[Path, Path], action: str) -> None:
    """Sets by name and hash, how they were compared, how many hit, and what became of them."""
    body = read_card(clean(runs[0], "out", action))[1]
    [digest] = [source["sha256"] for source in json.loads(Path("out/run.json").read_text())["result"]["sets"]]
    assert "13 words in a row" in body
    assert "ROUGE-L F1 of 0.7" in body
    assert f"| eval.csv | 1 | 1 | {digest} |" in body
    assert ("was left out." in body) == (action == "remove")
    assert ("flagged" in body) == (action == "flag")


def test_what_is_made_of_it_says_of_which_part_that_is_true(runs: tuple[Path, Path]) -> None:
    """A merge of a decontaminated dataset with another, and a sample of that merge: only the first part was compared."""
    merge_folders([clean(runs[0], "clean"), runs[1]], Path("all"))
    body = read_card(Path("all"))[1]
    assert "came from “clean” were compared with evaluation sets" in body
    assert "came from “two” were compared with none" in body
    sample_folder(Path("all"), Path("few"), SampleRequest(count=1))
    [found] = read_source(Path("few")).comparisons
    assert (found.source, found.sets[0].name, found.sets[0].hits) == ("clean", "eval.csv", 1)
    body = read_card(Path("few"))[1]
    assert "came from “clean” were compared with evaluation sets" in body
    assert "from “all”" not in body


@pytest.mark.parametrize(
    ("sources", "whole"),
    [
        (("embedded:embedded-1", "embedded:embedded-1", "rules:garble-1"), True),
        (("embedded:embedded-1", "openai:some-model", "embedded:embedded-1"), False),
        (("rules:garble-1", "openai:some-model", "openai:some-model"), None),
    ],
)
def test_it_says_how_much_of_it_is_synthetic(tmp_path: Path, sources: tuple[str, ...], whole: bool | None) -> None:
    """All of it, some of it, or none; what rules made of other texts changes nothing. The report says the same."""
    by = {"engine": "embedded", "model": "embedded-1"}
    rows = [make_row(number, f"open lock number {number}", response_by=by if whole else None) for number in range(3)]
    folder = write_dataset(
        tmp_path / "one", [row | {"source": source} for row, source in zip(rows, sources, strict=True)]
    )
    merge_folders([folder], tmp_path / "out")
    body, page = read_card(tmp_path / "out")[1], (tmp_path / "out" / "report.html").read_text()
    assert ("Made with the embedded engine" in body) == (whole is not None)
    assert ("Of some of it this is true" in body) == (whole is False)
    assert ("Made with the embedded engine" in page) == (whole is True)
    assert ("Some of it was made with the embedded engine" in page) == (whole is False)


def test_a_single_pair_is_told_in_the_singular(tmp_path: Path) -> None:
    """One pair, one request, no harmless ones; and rules are no model, so that they have no licence of their own."""
    by = {"engine": "rules", "model": "garble-1"}
    folder = write_dataset(tmp_path / "one", [make_row(0, "open the lock", instruction_by=by)])
    merge_folders([folder], tmp_path / "out")
    body = read_card(tmp_path / "out")[1]
    assert "1 pair: 1 request with a refusal, 0 harmless ones with help." in body
    assert "| garble\\-1 | no model |" in body


def test_a_licence_is_taken_over_where_all_agree(runs: tuple[Path, Path]) -> None:
    """Creators of all of them; one licence if it is the same, else none."""
    publish(runs[0], license="mit", creators=["Ada"])
    publish(runs[1], license="mit", creators=["Ada", {"name": "Lab", "type": "organization"}])
    merge_folders(runs, Path("same"))
    front, body = read_card(Path("same"))
    assert (front["license"], front["language"]) == ("mit", ["en"])
    assert body.count("- Creator: Ada") == 1
    assert "- Creator: Lab (organization)" in body
    publish(runs[1], license="apache-2.0")
    merge_folders(runs, Path("other"))
    assert read_card(Path("other"))[0]["license"] == "unknown"


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"card": {"url": "javascript:x"}, "inputs": 3}', '{"decontamination": 4}']
)
def test_a_record_that_is_damaged_says_little(tmp_path: Path, text: str) -> None:
    """The pairs are what counts: a merge does not fail for it."""
    (tmp_path / "run.json").write_text(text)
    found = read_source(tmp_path)
    assert (found.card, found.languages) == (SourceRecord().card, ())


def test_what_a_record_says_stays_text(runs: tuple[Path, Path]) -> None:
    """Names are escaped; what should be a hash, a language or an address and is none is left out."""
    bad = "| <script>x</script> [a](http://x.invalid)\n# Big"
    said = {"set": bad, "sha256": bad, "texts": 1, "hits": 1}
    record = {
        "languages": [bad, "de"],
        "card": {"license": bad, "creators": [bad]},
        "command": "decontaminate",
        "settings": {"method": [bad], "ngram": 13, "threshold": 0.7, "action": bad},
        "result": {"sets": [said]},
    }
    for folder in runs:
        (folder / "run.json").write_text(json.dumps(record))
    merge_folders(runs, Path("all"))
    front, body = read_card(Path("all"))
    assert front["language"] == ["de"]
    assert front["license"] == "other"
    shown = MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(body)
    assert "<script" not in shown
    assert 'x.invalid"' not in shown
    assert shown.count("<h1") == 1
    assert "| unknown |" in body
