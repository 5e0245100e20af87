"""Which server is it, and which models does it have?

Raw prompts travel by another route on every server, and a wrong guess is silent: the server would wrap a
finished prompt in a chat template, and a guard would judge something else. So the server is asked, by the
route that only it knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from demur.engines.fields import Json, read_array, read_object, read_text
from demur.engines.transport import JsonClient
from demur.errors import CredentialsRejected, ModelNotFound, ReplyUnreadable, RequestRejected

HOSTED = frozenset({"api.openai.com"})
"""Hosts that are known to be none of the servers below, and are not asked."""


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


async def identify_server(client: JsonClient) -> Server:
    """Ask an address, given with or without a trailing `/v1`, what it is.

    `/api/version` answers only on Ollama, `/props` only on llama.cpp, `/version` on vLLM.

    Raises:
        EngineError: nothing answers, or the server is not ready (`RateLimited` while llama.cpp loads its
            model).
    """
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


async def list_models(client: JsonClient) -> tuple[str, ...]:
    """The names of the models that a server has, sorted.

    `/v1/models` is known to all of them; Ollama's `/api/tags` is asked next.

    Raises:
        EngineError: the server could not be asked, or knows neither route.
    """
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


async def _ask(client: JsonClient, path: str) -> Json | None:
    """The answer at a native route, or None where the server does not have it."""
    try:
        return await client.get(client.root + path)
    except (RequestRejected, CredentialsRejected, ModelNotFound, ReplyUnreadable):
        return None
