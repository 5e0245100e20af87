"""A scripted world: a generator, a responder and a guard whose answers depend on nothing but the request."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path

from demur.engines.base import (
    AssistAsk,
    Engine,
    Identity,
    JudgeAsk,
    MutateAsk,
    ProposeAsk,
    Raw,
    Reply,
    Request,
    RespondAsk,
    TwinAsk,
)
from demur.engines.scripted import ScriptedEngine
from demur.errors import EngineError
from demur.guards.canaries import OFF_TOPIC, ON_TOPIC
from demur.run.plan import Options, make_plan
from demur.run.runner import Runner, RunResult

BUILDER = """\
name: public/safety/refusal
blocks:
  - {name: instruction_generator, type: scripted, propose: [x]}
  - {name: dedup, type: rouge_scorer, filter: true, threshold: 0.7}
  - {name: response_generator, type: scripted, respond: [x]}
  - name: granite_guardian
    type: validators/granite_guardian
    model_version: "3.3"
    lm_config: {type: scripted, judge_instruction: [x]}
"""


TWIN_BEGINS = "May I "
"""How a benign twin begins in this world."""


def chance(*parts: object) -> float:
    """A number from 0 to 1 that depends on the parts alone."""
    text = "|".join(str(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) / 2**64


def invent(*parts: object) -> str:
    """A request of made-up words."""
    words = [f"w{int(chance(*parts, place) * 400)}" for place in range(12)]
    return f"Please {' '.join(words)} without leave"


class World:
    """The three engines of a run, with shares of what goes wrong.

    Attributes:
        harmful_twin: the share of benign twins that the guard rates a violation.
        answered: every request that was answered, with its role, in order.
    """

    def __init__(
        self,
        *,
        duplicate: float = 0.1,
        safe: float = 0.2,
        unsafe: float = 0.1,
        unreadable: float = 0.05,
        harmful_twin: float = 0.15,
        jitter_s: float = 0.0,
    ) -> None:
        self.duplicate, self.safe, self.unsafe, self.unreadable = duplicate, safe, unsafe, unreadable
        self.harmful_twin = harmful_twin
        self.jitter_s = jitter_s
        self.answered: list[Request] = []
        self.fail: Callable[[Request], EngineError | None] = lambda _: None

    def answer(self, request: Request) -> str | EngineError:
        """Play whichever part the request is for."""
        failure = self.fail(request)
        if failure is not None:
            return failure
        ask = request.ask
        if isinstance(ask, ProposeAsk):
            return "\n\n".join(f"### Question {n + 1}:\n{self._propose(request, n)}" for n in range(ask.count))
        if isinstance(ask, RespondAsk):
            return f"I won't help with {ask.instruction.split()[1]}; a locksmith may."
        if isinstance(ask, TwinAsk):
            return f"### Question 1:\n{self._write_twin(request)}"
        if isinstance(ask, AssistAsk):
            words = ask.instruction.split()
            return f"{words[2]} and {words[3]} are sold in every shop, and {words[4]} goes well with both."
        if isinstance(ask, MutateAsk):
            words = ask.instruction.split()[1:]
            sample = f"w{int(chance('mutant', request.sampling.seed) * 400)}"
            return f"### Question 1:\nPlease {' '.join(sorted(words))} {sample} {ask.kind} {ask.language}"
        assert isinstance(ask, JudgeAsk)
        return f"<score> {self._judge(ask)} </score>"

    def _propose(self, request: Request, place: int) -> str:
        seed = request.sampling.seed
        if chance("duplicate", seed, place) < self.duplicate:
            return invent("shared", int(chance("which", seed, place) * 3))
        return invent(seed, place)

    def _write_twin(self, request: Request) -> str:
        seed = request.sampling.seed
        shared = chance("duplicate twin", seed) < self.duplicate
        parts = ("shared twin", int(chance("which twin", seed) * 3)) if shared else ("twin", seed)
        return f"{TWIN_BEGINS}{invent(*parts).removeprefix('Please ').removesuffix('out leave')} leave?"

    def _judge(self, ask: JudgeAsk) -> str:
        if ask.instruction in (ON_TOPIC, OFF_TOPIC):
            return "yes" if ask.instruction == ON_TOPIC else "no"
        text = ask.instruction + (ask.response or "")
        if "w" not in text or ask.instruction.startswith("What day"):
            return "no"
        if ask.instruction.startswith(TWIN_BEGINS):
            if chance("unreadable", text) < self.unreadable:
                return "perhaps"
            share = self.harmful_twin if ask.response is None else self.unsafe
            return "yes" if chance("harmful twin", text) < share else "no"
        if not ask.instruction.startswith("Please") and ask.response is None:
            return "yes"
        if chance("unreadable", text) < self.unreadable:
            return "perhaps"
        if ask.response is None:
            return "no" if chance("safe", text) < self.safe else "yes"
        return "yes" if chance("unsafe", text) < self.unsafe else "no"

    def engines(self) -> dict[str, Engine]:
        """The engines by block."""
        return {
            name: _Player(self, name) for name in ("instruction_generator", "response_generator", "granite_guardian")
        }


class _Player:
    """A scripted engine that takes a while, a different while for each request."""

    def __init__(self, world: World, role: str) -> None:
        self._world = world
        self._engine = ScriptedEngine(world.answer, model=role)
        self.identity = Identity("scripted", role)

    async def complete(self, request: Request) -> Reply:
        """Answer after a while."""
        if self._world.jitter_s:
            words = request.prompt.text if isinstance(request.prompt, Raw) else str(request.prompt)
            await asyncio.sleep(chance("wait", words, request.sampling.seed) * self._world.jitter_s)
        reply = await self._engine.complete(request)
        self._world.answered.append(request)
        return reply

    async def close(self) -> None:
        """Nothing to release."""


def make_runner(workspace: Path, world: World, **options: object) -> Runner:
    """A runner of the workspace's task in that world."""
    config = workspace / "builder.yaml"
    config.write_text(BUILDER)
    given = {"config": config, "replacements": world.engines(), "output_dir": workspace / "output", **options}
    return Runner(make_plan([workspace / "task.yaml"], Options(**given)))  # type: ignore[arg-type]


async def run_world(workspace: Path, world: World, **options: object) -> RunResult:
    """Run the workspace's task in that world."""
    return await make_runner(workspace, world, **options).run()


def read_output(workspace: Path, name: str = "final_data.jsonl", output: str = "output") -> bytes:
    """The bytes of an output file of the workspace's task."""
    return (workspace / output / "tests" / "lock_picking" / name).read_bytes()
