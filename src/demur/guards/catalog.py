"""From a builder's guard block to a guard, and from its judge's to a judge: the only module that knows the guards by name."""

from __future__ import annotations

from collections.abc import Sequence

from demur.engines.base import Sampling
from demur.engines.catalog import Catalog
from demur.engines.journaling import JournaledEngine, ReplyStore
from demur.engines.sampling import sampling_from
from demur.guards.base import Guard
from demur.guards.refusal_judge import ROLE, RefusalJudge
from demur.inputs.engine_settings import AnyEngine
from demur.inputs.guard_settings import (
    AnyGuard,
    EmbeddedGuardSettings,
    EnsembleSettings,
    GraniteGuardSettings,
    LlamaGuardSettings,
    ModelGuard,
    PolicyJudgeSettings,
    Qwen3GuardSettings,
    SingleGuard,
    name_roles,
)
from demur.records import Label, Seed


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
    opened = [_open_single(single, role, catalog, store, seeds) for role, single in name_roles(settings)]
    engines = tuple(engine for _, engine in opened if engine is not None)
    if isinstance(settings, EnsembleSettings):
        from demur.guards.ensemble import EnsembleGuard

        return EnsembleGuard([guard for guard, _ in opened], settings.rule), engines
    return opened[0][0], engines


def open_judge(settings: AnyEngine, catalog: Catalog, store: ReplyStore) -> tuple[RefusalJudge, JournaledEngine]:
    """The refusal judge of a builder, and the engine that serves it.

    Raises:
        InputError: a setting cannot be used.
        ExtraMissing: the engine's package is not installed.
    """
    engine = catalog.open(settings, ROLE, store)
    return RefusalJudge(engine, sampling_from(settings)), engine


def _open_single(
    settings: SingleGuard, role: str, catalog: Catalog, store: ReplyStore, seeds: Sequence[Seed]
) -> tuple[Guard, JournaledEngine | None]:
    """One guard, and the engine that serves it under that role. Its module is imported only now."""
    if isinstance(settings, EmbeddedGuardSettings):
        from demur.guards.embedded import EmbeddedGuard

        return EmbeddedGuard(seeds), None
    engine = catalog.open(settings.lm_config, role, store)
    return _build_guard(settings, engine, sampling_from(settings.lm_config)), engine


def _build_guard(settings: ModelGuard, engine: JournaledEngine, sampling: Sampling) -> Guard:
    if isinstance(settings, GraniteGuardSettings):
        from demur.guards.granite import build_granite_guard

        return build_granite_guard(settings, engine, sampling)
    if isinstance(settings, PolicyJudgeSettings):
        from demur.guards.policy_judge import PolicyJudge

        return PolicyJudge(engine, think=settings.think, sampling=sampling)
    if isinstance(settings, Qwen3GuardSettings):
        from demur.guards.qwen3_guard import Qwen3Guard

        controversial = Label.VIOLATES if settings.controversial == "unsafe" else Label.SAFE
        return Qwen3Guard(engine, controversial=controversial, sampling=sampling)
    if isinstance(settings, LlamaGuardSettings):
        from demur.guards.llama_guard import LlamaGuard

        as_categories = settings.policy_as_categories
        return LlamaGuard(engine, settings.model_version, policy_as_categories=as_categories, sampling=sampling)
    from demur.guards.wildguard import WildGuard

    return WildGuard(engine, sampling=sampling)
