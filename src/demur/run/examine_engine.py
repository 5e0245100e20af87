"""Asks one engine what would end a run: is its package installed, is its key set, does it answer, has it the model."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from demur.engines.extras import EXTRAS, require_extra
from demur.engines.model_files import HubModel, find_model, parse_reference, write_command
from demur.engines.probe import HOSTED, ServerKind, identify_server, list_models
from demur.engines.transport import JsonClient
from demur.errors import DemurError, ModelNotFound
from demur.inputs.engine_settings import (
    AnthropicSettings,
    AnyEngine,
    AzureOpenAISettings,
    LlamaCppSettings,
    OllamaSettings,
    OpenAISettings,
    VLLMServerSettings,
    VLLMSettings,
    WatsonxSettings,
)

PROBE_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        subject: what, in a few words.
        passed: whether it is as a run needs it.
        words: what was found.
        hint: what to do about it, where it is not.
    """

    subject: str
    passed: bool
    words: str
    hint: str = ""


async def examine_engine(
    subject: str, settings: AnyEngine, timeout_s: float = PROBE_TIMEOUT_S
) -> AsyncIterator[Finding]:
    """What an engine needs of this machine and of others, one finding after the other. No model is asked anything.

    A key goes to the engine's own address only.

    Args:
        subject: the block's name, which the findings are about.
        timeout_s: seconds for each question to a server.
    """
    try:
        require_extra(settings.type)
    except DemurError as error:
        yield Finding(subject, False, str(error), error.hint)
        return
    match settings:
        case OpenAISettings() | OllamaSettings():
            async for finding in _examine_server(subject, settings, settings.base_url, timeout_s):
                yield finding
        case VLLMServerSettings(base_url=str(address)):
            async for finding in _examine_server(subject, settings, address, timeout_s):
                yield finding
        case VLLMServerSettings():
            yield _examine_own_server(subject, settings)
        case LlamaCppSettings():
            yield _examine_file(subject, settings)
        case VLLMSettings():
            words = f"vLLM {_read_version('vllm')} is installed and loads {settings.model_id_or_path} in this process"
            yield Finding(subject, True, words)
        case AnthropicSettings() | AzureOpenAISettings() | WatsonxSettings():
            for finding in _examine_account(subject, settings):
                yield finding
        case _:
            yield Finding(subject, True, f"{settings.type}: runs in this process, no server")


async def _examine_server(
    subject: str,
    settings: OpenAISettings | OllamaSettings | VLLMServerSettings,
    address: str,
    timeout_s: float,
) -> AsyncIterator[Finding]:
    key = settings.api_key.get_secret_value() if settings.api_key else None
    model = settings.model_id_or_path
    try:
        client = JsonClient(address, api_key=key, timeout_s=timeout_s)
    except DemurError as error:
        yield Finding(subject, False, str(error), error.hint)
        return
    try:
        if client.host in HOSTED and not key:
            yield _miss_key(subject, settings)
            return
        server = await identify_server(client)
        release = f" {server.version}" if server.version else ""
        kind = "an OpenAI-compatible server" if server.kind is ServerKind.UNKNOWN else f"{server.kind}{release}"
        if client.host not in HOSTED:  # one that is known is not asked what it is, and so has not answered yet
            yield Finding(subject, True, f"{kind} answers at {server.root_url}")
        models = await list_models(client)
    except DemurError as error:
        yield Finding(subject, False, str(error), error.hint)
        return
    finally:
        await client.close()
    if client.host in HOSTED:
        yield Finding(subject, True, f"{client.address} answers, and takes the key")
    if model in models or f"{model}:latest" in models:
        yield Finding(subject, True, f"it has the model {model}")
        return
    listed = ", ".join(models[:12]) or "none"
    hint = f"ollama pull {model}" if server.kind is ServerKind.OLLAMA else f"Models there: {listed}."
    # llama.cpp answers to any name: its one model is the one that was loaded.
    yield Finding(subject, server.kind is ServerKind.LLAMA_CPP, f"it does not list the model {model}", hint)


def _examine_own_server(subject: str, settings: VLLMServerSettings) -> Finding:
    """A server that a run starts itself."""
    if find_spec("vllm") is None and shutil.which("vllm") is None:
        return Finding(
            subject,
            False,
            "no base_url, so demur is to start the vLLM server, and vllm is not installed",
            "pip install 'demur[vllm]', or set base_url to a server that runs.",
        )
    return Finding(subject, True, f"a run starts the vLLM server itself, with {settings.model_id_or_path}")


def _examine_file(subject: str, settings: LlamaCppSettings) -> Finding:
    try:
        path = find_model(settings.model_id_or_path)
    except ModelNotFound as error:
        model = parse_reference(settings.model_id_or_path)
        short = (
            f"`demur run` offers to download it. By hand: {write_command(model)}" if isinstance(model, HubModel) else ""
        )
        return Finding(subject, False, str(error), short or error.hint)
    except DemurError as error:
        return Finding(subject, False, str(error), error.hint)
    return Finding(subject, True, f"llama.cpp {_read_version('xllamacpp')} loads {path} in this process")


def _examine_account(
    subject: str, settings: AnthropicSettings | AzureOpenAISettings | WatsonxSettings
) -> Iterator[Finding]:
    """A provider that is spoken to by its own package: what must be set for it. Nothing is asked of it."""
    if settings.api_key is None:
        yield _miss_key(subject, settings)
    else:
        _, [package] = EXTRAS[settings.type]
        yield Finding(
            subject, True, f"{settings.type}: a key is set, and {package} {_read_version(package)} is installed"
        )
    needed = {AzureOpenAISettings: "base_url", WatsonxSettings: "project_id"}.get(type(settings), "")
    if needed and not getattr(settings, needed):
        variables = " or ".join(settings.variables[needed])
        yield Finding(
            subject, False, f"{settings.type}: no {needed} is set", f"Set {variables}, or `{needed}` in the builder."
        )


def _miss_key(subject: str, settings: AnyEngine) -> Finding:
    variables = " or ".join(settings.variables["api_key"])
    return Finding(subject, False, f"{settings.type}: no key is set", f"Set {variables} in the environment or in .env.")


def _read_version(package: str) -> str:
    try:
        return version(package.replace("_", "-"))
    except PackageNotFoundError:
        return "(of unknown version)"
