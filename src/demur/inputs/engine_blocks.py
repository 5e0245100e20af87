"""Which engines a builder names, wherever in it they stand."""

from __future__ import annotations

from collections.abc import Mapping

from demur.inputs.builder_file import Builder
from demur.inputs.engine_settings import AnyEngine
from demur.inputs.guard_settings import list_guard_engines


def list_engines(builder: Builder) -> Mapping[str, AnyEngine]:
    """The engines of a builder by the block's name; those of several guards in one block are numbered."""
    return {
        "instruction_generator": builder.instruction_generator,
        "response_generator": builder.response_generator,
        **list_guard_engines(builder.guard),
        **({"refusal_judge": builder.refusal_judge} if builder.refusal_judge else {}),
    }
