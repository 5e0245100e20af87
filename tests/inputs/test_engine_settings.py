from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from demur.engines.catalog import PROVIDERS
from demur.errors import InputError
from demur.inputs.builder_file import ENGINES, GUARDS, fill_from_environment, read_builder
from demur.inputs.engine_settings import (
    SYNONYMS,
    AnyEngine,
    AzureOpenAISettings,
    LlamaCppSettings,
    OpenAISettings,
    WatsonxSettings,
)
from demur.inputs.guard_settings import AnyGuard, EnsembleSettings

SHORT = """\
databuilders:
  public/safety/refusal:
    blocks:
      - name: instruction_generator
        type: {type}
        model_id_or_path: some-model
"""


def read(tmp_path: Path, engine: str, *lines: str) -> BaseModel:
    """The generator's settings, written with these further lines."""
    path = tmp_path / "b.yaml"
    path.write_text(SHORT.format(type=engine) + "".join(f"        {line}\n" for line in lines))
    return read_builder(path, "embedded", {}).instruction_generator


def list_types(union: object) -> set[str]:
    """The `type`s of a union of settings."""
    return {kind for model in get_args(get_args(union)[0]) for kind in get_args(model.model_fields["type"].annotation)}


def test_every_type_is_known_everywhere() -> None:
    """What the settings name as a type, the builder's reader accepts and the catalog opens."""
    assert list_types(AnyEngine) == set(ENGINES) == set(PROVIDERS)
    assert list_types(AnyGuard) == set(GUARDS)


@pytest.mark.parametrize(
    ("engine", "line", "hint"),
    [
        ("openai", "num_ctx: 4096", "This engine cannot honour it; it is a setting of ollama, llama-cpp."),
        ("openai", "call_limit: 3", "Here it is called concurrency."),
        ("azure-openai", "top_k: 40", "This engine cannot honour it; it is a setting of openai, ollama, "),
        ("ollama", "max_new_tokens: 5", "Here it is called max_tokens."),
        ("llama-cpp", "n_ctx: 4096", "Here it is called num_ctx."),
        ("openai", "seed: 7", "The random seed is the run's: --seed"),
        ("openai", "temprature: 7", "Did you mean 'temperature'?"),
    ],
)
def test_a_setting_that_an_engine_cannot_honour_is_an_error(tmp_path: Path, engine: str, line: str, hint: str) -> None:
    """It is not dropped: the error names the line, and where the setting belongs or what it is called."""
    with pytest.raises(InputError, match=r"b\.yaml:7: unknown key") as raised:
        read(tmp_path, engine, line)
    assert raised.value.hint.startswith(hint)


def test_unknown_keys_of_one_block_are_told_together(tmp_path: Path) -> None:
    """Each with its own line and hint."""
    with pytest.raises(InputError) as raised:
        read(tmp_path, "openai", "num_ctx: 4096", "temperature: 0.5", "timeout: 3")
    also = raised.value.also
    assert [str(error).partition(" unknown")[0][-2:] for error in (raised.value, *also)] == ["7:", "9:"]


def test_synonyms_lead_to_settings_that_exist() -> None:
    """What a hint calls a setting is the name of one."""
    fields = {name for model in get_args(get_args(AnyEngine)[0]) for name in model.model_fields}
    assert set(SYNONYMS.values()) <= fields


def test_watsonx_is_filled_in_from_its_variables() -> None:
    """Key, address and project come from the environment, where the block leaves them out."""
    environment = {"WATSONX_APIKEY": "k", "WATSONX_URL": "https://eu-de.example", "WATSONX_PROJECT_ID": "p"}
    filled = fill_from_environment(WatsonxSettings(type="watsonx", model_id_or_path="m"), environment)
    assert (filled.base_url, filled.project_id) == ("https://eu-de.example", "p")
    assert filled.api_key is not None
    assert filled.api_key.get_secret_value() == "k"
    own = WatsonxSettings(type="watsonx", model_id_or_path="m", project_id="mine")
    assert fill_from_environment(own, environment).project_id == "mine"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("top_k: 3", "chats take no `top_k`"),
        ("max_tokens: 3, max_new_tokens: 4", "`max_new_tokens` and `max_tokens` are the same, and differ here"),
    ],
)
def test_watsonx_is_told_before_a_run_what_it_cannot_honour(tmp_path: Path, line: str, message: str) -> None:
    """Two limits that contradict each other, and a setting that its chats do not have, are errors of the file."""
    path = tmp_path / "b.yaml"
    block = f"{{name: instruction_generator, type: watsonx, model_id_or_path: m, project_id: p, {line}}}"
    path.write_text(f"databuilders: {{public/safety/refusal: {{blocks: [{block}]}}}}\n")
    with pytest.raises(InputError, match=rf"b\.yaml:1: .*{message}"):
        read_builder(path, "embedded", {})


def test_azure_takes_its_endpoint_from_the_environment() -> None:
    """The endpoint and the version of the API, by the variables that Azure's users have."""
    filled = fill_from_environment(
        AzureOpenAISettings(type="azure-openai", model_id_or_path="d"),
        {"AZURE_OPENAI_ENDPOINT": "https://r.example", "OPENAI_API_VERSION": "2024-10-21", "OPENAI_API_KEY": "no"},
    )
    assert (filled.base_url, filled.api_version, filled.api_key) == ("https://r.example", "2024-10-21", None)


def test_the_engines_of_an_ensemble_are_filled_in_too() -> None:
    """Every engine at any depth of a block gets its key."""
    judge = {"type": "validators/policy_judge", "lm_config": {"type": "openai", "model_id_or_path": "m"}}
    ensemble = EnsembleSettings.model_validate({"type": "validators/ensemble", "guards": [judge, judge]})
    for guard in fill_from_environment(ensemble, {"OPENAI_API_KEY": "k"}).guards:
        engine = getattr(guard, "lm_config", None)
        assert isinstance(engine, OpenAISettings)
        assert engine.api_key is not None


def test_sampling_does_not_tell_engines_apart() -> None:
    """Two blocks that differ in how they draw share one model; those that differ in what they load do not."""
    model = {"type": "llama-cpp", "model_id_or_path": "m.gguf"}
    warm = LlamaCppSettings.model_validate({**model, "temperature": 0.9, "max_tokens": 9, "top_k": 3, "stop": ["x"]})
    cool = LlamaCppSettings.model_validate({**model, "temperature": 0.1})
    wide = LlamaCppSettings.model_validate({**model, "num_ctx": 8192})
    assert warm.strip_sampling() == cool.strip_sampling() != wide.strip_sampling()
