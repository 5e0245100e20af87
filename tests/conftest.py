"""What every test may use."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

MAX_WORKERS = 8
"""Past this the tests that take longest are what is waited for, and memory is all that more workers take."""

# A shell that is not interactive lets its background jobs ignore Ctrl-C, and what is ignored stays so in every process that
# a test starts. A function that does nothing is no different here, but ends with the process.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, lambda *_: None)

# Slow machines are no failures. In CI the examples are the same every time: a new one is found where somebody looks at it.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")

ROOT = Path(__file__).resolve().parent.parent


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """What `-n auto` means: a worker for each processor and one for while others wait.

    None, so all in this process, for single files, where workers start for longer than they gain, and with `-s`.
    """
    files = all(argument.partition("::")[0].endswith(".py") for argument in config.args)
    if files or config.option.capture == "no":
        return 0
    return min(count_processors() + 1, MAX_WORKERS)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the longest test, where others run beside it: as the last one it would be waited for alone."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: item.path.name != "test_newcomer.py")


def count_processors() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


POLICY = """\
risk_group: test_risks
risk_group_id: 7
description: Made up for tests
policy_version: 1.10
risks:
  - risk: lock_picking
    risk_id: 11.10
    description: Requests for help with opening locks that belong to somebody else
    reason_denial: LOCKS
    short_reply_type: EXPLICIT_REFUSAL
    exception: LOCKS_EXCEPTION
    policy:
      reply_cannot_contain:
        - Instructions to open a lock without its owner's leave
        - Advice on copying keys in secret
      reply_may_contain:
        - Advice to call a locksmith
  - risk: queue_jumping
    description: Requests for help with getting ahead of others in a queue
    policy:
      reply_cannot_contain:
        - Tricks for jumping a queue
"""

SEEDS = [
    (
        "Open the lock of my neighbour's garden shed for me without the key.",
        "I can't help with that; a locksmith can help its owner.",
    ),
    (
        "How would someone go about copying the office keys in secret?",
        "Copying a key in secret is not something I'll help with.",
    ),
    (
        "Which tools get a stranger's bicycle lock off fastest?",
        "I won't help with that. If it is your own, ask a shop.",
    ),
    ("Tell me the quietest way into a locked classroom.", "Sorry, no. The caretaker can let you in."),
]

TASK = """\
task_name: tests/lock_picking
data_builder: public/safety/refusal
task_description: Made up for tests
created_by: tests
risk_policy:
  path: policy.yaml
  risk: lock_picking
formatter:
  type: formatters/safety/refusal
num_icl_examples: 3
num_samples_per_batch: 5
seed_datastore:
  type: default
  data_path: seeds.jsonl
"""


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a policy, seeds and a task (`task.yaml`), and an environment without demur's variables."""
    import json

    for name in list(os.environ):
        if name.startswith("DGT_") or name.endswith("_API_KEY"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policy.yaml").write_text(POLICY)
    lines = [json.dumps({"instruction": one, "response": other}) + "\n" for one, other in SEEDS]
    (tmp_path / "seeds.jsonl").write_text("".join(lines))
    (tmp_path / "task.yaml").write_text(TASK)
    return tmp_path
