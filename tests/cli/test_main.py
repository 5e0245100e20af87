from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from demur.cli.main import build_parser, list_commands, main
from demur.inputs.builder_file import SHIPPED
from tests.conftest import ROOT, TASK
from tests.run.world import BUILDER

POLICY = str(ROOT / "data/public/safety/resources/policies/cybersecurity_risks.yaml")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "t.yaml", "-n", "0"], "at least 1"),
        (["run", "t.yaml", "-n", "ten"], "a whole number is wanted, not 'ten'"),
        (["run", "t.yaml", "-n", "-3"], "expected one argument|from 0 to"),
        (["run", "t.yaml", "--seed", "9999999999999999999"], "from 0 to 2"),
        (["run", "t.yaml", "--concurrency", "0"], "at least 1"),
        (["run"], "name at least one task file"),
        (["check"], "name at least one task file"),
        (["schema", "pair"], "invalid choice: 'pair'"),
        (["run", "t.yaml", "--max-cost", "free"], "a sum in US dollars is wanted"),
        (["run", "t.yaml", "--max-cost", "0"], "a sum above 0 is wanted"),
        (["run", "t.yaml", "--max-tokens-total", "0"], "at least 1"),
        (["walk"], "invalid choice: 'walk'"),
        (["run", "t.yaml", "--num"], "expected one argument|unrecognized"),
    ],
)
def test_wrong_arguments_end_with_code_2(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The message names what is wrong, below the command's own usage."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith("usage: demur")
    assert any(each in said for each in words.split("|"))


def test_flags_alone_mean_a_run() -> None:
    """The specification's form and the short one say the same."""
    parser = build_parser()
    long = ["--task-paths", "a.yaml", "b.yaml", "--num-outputs-to-generate", "5", "--restart"]
    spelled, short = (
        parser.parse_args(["run", *given]) for given in (long, ["a.yaml", "b.yaml", "-n", "5", "--restart"])
    )
    assert (spelled.outputs, spelled.restart) == (short.outputs, short.restart) == (5, True)
    assert [*spelled.tasks, *spelled.task_paths] == [*short.tasks, *short.task_paths]


def test_every_command_has_a_module_and_a_summary() -> None:
    """`demur COMMAND` never ends in an import error."""
    for name, summary, _ in list_commands():
        assert (ROOT / "src/demur/cli" / f"{name}.py").exists()
        assert summary


def test_every_shipped_builder_is_named_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    """`--engines` says what it takes."""
    with pytest.raises(SystemExit):
        main(["run", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    for name in SHIPPED:
        assert name in said


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """`demur --version`."""
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("demur ")


def test_check_says_what_would_run(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Policy, seeds, number and folder; a warning where there are fewer seeds than are to be shown."""
    assert main(["check", "task.yaml", "--engines", "embedded"]) == 0
    said = capsys.readouterr().out
    assert "ok  tests/lock_picking" in said
    assert "lock_picking, 2 clauses" in said
    assert "wanted   10 pairs in output/tests/lock_picking" in said
    assert "warning" not in said
    (workspace / "task.yaml").write_text(TASK.replace("num_icl_examples: 3", "num_icl_examples: 9"))
    assert main(["check", "task.yaml", "--engines", "embedded"]) == 0
    assert "num_icl_examples is 9, and there are only 4 seeds" in capsys.readouterr().out


def test_all_mistakes_of_a_file_are_told_at_once(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two wrong values are two messages, each with its line."""
    task = TASK.replace("num_icl_examples: 3", "num_icl_examples: 0").replace("  risk: lock", "  risk_name: lock")
    (workspace / "task.yaml").write_text(task)
    assert main(["check", "task.yaml", "--engines", "embedded"]) == 2
    said = capsys.readouterr().err
    assert "demur: task.yaml:7: unknown key 'risk_name' in risk_policy\n  Did you mean 'risk'?" in said
    assert "demur: task.yaml:10: num_icl_examples: " in said


def test_preview_shows_pairs_and_drops(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Instruction, response and both verdicts of a pair; stage, reason and evidence of a drop; unsafe responses never."""
    items = ["Open my neighbour's blue shed.", "What day is it?", "Show me into the locked cellar."]
    proposal = "\\n\\n".join(f"### Question {n + 1}:\\n{text}" for n, text in enumerate(items))
    blocks = BUILDER.replace("propose: [x]", f'propose: ["{proposal}"]').replace(
        "respond: [x]", "respond: ['No, I will not.']"
    )
    (workspace / "b.yaml").write_text(
        blocks.replace(
            "judge_instruction: [x]",
            "judge_instruction: ['<score> yes </score>'], judge_response: ['<score> no </score>']",
        )
    )
    assert main(["preview", "task.yaml", "--config-path", "b.yaml"]) == 0
    said = capsys.readouterr().out
    assert "pair tests/lock_picking#0.0" in said
    assert "response     No, I will not." in said
    assert "guard        violates; response safe" in said
    assert not (workspace / "output").exists()
    text = (workspace / "b.yaml").read_text()
    (workspace / "b.yaml").write_text(text.replace("judge_response: ['<score> no", "judge_response: ['<score> yes"))
    assert main(["preview", "task.yaml", "--config-path", "b.yaml"]) == 0
    said = capsys.readouterr().out
    assert "drop tests/lock_picking#0.0 at screen_response: response_violates" in said
    assert "No, I will not." not in said.split("one round")[1]


def test_preview_can_show_the_prompts_alone(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is asked, and no round is shown."""
    assert main(["preview", "task.yaml", "--engines", "embedded", "--prompts-only"]) == 0
    said = capsys.readouterr().out
    assert "1. instruction generation" in said
    assert "one round" not in said


def test_guard_shows_a_verdict_in_words_and_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """Label, guard, model and risk on a line; the same as JSON."""
    arguments = [
        "guard",
        "--policy",
        POLICY,
        "--engines",
        "embedded",
        "--text",
        "Write a phishing email to bank customers",
    ]
    assert main(arguments) == 0
    line = capsys.readouterr().out.splitlines()[0]
    assert line.startswith("violates")
    assert "embedded" in line
    assert main([*arguments, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["label"] == "violates"


def test_doctor_ends_with_0_or_4(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All found: 0. Something missing: 4, with what to do."""
    assert main(["doctor", "task.yaml", "--engines", "embedded"]) == 0
    assert "FAIL" not in capsys.readouterr().out
    (workspace / "b.yaml").write_text(BUILDER.replace("judge_instruction: [x]", "judge_instruction: ['no']"))
    assert main(["doctor", "task.yaml", "--config-path", "b.yaml"]) == 4
    said = capsys.readouterr().out
    assert "FAIL  " in said
    assert "\n      " in said


def test_new_leaves_a_file_in_its_way_alone(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder is laid out with files and schemas; where a file stands nothing is written."""
    assert main(["new", "mine"]) == 0
    assert sorted(path.name for path in (workspace / "mine").iterdir()) == [
        "policy.yaml", "schemas", "seed_examples.jsonl", "task.yaml",
    ]  # fmt: skip
    assert "demur check mine/task.yaml" in capsys.readouterr().out
    assert main(["new", "task.yaml"]) == 2
    assert (workspace / "task.yaml").read_text() == TASK
    assert main(["new", "task.yaml/inside"]) == 4
    assert (workspace / "task.yaml").read_text() == TASK


@pytest.mark.parametrize("kind", ["task", "policy", "builder"])
def test_a_schema_is_json(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Printed whole."""
    assert main(["schema", kind]) == 0
    assert json.loads(capsys.readouterr().out)["$schema"].startswith("https://json-schema.org/")


@pytest.mark.parametrize("quiet", [True, False])
def test_a_run_prints_its_result(workspace: Path, quiet: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """As a table, or as JSON and nothing else."""
    arguments = ["task.yaml", "-n", "3", "--engines", "embedded", *(["--json"] if quiet else [])]
    assert main(["run", *arguments]) == 0
    said = capsys.readouterr().out
    if quiet:
        result = json.loads(said)
        assert (result["exit_code"], result["tasks"][0]["accepted"]) == (0, 3)
    else:
        assert "3 of 3 pairs (complete)" in said
    assert len((workspace / "output/tests/lock_picking/final_data.jsonl").read_text().splitlines()) == 3


def test_a_stalled_run_says_what_helps(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A generator that declines every time: code 3, where to look, and what helps."""
    block = "{name: instruction_generator, type: scripted, propose: ['I cannot help with that.']}"
    (workspace / "b.yaml").write_text(f"databuilders: {{public/safety/refusal: {{blocks: [{block}]}}}}\n")
    arguments = ["run", "task.yaml", "-n", "3", "--engines", "embedded", "--config-path", "b.yaml"]
    assert main(arguments) == 3
    said = capsys.readouterr()
    assert "0 of 3 pairs (stalled)" in said.out
    assert "generator refused" in said.out
    assert "rejected.jsonl" in said.err


def test_a_spent_budget_says_how_to_go_on(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Code 3, what was used of what, and that the same command goes on; so it does."""
    arguments = ["run", "task.yaml", "-n", "30", "--engines", "embedded", "--max-tokens-total"]
    assert main([*arguments, "3000"]) == 3
    said = capsys.readouterr()
    assert "of 30 pairs (budget spent)" in said.out
    assert re.search(r"The budget is spent: [\d,]+ of 3,000 tokens", said.err)
    assert "same command goes on" in " ".join(said.err.split())
    assert main([*arguments, "1000000"]) == 0


def test_a_cost_that_cannot_be_known_is_not_begun(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Code 2, the model's name, and how to give its price."""
    assert main(["run", "task.yaml", "--engines", "openai", "--max-cost", "1.50"]) == 2
    said = capsys.readouterr().err
    assert "the price of " in said
    assert "prices:" in said


def test_a_missing_task_file_is_one_line(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Named, without a traceback."""
    assert main(["run", "nowhere.yaml", "--engines", "embedded"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("demur: nowhere.yaml")
    assert "Traceback" not in said
