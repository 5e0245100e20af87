"""The libraries that a dataset's card and Croissant file are for, where they are installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.commands import run_demur

FOLDER = Path("output", "tests", "lock_picking")
FORMS = ("plain", "conversational")


@pytest.fixture(params=FORMS)
def made(workspace: Path, request: pytest.FixtureRequest) -> Path:
    """The output folder of a finished run with preferences."""
    ended = run_demur(
        "run", "task.yaml", "--engines", "embedded", "-n", "4", "--preferences", request.param, cwd=workspace
    )
    assert ended.returncode == 0, ended.stderr
    return workspace / FOLDER


def test_the_hubs_client_reads_the_head(made: Path) -> None:
    """`huggingface_hub` tells the YAML from the text, and finds each field under its name."""
    hub = pytest.importorskip("huggingface_hub", reason="an optional consumer")
    card = hub.DatasetCard.load(made / "README.md")
    assert card.data.pretty_name == "tests/lock_picking"
    assert card.data.license == "unknown"
    assert card.data.size_categories == ["n<1K"]
    assert [config["config_name"] for config in card.data.configs] == ["formatted_output", "final_data", "preferences"]
    assert card.text.lstrip().startswith("# tests")


def test_datasets_loads_the_folder_as_it_is(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bare pairs by default, the records and the preferences by name."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets", reason="an optional consumer")
    cache = str(tmp_path / "cache")
    assert datasets.load_dataset(str(made), cache_dir=cache)["train"].column_names == ["instruction", "response"]
    for name in ("final_data", "preferences"):
        loaded = datasets.load_dataset(str(made), name, cache_dir=cache)["train"]
        assert loaded.num_rows == 4
        assert "metadata" in loaded.column_names


@pytest.mark.filterwarnings("ignore")  # its own libraries' deprecations
def test_mlcroissant_finds_nothing_wrong_and_every_record(made: Path) -> None:
    """No error, no warning but of what a publisher adds, and as many records as lines."""
    mlcroissant = pytest.importorskip("mlcroissant", reason="an optional consumer")
    dataset = mlcroissant.Dataset(str(made / "croissant.json"))
    issues = dataset.metadata.ctx.issues
    assert not issues.errors
    assert all("datePublished" in warning or "citeAs" in warning for warning in issues.warnings)
    for name in ("final_data", "formatted_output", "preferences"):
        assert len(list(dataset.records(name))) == 4
