from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.engines.model_files import (
    HubModel,
    LocalFile,
    find_model,
    format_bytes,
    list_models,
    match_models,
    parse_reference,
)
from demur.errors import ExtraMissing, InputError, ModelNotFound

REPO = "some-owner/some.model-GGUF"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the repository in an empty cache."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub" / "models--some-owner--some.model-GGUF"


def put(cache: Path, *names: str, commit: str = "c1", current: bool = True) -> None:
    """Lay files into the cache, as the Hub's own program does."""
    for name in names:
        path = cache / "snapshots" / commit / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{commit} {name}")
    if current:
        (cache / "refs").mkdir(exist_ok=True)
        (cache / "refs" / "main").write_text(commit)


@pytest.mark.parametrize(
    ("text", "model"),
    [
        ("hf.co/a/b", HubModel("a", "b", "Q4_K_M")),
        ("hf.co/ibm-granite/granite-4.0-micro-GGUF:Q8_0", HubModel("ibm-granite", "granite-4.0-micro-GGUF", "Q8_0")),
        ("huggingface.co/a/b:q4_k_m", HubModel("a", "b", "q4_k_m")),
        ("https://huggingface.co/a/b/", HubModel("a", "b")),
        ("HF.co/a/b:some-file.gguf", HubModel("a", "b", "some-file.gguf")),
        ("hf.co/a/b:folder/some-file-Q4_0.gguf", HubModel("a", "b", "folder/some-file-Q4_0.gguf")),
        ("models/m.gguf", LocalFile(Path("models/m.gguf"))),
        (" /m.gguf ", LocalFile(Path("/m.gguf"))),
        ("hf.company/a", LocalFile(Path("hf.company/a"))),
        ("~/m.gguf", LocalFile(Path.home() / "m.gguf")),
    ],
)
def test_a_reference_is_a_path_or_a_repository(text: str, model: HubModel | LocalFile) -> None:
    """What Ollama's users write is understood; anything else is a path."""
    assert parse_reference(text) == model


@pytest.mark.parametrize(
    "text",
    ["", "hf.co", "hf.co/", "hf.co/a", "hf.co/a/", "hf.co/a/b/c", "hf.co/a/b:", "hf.co/a/b:x y", "hf.co/../b",
     "hf.co/a/..", "hf.co/a--b/c", "hf.co/a/b:../x.gguf", "https://hf.co/a/b/resolve/main/x.gguf"],
)  # fmt: skip
def test_half_a_reference_is_an_error_that_shows_a_whole_one(text: str) -> None:
    """A reference to the Hub that names no repository is told, with the form that is wanted."""
    with pytest.raises(InputError) as error:
        parse_reference(text)
    assert "hf.co/OWNER/REPO:QUANT" in error.value.hint


names = st.from_regex(r"[A-Za-z0-9]{1,8}", fullmatch=True)


@given(names, names, st.sampled_from(["Q4_K_M", "q8_0", "UD-Q4_K_XL", "f16", "x.gguf"]))
def test_a_model_is_written_as_it_is_read(owner: str, repo: str, tag: str) -> None:
    """The text of a model is a reference to it."""
    model = HubModel(owner, repo, tag)
    assert parse_reference(str(model)) == model


FILES = [
    "README.md",
    "config.json",
    "granite-Q4_K_M.gguf",
    "granite-Q4_K_S.gguf",
    "granite.q8_0.gguf",
    "granite-UD-Q4_K_XL.gguf",
    "granite-IQ4_XS.gguf",
    "mmproj-granite-F16.gguf",
    "BF16/granite-BF16-00002-of-00002.gguf",
    "BF16/granite-BF16-00001-of-00002.gguf",
    "granite-Q6_K-00001-of-00003.gguf",
]


@pytest.mark.parametrize(
    ("tag", "parts"),
    [
        ("Q4_K_M", ("granite-Q4_K_M.gguf",)),
        ("q4_k_m", ("granite-Q4_K_M.gguf",)),
        ("Q8_0", ("granite.q8_0.gguf",)),
        ("UD-Q4_K_XL", ("granite-UD-Q4_K_XL.gguf",)),
        ("Q4_K_XL", ("granite-UD-Q4_K_XL.gguf",)),
        ("bf16", ("BF16/granite-BF16-00001-of-00002.gguf", "BF16/granite-BF16-00002-of-00002.gguf")),
        ("granite-IQ4_XS.gguf", ("granite-IQ4_XS.gguf",)),
        ("Q4_K", None),
        ("F16", None),
        ("4_K_M", None),
    ],
)
def test_a_quantisation_is_matched_whole(tag: str, parts: tuple[str, ...] | None) -> None:
    """Case does not matter, parts come in order, and a quantisation is not taken for another that begins or ends alike."""
    assert [model.parts for model in match_models(list_models(FILES), tag)] == ([] if parts is None else [parts])


def test_a_model_that_lacks_parts_is_not_whole() -> None:
    """One of three parts is told from two of two."""
    whole = {model.quant: model.whole for model in list_models(FILES)}
    assert whole["BF16"]
    assert not whole["Q6_K"]


def test_a_path_is_found_where_it_is(tmp_path: Path) -> None:
    """A file is itself; of a model in parts the first is what is loaded."""
    (tmp_path / "m.gguf").touch()
    assert find_model(str(tmp_path / "m.gguf")) == tmp_path / "m.gguf"
    for number in (1, 2):
        (tmp_path / f"s-0000{number}-of-00002.gguf").touch()
    assert find_model(str(tmp_path / "s-00002-of-00002.gguf")) == tmp_path / "s-00001-of-00002.gguf"
    (tmp_path / "s-00001-of-00002.gguf").unlink()
    with pytest.raises(ModelNotFound, match=r"s-00001-of-00002\.gguf is not beside it"):
        find_model(str(tmp_path / "s-00002-of-00002.gguf"))


def test_a_path_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole path is named; a forgotten hf.co and a folder are recognised."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelNotFound, match=str(tmp_path / "no.gguf")):
        find_model("no.gguf")
    with pytest.raises(ModelNotFound) as error:
        find_model("ibm-granite/granite-4.0-micro-GGUF:Q4_K_M")
    assert "hf.co/ibm-granite/granite-4.0-micro-GGUF:Q4_K_M" in error.value.hint
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "m.gguf").touch()
    with pytest.raises(InputError) as folder:
        find_model("models")
    assert "m.gguf" in folder.value.hint


def test_a_model_in_the_cache_is_found_without_network(cache: Path) -> None:
    """What any program of the Hub fetched is used: the quantisation that is named, of the current commit."""
    put(cache, "m-Q4_K_M.gguf", "m-Q8_0.gguf", commit="old", current=False)
    put(cache, "m-Q4_K_M.gguf", commit="new")
    put(cache, "m-Q4_K_M.gguf", commit="other", current=False)
    assert find_model(f"hf.co/{REPO}").read_text() == "new m-Q4_K_M.gguf"
    assert find_model(f"hf.co/{REPO}:q8_0").read_text() == "old m-Q8_0.gguf"


def test_half_a_model_in_the_cache_is_none(cache: Path) -> None:
    """A model of which a part is missing is not loaded; nor is one of two that the name could mean."""
    put(cache, "m-Q4_K_M-00001-of-00002.gguf")
    with pytest.raises(ModelNotFound):
        find_model(f"hf.co/{REPO}")
    put(cache, "m-Q4_K_M-00002-of-00002.gguf")
    assert find_model(f"hf.co/{REPO}").name == "m-Q4_K_M-00001-of-00002.gguf"
    put(cache, "n-Q4_K_M.gguf")
    with pytest.raises(ModelNotFound):
        find_model(f"hf.co/{REPO}")


def test_what_is_not_here_comes_with_the_way_to_get_it(cache: Path) -> None:
    """The hint names the command, the address and the folder."""
    with pytest.raises(ModelNotFound) as error:
        find_model(f"hf.co/{REPO}:Q5_K_M")
    assert str(error.value) == f"the model hf.co/{REPO}:Q5_K_M is not on this machine"
    for words in (
        f'hf download {REPO} --include "*Q5_K_M*.gguf"',
        f"https://huggingface.co/{REPO}/tree/main",
        str(cache.parent),
        "--yes",
        "model_id_or_path",
    ):
        assert words in error.value.hint


def test_without_the_hubs_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A path needs no package; a reference to the Hub says which extra brings it."""
    monkeypatch.setattr("demur.engines.model_files.find_spec", lambda name: None)
    with pytest.raises(ExtraMissing) as error:
        find_model(f"hf.co/{REPO}")
    assert error.value.hint == "pip install 'demur[llama-cpp]'"


def test_sizes_are_decimal_as_the_hub_shows_them() -> None:
    """Bytes, kB, MB and GB."""
    assert [format_bytes(count) for count in (999, 1_000, 2_050_000, 4_940_000_000)] == [
        "999 bytes",
        "1.0 kB",
        "2.0 MB",
        "4.9 GB",
    ]


@pytest.mark.parametrize("name", ["x" * 5_000 + ".gguf", "~nobody-of-this-name/m.gguf", "a\0b.gguf"])
def test_a_path_that_no_file_can_have_is_told_like_any_other(name: str) -> None:
    """A name that is too long, has a NUL, or begins with the home of nobody."""
    with pytest.raises(ModelNotFound, match="there is no model file"):
        find_model(name)
