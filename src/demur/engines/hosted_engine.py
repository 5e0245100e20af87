"""An engine that works through a provider's SDK: what is the same whatever the provider."""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from demur.engines.base import Chat, Identity, Reply, Request, Sampling
from demur.engines.extras import require_extra
from demur.engines.hosted import Service, check_key
from demur.engines.openai import MAX_TOP_LOGPROBS
from demur.engines.sampling import SEED_MASK, fill_sampling, sampling_from
from demur.engines.structured import FormKeeper
from demur.errors import RawUnsupported
from demur.inputs.engine_settings import AnthropicSettings, AzureOpenAISettings, WatsonxSettings
from demur.records import Origin

T = TypeVar("T")


class HostedEngine(ABC, Generic[T]):
    """Completes requests with a model behind an SDK, whose client is a `T`."""

    def __init__(
        self,
        settings: AnthropicSettings | AzureOpenAISettings | WatsonxSettings,
        *,
        address: str,
        variable: str,
        missing_model: str,
    ) -> None:
        """Set up, without connecting.

        Args:
            address: where the provider is, without credentials.
            variable: see `Service`, as for `missing_model`.

        Raises:
            InputError: the key cannot stand in a header.
            ExtraMissing: the SDK is not installed.
        """
        require_extra(settings.type)
        self._service = Service(
            address=address,
            model=settings.model_id_or_path,
            timeout_s=settings.timeout_s,
            secret=check_key(settings.api_key.get_secret_value() if settings.api_key else ""),
            variable=variable,
            missing_model=missing_model,
        )
        self._defaults = sampling_from(settings)
        self._origin = Origin(settings.type, settings.model_id_or_path)
        self._identity = Identity(settings.type, settings.model_id_or_path, address)
        self._client = LazyClient(self._build)
        self._forms = FormKeeper()

    @property
    def identity(self) -> Identity:
        """The model, and the provider's address."""
        return self._identity

    async def complete(self, request: Request) -> Reply:
        """Answer one request.

        Raises:
            InputError: the provider does not take a setting.
            EngineError: the model did not answer, or, `RawUnsupported`, takes no raw prompts.
            ExtraMissing: the SDK cannot be imported.
        """
        sampling = fill_sampling(request.sampling, self._defaults)
        self._check_request(request, sampling)
        self._service.require_key()
        await self._prepare()

        async def send(schema: Mapping[str, object] | None) -> Reply:
            async with self._service.bound_attempt():
                return await self._send(request, sampling, schema)

        wanted = request.form.json_schema if request.form else ""
        return await self._forms.ask(json.loads(wanted) if wanted else None, send)

    @abstractmethod
    async def close(self) -> None:
        """Close the connections. Idempotent."""

    @abstractmethod
    def _build(self) -> T:
        """Make the SDK's client, in a thread."""

    @abstractmethod
    async def _send(self, request: Request, sampling: Sampling, schema: Mapping[str, object] | None) -> Reply:
        """Send one request, and read the answer."""

    async def _prepare(self) -> None:
        """What takes long when it is done first, and does not count against `timeout_s`."""
        await self._client.get()

    def _check_request(self, request: Request, sampling: Sampling) -> None:
        """Refuse what the provider does not take: raw prompts, with most."""
        del sampling
        if not isinstance(request.prompt, Chat):
            raise RawUnsupported(
                f"{self._service.address} takes no raw prompts",
                hint="For the guard take an engine that does, such as ollama, vllm-server or llama-cpp, or a guard "
                "that needs no template: Granite Guardian 4.1, or validators/policy_judge.",
            )


class LazyClient(Generic[T]):
    """A client that is made when it is first needed, in a thread.

    Importing an SDK takes a second or so, in which the loop, and with it the live display, would stand still.
    """

    def __init__(self, build: Callable[[], T]) -> None:
        """Take what makes it: called at most once at a time, and again after a failure."""
        self._build = build
        self._made: T | None = None
        self._making: asyncio.Lock | None = None

    async def get(self) -> T:
        """The client.

        Raises:
            ExtraMissing: the SDK cannot be imported.
        """
        if self._made is None:
            self._making = self._making or asyncio.Lock()
            async with self._making:
                if self._made is None:
                    self._made = await asyncio.to_thread(self._build)
        return self._made

    def take(self) -> T | None:
        """The client if there is one, for closing; the next `get` makes another."""
        made, self._made = self._made, None
        return made


def write_chat_settings(request: Request, sampling: Sampling, schema: Mapping[str, object] | None) -> dict[str, object]:
    """What the body of a chat in OpenAI's manner holds beside model and messages."""
    fields: dict[str, object | None] = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_completion_tokens": sampling.max_tokens,
        "stop": list(sampling.stop) or None,
        "seed": None if sampling.seed is None else sampling.seed & SEED_MASK,
        "logprobs": True if request.top_logprobs else None,
        "top_logprobs": min(request.top_logprobs, MAX_TOP_LOGPROBS) or None,
    }
    if schema is not None:
        form = {"name": "reply", "strict": True, "schema": schema}
        fields["response_format"] = {"type": "json_schema", "json_schema": form}
    return {name: value for name, value in fields.items() if value is not None}
