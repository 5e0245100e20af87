from __future__ import annotations

from pathlib import Path

from tests.cli.commands import make_environment, run_demur
from tests.servers.vllm_executable import read_starts, wait_until_gone, write_vllm

TASK = "tasks/public/safety/refusal/cybersecurity/task.yaml"
BUILDER = """
databuilders:
  public/safety/refusal:
    blocks:
      - {name: instruction_generator, base_url: null, model_id_or_path: my/generator}
      - {name: response_generator, base_url: null, model_id_or_path: my/generator, timeout_s: 60}
      - name: granite_guardian
        lm_config: {base_url: null, model_id_or_path: my/guardian}
"""


def test_run_starts_its_servers_and_replays_without_them(tmp_path: Path) -> None:
    """A run whose blocks name no address starts one server a model, and leaves none; repeated, it starts none at all."""
    notes = write_vllm(tmp_path)
    builder = tmp_path / "builder.yaml"
    builder.write_text(BUILDER)
    environment = {"PATH": f"{tmp_path}:{make_environment()['PATH']}", "TMPDIR": str(tmp_path)}
    output = tmp_path / "output"
    arguments = [
        "run",
        TASK,
        "-n",
        "3",
        "--engines",
        "vllm",
        "--config-path",
        str(builder),
        "--output-dir",
        str(output),
    ]
    first = run_demur(*arguments, env=environment, measured=False)
    assert first.returncode == 0, first.stderr
    starts = read_starts(notes)
    assert sorted(started.arguments[1] for started in starts) == ["my/generator", "my/guardian"]
    for started in starts:
        wait_until_gone(started.process, started.worker)
    pairs = sorted(output.rglob("final_data.jsonl"))
    assert len(pairs) > 0
    before = [path.read_bytes() for path in pairs]
    assert [len(text.splitlines()) for text in before] == [3] * len(pairs)
    again = run_demur(*arguments, env=environment, measured=False)
    assert again.returncode == 0, again.stderr
    assert [path.read_bytes() for path in pairs] == before
    assert len(read_starts(notes)) == 2


def test_server_that_dies_ends_the_run_with_its_last_words(tmp_path: Path) -> None:
    """A server that cannot start ends the run at once with the end of its log, and nothing runs on."""
    notes = write_vllm(tmp_path, "die")
    builder = tmp_path / "builder.yaml"
    builder.write_text(BUILDER)
    environment = {"PATH": f"{tmp_path}:{make_environment()['PATH']}", "TMPDIR": str(tmp_path)}
    arguments = ("run", TASK, "-n", "3", "--engines", "vllm", "--config-path", str(builder))
    ended = run_demur(*arguments, "--output-dir", str(tmp_path / "output"), env=environment)
    assert ended.returncode == 4
    assert "stopped by itself (exit status 3)" in ended.stderr
    assert "torch.OutOfMemoryError: no room for my/guardian, key ***" in ended.stderr
    assert "Traceback" not in ended.stderr
    for started in read_starts(notes):
        wait_until_gone(started.worker)
