"""Whole runs against servers that misbehave, one server a role, and what the runs leave on the disk."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from demur.records import Stage, Summary
from demur.run.plan import Options, make_plan
from demur.run.progress import TaskProgress
from demur.run.runner import Runner
from tests.servers.behaviour import Behaviour
from tests.servers.simulated import SimulatedServer

GENERATOR, RESPONDER, GUARD = ROLES = ("instruction_generator", "response_generator", "granite_guardian")
CANARIES = 8
"""Requests with which a run tries its guard before anything else, at most."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended.

    Attributes:
        code: the exit code.
        failure: the message that it ended by, with its hint, or empty.
        reasons: the drops in `rejected.jsonl` by reason.
        files: the outputs' bytes by name.
        took_s: its wall-clock seconds.
    """

    code: int
    failure: str
    summary: Summary
    reasons: Counter[str]
    files: dict[str, bytes]
    took_s: float

    @property
    def pairs(self) -> int:
        """Pairs on the disk."""
        return len(self.files["final_data.jsonl"].splitlines())


SLOWLY = 0.03
"""Seconds of the loop's clock in a second, where no time-out is to come: one of 0.3 s is ten seconds long then."""


@dataclass(slots=True)
class Turn:
    """When a server goes wrong: not by a clock, but once all that its good replies bring has been decided.

    The loop's clock goes slowly meanwhile: how fast this machine is does not matter.

    Attributes:
        rounds: how many good replies the generator gives before; 0 where the servers need not be told.
        pace: seconds of the loop's clock in a second from then on: 1 where time-outs are to come.
        came: what the faults wait for.
    """

    rounds: int
    pace: float = SLOWLY
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def bring(self, progress: TaskProgress) -> None:
        """Watch the run until the moment is there."""
        while progress.rounds < self.rounds or _count_undecided(progress):
            await asyncio.sleep(0.01 * SLOWLY)
        set_pace(self.pace)
        self.came.set()


def set_pace(pace: float) -> None:
    """Let the loop's clock go on faster or slower. The loop is the test's own, and ends with it."""
    loop = asyncio.get_running_loop()
    now_s, since_s = loop.time(), time.monotonic()
    loop.time = lambda: now_s + (time.monotonic() - since_s) * pace  # type: ignore[method-assign]


def _count_undecided(progress: TaskProgress) -> int:
    """Drafts that were admitted, and of which neither a pair nor a drop has come yet."""
    early = (Stage.PROPOSE, Stage.DEDUPE)
    dropped = sum(count for (stage, _), count in progress.dropped.items() if stage not in early)
    return progress.kept[Stage.DEDUPE] - progress.accepted - dropped


async def run_against(workspace: Path, behaviours: dict[str, Behaviour] | None = None, *, outputs: int = 10,
                      output: str = "output", concurrency: int = 16, turn: Turn | None = None,
                      **knobs: float) -> Ended:  # fmt: skip
    """Run the workspace's task, each block against a server of its own.

    Args:
        behaviours: how the servers behave, by block; as models should, where none is given.
        turn: when they go wrong.
        knobs: `timeout_s`, `deadline_s` of the engine blocks.
    """
    servers = {role: SimulatedServer((behaviours or {}).get(role, Behaviour())) for role in ROLES}
    try:
        for server in servers.values():
            await server.__aenter__()
        urls = {role: server.base_url for role, server in servers.items()}
        return await run_at(
            workspace, urls, outputs=outputs, output=output, concurrency=concurrency, turn=turn, **knobs
        )
    finally:
        for server in servers.values():
            if server.url:
                await server.__aexit__()


async def run_at(workspace: Path, urls: dict[str, str], *, outputs: int = 10, output: str = "output",
                 concurrency: int = 16, turn: Turn | None = None, **knobs: float) -> Ended:  # fmt: skip
    """Run the workspace's task against these addresses, by block."""
    config = workspace / "hostile.yaml"
    config.write_text(write_builder(urls, **knobs), encoding="utf-8")
    options = Options(outputs=outputs, config=config, output_dir=workspace / output, concurrency=concurrency)
    begun_s = time.monotonic()
    before = asyncio.all_tasks()
    runner = Runner(make_plan([workspace / "task.yaml"], options))
    async with asyncio.TaskGroup() as group:
        if turn is not None:
            set_pace(SLOWLY)
        watcher = group.create_task(turn.bring(runner.progress[0])) if turn else None
        result = await runner.run()
        if watcher is not None:
            watcher.cancel()
            set_pace(1.0)
    took_s = time.monotonic() - begun_s
    assert not {task for task in asyncio.all_tasks() - before if "demur" in repr(task)}, "a task was left behind"
    folder = workspace / output / "tests" / "lock_picking"
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in (".jsonl", ".json", ".md")}
    assert not list(folder.glob(".*")), "half-written files were left behind"
    drops = [json.loads(line) for line in files["rejected.jsonl"].splitlines()]
    failure = "" if result.failure is None else f"{result.failure} | {result.failure.hint}"
    reasons = Counter(str(drop["reason"]) for drop in drops)
    [summary] = result.summaries
    counted = sum((Counter(count.dropped) for count in summary.counts.values()), Counter[str]())
    assert counted == reasons, "run.json and rejected.jsonl count differently"
    return Ended(result.exit_code, failure, summary, reasons, files, took_s)


def write_builder(urls: dict[str, str], *, timeout_s: float = 30.0, deadline_s: float = 60.0) -> str:
    """A builder of one server a role."""

    def describe(role: str) -> str:
        return (
            f"type: vllm-server, base_url: '{urls[role]}', api_key: none, model_id_or_path: simulated, "
            f"max_tokens: 512, timeout_s: {timeout_s}, deadline_s: {deadline_s}"
        )

    return f"""\
name: public/safety/refusal
blocks:
  - {{name: {GENERATOR}, {describe(GENERATOR)}}}
  - {{name: dedup, type: rouge_scorer, filter: true, threshold: 0.7}}
  - {{name: {RESPONDER}, {describe(RESPONDER)}}}
  - {{name: {GUARD}, type: validators/granite_guardian, model_version: "3.3", lm_config: {{{describe(GUARD)}}}}}
"""
