"""What the engines that work through a provider's SDK share in reading what goes wrong.

The SDKs here send by httpx or httpx2, which name their failures alike, so failures are told apart by those names and
no SDK is imported by this module.
"""

from __future__ import annotations

import asyncio
import errno
import json
import os
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from socket import gaierror
from urllib.parse import urlsplit

from demur.engines.faults import decode_object, excerpt_error, translate_status
from demur.engines.fields import Json
from demur.engines.transport import CONNECT_TIMEOUT_S, TLS_HINT, explain_certificate
from demur.errors import (
    CredentialsRejected,
    EngineError,
    EngineUnavailable,
    InputError,
    ModelNotFound,
    ReplyUnreadable,
    RequestRejected,
    RequestTimedOut,
    ServerFault,
)

MISSING_MODEL_CODES = frozenset({"DeploymentNotFound", "model_not_found", "model_not_supported"})
SPENT_CODES = frozenset({
    "insufficient_quota", "billing_error", "token_quota_reached", "linked_organization_spend_limit_reached",
    "contract_spend_limit_reached", "enforced_spend_limit_reached",
})  # fmt: skip
"""No waiting helps against these, whatever the status that they come with."""

_ADVICE = (
    (
        ("prompt is too long", "context_length_exceeded", "context length", "context window", "tokens limit"),
        "Lower `num_icl_examples` and `max_tokens`, or take a model with a longer context.",
    ),
    (
        ("content_filter", "content management policy", "responsibleaipolicyviolation"),
        "The provider's own filter. Where the account allows it, loosen it; else take another engine.",
    ),
    (
        ("temperature", "top_p", "top_k"),
        "This model does not take that setting: leave it out of the builder's block.",
    ),
)
"""What to do about a request that is refused, by the words of the refusal."""


@dataclass(frozen=True, slots=True)
class Service:
    """Who is asked, in the words of errors.

    Attributes:
        address: without credentials.
        model: as the builder names it.
        timeout_s: seconds that one attempt may take.
        secret: the key; never shown.
        variable: the environment variable that a key usually comes from.
        missing_model: what to do when the model is not there.
    """

    address: str
    model: str
    timeout_s: float
    secret: str = field(repr=False)
    variable: str
    missing_model: str

    @property
    def connect_timeout_s(self) -> float:
        """Seconds that a connection may take."""
        return min(CONNECT_TIMEOUT_S, self.timeout_s)

    def require_key(self) -> None:
        """Say that there is no key before an SDK says so in its own words.

        Raises:
            CredentialsRejected: there is none.
        """
        if not self.secret:
            raise CredentialsRejected(f"there is no API key for {self.address}", hint=self.explain_key())

    def explain_key(self) -> str:
        """What to do about a key."""
        return f"Set {self.variable} in the environment or in .env, or `api_key: ${{…}}` in the builder."

    @asynccontextmanager
    async def bound_attempt(self) -> AsyncIterator[None]:
        """Bound everything inside to `timeout_s`: an SDK's own timeout counts anew with each byte.

        Raises:
            RequestTimedOut: it took longer.
        """
        try:
            async with asyncio.timeout(self.timeout_s):
                yield
        except TimeoutError:
            raise self.time_out() from None

    def time_out(self) -> RequestTimedOut:
        """The error of an attempt that took too long."""
        return RequestTimedOut(
            f"{self.address} did not finish a reply within {self.timeout_s:g} s",
            hint="Raise `timeout_s`, lower `max_tokens`, or lower `concurrency`.",
        )

    def decode(self, content: bytes) -> Json:
        """The JSON object that a reply's body holds.

        Raises:
            ReplyUnreadable: it holds something else.
        """
        return decode_object(content, self.address, self.secret)

    def translate_answer(
        self, status: int, content: bytes, headers: Mapping[str, str], *, token: str = ""
    ) -> EngineError:
        """The error that an answer of status 300 or above stands for.

        Args:
            token: a further secret that the request carried, such as a bearer token.
        """
        codes, message = _read_complaint(content)
        if token:
            message = message.replace(token, "***")
        said = excerpt_error(json.dumps({"message": message or " ".join(codes)}).encode(), self.secret)
        if 300 <= status < 400:
            said = excerpt_error(headers.get("location", "").encode(), self.secret)
        words = " ".join([said, *codes]).lower()
        tail = f": {said}" if said else ""
        if SPENT_CODES.intersection(codes) or "credit balance is too low" in words:
            return CredentialsRejected(
                f"{self.address} has no credit left for this key (HTTP {status}){tail}",
                hint="Look at the account's limits and its credit.",
            )
        lacks_model = MISSING_MODEL_CODES.intersection(codes) or ("not_found_error" in codes and "model" in words)
        if lacks_model:
            return ModelNotFound(f"{self.address} does not have the model {self.model}{tail}", hint=self.missing_model)
        error = translate_status(
            status, said, address=self.address, model=self.model, retry_after=_find_retry_after(headers)
        )
        error.hint = self._advise(error, words)
        return error

    def _advise(self, error: EngineError, words: str) -> str:
        if isinstance(error, ModelNotFound):
            return self.missing_model
        if isinstance(error, CredentialsRejected):
            return self.explain_key()
        if isinstance(error, ServerFault):
            return "The provider's status page may say more."
        if "this route" in str(error):
            return "Check `base_url`."
        if isinstance(error, RequestRejected):
            return next((hint for signs, hint in _ADVICE if any(sign in words for sign in signs)), error.hint)
        return error.hint

    def translate_break(self, failure: BaseException) -> EngineError:
        """The error that a failure of httpx or httpx2 stands for, by itself or as the cause of an SDK's own."""
        chain = list(_walk_causes(failure))
        names = {kind.__name__ for each in chain for kind in type(each).__mro__}
        # The first cause is the innermost: what the system said.
        cause = next((each for each in reversed(chain) if isinstance(each, OSError)), None)
        if "ConnectTimeout" in names:
            return EngineUnavailable(
                f"{self.address} takes no connection within {self.connect_timeout_s:g} s",
                hint="Check `base_url` and the network.",
            )
        if "TimeoutException" in names:
            return self.time_out()
        if isinstance(cause, gaierror):
            return EngineUnavailable(
                f"the name of {self.address} does not resolve", hint="Check `base_url` and the network."
            )
        if isinstance(cause, ssl.SSLError):
            return EngineUnavailable(
                f"no safe connection to {self.address}: {explain_certificate(cause)}", hint=TLS_HINT
            )
        if cause is not None and cause.errno in (errno.EMFILE, errno.ENFILE):
            return ServerFault(
                f"no connection to {self.address}: too many open files",
                hint="Lower `concurrency`, or raise the limit (`ulimit -n`).",
            )
        if "ConnectError" in names or "ProxyError" in names:
            known = cause is not None and cause.errno
            reason = os.strerror(known) if known else "no connection"
            return EngineUnavailable(
                f"nothing answers at {self.address} ({reason})", hint="Check `base_url` and the network."
            )
        if "LocalProtocolError" in names or "UnsupportedProtocol" in names:
            return RequestRejected(f"{self.address} is not an address that can be asked", hint="Check `base_url`.")
        if "DecodingError" in names or any("illegal" in str(each) for each in chain):
            return ReplyUnreadable(f"{self.address} does not speak HTTP as it should", hint="Check `base_url`.")
        return ServerFault(
            f"the connection to {self.address} broke ({type(chain[-1]).__name__})",
            hint="The provider's status page may say more.",
        )


def check_address(address: str, example: str, setting: str = "base_url") -> str:
    """The address without a slash at its end.

    Args:
        setting: what the builder calls it.

    Raises:
        InputError: it is none, or holds a user and a password, or a query, which no SDK would send.
    """
    try:
        parts = urlsplit(address.strip())
        _ = parts.port
    except ValueError:
        raise InputError(f"`{setting}` is not an address", hint=f"Such as {example}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError(
            f"`{setting}` must begin with https:// (or http://) and name a host", hint=f"Such as {example}"
        )
    if "@" in parts.netloc:
        raise InputError(f"`{setting}` holds a user or a password", hint="Give the key as `api_key`.")
    if parts.query or parts.fragment:
        raise InputError(f"`{setting}` may not hold what follows a ? or a #", hint=f"Such as {example}")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def check_key(key: str) -> str:
    """The key without white space around it.

    Raises:
        InputError: it cannot stand in a header.
    """
    key = key.strip()
    if not (key.isascii() and key.isprintable()):
        raise InputError("`api_key` holds a sign that no key has", hint="Was a whole file pasted?")
    return key


def _read_complaint(content: bytes) -> tuple[tuple[str, ...], str]:
    """An error's codes and its message.

    Anthropic: `{error: {type, message, details: {error_code}}}`. Azure: `{error: {code, message, innererror: {code}}}`,
    its gateway `{statusCode, message}`. watsonx.ai: `{errors: [{code, message}]}`. IBM Cloud's IAM: `{errorCode,
    errorMessage}`.
    """
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        return (), content[:65536].decode("utf-8", "replace")
    listed = body.get("errors")
    error = listed[0] if isinstance(listed, list) and listed else body.get("error", body)
    if not isinstance(error, dict):
        return (), str(error)
    inner = [error.get("details"), error.get("innererror"), error.get("inner_error")]
    found = [error.get(name) for name in ("type", "code", "errorCode")]
    found += [each.get(name) for each in inner if isinstance(each, dict) for name in ("error_code", "code")]
    codes = tuple(each for each in found if isinstance(each, str))
    message = error.get("message") or error.get("errorMessage")
    if not message and not codes:
        message = json.dumps(error, ensure_ascii=False)
    return codes, message if isinstance(message, str) else ""


def _find_retry_after(headers: Mapping[str, str]) -> str | None:
    """`Retry-After` in seconds, or Azure's own finer header."""
    exact = headers.get("retry-after-ms")
    if exact is not None and exact.strip().isdecimal() and len(exact) < 20:
        return str(int(exact) / 1000)
    return headers.get("retry-after")


def _walk_causes(failure: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    pending: list[BaseException] = [failure]
    while pending:
        error = pending.pop(0)
        if id(error) in seen:
            continue
        seen.add(id(error))
        yield error
        if isinstance(error, BaseExceptionGroup):
            pending.extend(error.exceptions)
        pending.extend(each for each in (error.__cause__, error.__context__) if each is not None)
