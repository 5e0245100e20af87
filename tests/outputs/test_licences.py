from __future__ import annotations

import pytest

from demur.inputs.builder_file import SHIPPED, read_builder
from demur.inputs.engine_blocks import list_engines
from demur.inputs.engine_settings import ModelSettings
from demur.outputs.licences import UNKNOWN, find_licence
from demur.records import Origin


@pytest.mark.parametrize(
    ("model", "licence"),
    [
        ("hf.co/ibm-granite/granite-guardian-3.3-8b-GGUF:Q4_K_M", "Apache-2.0"),
        ("granite4:3b", "Apache-2.0"),
        ("granite3-guardian:8b", "Apache-2.0"),
        ("openai/gpt-oss-20b", "Apache-2.0, with"),
        ("gpt-oss:20b", "Apache-2.0, with"),
        ("Qwen/Qwen3Guard-Gen-8B", "Apache-2.0"),
        ("allenai/wildguard", "Apache-2.0; access"),
        ("meta-llama/Llama-Guard-3-8B", "Llama 3.1 Community"),
        ("llama-guard3:8b", "Llama 3.1 Community"),
        ("meta-llama/Llama-Guard-3-1B", "Llama 3.2 Community"),
        ("llama-guard3:1b", "Llama 3.2 Community"),
        ("meta-llama/Llama-Guard-4-12B", "Llama 4 Community"),
        ("llama3.1:8b", "Llama 3.1 Community"),
        ("meta-llama/Llama-3.3-70B-Instruct", "Llama 3.3 Community"),
        ("gpt-4.1-mini", "none: a hosted"),
        ("o3-mini", "none: a hosted"),
        ("claude-sonnet-4-5", "none: a hosted"),
    ],
)
def test_a_known_name_has_its_licence(model: str, licence: str) -> None:
    """By the forms in which the hub, Ollama and the providers write them."""
    assert find_licence(Origin("openai", model)).startswith(licence)


@pytest.mark.parametrize(
    "model", ["", "mine", "someone/not-granite", "olmo-3", "o", "llama3:8b", "qwen3:8b", "mistral"]
)
def test_an_unknown_name_says_unknown(model: str) -> None:
    """No licence is guessed, nor read out of the middle of a name."""
    assert find_licence(Origin("openai", model)) == UNKNOWN


def test_engines_without_a_model_and_hosted_ones_say_so() -> None:
    """The embedded engine has no model to license; a provider's deployment may have any name."""
    assert find_licence(Origin("embedded", "embedded-1")) == "no model"
    assert find_licence(Origin("azure-openai", "my-deployment")).startswith("none: a hosted model")


def test_every_shipped_builders_models_are_known() -> None:
    """What demur itself sends its users to has an entry in the table."""
    models = {
        engine.model_id_or_path
        for name in SHIPPED
        for engine in list_engines(read_builder(None, name, {"DGT_DATA_DIR": "data"})).values()
        if isinstance(engine, ModelSettings)
    }
    assert len(models) > 5
    assert [model for model in models if find_licence(Origin("openai", model)) == UNKNOWN] == []
