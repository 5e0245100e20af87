"""What a benchmark measures, and the workplaces it measures in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
TASK = ROOT / "tasks/public/safety/refusal/cybersecurity/task.yaml"


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number.

    Attributes:
        bound: what it may not exceed, or must reach where `at_least` is set; None for a figure without a bound.
    """

    name: str
    value: float
    unit: str
    bound: float | None = None
    at_least: bool = False

    @property
    def passed(self) -> bool:
        """Whether it keeps its bound."""
        if self.bound is None:
            return True
        return self.value >= self.bound if self.at_least else self.value <= self.bound


@dataclass(frozen=True, slots=True)
class Ran:
    """A finished command: wall-clock and processor seconds of it and its children, and what it printed."""

    wall_s: float
    cpu_s: float
    code: int
    stdout: str


def run_demur(*arguments: str, cwd: Path = ROOT) -> Ran:
    """Run demur in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    before, begun_s = os.times(), time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-m", "demur", *arguments],
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    wall_s, after = time.monotonic() - begun_s, os.times()
    cpu_s = after.children_user + after.children_system - before.children_user - before.children_system
    return Ran(wall_s, cpu_s, ended.returncode, ended.stdout)


def read_result(ran: Ran) -> dict[str, object]:
    """The first task's summary of a `demur run --json`."""
    if ran.code != 0:
        raise RuntimeError(f"demur ended with {ran.code}: {ran.stdout[-2000:]}")
    summary: dict[str, object] = json.loads(ran.stdout)["tasks"][0]
    return summary


@contextmanager
def make_workplace(builder: str) -> Iterator[Path]:
    """A temporary folder with one task of the specification's example (`task.yaml`) and a builder (`builder.yaml`)."""
    with TemporaryDirectory(prefix="demur-bench-") as name:
        folder = Path(name)
        first = TASK.read_text(encoding="utf-8").split("\n---\n")[0]
        (folder / "task.yaml").write_text(first.replace("${DGT_DATA_DIR}", str(ROOT / "data")), encoding="utf-8")
        (folder / "builder.yaml").write_text(builder, encoding="utf-8")
        yield folder


def write_server_builder(url: str) -> str:
    """A builder that uses one model of one server for everything."""
    engine = f"{{type: vllm-server, base_url: {url}/v1, api_key: none, model_id_or_path: simulated, max_tokens: 512}}"
    inner = engine[1:-1]
    return f"""\
name: public/safety/refusal
blocks:
  - {{name: instruction_generator, {inner}}}
  - {{name: dedup, type: rouge_scorer, filter: true, threshold: 0.7}}
  - {{name: response_generator, {inner}}}
  - {{name: granite_guardian, type: validators/granite_guardian, model_version: "3.3", lm_config: {engine}}}
"""


def count_needed(summary: dict[str, object], per_round: int = 5) -> float:
    """The requests that a task's own acceptance rates made necessary: what each stage had to see up to the last pair."""
    stages = summary["stages"]
    assert isinstance(stages, dict)
    kept = [stages[name]["kept"] for name in ("propose", "dedupe", "screen_instruction", "respond")]
    return float(kept[0] / per_round + kept[1] + kept[2] + kept[3])


def count_asked(summary: dict[str, object]) -> int:
    """The requests that went to models."""
    engines = summary["engines"]
    assert isinstance(engines, list)
    return int(sum(engine["asked"] + engine["retried"] for engine in engines))
