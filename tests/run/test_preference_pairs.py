"""Runs that write preference pairs too."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from demur.cli.main import main
from demur.outputs.rejections import REJECTIONS
from tests.run.world import World, read_output, run_world

EVERYTHING = {text for flaws in REJECTIONS.values() for texts in flaws.values() for text in texts}
COMMAND = ["--engines", "embedded", "--output-dir", "output", "-n", "30"]


def read_lines(workspace: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in read_output(workspace, "preferences.jsonl").splitlines()]


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "task.yaml", "--preferences"],
        ["run", "--preferences", "task.yaml"],
        ["run", "--preferences", "plain", "task.yaml"],
        ["run", "task.yaml", "--preferences=plain"],
        ["--preferences", "--task-paths", "task.yaml"],
    ],
)
def test_the_flag_alone_means_plain_strings(
    workspace: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Wherever the flag stands, what follows it is no form unless it is the name of one."""
    assert main([*arguments, *COMMAND]) == 0
    said = capsys.readouterr().out
    lines = read_lines(workspace)
    pairs = [json.loads(line) for line in read_output(workspace, "formatted_output.jsonl").splitlines()]
    assert [(line["prompt"], line["chosen"]) for line in lines] == [(p["instruction"], p["response"]) for p in pairs]
    assert {line["rejected"] for line in lines} <= EVERYTHING
    assert "30 preference pairs: " in said
    assert "preferences.jsonl" in said


def test_messages_are_written_on_demand(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--preferences conversational` writes roles; run.json and the card count the pairs and name the file."""
    assert main(["run", "task.yaml", "--preferences", "conversational", *COMMAND, "--json"]) == 0
    (said,) = json.loads(capsys.readouterr().out)["tasks"]
    lines = read_lines(workspace)
    for line in lines:
        for field, role in (("prompt", "user"), ("chosen", "assistant"), ("rejected", "assistant")):
            (message,) = line[field]  # type: ignore[misc]
            assert message["role"] == role  # type: ignore[has-type]
            assert set(message) == {"role", "content"}  # type: ignore[has-type]
    result = json.loads(read_output(workspace, "run.json"))["result"]
    assert result["preferences"] == said["preferences"]
    written = Counter(line["metadata"]["why"] for line in lines)  # type: ignore[index]
    assert result["preferences"] == {"written": written, "left_out": {}}
    assert result["files"]["preferences.jsonl"].endswith("/preferences.jsonl")
    assert "`preferences.jsonl` holds 30 preference pairs" in read_output(workspace, "README.md").decode()


def test_another_form_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """With code 2, and the forms there are."""
    with pytest.raises(SystemExit) as ended:
        main(["run", "t.yaml", "--preferences=dpo"])
    assert ended.value.code == 2
    assert "plain" in capsys.readouterr().err


async def test_without_the_flag_there_is_no_such_file(workspace: Path) -> None:
    """Neither of this run, nor of an earlier one that would not go with the new files; nothing else changes."""
    await run_world(workspace, World(), outputs=10, preferences="plain")
    before = read_output(workspace)
    assert len(read_lines(workspace)) == 10
    (summary,) = (await run_world(workspace, World(), outputs=10)).summaries
    assert read_output(workspace) == before
    assert not (workspace / "output/tests/lock_picking/preferences.jsonl").exists()
    assert "preferences.jsonl" not in summary.files
    assert "preferences" not in json.loads(read_output(workspace, "run.json"))["result"]


async def test_asking_later_asks_no_model_again(workspace: Path) -> None:
    """On a finished run the pairs come from the journal; a longer run begins with the same lines."""
    await run_world(workspace, World(), outputs=10)
    world = World()
    await run_world(workspace, world, outputs=10, preferences="plain")
    assert world.answered == []
    few = read_output(workspace, "preferences.jsonl").splitlines()
    await run_world(workspace, World(), outputs=20, preferences="plain")
    assert read_output(workspace, "preferences.jsonl").splitlines()[: len(few)] == few


async def test_a_restart_removes_them(workspace: Path) -> None:
    """A restart that fails at once leaves no preference pairs of the forgotten run behind."""
    await run_world(workspace, World(), outputs=10, preferences="plain")
    leftover = workspace / "output/tests/lock_picking/.preferences.jsonl.x.tmp"
    leftover.write_text("half")
    await run_world(workspace, World(), outputs=5, restart=True)
    assert not (workspace / "output/tests/lock_picking/preferences.jsonl").exists()
    assert not leftover.exists()
