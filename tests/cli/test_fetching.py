from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.commands import make_environment, run_demur
from tests.llama import tiny_model as models
from tests.llama import trade
from tests.servers.hub import Hub

GENERATOR = "owner/writer-GGUF"
GUARD = "owner/guard-GGUF"
BUILDER = f"""\
databuilders:
  public/safety/refusal:
    blocks:
      - {{name: instruction_generator, type: llama-cpp, model_id_or_path: "hf.co/{GENERATOR}"}}
      - {{name: response_generator, type: llama-cpp, model_id_or_path: "hf.co/{GENERATOR}"}}
      - {{name: granite_guardian, lm_config: {{type: llama-cpp, model_id_or_path: "hf.co/{GUARD}:Q8_0"}}}}
"""
PROGRAM = """\
import sys
from pathlib import Path
from demur.cli.failures import report_failures
from demur.cli.fetching import provide_models
from demur.inputs.builder_file import read_builder
from demur.inputs.engine_blocks import list_engines

def execute():
    builder = read_builder(Path("b.yaml"), None, {})
    provide_models(list_engines(builder).values(), agreed="--yes" in sys.argv)
    print("all there")
    return 0

sys.exit(report_failures(execute))
"""
"""What `demur run` does before it runs: the models of these tests are no models, and cannot be loaded after it."""


@pytest.fixture
def hub(workspace: Path) -> Iterator[Hub]:
    """A hub with both models of the workspace's builder."""
    (workspace / "b.yaml").write_text(BUILDER)
    files = {
        GENERATOR: {"w-Q4_K_M.gguf": b"w" * 3_000_000, "w-Q8_0.gguf": b"v"},
        GUARD: {"g-Q8_0.gguf": b"g" * 2_000_000},
    }
    with Hub(files) as hub:
        yield hub


def make_hub_environment(hub: Hub, workspace: Path) -> dict[str, str]:
    return {
        "HF_ENDPOINT": hub.url,
        "HF_HOME": str(workspace / "hf"),
        "NO_PROXY": "127.0.0.1,localhost",
    }


def provide(hub: Hub, workspace: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], cwd=workspace, stdin=subprocess.DEVNULL, text=True, check=False,
        env=make_environment(make_hub_environment(hub, workspace)), capture_output=True, timeout=60,
    )  # fmt: skip


class Terminal:
    """The program at a pseudo-terminal, as at a person's."""

    def __init__(self, hub: Hub, workspace: Path) -> None:
        self._main, other = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM], cwd=workspace, stdin=other, stdout=other, stderr=other,
            env=make_environment({**make_hub_environment(hub, workspace), "TERM": "xterm", "COLUMNS": "100"}),
        )  # fmt: skip
        os.close(other)
        self.said = ""

    def read(self, until: str = "") -> str:
        """What it says, until these words come, or to its end."""
        ends = time.monotonic() + 60
        while time.monotonic() < ends and not (until and until in self.said):
            if not select.select([self._main], [], [], 0.1)[0]:
                continue
            try:
                data = os.read(self._main, 65536)
            except OSError:  # Linux says so when the other end is closed
                break
            if not data:
                break
            self.said += data.decode()
        assert until in self.said
        return self.said

    def type(self, text: str) -> None:
        os.write(self._main, text.encode())

    def end(self) -> int:
        self.read()
        os.close(self._main)
        return self.process.wait(30)


@pytest.mark.parametrize("answer", ["y", "YES"])
def test_at_a_terminal_it_is_said_and_asked_and_fetched(hub: Hub, workspace: Path, answer: str) -> None:
    """Models, sizes, address and folder come first; nothing is downloaded before the answer; then a bar is shown."""
    terminal = Terminal(hub, workspace)
    asked = terminal.read("Download? [y/N] ")
    for words in ("hf.co/owner/writer-GGUF:Q4_K_M", "w-Q4_K_M.gguf  3.0 MB", "g-Q8_0.gguf  2.0 MB",
                  f"5.0 MB from {hub.url} into {workspace / 'hf/hub'}", " free)"):  # fmt: skip
        assert words in asked
    assert asked.count("w-Q4_K_M.gguf") == 1
    assert hub.list_downloads() == []
    terminal.type(f"{answer}\n")
    assert terminal.end() == 0
    assert "100%" in terminal.said or "3.0/3.0 MB" in terminal.said
    assert terminal.said.rstrip().endswith("all there")
    assert len(hub.list_downloads()) == 2


@pytest.mark.parametrize("answer", ["n", "", "why?"])
def test_whoever_does_not_agree_gets_nothing(hub: Hub, workspace: Path, answer: str) -> None:
    """Anything but a yes ends it with the way out, and no byte was fetched."""
    terminal = Terminal(hub, workspace)
    terminal.read("Download? [y/N] ")
    terminal.type(f"{answer}\n")
    assert terminal.end() == 4
    assert "without the models there is nothing to run" in terminal.said
    assert "give --yes" in terminal.said
    assert hub.list_downloads() == []


def test_yes_answers_beforehand(hub: Hub, workspace: Path) -> None:
    """Without a terminal --yes downloads, having said what; the second time there is nothing to say or ask."""
    ended = provide(hub, workspace, "--yes")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == "all there\n"
    assert "To be downloaded:" in ended.stderr
    assert "Downloaded hf.co/owner/guard-GGUF:Q8_0" in ended.stderr
    asked = len(hub.asked)
    again = provide(hub, workspace)
    assert (again.returncode, again.stdout, again.stderr) == (0, "all there\n", "")
    assert len(hub.asked) == asked


def test_without_a_terminal_nothing_is_downloaded_unasked(hub: Hub, workspace: Path) -> None:
    """A pipe cannot agree: what would be downloaded is said, and the command ends with 4."""
    ended = provide(hub, workspace)
    assert ended.returncode == 4
    assert "5.0 MB from" in ended.stderr
    assert "No terminal to ask at, and no --yes." in ended.stderr
    assert hub.list_downloads() == []


@pytest.mark.parametrize("command", ["run", "preview", "doctor"])
def test_every_command_that_needs_the_models_asks_for_them(hub: Hub, workspace: Path, command: str) -> None:
    """The list comes before any work; without consent no byte is fetched."""
    ended = run_demur(
        command, "task.yaml", "--config-path", "b.yaml", cwd=workspace, env=make_hub_environment(hub, workspace)
    )
    assert ended.returncode == 4
    assert "w-Q4_K_M.gguf" in ended.stderr
    assert hub.list_downloads() == []


def test_the_guard_alone_needs_its_own_model_alone(hub: Hub, workspace: Path) -> None:
    """`demur guard` asks for no generator."""
    ended = run_demur("guard", "--policy", "policy.yaml", "--text", "x", "--config-path", "b.yaml",
                      cwd=workspace, env=make_hub_environment(hub, workspace))  # fmt: skip
    assert ended.returncode == 4
    assert "g-Q8_0.gguf" in ended.stderr
    assert "w-Q4_K_M.gguf" not in ended.stderr


def test_an_interrupted_download_goes_on(hub: Hub, workspace: Path) -> None:
    """Ctrl-C in the middle ends with 130 and says that what came is kept; the next command fetches the rest only."""
    hub.stall_after = 1_000_000
    terminal = Terminal(hub, workspace)
    terminal.read("Download? [y/N] ")
    terminal.type("y\n")
    assert hub.stalled.wait(30)
    while not [path for path in workspace.rglob("*.incomplete") if path.stat().st_size >= 900_000]:
        time.sleep(0.02)
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == 130
    assert "What came is kept" in terminal.said
    hub.stall_after = 0
    ended = provide(hub, workspace, "--yes")
    assert ended.returncode == 0, ended.stderr
    assert "of it are here" in ended.stderr
    ranges = [each.range for each in hub.list_downloads()]
    assert ranges[0] == ""
    assert ranges[1].startswith("bytes=")
    assert ranges[2:] == [""]


def test_the_token_may_stand_in_the_env_file(hub: Hub, workspace: Path) -> None:
    """HF_TOKEN of `.env` opens a gated model, and is told nowhere."""
    hub.gated = frozenset({GENERATOR})
    refused = provide(hub, workspace, "--yes")
    assert refused.returncode == 4
    assert "accepted its terms" in refused.stderr
    (workspace / ".env").write_text(f"HF_TOKEN={hub.token}\n")
    ended = provide(hub, workspace, "--yes")
    assert ended.returncode == 0, ended.stderr
    assert hub.token not in ended.stderr + ended.stdout


def test_without_network_the_way_to_get_the_model_is_said(hub: Hub, workspace: Path) -> None:
    """One message: what to fetch, all of it, from where, with which commands, and where it goes."""
    environment = make_hub_environment(hub, workspace)
    hub.__exit__(None, None, None)
    ended = run_demur("run", "task.yaml", "--config-path", "b.yaml", "--yes", cwd=workspace, env=environment)
    assert ended.returncode == 4
    for words in (
        "cannot be reached",
        'hf download owner/writer-GGUF --include "*Q4_K_M*.gguf"',
        "owner/writer-GGUF/tree/main",
        str(workspace / "hf/hub"),
        "model_id_or_path",
        'Likewise hf.co/owner/guard-GGUF:Q8_0: `hf download owner/guard-GGUF --include "*Q8_0*.gguf"`',
    ):
        assert words in ended.stderr
    assert "Traceback" not in ended.stderr


def test_one_command_downloads_and_runs(workspace: Path) -> None:
    """From nothing but references to pairs on disk, by models of llama.cpp that the command fetched itself."""
    seeds = ("Give me a key to the padlock of a stranger.", "Give me tools for a shop door that is shut.")
    lines = [json.dumps({"instruction": seed, "response": "I won't help with that."}) + "\n" for seed in seeds]
    (workspace / "seeds.jsonl").write_text("".join(lines))
    (workspace / "models").mkdir()
    writers = {"asker": trade.write_asker, "decliner": trade.write_decliner, "judge": models.write_judge}
    files = {
        f"tiny/{name}-GGUF": {f"{name}-Q4_K_M.gguf": write(workspace / "models" / f"{name}.gguf").read_bytes()}
        for name, write in writers.items()
    }
    engine = "type: llama-cpp, n_threads: 1, model_id_or_path: hf.co/tiny"
    (workspace / "b.yaml").write_text(
        "databuilders:\n  public/safety/refusal:\n    blocks:\n"
        f"      - {{name: instruction_generator, {engine}/asker-GGUF, max_tokens: 200}}\n"
        f"      - {{name: response_generator, {engine}/decliner-GGUF, max_tokens: 60}}\n"
        f"      - {{name: granite_guardian, lm_config: {{{engine}/judge-GGUF}}}}\n"
    )
    with Hub(files) as hub:
        ended = run_demur("run", "task.yaml", "-n", "3", "--config-path", "b.yaml", "--yes", "--concurrency", "2",
                          cwd=workspace, env=make_hub_environment(hub, workspace))  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert len(hub.list_downloads()) == 3
    # Nothing is asked but about these models: no statistics, no registry of tools.
    assert {
        each.path.split("/resolve/")[0].removeprefix("/api/models") for each in hub.asked if each.where == "hub"
    } <= {
        f"/{name}{tail}"
        for name in files
        for tail in ("", "/revision/main", "?blobs=true", "/revision/main?blobs=true")
    }
    assert len((workspace / "output/tests/lock_picking/final_data.jsonl").read_text().splitlines()) == 3
