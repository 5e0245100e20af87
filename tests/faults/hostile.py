"""Whole runs against servers that misbehave, one server a role, and what the runs leave on the disk."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from demur.records import Summary
from demur.run.plan import Options, make_plan
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


async def run_against(workspace: Path, behaviours: dict[str, Behaviour] | None = None, *, outputs: int = 10,
                      output: str = "output", concurrency: int = 16, **knobs: float) -> Ended:  # fmt: skip
    """Run the workspace's task, each block against a server of its own.

    Args:
        behaviours: how the servers behave, by block; as models should, where none is given.
        knobs: `timeout_s`, `deadline_s` of the engine blocks.
    """
    servers = {role: SimulatedServer((behaviours or {}).get(role, Behaviour())) for role in ROLES}
    try:
        for server in servers.values():
            await server.__aenter__()
        urls = {role: server.base_url for role, server in servers.items()}
        return await run_at(workspace, urls, outputs=outputs, output=output, concurrency=concurrency, **knobs)
    finally:
        for server in servers.values():
            if server.url:
                await server.__aexit__()


async def run_at(workspace: Path, urls: dict[str, str], *, outputs: int = 10, output: str = "output",
                 concurrency: int = 16, **knobs: float) -> Ended:  # fmt: skip
    """Run the workspace's task against these addresses, by block."""
    config = workspace / "hostile.yaml"
    config.write_text(write_builder(urls, **knobs), encoding="utf-8")
    options = Options(outputs=outputs, config=config, output_dir=workspace / output, concurrency=concurrency)
    begun_s = time.monotonic()
    before = asyncio.all_tasks()
    result = await Runner(make_plan([workspace / "task.yaml"], options)).run()
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
