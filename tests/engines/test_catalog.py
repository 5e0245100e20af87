from __future__ import annotations

import asyncio

import pytest

from demur.engines.base import Engine, Reply, Request
from demur.engines.budgets import Budget
from demur.engines.catalog import DEFAULT_CONCURRENCY, Catalog, open_provider
from demur.engines.embedded import EmbeddedEngine
from demur.engines.journaling import NoStore
from demur.engines.ollama import OllamaEngine
from demur.engines.openai import OpenAIEngine
from demur.engines.scripted import ScriptedEngine
from demur.engines.vllm_server import VLLMServerEngine
from demur.errors import InputError, ServerFault
from demur.inputs.engine_settings import EmbeddedSettings, ScriptedSettings
from demur.inputs.prices import Price
from tests.engines.samples import chat, ollama_settings, openai_settings, vllm_server_settings
from tests.servers.simulated import SimulatedServer

URL = "http://127.0.0.1:9/v1"


class Gate:
    """An engine that holds every request until it is opened, and counts how many it held at once."""

    def __init__(self, model: str = "gate") -> None:
        self._engine = ScriptedEngine(lambda _: "yes", model=model)
        self.identity = self._engine.identity
        self.waiting = self.most = 0
        self.opened = asyncio.Event()
        self.closed = False

    async def complete(self, request: Request) -> Reply:
        """Answer once the gate is open."""
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        await self.opened.wait()
        self.waiting -= 1
        return await self._engine.complete(request)

    async def close(self) -> None:
        """Note it."""
        self.closed = True


async def count_at_once(gate: Gate, *engines: Engine, each: int = 20) -> int:
    """How many requests reach the gate at once when each engine is given many."""
    async with asyncio.TaskGroup() as group:
        for engine in engines:
            for number in range(each):
                group.create_task(engine.complete(chat(f"{number}")))
        for _ in range(50):
            await asyncio.sleep(0)
        gate.opened.set()
    return gate.most


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        (openai_settings(URL), OpenAIEngine),
        (vllm_server_settings(URL), VLLMServerEngine),
        (ollama_settings("http://127.0.0.1:9"), OllamaEngine),
        (EmbeddedSettings(type="embedded"), EmbeddedEngine),
        (ScriptedSettings(type="scripted"), ScriptedEngine),
    ],
)
async def test_each_type_has_its_engine(settings: object, kind: type[Engine]) -> None:
    """Every `type:` of a builder opens the engine that speaks for it, and says that type in its identity."""
    engine = open_provider(settings)  # type: ignore[arg-type]
    assert isinstance(engine, kind)
    assert engine.identity.engine == settings.type  # type: ignore[attr-defined]
    await engine.close()


def test_an_address_that_is_none_is_told_when_the_engine_is_opened() -> None:
    """Before anything is asked."""
    with pytest.raises(InputError):
        Catalog().open(openai_settings("localhost:1"), "block", NoStore())


async def test_blocks_and_tasks_share_the_limit_of_their_model() -> None:
    """Four engines on one model at one endpoint, of two blocks and two tasks, have one limit together."""
    gate = Gate()
    catalog = Catalog(6, {"instruction_generator": gate, "response_generator": gate})
    roles = ["instruction_generator", "response_generator"] * 2
    engines = [catalog.open(openai_settings(URL), role, NoStore()) for role in roles]
    assert catalog.measure_width(*engines) == 6
    assert await count_at_once(gate, *engines) == 6


async def test_another_model_has_a_limit_of_its_own() -> None:
    """A guard's model does not wait for the generator's."""
    one, other = Gate("one"), Gate("other")
    catalog = Catalog(3, {"a": one, "b": other})
    engines = [catalog.open(openai_settings(URL), role, NoStore()) for role in ("a", "b")]
    assert catalog.measure_width(*engines) == 6
    assert await asyncio.wait_for(count_at_once(one, engines[0]), 5) == 3
    assert await asyncio.wait_for(count_at_once(other, engines[1]), 5) == 3


def test_equal_blocks_are_one_to_the_limit() -> None:
    """The same settings count once; another model at the same address counts for itself."""
    catalog = Catalog()
    blocks = (openai_settings(URL), openai_settings(URL), openai_settings(URL, model_id_or_path="other"))
    engines = [catalog.open(settings, "block", NoStore()) for settings in blocks]
    assert catalog.measure_width(*engines) == 2 * DEFAULT_CONCURRENCY


def test_a_blocks_own_concurrency_goes_before_the_commands() -> None:
    """Else the command's counts, else 16."""
    for given, stated, expected in [(8, 2, 2), (8, 50, 50), (8, None, 8)]:
        catalog = Catalog(given)
        engine = catalog.open(openai_settings(URL, concurrency=stated), "block", NoStore())
        assert catalog.measure_width(engine) == expected
    catalog = Catalog()
    assert catalog.measure_width(catalog.open(openai_settings(URL), "block", NoStore())) == DEFAULT_CONCURRENCY == 16


@pytest.mark.parametrize("stated", [(None, 2), (2, None), (2, 9), (9, 2), (9, None, 2)])
async def test_the_lowest_concurrency_of_a_shared_model_counts(stated: tuple[int | None, ...]) -> None:
    """Where blocks share a model, what one of them says holds for both, whichever is opened first."""
    gate = Gate()
    catalog = Catalog(16, {"block": gate})
    engines = [catalog.open(openai_settings(URL, concurrency=number), "block", NoStore()) for number in stated]
    assert catalog.measure_width(*engines) == 2
    assert await count_at_once(gate, *engines) == 2


async def test_a_stated_concurrency_may_exceed_the_commands() -> None:
    """A number in the builder is meant, also where another block of the same model says nothing."""
    catalog = Catalog(4)
    engines = [catalog.open(openai_settings(URL, concurrency=number), "block", NoStore()) for number in (None, 30)]
    assert catalog.measure_width(*engines) == 30


async def test_retries_are_counted_where_they_were_made() -> None:
    """Two blocks share an engine; the one whose request met a fault has the retry, the other has none."""
    faults = [ServerFault("500")]
    engine = ScriptedEngine(lambda request: faults.pop() if request.sample == 0 and faults else "yes")
    catalog = Catalog(4, {"one": engine, "other": engine})
    one, other = (catalog.open(openai_settings(URL), role, NoStore()) for role in ("one", "other"))
    async with asyncio.TaskGroup() as group:
        group.create_task(one.complete(chat()))
        group.create_task(other.complete(Request(chat().prompt, chat().ask, sample=1)))
    assert (one.meter.read().role, one.meter.asked, one.meter.retried) == ("one", 1, 1)
    assert (other.meter.read().role, other.meter.asked, other.meter.retried) == ("other", 1, 0)


async def test_in_flight_is_what_is_at_the_model() -> None:
    """A request counts once while it is there; those that wait for leave do not count."""
    gate = Gate()
    catalog = Catalog(3, {"block": gate})
    engine = catalog.open(openai_settings(URL), "block", NoStore())
    async with asyncio.TaskGroup() as group:
        for number in range(10):
            group.create_task(engine.complete(chat(f"{number}")))
        while gate.waiting < 3:
            await asyncio.sleep(0)
        assert engine.meter.in_flight == 3
        gate.opened.set()
    assert engine.meter.in_flight == 0


async def test_replacements_are_their_owners_to_close() -> None:
    """The catalog closes what it opened, and nothing else."""
    gate = Gate()
    catalog = Catalog(4, {"mine": gate})
    catalog.open(openai_settings(URL), "mine", NoStore())
    catalog.open(openai_settings(URL), "shipped", NoStore())
    await catalog.close()
    await catalog.close()
    assert not gate.closed


async def test_the_whole_stack_asks_a_server_once() -> None:
    """Journal, retries, limit and provider together: a request goes out once and is answered twice."""

    class Dictionary(NoStore):
        def __init__(self) -> None:
            self.kept: dict[bytes, Reply] = {}

        def get(self, key: bytes) -> Reply | None:
            return self.kept.get(key)

        async def put(self, key: bytes, reply: Reply) -> None:
            self.kept[key] = reply

    async with SimulatedServer(answer=lambda *_: "hello") as server:
        catalog = Catalog(4)
        engine = catalog.open(openai_settings(server.base_url), "block", Dictionary())
        assert [(await engine.complete(chat())).text for _ in range(2)] == ["hello", "hello"]
        assert server.metrics.counts["other"] == 1
        assert engine.meter.origin.model == "simulated"
        await catalog.close()


@pytest.mark.parametrize("stated", [(None, 2), (2, None), (5, 2), (2, 5)])
async def test_the_strictest_requests_per_minute_of_a_shared_model_count(stated: tuple[int | None, ...]) -> None:
    """Whatever several blocks of a model state, its requests keep to the lowest number, all of them together."""
    gate = Gate()
    gate.opened.set()
    catalog = Catalog(16, {"block": gate})
    engines = [catalog.open(openai_settings(URL, requests_per_minute=number), "block", NoStore()) for number in stated]
    sent = 0

    async def ask(engine: Engine, number: int) -> None:
        nonlocal sent
        await engine.complete(chat(f"{number}"))
        sent += 1

    async def ask_all() -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(8):
                group.create_task(ask(engines[number % 2], number))

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(ask_all(), 0.05)
    assert sent == 1


async def test_tokens_a_minute_hold_back_what_is_too_much() -> None:
    """A second request that does not fit into the minute waits."""
    gate = Gate()
    gate.opened.set()
    catalog = Catalog(16, {"block": gate})
    engine = catalog.open(openai_settings(URL, tokens_per_minute=700), "block", NoStore())
    await engine.complete(chat("one"))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(engine.complete(chat("two")), 0.02)


async def test_blocks_that_differ_in_limits_share_one_provider() -> None:
    """A model is loaded once, whatever the blocks say of pace; no attempt outlasts the whole request's deadline."""
    async with SimulatedServer(answer=lambda *_: "hello") as server:
        catalog = Catalog(4)
        paces: list[dict[str, object]] = [
            {},
            {"requests_per_minute": 600},
            {"tokens_per_minute": 10**6},
            {"hedge_after_s": 60},
        ]
        for pace in paces:
            engine = catalog.open(openai_settings(server.base_url, **pace), "block", NoStore())
            assert (await engine.complete(chat())).text == "hello"
        assert len(catalog._providers) == 1
        catalog.open(openai_settings(server.base_url, timeout_s=90, deadline_s=30), "block", NoStore())
        assert max(settings.timeout_s for settings in catalog._providers) == 30
        await catalog.close()


async def test_a_late_reply_is_asked_for_again_and_counted() -> None:
    """With `hedge_after_s` the second request's answer wins, and the block's meter says that there was one."""
    asked = []

    class LateOnce(ScriptedEngine):
        async def complete(self, request: Request) -> Reply:
            asked.append(request)
            if len(asked) == 1:
                await asyncio.sleep(3600)
            return await super().complete(request)

    catalog = Catalog(4, {"block": LateOnce(lambda _: "yes")})
    engine = catalog.open(openai_settings(URL, hedge_after_s=0.01), "block", NoStore())
    assert (await engine.complete(chat())).text == "yes"
    assert (engine.meter.asked, engine.meter.hedged, engine.meter.read().hedged) == (1, 1, 1)
    assert engine.meter.in_flight == 0


def test_a_cost_cannot_be_bounded_without_prices() -> None:
    """The model and how to give its price are named before anything is asked; with a price, or a bound on tokens, it goes."""
    with pytest.raises(InputError, match="the price of simulated") as caught:
        Catalog(budget=Budget(1.0)).open(openai_settings(URL), "block", NoStore())
    assert "prices: {simulated: {prompt:" in caught.value.hint
    priced = {"simulated": Price(prompt=1, completion=2)}
    assert Catalog(budget=Budget(1.0), prices=priced).open(openai_settings(URL), "block", NoStore()).meter.price
    assert Catalog(budget=Budget(None, 10)).open(openai_settings(URL), "block", NoStore()).meter.price is None
