from __future__ import annotations

import json
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

from tests.cli.commands import ROOT, run_demur, start_demur
from tests.servers.spawned import spawn_server

TASK = "tasks/public/safety/refusal/cybersecurity/task.yaml"
SPAM = Path("public/safety/refusal/cybersecurity/spam_phishing")
SHARES = ("--benign-share", "0.2", "--compliant-share", "0.1", "--repeated-share", "0.1")


def write_builder(folder: Path, url: str) -> None:
    engine = f"type: openai, base_url: {url}/v1, api_key: sk-secret-key, model_id_or_path: simulated"
    (folder / "builder.yaml").write_text(
        "name: public/safety/refusal\nblocks:\n"
        f"  - {{name: instruction_generator, {engine}}}\n"
        "  - {name: dedup, type: rouge_scorer, threshold: 0.7}\n"
        f"  - {{name: response_generator, {engine}}}\n"
        "  - name: granite_guardian\n    type: validators/granite_guardian\n    model_version: '3.3'\n"
        f"    lm_config: {{{engine}}}\n"
    )


def count_requests(url: str) -> int:
    with urllib.request.urlopen(f"{url}/_simulated/metrics") as answer:
        counts = json.load(answer)["counts"]
    return sum(number for kind, number in counts.items() if kind != "probe")


def wait_for_requests(url: str, number: int, process: subprocess.Popen[str]) -> None:
    while count_requests(url) < number:
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)


def test_the_specifications_command_line_works_letter_for_letter(tmp_path: Path) -> None:
    """`python -m fms_dgt.public` with the specification's own flags writes the specification's files at its paths."""
    arguments = ["--task-paths", f"./{TASK}", "--num-outputs-to-generate", "10", "--restart"]
    env = {"DGT_OUTPUT_DIR": str(tmp_path)}
    ended = run_demur(*arguments, "--engines", "embedded", module="fms_dgt.public", env=env)
    assert ended.returncode == 0, ended.stderr
    full = [json.loads(line) for line in (tmp_path / SPAM / "final_data.jsonl").read_text().splitlines()]
    pairs = [json.loads(line) for line in (tmp_path / SPAM / "formatted_output.jsonl").read_text().splitlines()]
    assert len(full) == len(pairs) == 10
    assert all(set(pair) == {"instruction", "response"} for pair in pairs)
    wanted = {"risk", "risk_description", "risk_group", "risk_group_id", "risk_id", "reason_denial", "short_reply_type",
              "exception", "policy_version", "mode"}  # fmt: skip
    for record, pair in zip(full, pairs, strict=True):
        assert wanted <= set(record["metadata"])
        assert {name: record[name] for name in pair} == pair
        assert record["source"].startswith("embedded")
    assert "embedded" in (tmp_path / SPAM / "README.md").read_text()


@pytest.mark.parametrize("form", [["run", TASK], ["--task-paths", TASK], ["run", "--task-paths", TASK]])
def test_every_form_of_the_command_means_the_same(tmp_path: Path, form: list[str]) -> None:
    """Positional task files, the specification's flag, and no command at all are one command."""
    ended = run_demur(*form, "-n", "3", "--engines", "embedded", "--output-dir", str(tmp_path))
    assert ended.returncode == 0, ended.stderr
    assert len((tmp_path / SPAM / "final_data.jsonl").read_text().splitlines()) == 3
    for word in ("screen instruction", "3 of 3 pairs", "final_data.jsonl"):
        assert word in ended.stdout


def test_json_is_all_that_is_printed(tmp_path: Path) -> None:
    """`--json` prints one JSON object: exit code, and for each task the counts by stage and the files."""
    ended = run_demur("run", TASK, "-n", "3", "--engines", "embedded", "--output-dir", str(tmp_path), "--json")
    said = json.loads(ended.stdout)
    assert said["exit_code"] == 0
    assert [task["accepted"] for task in said["tasks"]] == [3, 3]
    assert ended.stderr == ""


def test_ctrl_c_stops_and_says_how_to_go_on(workspace: Path) -> None:
    """An interrupt ends the run with code 130 and what there is on disk, even while the server is silent."""
    with spawn_server("--median-s", "0.05", *SHARES) as url:
        write_builder(workspace, url)
        command = ["run", "task.yaml", "-n", "5000", "--config-path", "builder.yaml"]
        process = start_demur(*command, cwd=workspace)
        journal = workspace / "output" / "tests" / "lock_picking" / "journal.sqlite"
        wait_for_requests(url, 50, process)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "run the same command again" in said
    assert journal.exists()
    final = journal.with_name("final_data.jsonl").read_text().splitlines()
    assert all(json.loads(line)["response"] for line in final)
    assert json.loads(journal.with_name("run.json").read_text())["result"]["status"] == "interrupted"


def test_a_plain_line_tells_of_long_work(workspace: Path) -> None:
    """Without a terminal a line every few seconds says how far it is."""
    with spawn_server("--median-s", "0.9") as url:
        write_builder(workspace, url)
        ended = run_demur(
            "run", "task.yaml", "-n", "8", "--config-path", "builder.yaml", "--concurrency", "4", cwd=workspace
        )
    assert ended.returncode == 0
    assert "of 8 accepted" in ended.stderr
    assert "in flight" in ended.stderr


def test_no_key_reaches_an_output_or_the_terminal(workspace: Path) -> None:
    """The builder's api_key is in no file under the output folder and in nothing that is printed."""
    with spawn_server() as url:
        write_builder(workspace, url)
        ended = run_demur("run", "task.yaml", "-n", "3", "--config-path", "builder.yaml", cwd=workspace)
    assert ended.returncode == 0
    assert "sk-secret-key" not in ended.stdout + ended.stderr
    for path in (workspace / "output").rglob("*"):
        assert not path.is_file() or b"sk-secret-key" not in path.read_bytes()


def test_an_endpoint_that_is_not_there_ends_with_code_4(workspace: Path) -> None:
    """One message that names the address, and no traceback."""
    write_builder(workspace, "http://127.0.0.1:9")
    ended = run_demur("run", "task.yaml", "-n", "3", "--config-path", "builder.yaml", cwd=workspace)
    assert ended.returncode == 4
    assert "nothing answers at http://127.0.0.1:9" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "missing.yaml"], "missing.yaml: no such file"),
        (["run", "task.yaml", "--engines", "olama"], "Did you mean 'ollama'?"),
        (["run", "task.yaml", "-n", "0"], "at least 1"),
        (["run", "task.yaml", "-n", "many"], "a whole number is wanted, not 'many'"),
        (["run"], "name at least one task file"),
        (["run", "task.yaml", "task.yaml", "--engines", "embedded"], "stands twice"),
        (["rum", "task.yaml"], "invalid choice"),
        (["check", "task.yaml", "--config-path", "nowhere.yaml"], "nowhere.yaml: no such file"),
    ],
)
def test_wrong_input_ends_with_code_2_and_no_traceback(workspace: Path, arguments: list[str], words: str) -> None:
    """A mistake on the command line or in a file is one message."""
    ended = run_demur(*arguments, cwd=workspace)
    assert ended.returncode == 2
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr


def test_two_runs_cannot_share_an_output_folder(workspace: Path) -> None:
    """The second run is refused while the first one works, and says which process that is."""
    with spawn_server("--median-s", "0.3") as url:
        write_builder(workspace, url)
        command = ["run", "task.yaml", "-n", "500", "--config-path", "builder.yaml"]
        first = start_demur(*command, cwd=workspace)
        wait_for_requests(url, 1, first)
        second = run_demur(*command, cwd=workspace)
        first.kill()
        first.communicate()
    assert second.returncode == 4
    assert f"another run (process {first.pid}) is writing to this folder" in second.stderr


def list_checkout() -> set[Path]:
    """What lies at the top, but for what other tests leave there meanwhile."""
    return {path for path in ROOT.iterdir() if not path.name.startswith((".coverage", ".hypothesis", ".pytest_cache"))}


def test_nothing_is_written_outside_the_output_folder(tmp_path: Path) -> None:
    """A run from a checkout leaves the checkout as it was."""
    before = list_checkout()
    run_demur("run", TASK, "-n", "2", "--engines", "embedded", "--output-dir", str(tmp_path))
    assert list_checkout() == before


def test_a_stalled_task_says_what_happened_and_what_helps(tmp_path: Path) -> None:
    """Where every response was unfit the terminal speaks of responses, not of seeds."""
    config = tmp_path / "builder.yaml"
    config.write_text(
        "name: public/safety/refusal\nblocks:\n"
        "  - {name: instruction_generator, type: embedded}\n"
        "  - {name: dedup, type: rouge_scorer, threshold: 0.7}\n"
        "  - {name: response_generator, type: scripted, respond: ['']}\n"
        "  - {name: granite_guardian, type: validators/embedded}\n"
    )
    ended = run_demur("run", TASK, "-n", "3", "--config", str(config), "--output-dir", str(tmp_path / "out"))
    assert ended.returncode == 3
    assert "stalled at 0 of 3 pairs: " in ended.stderr
    assert "brought 0 of 3: 50 rounds in a row brought no accepted pair" in ended.stderr
    assert "for response_empty. Nothing is left of the replies without thinking: raise `max_tokens`" in ended.stderr
    assert "seeds" not in ended.stderr
