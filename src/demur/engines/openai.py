"""Servers that speak OpenAI's protocol: OpenAI's own, vLLM, llama.cpp's, Ollama's `/v1`, and many more.

A chat goes to `/chat/completions` everywhere. A raw prompt goes where the server passes it on untouched, so
the server is asked once what it is: to `/completions` of vLLM and llama.cpp, and to the native
`/api/generate` of an Ollama.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from demur.engines.base import Chat, Identity, Raw, Reply, Request, Sampling
from demur.engines.fields import Json, read_array, read_choice_logprobs, read_object, read_text, read_usage
from demur.engines.grammars import keep_telling, list_words, widen_logprobs
from demur.engines.ollama import ask_ollama, write_messages
from demur.engines.probe import HOSTED, ServerKind, identify_server
from demur.engines.sampling import SEED_MASK, fill_sampling, sampling_from
from demur.engines.structured import FormKeeper, write_chat_form, write_completion_form
from demur.engines.transport import JsonClient
from demur.errors import RawUnsupported, ReplyUnreadable
from demur.inputs.engine_settings import OpenAISettings, VLLMServerSettings
from demur.records import Origin

MAX_TOP_LOGPROBS = 20
"""OpenAI's limit in the chat endpoint, and vLLM's default `--max-logprobs`."""

RAW_MAX_TOKENS = 1024
"""Asked of `/completions` where nobody sets a limit: that route's own default is 16 tokens."""


class OpenAIEngine:
    """Completes requests with a model of an OpenAI-compatible server."""

    def __init__(
        self, settings: OpenAISettings | VLLMServerSettings, *, base_url: str | None = None, api_key: str | None = None
    ) -> None:
        """Set up, without connecting.

        Args:
            settings: the builder's block.
            base_url: in place of the settings' own.
            api_key: in place of the settings' own, where `base_url` is.

        Raises:
            InputError: `base_url` is no address.
        """
        key = settings.api_key.get_secret_value() if settings.api_key else None
        address, key = (settings.base_url or "", key) if base_url is None else (base_url, api_key)
        self._client = JsonClient(address, api_key=key, timeout_s=settings.timeout_s)
        self._chat_url = f"{self._client.address}/chat/completions"
        self._completions_url = f"{self._client.address}/completions"
        self._hosted = self._client.host in HOSTED
        self._declared_vllm = isinstance(settings, VLLMServerSettings)
        self._defaults = sampling_from(settings)
        self._origin = Origin(settings.type, settings.model_id_or_path)
        self._identity = Identity(settings.type, settings.model_id_or_path, self._client.address)
        self._kind: ServerKind | None = None
        self._version = ""
        self._forms = FormKeeper()
        self._asking: asyncio.Lock | None = None

    @property
    def identity(self) -> Identity:
        """The model, and the address without credentials."""
        return self._identity

    async def complete(self, request: Request) -> Reply:
        """Answer one request.

        Raises:
            RequestRejected: the prompt is raw, and the server offers no route that leaves it so.
            EngineError: the model did not answer.
        """
        sampling = fill_sampling(request.sampling, self._defaults)
        form = None if self._forms.refused else request.form
        if isinstance(request.prompt, Chat):
            body = self._write_chat(request.prompt, request, sampling)
            if form is None:
                return await self._post(self._chat_url, body)
            # Which server it is matters for a grammar alone; a JSON Schema has one name everywhere.
            kind = self._kind if form.json_schema else await self._identify()
            wish = write_chat_form(form, kind, self._version)
            if "grammar" in wish and request.top_logprobs:
                body["top_logprobs"] = widen_logprobs(request.top_logprobs, sampling.max_tokens)
            return _keep_telling(await self._post(self._chat_url, body, wish), request, wish)
        kind = self._kind or await self._identify()
        if kind is ServerKind.OLLAMA:
            return await ask_ollama(self._client, self._origin, request, sampling)
        if kind is ServerKind.UNKNOWN:
            raise RawUnsupported(
                f"{self._client.address} offers no route for raw prompts that demur knows",
                hint="Raw prompts go to Ollama, llama.cpp's llama-server or vLLM. Elsewhere use a guard "
                "that needs no template: Granite Guardian 4.1, or a judge. For a vLLM behind a proxy, say "
                "`type: vllm-server`.",
            )
        body = self._write_completion(request.prompt, request, sampling, kind)
        wish = {} if form is None else write_completion_form(form, kind, self._version)
        if "grammar" in wish and request.top_logprobs:
            # `n_probs` is llama.cpp's own name; older builds read only this one here.
            body["logprobs"] = body["n_probs"] = widen_logprobs(request.top_logprobs, sampling.max_tokens)
        return _keep_telling(await self._post(self._completions_url, body, wish), request, wish)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _post(self, url: str, body: dict[str, object], form: dict[str, object] | None = None) -> Reply:
        """Post a body; the form that the reply is to have is left out, from now on, where the server refuses it."""

        async def send(form: Mapping[str, object] | None) -> Reply:
            content = {**body, **form} if form else body
            return read_reply(await self._client.post(url, content, model=self._origin.model), self._origin)

        return await self._forms.ask(form, send)

    async def _identify(self) -> ServerKind:
        self._asking = self._asking or asyncio.Lock()
        async with self._asking:
            if self._kind is None:
                server = await identify_server(self._client)
                kind, self._version = server.kind, server.version
                if kind is ServerKind.UNKNOWN and self._declared_vllm:
                    kind = ServerKind.VLLM  # behind a proxy that passes on /v1 alone; its owner knows
                self._kind = kind
            return self._kind

    def _write_chat(self, prompt: Chat, request: Request, sampling: Sampling) -> dict[str, object]:
        body: dict[str, object] = {"model": self._origin.model, "messages": write_messages(prompt)}
        _write_sampling(body, sampling)
        if sampling.max_tokens is not None:
            # OpenAI's reasoning models refuse the old name; other servers do not all know the new one.
            body["max_completion_tokens" if self._hosted else "max_tokens"] = sampling.max_tokens
        if request.top_logprobs:
            body["logprobs"] = True
            body["top_logprobs"] = min(request.top_logprobs, MAX_TOP_LOGPROBS)
        return body

    def _write_completion(
        self, prompt: Raw, request: Request, sampling: Sampling, kind: ServerKind
    ) -> dict[str, object]:
        body: dict[str, object] = {"model": self._origin.model, "prompt": prompt.text}
        _write_sampling(body, sampling)
        body["max_tokens"] = RAW_MAX_TOKENS if sampling.max_tokens is None else sampling.max_tokens
        if request.top_logprobs:
            body["logprobs"] = min(request.top_logprobs, MAX_TOP_LOGPROBS)
            if kind is ServerKind.LLAMA_CPP:
                body["n_probs"] = body["logprobs"]
        if kind is ServerKind.VLLM:
            body["add_special_tokens"] = False  # else a second begin-of-text token goes in front of the rendered prompt
        return body


def _keep_telling(reply: Reply, request: Request, wish: Mapping[str, object]) -> Reply:
    """The reply without the many alternatives that were asked for under a grammar, but for the grammar's own words."""
    if "grammar" not in wish or not reply.logprobs or request.form is None:
        return reply
    words = list_words(request.form.grammar)
    return replace(reply, logprobs=keep_telling(reply.logprobs, request.top_logprobs, words))


def _write_sampling(body: dict[str, object], sampling: Sampling) -> None:
    if sampling.temperature is not None:
        body["temperature"] = sampling.temperature
    if sampling.top_p is not None:
        body["top_p"] = sampling.top_p
    if sampling.top_k is not None:
        body["top_k"] = sampling.top_k
    if sampling.stop:
        body["stop"] = list(sampling.stop)
    if sampling.seed is not None:
        body["seed"] = sampling.seed & SEED_MASK


def read_reply(answer: Json, origin: Origin) -> Reply:
    """Read a completion, of a chat or of a raw prompt.

    Raises:
        ReplyUnreadable: it is none.
    """
    choices = read_array(answer.get("choices"), "choices")
    if not choices:
        raise ReplyUnreadable("the reply holds no choice")
    choice = read_object(choices[0], "choices[0]")
    if "message" in choice:
        message = read_object(choice["message"], "message")
        content = message.get("content")
        # Where OpenAI's models decline by the book, `content` is null and the words stand under `refusal`.
        text = _read_content(message.get("refusal") if content is None else content)
    else:
        text = read_text(choice.get("text", 0), "text")
    return Reply(
        text=text,
        finish=read_text(choice.get("finish_reason"), "finish_reason") or "stop",
        origin=origin,
        usage=read_usage(answer),
        logprobs=read_choice_logprobs(choice.get("logprobs")),
    )


def _read_content(content: object) -> str:
    """A message's text; some servers send it in parts, of which only the text parts were said aloud."""
    if not isinstance(content, list):
        return read_text(content, "content")
    parts = [read_object(part, "content[]") for part in content]
    return "".join(read_text(part.get("text"), "content[].text") for part in parts if part.get("type") == "text")
