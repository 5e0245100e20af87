"""Azure OpenAI, through OpenAI's official SDK.

An address that ends in `/openai/v1` is asked as OpenAI's own API is, with the deployment as the model. Any other one
is asked by the older routes, `/openai/deployments/NAME/…?api-version=…`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from demur.engines.base import Chat, Reply, Request, Sampling
from demur.engines.extras import miss_extra
from demur.engines.hosted import check_address
from demur.engines.hosted_engine import HostedEngine, write_chat_settings
from demur.engines.ollama import write_messages
from demur.engines.openai import read_reply
from demur.engines.transport import KEEPALIVE_S
from demur.errors import InputError
from demur.inputs.engine_settings import AzureOpenAISettings

if TYPE_CHECKING:
    from openai import AsyncOpenAI
    from openai.types.chat import ChatCompletionMessageParam

EXAMPLE = "https://NAME.openai.azure.com"

API_VERSION = "2024-10-21"
"""The latest of the dated versions that is no preview; later ones belong to `/openai/v1`, which wants none."""

V1 = "/openai/v1"
V1_VERSIONS = ("v1", "latest", "preview")
"""What `/openai/v1` takes for a version. A dated one, which the environment may hold for other programs, it refuses."""


class AzureOpenAIEngine(HostedEngine["AsyncOpenAI"]):
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
        address = check_address(settings.base_url, EXAMPLE)
        super().__init__(
            settings,
            address=address if address.endswith(V1) else address.removesuffix("/openai"),
            variable="AZURE_OPENAI_API_KEY",
            missing_model="`model_id_or_path` is the name of a deployment in this resource, not of a model.",
        )
        self._version = settings.api_version

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
        timeout = openai.Timeout(service.timeout_s, connect=service.connect_timeout_s)
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

    async def _send(self, request: Request, sampling: Sampling, schema: Mapping[str, object] | None) -> Reply:
        import openai

        client, service, prompt = await self._client.get(), self._service, request.prompt
        assert isinstance(prompt, Chat)
        try:
            # The raw response: the SDK takes a body of any form for a completion.
            response = await client.chat.completions.with_raw_response.create(
                model=service.model,
                messages=cast("list[ChatCompletionMessageParam]", write_messages(prompt)),
                extra_body=write_chat_settings(request, sampling, schema),
            )
        except openai.APIStatusError as error:
            answer = error.response
            raise service.translate_answer(answer.status_code, answer.content, answer.headers) from None
        except openai.APIConnectionError as error:
            raise service.translate_break(error) from None
        return read_reply(service.decode(response.http_response.content), self._origin)
