from __future__ import annotations

import json
from pathlib import Path

import pytest

from demur.errors import InputError, TemplateFault
from demur.run.plan import DEFAULT_OUTPUTS, DEFAULT_SEED, Options, Plan, make_plan
from tests.conftest import TASK

NAME = Path("tests/lock_picking")


def plan(workspace: Path, more: str = "", **options: object) -> Plan:
    """The plan of the workspace's task, with more keys in it."""
    (workspace / "task.yaml").write_text(TASK + more)
    return make_plan([workspace / "task.yaml"], Options(engines="embedded", **options))  # type: ignore[arg-type]


RUNNER = "runner_config:\n  num_outputs_to_generate: 7\n  output_dir: from_task\n"


def test_the_commands_number_goes_before_the_tasks_before_the_default(workspace: Path) -> None:
    """-n, then num_outputs_to_generate, then 10."""
    assert plan(workspace, RUNNER, outputs=3).tasks[0].wanted == 3
    assert plan(workspace, RUNNER).tasks[0].wanted == 7
    assert plan(workspace).tasks[0].wanted == DEFAULT_OUTPUTS == 10


def test_the_commands_seed_goes_before_the_tasks_before_the_default(workspace: Path) -> None:
    """--seed, then random_seed, then 0; a seed of 0 is one that was given."""
    assert plan(workspace, "random_seed: 5\n", seed=3).tasks[0].seed == 3
    assert plan(workspace, "random_seed: 5\n", seed=0).tasks[0].seed == 0
    assert plan(workspace, "random_seed: 5\n").tasks[0].seed == 5
    assert plan(workspace).tasks[0].seed == DEFAULT_SEED == 0


def test_where_outputs_go(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--output-dir, then the task's output_dir, then DGT_OUTPUT_DIR, then `output`; the task's name is the path in it."""
    monkeypatch.setenv("DGT_OUTPUT_DIR", "from_environment")
    assert plan(workspace, RUNNER, output_dir=Path("from_command")).tasks[0].folder == "from_command" / NAME
    assert plan(workspace, RUNNER).tasks[0].folder == "from_task" / NAME
    assert plan(workspace).tasks[0].folder == "from_environment" / NAME
    monkeypatch.delenv("DGT_OUTPUT_DIR")
    task = plan(workspace).tasks[0]
    assert task.folder == "output" / NAME
    assert task.journal_path == "output" / NAME / "journal.sqlite"


def test_the_data_folder_is_the_commands_or_the_environments(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--data-dir, then DGT_DATA_DIR, then `data`, is what ${DGT_DATA_DIR} means in files."""
    task = TASK.replace("data_path: seeds.jsonl", "data_path: ${DGT_DATA_DIR}/seeds.jsonl")
    (workspace / "task.yaml").write_text(task)
    for name in ("data", "from_environment", "from_command"):
        (workspace / name).mkdir()
        (workspace / name / "seeds.jsonl").write_text(json.dumps({"instruction": name, "response": "No."}))

    def read_first(data_dir: Path | None = None) -> str:
        options = Options(engines="embedded", data_dir=data_dir)
        return make_plan([workspace / "task.yaml"], options).tasks[0].inputs.seeds[0].instruction

    assert read_first() == "data"
    monkeypatch.setenv("DGT_DATA_DIR", "from_environment")
    assert read_first() == "from_environment"
    assert read_first(Path("from_command")) == "from_command"


def test_a_task_of_the_same_name_stands_once(workspace: Path) -> None:
    """Two tasks of one name would write into one folder: refused, with the file that brings the second."""
    (workspace / "other.yaml").write_text(TASK)
    with pytest.raises(InputError, match=r"other\.yaml: the task 'tests/lock_picking' stands twice") as raised:
        make_plan([workspace / "task.yaml", workspace / "other.yaml"], Options(engines="embedded"))
    assert "task_name" in raised.value.hint


def test_tasks_come_in_the_order_in_which_they_were_named(workspace: Path) -> None:
    """Files in order, and the documents of each in order."""
    texts = [TASK.replace("tests/lock_picking", f"tests/t{number}") for number in range(3)]
    (workspace / "a.yaml").write_text(texts[2])
    (workspace / "b.yaml").write_text("---\n".join(texts[:2]))
    made = make_plan([workspace / "a.yaml", workspace / "b.yaml"], Options(engines="embedded"))
    assert [task.inputs.name for task in made.tasks] == ["tests/t2", "tests/t0", "tests/t1"]


def test_a_link_out_of_the_output_folder_is_refused(workspace: Path) -> None:
    """The name was checked, but a symbolic link inside the folder leads elsewhere: nothing is written there."""
    (workspace / "output").mkdir()
    (workspace / "elsewhere").mkdir()
    (workspace / "output" / "tests").symlink_to(workspace / "elsewhere")
    with pytest.raises(InputError, match="leads out of"):
        plan(workspace)


def test_an_output_folder_that_is_itself_a_link_is_fine(workspace: Path) -> None:
    """A person may keep outputs on another disk."""
    (workspace / "elsewhere").mkdir()
    (workspace / "output").symlink_to(workspace / "elsewhere")
    assert plan(workspace).tasks[0].folder == "output" / NAME


def test_templates_are_read_with_the_plan(workspace: Path) -> None:
    """The builder's own template is taken, and a wrong one is told before anything runs."""
    config = workspace / "b.yaml"
    blocks = "[{name: response_generator, template: own.jinja}]"
    config.write_text(f"databuilders: {{public/safety/refusal: {{blocks: {blocks}}}}}\n")
    (workspace / "own.jinja").write_text("{% block user %}{{ instruction }}{% endblock %}")
    made = plan(workspace, config=config)
    assert made.respond_template.text == "{% block user %}{{ instruction }}{% endblock %}"
    assert made.propose_template.path == "propose.jinja"
    (workspace / "own.jinja").write_text("{% block user %}{{ nothing }}{% endblock %}")
    with pytest.raises(TemplateFault, match=r"own\.jinja:1: .*'nothing'"):
        plan(workspace, config=config)


def test_a_plan_writes_nothing(workspace: Path) -> None:
    """Reading and checking leave no trace."""
    before = sorted(workspace.rglob("*"))
    plan(workspace)
    assert sorted(workspace.rglob("*")) == before
