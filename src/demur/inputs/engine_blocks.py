"""Which engines a builder names, wherever in it they stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

from pydantic import BaseModel

from demur.inputs.builder_file import Builder
from demur.inputs.engine_settings import AnyEngine, EngineSettings
from demur.inputs.guard_settings import AnyGuard


def list_engines(builder: Builder) -> Mapping[str, AnyEngine]:
    """The engines of a builder by the block's name; those of several guards in one block are numbered."""
    return {
        "instruction_generator": builder.instruction_generator,
        "response_generator": builder.response_generator,
        **list_guard_engines(builder.guard),
    }


def list_guard_engines(guard: AnyGuard) -> Mapping[str, AnyEngine]:
    """The engines of a guard block alone; none where it needs no model."""
    found = list(_find_engines(guard))
    if len(found) == 1:
        return {"granite_guardian": found[0]}
    return {f"granite_guardian {number}": engine for number, engine in enumerate(found, 1)}


def _find_engines(settings: BaseModel) -> Iterator[AnyEngine]:
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, EngineSettings):
                yield cast("AnyEngine", item)
            elif isinstance(item, BaseModel):
                yield from _find_engines(item)
