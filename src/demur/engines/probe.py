"""Which server is it, and which models does it have?

Raw prompts travel by another route on every server, and a wrong guess is silent: the server would wrap a
finished prompt in a chat template, and a guard would judge something else. So the server is asked, by the
route that only it knows.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from demur.engines.fields import Json, read_array, read_object, read_text
from demur.engines.transport import JsonClient
from demur.errors import CredentialsRejected, ModelNotFound, ReplyUnreadable, RequestRejected

PROBE_TIMEOUT_S = 10.0

HOSTED = frozenset({"api.openai.com"})
"""Hosts that are known to be none of the servers below, and are not asked."""

T = TypeVar("T")


class ServerKind(StrEnum):
    """The servers that demur knows how to hand a raw prompt to."""

    OLLAMA = "ollama"
    LLAMA_CPP = "llama.cpp"
    VLLM = "vllm"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Server:
    """What answers at an address.

    Attributes:
        kind: which program.
        version: as it says itself; empty where it does not.
        root_url: where its native routes are: the address without a trailing `/v1`.
    """

    kind: ServerKind
    version: str
    root_url: str


async def identify_server(
    base_url: str,
    *,
    api_key: str | None = None,
    timeout_s: float = PROBE_TIMEOUT_S,
    client: JsonClient | None = None,
) -> Server:
    """Ask an address what it is.

    `/api/version` answers only on Ollama, `/props` only on llama.cpp, `/version` on vLLM.

    Args:
        base_url: with or without a trailing `/v1`.
        api_key: sent along; some servers guard these routes too.
        timeout_s: seconds for each question.
        client: used instead of a connection of its own.

    Raises:
        EngineError: nothing answers, or the server is not ready (`RateLimited` while llama.cpp loads its
            model).
        InputError: the address is none.
    """

    async def ask(client: JsonClient) -> Server:
        if client.host in HOSTED:
            return Server(ServerKind.UNKNOWN, "", client.root)
        found = await _ask(client, "/api/version")
        if found is not None and isinstance(version := found.get("version"), str):
            return Server(ServerKind.OLLAMA, version, client.root)
        found = await _ask(client, "/props")
        if found is not None and ("default_generation_settings" in found or "build_info" in found):
            return Server(ServerKind.LLAMA_CPP, str(found.get("build_info") or ""), client.root)
        found = await _ask(client, "/version")
        if found is not None and isinstance(version := found.get("version"), str):
            return Server(ServerKind.VLLM, version, client.root)
        return Server(ServerKind.UNKNOWN, "", client.root)

    return await _with_client(ask, client, base_url, api_key, timeout_s)


async def list_models(
    base_url: str,
    *,
    api_key: str | None = None,
    timeout_s: float = PROBE_TIMEOUT_S,
    client: JsonClient | None = None,
) -> tuple[str, ...]:
    """The names of the models that a server has, sorted.

    `/v1/models` is known to all of them; Ollama's `/api/tags` is asked next.

    Raises:
        EngineError: the server could not be asked, or knows neither route.
        InputError: the address is none.
    """

    async def ask(client: JsonClient) -> tuple[str, ...]:
        has_path = client.address != client.root or client.root.count("/") > 2
        routes = [(f"{client.address}/models" if has_path else f"{client.root}/v1/models", "data", "id")]
        routes.append((f"{client.root}/api/tags", "models", "name"))
        refusal: RequestRejected | ModelNotFound | ReplyUnreadable | None = None
        for url, list_name, field in routes:
            try:
                body = await client.get(url)
                entries = read_array(body.get(list_name), list_name)
                return tuple(sorted(read_text(read_object(entry, list_name).get(field), field) for entry in entries))
            except (RequestRejected, ModelNotFound, ReplyUnreadable) as error:
                refusal = refusal or error
        raise refusal or RequestRejected(f"{client.address} does not list its models")

    return await _with_client(ask, client, base_url, api_key, timeout_s)


async def _ask(client: JsonClient, path: str) -> Json | None:
    """The answer at a native route, or None where the server does not have it."""
    try:
        return await client.get(client.root + path)
    except (RequestRejected, CredentialsRejected, ModelNotFound, ReplyUnreadable):
        return None


async def _with_client(
    ask: Callable[[JsonClient], Awaitable[T]],
    client: JsonClient | None,
    base_url: str,
    api_key: str | None,
    timeout_s: float,
) -> T:
    if client is not None:
        return await ask(client)
    client = JsonClient(base_url, api_key=api_key, timeout_s=timeout_s)
    try:
        return await ask(client)
    finally:
        await client.close()
