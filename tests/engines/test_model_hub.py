from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

from demur.engines import model_hub
from demur.engines.model_files import HubModel, find_model
from demur.engines.model_hub import Needed, fetch, require_space, survey
from demur.errors import (
    CredentialsRejected,
    DemurError,
    EngineUnavailable,
    ExtraMissing,
    ModelNotFound,
    OutputFault,
    RateLimited,
    ReplyUnreadable,
    ServerFault,
)
from tests.servers.hub import COMMIT, Hub

REPO = "owner/model-GGUF"
BYTES = bytes(range(256)) * 20_000
SPLIT = {"S-Q8_0-00001-of-00002.gguf": b"first" * 1000, "S-Q8_0-00002-of-00002.gguf": b"second" * 1000}
MODEL = HubModel("owner", "model-GGUF")


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub that huggingface_hub is pointed at, with an empty cache and nobody logged in."""
    from huggingface_hub import constants

    repositories = {
        REPO: {"README.md": b"# A model", "m-Q4_K_M.gguf": BYTES, "m-Q5_K_M.gguf": b"five", **SPLIT},
        "owner/gated": {"g-Q4_K_M.gguf": b"gated"},
        "owner/empty": {"README.md": b"nothing"},
        "owner/torn": {"t-Q4_K_M-00001-of-00002.gguf": b"torn"},
        "owner/twice": {"a-Q4_K_M.gguf": b"a", "b-Q4_K_M.gguf": b"b"},
    }
    with Hub(repositories, gated=frozenset({"owner/gated"})) as hub:
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        monkeypatch.setattr(
            constants, "HUGGINGFACE_CO_URL_TEMPLATE", hub.url + "/{repo_id}/resolve/{revision}/{filename}"
        )
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", True)  # else it asks more, for its own statistics
        monkeypatch.delenv("HF_TOKEN", raising=False)
        monkeypatch.setattr(model_hub, "PAUSE_S", 0.0)
        yield hub


def get(model: HubModel = MODEL, *, token: str | None = None) -> Path:
    return fetch(survey(model, token=token), lambda _: None, token=token)


def partials(tmp_path: Path) -> list[Path]:
    return list(tmp_path.rglob("*.incomplete"))


def test_a_survey_says_what_how_large_and_where_to(hub: Hub, tmp_path: Path) -> None:
    """Asking costs one request, names files and sizes, and downloads nothing."""
    needed = survey(HubModel("owner", "model-GGUF", "q8_0"))
    assert [(file.name, file.size_bytes, file.have_bytes) for file in needed.files] == [
        ("S-Q8_0-00001-of-00002.gguf", 5000, 0),
        ("S-Q8_0-00002-of-00002.gguf", 6000, 0),
    ]
    assert (needed.size_bytes, needed.missing_bytes) == (11_000, 11_000)
    assert needed.folder == tmp_path / "hub" / "models--owner--model-GGUF"
    assert (needed.revision, needed.endpoint) == (COMMIT, hub.url)
    assert [each.path for each in hub.asked] == [f"/api/models/{REPO}?blobs=true"]
    assert not needed.folder.exists()


def test_a_fetched_model_is_found_by_demur_and_by_the_hubs_own_programs(hub: Hub) -> None:
    """The file is whole, in the Hub's cache in the Hub's own layout, and the way to it was shown."""
    from huggingface_hub import try_to_load_from_cache

    seen: list[int] = []
    path = fetch(survey(MODEL), seen.append)
    assert path.read_bytes() == BYTES
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (0, len(BYTES))
    assert find_model(str(MODEL)) == path
    assert try_to_load_from_cache(REPO, "m-Q4_K_M.gguf") == str(path)
    assert len(hub.list_downloads()) == 1
    again = survey(MODEL)
    assert again.missing_bytes == 0
    assert fetch(again, seen.append) == path
    assert len(hub.list_downloads()) == 1


def test_all_parts_of_a_model_are_fetched_and_the_first_is_named(hub: Hub) -> None:
    """A split model is whole or not there; its bytes are counted through."""
    seen: list[int] = []
    path = fetch(survey(HubModel("owner", "model-GGUF", "Q8_0")), seen.append)
    assert path.name == "S-Q8_0-00001-of-00002.gguf"
    assert {each.name: each.read_bytes() for each in path.parent.iterdir()} == SPLIT
    assert seen == sorted(seen)
    assert seen[-1] == 11_000


def test_a_broken_connection_is_taken_up_where_it_broke(hub: Hub) -> None:
    """Within one download, each new try asks for the rest only."""
    hub.break_after = [1_000_000, 2_000_000, 500_000]
    assert get().read_bytes() == BYTES
    assert [each.range for each in hub.list_downloads()] == [
        "",
        "bytes=1000000-",
        "bytes=3000000-",
        "bytes=3500000-",
    ]


def test_a_download_goes_on_in_the_next_command(hub: Hub, tmp_path: Path) -> None:
    """What came before an interruption is kept, counted as there, and not asked for again."""
    needed = survey(MODEL)

    def interrupt(have: int) -> None:
        if have >= 2_000_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(needed, interrupt)
    [partial] = partials(tmp_path)
    kept = partial.stat().st_size
    assert 2_000_000 <= kept < len(BYTES)
    with pytest.raises(ModelNotFound):
        find_model(str(MODEL))
    again = survey(MODEL)
    assert (again.files[0].have_bytes, again.missing_bytes) == (kept, len(BYTES) - kept)
    assert fetch(again, lambda _: None).read_bytes() == BYTES
    assert hub.list_downloads()[-1].range == f"bytes={kept}-"
    assert partials(tmp_path) == []


def test_a_download_that_gains_nothing_ends_and_keeps_what_came(hub: Hub, tmp_path: Path) -> None:
    """After several tries without a byte the error says how far it is; later the rest comes."""
    hub.break_after = [1_000_000] + [0] * model_hub.TRIES
    with pytest.raises(EngineUnavailable, match=r"broke off at 1\.0 MB of 5\.1 MB") as error:
        get()
    assert "goes on from there" in error.value.hint
    assert [path.stat().st_size for path in partials(tmp_path)] == [1_000_000]
    assert get().read_bytes() == BYTES


def test_two_at_once_download_once(hub: Hub) -> None:
    """The one waits for the other, and finds the file there."""
    needed = survey(MODEL)
    with ThreadPoolExecutor(2) as pool:
        paths = list(pool.map(lambda _: fetch(needed, lambda _: None), range(2)))
    assert paths[0] == paths[1]
    assert paths[0].read_bytes() == BYTES
    assert len(hub.list_downloads()) == 1


def test_a_server_without_ranges_is_let_begin_anew(hub: Hub) -> None:
    """A whole answer to a request for the rest replaces what is there."""
    hub.ranges = False
    hub.break_after = [1_000_000]
    assert get().read_bytes() == BYTES
    assert [each.range for each in hub.list_downloads()] == ["", "bytes=1000000-"]


def test_too_much_is_thrown_away(hub: Hub) -> None:
    """A kept part that is longer than the file cannot be of it."""
    needed = survey(MODEL)
    hub.break_after = [100] + [0] * model_hub.TRIES
    with pytest.raises(EngineUnavailable):
        fetch(needed, lambda _: None)
    [partial] = needed.folder.rglob("*.incomplete")
    partial.write_bytes(BYTES + b"more")
    assert get().read_bytes() == BYTES


def test_a_damaged_file_takes_no_place(hub: Hub, tmp_path: Path) -> None:
    """Bytes that do not have the named checksum are thrown away, and the next try begins anew."""
    hub.damage = True
    with pytest.raises(ReplyUnreadable, match=r"m-Q4_K_M\.gguf came damaged"):
        get()
    assert partials(tmp_path) == []
    assert not list((tmp_path / "hub").rglob("*.gguf"))
    hub.damage = False
    assert get().read_bytes() == BYTES


def test_a_quantisation_that_is_not_there_lists_those_that_are(hub: Hub) -> None:
    """The hint is a reference that works."""
    with pytest.raises(ModelNotFound, match="owner/model-GGUF has no Q3_K_S") as error:
        survey(HubModel("owner", "model-GGUF", "Q3_K_S"))
    assert error.value.hint == "It has: Q8_0, Q4_K_M, Q5_K_M. Write such as hf.co/owner/model-GGUF:Q8_0."
    with pytest.raises(ModelNotFound, match="has more than one Q4_K_M") as twice:
        survey(HubModel("owner", "twice"))
    assert "hf.co/owner/twice:a-Q4_K_M.gguf" in twice.value.hint
    assert survey(HubModel("owner", "twice", "b-Q4_K_M.gguf")).size_bytes == 1
    with pytest.raises(ModelNotFound) as empty:
        survey(HubModel("owner", "empty"))
    assert empty.value.hint == "It has no GGUF file."
    with pytest.raises(ModelNotFound, match="lacks parts of t-Q4_K_M"):
        survey(HubModel("owner", "torn"))


def test_a_repository_that_is_not_there_is_told(hub: Hub) -> None:
    """The Hub does not tell absent from private, so both are named."""
    with pytest.raises(ModelNotFound, match=r"no repository owner/absent at .*, or it is private") as error:
        survey(HubModel("owner", "absent"))
    assert "HF_TOKEN" in error.value.hint


def test_a_gated_repository_says_where_its_terms_are_before_anything_is_agreed_to(hub: Hub, tmp_path: Path) -> None:
    """Without the token the survey ends; with it the file comes. The token goes to the Hub alone, not to the store."""
    model = HubModel("owner", "gated")
    with pytest.raises(CredentialsRejected, match="accepted its terms") as error:
        survey(model)
    assert f"{hub.url}/owner/gated" in error.value.hint
    with pytest.raises(CredentialsRejected) as wrong:
        survey(model, token="hf_wrong_one")
    assert "hf_wrong_one" not in repr(wrong.value) + wrong.value.hint
    assert get(model, token=hub.token).read_bytes() == b"gated"
    assert hub.token in {each.token for each in hub.asked if each.where == "hub"}
    assert {each.token for each in hub.asked if each.where == "store"} == {""}


def test_the_token_of_the_environment_is_used(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """HF_TOKEN opens what its account may see."""
    monkeypatch.setenv("HF_TOKEN", hub.token)
    assert get(HubModel("owner", "gated")).read_bytes() == b"gated"


@pytest.mark.parametrize(
    ("status", "kind"),
    [(403, CredentialsRejected), (429, RateLimited), (500, ServerFault), (503, RateLimited)],
)
def test_a_hub_in_trouble_is_told(hub: Hub, status: int, kind: type[DemurError]) -> None:
    """Each refusal is an error of the tree, with the status."""
    hub.status = status
    with pytest.raises(kind, match=f"HTTP {status}"):
        survey(MODEL)


def test_without_network_it_is_said_what_to_fetch_and_where_to_put_it(hub: Hub, tmp_path: Path) -> None:
    """Nothing answers: the error names the command, the page and the folder."""
    hub.__exit__(None, None, None)
    with pytest.raises(EngineUnavailable, match="cannot be reached") as error:
        survey(MODEL)
    for words in (
        f'hf download {REPO} --include "*Q4_K_M*.gguf"',
        f"{hub.url}/{REPO}/tree/main",
        str(tmp_path / "hub"),
    ):
        assert words in error.value.hint


def test_offline_by_will_is_told_apart(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """With HF_HUB_OFFLINE nothing is asked, and the variable is named."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(EngineUnavailable, match="HF_HUB_OFFLINE"):
        survey(MODEL)
    assert hub.asked == []


def test_a_disk_too_small_is_told_before(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Free space is compared with what is missing, with something to spare."""
    needed: list[Needed] = [survey(MODEL)]
    free = needed[0].missing_bytes + model_hub.SPARE_BYTES
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    assert require_space(needed) == free
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free - 1))
    with pytest.raises(OutputFault, match=r"free, and 5\.1 MB are to be downloaded") as error:
        require_space(needed)
    assert "HF_HOME" in error.value.hint


def test_a_disk_that_fills_up_is_told_and_what_came_is_kept(hub: Hub, tmp_path: Path) -> None:
    """The error says that the disk is full; with space again the download goes on."""

    def fill_up(have: int) -> None:
        if have >= 1_000_000:
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OutputFault, match="the disk is full") as error:
        fetch(survey(MODEL), fill_up)
    assert "goes on from there" in error.value.hint
    assert partials(tmp_path)
    assert get().read_bytes() == BYTES


def test_a_cache_that_cannot_be_written_is_told(hub: Hub, tmp_path: Path) -> None:
    """A file in the place of the cache's folder."""
    needed = survey(MODEL)
    (tmp_path / "hub").write_text("in the way")
    with pytest.raises(OutputFault, match="cannot be written"):
        fetch(needed, lambda _: None)


def test_without_the_hubs_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is asked."""
    monkeypatch.setattr("demur.engines.model_files.find_spec", lambda name: None)
    with pytest.raises(ExtraMissing):
        survey(MODEL)
