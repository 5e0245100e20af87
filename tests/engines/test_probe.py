import pytest
from aiohttp import web

from demur.engines import probe
from demur.engines.probe import Server, ServerKind
from demur.engines.transport import JsonClient
from demur.errors import EngineUnavailable, RateLimited, RequestRejected
from tests.servers.behaviour import Dialect, Kind
from tests.servers.simulated import SimulatedServer

SERVERS = [
    ("ollama", "none", ServerKind.OLLAMA, "0.13.0"),
    ("openai", "llama.cpp", ServerKind.LLAMA_CPP, "b6000-simulated"),
    ("openai", "vllm", ServerKind.VLLM, "0.13.0"),
    ("openai", "none", ServerKind.UNKNOWN, ""),
]


async def identify_server(url: str) -> Server:
    client = JsonClient(url)
    try:
        return await probe.identify_server(client)
    finally:
        await client.close()


async def list_models(url: str) -> tuple[str, ...]:
    client = JsonClient(url)
    try:
        return await probe.list_models(client)
    finally:
        await client.close()


@pytest.mark.parametrize(("dialect", "kind", "expected", "version"), SERVERS)
async def test_server_is_told_apart(dialect: Dialect, kind: Kind, expected: ServerKind, version: str) -> None:
    """Each kind of server is known by the route that only it has, whether asked with /v1 or without."""
    async with SimulatedServer(dialect=dialect, kind=kind) as server:
        for url in (server.url, server.base_url, server.base_url + "/"):
            assert await identify_server(url) == Server(expected, version, server.url)


@pytest.mark.parametrize(("dialect", "kind", "expected", "version"), SERVERS)
async def test_models_are_listed(dialect: Dialect, kind: Kind, expected: ServerKind, version: str) -> None:
    """The names of a server's models come sorted, whether asked with /v1 or without."""
    async with SimulatedServer(dialect=dialect, kind=kind, models=("zeta", "alpha:8b")) as server:
        for url in (server.url, server.base_url):
            assert await list_models(url) == ("alpha:8b", "zeta")


async def serve(answers: dict[str, web.Response]) -> tuple[web.ServerRunner, str]:
    """Serve these answers by path, and 404 for any other; gives the server and its address."""

    async def handle(request: web.BaseRequest) -> web.Response:
        found = answers.get(request.path, web.Response(status=404))
        return web.Response(status=found.status, body=found.body, content_type=found.content_type)

    runner = web.ServerRunner(web.Server(handle, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}"


async def test_tags_are_read_where_v1_models_is_missing() -> None:
    """An Ollama without /v1/models is asked by its native route; where neither is known the refusal is
    raised."""
    runner, url = await serve({"/api/tags": web.json_response({"models": [{"name": "b"}, {"name": "a"}]})})
    assert await list_models(f"{url}/v1") == ("a", "b")
    await runner.cleanup()
    runner, url = await serve({})
    with pytest.raises(RequestRejected):
        await list_models(url)
    await runner.cleanup()


async def test_web_page_in_place_of_an_answer_is_unknown() -> None:
    """A server that shows a web page for every route is not taken for anything."""
    page = web.Response(text="<html></html>", content_type="text/html")
    runner, url = await serve(dict.fromkeys(("/api/version", "/props", "/version"), page))
    assert (await identify_server(url)).kind is ServerKind.UNKNOWN
    await runner.cleanup()


async def test_guarded_routes_are_unknown() -> None:
    """Routes that want another key do not stop the probe."""
    answers = {path: web.Response(status=401) for path in ("/api/version", "/props", "/version")}
    runner, url = await serve(answers)
    assert (await identify_server(url)).kind is ServerKind.UNKNOWN
    await runner.cleanup()


async def test_server_that_is_loading_is_not_misjudged() -> None:
    """A llama.cpp that still loads its model answers 503: that is an error to retry, not an unknown
    server."""
    runner, url = await serve({"/props": web.json_response({"error": {"message": "Loading model"}}, status=503)})
    with pytest.raises(RateLimited, match="Loading model"):
        await identify_server(url)
    await runner.cleanup()


async def test_nobody_there_is_said_so() -> None:
    """Where nothing listens, the probe says that rather than `unknown`."""
    async with SimulatedServer() as server:
        url = server.url
    with pytest.raises(EngineUnavailable):
        await identify_server(url)
    with pytest.raises(EngineUnavailable):
        await list_models(url)


async def test_hosted_openai_is_not_asked() -> None:
    """OpenAI's own host is known to be none of these, and no request goes out (the network is blocked
    here)."""
    assert await identify_server("https://api.openai.com/v1") == Server(
        ServerKind.UNKNOWN, "", "https://api.openai.com"
    )
