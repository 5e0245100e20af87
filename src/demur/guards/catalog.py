"""From a builder's guard block to a guard: the only module that knows the guards by name."""

from __future__ import annotations

from collections.abc import Sequence

from demur.engines.base import Sampling
from demur.engines.catalog import Catalog
from demur.engines.journaling import JournaledEngine, ReplyStore
from demur.engines.sampling import sampling_from
from demur.errors import InputError
from demur.guards.base import Guard
from demur.inputs.engine_settings import ModelSettings
from demur.inputs.guard_settings import AnyGuard, EmbeddedGuardSettings, GraniteGuardSettings
from demur.records import Seed

ROLE = "granite_guardian"
"""The guard's block, by the specification's name."""


def open_guard(
    settings: AnyGuard, catalog: Catalog, store: ReplyStore, seeds: Sequence[Seed] = ()
) -> tuple[Guard, tuple[JournaledEngine, ...]]:
    """The guard of a builder, and the engines that serve it; none where it needs no model.

    Args:
        seeds: the task's examples, for a guard that has no model to know violations by.

    Raises:
        InputError: the settings contradict each other.
        ExtraMissing: the engine's package is not installed.
    """
    if isinstance(settings, GraniteGuardSettings):
        from demur.guards.granite import build_granite_guard

        engine = catalog.open(settings.lm_config, ROLE, store)
        sampling = sampling_from(settings.lm_config) if isinstance(settings.lm_config, ModelSettings) else Sampling()
        return build_granite_guard(settings, engine, sampling), (engine,)
    if isinstance(settings, EmbeddedGuardSettings):
        from demur.guards.embedded import EmbeddedGuard

        return EmbeddedGuard(seeds), ()
    raise InputError(f"the guard {settings.type!r} cannot be opened")
