"""A vLLM server: OpenAI's protocol, and a raw route that it is known to have."""

from __future__ import annotations

from demur.engines.openai import OpenAIEngine


class VLLMServerEngine(OpenAIEngine):
    """Completes requests with a vLLM server that runs at `base_url`."""
