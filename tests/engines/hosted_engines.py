"""The engines over SDKs, pointed at a loopback server."""

from __future__ import annotations

from typing import cast

import pytest

from demur.engines.base import Engine
from demur.engines.catalog import open_provider
from demur.inputs.engine_settings import (
    AnthropicSettings,
    AnyEngine,
    AzureOpenAISettings,
    ModelSettings,
    WatsonxSettings,
)
from tests.servers.hosted import KEY, MODEL, PROVIDERS, Provider

SETTINGS: dict[Provider, type[ModelSettings]] = {
    "anthropic": AnthropicSettings,
    "azure-openai": AzureOpenAISettings,
    "watsonx": WatsonxSettings,
}
VARIABLES = {"anthropic": "ANTHROPIC_API_KEY", "azure-openai": "AZURE_OPENAI_API_KEY", "watsonx": "WATSONX_API_KEY"}


def open_hosted(provider: Provider, url: str, **changes: object) -> Engine:
    """The engine of a provider, with a short timeout."""
    fields: dict[str, object] = {
        "type": provider, "base_url": url, "api_key": KEY, "model_id_or_path": MODEL, "timeout_s": 20.0
    }  # fmt: skip
    if provider == "watsonx":
        fields |= {"project_id": "project-1", "auth_url": f"{url}/identity/token"}
    settings = SETTINGS[provider].model_validate({**fields, **changes})
    return open_provider(cast("AnyEngine", settings))


every_provider = pytest.mark.parametrize("provider", PROVIDERS)
