"""Certificates are checked, against a real server with one that nobody vouches for."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.cli.commands import run_demur

CERTIFICATES = Path(__file__).resolve().parents[1] / "servers" / "certificates"
CONFIG = """\
databuilders:
  public/safety/refusal:
    blocks:
      - {{name: instruction_generator, type: openai, base_url: '{url}/v1', model_id_or_path: m, api_key: sk-not-to-be-sent}}
"""


@asynccontextmanager
async def serve(seen: list[bytes]) -> AsyncIterator[str]:
    """A server with a certificate of its own making; notes what it is sent once the connection is safe."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "certificate.pem", CERTIFICATES / "key.pem")

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.read(65536))
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def ask(workspace: Path, url: str, environment: dict[str, str]) -> str:
    (workspace / "b.yaml").write_text(CONFIG.format(url=url))
    ended = await asyncio.to_thread(
        run_demur,
        "doctor",
        "task.yaml",
        "--engines",
        "embedded",
        "--config-path",
        "b.yaml",
        cwd=workspace,
        env=environment,
    )
    return ended.stdout


async def test_a_certificate_that_nobody_vouches_for_is_refused(workspace: Path) -> None:
    """No request and no key goes to such a server, and the message says why and what to do."""
    seen: list[bytes] = []
    async with serve(seen) as url:
        said = await ask(workspace, url, {})
    assert f"no safe connection to {url}" in said
    assert "self-signed certificate" in said or "self signed certificate" in said
    assert "SSL_CERT_FILE" in said
    assert not any(seen)


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE"])
async def test_a_certificate_of_ones_own_can_be_vouched_for(workspace: Path, variable: str) -> None:
    """With the file named in the environment, the same server is asked."""
    seen: list[bytes] = []
    async with serve(seen) as url:
        said = await ask(workspace, url, {variable: str(CERTIFICATES / "certificate.pem")})
    assert "no safe connection" not in said
    assert any(request.startswith(b"GET ") for request in seen)
