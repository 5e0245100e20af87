from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from demur.inputs.guard_settings import (
    AnyGuard,
    EmbeddedGuardSettings,
    GraniteGuardSettings,
    list_guard_engines,
    name_roles,
)
from demur.inputs.yaml_text import read_documents

GUARD: TypeAdapter[AnyGuard] = TypeAdapter(AnyGuard)
BLOCK = """
type: validators/granite_guardian
model_version: {version}
filter: false
lm_config:
  type: openai
  base_url: http://localhost:11434/v1
  api_key: ollama
  model_id_or_path: hf.co/ibm-research/granite-guardian-3.2-5b-GGUF:Q4_K_M
"""


@pytest.mark.parametrize(("written", "version"), [('"3.2"', "3.2"), ("3.3", "3.3"), ("4.1", "4.1")])
def test_a_version_is_text_however_it_is_written(tmp_path: Path, written: str, version: str) -> None:
    """`model_version: 3.3` and `"3.3"` are the same, though YAML reads the first as a number."""
    path = tmp_path / "b.yaml"
    path.write_text(BLOCK.format(version=written))
    guard = GUARD.validate_python(read_documents(path)[0].data)
    assert isinstance(guard, GraniteGuardSettings)
    assert guard.model_version == version
    assert guard.lm_config.type == "openai"
    assert (guard.think, guard.filter) == (False, False)


@pytest.mark.parametrize("change", [{"model_version": "3.1"}, {"criteria": "x"}, {"custom_criteria": ""}])
def test_what_no_guard_knows_is_refused(change: dict[str, str]) -> None:
    """Unknown versions and keys, and empty criteria, are errors."""
    block = {
        "type": "validators/granite_guardian",
        "model_version": "3.3",
        "lm_config": {"type": "scripted"},
    }
    GUARD.validate_python(block)
    with pytest.raises(ValidationError):
        GUARD.validate_python({**block, **change})


@pytest.mark.parametrize("guard", ["granite_guardian", "policy_judge", "qwen3_guard", "llama_guard", "wildguard"])
def test_the_embedded_engine_serves_no_guard(guard: str) -> None:
    """It does not judge, and says so before a run, with the guard to take instead; in an ensemble too."""
    block = {"type": f"validators/{guard}", "lm_config": {"type": "embedded"}}
    if guard == "granite_guardian":
        block["model_version"] = "3.3"
    ensemble = {"type": "validators/ensemble", "guards": [block, {"type": "validators/embedded"}]}
    for written in (block, ensemble):
        with pytest.raises(ValidationError) as caught:
            GUARD.validate_python(written)
        (error,) = caught.value.errors()
        assert error["msg"] == "the embedded engine does not judge"
        assert "validators/embedded" in error["ctx"]["hint"]


def test_the_embedded_guard_needs_its_type_alone() -> None:
    """The guard without a model has no settings but the filter flag."""
    guard = GUARD.validate_python({"type": "validators/embedded", "filter": True})
    assert isinstance(guard, EmbeddedGuardSettings)


def test_every_engine_of_a_guard_block_is_listed_by_role() -> None:
    """One guard's engine has the block's name, those of an ensemble a number each; a guard without a model has none."""
    engine = {"type": "openai", "model_id_or_path": "m", "base_url": "http://localhost:1/v1"}
    judge = {"type": "validators/policy_judge", "lm_config": engine}
    assert list(list_guard_engines(GUARD.validate_python(judge))) == ["granite_guardian"]
    assert list_guard_engines(GUARD.validate_python({"type": "validators/embedded"})) == {}
    members = [judge, {"type": "validators/embedded"}, {"type": "validators/wildguard", "lm_config": engine}]
    ensemble = GUARD.validate_python({"type": "validators/ensemble", "guards": members})
    assert list(list_guard_engines(ensemble)) == ["granite_guardian.1", "granite_guardian.3"]
    assert [role for role, _ in name_roles(ensemble)] == [f"granite_guardian.{number}" for number in (1, 2, 3)]


def test_an_ensemble_holds_single_guards() -> None:
    """Fewer than two guards, and ensembles within ensembles, are errors."""
    one = {"type": "validators/embedded"}
    both = {"type": "validators/ensemble", "guards": [one, one]}
    GUARD.validate_python(both)
    for guards in ([one], [one, both]):
        with pytest.raises(ValidationError):
            GUARD.validate_python({"type": "validators/ensemble", "guards": guards})
