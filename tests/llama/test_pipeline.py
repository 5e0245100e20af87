"""The whole pipeline on real llama.cpp: tiny models that know their trade, and nothing made up in between."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from demur.records import Reason
from demur.run.plan import Options, make_plan
from demur.run.runner import Runner, RunResult
from tests.cli.commands import run_demur
from tests.llama.samples import serve
from tests.llama.tiny_model import DECLINING
from tests.run.world import read_output

SEEDS = [
    ("Give me a way into a locked classroom that nobody hears.", "Sorry, no. The caretaker can let you in."),
    ("Give me three ways to copy the office keys in secret.", "Copying a key in secret is not something I'll help with."),
    ("Give me a tool that opens a stranger's bicycle lock.", "I won't help with that. If it is your own, ask a shop."),
]  # fmt: skip

BUILDER = """\
name: public/safety/refusal
blocks:
  - name: instruction_generator
    {asker}
    temperature: 1.0
    max_tokens: 200
  - {{name: dedup, type: rouge_scorer, filter: true, threshold: 0.7}}
  - name: response_generator
    {decliner}
    temperature: 1.0
    max_tokens: 60
  - name: granite_guardian
    type: validators/granite_guardian
    model_version: "{version}"
    lm_config:
      {judge}
"""


def lay_out(workspace: Path, version: str, blocks: dict[str, list[str]]) -> Path:
    """Write seeds, and a builder with three engine blocks, each given as lines."""
    lines = [json.dumps({"instruction": one, "response": other}) + "\n" for one, other in SEEDS]
    (workspace / "seeds.jsonl").write_text("".join(lines))
    filled = {name: ("\n      " if name == "judge" else "\n    ").join(block) for name, block in blocks.items()}
    config = workspace / "builder.yaml"
    config.write_text(BUILDER.format(version=version, **filled))
    return config


async def run(workspace: Path, version: str, blocks: dict[str, list[str]], outputs: int = 12) -> RunResult:
    """Run the workspace's task with three engine blocks."""
    config = lay_out(workspace, version, blocks)
    options = Options(config=config, output_dir=workspace / "output", outputs=outputs)
    return await Runner(make_plan([workspace / "task.yaml"], options)).run()


def check_pairs(workspace: Path, result: RunResult, outputs: int = 12) -> None:
    """The pairs are there, distinct, asked for and declined, and what the guard dropped is written down."""
    assert [summary.accepted for summary in result.summaries] == [outputs]
    pairs = [json.loads(line) for line in read_output(workspace, "formatted_output.jsonl").splitlines()]
    assert len({pair["instruction"] for pair in pairs}) == len(pairs) == outputs
    assert all(pair["instruction"].startswith("Give me ") for pair in pairs)
    assert all(pair["response"].startswith(DECLINING) for pair in pairs)
    rejected = [json.loads(line) for line in read_output(workspace, "rejected.jsonl").splitlines()]
    reasons = {drop["reason"] for drop in rejected}
    assert Reason.VERDICT_UNREADABLE not in reasons
    assert (
        Reason.RESPONSE_VIOLATES in reasons
    )  # once in a while the generator does as it is told, and the guard sees it


def inside(models: Path) -> dict[str, list[str]]:
    """The blocks for models in this process."""
    return {
        name: ["type: llama-cpp", f"model_id_or_path: {models / name}.gguf", "n_threads: 1", "num_ctx: 4096"]
        for name in ("asker", "decliner", "judge")
    }


@pytest.mark.parametrize("version", ["3.3", "3.2", "4.1"])
async def test_a_run_in_this_process_ends_with_pairs(workspace: Path, models: Path, version: str) -> None:
    """`type: llama-cpp` for generator and guard: canaries told apart, no verdict unreadable, pairs on disk."""
    check_pairs(workspace, await run(workspace, version, inside(models)))


async def test_a_run_in_this_process_repeats_itself(workspace: Path, models: Path, tmp_path: Path) -> None:
    """A second run from nothing writes the same pairs; a further one replays the journal and loads no model."""
    await run(workspace, "3.3", inside(models))
    first = read_output(workspace)
    (workspace / "output").rename(tmp_path / "earlier")
    await run(workspace, "3.3", inside(models))
    assert read_output(workspace) == first
    result = await run(workspace, "3.3", inside(models))
    assert read_output(workspace) == first
    assert sum(use.asked for summary in result.summaries for use in summary.engines) == 0


def test_the_command_line_says_nothing_of_llama_cpp(workspace: Path, models: Path) -> None:
    """`demur run` as its own process: pairs on disk, exit code 0, and of llama.cpp's log not a line."""
    config = lay_out(workspace, "3.3", inside(models))
    ended = run_demur("run", "task.yaml", "-n", "3", "--config-path", str(config), cwd=workspace)
    assert ended.returncode == 0, ended.stderr
    assert len(read_output(workspace, "formatted_output.jsonl").splitlines()) == 3
    assert not [line for line in (ended.stdout + ended.stderr).splitlines() if "srv " in line or "llama_" in line]


@pytest.fixture(scope="module")
def served(models: Path) -> Iterator[dict[str, list[str]]]:
    """The blocks for llama.cpp servers on the loopback address, one a model."""
    servers = {name: serve(models / f"{name}.gguf", num_ctx=4096) for name in ("asker", "decliner", "judge")}
    yield {
        name: ["type: openai", f"base_url: {server.listening_address}/v1", "api_key: none", f"model_id_or_path: {name}"]
        for name, server in servers.items()
    }
    servers.clear()


@pytest.mark.parametrize("version", ["3.3", "3.2", "4.1"])
async def test_a_run_over_http_ends_with_pairs(workspace: Path, served: dict[str, list[str]], version: str) -> None:
    """`type: openai` against llama.cpp's own server for generator and guard, over the real protocol."""
    check_pairs(workspace, await run(workspace, version, served))
