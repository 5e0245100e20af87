"""llama.cpp in this process, through `xllamacpp`: no server to start, no network.

The requests and replies are those of llama.cpp's own server, documented in tools/server/README.md of
github.com/ggml-org/llama.cpp. Replies are streamed, because only between two parts of a stream can a request be ended
early. In a stream the log-probabilities of a letter that takes several tokens come as one entry, the last token's.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Sequence

from demur.engines.base import Identity, Raw, Reply, Request, TokenLogprob, Usage
from demur.engines.faults import excerpt_error
from demur.engines.fields import Json, read_choice_logprobs, read_object, read_text, read_usage
from demur.engines.grammars import keep_telling, list_words, widen_logprobs
from demur.engines.llama_models import LlamaServer, give_back, share_model
from demur.engines.sampling import SEED_MASK, fill_sampling, sampling_from
from demur.errors import EngineError, ModelNotFound, ReplyUnreadable, RequestRejected, RequestTimedOut, ServerFault
from demur.inputs.engine_settings import LlamaCppSettings
from demur.inputs.text_file import expand_home
from demur.records import Origin

JSON_STARTS = frozenset('{["-0123456789tfn')
"""What JSON without white space in front begins with."""

SAMPLES = 16
SAMPLE_BYTES = 64 * 1024
"""A model's file is told from others by so many samples of its content: to read all of it would take seconds."""


class LlamaCppEngine:
    """Completes requests with a GGUF model in this process.

    In records the model goes by its file's name, so that neither a journal nor a dataset depends on the folder where it
    lies; samples of its content tell files of one name apart.
    """

    def __init__(self, settings: LlamaCppSettings) -> None:
        """Set up, without loading the model.

        Raises:
            ExtraMissing: xllamacpp is not installed.
        """
        self._settings = settings
        self._model = share_model(settings)
        self._closed = False
        self._defaults = sampling_from(settings)
        name, content = _name_model(settings.model_id_or_path)
        self._origin = Origin(settings.type, name)
        self._identity = Identity(settings.type, name, content)

    @property
    def identity(self) -> Identity:
        """The model by its file's name, or as it is named on the hub."""
        return self._identity

    async def complete(self, request: Request) -> Reply:
        """Answer one request: a chat by the model's own template, a raw prompt as it is.

        Cancelled, it leaves its slot with the next token.

        Raises:
            ModelNotFound: the model's file is missing, damaged, or too large for this machine.
            RequestRejected: the prompt is longer than the context window, or the form cannot be understood.
            RequestTimedOut: it took longer than `timeout_s`.
            ServerFault: llama.cpp failed.
        """
        body = self._write_body(request)
        abandoned = threading.Event()

        def ask(server: LlamaServer) -> Reply:
            return self._ask(server, request, body, abandoned)

        try:
            return await self._model.run(ask)
        finally:
            abandoned.set()

    async def close(self) -> None:
        """Free the model, unless another engine uses it. Idempotent."""
        if not self._closed:
            self._closed = True
            await give_back(self._model)

    def _ask(self, server: LlamaServer, request: Request, body: dict[str, object], abandoned: threading.Event) -> Reply:
        """Put a request to llama.cpp, in a thread, and wait for its reply."""
        parts: list[object] = []
        late = False
        ends_s = time.monotonic() + self._settings.timeout_s

        def take(part: object) -> bool:
            nonlocal late
            parts.append(part)
            late = time.monotonic() > ends_s
            return late or abandoned.is_set() or self._model.closing.is_set()

        handle = server.handle_completions if isinstance(request.prompt, Raw) else server.handle_chat_completions
        try:
            handle(body, take)
        except (RuntimeError, ValueError) as error:
            raise ServerFault(f"llama.cpp failed: {excerpt_error(str(error).encode())}") from error
        if late:
            raise RequestTimedOut(
                f"{self._origin.model} did not finish a reply within {self._settings.timeout_s:g} s",
                hint="Raise `timeout_s`, lower `max_tokens` or `concurrency`, or take a smaller model.",
            )
        if abandoned.is_set() or self._model.closing.is_set():
            raise ServerFault("the request was given up")
        return self._read_reply(parts, request)

    def _write_body(self, request: Request) -> dict[str, object]:
        sampling = fill_sampling(request.sampling, self._defaults)
        body: dict[str, object] = {
            "stream": True,
            "stream_options": {"include_usage": True},
            "return_progress": True,  # a part for each batch of the prompt: so a long one can be ended too
            "cache_prompt": True,
        }
        if isinstance(request.prompt, Raw):
            body["prompt"] = _tidy(request.prompt.text)
        else:
            body["messages"] = [{"role": turn.role, "content": _tidy(turn.content)} for turn in request.prompt.messages]
        for name in ("temperature", "top_p", "top_k", "max_tokens"):
            value = getattr(sampling, name)
            if value is not None:
                body[name] = value
        if sampling.stop:
            body["stop"] = list(sampling.stop)
        if sampling.seed is not None:
            body["seed"] = sampling.seed & SEED_MASK
        form = request.form
        if form is not None and form.grammar:
            body["grammar"] = form.grammar
        elif form is not None and form.json_schema:
            body["grammar"] = write_schema_grammar(form.json_schema)
        if request.top_logprobs:
            wanted = request.top_logprobs
            if _has_words(request):
                wanted = widen_logprobs(wanted, sampling.max_tokens)
            body |= {"logprobs": True, "top_logprobs": wanted, "n_probs": wanted}
        return body

    def _read_reply(self, parts: Sequence[object], request: Request) -> Reply:
        text: list[str] = []
        tokens: list[TokenLogprob] = []
        finish, usage = "", Usage()
        for part in parts:
            fields = read_object(part, "part")
            if "error" in fields:
                raise _translate(read_object(fields["error"], "error"), self._settings)
            if fields.get("usage") is not None:
                usage = read_usage(fields)
            choices = fields.get("choices")
            if not isinstance(choices, list) or not choices:
                continue
            choice = read_object(choices[0], "choices[0]")
            said = read_object(choice["delta"], "delta").get("content") if "delta" in choice else choice.get("text")
            text.append(read_text(said, "text"))
            tokens.extend(read_choice_logprobs(choice.get("logprobs")))
            finish = read_text(choice.get("finish_reason"), "finish_reason") or finish
        if not finish:
            raise ReplyUnreadable("llama.cpp ended its reply without a reason")
        used = usage.prompt_tokens + usage.completion_tokens
        if request.form is not None and finish == "length" and used >= self._settings.num_ctx:
            raise RequestRejected(
                f"the context window of {self._settings.num_ctx} tokens was full before a reply had its form",
                hint="Raise `num_ctx` in the block; it costs memory for each request at once.",
            )
        if request.form is not None and not request.form.grammar:
            _check_json("".join(text), finish)
        kept = tuple(tokens)
        if _has_words(request) and request.form is not None:
            kept = keep_telling(kept, request.top_logprobs, list_words(request.form.grammar))
        return Reply("".join(text), finish, self._origin, usage, kept)


def write_schema_grammar(schema: str) -> str:
    """A JSON Schema as a grammar of LLGuidance, which xllamacpp's llama.cpp is built with.

    White space between the values is fixed: left free, a small model may write nothing else until its tokens are spent.
    """
    spacing = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
    content = {**json.loads(schema), "x-guidance": spacing}
    return f"%llguidance {{}}\nstart: %json {json.dumps(content)}\n"


def _check_json(text: str, finish: str) -> None:
    """Raise RequestRejected where a schema was not kept to: LLGuidance gives up on one that it does not know, in silence."""
    try:
        json.loads(text)
    except ValueError:
        if finish == "stop" or text[:1] not in JSON_STARTS:
            raise RequestRejected(
                "llama.cpp did not hold a reply to the JSON Schema asked for: it may use a keyword that LLGuidance lacks",
                hint="https://github.com/guidance-ai/llguidance lists the keywords, in docs/json_schema.md.",
            ) from None


def _has_words(request: Request) -> bool:
    return bool(request.top_logprobs and request.form is not None and request.form.grammar)


def _name_model(reference: str) -> tuple[str, str]:
    """A model's name in records, and a digest of samples of its file, empty where it is not a file here."""
    path = expand_home(reference)
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            digest = hashlib.blake2b(size.to_bytes(8, "little"), digest_size=8)
            for number in range(SAMPLES):
                file.seek(max(0, size - SAMPLE_BYTES) * number // (SAMPLES - 1))
                digest.update(file.read(SAMPLE_BYTES))
    except OSError:
        return (path.name if path.suffix.lower() == ".gguf" else reference), ""
    return path.name, digest.hexdigest()


def _tidy(text: str) -> str:
    """Lone surrogates, which no encoding can carry, become question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _translate(error: Json, settings: LlamaCppSettings) -> EngineError:
    """The error that llama.cpp's own words stand for."""
    message = read_text(error.get("message"), "error.message")
    said = excerpt_error(message.encode())
    words = message.lower()
    if error.get("type") == "exceed_context_size_error" or "context size" in words:
        return RequestRejected(
            f"a prompt does not fit into the context window of {settings.num_ctx} tokens: {said}",
            hint="Raise `num_ctx` in the block; it costs memory for each request at once.",
        )
    if "grammar" in words or "sampler" in words:
        return RequestRejected(f"llama.cpp cannot hold a reply to the form asked for: {said}")
    if "template" in words or "jinja" in words:
        return RequestRejected(
            f"the chat template in {settings.model_id_or_path} cannot be used: {said}",
            hint="Take a GGUF of an instruction-tuned model.",
        )
    if "out of memory" in words or "alloc" in words:
        return ModelNotFound(f"llama.cpp ran out of memory: {said}", hint="Lower `concurrency` or `num_ctx`.")
    if error.get("code") in (400, 422):
        return RequestRejected(f"llama.cpp refuses this request: {said}")
    return ServerFault(f"llama.cpp failed: {said}")
