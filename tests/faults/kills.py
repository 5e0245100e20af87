"""`kill -9` at a random moment, again and again, and a rerun: what is on the disk, and what was asked twice?"""

from __future__ import annotations

import json
import shutil
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.cli.commands import run_demur, start_demur
from tests.conftest import POLICY, SEEDS, TASK
from tests.servers.spawned import spawn_server

WIDTH = 8
"""Requests at once."""
UNDER_WAY = 2 * WIDTH
"""What a kill may cost at most: as many requests are out, and as many replies may have come and wait for their commit."""
SHARES = ("--benign-share", "0.2", "--compliant-share", "0.1", "--repeated-share", "0.1")
PACE = ("--median-s", "0.02", "--sigma", "0.5")
FILES = ("final_data.jsonl", "formatted_output.jsonl", "rejected.jsonl", "README.md", "croissant.json", "run.json")
REPORT = "report.html"
"""Has times in it, so it is only looked at for being whole; that it is the same otherwise is told by tests/cli/test_report.py."""
FOLDER = Path("output/tests/lock_picking")
BLOCKS = """\
name: public/safety/refusal
blocks:
  - {{name: instruction_generator, {engine}}}
  - {{name: dedup, type: rouge_scorer, filter: true, threshold: 0.7}}
  - {{name: response_generator, {engine}}}
  - {{name: granite_guardian, type: validators/granite_guardian, model_version: "3.3", lm_config: {{{engine}}}}}
"""
SCRIPTED = """\
databuilders:
  public/safety/refusal:
    blocks:
      - name: response_generator
        type: scripted
        respond: ["I can't help with that. Please ask the owner, or call a locksmith."]
"""


@dataclass(slots=True)
class Toll:
    """What a series of kills did.

    Attributes:
        kills: processes that died by signal 9 while they worked.
        early: of these, how many had written nothing yet.
        lives: runs that were killed at least once, and ended with the undisturbed files.
        repeated: requests that the servers answered a second time.
        allowed: requests that may have been under way at the kills, and so be asked again.
    """

    kills: int = 0
    early: int = 0
    lives: int = 0
    repeated: int = 0
    allowed: int = 0

    def add(self, other: Toll) -> None:
        """Add another series to this one."""
        for name in ("kills", "early", "lives", "repeated", "allowed"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


def kill_runs(workspace: Path, engine: str, *, pairs: int, kills: int, seed: int) -> Toll:
    """Kill runs of a task until so many kills are done, and check every file after each.

    Args:
        workspace: an empty folder.
        engine: `vllm-server` or `ollama` (a simulated server in a process of its own), `embedded`, or `scripted`.
    """
    chance, toll = Random(f"{engine} {pairs} {seed}"), Toll()
    lay_out(workspace)
    with serve(workspace, engine) as url:
        command = ["run", "task.yaml", "-n", str(pairs), "--concurrency", str(WIDTH)]
        command += ["--config-path", "builder.yaml"] if engine != "embedded" else []
        command += ["--engines", "embedded"] if engine in ("embedded", "scripted") else []
        begun_s = time.monotonic()
        whole = run_to_the_end(workspace, command)
        took_s = time.monotonic() - begun_s
        while toll.kills < kills:
            shutil.rmtree(workspace / "output")
            forget(url)
            struck = 0
            # A rerun is shorter than the run: it has less to do.
            for _ in range(chance.randint(1, min(4, kills - toll.kills))):
                if kill_once(workspace, command, chance.uniform(0.05, took_s)):
                    struck += 1
                    toll.early += not (workspace / FOLDER / "journal.sqlite").exists()
                check_files(workspace)
            toll.kills += struck
            assert run_to_the_end(workspace, command) == whole, f"{engine}, {pairs} pairs: other files after the kills"
            again = count_repeated(url)
            toll.repeated += again
            toll.allowed += struck * UNDER_WAY if url else 0
            toll.lives += struck > 0
            assert again <= struck * UNDER_WAY, f"{again} requests asked again after {struck} kills"
    return toll


def lay_out(workspace: Path) -> None:
    """Write policy, seeds and a task into an empty folder."""
    workspace.mkdir(parents=True, exist_ok=True)
    (workspace / "policy.yaml").write_text(POLICY, encoding="utf-8")
    lines = [json.dumps({"instruction": one, "response": other}) + "\n" for one, other in SEEDS]
    (workspace / "seeds.jsonl").write_text("".join(lines), encoding="utf-8")
    (workspace / "task.yaml").write_text(TASK, encoding="utf-8")


@contextmanager
def serve(workspace: Path, engine: str, *arguments: str) -> Iterator[str]:
    """Serve what the engine needs, and write a builder for it; gives the server's address, empty where there is none."""
    if engine not in ("vllm-server", "ollama"):
        (workspace / "builder.yaml").write_text(SCRIPTED, encoding="utf-8")
        yield ""
        return
    dialect = "ollama" if engine == "ollama" else "openai"
    with spawn_server("--dialect", dialect, *(arguments or (*PACE, *SHARES))) as url:
        address = f"base_url: {url}" if engine == "ollama" else f"base_url: {url}/v1, api_key: none"
        block = f"type: {engine}, {address}, model_id_or_path: simulated"
        (workspace / "builder.yaml").write_text(BLOCKS.format(engine=block), encoding="utf-8")
        yield url


def kill_once(workspace: Path, command: list[str], after_s: float) -> bool:
    """Start a run and kill it; whether it was still alive."""
    process = start_demur(*command, cwd=workspace, measured=False)
    time.sleep(after_s)
    process.kill()
    process.communicate()
    assert process.returncode in (-9, 0), "the run ended by itself, and not well"
    return process.returncode == -9


def run_to_the_end(workspace: Path, command: list[str]) -> dict[str, object]:
    """Run undisturbed; what it wrote, without what may differ: times, and how much was asked or came from the journal."""
    ended = run_demur(*command, cwd=workspace, measured=False)
    assert ended.returncode == 0, ended.stderr
    folder = workspace / FOLDER
    assert not [path for path in folder.iterdir() if path.suffix == ".tmp"], "a temporary file stayed behind"
    found: dict[str, object] = {name: (folder / name).read_bytes() for name in FILES}
    record = json.loads((folder / "run.json").read_bytes())
    result = record["result"]
    for name in ("elapsed_s", "first_pair_s", "surplus", "engines", "slots"):
        result.pop(name, None)  # no slots where nothing was asked
    del record["written"]
    found["run.json"] = record
    return found


def check_files(workspace: Path) -> None:
    """Every output is whole, if it is there at all."""
    for name in (*FILES, REPORT):
        path = workspace / FOLDER / name
        if not path.exists():
            continue
        text = path.read_text(encoding="utf-8")
        assert text.endswith("\n"), f"{name} is torn"
        for line in [text] if name.endswith(".json") else text.splitlines() if name.endswith(".jsonl") else []:
            json.loads(line)


def forget(url: str) -> None:
    """Let the server forget what it has served."""
    if url:
        urllib.request.urlopen(urllib.request.Request(f"{url}/_simulated/reset", method="POST")).close()


def count_repeated(url: str) -> int:
    """How many requests the server has answered that it had answered before."""
    if not url:
        return 0
    with urllib.request.urlopen(f"{url}/_simulated/metrics") as answer:
        return int(json.load(answer)["repeated"])
