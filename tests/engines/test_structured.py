from __future__ import annotations

import json
from dataclasses import replace

import pytest

from demur.engines.base import Form
from demur.engines.openai import OpenAIEngine
from demur.engines.probe import ServerKind
from demur.engines.structured import write_chat_form, write_completion_form
from demur.errors import RequestRejected
from tests.engines.samples import chat, openai_settings, raw
from tests.servers.behaviour import Fault
from tests.servers.simulated import FORM_FIELDS, SimulatedServer

CLOSED = {
    "type": "object",
    "properties": {"label": {"enum": ["yes", "no"]}},
    "required": ["label"],
    "additionalProperties": False,
}
SCHEMA = Form(json_schema=json.dumps(CLOSED))
GRAMMAR = Form(grammar='root ::= "yes" | "no"')
BOTH = Form(GRAMMAR.grammar, SCHEMA.json_schema)


@pytest.mark.parametrize("kind", [None, *ServerKind])
def test_chat_is_asked_for_a_schema_in_one_way_everywhere(kind: ServerKind | None) -> None:
    """OpenAI's `response_format` is known to every server's chat endpoint; it goes before a grammar."""
    wish = {"type": "json_schema", "json_schema": {"name": "reply", "schema": CLOSED, "strict": True}}
    for form in (SCHEMA, BOTH):
        assert write_chat_form(form, kind, "") == {"response_format": wish}


@pytest.mark.parametrize(
    ("kind", "version", "form", "expected"),
    [
        (ServerKind.VLLM, "0.12.0", SCHEMA, {"structured_outputs": {"json": CLOSED}}),
        (ServerKind.VLLM, "0.24.1.dev3", BOTH, {"structured_outputs": {"json": CLOSED}}),
        (ServerKind.VLLM, "dev", GRAMMAR, {"structured_outputs": {"grammar": GRAMMAR.grammar}}),
        (ServerKind.VLLM, "0.11.2", SCHEMA, {"guided_json": CLOSED}),
        (ServerKind.VLLM, "0.9.1", GRAMMAR, {"guided_grammar": GRAMMAR.grammar}),
        (ServerKind.LLAMA_CPP, "b6000", GRAMMAR, {"grammar": GRAMMAR.grammar}),
        (ServerKind.LLAMA_CPP, "b6000", BOTH, {"grammar": GRAMMAR.grammar}),
        (ServerKind.LLAMA_CPP, "b6000", SCHEMA, {"json_schema": CLOSED}),
        (ServerKind.OLLAMA, "0.13.0", SCHEMA, {}),
        (ServerKind.UNKNOWN, "", BOTH, {}),
    ],
)
def test_raw_prompts_ask_each_server_in_its_own_words(
    kind: ServerKind, version: str, form: Form, expected: dict[str, object]
) -> None:
    """vLLM since 0.12 has `structured_outputs`, before it `guided_*`; llama.cpp has `grammar` and `json_schema`."""
    assert write_completion_form(form, kind, version) == expected


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        (CLOSED, True),
        ({"type": "object", "properties": {"a": {}}, "required": ["a"]}, False),
        ({**CLOSED, "required": []}, False),
        ({**CLOSED, "properties": {"label": {"type": "object"}}}, False),
        ({"type": "array", "items": CLOSED}, True),
        ({"anyOf": [CLOSED, {"type": "object"}]}, False),
    ],
)
def test_strict_is_asked_where_the_schema_is_fit_for_it(schema: dict[str, object], strict: bool) -> None:
    """OpenAI's strict mode refuses a schema with an open object or an optional property: such a one is not strict."""
    wish = write_chat_form(Form(json_schema=json.dumps(schema)), None, "")["response_format"]
    assert isinstance(wish, dict)
    assert wish["json_schema"]["strict"] is strict


async def test_form_goes_out_on_both_routes() -> None:
    """A chat's schema and a raw prompt's grammar reach a vLLM; a chat's grammar does once the server is known."""
    async with SimulatedServer(version="0.12.0", keep_bodies=True) as server:
        engine = OpenAIEngine(openai_settings(server.base_url))
        await engine.complete(replace(chat(), form=SCHEMA))
        assert server.metrics.counts["probe"] == 0
        await engine.complete(replace(raw(), form=BOTH))
        await engine.complete(replace(chat(), form=GRAMMAR))
        await engine.close()
    bodies = [{name: body[name] for name in FORM_FIELDS if name in body} for _, body in server.metrics.bodies]
    assert [list(body) for body in bodies] == [["response_format"], ["structured_outputs"], ["structured_outputs"]]


async def test_server_that_refuses_the_form_is_asked_without_it_from_then_on() -> None:
    """A server that cannot hold its model to a form answers 400 once, and is not asked for one again."""
    async with SimulatedServer(formats=False, keep_bodies=True) as server:
        engine = OpenAIEngine(openai_settings(server.base_url))
        for request in (chat("a"), chat("b"), raw("c")):
            assert (await engine.complete(replace(request, form=SCHEMA))).text
        await engine.close()
    assert ["response_format" in body for _, body in server.metrics.bodies] == [True, False, False, False]


async def test_other_refusals_are_not_blamed_on_the_form() -> None:
    """A 400 that speaks of something else is the user's to see, and the form is asked for the next time."""
    fault = Fault(status=400, said="temperature is out of range")
    async with SimulatedServer(faults=[fault], keep_bodies=True) as server:
        engine = OpenAIEngine(openai_settings(server.base_url))
        with pytest.raises(RequestRejected, match="temperature"):
            await engine.complete(replace(chat(), form=SCHEMA))
        await engine.complete(replace(chat(), form=SCHEMA))
        await engine.close()
    assert ["response_format" in body for _, body in server.metrics.bodies] == [True]
