"""What tokens cost: a small shipped table, and what a person writes over it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field

from demur.inputs.policy import Text
from demur.inputs.validation import InputModel, validate
from demur.inputs.yaml_text import read_documents

MILLION = 1_000_000
FREE_ENGINES = frozenset({"ollama", "llama-cpp", "vllm", "vllm-server", "vllm-remote", "embedded", "scripted"})
"""Engines whose tokens nobody charges for: they run on one's own machines."""


class Price(InputModel):
    """A model's price in US dollars per million tokens."""

    prompt: float = Field(ge=0, description="USD per million tokens of the prompt.")
    completion: float = Field(ge=0, description="USD per million tokens of the reply.")

    def compute_cost(self, prompt_tokens: int, completion_tokens: int) -> float:
        """What so many tokens cost, in US dollars."""
        return (prompt_tokens * self.prompt + completion_tokens * self.completion) / MILLION


FREE = Price(prompt=0, completion=0)


class _Service(InputModel):
    """A part of the shipped table: models by pattern, at one provider."""

    engines: tuple[Text, ...]
    host: Text
    source: Text
    checked: Text
    models: dict[str, Price]


class _Table(InputModel):
    services: tuple[_Service, ...]


@dataclass(frozen=True, slots=True)
class Prices:
    """Where a model's price is looked up.

    Attributes:
        own: a person's own, by model name; `*` stands for anything. They go before all others, for every engine.
    """

    own: Mapping[str, Price]

    def find(self, engine: str, model: str, endpoint: str) -> Price | None:
        """A model's price, or None where it is not known.

        Args:
            engine: the builder's `type`.
            model: the model's name as the server knows it.
            endpoint: the server's address, or the empty string.
        """
        price = _find_nearest(self.own, model)
        if price is not None:
            return price
        if engine in FREE_ENGINES:
            # Ollama passes these on to a service of its own, which is paid for.
            return None if engine == "ollama" and model.endswith("cloud") else FREE
        host = urlsplit(endpoint).hostname
        for service in _read_table().services:
            # A gateway at another address charges what it likes.
            if engine in service.engines and host in (service.host, None):
                price = _find_nearest(service.models, model)
                if price is not None:
                    return price
        return None


def _find_nearest(prices: Mapping[str, Price], model: str) -> Price | None:
    """The price whose pattern says most of the model's name."""
    fitting = [pattern for pattern in prices if fnmatchcase(model, pattern)]
    return prices[max(fitting, key=len)] if fitting else None


def _read_table() -> _Table:
    path = Path(str(resources.files("demur").joinpath("prices.yaml")))
    document = read_documents(path)[0]
    data: Any = document.data
    return validate(_Table, data, document)
