"""Pushing to a hub on this machine, through huggingface_hub itself."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from demur.cli.main import main
from demur.errors import (
    CredentialsRejected,
    DemurError,
    EngineUnavailable,
    ExtraMissing,
    InputError,
    RateLimited,
    ServerFault,
)
from demur.run import push
from demur.run.push import check_repository, push_dataset
from tests.servers.dataset_hub import TOKEN, DatasetHub, Repository

NAME = "somebody/refusals"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DatasetHub]:
    """A hub that huggingface_hub is pointed at, with a token that may write."""
    from huggingface_hub import constants

    with DatasetHub() as hub:
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", True)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        yield hub


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run's folder with four pairs."""
    run = tmp_path / "run"
    run.mkdir()
    lines = [json.dumps({"instruction": f"request {word}", "response": f"no {word}", "metadata": {"id": word}})
             for word in ("one two", "three four", "five six", "seven eight")]  # fmt: skip
    (run / "final_data.jsonl").write_text("\n".join(lines))
    return run


def export(folder: Path, *more: str) -> int:
    return main(["export", str(folder), "--to", "messages", "--push-to-hub", NAME, *more])


def test_a_dataset_is_pushed_in_one_commit_and_private(
    hub: DatasetHub, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The repository is made private, and holds what was written here, byte for byte, and nothing else."""
    assert export(folder, "--split", "train=0.5,test=0.5") == 0
    repository = hub.repositories[NAME]
    here = folder / "exports" / "messages"
    assert repository.private
    assert repository.files == {
        name: (here / name).read_bytes() for name in ("README.md", "data/train.parquet", "data/test.parquet")
    }
    assert hub.commits == 1
    said = capsys.readouterr().out
    assert f"pushed to {hub.url}/datasets/{NAME}, private" in said
    assert TOKEN not in said


def test_pushed_again_it_holds_no_file_of_before(hub: DatasetHub, folder: Path) -> None:
    """A split that is no more is removed from the hub; files that others put there stay."""
    assert export(folder, "--split", "train=0.5,test=0.5") == 0
    hub.repositories[NAME].files["LICENSE"] = b"mine"
    assert export(folder) == 0
    assert set(hub.repositories[NAME].files) == {"README.md", "data/train.parquet", "LICENSE"}


def test_public_only_on_demand(hub: DatasetHub, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--public` makes a public repository; without it nothing is uploaded to one that is public already."""
    hub.repositories[NAME] = Repository(private=False)
    assert export(folder) == 2
    assert "is public, and nothing was uploaded" in capsys.readouterr().err
    assert hub.repositories[NAME].files == {}
    assert export(folder, "--public") == 0
    del hub.repositories[NAME]
    assert export(folder, "--public", "--json") == 0
    assert not hub.repositories[NAME].private


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, CredentialsRejected), (403, CredentialsRejected), (404, CredentialsRejected), (429, RateLimited), (501, ServerFault),
     (400, InputError)],
)  # fmt: skip
def test_what_the_hub_refuses_is_told(
    hub: DatasetHub, folder: Path, status: int, error: type[DemurError], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each refusal is an error of demur's that names the hub or the repository, and no token."""
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None)
    hub.status = status
    with pytest.raises(error) as found:
        push_dataset(folder, NAME, public=False)
    assert hub.url in str(found.value)
    assert TOKEN not in str(found.value) + found.value.hint


def test_what_the_hub_says_of_the_card_is_told(hub: DatasetHub, folder: Path) -> None:
    """A front matter that the hub does not take is an input error with the hub's words."""
    hub.complaint = "license must be one of these"
    with pytest.raises(InputError, match="license must be one of these"):
        export_and_push(folder)


def export_and_push(folder: Path) -> None:
    (folder / "README.md").write_text("---\nlicense: nonsense\n---\n# A card\n")
    push_dataset(folder, NAME, public=False)


def test_a_hub_that_is_not_there_is_told(hub: DatasetHub, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing listens: the dataset stays here, and the hint says so."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(EngineUnavailable, match=r"127\.0\.0\.1:9 cannot be reached"):
        push_dataset(folder, NAME, public=False)


def test_without_a_token_the_hint_names_it(hub: DatasetHub, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No token at all: HF_TOKEN is named."""
    monkeypatch.delenv("HF_TOKEN")
    assert "HF_TOKEN" not in os.environ
    with pytest.raises(CredentialsRejected) as found:
        push_dataset(folder, NAME, public=False)
    assert "HF_TOKEN" in found.value.hint


@pytest.mark.parametrize("name", ["refusals", "a/b/c", "a/../b", "/b", "a/", "a b/c", "-a/b", "a/b--c"])
def test_a_name_that_is_no_repository_is_refused(name: str) -> None:
    """Only OWNER/NAME goes to the hub."""
    with pytest.raises(InputError, match="is no repository"):
        check_repository(name)


def test_a_missing_package_is_told_before_anything_is_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without huggingface_hub the command names the extra, and writes nothing."""
    monkeypatch.setattr(push, "find_spec", lambda name: None)
    with pytest.raises(ExtraMissing):
        check_repository(NAME)
    assert export(folder) == 4
    assert "demur[hub]" in capsys.readouterr().err
    assert not (folder / "exports").exists()
