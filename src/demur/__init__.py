"""demur: from a risk policy and a few seeds to a dataset that teaches a model when and how to decline.

The public names are those in `__all__`; everything else may change. They are imported when they are first used, so that
the command line starts quickly::

    import asyncio
    from pathlib import Path
    from demur import Options, Runner, make_plan

    plan = make_plan([Path("task.yaml")], Options(outputs=100, engines="embedded"))
    result = asyncio.run(Runner(plan).run())
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from demur.version import __version__

if TYPE_CHECKING:
    from demur.engines.base import Chat as Chat
    from demur.engines.base import Engine as Engine
    from demur.engines.base import Identity as Identity
    from demur.engines.base import JudgeAsk as JudgeAsk
    from demur.engines.base import Message as Message
    from demur.engines.base import ProposeAsk as ProposeAsk
    from demur.engines.base import Raw as Raw
    from demur.engines.base import Reply as Reply
    from demur.engines.base import Request as Request
    from demur.engines.base import RespondAsk as RespondAsk
    from demur.engines.base import Sampling as Sampling
    from demur.engines.base import TokenLogprob as TokenLogprob
    from demur.engines.base import Usage as Usage
    from demur.engines.scripted import ScriptedEngine as ScriptedEngine
    from demur.errors import DemurError as DemurError
    from demur.errors import EngineError as EngineError
    from demur.errors import InputError as InputError
    from demur.guards.base import Guard as Guard
    from demur.records import Drop as Drop
    from demur.records import Pair as Pair
    from demur.records import Seed as Seed
    from demur.records import Summary as Summary
    from demur.records import Verdict as Verdict
    from demur.run.plan import Options as Options
    from demur.run.plan import Plan as Plan
    from demur.run.plan import make_plan as make_plan
    from demur.run.runner import Runner as Runner
    from demur.run.runner import RunResult as RunResult
    from demur.stages.novelty import NoveltyIndex as NoveltyIndex

_HOMES = {
    "demur.engines.base": (
        "Chat", "Engine", "Identity", "JudgeAsk", "Message", "ProposeAsk", "Raw", "Reply", "Request", "RespondAsk",
        "Sampling", "TokenLogprob", "Usage",
    ),
    "demur.engines.scripted": ("ScriptedEngine",),
    "demur.errors": ("DemurError", "EngineError", "InputError"),
    "demur.guards.base": ("Guard",),
    "demur.records": ("Drop", "Pair", "Seed", "Summary", "Verdict"),
    "demur.run.plan": ("Options", "Plan", "make_plan"),
    "demur.run.runner": ("RunResult", "Runner"),
    "demur.stages.novelty": ("NoveltyIndex",),
}  # fmt: skip
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = ["__version__", *sorted(_HOME)]  # noqa: PLE0604


def __getattr__(name: str) -> object:
    """Import a public name from its home."""
    if name not in _HOME:
        raise AttributeError(f"module 'demur' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
