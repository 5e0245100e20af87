from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from demur.inputs.builder_file import read_builder
from demur.run.plan import Options, make_plan
from demur.run.trace import compose_command, compose_full_command, describe_decisions, list_languages, show_path
from tests.cli.commands import run_demur
from tests.run.world import World, read_output, run_world
from tests.samples import make_pair

GUARDS = {
    "{type: validators/granite_guardian, model_version: '3.3', lm_config: {type: scripted}}": (
        "validators/granite_guardian, model_version 3.3, think False, criteria of the policy"
    ),
    "{type: validators/granite_guardian, model_version: '3.3', criteria_id: harm, lm_config: {type: scripted}}": (
        "validators/granite_guardian, model_version 3.3, think False, criteria_id harm"
    ),
    "{type: validators/ensemble, rule: any, guards: [{type: validators/embedded}, {type: validators/wildguard, "
    "lm_config: {type: scripted}}]}": "any of: validators/embedded; validators/wildguard",
}


def test_the_command_on_a_card_makes_the_same_dataset_again(workspace: Path) -> None:
    """Taken from the card and run elsewhere, it gives every file byte for byte, but for times and places in run.json."""
    ended = run_demur("run", "task.yaml", "--engines", "embedded", "-n", "4", "--preferences", "--concurrency", "2",
                      "--output-dir", "one", cwd=workspace)  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    card = read_output(workspace, "README.md", "one").decode()
    found = re.search(r"```sh\n(demur .*)\n```", card)
    assert found
    command = shlex.split(found[1])
    assert command == [
        "demur",
        "run",
        "task.yaml",
        "-n",
        "4",
        "--seed",
        "0",
        "--engines",
        "embedded",
        "--preferences",
        "plain",
    ]
    again = run_demur(*command[1:], cwd=workspace)
    assert again.returncode == 0, again.stderr
    names = sorted(
        path.name for path in (workspace / "one/tests/lock_picking").iterdir() if path.suffix in (".jsonl", ".md")
    )
    assert len(names) == 5
    for name in [*names, "croissant.json"]:
        assert read_output(workspace, name, "one") == read_output(workspace, name), name


async def test_the_run_record_has_the_whole_command_and_what_decided(workspace: Path) -> None:
    """With what does not change the dataset: the output folder, concurrency, the budget, and a fresh start."""
    result = await run_world(workspace, World(), outputs=3, concurrency=2, restart=True, max_tokens_total=10**9)
    assert result.exit_code == 0
    record = json.loads(read_output(workspace, "run.json"))
    assert record["command"] == shlex.join(
        ["demur", "run", str(workspace / "task.yaml"), "-n", "3", "--seed", "0", "--config-path", str(workspace / "builder.yaml"),
         "--output-dir", str(workspace / "output"), "--concurrency", "2", "--max-tokens-total", "1000000000", "--restart"]
    )  # fmt: skip
    assert record["decisions"]["dedup"] == "ROUGE-L (f1) from 0.7 on"
    assert record["decisions"]["guard"].startswith("validators/granite_guardian, model_version 3.3")


async def test_no_folder_of_its_maker_stands_on_a_card(workspace: Path) -> None:
    """Paths lead from the folder of the run, also where the command line named them in full."""
    assert (await run_world(workspace, World(), outputs=3)).exit_code == 0
    for name in ("README.md", "croissant.json"):
        assert str(workspace) not in read_output(workspace, name).decode()
    assert (
        "demur run task.yaml -n 3 --seed 0 --config-path builder.yaml" in read_output(workspace, "README.md").decode()
    )


def test_paths_elsewhere_are_shown_by_their_name(workspace: Path) -> None:
    """What lies outside the current folder says nothing of where."""
    assert show_path(workspace / "a" / "b.yaml") == "a/b.yaml"
    assert show_path(Path("a/b.yaml")) == "a/b.yaml"
    assert show_path(workspace.parent / "b.yaml") == "b.yaml"
    assert show_path(Path("../secret/b.yaml")) == "b.yaml"


def test_a_task_that_looks_like_an_option_is_none(workspace: Path) -> None:
    """The command names it so that it is read as a file."""
    (workspace / "-n.yaml").write_text((workspace / "task.yaml").read_text())
    plan = make_plan([Path("-n.yaml")], Options(engines="embedded"))
    assert compose_command(plan.tasks[0], plan)[2] == "./-n.yaml"
    assert "./-n.yaml" in compose_full_command(plan.tasks[0], plan)


def test_tasks_that_want_different_numbers_keep_their_own(workspace: Path) -> None:
    """One -n for all would change the others."""
    text = (workspace / "task.yaml").read_text()
    other = text.replace("tests/lock_picking", "tests/other") + "runner_config: {num_outputs_to_generate: 77}\n"
    (workspace / "other.yaml").write_text(other)
    plan = make_plan([Path("task.yaml"), Path("other.yaml")], Options(engines="embedded"))
    command = compose_command(plan.tasks[0], plan)
    assert command == ("demur", "run", "task.yaml", "other.yaml", "--seed", "0", "--engines", "embedded")


@pytest.mark.parametrize("guard", GUARDS)
def test_a_guard_is_told_with_its_settings(workspace: Path, guard: str) -> None:
    """Type, version and criteria, of each member of an ensemble; and not the server that it runs on."""
    path = workspace / "builder.yaml"
    path.write_text(
        f"databuilders:\n  public/safety/refusal:\n    blocks:\n      - {{name: granite_guardian, {guard[1:]}\n"
    )
    plan = make_plan([Path("task.yaml")], Options(engines="embedded"))
    decisions = describe_decisions(read_builder(path, "embedded", {"DGT_DATA_DIR": "data"}), plan.tasks[0])
    assert decisions["guard"] == GUARDS[guard]


def test_languages_are_those_of_the_responses() -> None:
    """The most frequent first; a text that tells nothing counts for none, and one in a hundred is no language yet."""
    german = make_pair(response="Dabei kann ich Ihnen nicht helfen. Ein Schlosser hilft Ihnen gern mit dem Schloss.")
    french = make_pair(response="Je ne peux pas vous aider avec cela, mais un serrurier pourra le faire pour vous.")
    english, silent = make_pair(), make_pair(response="12345")
    assert list_languages([german, english, english, silent]) == ("en", "de")
    assert list_languages([*[english] * 120, french]) == ("en",)
    assert list_languages([]) == ()
