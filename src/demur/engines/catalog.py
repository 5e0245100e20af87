"""From a builder's settings to a working engine: the only module that knows the providers by name.

Every engine is composed in the same way::

    JournaledEngine( RetryingEngine( WatchedEngine( LimitedEngine( provider ))))

The provider, its limiter and its health are shared by everything in a run that talks to the same model at the same endpoint; retries
are counted for each block and task, and each task has a journal of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import cast

from demur.engines.base import Engine, Identity
from demur.engines.journaling import JournaledEngine, Meter, ReplyStore
from demur.engines.limiting import LimitedEngine, Limiter
from demur.engines.retrying import RetryingEngine
from demur.engines.watching import Health, WatchedEngine
from demur.errors import EngineError
from demur.inputs.engine_settings import AnyEngine, ModelSettings
from demur.records import Origin

DEFAULT_CONCURRENCY = 16

PROVIDERS: Mapping[str, tuple[str, str]] = {
    "openai": ("openai", "OpenAIEngine"),
    "vllm-server": ("vllm_server", "VLLMServerEngine"),
    "vllm-remote": ("vllm_server", "VLLMServerEngine"),
    "vllm": ("vllm", "VLLMEngine"),
    "ollama": ("ollama", "OllamaEngine"),
    "llama-cpp": ("llama_cpp", "LlamaCppEngine"),
    "anthropic": ("anthropic", "AnthropicEngine"),
    "azure-openai": ("azure_openai", "AzureOpenAIEngine"),
    "watsonx": ("watsonx", "WatsonxEngine"),
    "embedded": ("embedded.engine", "EmbeddedEngine"),
    "scripted": ("scripted", "open_scripted"),
}
"""By a builder's `type`: the module beside this one, and what in it is called with the block's settings."""


class Catalog:
    """The engines of one run.

    Args:
        concurrency: the most requests at once to one model at one endpoint, where a block does not say.
        replacements: engines to use for certain blocks, by the block's name, in place of what the builder says.
    """

    def __init__(
        self, concurrency: int = DEFAULT_CONCURRENCY, replacements: Mapping[str, Engine] | None = None
    ) -> None:
        self._concurrency = concurrency
        self._replacements = dict(replacements or {})
        self._providers: dict[AnyEngine, Engine] = {}
        self._limiters: dict[Identity, Limiter] = {}
        self._healths: dict[Identity, Health] = {}
        self._stated: dict[Identity, int] = {}

    def open(self, settings: AnyEngine, role: str, store: ReplyStore) -> JournaledEngine:
        """The engine of a block, for one task. Nothing is asked yet.

        Args:
            role: the block's name, for the counts.
            store: the task's journal.

        Raises:
            InputError: a setting cannot be used.
            ExtraMissing: the provider's package is not installed.
        """
        provider = self._replacements.get(role) or self._open_provider(settings)
        identity = provider.identity
        limiter = self._limiters.setdefault(identity, Limiter(self._concurrency))
        if settings.concurrency is not None:
            # Blocks may share a model: the lowest number that any of them states holds for all.
            stated = self._stated[identity] = min(
                settings.concurrency, self._stated.get(identity, settings.concurrency)
            )
            if limiter.maximum != stated:
                limiter.set_maximum(stated)
        meter = Meter(role, Origin(identity.engine, identity.model))

        def count_retry(_error: EngineError) -> None:
            meter.retried += 1

        def count_in_flight(change: int) -> None:
            meter.in_flight += change

        limited = LimitedEngine(provider, limiter, count_in_flight=count_in_flight)
        health = self._healths.setdefault(identity, Health())
        patient = RetryingEngine(
            WatchedEngine(limited, health, settings.deadline_s),
            settings.deadline_s,
            attempt_timeout_s=settings.timeout_s,
            on_retry=count_retry,
        )
        return JournaledEngine(patient, store, meter)

    def _open_provider(self, settings: AnyEngine) -> Engine:
        """The provider of these settings; one that differs in sampling alone is the same, and opened once."""
        if isinstance(settings, ModelSettings):
            settings = settings.strip_sampling()
        settings = settings.model_copy(update={"concurrency": settings.concurrency or self._concurrency})
        if settings not in self._providers:
            self._providers[settings] = open_provider(settings)
        return self._providers[settings]

    def measure_width(self, *engines: Engine) -> int:
        """The most requests at once that these engines let through together; those of one limiter count once."""
        return sum(self._limiters[identity].maximum for identity in {engine.identity for engine in engines})

    async def close(self) -> None:
        """Close every provider that was opened here."""
        for provider in self._providers.values():
            await provider.close()
        self._providers.clear()


def open_provider(settings: AnyEngine) -> Engine:
    """The bare engine that a block names. Its module is imported only now.

    Raises:
        InputError: a setting cannot be used.
        ExtraMissing: the provider's package is not installed.
    """
    module, name = PROVIDERS[settings.type]
    build = cast("Callable[[AnyEngine], Engine]", getattr(import_module(f"demur.engines.{module}"), name))
    return build(settings)
