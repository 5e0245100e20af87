"""A hostile policy, hostile seeds, hostile models and hostile names: none of them steers the terminal, whatever is run."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.commands import make_environment

PAYLOAD = "a\x1b]0;pwned\x07\x1b[31mb\x1b[2J\u202ec\u2066d\x9b31me\x08f\x7fg\u200fh\r\u2028i\U000e0041j"
FORBIDDEN = (
    "\x1b]0;",
    "\x1b[31mb",
    "\x1b[2J",
    "\u202e",
    "\u2066",
    "\x9b",
    "\x08",
    "\x7f",
    "\u200f",
    "\u2028",
    "\U000e0041",
    "\x07",
)

CONFIG = {
    "databuilders": {
        "public/safety/refusal": {
            "blocks": [
                {"name": "instruction_generator", "type": "scripted",
                 "propose": [f"1. Open the lock of the {PAYLOAD} shed {{n}}\n2. Copy the keys of {PAYLOAD} {{n}}", PAYLOAD]},
                {"name": "dedup", "type": "rouge_scorer", "threshold": 1.0},
                {"name": "response_generator", "type": "scripted", "respond": [f"I won't help with {PAYLOAD}."]},
            ]
        }
    }
}  # fmt: skip
SCRIPTED_GUARD = {
    "name": "granite_guardian",
    "lm_config": {
        "type": "scripted",
        "judge_instruction": [f"<score>yes</score>{PAYLOAD}"],
        "judge_response": [PAYLOAD],
    },
}
COMMANDS = {
    "check": ["check", "task.yaml", "--engines", "embedded"],
    "preview": ["preview", "task.yaml", "--engines", "embedded", "--config-path", "b.yaml"],
    "preview with a guard that says odd things": ["preview", "task.yaml", "--config-path", "guard.yaml"],
    "doctor": ["doctor", "task.yaml", "--engines", "embedded", "--config-path", "b.yaml"],
    "doctor of an address that is none": [
        "doctor",
        "task.yaml",
        "--engines",
        "openai",
        "--config-path",
        "address.yaml",
    ],
    "run": ["run", "task.yaml", "--engines", "embedded", "--config-path", "b.yaml", "-n", "2"],
    "run --json": ["run", "task.yaml", "--engines", "embedded", "--config-path", "b.yaml", "-n", "2", "--json"],
    "run into a folder of that name": [
        "run",
        "task.yaml",
        "--engines",
        "embedded",
        "-n",
        "1",
        "--output-dir",
        f"o{PAYLOAD}",
    ],
    "clean": ["clean", ".", "--dry-run"],
    "clean of a name": ["clean", PAYLOAD],
    "guard": ["guard", "--policy", "policy.yaml", "--text", PAYLOAD, "--engines", "embedded"],
    "guard --json": ["guard", "--policy", "policy.yaml", "--text", PAYLOAD, "--engines", "embedded", "--json"],
    "guard of a risk": ["guard", "--policy", "policy.yaml", "--risk", PAYLOAD, "--text", "x", "--engines", "embedded"],
    "dedupe": ["dedupe", f"data{PAYLOAD}.jsonl", "-o", f"out{PAYLOAD}.jsonl", "--pairs", "pairs.jsonl"],
    "dedupe of bad lines": ["dedupe", "bad.jsonl", "-o", "out.jsonl", "--skip-bad"],
    "dedupe --json": ["dedupe", "bad.jsonl", "-o", "out.jsonl", "--skip-bad", "--json"],
    "a missing field": ["dedupe", "bad.jsonl", "-o", "out.jsonl"],
    "a missing file": ["check", f"{PAYLOAD}.yaml"],
    "an unknown argument": ["run", f"--{PAYLOAD}"],
    "an unknown command": [PAYLOAD],
    "an odd number": ["run", "task.yaml", "-n", PAYLOAD],
    "new": ["new", f"new{PAYLOAD}"],
    "a wrong key": ["check", "wrong.yaml"],
}


def write_yaml(path: Path, content: object) -> None:
    """Write JSON that YAML reads too: it knows no pairs of surrogates."""
    path.write_text(json.dumps(content).replace(r"\udb40\udc41", r"\U000e0041"))


WORKS = {"check", "preview", "preview with a guard that says odd things", "run", "run --json", "run into a folder of that name", "doctor",
         "clean", "guard", "guard --json", "dedupe", "dedupe of bad lines", "dedupe --json", "new"}  # fmt: skip


@pytest.fixture
def hostile(workspace: Path) -> Path:
    """A working folder in which every text is hostile."""
    risk = {"risk": f"r{PAYLOAD}", "risk_id": PAYLOAD, "description": f"Requests for help with opening {PAYLOAD} locks",
            "short_reply_type": PAYLOAD, "policy": {"reply_cannot_contain": [f"Instructions to open a lock {PAYLOAD}"]}}  # fmt: skip
    write_yaml(workspace / "policy.yaml", {"risk_group": PAYLOAD, "policy_version": PAYLOAD, "risks": [risk]})
    seeds = [{"instruction": f"Open the lock of {PAYLOAD} number {n}", "response": f"No {PAYLOAD}."} for n in range(3)]
    (workspace / "seeds.jsonl").write_text("".join(json.dumps(seed) + "\n" for seed in seeds))
    task = {"task_name": "t/t", "data_builder": "public/safety/refusal", "task_description": PAYLOAD, "created_by": PAYLOAD,
            "risk_policy": {"path": "policy.yaml"}, "seed_datastore": {"type": "default", "data_path": "seeds.jsonl"}}  # fmt: skip
    write_yaml(workspace / "task.yaml", task)
    write_yaml(workspace / "wrong.yaml", {**task, PAYLOAD: 1, "formatter": {"type": PAYLOAD}})
    write_yaml(workspace / "b.yaml", CONFIG)
    blocks = CONFIG["databuilders"]["public/safety/refusal"]["blocks"]
    guarded = {"databuilders": {"public/safety/refusal": {"blocks": [*blocks, SCRIPTED_GUARD]}}}
    write_yaml(workspace / "guard.yaml", guarded)
    address = {
        "name": "instruction_generator",
        "type": "openai",
        "base_url": f"http://{PAYLOAD}",
        "model_id_or_path": PAYLOAD,
    }
    (workspace / "address.yaml").write_text(
        json.dumps({"databuilders": {"public/safety/refusal": {"blocks": [address]}}})
    )
    lines = [json.dumps({"instruction": f"{PAYLOAD} {n // 2}"}) for n in range(4)]
    (workspace / f"data{PAYLOAD}.jsonl").write_text("\n".join(lines) + "\n")
    (workspace / "bad.jsonl").write_text(json.dumps({PAYLOAD: 1}) + "\n")
    (workspace / "o").mkdir()
    (workspace / "o" / f"journal{PAYLOAD}").mkdir()
    (workspace / "o" / f"journal{PAYLOAD}" / "journal.sqlite").touch()
    return workspace


@pytest.mark.parametrize("terminal", [False, True], ids=["piped", "at a terminal"])
@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_nothing_printed_steers_the_terminal(hostile: Path, name: str, terminal: bool) -> None:
    """Control characters, escape sequences and marks that turn text round are shown, never sent."""
    command = [sys.executable, "-m", "demur", *COMMANDS[name]]
    if terminal:
        said, code = run_at_terminal(command, hostile)
    else:
        ended = subprocess.run(
            command,
            cwd=hostile,
            env=make_environment(measured=False),
            capture_output=True,
            timeout=60,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        said = (ended.stdout + ended.stderr).decode()
        code = ended.returncode
        assert "\r" not in said
    assert said.strip()
    assert (code == 0) is (name in WORKS), said
    assert "Traceback" not in said
    assert [sign for sign in FORBIDDEN if sign in said] == []


def run_at_terminal(command: list[str], folder: Path) -> tuple[str, int]:
    """What a command sends to a terminal of its own, and its exit code."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command,
        cwd=folder,
        env=make_environment({"TERM": "xterm-256color"}),
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        parts = []
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # Linux says so when the other side is closed
                break
            if not part:
                break
            parts.append(part)
        process.wait(60)
    os.close(ours)
    return b"".join(parts).decode(), process.returncode


def test_no_file_of_a_run_steers_a_terminal(hostile: Path) -> None:
    """Whoever looks into the outputs with `cat` sees text."""
    command = [sys.executable, "-m", "demur", *COMMANDS["run"]]
    subprocess.run(command, cwd=hostile, env=make_environment(), capture_output=True, timeout=60, check=False)
    files = [path for path in (hostile / "output" / "t" / "t").iterdir() if path.suffix != ".sqlite"]
    assert len(files) == 7
    for path in files:
        text = path.read_text()
        assert [sign for sign in FORBIDDEN if sign in text and sign != "\U000e0041"] == [], path


def test_text_cannot_pass_for_a_line_of_demurs_own(hostile: Path) -> None:
    """A line break in a risk's name does not begin a line of `demur check`."""
    policy = (hostile / "policy.yaml").read_text()
    (hostile / "policy.yaml").write_text(policy.replace('"risk": "', '"risk": "r\\nok  builder mine.yaml', 1))
    command = [sys.executable, "-m", "demur", *COMMANDS["check"]]
    ended = subprocess.run(
        command, cwd=hostile, env=make_environment(), capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert r"r\nok  builder mine.yaml" in ended.stdout
    assert not any(line.startswith("ok  builder mine") for line in ended.stdout.splitlines())


def test_preview_withholds_what_no_guard_rated_safe(hostile: Path) -> None:
    """A response whose verdict cannot be read is not shown, and neither are the guard's words, which may quote it."""
    guard = {**SCRIPTED_GUARD, "lm_config": {"type": "scripted", "judge_instruction": ["<score>yes</score>"],
                                             "judge_response": ["it said ZEBRA"]}}  # fmt: skip
    blocks = [*CONFIG["databuilders"]["public/safety/refusal"]["blocks"][:2],
              {"name": "response_generator", "type": "scripted", "respond": ["Sure: take a ZEBRA."]}, guard]  # fmt: skip
    write_yaml(hostile / "zebra.yaml", {"databuilders": {"public/safety/refusal": {"blocks": blocks}}})
    command = [sys.executable, "-m", "demur", "preview", "task.yaml", "--config-path", "zebra.yaml"]
    ended = subprocess.run(
        command, cwd=hostile, env=make_environment(), capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert "verdict_unreadable" in ended.stdout
    assert "withheld (" in ended.stdout
    assert "ZEBRA" not in ended.stdout + ended.stderr
