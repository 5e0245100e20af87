"""HTTP with JSON bodies, and every way it can fail as an error of the tree.

One `JsonClient` an endpoint. aiohttp is imported with the first request, never with this module: most
commands of demur send none. It is chosen over the providers' SDKs for its cost: a fraction of a millisecond
of CPU a request.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from demur.engines.faults import decode_object, excerpt_error, explain_unreachable, read_error_code, translate_status
from demur.engines.fields import Json
from demur.errors import (
    EngineError,
    EngineUnavailable,
    InputError,
    ReplyUnreadable,
    RequestRejected,
    RequestTimedOut,
    ServerFault,
)
from demur.version import __version__

if TYPE_CHECKING:
    import aiohttp
    from yarl import URL

MAX_BODY_BYTES = 32 * 1024 * 1024
"""The most that a reply may weigh: a server gone wild must not fill the memory."""

CONNECT_TIMEOUT_S = 10.0
"""A server that is there takes a connection at once, however long its model then thinks."""

KEEPALIVE_S = 4.0
"""Shorter than uvicorn's 5 s: no request goes out on a connection that the server is about to close."""

LLAMA_CPP = "llama.cpp"
"""How that server names itself. It keeps a thread for every open connection, idle ones too, and has few: with more
connections kept alive than threads, those beyond wait until another is given up. So each is given up at once."""
TLS_HINT = (
    "http or https? A certificate that is your own, or your company's, becomes known here by "
    "SSL_CERT_FILE=/path/to/ca.pem; demur has no switch that turns the check off."
)


class JsonClient:
    """Posts JSON to one server and reads JSON from it.

    The pool of connections has no limit of its own: how many requests are out at once is the limiter's to
    say.
    Redirects are not followed, so that neither prompts nor keys go to an address that nobody wrote down.

    Attributes:
        address: the server's address without any credentials, as errors and records may show it.
        root: the address without a trailing `/v1`, where servers keep their native routes.
    """

    def __init__(self, base_url: str, *, api_key: str | None = None, timeout_s: float = 120.0) -> None:
        """Take the address apart; nothing is connected yet.

        Args:
            base_url: `http://` or `https://`, with the path that routes are appended to.
            api_key: sent as a bearer token.
            timeout_s: seconds from sending a request to the last byte of its reply.

        Raises:
            InputError: the address is none, or the key cannot stand in a header.
        """
        try:
            parts = urlsplit(base_url.strip())
            self._port = parts.port
        except ValueError:
            raise InputError("`base_url` is not an address", hint="Such as http://localhost:11434/v1") from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputError(
                "`base_url` must begin with http:// or https:// and name a host",
                hint="Such as http://localhost:11434/v1",
            )
        path = parts.path.rstrip("/")
        host = parts.netloc.rpartition("@")[2]
        self.host = parts.hostname
        self.address = f"{parts.scheme}://{host}{path}"
        self.root = self.address.removesuffix("/v1")
        self._secret = (api_key or "").strip()
        if not self._secret.isprintable():
            raise InputError(
                "`api_key` holds a line break or another control character", hint="Was a whole file pasted?"
            )
        self._userinfo = parts.netloc.rpartition("@")[0]
        self._timeout_s = timeout_s
        self._session: aiohttp.ClientSession | None = None
        self._urls: dict[str, URL] = {}
        self._headers: dict[str, str] | None = None

    def __repr__(self) -> str:
        return f"JsonClient({self.address!r})"

    async def post(self, url: str, body: Mapping[str, object], *, model: str = "") -> Json:
        """Post `body` to `url`, which begins with `address` or `root`; return the reply's object.

        Args:
            model: the model asked for, named by the error if the server does not have it.

        Raises:
            EngineError: no such object came; the subclass says why.
        """
        payload = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        return await self._exchange("POST", url, payload, model)

    async def get(self, url: str) -> Json:
        """Get `url`; return the reply's object.

        Raises:
            EngineError: no such object came; the subclass says why.
        """
        return await self._exchange("GET", url, None, "")

    async def answers(self, url: str) -> bool:
        """Whether a GET of `url` answers 200, whatever the body: for health checks, which have none."""
        import aiohttp

        session = self._session or self._open_session()
        try:
            async with session.get(self._urls.get(url) or self._remember(url), allow_redirects=False) as response:
                return response.status == 200
        except (aiohttp.ClientError, OSError, TimeoutError):
            return False

    async def close(self) -> None:
        """Close all connections. Idempotent; a later request opens new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _exchange(self, method: str, url: str, payload: bytes | None, model: str) -> Json:
        import aiohttp

        session = self._session or self._open_session()
        target = self._urls.get(url) or self._remember(url)
        try:
            async with session.request(
                method, target, data=payload, headers=self._headers, allow_redirects=False
            ) as response:
                status = response.status
                if self._headers is None and response.headers.get("Server") == LLAMA_CPP:
                    self._headers = {"Connection": "close"}
                retry_after = response.headers.get("Retry-After") if status >= 400 else response.headers.get("Location")
                content = await _read_capped(response)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            # The cause is left out of the trace: aiohttp's errors carry the request's headers, and with
            # them the key.
            raise self._translate(error) from None
        if status >= 300:
            said = excerpt_error(content, self._secret) if status >= 400 else (retry_after or "")
            code = read_error_code(content)
            raise translate_status(status, said, address=self.address, model=model, retry_after=retry_after, code=code)
        return self._decode(content, model)

    def _decode(self, content: bytes, model: str) -> Json:
        body = decode_object(content, self.address, self._secret)
        error = body.get("error")
        if error:  # some gateways wrap the failure of the server behind them in a 200
            code = error.get("code") if isinstance(error, dict) else None
            status = code if isinstance(code, int) and code >= 400 else 500
            said = excerpt_error(content, self._secret)
            name = read_error_code(content)
            raise translate_status(status, said, address=self.address, model=model, code=name)
        return body

    def _open_session(self) -> aiohttp.ClientSession:
        import aiohttp

        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Accept-Encoding": "identity",  # replies are small: unpacking costs more than it saves
            "User-Agent": f"demur/{__version__}",
        }
        if self._secret:
            headers["Authorization"] = f"Bearer {self._secret}"
        session = self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEPALIVE_S, ttl_dns_cache=300),
            timeout=aiohttp.ClientTimeout(total=self._timeout_s, sock_connect=min(CONNECT_TIMEOUT_S, self._timeout_s)),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=headers,
            proxy=_find_proxy(self.address, self.host),
        )
        return session

    def _remember(self, url: str) -> URL:
        from yarl import URL

        needs_userinfo = self._userinfo and not self._secret
        target = self._urls[url] = URL(url.replace("://", f"://{self._userinfo}@", 1) if needs_userinfo else url)
        return target

    def _translate(self, error: Exception) -> EngineError:
        import aiohttp

        if isinstance(error, aiohttp.ConnectionTimeoutError):
            return EngineUnavailable(
                f"{self.address} takes no connection within {min(CONNECT_TIMEOUT_S, self._timeout_s):g} s",
                hint=explain_unreachable(self._port),
            )
        if isinstance(error, TimeoutError):
            return RequestTimedOut(
                f"{self.address} did not finish a reply within {self._timeout_s:g} s",
                hint="Raise `timeout_s`, lower `max_tokens`, or lower `concurrency`.",
            )
        if isinstance(error, aiohttp.ClientConnectorDNSError):
            return EngineUnavailable(
                f"the name of {self.address} does not resolve", hint="Check `base_url` and the network."
            )
        if isinstance(error, aiohttp.ClientSSLError):
            return EngineUnavailable(
                f"no safe connection to {self.address}: {explain_certificate(error)}", hint=TLS_HINT
            )
        if isinstance(error, aiohttp.ClientConnectorError):
            number = error.os_error.errno
            if number in (errno.EMFILE, errno.ENFILE):
                return ServerFault(
                    f"no connection to {self.address}: too many open files",
                    hint="Lower `concurrency`, or raise the limit (`ulimit -n`).",
                )
            reason = os.strerror(number) if number else type(error.os_error).__name__
            return EngineUnavailable(
                f"nothing answers at {self.address} ({reason})", hint=explain_unreachable(self._port)
            )
        if isinstance(error, aiohttp.InvalidURL | aiohttp.NonHttpUrlClientError):
            return RequestRejected(f"{self.address} is not an address that can be asked", hint="Check `base_url`.")
        if isinstance(error, aiohttp.ClientResponseError):
            return ReplyUnreadable(f"{self.address} does not speak HTTP as it should", hint="Check `base_url`.")
        return ServerFault(
            f"the connection to {self.address} broke ({type(error).__name__})",
            hint="The server's own log says more.",
        )


async def _read_capped(response: aiohttp.ClientResponse) -> bytes:
    """Read the body, unless it is longer than `MAX_BODY_BYTES`."""
    parts: list[bytes] = []
    size = 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > MAX_BODY_BYTES:
            response.close()
            raise ReplyUnreadable(
                f"a reply is longer than {MAX_BODY_BYTES // 1024 // 1024} MiB", hint="Set `max_tokens`."
            )
        parts.append(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def explain_certificate(error: BaseException) -> str:
    """Why a certificate was refused, in OpenSSL's words; the kind of error where it gives none."""
    cause = getattr(error, "certificate_error", error)
    return getattr(cause, "verify_message", None) or type(error).__name__


def _find_proxy(address: str, host: str) -> str | None:
    """The proxy that the environment names for this address, found once and not for every request."""
    from urllib.request import getproxies, proxy_bypass

    proxies = getproxies()
    proxy = proxies.get(address.partition(":")[0]) or proxies.get("all")
    if not proxy or host in ("localhost", "127.0.0.1", "::1") or proxy_bypass(host):
        return None
    return proxy if proxy.startswith(("http://", "https://")) else None
