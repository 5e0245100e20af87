"""Loopback servers that answer as Anthropic, Azure OpenAI and watsonx.ai document it, errors included.

They are strict: a field that the service does not know is refused as the service refuses it. The words are simulated
(`roleplay`). In a process of its own, which prints its address first: ``python -m tests.servers.hosted PROVIDER KEY``.
"""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, Self, TypeAlias

from aiohttp import web

from tests.servers.roleplay import Roleplay, tokenize

Provider: TypeAlias = Literal["anthropic", "azure-openai", "watsonx"]
Body: TypeAlias = dict[str, object]

PROVIDERS: tuple[Provider, ...] = ("anthropic", "azure-openai", "watsonx")
MODEL = "simulated"
KEY = "hosted-key-0123456789"

ANTHROPIC_FIELDS = {"model", "max_tokens", "messages", "system", "stop_sequences", "output_config"}
OLD_ANTHROPIC_FIELDS = {*ANTHROPIC_FIELDS, "temperature", "top_p", "top_k"}
AZURE_FIELDS = {
    *("model", "messages", "temperature", "top_p", "max_completion_tokens", "stop", "seed"),
    *("logprobs", "top_logprobs", "response_format"),
}
WATSONX_CHAT_FIELDS = {*AZURE_FIELDS - {"model"}, "model_id", "project_id"}
WATSONX_PARAMETERS = {
    *("decoding_method", "max_new_tokens", "temperature", "top_p", "top_k", "random_seed"),
    *("stop_sequences", "include_stop_sequence", "return_options"),
}


@dataclass(frozen=True, slots=True)
class Failure:
    """One way to fail, in the provider's own form.

    Attributes:
        code: the provider's word for it: Anthropic's `type`, Azure's and watsonx.ai's `code`.
        manner: besides the status: `reset` cuts the connection, `drop` within the body; `torn` sends half the JSON as
            if it were whole; `html`, `hang`; `drip` sends a byte at a time without end; `foreign` speaks another protocol.
        detail: Anthropic's `error_code`.
    """

    status: int = 500
    code: str = "internal"
    message: str = "simulated failure"
    headers: Mapping[str, str] = field(default_factory=dict)
    manner: Literal["status", "reset", "drop", "torn", "html", "hang", "drip"] = "status"
    detail: str = ""

    def write(self, provider: Provider) -> Body:
        """The body, as the provider writes it."""
        if provider == "anthropic":
            error: Body = {"type": self.code, "message": self.message}
            if self.detail:
                error["details"] = {"error_code": self.detail}
            return {"type": "error", "error": error, "request_id": "req_1"}
        if provider == "azure-openai":
            return {"error": {"code": self.code, "message": self.message}}
        problem = {"code": self.code, "message": self.message, "more_info": "https://cloud.ibm.com/apidocs/watsonx-ai"}
        return {"errors": [problem], "trace": "1", "status_code": self.status}


@dataclass
class HostedServer:
    """Serves one provider on 127.0.0.1 between entering and leaving; watsonx.ai by https, with the key pair in `folder`.

    Attributes:
        failures: what the first requests for a completion fail by, in the order of arrival; None lets one through.
        token_failures: the same for watsonx.ai's exchange of keys.
        reply: fields that replace those of an ordinary reply.
        bodies: what was asked for: path, query and body of each request for a completion.
        headers: of those.
    """

    provider: Provider
    folder: Path | None = None
    failures: list[Failure | None] = field(default_factory=list)
    token_failures: list[Failure | None] = field(default_factory=list)
    reply: Body = field(default_factory=dict)
    text: str = ""
    key: str = KEY
    bodies: list[tuple[str, Mapping[str, str], Body]] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    tokens: int = 0
    url: str = ""

    async def __aenter__(self) -> Self:
        self._closing = asyncio.Event()
        self._runner = web.ServerRunner(web.Server(self._serve, access_log=None), shutdown_timeout=0.2)
        await self._runner.setup()
        context = None
        if self.provider == "watsonx":
            assert self.folder is not None
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*make_certificate(self.folder))
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=context).start()
        scheme = "https" if context else "http"
        self.url = f"{scheme}://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing.set()
        await self._runner.cleanup()

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/identity/token":
            return await self._give_token(request)
        body: Body = await request.json()
        self.bodies.append((request.path, dict(request.query), body))
        self.headers.append(request.headers)
        failure = self.failures.pop(0) if self.failures else None
        failure = failure or self._find_fault(request, body)
        if failure is not None:
            return await self._fail(request, failure)
        return web.json_response({**self._answer(request.path, body), **self.reply})

    async def _give_token(self, request: web.BaseRequest) -> web.StreamResponse:
        self.tokens += 1
        failure = self.token_failures.pop(0) if self.token_failures else None
        if failure is not None:
            return await self._fail(request, failure)
        sent = (await request.read()).decode()
        if f"apikey={self.key}" not in sent.split("&"):
            refusal = {"errorCode": "BXNIM0415E", "errorMessage": "Provided API key could not be found."}
            return web.json_response(refusal, status=400)
        return web.json_response({"access_token": make_token(), "token_type": "Bearer", "expires_in": 3600})

    def _find_fault(self, request: web.BaseRequest, body: Body) -> Failure | None:
        """What the real service would refuse."""
        find = {"anthropic": find_anthropic_fault, "azure-openai": find_azure_fault, "watsonx": find_watsonx_fault}
        return find[self.provider](request, body, self.key)

    async def _fail(self, request: web.BaseRequest, failure: Failure) -> web.StreamResponse:
        content = json.dumps(failure.write(self.provider)).encode()
        transport = request.transport
        assert transport is not None
        if failure.manner == "status":
            return web.Response(
                status=failure.status, body=content, headers={"Content-Type": "application/json", **failure.headers}
            )
        if failure.manner == "reset":
            transport.abort()
        if failure.manner == "hang":
            await self._closing.wait()
        if failure.manner == "html":
            return web.Response(text="<html><body>Sign in</body></html>", content_type="text/html")
        if failure.manner == "torn":
            return web.Response(body=content[: len(content) // 2], content_type="application/json")
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "10000"})
        await response.prepare(request)
        await response.write(b'{"content":')
        while failure.manner == "drip" and not self._closing.is_set():
            await response.write(b" ")
            await asyncio.sleep(0.05)
        transport.abort()
        return response

    def _answer(self, path: str, body: Body) -> Body:
        prompt = "\n".join([str(body.get("system", "")), *_list_contents(body), str(body.get("input", ""))])
        said = Roleplay().answer(MODEL, prompt, body.get("seed"))
        if self.text:
            said = replace(said, text=self.text, label_at=-1)
        text = said.text
        words = [{"token": each.text, "logprob": each.logprob, "top_logprobs": [
            {"token": token, "logprob": logprob} for token, logprob in each.top]} for each in tokenize(said, 5)]  # fmt: skip
        if self.provider == "anthropic":
            return {
                "id": "msg_1", "type": "message", "role": "assistant", "model": MODEL, "stop_reason": "end_turn",
                "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": text}],
                "usage": {"input_tokens": 5, "cache_creation_input_tokens": 3, "cache_read_input_tokens": 2,
                          "output_tokens": 7},
            }  # fmt: skip
        if path == "/ml/v1/text/generation":
            result: Body = {"generated_text": text, "generated_token_count": 7, "input_token_count": 10,
                            "stop_reason": "eos_token"}  # fmt: skip
            parameters = body["parameters"]
            assert isinstance(parameters, dict)
            if "return_options" in parameters:
                result["generated_tokens"] = [
                    {"text": each.text, "logprob": each.logprob, "top_tokens": [
                        {"text": token, "logprob": logprob} for token, logprob in each.top]}
                    for each in tokenize(said, 5)
                ]  # fmt: skip
            return {"model_id": MODEL, "created_at": "2026-11-20T00:00:00Z", "results": [result]}
        choice: Body = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        if body.get("logprobs"):
            choice["logprobs"] = {"content": words}
        return {"id": "c-1", "model": MODEL, "choices": [choice],
                "usage": {"prompt_tokens": 10, "completion_tokens": 7}}  # fmt: skip


def find_anthropic_fault(request: web.BaseRequest, body: Body, key: str) -> Failure | None:
    """What Anthropic would refuse: the route, the key, the fields, the model."""
    if request.path != "/v1/messages":
        return Failure(404, "not_found_error", "Not found")
    if request.headers.get("Authorization") != f"Bearer {key}":
        return Failure(401, "authentication_error", "invalid bearer token")
    known = OLD_ANTHROPIC_FIELDS if request.headers.get("anthropic-version") == "2023-06-01" else ANTHROPIC_FIELDS
    for name in sorted(set(body) - known):
        return Failure(400, "invalid_request_error", f"{name}: Extra inputs are not permitted")
    for name in ("model", "max_tokens", "messages"):
        if name not in body:
            return Failure(400, "invalid_request_error", f"{name}: Field required")
    if body["model"] != MODEL:
        return Failure(404, "not_found_error", f"model: {body['model']}")
    return None


def find_azure_fault(request: web.BaseRequest, body: Body, key: str) -> Failure | None:
    """What Azure would refuse: the key, the route, the deployment, the fields."""
    newer = request.path == "/openai/v1/chat/completions"
    sent = request.headers.get("Authorization") if newer else request.headers.get("api-key")
    if sent != (f"Bearer {key}" if newer else key):
        words = "Access denied due to invalid subscription key or wrong API endpoint."
        return Failure(401, "401", words)
    deployment = body.get("model") if newer else request.path.split("/")[3:4][0]
    if not newer and (not request.path.endswith("/chat/completions") or "api-version" not in request.query):
        return Failure(404, "404", "Resource not found")
    if deployment != MODEL:
        return Failure(404, "DeploymentNotFound", "The API deployment for this resource does not exist.")
    for name in sorted(set(body) - AZURE_FIELDS):
        return Failure(400, "unknown_parameter", f"Unknown parameter: '{name}'.")
    return None


def find_watsonx_fault(request: web.BaseRequest, body: Body, key: str) -> Failure | None:
    """What watsonx.ai would refuse: the token, the version, the project, the model, the fields."""
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if len(token.split(".")) != 3:
        return Failure(401, "authentication_token_not_valid", "Failed to authenticate the request")
    if "version" not in request.query or body.get("project_id") != "project-1":
        return Failure(400, "invalid_request_entity", "version and project_id must be given")
    if body.get("model_id") != MODEL:
        words = f"Model '{body.get('model_id')}' is not supported for this environment."
        return Failure(404, "model_not_supported", words)
    parameters = body.get("parameters", {})
    assert isinstance(parameters, dict)
    known, given = WATSONX_CHAT_FIELDS, set(body)
    if request.path == "/ml/v1/text/generation":
        known, given = WATSONX_PARAMETERS, set(parameters)
    for name in sorted(given - known):
        return Failure(400, "json_type_error", f"Json field '{name}' is unknown")
    return None


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 and its key, made once a folder. Whoever asks there trusts it by SSL_CERT_FILE."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    if not certificate.exists():
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
                *("-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
                *("-keyout", str(key), "-out", str(certificate)),
            ],
            check=True,
            capture_output=True,
        )
    return certificate, key


def make_token() -> str:
    """A token in the form of IBM Cloud's: a JWT that runs out in an hour."""
    parts = ({"alg": "none"}, {"iam_id": "IBMid-1", "exp": int(time.time()) + 3600})
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, "c2ln"])


def _list_contents(body: Body) -> list[str]:
    messages = body.get("messages", [])
    assert isinstance(messages, list)
    return [str(message["content"]) for message in messages]


async def _run(provider: Provider, key: str, folder: Path) -> None:
    async with HostedServer(provider, folder, key=key) as server:
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    [which] = [each for each in PROVIDERS if each == sys.argv[1]]
    asyncio.run(_run(which, sys.argv[2], Path(sys.argv[3])))
