"""Keeps keys out of whatever an engine says: servers and SDKs quote what they were sent in their errors."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote, unquote, urlsplit

from demur.engines.base import Engine, Identity, Reply, Request
from demur.engines.faults import PLACEHOLDER_KEYS
from demur.errors import EngineError
from demur.inputs.engine_settings import ADDRESSES, EngineSettings

STAND_IN = "***"


class RedactedEngine:
    """An engine whose errors never hold its secrets, in message or hint."""

    def __init__(self, engine: Engine, secrets: Iterable[str]) -> None:
        """Wrap a provider.

        Args:
            engine: the provider.
            secrets: what must not be seen; see `list_secrets`.
        """
        self._engine = engine
        self._secrets = tuple(secrets)

    @property
    def identity(self) -> Identity:
        """The engine's own."""
        return self._engine.identity

    async def complete(self, request: Request) -> Reply:
        """Answer one request.

        Raises:
            EngineError: the model did not answer.
        """
        try:
            return await self._engine.complete(request)
        except EngineError as error:
            error.args = tuple(redact(part, self._secrets) if isinstance(part, str) else part for part in error.args)
            error.hint = redact(error.hint, self._secrets)
            raise

    async def close(self) -> None:
        """Close the engine."""
        await self._engine.close()


def list_secrets(settings: EngineSettings) -> tuple[str, ...]:
    """What of an engine's settings must not be seen: its key, and user, password and query of its addresses.

    The longest come first, so that none is replaced in part. Words that stand for "no key" are no secrets.
    """
    found: set[str] = set()
    key = getattr(settings, "api_key", None)
    if key is not None:
        found.add(key.get_secret_value().strip())
    for name in ADDRESSES:
        address = getattr(settings, name, None)
        if isinstance(address, str) and "://" in address:
            rest = address.split("://", 1)[1]
            userinfo = rest.split("/", 1)[0].rpartition("@")[0]
            _, _, password = userinfo.partition(":")
            found |= {userinfo, password, unquote(password), _read_query(address)}
    encoded = {quote(secret, safe="") for secret in found}
    return tuple(sorted((found | encoded) - PLACEHOLDER_KEYS, key=lambda secret: (-len(secret), secret)))


def redact(text: str, secrets: Iterable[str]) -> str:
    """The text with every secret in it replaced."""
    for secret in secrets:
        text = text.replace(secret, STAND_IN)
    return text


def _read_query(address: str) -> str:
    try:
        return urlsplit(address).query
    except ValueError:  # no address: whoever wants to use it says so
        return ""
