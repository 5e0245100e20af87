"""From a builder's settings to the sampling of a request."""

from __future__ import annotations

from demur.engines.base import Sampling
from demur.inputs.engine_settings import AnyEngine, ModelSettings, WatsonxSettings

SEED_MASK = 0x7FFF_FFFF
"""Keeps a seed within 31 bits: llama.cpp reads 32 unsigned ones, and others a signed machine word."""


def sampling_from(settings: AnyEngine) -> Sampling:
    """The sampling that a builder's block asks for; nothing where it has no model.

    Put it into requests before they reach a journal: then a changed setting is another request.
    """
    if not isinstance(settings, ModelSettings):
        return Sampling()
    return Sampling(
        temperature=settings.temperature,
        top_p=settings.top_p,
        top_k=getattr(settings, "top_k", None),
        max_tokens=(settings.max_new_tokens if isinstance(settings, WatsonxSettings) else None) or settings.max_tokens,
        stop=settings.stop,
        num_ctx=getattr(settings, "num_ctx", None),
    )


def fill_sampling(wanted: Sampling, defaults: Sampling) -> Sampling:
    """Return `wanted`, with what it leaves open taken from `defaults`."""
    return Sampling(
        temperature=defaults.temperature if wanted.temperature is None else wanted.temperature,
        top_p=defaults.top_p if wanted.top_p is None else wanted.top_p,
        top_k=defaults.top_k if wanted.top_k is None else wanted.top_k,
        max_tokens=defaults.max_tokens if wanted.max_tokens is None else wanted.max_tokens,
        stop=wanted.stop or defaults.stop,
        seed=defaults.seed if wanted.seed is None else wanted.seed,
        num_ctx=defaults.num_ctx if wanted.num_ctx is None else wanted.num_ctx,
    )
