"""A reply held to a form: how each server is asked for it.

Sources: OpenAI's `response_format` (platform.openai.com/docs/guides/structured-outputs), which vLLM, llama.cpp, Ollama's
`/v1` and most gateways take in their chat endpoint; vLLM's `structured_outputs`, which took the place of `guided_json`
and `guided_grammar` (docs.vllm.ai, features/structured_outputs: the old names were removed in 0.12.0, and are ignored from
then on); llama.cpp's `grammar` and `json_schema` (tools/server/README.md).
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping

from demur.engines.base import Form, Reply
from demur.engines.probe import ServerKind
from demur.errors import RequestRejected

NAME = "reply"
"""OpenAI wants a name for a schema; it shows nowhere."""

STRUCTURED_OUTPUTS_SINCE = (0, 12)
"""vLLM's version from which the old names are gone; the new one came somewhat earlier."""

_COMPLAINTS = ("response_format", "output_config", "output_format", "structured", "guided", "grammar", "schema")


def write_chat_form(form: Form, kind: ServerKind | None, version: str) -> dict[str, object]:
    """What the body of `/chat/completions` says of the form; empty where the server has no way.

    Args:
        form: what the reply is to look like.
        kind: which server; None where nobody asked, which matters for a grammar alone.
        version: what the server says of itself.
    """
    if form.json_schema:
        schema = json.loads(form.json_schema)
        asked = {"name": NAME, "schema": schema, "strict": _is_closed(schema)}
        return {"response_format": {"type": "json_schema", "json_schema": asked}}
    return _write_native(form, kind, version)


def write_completion_form(form: Form, kind: ServerKind | None, version: str) -> dict[str, object]:
    """What the body of `/completions` says of the form; empty where the server has no way."""
    return _write_native(form, kind, version)


class FormKeeper:
    """Asks for a form until the server says that it has none for this model; then leaves it to the prompt.

    Attributes:
        refused: whether it has said so.
    """

    def __init__(self) -> None:
        """Begin by asking."""
        self.refused = False

    async def ask(
        self, wish: Mapping[str, object] | None, send: Callable[[Mapping[str, object] | None], Awaitable[Reply]]
    ) -> Reply:
        """Send a request with what is wished for, or, where that is nothing or was refused, without.

        Raises:
            EngineError: as `send` raised it.
        """
        if not wish or self.refused:
            return await send(None)
        try:
            return await send(wish)
        except RequestRejected as error:
            words = str(error).lower()
            if not any(complaint in words for complaint in _COMPLAINTS):
                raise
        reply = await send(None)
        self.refused = True  # only now: what the server takes without the form was refused for its sake
        return reply


def _write_native(form: Form, kind: ServerKind | None, version: str) -> dict[str, object]:
    schema = json.loads(form.json_schema) if form.json_schema else None
    if kind is ServerKind.LLAMA_CPP:
        return {"grammar": form.grammar} if form.grammar else {"json_schema": schema}
    if kind is ServerKind.VLLM:
        name, value = ("grammar", form.grammar) if schema is None else ("json", schema)
        old = (numbers := _read_version(version)) is not None and numbers < STRUCTURED_OUTPUTS_SINCE
        return {f"guided_{name}": value} if old else {"structured_outputs": {name: value}}
    return {}


def _read_version(version: str) -> tuple[int, int] | None:
    found = re.match(r"v?(\d+)\.(\d+)", version)
    return (int(found[1]), int(found[2])) if found else None


def _is_closed(schema: object) -> bool:
    """Whether OpenAI's strict mode takes a schema: every object closed, with all of its properties required."""
    if isinstance(schema, list):
        return all(_is_closed(item) for item in schema)
    if not isinstance(schema, dict):
        return True
    properties = schema.get("properties")
    if schema.get("type") == "object" or isinstance(properties, dict):
        named = set(properties) if isinstance(properties, dict) else set()
        if schema.get("additionalProperties") is not False or set(schema.get("required", ())) != named:
            return False
    return all(_is_closed(value) for value in schema.values())
