"""Replies are remembered: a request that was answered once is not asked again."""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import dataclass, field, replace
from typing import Protocol

from demur.engines.base import Chat, Engine, Identity, Reply, Request, stage_of
from demur.errors import BudgetSpent, EngineError
from demur.inputs.prices import FREE, Price
from demur.records import EngineUse, Origin, Stage
from demur.usage import StageUse

KEY_VERSION = 1
"""Goes into every key. It changes when the meaning of a key changes, so that no old reply is mistaken for a new one."""


class ReplyStore(Protocol):
    """Where replies are kept, by the content of their request."""

    def get(self, key: bytes) -> Reply | None:
        """The reply to that request, if it was ever answered."""
        ...

    async def finish_replay(self) -> None:
        """Wait until nothing more can be answered from here."""
        ...

    async def put(self, key: bytes, reply: Reply) -> None:
        """Keep a reply. Returns when it would survive the death of this process."""
        ...


class NoStore:
    """A store that keeps nothing: for commands that save nothing."""

    def get(self, key: bytes) -> Reply | None:
        """Nothing."""
        del key
        return None

    async def finish_replay(self) -> None:
        """There is nothing to replay."""

    async def put(self, key: bytes, reply: Reply) -> None:
        """Forget it."""


def compute_key(identity: Identity, request: Request) -> bytes:
    """A request's identity: engine, model, endpoint, prompt, sampling, logprobs wanted, sample number, form; 20 bytes.

    Operational knobs (concurrency, timeouts, priorities, paths, API keys) are not part of it.
    """
    prompt = request.prompt
    if isinstance(prompt, Chat):
        words: list[str] = [part for message in prompt.messages for part in (message.role, message.content)]
    else:
        words = [prompt.text]
    drawn = request.sampling
    content: tuple[object, ...] = (
        KEY_VERSION,
        (identity.engine, identity.model, identity.endpoint),
        type(prompt).__name__,
        words,
        (drawn.temperature, drawn.top_p, drawn.top_k, drawn.max_tokens, drawn.stop, drawn.seed, drawn.num_ctx),
        request.top_logprobs,
        request.sample,
    )
    if request.form is not None:
        content += ((request.form.grammar, request.form.json_schema),)
    return hashlib.blake2b(json.dumps(content, ensure_ascii=True).encode(), digest_size=20).digest()


@dataclass(slots=True)
class Meter:
    """Counts what one block of a builder asked for in one task.

    Attributes:
        role: the block's name.
        price: the model's, or None where it is not known.
        retried: further attempts; counted where they are made, as are second requests and the requests in flight.
    """

    role: str
    origin: Origin
    price: Price | None = FREE
    asked: int = 0
    replayed: int = 0
    retried: int = 0
    hedged: int = 0
    failed: int = 0
    in_flight: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    by_stage: dict[Stage, StageUse] = field(default_factory=dict)

    def note_answer(self, request: Request, reply: Reply, *, replayed: bool) -> None:
        """Count a reply and its tokens."""
        stage, usage = stage_of(request.ask), reply.usage
        self.replayed += replayed
        self.prompt_tokens += usage.prompt_tokens
        self.completion_tokens += usage.completion_tokens
        so_far = self.by_stage.get(stage, StageUse())
        if replayed:
            self.by_stage[stage] = replace(
                so_far,
                replayed=so_far.replayed + 1,
                replayed_prompt_tokens=so_far.replayed_prompt_tokens + usage.prompt_tokens,
                replayed_completion_tokens=so_far.replayed_completion_tokens + usage.completion_tokens,
            )
            return
        cost = None if self.price is None else self.price.compute_cost(usage.prompt_tokens, usage.completion_tokens)
        self.by_stage[stage] = replace(
            so_far,
            asked=so_far.asked + 1,
            prompt_tokens=so_far.prompt_tokens + usage.prompt_tokens,
            completion_tokens=so_far.completion_tokens + usage.completion_tokens,
            cost_usd=None if cost is None or so_far.cost_usd is None else so_far.cost_usd + cost,
        )

    def read(self) -> EngineUse:
        """The counts as a record."""
        return EngineUse(
            self.role,
            self.origin,
            self.asked,
            self.replayed,
            self.retried,
            self.failed,
            self.prompt_tokens,
            self.completion_tokens,
            self.hedged,
            {stage: self.by_stage[stage] for stage in Stage if stage in self.by_stage},
        )


class JournaledEngine:
    """Answers from the store where it can; else asks, and keeps the reply before handing it on."""

    def __init__(self, engine: Engine, store: ReplyStore, meter: Meter) -> None:
        self._engine = engine
        self._store = store
        self._asking: dict[bytes, asyncio.Event] = {}
        self.meter = meter

    @property
    def identity(self) -> Identity:
        """The wrapped engine's."""
        return self._engine.identity

    async def complete(self, request: Request) -> Reply:
        """Answer one request, from the store or by asking.

        Raises:
            EngineError: the model did not answer; nothing is kept, so that a later run asks again.
        """
        key = compute_key(self._engine.identity, request)
        reply = self._store.get(key)
        if reply is None:
            await self._store.finish_replay()
            # The same request may be under way, for a draft with the same text: it gets one reply, now as in a replay.
            while reply is None and (under_way := self._asking.get(key)) is not None:
                await under_way.wait()
                reply = self._store.get(key)
        replayed = reply is not None
        if reply is None:
            reply = await self._ask(key, request)
        self.meter.note_answer(request, reply, replayed=replayed)
        return reply

    async def _ask(self, key: bytes, request: Request) -> Reply:
        meter = self.meter
        meter.asked += 1
        answered = self._asking[key] = asyncio.Event()
        try:
            reply = await self._engine.complete(request)
            await self._store.put(key, reply)
        except EngineError:
            meter.failed += 1
            raise
        except BudgetSpent:
            meter.asked -= 1  # it never went out
            raise
        finally:
            del self._asking[key]
            answered.set()
        return reply

    async def close(self) -> None:
        """Close the wrapped engine."""
        await self._engine.close()
