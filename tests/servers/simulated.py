"""A server of models that are simulated: real HTTP, real wire formats, invented words.

In a test::

    async with SimulatedServer(dialect="ollama") as server:
        ...  # server.url, server.base_url, server.metrics

In a process of its own, which prints its address first: ``python -m tests.servers.simulated --dialect
openai --slots 32``.
There ``GET /_simulated/metrics`` tells what it has seen, and ``POST /_simulated/reset`` forgets it.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import math
import time
from collections.abc import Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Self

from aiohttp import web

from tests.servers import dialects, ollama_rules
from tests.servers.behaviour import PASSING_FAULTS, Behaviour, Fault, Metrics
from tests.servers.judgements import Answer
from tests.servers.roleplay import Roleplay, digest, tokenize

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

OPENAI_ROUTES = {"/v1/chat/completions": "v1-chat", "/v1/completions": "v1-text"}
OLLAMA_ROUTES = {"/api/chat": "chat", "/api/generate": "generate", **OPENAI_ROUTES}


FORM_FIELDS = (
    *("response_format", "grammar", "json_schema", "structured_outputs"),
    *("guided_json", "guided_grammar", "format"),
)
"""How the servers call a form that a reply is held to."""


class SimulatedServer:
    """Serves `Behaviour` on 127.0.0.1 between entering and leaving."""

    def __init__(self, behaviour: Behaviour | None = None, *, port: int = 0, **changes: object) -> None:
        """Take the behaviour, or the single settings that differ from the default one; port 0 takes any
        free port."""
        self.behaviour = replace(behaviour or Behaviour(), **changes)  # type: ignore[arg-type]
        self.metrics = Metrics()
        self.url = ""
        self._port = port
        self._slots = asyncio.Semaphore(self.behaviour.slots) if self.behaviour.slots else None
        self._busy = 0
        self._arrived = 0
        self._faults = list(self.behaviour.faults)
        self._chance = Random(0)
        self._closing = asyncio.Event()
        self._routes = OLLAMA_ROUTES if self.behaviour.dialect == "ollama" else OPENAI_ROUTES

    @property
    def base_url(self) -> str:
        """The address with `/v1`, as an OpenAI client wants it."""
        return f"{self.url}/v1"

    async def __aenter__(self) -> Self:
        self._runner = web.ServerRunner(web.Server(self._serve, access_log=None), shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port, backlog=1024).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing.set()
        await self._runner.cleanup()

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        route = self._routes.get(request.path) if request.method == "POST" else None
        if route is None:
            return await self._answer_question(request)
        if not self._knows(request):
            return self._refuse(request.path, 401, "Incorrect API key provided")
        self._arrived += 1
        self.metrics.most_arrived = max(self.metrics.most_arrived, self._arrived)
        try:
            fault = self._choose_fault()
            if fault is not None:
                self.metrics.counts["fault"] += 1
                return await self._fail(request, fault)
            return await self._complete(request, route)
        finally:
            self._arrived -= 1

    def _knows(self, request: web.BaseRequest) -> bool:
        """Whether the request brings the key, if one is asked for."""
        key = self.behaviour.api_key
        return key is None or request.headers.get("Authorization") == f"Bearer {key}"

    async def _show(self, request: web.BaseRequest) -> web.StreamResponse:
        model = json.loads(await request.read() or b"{}").get("model")
        if not model:
            return self._refuse(request.path, 400, "model is required")
        if self.behaviour.models is not None and model not in self.behaviour.models:
            return self._refuse(request.path, 404, f"model '{model}' not found")
        return web.json_response(ollama_rules.write_show(131_072))

    async def _answer_question(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer what is asked of the server itself, by the routes that its kind has."""
        b = self.behaviour
        if request.path == "/_simulated/metrics":
            return web.json_response(
                {
                    "counts": self.metrics.counts,
                    "repeated": self.metrics.repeated,
                    "timeline": self.metrics.timeline,
                    "most_at_once": self.metrics.most_at_once,
                    "most_arrived": self.metrics.most_arrived,
                }
            )
        if request.path == "/_simulated/reset":
            self.metrics = Metrics()
            return web.json_response({})
        if request.path == "/api/show" and b.dialect == "ollama":
            return await self._show(request)
        if request.path == "/health" and b.dialect == "openai":
            return web.Response()
        self.metrics.counts["probe"] += 1
        if request.path.startswith("/v1/") and not self._knows(request):
            return self._refuse(request.path, 401, "Unauthorized")
        models = b.models or ("simulated",)
        said: dict[tuple[bool, str], object] = {
            (b.dialect == "ollama", "/api/version"): {"version": b.version},
            (b.dialect == "ollama", "/api/tags"): ollama_rules.write_tags(models),
            (b.dialect == "openai" and b.kind == "llama.cpp", "/props"): {
                "default_generation_settings": {"n_ctx": 8192},
                "total_slots": b.slots or 1,
                "chat_template": "",
                "build_info": "b6000-simulated",
            },
            (b.dialect == "openai" and b.kind == "vllm", "/version"): {"version": b.version},
            (True, "/v1/models"): {
                "object": "list",
                "data": [{"id": name, "object": "model", "created": 0, "owned_by": "simulated"} for name in models],
            },
        }
        found = said.get((True, request.path)) if request.method == "GET" else None
        if found is None:
            return web.Response(status=404, text="404 page not found")
        return web.json_response(found)

    def _choose_fault(self) -> Fault | None:
        b = self.behaviour
        if b.refuse_above is not None and self._arrived > b.refuse_above:
            return Fault(status=429, said="too many requests at once")
        if self._faults:
            return self._faults.pop(0)
        for fault, rate in b.fault_rates.items():
            if self._chance.random() < rate:
                return fault
        return None

    async def _fail(self, request: web.BaseRequest, fault: Fault) -> web.StreamResponse:
        await request.read()
        if fault.after_s:
            await asyncio.sleep(fault.after_s)
        if fault.after is not None:
            await fault.after.wait()
        if fault.manner == "status":
            refusal = self._refuse(request.path, fault.status, fault.said)
            if fault.body is not None:
                refusal = web.Response(status=fault.status, text=fault.body, content_type=fault.content_type)
            if fault.retry_after is not None:
                refusal.headers["Retry-After"] = fault.retry_after
            return refusal
        if fault.manner == "torn":
            return web.Response(body=b'{"choices": [{"message": {"content": "half', content_type="application/json")
        if fault.manner == "html":
            return web.Response(text="<html><body>welcome</body></html>", content_type="text/html")
        if fault.manner == "body":
            return web.Response(body=fault.said.encode(), status=fault.status, content_type="application/json")
        if fault.manner == "hang":
            await self._closing.wait()
        if fault.manner in ("endless", "drip"):
            return await self._send_on(request, fault)
        answer = web.StreamResponse()
        if fault.manner == "drop":
            answer.content_length = 1000
            await answer.prepare(request)
            await answer.write(b'{"choices": ')
        if request.transport is not None:
            request.transport.abort() if fault.manner == "reset" else request.transport.close()
        return answer

    async def _send_on(self, request: web.BaseRequest, fault: Fault) -> web.StreamResponse:
        """Send JSON that never closes, until the other side has gone."""
        answer = web.StreamResponse()
        answer.content_type = "application/json"
        with suppress(ConnectionError):
            await answer.prepare(request)
            while not self._closing.is_set() and request.transport is not None and not request.transport.is_closing():
                await answer.write(b" " if fault.manner == "drip" else b'{"choices": [' * 10_000)
                await asyncio.sleep(fault.pause_s if fault.manner == "drip" else 0.001)
        return answer

    async def _complete(self, request: web.BaseRequest, route: str) -> web.StreamResponse:
        try:
            body = json.loads(await request.read())
            model = body["model"]
        except (ValueError, KeyError, TypeError):
            return self._refuse(request.path, 400, "missing request body")
        b = self.behaviour
        if b.keep_bodies:
            self.metrics.bodies.append((request.path, body))
        if b.models is not None and model not in b.models:
            said = f"model '{model}' not found" if b.dialect == "ollama" else f"The model `{model}` does not exist."
            return self._refuse(request.path, 404, said)
        if (problem := _find_problem(route, body, b.kind)) is not None:
            return self._refuse(request.path, 400, problem)
        if not b.formats and (named := [name for name in FORM_FIELDS if name in body]):
            return self._refuse(request.path, 400, f"{named[0]} is not supported by this server")
        prompt, limit, stop, seed = self._read_prompt(route, body)
        if b.dialect == "ollama" and route in ("chat", "generate"):
            self.metrics.ignored_options += ollama_rules.list_ignored_options(body)
            refusal = ollama_rules.find_refusal(route, body, thinks=b.thinks)
            if refusal is None and (idle := ollama_rules.write_idle_reply(route, body)) is not None:
                return web.json_response(idle)
            fitting = refusal or ollama_rules.fit_prompt(prompt, body, b.num_ctx, self._version)
            if isinstance(fitting, ollama_rules.Refusal):
                return self._refuse(request.path, fitting.status, fitting.said)
            prompt = fitting
        answer = self._ask_model(model, prompt, body, seed)
        async with self._take_slot(answer.kind, body):
            text, finish = (answer.text, "stop") if b.ignores_limits else _cut(answer.text, limit, stop)
            return self._write(route, body, prompt, replace(answer, text=text), finish)

    def _ask_model(self, model: str, prompt: str, body: dict[str, object], seed: object) -> Answer:
        if self.behaviour.answer is None:
            return self.behaviour.roleplay.answer(model, prompt, seed)
        answer = self.behaviour.answer(model, prompt, body)
        return Answer(answer, "other") if isinstance(answer, str) else answer

    @asynccontextmanager
    async def _take_slot(self, kind: str, body: dict[str, object]) -> AsyncIterator[None]:
        """Hold a slot for as long as the reply takes to write."""
        if self._slots is not None:
            await self._slots.acquire()
        self._busy += 1
        self.metrics.most_at_once = max(self.metrics.most_at_once, self._busy)
        begun_s = time.monotonic()
        try:
            if self.behaviour.median_s:
                spread = Random(digest("latency", json.dumps(body, sort_keys=True))).gauss(0.0, self.behaviour.sigma)
                await asyncio.sleep(self.behaviour.median_s * math.exp(spread))
            yield
        finally:
            self._busy -= 1
            self.metrics.counts[kind] += 1
            served = hashlib.blake2b(json.dumps(body, sort_keys=True).encode(), digest_size=16).digest()
            self.metrics.repeated += served in self.metrics.served
            self.metrics.served.add(served)
            self.metrics.timeline.append((begun_s, time.monotonic(), kind))
            if self._slots is not None:
                self._slots.release()

    def _read_prompt(self, route: str, body: dict[str, object]) -> tuple[str, int | None, Sequence[str], object]:
        """What the model sees, the most tokens it may say, its stop words, and its seed."""
        settings = body
        if route in ("chat", "generate"):
            options = body.get("options")
            settings = options if isinstance(options, dict) else {}
        limit = settings.get("num_predict" if settings is not body else "max_tokens")
        stop = settings.get("stop") or ()
        arguments = body.get("chat_template_kwargs")
        if route in ("chat", "v1-chat"):
            if self.behaviour.dialect == "openai" and isinstance(arguments, dict):
                prompt = dialects.render_guardian_chat(body["messages"], arguments)
            else:
                prompt = dialects.render_chat(body["messages"])  # an Ollama drops chat_template_kwargs without a word
        elif (route == "generate" and body.get("raw")) or (route == "v1-text" and self.behaviour.dialect == "openai"):
            prompt = str(body["prompt"])
        else:
            prompt = dialects.render_chat([{"role": "user", "content": body["prompt"]}])
        return (
            prompt,
            limit if isinstance(limit, int) and limit > 0 else None,
            [stop] if isinstance(stop, str) else list(stop) if isinstance(stop, list) else [],
            settings.get("seed"),
        )

    def _write(self, route: str, body: dict[str, object], prompt: str, answer: Answer, finish: str) -> web.Response:
        model, wanted = str(body["model"]), body.get("logprobs")
        top = body.get("top_logprobs")
        tokens = None
        if wanted and self._gives_logprobs():
            count = wanted if route == "v1-text" and not isinstance(wanted, bool) else top
            tokens = tokenize(answer, count if isinstance(count, int) else 0)
        if route in ("chat", "generate"):
            stream = body.get("stream", True) is not False
            content = dialects.write_ollama(
                model, prompt, answer.text, finish, tokens, chat=route == "chat", stream=stream,
                counts=self.behaviour.counts_prompts,
            )  # fmt: skip
            return web.Response(body=content, content_type="application/x-ndjson" if stream else "application/json")
        if route == "v1-chat":
            said = dialects.write_openai_chat(model, prompt, answer.text, finish, tokens)
        else:
            legacy = self.behaviour.kind != "llama.cpp"
            said = dialects.write_openai_completion(model, prompt, answer.text, finish, tokens, legacy=legacy)
        return web.Response(body=json.dumps(said).encode(), content_type="application/json")

    def _gives_logprobs(self) -> bool:
        if self.behaviour.dialect != "ollama":
            return True
        return self._version >= (0, 12, 11)

    @property
    def _version(self) -> tuple[int, ...]:
        return tuple(int(part) for part in self.behaviour.version.split("."))

    def _refuse(self, path: str, status: int, said: str) -> web.Response:
        """An error in the form of the route: Ollama's own is a mere text."""
        if path.startswith("/api/"):
            return web.json_response({"error": said}, status=status)
        error = {"message": said, "type": "api_error", "param": None, "code": None}
        return web.json_response({"error": error}, status=status)


def _find_problem(route: str, body: dict[str, object], kind: str) -> str | None:
    """What a real server would answer 400 to; llama.cpp alone sets no bound to the alternatives."""
    top = body.get("top_logprobs")
    if isinstance(top, int) and not 0 <= top <= 20 and kind != "llama.cpp":
        return "top_logprobs must be between 0 and 20"
    if route in ("chat", "v1-chat") and not isinstance(body.get("messages"), list):
        return "messages is required"
    if route in ("generate", "v1-text") and not isinstance(body.get("prompt"), str):
        return "prompt is required"
    return None


def _cut(text: str, limit: int | None, stop: Sequence[str]) -> tuple[str, str]:
    """End a text where its token limit or a stop word does; a token counts four characters."""
    for word in stop:
        text = text.partition(word)[0]
    if limit is not None and len(text) > 4 * limit:
        return text[: 4 * limit], "length"
    return text, "stop"


async def _serve_forever(behaviour: Behaviour, port: int) -> None:
    async with SimulatedServer(behaviour, port=port) as server:
        print(server.url, flush=True)  # noqa: T201
        await asyncio.Event().wait()


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description="Serve simulated models.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one; the address is printed")
    parser.add_argument("--dialect", choices=("openai", "ollama"), default="openai")
    parser.add_argument("--kind", choices=("vllm", "llama.cpp", "none"), default="vllm")
    parser.add_argument("--median-s", type=float, default=0.0, help="seconds that a reply takes, the median")
    parser.add_argument("--sigma", type=float, default=0.0, help="spread of that, on a logarithmic scale")
    parser.add_argument("--slots", type=int, default=None, help="replies at once")
    parser.add_argument("--refuse-above", type=int, default=None, help="requests beyond which it answers 429")
    parser.add_argument("--per-round", type=int, default=None, help="requests in a proposal")
    parser.add_argument("--fault-rate", type=float, default=0.0, help="share of requests that fail somehow")
    parser.add_argument("--benign-share", type=float, default=0.0)
    parser.add_argument("--compliant-share", type=float, default=0.0)
    parser.add_argument("--repeated-share", type=float, default=0.0)
    given = parser.parse_args()
    behaviour = Behaviour(
        dialect=given.dialect,
        kind=given.kind,
        median_s=given.median_s,
        sigma=given.sigma,
        slots=given.slots,
        refuse_above=given.refuse_above,
        fault_rates=dict.fromkeys(PASSING_FAULTS, given.fault_rate / len(PASSING_FAULTS)),
        roleplay=Roleplay(given.per_round, given.benign_share, given.compliant_share, given.repeated_share),
    )
    asyncio.run(_serve_forever(behaviour, given.port))


if __name__ == "__main__":
    main()
