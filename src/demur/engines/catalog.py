"""From a builder's settings to a working engine: the only module that knows the providers by name.

Every engine is composed in the same way::

    JournaledEngine( RetryingEngine( WatchedEngine( HedgedEngine( LimitedEngine( RedactedEngine( provider ))))))

(`HedgedEngine` only where a block sets `hedge_after_s`.) The provider, its limiter and its health are shared by everything in a run
that talks to the same model at the same endpoint; retries are counted for each block and task, and each task has a
journal of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import cast

from demur.engines.base import Engine, Identity
from demur.engines.budgets import Budget, Purse
from demur.engines.hedging import HedgedEngine
from demur.engines.journaling import JournaledEngine, Meter, ReplyStore
from demur.engines.limiting import LimitedEngine, Limiter
from demur.engines.pacing import Pacer
from demur.engines.redacting import RedactedEngine, list_secrets
from demur.engines.retrying import RetryingEngine
from demur.engines.slots import SlotWatch, Watched
from demur.engines.watching import Health, WatchedEngine
from demur.errors import EngineError, InputError
from demur.inputs.engine_settings import AnyEngine, ModelSettings
from demur.inputs.prices import Price, Prices
from demur.records import Origin

DEFAULT_CONCURRENCY = 16

DEFAULT_SLOTS = 4
"""Requests at once to a model in this process: each takes memory for its whole context window."""

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
        concurrency: the most requests at once to one model at one endpoint, where a block does not say; None: what suits
            the engine, see `choose_concurrency`.
        replacements: engines to use for certain blocks, by the block's name, in place of what the builder says.
        budget: what all of them together may use.
        prices: what a person says of prices, by model name.
    """

    def __init__(
        self,
        concurrency: int | None = None,
        replacements: Mapping[str, Engine] | None = None,
        *,
        budget: Budget | None = None,
        prices: Mapping[str, Price] | None = None,
    ) -> None:
        self.budget = budget or Budget()
        self._prices = Prices(prices or {})
        self._concurrency = concurrency
        self._replacements = dict(replacements or {})
        self._providers: dict[AnyEngine, Engine] = {}
        self._limiters: dict[Identity, Limiter] = {}
        self._pacers: dict[Identity, Pacer] = {}
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
        price = self._find_price(identity)
        limiter = self._share_limiter(identity, settings, price)
        meter = Meter(role, Origin(identity.engine, identity.model), price)

        def count_retry(_error: EngineError) -> None:
            meter.retried += 1

        def count_hedge() -> None:
            meter.hedged += 1

        def count_in_flight(change: int) -> None:
            meter.in_flight += change

        limited = LimitedEngine(provider, limiter, count_in_flight=count_in_flight)
        hedged = (
            limited
            if settings.hedge_after_s is None
            else HedgedEngine(limited, settings.hedge_after_s, on_hedge=count_hedge)
        )
        health = self._healths.setdefault(identity, Health())
        watched = WatchedEngine(hedged, health, settings.deadline_s)
        patient = RetryingEngine(
            watched, settings.deadline_s, attempt_timeout_s=settings.timeout_s, on_retry=count_retry
        )
        return JournaledEngine(patient, store, meter)

    def _share_limiter(self, identity: Identity, settings: AnyEngine, price: Price | None) -> Limiter:
        """The limiter of a model at an endpoint. Blocks may share it: the strictest that any of them states holds for all."""
        limiter = self._limiters.get(identity)
        if limiter is None:
            limiter = self._limiters[identity] = Limiter(self._concurrency or choose_concurrency(settings))
            if self.budget.bounded:
                limiter.gates.append(Purse(self.budget, price))
                self.budget.wake(limiter.grant)
        if settings.concurrency is not None:
            stated = self._stated[identity] = min(
                settings.concurrency, self._stated.get(identity, settings.concurrency)
            )
            if limiter.maximum != stated:
                limiter.set_maximum(stated)
        if settings.requests_per_minute is not None or settings.tokens_per_minute is not None:
            if identity not in self._pacers:
                self._pacers[identity] = Pacer()
                limiter.gates.append(self._pacers[identity])
            self._pacers[identity].tighten(settings.requests_per_minute, settings.tokens_per_minute)
        return limiter

    def _find_price(self, identity: Identity) -> Price | None:
        """A model's price, or None where it is not known.

        Raises:
            InputError: it is not known, and the run may cost only so much.
        """
        price = self._prices.find(identity.engine, identity.model, identity.endpoint)
        if price is None and self.budget.max_cost_usd is not None:
            raise InputError(
                f"the price of {identity.model} ({identity.engine}) is not known, so a cost cannot be bounded",
                hint="Give it in the builder file, in USD per million tokens: "
                f"`prices: {{{identity.model}: {{prompt: 0.40, completion: 1.60}}}}`; or bound tokens, by --max-tokens-total.",
            )
        return price

    def _open_provider(self, settings: AnyEngine) -> Engine:
        """The provider of these settings; one that differs in sampling and limits alone is the same, and opened once."""
        if isinstance(settings, ModelSettings):
            settings = settings.strip_sampling()
        limits: dict[str, object] = dict.fromkeys(("requests_per_minute", "tokens_per_minute", "hedge_after_s"))
        # No single attempt outlasts the deadline of the whole request.
        limits["timeout_s"] = min(settings.timeout_s, settings.deadline_s)
        limits["concurrency"] = settings.concurrency or self._concurrency or choose_concurrency(settings)
        settings = settings.model_copy(update=limits)
        if settings not in self._providers:
            provider, secrets = open_provider(settings), list_secrets(settings)
            self._providers[settings] = RedactedEngine(provider, secrets) if secrets else provider
        return self._providers[settings]

    def measure_width(self, *engines: Engine) -> int:
        """The most requests at once that these engines let through together; those of one limiter count once."""
        return sum(self._limiters[identity].maximum for identity in {engine.identity for engine in engines})

    def watch_slots(self, engines: Sequence[JournaledEngine]) -> SlotWatch:
        """A watch over the slots that these engines use."""
        roles: dict[Identity, list[str]] = {}
        for engine in engines:
            roles.setdefault(engine.identity, []).append(engine.meter.role)
        watched = []
        for identity, blocks in roles.items():
            limiter = self._limiters[identity]
            watched.append(
                Watched(
                    identity.engine, identity.model, tuple(blocks), limiter.count_slots, limiter.slots, limiter.mark
                )
            )
        return SlotWatch(watched)

    async def close(self) -> None:
        """Close every provider that was opened here."""
        for provider in self._providers.values():
            await provider.close()
        self._providers.clear()


def choose_concurrency(settings: AnyEngine) -> int:
    """The most requests at once where neither the block nor the command says."""
    return DEFAULT_SLOTS if settings.type == "llama-cpp" else DEFAULT_CONCURRENCY


def open_provider(settings: AnyEngine) -> Engine:
    """The bare engine that a block names. Its module is imported only now.

    Raises:
        InputError: a setting cannot be used.
        ExtraMissing: the provider's package is not installed.
    """
    module, name = PROVIDERS[settings.type]
    build = cast("Callable[[AnyEngine], Engine]", getattr(import_module(f"demur.engines.{module}"), name))
    return build(settings)
