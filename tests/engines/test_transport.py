import asyncio
import errno
import socket
import subprocess
import sys

import aiohttp
import pytest
from aiohttp import web
from aiohttp.client_reqrep import ConnectionKey

from demur.engines import transport
from demur.engines.faults import explain_unreachable
from demur.engines.transport import JsonClient
from demur.errors import (
    CredentialsRejected,
    EngineError,
    EngineUnavailable,
    InputError,
    RateLimited,
    ReplyUnreadable,
    RequestRejected,
    RequestTimedOut,
    ServerFault,
)
from tests.servers.behaviour import Fault
from tests.servers.simulated import SimulatedServer

BODY = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
SECRET = "sk-very-secret-0123456789"


async def post(server: SimulatedServer, *, timeout_s: float = 5.0, api_key: str | None = None) -> None:
    """Post one request."""
    client = JsonClient(server.base_url, timeout_s=timeout_s, api_key=api_key)
    try:
        await client.post(f"{client.address}/chat/completions", BODY, model="m")
    finally:
        await client.close()


def free_port() -> int:
    """A port at which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault(status=500), ServerFault),
        (Fault(status=401), CredentialsRejected),
        (Fault(status=400), RequestRejected),
        (Fault("reset"), ServerFault),
        (Fault("drop"), ServerFault),
        (Fault("torn"), ReplyUnreadable),
        (Fault("html"), ReplyUnreadable),
    ],
)
async def test_server_failures_become_errors(fault: Fault, expected: type[EngineError]) -> None:
    """Whatever a server does wrong becomes an error of the tree."""
    async with SimulatedServer(faults=[fault]) as server:
        with pytest.raises(expected):
            await post(server)


async def test_hanging_server_times_out() -> None:
    """A server that never answers is given up after the time allowed."""
    async with SimulatedServer(faults=[Fault("hang")]) as server:
        with pytest.raises(RequestTimedOut, match=r"0\.2 s"):
            await post(server, timeout_s=0.2)


async def test_rate_limit_brings_its_wait() -> None:
    """A 429 carries the Retry-After header and the server's words."""
    async with SimulatedServer(faults=[Fault(status=429, retry_after="1.5", said="calm down")]) as server:
        with pytest.raises(RateLimited, match="calm down") as caught:
            await post(server)
    assert caught.value.retry_after_s == 1.5


async def test_nobody_there_names_the_address() -> None:
    """A refused connection names the address, and says what to do."""
    address = f"http://127.0.0.1:{free_port()}"
    client = JsonClient(f"{address}/v1")
    with pytest.raises(EngineUnavailable, match=address) as caught:
        await client.get(f"{client.address}/models")
    await client.close()
    assert "Connection refused" in str(caught.value)
    assert "base_url" in caught.value.hint


def test_ollama_port_hints_at_ollama() -> None:
    """Where nothing answers at Ollama's port, the hint is the command that starts it."""
    assert "ollama serve" in explain_unreachable(11434)


async def test_secret_is_in_no_error_and_no_repr() -> None:
    """A key that the server echoes is struck out, and neither the error's chain nor a repr shows it."""
    said = f"Incorrect API key provided: {SECRET}."
    async with SimulatedServer(faults=[Fault(status=401, said=said)]) as server:
        with pytest.raises(CredentialsRejected) as caught:
            await post(server, api_key=SECRET)
    assert "***" in str(caught.value)
    assert SECRET not in f"{caught.value}{caught.value!r}{caught.value.hint}"
    assert SECRET not in repr(JsonClient("http://h/v1", api_key=SECRET))


async def test_key_is_sent_as_bearer() -> None:
    """The key reaches the server, and a wrong one is rejected."""
    async with SimulatedServer(api_key=SECRET) as server:
        await post(server, api_key=SECRET)
        with pytest.raises(CredentialsRejected):
            await post(server, api_key="other-key")


def test_credentials_in_the_address_stay_out_of_sight() -> None:
    """User and password of an address are no part of what errors and records show."""
    client = JsonClient("http://user:pass@host:81/proxy/v1/")
    assert client.address == "http://host:81/proxy/v1"
    assert client.root == "http://host:81/proxy"


@pytest.mark.parametrize(
    "base_url", ["", "localhost:11434", "ftp://host", "http://", "http://host:notaport", "http://[::1"]
)
def test_address_that_is_none_is_an_input_error(base_url: str) -> None:
    """What is no http address is refused before anything is sent."""
    with pytest.raises(InputError, match="base_url"):
        JsonClient(base_url)


def test_key_with_a_line_break_is_an_input_error() -> None:
    """A key that could not stand in a header is refused, without being shown."""
    with pytest.raises(InputError) as caught:
        JsonClient("http://host", api_key="abc\ndef")
    assert "abc" not in str(caught.value)


async def serve_once(answer: web.Response) -> tuple[web.ServerRunner, str]:
    """Serve this answer to one request; gives the server and its address."""

    async def handle(_: web.BaseRequest) -> web.Response:
        return answer

    runner = web.ServerRunner(web.Server(handle, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}"


async def test_redirect_is_not_followed() -> None:
    """A redirect is an error that names the target: keys go to no address that nobody wrote down."""
    runner, url = await serve_once(web.Response(status=307, headers={"Location": "http://elsewhere.example/v1"}))
    client = JsonClient(url)
    with pytest.raises(RequestRejected, match=r"elsewhere\.example"):
        await client.get(url)
    await client.close()
    await runner.cleanup()


async def test_endless_reply_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reply beyond the cap is refused."""
    monkeypatch.setattr(transport, "MAX_BODY_BYTES", 1000)
    runner, url = await serve_once(web.Response(body=b'{"a": "' + b"x" * 2000 + b'"}'))
    client = JsonClient(url)
    with pytest.raises(ReplyUnreadable, match="longer"):
        await client.get(url)
    await client.close()
    await runner.cleanup()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"[]", ReplyUnreadable),
        (b"", ReplyUnreadable),
        (b"[" * 100_000, ReplyUnreadable),
        (b'{"error": {"message": "upstream gone", "code": 502}}', ServerFault),
        (b'{"error": {"message": "later", "code": 429}}', RateLimited),
        (b'{"error": "no idea"}', ServerFault),
    ],
)
async def test_body_of_a_200_is_checked(content: bytes, expected: type[EngineError]) -> None:
    """A 200 whose body is no object, or wraps an error, is an error."""
    runner, url = await serve_once(web.Response(body=content))
    client = JsonClient(url)
    with pytest.raises(expected):
        await client.get(url)
    await client.close()
    await runner.cleanup()


async def test_connection_is_reused_and_closing_is_idempotent() -> None:
    """Requests in a row share one connection, and close may be called twice and before any request."""
    async with SimulatedServer() as server:
        client = JsonClient(server.base_url)
        await client.close()
        for _ in range(3):
            await client.post(f"{client.address}/chat/completions", BODY)
        assert client._session is not None
        assert client._session.connector is not None
        assert len(client._session.connector._conns) == 1
        await client.close()
        await client.close()


async def test_many_requests_at_once_are_not_held_back() -> None:
    """The connection pool sets no limit of its own."""
    async with SimulatedServer(median_s=0.05) as server:
        client = JsonClient(server.base_url)
        async with asyncio.TaskGroup() as group:
            for _ in range(150):
                group.create_task(client.post(f"{client.address}/chat/completions", BODY))
        assert server.metrics.most_at_once > 100
        await client.close()


def test_proxy_comes_from_the_environment_but_not_for_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the environment is used for other hosts, never for this machine or one that no_proxy
    names."""
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "inner.example")
    assert transport._find_proxy("http://model.example/v1", "model.example") == "http://proxy.example:3128"
    assert transport._find_proxy("http://inner.example/v1", "inner.example") is None
    assert transport._find_proxy("http://localhost:11434", "localhost") is None


def test_importing_the_engines_imports_no_heavy_package() -> None:
    """aiohttp and tenacity are imported with the first request that needs them, not before."""
    code = (
        "import sys, demur.engines.openai, demur.engines.ollama\n"
        "import demur.engines.retrying, demur.engines.scripted\n"
        "print([name for name in ('aiohttp', 'tenacity', 'yarl') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


async def test_server_that_speaks_no_http_is_unreadable() -> None:
    """A port at which something else listens is told apart from a broken connection."""

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"220 mail.example ESMTP\r\n\r\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        client = JsonClient(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        with pytest.raises(ReplyUnreadable, match="HTTP"):
            await client.get(client.root)
        await client.close()


async def test_https_at_a_plain_port_is_unavailable() -> None:
    """https where the server speaks plain http says so, instead of a stack of TLS words."""
    async with SimulatedServer() as server:
        client = JsonClient(server.url.replace("http:", "https:"))
        with pytest.raises(EngineUnavailable, match="safe connection") as caught:
            await client.get(client.root)
        await client.close()
    assert "https" in caught.value.hint


def connector_error(kind: type[aiohttp.ClientConnectorError], os_error: OSError) -> aiohttp.ClientConnectorError:
    """aiohttp's error for a connection that was not made."""
    key = ConnectionKey("model.example", 80, False, True, None, None, None)
    return kind(key, os_error)


@pytest.mark.parametrize(
    ("error", "expected", "said"),
    [
        (aiohttp.ConnectionTimeoutError(), EngineUnavailable, "takes no connection"),
        (
            connector_error(aiohttp.ClientConnectorDNSError, OSError(-2, "?")),
            EngineUnavailable,
            "does not resolve",
        ),
        (
            connector_error(aiohttp.ClientConnectorError, OSError(errno.EMFILE, "?")),
            ServerFault,
            "open files",
        ),
        (connector_error(aiohttp.ClientConnectorError, OSError("odd")), EngineUnavailable, "OSError"),
        (aiohttp.InvalidUrlClientError("x"), RequestRejected, "not an address"),
        (aiohttp.ServerDisconnectedError(), ServerFault, "broke"),
    ],
)
def test_failures_of_the_network_become_errors(error: Exception, expected: type[EngineError], said: str) -> None:
    """What cannot be brought about here without a network is translated too."""
    translated = JsonClient("http://model.example/v1")._translate(error)
    assert type(translated) is expected
    assert said in str(translated)
    assert translated.hint


async def test_credentials_in_the_address_are_used() -> None:
    """User and password of an address are sent along, where no key is given."""
    seen: list[str | None] = []

    async def handle(request: web.BaseRequest) -> web.Response:
        seen.append(request.headers.get("Authorization"))
        return web.json_response({})

    runner = web.ServerRunner(web.Server(handle, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    for key in (None, "sk-key"):
        client = JsonClient(f"http://user:pass@127.0.0.1:{runner.addresses[0][1]}", api_key=key)
        await client.get(client.root)
        await client.close()
    await runner.cleanup()
    assert seen == ["Basic dXNlcjpwYXNz", "Bearer sk-key"]


async def test_cancelled_request_leaves_the_client_usable() -> None:
    """A request that is cancelled on the way ends at once, and the next one goes through."""
    async with SimulatedServer(faults=[Fault("hang")]) as server:
        client = JsonClient(server.base_url)
        task = asyncio.ensure_future(client.post(f"{client.address}/chat/completions", BODY))
        async with asyncio.timeout(5):
            while not server.metrics.counts["fault"]:
                await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert "choices" in await client.post(f"{client.address}/chat/completions", BODY)
        await client.close()
