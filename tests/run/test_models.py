from __future__ import annotations

from pathlib import Path

import pytest

from demur.engines.model_files import HubModel
from demur.errors import ExtraMissing, ModelNotFound
from demur.inputs.builder_file import read_builder
from demur.inputs.engine_blocks import list_engines
from demur.inputs.guard_settings import list_guard_engines
from demur.run.models import list_missing_models

ENSEMBLE = """\
databuilders:
  public/safety/refusal:
    blocks:
      - {name: instruction_generator, type: llama-cpp, model_id_or_path: hf.co/a/writer}
      - {name: response_generator, type: llama-cpp, model_id_or_path: "https://huggingface.co/a/writer:Q4_K_M"}
      - name: granite_guardian
        type: validators/ensemble
        guards:
          - type: validators/granite_guardian
            model_version: "3.3"
            lm_config: {type: llama-cpp, model_id_or_path: "hf.co/a/guard:Q8_0"}
          - type: validators/policy_judge
            lm_config: {type: ollama, model_id_or_path: judge}
          - type: validators/embedded
"""


@pytest.fixture
def config(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A builder with engines of several kinds, and an empty cache."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(workspace / "hub"))
    path = workspace / "b.yaml"
    path.write_text(ENSEMBLE)
    return path


def test_engines_are_found_wherever_they_stand(config: Path) -> None:
    """Those of several guards are numbered; a guard without a model has none."""
    builder = read_builder(config, "embedded", {})
    assert {name: engine.type for name, engine in list_engines(builder).items()} == {
        "instruction_generator": "llama-cpp",
        "response_generator": "llama-cpp",
        "granite_guardian.1": "llama-cpp",
        "granite_guardian.2": "ollama",
    }
    assert list_guard_engines(read_builder(None, "embedded", {}).guard) == {}
    assert list(list_guard_engines(read_builder(None, "ollama", {}).guard)) == ["granite_guardian"]


def test_the_missing_models_are_those_on_the_hub_that_are_not_here(config: Path) -> None:
    """Each once, however it is written; engines with a server of their own need none."""
    engines = list_engines(read_builder(config, "embedded", {})).values()
    assert list_missing_models(engines) == (HubModel("a", "writer"), HubModel("a", "guard", "Q8_0"))
    assert list_missing_models(list_engines(read_builder(None, "ollama", {})).values()) == ()
    folder = config.parent / "hub/models--a--writer/snapshots/c"
    folder.mkdir(parents=True)
    (folder / "w-Q4_K_M.gguf").touch()
    assert list_missing_models(engines) == (HubModel("a", "guard", "Q8_0"),)


def test_a_path_that_is_not_there_cannot_be_downloaded(config: Path) -> None:
    """It is an error at once."""
    config.write_text(ENSEMBLE.replace("hf.co/a/writer}", "no.gguf}"))
    with pytest.raises(ModelNotFound, match=r"no\.gguf"):
        list_missing_models(list_engines(read_builder(config, "embedded", {})).values())


def test_a_missing_extra_is_told_before_a_download(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gigabytes for an engine that is not installed would be for nothing."""
    monkeypatch.setattr("demur.engines.extras.find_spec", lambda name: None if name == "xllamacpp" else object())
    with pytest.raises(ExtraMissing, match="needs xllamacpp, which is not installed") as error:
        list_missing_models(list_engines(read_builder(config, "embedded", {})).values())
    assert error.value.hint == "pip install 'demur[llama-cpp]'"
