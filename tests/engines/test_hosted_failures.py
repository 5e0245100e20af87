from __future__ import annotations

import errno
import logging
import socket
import ssl
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from demur.engines.hosted import Service
from demur.errors import (
    CredentialsRejected,
    EngineError,
    EngineUnavailable,
    ExtraMissing,
    InputError,
    ModelNotFound,
    RateLimited,
    ReplyUnreadable,
    RequestRejected,
    RequestTimedOut,
    ServerFault,
)
from tests.engines.hosted_engines import VARIABLES, every_provider, open_hosted
from tests.engines.samples import chat
from tests.servers.hosted import KEY, Failure, HostedServer, Provider

for package in ("anthropic", "openai", "ibm_watsonx_ai"):
    pytest.importorskip(package, reason="an extra is not installed")

pytestmark = pytest.mark.usefixtures("trusted")


async def fail(server: HostedServer, **changes: object) -> EngineError:
    """What one request fails by."""
    engine = open_hosted(server.provider, server.url, **changes)
    try:
        with pytest.raises(EngineError) as caught:
            await engine.complete(chat())
    finally:
        await engine.close()
    return caught.value


CASES: list[tuple[Failure, type[EngineError], str, str]] = [
    (Failure(401, "authentication_error", "invalid key"), CredentialsRejected,
     "rejects the credentials (HTTP 401): invalid key", "{variable}"),
    (Failure(403, "permission_error", "not for you"), CredentialsRejected,
     "rejects the credentials (HTTP 403): not for you", "{variable}"),
    (Failure(429, "rate_limit_error", "too fast"), RateLimited,
     "asks for fewer requests (HTTP 429): too fast", "Lower `concurrency`"),
    (Failure(500, "api_error", "broken inside"), ServerFault,
     "failed (HTTP 500): broken inside", "status page"),
    (Failure(503, "unavailable", "later"), RateLimited,
     "asks for fewer requests (HTTP 503): later", "Lower `concurrency`"),
    (Failure(529, "overloaded_error", "Overloaded"), RateLimited,
     "asks for fewer requests (HTTP 529): Overloaded", "Lower `concurrency`"),
    (Failure(400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"), RequestRejected,
     "refuses this request (HTTP 400): prompt is too long", "num_icl_examples"),
    (Failure(400, "context_length_exceeded", "This model's maximum context length is 8192 tokens."), RequestRejected,
     "maximum context length", "longer context"),
    (Failure(400, "invalid_input_argument",
             "the number of input tokens 9000 cannot exceed the total tokens limit 8192 for this model"), RequestRejected,
     "tokens limit 8192", "longer context"),
    (Failure(400, "content_filter",
             "The response was filtered due to the prompt triggering the content management policy."), RequestRejected,
     "was filtered", "own filter"),
    (Failure(400, "invalid_request_error",
             "`temperature` and `top_p` cannot both be specified for this model."), RequestRejected,
     "cannot both be specified", "leave it out"),
    (Failure(402, "billing_error", "no money"), CredentialsRejected,
     "no credit left for this key (HTTP 402): no money", "account"),
    (Failure(429, "insufficient_quota", "You exceeded your current quota."), CredentialsRejected,
     "no credit left", "account"),
    (Failure(403, "token_quota_reached", "The quota is used up."), CredentialsRejected,
     "no credit left", "account"),
    (Failure(404, "404", "Resource not found"), RequestRejected,
     "does not know this route (HTTP 404): Resource not found", "Check `base_url`."),
    (Failure(302, headers={"Location": "https://elsewhere.example/"}), RequestRejected,
     "redirects elsewhere (HTTP 302): https://elsewhere.example/", "base_url"),
    (Failure(manner="reset"), ServerFault,
     "the connection to {url} broke", "status page"),
    (Failure(manner="drop"), ServerFault,
     "the connection to {url} broke", "status page"),
    (Failure(manner="torn"), ReplyUnreadable,
     "answered with something that is not JSON: '{", "a proxy in between"),
    (Failure(manner="html"), ReplyUnreadable,
     "answered with something that is not JSON: '<html>", "Check `base_url`"),
]  # fmt: skip


@every_provider
@pytest.mark.parametrize(("failure", "kind", "message", "hint"), CASES, ids=lambda each: getattr(each, "code", ""))
async def test_a_failure_is_told(
    provider: Provider, folder: Path, failure: Failure, kind: type[EngineError], message: str, hint: str
) -> None:
    """Whatever a provider fails by, the message says what happened where, and the hint what to do; none is retried here."""
    async with HostedServer(provider, folder, failures=[failure]) as server:
        error = await fail(server)
    assert type(error) is kind
    assert message.replace("{url}", server.url) in str(error)
    assert server.url in str(error)
    assert hint.replace("{variable}", VARIABLES[provider]) in error.hint
    assert len(server.bodies) == 1


@every_provider
@pytest.mark.parametrize(
    ("headers", "expected_s"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "7", "retry-after-ms": "2500"}, 2.5),
        ({"retry-after-ms": "9" * 5000}, None),
    ],
)
async def test_retry_after_is_read(
    provider: Provider, folder: Path, headers: dict[str, str], expected_s: float | None
) -> None:
    """The wait that a provider asks for is in the error, Azure's finer header first."""
    failure = Failure(429, "rate_limit_error", "too fast", headers)
    async with HostedServer(provider, folder, failures=[failure]) as server:
        error = await fail(server)
    assert isinstance(error, RateLimited)
    assert error.retry_after_s == expected_s


@every_provider
async def test_a_model_that_is_not_there_is_named(provider: Provider, folder: Path) -> None:
    """A 404 for a model says which model, and where its name comes from."""
    async with HostedServer(provider, folder) as server:
        error = await fail(server, model_id_or_path="another")
    assert type(error) is ModelNotFound
    assert f"{server.url} does not have the model another" in str(error)
    assert "`model_id_or_path` is" in error.hint


@every_provider
async def test_a_wrong_key_is_told_and_never_shown(provider: Provider, folder: Path) -> None:
    """A key that the provider does not know is an error that names the variable, not the key."""
    async with HostedServer(provider, folder) as server:
        error = await fail(server, api_key="wrong-key-0123456789")
    assert type(error) is CredentialsRejected
    assert VARIABLES[provider] in error.hint
    assert "wrong-key" not in f"{error}{error.hint}{error!r}"


@every_provider
async def test_a_missing_key_is_told_before_anything_is_sent(provider: Provider, folder: Path) -> None:
    """Without a key the variable is named, and no request goes out."""
    async with HostedServer(provider, folder) as server:
        error = await fail(server, api_key=None)
    assert type(error) is CredentialsRejected
    assert f"there is no API key for {server.url}" in str(error)
    assert VARIABLES[provider] in error.hint
    assert server.bodies == []


@every_provider
@pytest.mark.parametrize("status", [400, 401, 429, 500])
async def test_an_echoed_key_is_masked(provider: Provider, folder: Path, status: int) -> None:
    """A server that repeats the key in its error does not make demur show it, in message, hint or trace."""
    echo = Failure(status, "odd", f"no such key: {KEY}, or {KEY}")
    async with HostedServer(provider, folder, failures=[echo]) as server:
        error = await fail(server)
    assert "***" in str(error)
    assert KEY not in f"{error}{error.hint}{error!r}"
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None or provider == "watsonx"
    assert KEY not in repr(vars(open_hosted(provider, server.url)))


@every_provider
@pytest.mark.parametrize("manner", ["hang", "drip"])
async def test_an_attempt_ends_in_time(provider: Provider, folder: Path, manner: str) -> None:
    """A server that never answers, and one that sends a byte at a time, are both given up after `timeout_s`."""
    failure = Failure(manner="drip") if manner == "drip" else Failure(manner="hang")
    async with HostedServer(provider, folder, failures=[None, failure]) as server:
        engine = open_hosted(provider, server.url, timeout_s=1.5)
        for _ in range(20):  # a client on a slow machine may take longer than that to be made
            try:
                await engine.complete(chat())
                break
            except RequestTimedOut:
                server.failures[:] = [failure]
        server.failures[:] = [failure]
        with pytest.raises(RequestTimedOut) as caught:
            await engine.complete(chat())
        await engine.close()
    assert f"{server.url} did not finish a reply within 1.5 s" in str(caught.value)
    assert "timeout_s" in caught.value.hint


@every_provider
async def test_nothing_listens(provider: Provider) -> None:
    """An address at which nothing answers is named, with the reason."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    url = f"{'https' if provider == 'watsonx' else 'http'}://{address}"
    engine = open_hosted(provider, url)
    with pytest.raises(EngineUnavailable) as caught:
        await engine.complete(chat())
    await engine.close()
    assert f"nothing answers at {url} (Connection refused)" in str(caught.value)
    assert "base_url" in caught.value.hint


@every_provider
async def test_https_where_none_is_spoken(provider: Provider) -> None:
    """https at a port that speaks plain http says so."""
    async with HostedServer("anthropic") as server:
        url = server.url.replace("http:", "https:")
        engine = open_hosted(provider, url)
        with pytest.raises(EngineUnavailable, match="no safe connection") as caught:
            await engine.complete(chat())
        await engine.close()
    assert "https" in caught.value.hint


async def test_watsonx_tells_what_goes_wrong_with_its_tokens(folder: Path) -> None:
    """What fails where keys are exchanged is told as such: limits, faults, breaks, and answers that are no token."""
    cases: list[tuple[Failure, type[EngineError]]] = [
        (Failure(429, "too_many", "slow down"), RateLimited),
        (Failure(500, "broken", "oh"), ServerFault),
        (Failure(manner="reset"), ServerFault),
        (Failure(manner="html"), ReplyUnreadable),
        (Failure(200, "no", "token"), ReplyUnreadable),
    ]
    async with HostedServer("watsonx", folder) as server:
        engine = open_hosted("watsonx", server.url)
        for failure, kind in cases:
            server.token_failures = [failure]
            with pytest.raises(kind):
                await engine.complete(chat())
        assert (await engine.complete(chat())).text
        await engine.close()
    assert server.tokens == len(cases) + 1


async def test_a_token_that_drips_is_given_up(folder: Path) -> None:
    """The thread in which a token is fetched is cut off with its request: no byte more is read."""
    async with HostedServer("watsonx", folder, token_failures=[Failure(manner="drip")]) as server:
        engine = open_hosted("watsonx", server.url, timeout_s=1.0)
        with pytest.raises(RequestTimedOut):
            await engine.complete(chat())
        await engine.close()


@pytest.mark.parametrize(
    ("provider", "changes", "words"),
    [
        ("anthropic", {"base_url": "api.anthropic.com"}, "must begin with https://"),
        ("anthropic", {"base_url": "https://[::1"}, "not an address"),
        ("anthropic", {"base_url": "https://me:secret@host"}, "a user or a password"),
        ("anthropic", {"api_key": "two\nlines"}, "no key has"),
        ("azure-openai", {"base_url": None}, "needs the resource's address"),
        ("watsonx", {"project_id": None}, "needs the project"),
        ("watsonx", {"base_url": "http://host"}, "https:// only"),
    ],
)
def test_settings_that_cannot_work_are_refused(provider: Provider, changes: dict[str, object], words: str) -> None:
    """What a person wrote and cannot be used is said when the engine is opened, without its secret."""
    with pytest.raises(InputError, match=words) as caught:
        open_hosted(provider, "https://127.0.0.1:9", **changes)
    assert caught.value.hint
    assert "secret" not in f"{caught.value}{caught.value.hint}"


async def test_an_address_that_is_no_watsonx_region_is_told(folder: Path) -> None:
    """An address that the SDK takes for something else than IBM Cloud ends with one sentence, not with the SDK's."""
    async with HostedServer("watsonx", folder) as server:
        engine = open_hosted("watsonx", server.url, auth_url=None)
        with pytest.raises(InputError, match="none of IBM's addresses") as caught:
            await engine.complete(chat())
        await engine.close()
    assert "auth_url" in caught.value.hint
    assert server.bodies == []


PACKAGES: dict[Provider, tuple[str, str]] = {
    "anthropic": ("anthropic", "anthropic"),
    "azure-openai": ("openai", "openai"),
    "watsonx": ("ibm_watsonx_ai", "watsonx"),
}


@every_provider
async def test_a_missing_sdk_comes_with_its_command(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    """An extra that is not installed, and one that cannot be imported, are told with the command that installs it."""
    package, extra = PACKAGES[provider]
    engine = open_hosted(provider, "https://127.0.0.1:9")
    for name in [each for each in sys.modules if each.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ExtraMissing) as broken:
        await engine.complete(chat())
    with pytest.raises(ExtraMissing) as missing:
        open_hosted(provider, "https://127.0.0.1:9")
    for caught in (broken, missing):
        assert f"the engine `{provider}` needs" in str(caught.value)
        assert caught.value.hint == f"pip install 'demur[{extra}]'"


@every_provider
async def test_an_sdk_says_nothing_by_itself(
    provider: Provider, folder: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Neither a reply nor a failure makes an SDK print, or log a warning."""
    refusal = Failure(400, "odd", "no")
    with caplog.at_level(logging.WARNING):
        async with HostedServer(provider, folder, failures=[None, refusal]) as server:
            engine = open_hosted(provider, server.url)
            assert (await engine.complete(chat())).text
            with pytest.raises(RequestRejected):
                await engine.complete(chat())
            await engine.close()
    assert caplog.records == []
    assert capfd.readouterr() == ("", "")


SERVICE = Service("https://model.example", "m", 5.0, "sk-secret", "SOME_KEY", "Look it up.")


def chain(*errors: BaseException) -> BaseException:
    """The first error, with each of the others as the cause of the one before."""
    for error, cause in pairwise(errors):
        error.__cause__ = cause
    return errors[0]


@pytest.mark.parametrize("package", ["httpx", "httpx2"])
@pytest.mark.parametrize(
    ("name", "causes", "expected", "said"),
    [
        ("ConnectTimeout", [], EngineUnavailable, "takes no connection within 5 s"),
        ("ReadTimeout", [], RequestTimedOut, "within 5 s"),
        ("PoolTimeout", [], RequestTimedOut, "within 5 s"),
        ("ConnectError", [socket.gaierror(-2, "?")], EngineUnavailable, "does not resolve"),
        ("ConnectError", [ssl.SSLCertVerificationError("x")], EngineUnavailable, "no safe connection"),
        ("ConnectError", [OSError(errno.EMFILE, "?")], ServerFault, "too many open files"),
        ("ConnectError", [OSError("x"), OSError(errno.ECONNREFUSED, "?")], EngineUnavailable, "Connection refused"),
        ("ConnectError", [], EngineUnavailable, "no connection"),
        ("ProxyError", [], EngineUnavailable, "no connection"),
        ("UnsupportedProtocol", [], RequestRejected, "not an address"),
        ("LocalProtocolError", [], RequestRejected, "not an address"),
        ("DecodingError", [], ReplyUnreadable, "does not speak HTTP"),
        ("RemoteProtocolError", [ValueError("illegal status line")], ReplyUnreadable, "does not speak HTTP"),
        ("RemoteProtocolError", [], ServerFault, "broke (RemoteProtocolError)"),
        ("WriteError", [], ServerFault, "broke (WriteError)"),
    ],
)
def test_failures_of_the_network_become_errors(
    package: str, name: str, causes: list[BaseException], expected: type[EngineError], said: str
) -> None:
    """What cannot be brought about here without a network is translated too, also inside an SDK's own error."""
    failure = getattr(pytest.importorskip(package), name)("sk-secret")
    for error in (chain(failure, *causes), chain(RuntimeError("an SDK's"), failure, *causes)):
        translated = SERVICE.translate_break(error)
        assert type(translated) is expected
        assert said in str(translated)
        assert "https://model.example" in str(translated)
        assert translated.hint
        assert "sk-secret" not in str(translated)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"error": {"message": "token tok.en.1 and sk-secret"}}', "token *** and ***"),
        (b'{"errors": [{"code": "only_a_code"}]}', "only_a_code"),
        (b'{"statusCode": 400, "message": "gateway"}', "gateway"),
        (b'{"error": "plain words"}', "plain words"),
        (b'{"odd": 1}', '{"odd": 1}'),
        (b"[1]", "[1]"),
        (b"<html>\x1b[31m sk-secret", "<html> [31m ***"),
        (b"", "refuses this request (HTTP 400)"),
    ],
)
def test_every_form_of_a_complaint_is_quoted(content: bytes, said: str) -> None:
    """The providers' own forms, those of what stands before them, and what is no form at all; secrets masked."""
    error = SERVICE.translate_answer(400, content, {}, token="tok.en.1")
    assert type(error) is RequestRejected
    assert str(error).endswith(said)


def test_a_service_shows_no_secret() -> None:
    """Neither its representation nor what it tells of keys holds the key."""
    assert "sk-secret" not in repr(SERVICE) + SERVICE.explain_key()


@every_provider
async def test_a_spent_balance_ends_the_run(provider: Provider, folder: Path) -> None:
    """Anthropic's 400 for an empty balance, and its 429 for a spending limit, are not waited out."""
    spent = Failure(400, "invalid_request_error", "Your credit balance is too low to access the API.")
    limit = Failure(429, "enforced_spend_limit_reached", "Limit.", detail="enforced_spend_limit_reached")
    async with HostedServer(provider, folder, failures=[spent, limit]) as server:
        for _ in range(2):
            assert type(await fail(server)) is CredentialsRejected
