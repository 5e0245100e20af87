"""Anthropic's Messages API, through its official SDK.

What the API says of itself: https://platform.claude.com/docs/en/api/messages and, for the versions of it,
https://platform.claude.com/docs/en/api/versioning.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypedDict, cast

from demur.engines.base import Chat, Reply, Request, Sampling, Usage
from demur.engines.extras import miss_extra
from demur.engines.fields import Json, read_array, read_count, read_object, read_text
from demur.engines.hosted import check_address
from demur.engines.hosted_engine import HostedEngine
from demur.engines.transport import KEEPALIVE_S
from demur.inputs.engine_settings import AnthropicSettings
from demur.records import Origin

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic
    from anthropic.types import MessageParam, OutputConfigParam

ADDRESS = "https://api.anthropic.com"

DEFAULT_MAX_TOKENS = 8192
"""The API wants a number. Only what is generated is paid for, and thinking counts towards it."""

SAMPLING_VERSION = "2023-06-01"
"""The last version of the API with `temperature`, `top_p` and `top_k`: 2026-10-21, which the SDK asks for, has none."""

FINISHES = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
}
"""The API's `stop_reason`s in demur's words; others, `refusal` among them, stay as they are."""


class Extras(TypedDict, total=False):
    """Arguments of a request that are sent only where they are wanted."""

    system: str
    stop_sequences: list[str]
    output_config: OutputConfigParam
    extra_headers: Mapping[str, str]
    extra_body: Mapping[str, object]


class AnthropicEngine(HostedEngine["AsyncAnthropic"]):
    """Completes chats with one of Anthropic's models."""

    def __init__(self, settings: AnthropicSettings) -> None:
        """Set up, without connecting.

        Raises:
            InputError: `base_url` is no address.
            ExtraMissing: the SDK is not installed.
        """
        super().__init__(
            settings,
            address=check_address(settings.base_url or ADDRESS, ADDRESS).removesuffix("/v1"),
            variable="ANTHROPIC_API_KEY",
            missing_model="`model_id_or_path` is the model's id in Anthropic's list, such as claude-sonnet-4-6.",
        )

    async def close(self) -> None:
        """Close the connections."""
        client = self._client.take()
        if client is not None:
            await client.close()

    def _build(self) -> AsyncAnthropic:
        try:
            import anthropic
            from httpx2 import Limits
        except ImportError as error:
            raise miss_extra("anthropic", error=error) from error
        timeout = anthropic.Timeout(self._service.timeout_s, connect=self._service.connect_timeout_s)
        limits = Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=KEEPALIVE_S)
        client = anthropic.AsyncAnthropic(
            api_key=self._service.secret,
            base_url=self._service.address,
            timeout=timeout,
            max_retries=0,
            open_telemetry=False,
            http_client=anthropic.DefaultAsyncHttpxClient(timeout=timeout, limits=limits, follow_redirects=False),
        )
        _ = client.messages  # imported by its first use: better here than in the loop
        return client

    async def _send(self, request: Request, sampling: Sampling, schema: Mapping[str, object] | None) -> Reply:
        import anthropic

        client, prompt = await self._client.get(), request.prompt
        assert isinstance(prompt, Chat)
        turns = [{"role": each.role, "content": each.content} for each in prompt.messages if each.role != "system"]
        try:
            # The raw response: the SDK takes a body of any form for a message.
            response = await client.messages.with_raw_response.create(
                model=self._service.model,
                max_tokens=DEFAULT_MAX_TOKENS if sampling.max_tokens is None else sampling.max_tokens,
                messages=cast("list[MessageParam]", turns),
                **_write_extras(prompt, sampling, schema),
            )
        except anthropic.APIStatusError as error:
            answer = error.response
            raise self._service.translate_answer(answer.status_code, answer.content, answer.headers) from None
        except anthropic.APIConnectionError as error:
            raise self._service.translate_break(error) from None
        return _read_message(self._service.decode(response.http_response.content), self._origin)


def _write_extras(prompt: Chat, sampling: Sampling, schema: Mapping[str, object] | None) -> Extras:
    extras: Extras = {}
    system = "\n\n".join(each.content for each in prompt.messages if each.role == "system")
    if system:
        extras["system"] = system
    if sampling.stop:
        extras["stop_sequences"] = list(sampling.stop)
    drawn = {name: getattr(sampling, name) for name in ("temperature", "top_p", "top_k")}
    drawn = {name: value for name, value in drawn.items() if value is not None}
    if drawn:
        extras["extra_headers"] = {"anthropic-version": SAMPLING_VERSION}
        extras["extra_body"] = drawn
    if schema is not None:
        from anthropic import transform_schema

        extras["output_config"] = {"format": {"type": "json_schema", "schema": transform_schema(dict(schema))}}
    return extras


def _read_message(answer: Json, origin: Origin) -> Reply:
    blocks = [read_object(block, "content[]") for block in read_array(answer.get("content"), "content")]
    usage = answer.get("usage")
    counts: Json = usage if isinstance(usage, dict) else {}
    # What a cache wrote and read is not part of `input_tokens`.
    prompts = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    stopped = read_text(answer.get("stop_reason"), "stop_reason") or "end_turn"
    return Reply(
        text="".join(read_text(block.get("text"), "content[].text") for block in blocks if block.get("type") == "text"),
        finish=FINISHES.get(stopped, stopped),
        origin=origin,
        usage=Usage(sum(read_count(counts.get(name)) for name in prompts), read_count(counts.get("output_tokens"))),
    )
