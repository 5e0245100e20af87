"""Azure OpenAI, through OpenAI's official SDK.

An address that ends in `/openai/v1` is asked as OpenAI's own API is, with the deployment as the model. Any other one
is asked by the older routes, `/openai/deployments/NAME/…?api-version=…`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from demur.engines.base import Chat, Identity, Reply, Request, Sampling
from demur.engines.extras import miss_extra, require_extra
from demur.engines.hosted import FormKeeper, LazyClient, Service, check_address, check_key
from demur.engines.ollama import write_messages
from demur.engines.openai import MAX_TOP_LOGPROBS, read_reply
from demur.engines.sampling import SEED_MASK, fill_sampling, sampling_from
from demur.engines.transport import CONNECT_TIMEOUT_S, KEEPALIVE_S
from demur.errors import InputError, RawUnsupported
from demur.inputs.engine_settings import AzureOpenAISettings
from demur.records import Origin

if TYPE_CHECKING:
    from openai import AsyncOpenAI
    from openai.types.chat import ChatCompletionMessageParam

EXAMPLE = "https://NAME.openai.azure.com"

API_VERSION = "2024-10-21"
"""The latest of the dated versions that is no preview; later ones belong to `/openai/v1`, which wants none."""

V1 = "/openai/v1"
V1_VERSIONS = ("v1", "latest", "preview")
"""What `/openai/v1` takes for a version. A dated one, which the environment may hold for other programs, it refuses."""


class AzureOpenAIEngine:
    """Completes chats with a deployment of an Azure OpenAI resource."""

    def __init__(self, settings: AzureOpenAISettings) -> None:
        """Set up, without connecting.

        Raises:
            InputError: there is no `base_url`, or it is no address.
            ExtraMissing: the SDK is not installed.
        """
        if not settings.base_url:
            raise InputError(
                "an azure-openai block needs the resource's address",
                hint=f"Set `base_url: {EXAMPLE}`, or AZURE_OPENAI_ENDPOINT in the environment or in .env.",
            )
        require_extra(settings.type)
        address = check_address(settings.base_url, EXAMPLE)
        self._service = Service(
            address=address if address.endswith(V1) else address.removesuffix("/openai"),
            model=settings.model_id_or_path,
            timeout_s=settings.timeout_s,
            secret=check_key(settings.api_key.get_secret_value() if settings.api_key else ""),
            variable="AZURE_OPENAI_API_KEY",
            missing_model="`model_id_or_path` is the name of a deployment in this resource, not of a model.",
        )
        self._version = settings.api_version
        self._defaults = sampling_from(settings)
        self._origin = Origin(settings.type, settings.model_id_or_path)
        self._identity = Identity(settings.type, settings.model_id_or_path, self._service.address)
        self._client = LazyClient(self._build)
        self._forms = FormKeeper()

    @property
    def identity(self) -> Identity:
        """The deployment, and the resource's address."""
        return self._identity

    async def complete(self, request: Request) -> Reply:
        """Answer one request.

        Raises:
            RawUnsupported: the prompt is raw.
            EngineError: the model did not answer.
            ExtraMissing: the SDK cannot be imported.
        """
        prompt = request.prompt
        if not isinstance(prompt, Chat):
            raise RawUnsupported(
                f"{self._service.address} takes no raw prompts",
                hint="For the guard take an engine that does, such as ollama, vllm-server or llama-cpp, or a guard "
                "that needs no template: Granite Guardian 4.1, or validators/policy_judge.",
            )
        self._service.require_key()
        client = await self._client.get()
        body = _write_body(request, fill_sampling(request.sampling, self._defaults))

        async def send(schema: Mapping[str, object] | None) -> Reply:
            async with self._service.bound_attempt():
                return await self._send(client, prompt, body if schema is None else {**body, **_write_form(schema)})

        return await self._forms.ask(request.form, send)

    async def close(self) -> None:
        """Close the connections."""
        client = self._client.take()
        if client is not None:
            await client.close()

    def _build(self) -> AsyncOpenAI:
        client = self._open()
        _ = client.chat.completions  # imported by its first use: better here than in the loop
        return client

    def _open(self) -> AsyncOpenAI:
        try:
            import openai
            from httpx2 import Limits
        except ImportError as error:
            raise miss_extra("azure-openai", error=error) from error
        service = self._service
        timeout = openai.Timeout(service.timeout_s, connect=min(CONNECT_TIMEOUT_S, service.timeout_s))
        limits = Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=KEEPALIVE_S)
        http_client = openai.DefaultAsyncHttpxClient(timeout=timeout, limits=limits, follow_redirects=False)
        if service.address.endswith(V1):
            return openai.AsyncOpenAI(
                api_key=service.secret,
                base_url=service.address,
                default_query={"api-version": self._version} if self._version in V1_VERSIONS else None,
                timeout=timeout,
                max_retries=0,
                http_client=http_client,
            )
        return openai.AsyncAzureOpenAI(
            api_key=service.secret,
            azure_endpoint=service.address,
            api_version=self._version or API_VERSION,
            timeout=timeout,
            max_retries=0,
            http_client=http_client,
        )

    async def _send(self, client: AsyncOpenAI, prompt: Chat, body: Mapping[str, object]) -> Reply:
        import openai

        service = self._service
        try:
            # The raw response: the SDK takes a body of any form for a completion.
            response = await client.chat.completions.with_raw_response.create(
                model=service.model,
                messages=cast("list[ChatCompletionMessageParam]", write_messages(prompt)),
                extra_body=body,
            )
        except openai.APIStatusError as error:
            answer = error.response
            raise service.translate_answer(answer.status_code, answer.content, answer.headers) from None
        except openai.APIConnectionError as error:
            raise service.translate_break(error) from None
        return read_reply(service.decode(response.http_response.content), self._origin)


def _write_body(request: Request, sampling: Sampling) -> dict[str, object]:
    body: dict[str, object] = {}
    if sampling.temperature is not None:
        body["temperature"] = sampling.temperature
    if sampling.top_p is not None:
        body["top_p"] = sampling.top_p
    if sampling.max_tokens is not None:
        body["max_completion_tokens"] = sampling.max_tokens
    if sampling.stop:
        body["stop"] = list(sampling.stop)
    if sampling.seed is not None:
        body["seed"] = sampling.seed & SEED_MASK
    if request.top_logprobs:
        body["logprobs"] = True
        body["top_logprobs"] = min(request.top_logprobs, MAX_TOP_LOGPROBS)
    return body


def _write_form(schema: Mapping[str, object]) -> dict[str, object]:
    form = {"type": "json_schema", "json_schema": {"name": "reply", "strict": True, "schema": schema}}
    return {"response_format": form}
