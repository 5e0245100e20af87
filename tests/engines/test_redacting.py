from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.engines.catalog import Catalog
from demur.engines.journaling import NoStore
from demur.engines.redacting import RedactedEngine, list_secrets, redact
from demur.engines.scripted import ScriptedEngine
from demur.errors import EngineError, RequestRejected
from demur.inputs.engine_settings import EmbeddedSettings, WatsonxSettings
from tests.engines.samples import chat, openai_settings
from tests.servers.behaviour import Behaviour, Fault
from tests.servers.simulated import SimulatedServer

KEY = "sk-planted-0123456789"


async def test_an_error_that_quotes_the_key_shows_stars() -> None:
    """Message and hint of an error hold stars where the key stood."""
    error = RequestRejected(f"the header was Bearer {KEY}", hint=f"Is {KEY} right?")
    engine = RedactedEngine(ScriptedEngine(lambda _: error), [KEY])
    with pytest.raises(RequestRejected) as caught:
        await engine.complete(chat())
    assert (str(caught.value), caught.value.hint) == ("the header was Bearer ***", "Is *** right?")


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 422])
async def test_a_server_that_quotes_the_key_does_not_get_it_shown(status: int) -> None:
    """Whatever status a server quotes the key with, the catalog's engine does not pass it on."""
    behaviour = Behaviour(faults=(Fault(status=status, said=f"you sent {KEY}"),))
    async with SimulatedServer(behaviour) as server:
        catalog = Catalog()
        engine = catalog.open(openai_settings(server.base_url, api_key=KEY), "response_generator", NoStore())
        with pytest.raises(EngineError) as caught:
            await engine.complete(chat())
        await catalog.close()
    assert KEY not in f"{caught.value} {caught.value.hint} {caught.value!r}"


def test_secrets_of_an_address_are_known() -> None:
    """User, password (also as it is meant) and query of an address are secrets, the whole before its parts."""
    secrets = list_secrets(openai_settings("https://bob:a%20b@h/v1?sig=xyz", api_key=KEY))
    assert {KEY, "bob:a%20b", "a%20b", "a b", "sig=xyz"} <= set(secrets)
    assert list(secrets) == sorted(secrets, key=len, reverse=True)


def test_secrets_of_every_address_are_known() -> None:
    """Also those of the place where keys are exchanged for tokens."""
    settings = WatsonxSettings(type="watsonx", model_id_or_path="m", auth_url="https://bob:hunter2@h/token?k=hunter3")
    assert {"bob:hunter2", "hunter2", "k=hunter3"} <= set(list_secrets(settings))


@pytest.mark.parametrize("placeholder", ["ollama", "none", "EMPTY"])
def test_words_for_no_key_are_no_secrets(placeholder: str) -> None:
    """`api_key: ollama` does not strike the server's name out of messages."""
    assert list_secrets(openai_settings("http://h/v1", api_key=placeholder)) == ()


def test_an_engine_without_key_has_no_secrets() -> None:
    """What has neither key nor address keeps its errors as they are."""
    assert list_secrets(EmbeddedSettings(type="embedded")) == ()


@given(st.text(), st.lists(st.text(min_size=4, alphabet="abcdef"), max_size=4))
def test_no_secret_survives(text: str, secrets: list[str]) -> None:
    """However the secrets overlap, none is left, and a text without any is unchanged."""
    ordered = sorted(secrets, key=len, reverse=True)
    mixed = text.join(["", *secrets, ""])
    assert not any(secret in redact(mixed, ordered) for secret in secrets)
    if not any(secret in text for secret in secrets):
        assert redact(text, ordered) == text
