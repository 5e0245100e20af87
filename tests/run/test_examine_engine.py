from __future__ import annotations

import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from demur.inputs.engine_settings import (
    AnthropicSettings,
    AnyEngine,
    AzureOpenAISettings,
    LlamaCppSettings,
    OpenAISettings,
    VLLMServerSettings,
    VLLMSettings,
    WatsonxSettings,
)
from demur.run.examine_engine import Finding, examine_engine
from tests.servers.simulated import SimulatedServer

KEY = SecretStr("key-of-mine")


async def examine(settings: AnyEngine) -> list[Finding]:
    findings = [finding async for finding in examine_engine("it", settings)]
    assert {finding.subject for finding in findings} == {"it"}
    assert KEY.get_secret_value() not in repr(findings)
    assert "demur doctor" not in repr(findings)
    return findings


def forget(monkeypatch: pytest.MonkeyPatch, *packages: str) -> None:
    """Make packages look as if they were not installed."""
    for package in packages:
        monkeypatch.setitem(sys.modules, package, None)


def lend(monkeypatch: pytest.MonkeyPatch, folder: Path, *packages: str) -> None:
    """Put packages of these names, with nothing in them, where Python finds them."""
    for package in packages:
        (folder / package).mkdir()
        (folder / package / "__init__.py").touch()
        monkeypatch.delitem(sys.modules, package, raising=False)
    monkeypatch.syspath_prepend(str(folder))


HOSTED: list[tuple[AnyEngine, str, str]] = [
    (AnthropicSettings(type="anthropic", model_id_or_path="m"), "anthropic", "ANTHROPIC_API_KEY"),
    (AzureOpenAISettings(type="azure-openai", model_id_or_path="m"), "openai", "AZURE_OPENAI_API_KEY"),
    (WatsonxSettings(type="watsonx", model_id_or_path="m"), "ibm_watsonx_ai", "WATSONX_API_KEY"),
]


@pytest.mark.parametrize(("settings", "package", "variable"), HOSTED, ids=lambda value: str(value)[:12])
async def test_a_provider_without_its_package_or_key_names_what_brings_them(
    settings: AnyEngine, package: str, variable: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """First the extra, then the variable; with both the provider passes without being asked."""
    lend(monkeypatch, tmp_path, package)
    missing = [finding for finding in await examine(settings) if not finding.passed]
    assert "no key is set" in missing[0].words
    assert variable in missing[0].hint
    whole = settings.model_copy(update={"api_key": KEY, "base_url": "https://a.example", "project_id": "p"})
    assert all(finding.passed for finding in await examine(whole))
    monkeypatch.setattr("demur.engines.extras.find_spec", lambda _: None)
    [absent] = await examine(whole)
    assert package in absent.words
    assert absent.hint.startswith("pip install 'demur[")


async def test_azure_wants_an_address_and_watsonx_a_project(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What has no default is told by its variable."""
    lend(monkeypatch, tmp_path, "openai", "ibm_watsonx_ai")
    azure = await examine(AzureOpenAISettings(type="azure-openai", model_id_or_path="m", api_key=KEY))
    assert [finding.passed for finding in azure] == [True, False]
    assert "AZURE_OPENAI_ENDPOINT" in azure[1].hint
    watsonx = await examine(WatsonxSettings(type="watsonx", model_id_or_path="m", api_key=KEY))
    assert "WATSONX_PROJECT_ID" in watsonx[1].hint


async def test_openai_without_a_key_is_not_asked() -> None:
    """The hosted service wants one: that is said, and no request goes out."""
    [finding] = await examine(OpenAISettings(type="openai", model_id_or_path="gpt"))
    assert not finding.passed
    assert finding.hint == "Set OPENAI_API_KEY in the environment or in .env."


async def test_a_model_file_is_there_or_comes_with_its_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """llama.cpp needs its extra, then the file."""
    from huggingface_hub import constants

    lend(monkeypatch, tmp_path, "xllamacpp")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    (tmp_path / "m.gguf").touch()
    [there] = await examine(LlamaCppSettings(type="llama-cpp", model_id_or_path=str(tmp_path / "m.gguf")))
    assert there.passed
    assert str(tmp_path / "m.gguf") in there.words
    [absent] = await examine(LlamaCppSettings(type="llama-cpp", model_id_or_path="hf.co/a/b:Q8_0"))
    assert not absent.passed
    assert absent.hint.endswith('hf download a/b --include "*Q8_0*.gguf"')
    [wrong] = await examine(LlamaCppSettings(type="llama-cpp", model_id_or_path="hf.co/a"))
    assert "names no model" in wrong.words
    monkeypatch.setattr("demur.engines.extras.find_spec", lambda _: None)
    [bare] = await examine(LlamaCppSettings(type="llama-cpp", model_id_or_path="hf.co/a/b"))
    assert bare.hint == "pip install 'demur[llama-cpp]'"


async def test_vllm_is_installed_or_not(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In this process, and as a server that a run starts: both need it here; with an address neither does."""
    monkeypatch.setenv("PATH", str(tmp_path))
    forget(monkeypatch, "vllm")
    monkeypatch.setattr("demur.engines.extras.find_spec", lambda _: None)
    monkeypatch.setattr("demur.run.examine_engine.find_spec", lambda _: None)
    inside = VLLMSettings(type="vllm", model_id_or_path="m")
    own = VLLMServerSettings(type="vllm-server", model_id_or_path="m")
    for settings in (inside, own):
        [absent] = await examine(settings)
        assert not absent.passed
        assert "pip install 'demur[vllm]'" in absent.hint
    monkeypatch.undo()
    lend(monkeypatch, tmp_path, "vllm")
    [there] = await examine(inside)
    assert there.passed
    [started] = await examine(own)
    assert started.passed
    assert "starts the vLLM server itself" in started.words
    async with SimulatedServer(kind="vllm") as server:
        settings = VLLMServerSettings(type="vllm-server", model_id_or_path="simulated", base_url=server.base_url)
        assert [finding.passed for finding in await examine(settings)] == [True, True]


async def test_an_address_that_is_none_is_told() -> None:
    """Nothing is asked, and no traceback comes."""
    [finding] = await examine(OpenAISettings(type="openai", model_id_or_path="m", base_url="localhost"))
    assert not finding.passed
    assert "base_url" in finding.words
