"""What there is to run with: the shipped builders and engine types, and what each still lacks on this machine."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit
from urllib.request import getproxies

from demur.engines.extras import EXTRAS, list_missing
from demur.inputs.builder_file import ENGINES, SHIPPED, Builder, read_builder
from demur.inputs.engine_blocks import list_engines
from demur.inputs.engine_settings import AnyEngine, ModelSettings
from demur.run.examine_engine import Finding, examine_engine
from demur.run.exposure import is_local

QUICK_TIMEOUT_S = 1.0
"""Seconds for all that is asked of one engine. A server in reach answers these questions in a fraction."""


@dataclass(frozen=True, slots=True)
class EngineState:
    """One engine of a shipped builder.

    Attributes:
        blocks: the blocks that it serves.
        kind: the builder's `type`.
        model: its model, or the empty string.
        findings: what was found, in order; one that did not pass says what is missing.
    """

    blocks: tuple[str, ...]
    kind: str
    model: str
    findings: tuple[Finding, ...]

    @property
    def ready(self) -> bool:
        """Whether nothing is missing, as far as can be seen without asking a model."""
        return all(finding.passed for finding in self.findings)


@dataclass(frozen=True, slots=True)
class BuilderState:
    """A shipped builder by the name that `--engines` takes, and its engines."""

    name: str
    engines: tuple[EngineState, ...]

    @property
    def ready(self) -> bool:
        """Whether a run with it would find what it needs, as far as can be seen without asking a model."""
        return all(engine.ready for engine in self.engines)


@dataclass(frozen=True, slots=True)
class TypeState:
    """An engine type that a builder may name.

    Attributes:
        kind: the `type`.
        extra: what `pip install 'demur[…]'` needs for it; empty where nothing does.
        installed: whether it is there.
    """

    kind: str
    extra: str
    installed: bool


@dataclass(frozen=True, slots=True)
class Inventory:
    """All that `--engines` and `type` can name."""

    builders: tuple[BuilderState, ...]
    types: tuple[TypeState, ...]


async def take_inventory(environment: Mapping[str, str]) -> Inventory:
    """Look at every shipped builder's engines and at what is installed. It takes little more than a second."""
    builders = await examine_builders({name: read_builder(None, name, environment) for name in SHIPPED})
    types = tuple(TypeState(kind, EXTRAS.get(kind, ("",))[0], not list_missing(kind)) for kind in ENGINES)
    return Inventory(builders, types)


async def examine_builders(builders: Mapping[str, Builder]) -> tuple[BuilderState, ...]:
    """Look at the engines of all these builders at once.

    Keys go to other machines' addresses only: nobody chose yet what listens on this one.
    """
    wanted = {name: list_engines(builder) for name, builder in builders.items()}
    found: dict[AnyEngine, tuple[Finding, ...]] = {}

    async def look(settings: AnyEngine) -> None:
        found[settings] = await _examine_quickly(settings)

    async with asyncio.TaskGroup() as group:
        for settings in {_identify(settings): None for engines in wanted.values() for settings in engines.values()}:
            group.create_task(look(settings))
    return tuple(BuilderState(name, _join(engines, found)) for name, engines in wanted.items())


def _join(engines: Mapping[str, AnyEngine], found: Mapping[AnyEngine, tuple[Finding, ...]]) -> tuple[EngineState, ...]:
    """The engines of a builder, each once, with the blocks that share it."""
    blocks: dict[AnyEngine, list[str]] = {}
    for block, settings in engines.items():
        blocks.setdefault(_identify(settings), []).append(block)
    return tuple(
        EngineState(
            tuple(names), settings.type, settings.model_id_or_path if isinstance(settings, ModelSettings) else "",
            found[settings],
        )
        for settings, names in blocks.items()
    )  # fmt: skip


def _identify(settings: AnyEngine) -> AnyEngine:
    """The settings without what makes no difference here: blocks that differ in sampling alone are one engine."""
    if not isinstance(settings, ModelSettings):
        return settings
    if is_local(_read_host(settings)):
        settings = settings.model_copy(update={"api_key": None}) if hasattr(settings, "api_key") else settings
    return settings.strip_sampling()


def _read_host(settings: AnyEngine) -> str:
    address = getattr(settings, "base_url", None)
    return urlsplit(address).hostname or "" if isinstance(address, str) else ""


async def _examine_quickly(settings: AnyEngine) -> tuple[Finding, ...]:
    findings: list[Finding] = []
    host = _read_host(settings)
    try:
        async with asyncio.timeout(QUICK_TIMEOUT_S):
            if getattr(settings, "api_key", None) and not is_local(host) and not await _resolve(host):
                return (Finding(settings.type, False, f"the name {host} does not resolve", "Is there a network?"),)
            async for finding in examine_engine(settings.type, settings, QUICK_TIMEOUT_S):
                findings.append(finding)  # noqa: PERF401 - those before a timeout are kept
    except TimeoutError:
        where = host or settings.type
        findings.append(Finding(settings.type, False, f"{where} did not answer within {QUICK_TIMEOUT_S:g} s"))
    return tuple(findings)


async def _resolve(host: str) -> bool:
    """Whether a name resolves; a resolver that hangs must not keep the command from ending.

    The event loop's own resolver does its work in a thread that the interpreter waits for when it ends.
    """
    if getproxies():
        return True  # the proxy does it
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[bool] = loop.create_future()

    def tell(resolves: bool) -> None:
        if not answer.done():
            answer.set_result(resolves)

    def ask() -> None:
        try:
            socket.getaddrinfo(host, None)
            resolves = True
        except OSError:
            resolves = False
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(tell, resolves)

    threading.Thread(target=ask, daemon=True).start()
    return await answer
