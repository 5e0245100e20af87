"""Ollama by its native API: `/api/chat`, and `/api/generate` with `raw`.

The source is docs/api.md and docs/openapi.yaml of github.com/ollama/ollama.
`/v1/completions` of an Ollama applies the model's template; `raw: true` of `/api/generate` is the only way
past it.
Log-probabilities come since version 0.12.11, at most 20 alternatives a token; older servers ignore the wish.

By itself an Ollama shortens a prompt that does not fit its context window, without a word: its middle goes, and with it
the policy that a guard is to judge by. So every request forbids that (`truncate: false`, `shift: false`; api/types.go),
which turns it into an error since version 0.12.6. Older servers ignore the wish; there the count of the prompt's tokens
tells, see `_refuse_cut_prompt`.
"""

from __future__ import annotations

import json

from demur.engines.base import Chat, Identity, Raw, Reply, Request, Sampling, Usage
from demur.engines.fields import Json, read_count, read_object, read_text, read_token_entries
from demur.engines.sampling import SEED_MASK, fill_sampling, sampling_from
from demur.engines.transport import JsonClient
from demur.errors import ReplyUnreadable, RequestRejected, ServerFault
from demur.inputs.engine_settings import OllamaSettings
from demur.records import Origin

MAX_TOP_LOGPROBS = 20

SMALLEST_WINDOW = 2048
"""The smallest context window that an Ollama has by default; all of its defaults are powers of two."""


class OllamaEngine:
    """Completes requests with a model of an Ollama server."""

    def __init__(self, settings: OllamaSettings) -> None:
        """Set up, without connecting.

        Raises:
            InputError: `base_url` is no address.
        """
        key = settings.api_key.get_secret_value() if settings.api_key else None
        self._client = JsonClient(settings.base_url, api_key=key, timeout_s=settings.timeout_s)
        self._model = settings.model_id_or_path
        self._keep_alive = settings.keep_alive
        self._defaults = sampling_from(settings)
        self._origin = Origin(settings.type, self._model)
        self._identity = Identity(settings.type, self._model, self._client.root)

    @property
    def identity(self) -> Identity:
        """The model, and the server's root."""
        return self._identity

    async def complete(self, request: Request) -> Reply:
        """Answer one request by `/api/chat`, or a raw one by `/api/generate`.

        Raises:
            EngineError: the model did not answer.
        """
        sampling = fill_sampling(request.sampling, self._defaults)
        return await ask_ollama(self._client, self._origin, request, sampling, keep_alive=self._keep_alive)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


async def ask_ollama(
    client: JsonClient,
    origin: Origin,
    request: Request,
    sampling: Sampling,
    *,
    keep_alive: float | str | None = None,
) -> Reply:
    """Put one request to an Ollama at `client.root`.

    Raises:
        EngineError: the model did not answer.
    """
    body: dict[str, object] = {"model": origin.model}
    if isinstance(request.prompt, Raw):
        route = "/api/generate"
        body["prompt"] = request.prompt.text
        body["raw"] = True
    else:
        route = "/api/chat"
        body["messages"] = write_messages(request.prompt)
    body["stream"] = False
    body["truncate"] = False
    body["shift"] = False  # else a reply that fills the window pushes the prompt's middle out of it
    body["options"] = _write_options(sampling)
    if request.form is not None and request.form.json_schema:
        body["format"] = json.loads(request.form.json_schema)
    if keep_alive is not None:
        body["keep_alive"] = _write_keep_alive(keep_alive)
    if request.top_logprobs:
        body["logprobs"] = True
        body["top_logprobs"] = min(request.top_logprobs, MAX_TOP_LOGPROBS)
    answer = await client.post(client.root + route, body, model=origin.model)
    reply = _read_reply(answer, origin, raw=isinstance(request.prompt, Raw))
    _refuse_cut_prompt(reply, sampling.num_ctx)
    return reply


def write_messages(prompt: Chat) -> list[dict[str, str]]:
    """A chat's turns in the form that OpenAI's and Ollama's chat endpoints share."""
    return [{"role": message.role, "content": message.content} for message in prompt.messages]


def _write_options(sampling: Sampling) -> dict[str, object]:
    options: dict[str, object] = {}
    if sampling.temperature is not None:
        options["temperature"] = sampling.temperature
    if sampling.top_p is not None:
        options["top_p"] = sampling.top_p
    if sampling.top_k is not None:
        options["top_k"] = sampling.top_k
    if sampling.max_tokens is not None:
        options["num_predict"] = sampling.max_tokens
    if sampling.stop:
        options["stop"] = list(sampling.stop)
    if sampling.seed is not None:
        options["seed"] = sampling.seed & SEED_MASK
    if sampling.num_ctx is not None:
        options["num_ctx"] = sampling.num_ctx
    return options


def _write_keep_alive(given: float | str) -> float | str:
    """A bare number counts as seconds for Ollama only if it is a JSON number: as text it wants a unit."""
    try:
        seconds = float(given)
    except ValueError:
        return given
    return int(seconds) if seconds.is_integer() else seconds


def _refuse_cut_prompt(reply: Reply, num_ctx: int | None) -> None:
    """Refuse a reply to a prompt that was cut to fit, as servers before 0.12.6 do whatever they are told.

    They leave exactly as many tokens as the window has. Where nobody set the window it is one of their defaults, a power
    of two; a whole prompt of just that length is refused along with the cut ones, since nothing tells them apart.
    A server that does not count (a cached prompt, in old versions) cannot be caught at it.
    """
    tokens = reply.usage.prompt_tokens
    window = num_ctx or (tokens if tokens >= SMALLEST_WINDOW and tokens & (tokens - 1) == 0 else None)
    if window is not None and tokens >= window:
        raise RequestRejected(
            f"the prompt fills the whole context window of {window} tokens: the server has cut it",
            hint="Set a larger `num_ctx` in the builder. Ollama from 0.12.6 on says so by itself.",
        )


def _read_reply(answer: Json, origin: Origin, *, raw: bool) -> Reply:
    if raw:
        text = read_text(answer.get("response", 0), "response")
    else:
        text = read_text(read_object(answer.get("message"), "message").get("content"), "message.content")
    finish = read_text(answer.get("done_reason"), "done_reason") or "stop"
    if answer.get("done") is False:
        raise ReplyUnreadable("the reply ends before it is done", hint="A proxy in between may have cut it off.")
    if finish in ("load", "unload") and not text:
        raise ServerFault(
            f"the server only {finish}ed the model, and answered nothing",
            hint="Its own log (`ollama serve`) says more.",
        )
    return Reply(
        text=text,
        finish=finish,
        origin=origin,
        usage=Usage(read_count(answer.get("prompt_eval_count")), read_count(answer.get("eval_count"))),
        logprobs=read_token_entries(answer.get("logprobs")),
    )
