"""A vLLM server: OpenAI's protocol, and a raw route that it is known to have.

With a `base_url` the server runs already. Without one demur starts it at the first request, and stops it when it is
closed (see `vllm_process.py`); a run that finds every reply in its journal starts none.
"""

from __future__ import annotations

from demur.engines.base import Identity, Reply, Request
from demur.engines.openai import OpenAIEngine
from demur.engines.vllm_process import VLLMProcess, lease_process, plan_server, release_process
from demur.errors import EngineUnavailable, ServerFault
from demur.inputs.engine_settings import VLLMServerSettings


class VLLMServerEngine:
    """Completes requests with a vLLM server: one at `base_url`, or one of its own."""

    def __init__(self, settings: VLLMServerSettings) -> None:
        """Set up, without connecting or starting anything.

        Raises:
            InputError: `base_url` is no address.
        """
        self._settings = settings
        self._process: VLLMProcess | None = None
        self._client = OpenAIEngine(settings) if settings.base_url else None
        # The port of a server started here says nothing of its replies, and changes from run to run.
        own = Identity(settings.type, settings.model_id_or_path)
        self._identity = self._client.identity if self._client is not None else own

    @property
    def identity(self) -> Identity:
        """The model, and the address; a server started here has none."""
        return self._identity

    async def complete(self, request: Request) -> Reply:
        """Answer one request; the first one starts the server where it does not run.

        Raises:
            ExtraMissing: the server is to be started, and vLLM is not installed.
            EngineError: the model did not answer.
        """
        if self._settings.base_url:
            assert self._client is not None
            return await self._client.complete(request)
        process = self._process = self._process or lease_process(plan_server(self._settings))
        await process.start()
        if self._client is None:
            self._client = OpenAIEngine(self._settings, base_url=process.base_url, api_key=process.api_key)
        try:
            return await self._client.complete(request)
        except (EngineUnavailable, ServerFault):
            process.check()  # a server that died says so better than a refused connection
            raise

    async def close(self) -> None:
        """Close the connections, and stop the server if it was started here and nobody else uses it. Idempotent."""
        process, self._process = self._process, None
        if self._client is not None:
            await self._client.close()
        if process is not None:
            self._client = None
            await release_process(process)
