from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Sequence
from pathlib import Path

from demur.run.plan import Options, make_plan
from demur.run.runner import Runner
from demur.stages.novelty import NoveltyIndex
from tests.run.world import BUILDER, World

TASKS = ("lock_picking", "queue_jumping", "lock_picking_again")
FILES = ("final_data.jsonl", "formatted_output.jsonl", "rejected.jsonl")
REPETITIVE = World(duplicate=0.3, safe=0.0, unsafe=0.0, unreadable=0.0)


def make_shared_runner(
    workspace: Path, world: World, output: str, *, concurrency: int = 8, scope: str = "run"
) -> Runner:
    """A runner of three tasks whose generators repeat the same few requests."""
    first = (workspace / "task.yaml").read_text()
    again = first.replace("task_name: tests/lock_picking", "task_name: tests/lock_picking_again")
    documents = [first, first.replace("lock_picking", "queue_jumping"), again]
    (workspace / "tasks.yaml").write_text("---\n".join(documents))
    config = workspace / "builder.yaml"
    config.write_text(BUILDER.replace("threshold: 0.7", f"threshold: 0.7, scope: {scope}"))
    options = Options(
        config=config,
        replacements=world.engines(),
        output_dir=workspace / output,
        concurrency=concurrency,
        outputs=25,
    )
    return Runner(make_plan([workspace / "tasks.yaml"], options))


def read_files(workspace: Path, output: str) -> list[bytes]:
    return [(workspace / output / "tests" / task / name).read_bytes() for task in TASKS for name in FILES]


def read_rows(workspace: Path, output: str, name: str, tasks: Sequence[str] = TASKS) -> list[dict[str, object]]:
    return [
        json.loads(line)
        for task in tasks
        for line in (workspace / output / "tests" / task / name).read_text().splitlines()
    ]


async def test_tasks_of_a_run_share_what_was_admitted(workspace: Path) -> None:
    """No accepted request of any task is near to another task's, or to its seeds; a drop names the other task's draft."""
    result = await make_shared_runner(workspace, REPETITIVE, "out").run()
    assert result.exit_code == 0
    instructions = [str(row["instruction"]) for row in read_rows(workspace, "out", "final_data.jsonl")]
    assert len(instructions) == 75
    for one, other in itertools.combinations(instructions, 2):
        index = NoveltyIndex(0.7)
        index.add("other", other)
        assert index.admit("one", one)[0]
    dropped = json.dumps(
        [row for row in read_rows(workspace, "out", "rejected.jsonl", TASKS[1:]) if row["reason"] == "near_duplicate"]
    )
    assert "tests/lock_picking#" in dropped


async def test_without_the_setting_each_task_stands_for_itself(workspace: Path) -> None:
    """Scope task, the default: tasks may repeat each other."""
    await make_shared_runner(workspace, REPETITIVE, "out", scope="task").run()
    instructions = [row["instruction"] for row in read_rows(workspace, "out", "final_data.jsonl")]
    assert len(set(map(str, instructions))) < len(instructions)


async def test_shared_outputs_do_not_depend_on_the_concurrency(workspace: Path) -> None:
    """Concurrency 1, 8 and 64, replies in a shuffled order: byte-identical files of every task."""
    files = []
    for concurrency in (1, 8, 64):
        output = f"out{concurrency}"
        world = World(duplicate=0.3, jitter_s=0.003)
        assert (await make_shared_runner(workspace, world, output, concurrency=concurrency).run()).exit_code == 0
        files.append(read_files(workspace, output))
    assert files[0] == files[1] == files[2]


async def test_a_shared_run_resumes_to_the_same(workspace: Path) -> None:
    """Cancelled in the middle of a task and run again, the files are those of a run that was never interrupted."""
    await make_shared_runner(workspace, World(duplicate=0.3), "whole").run()
    runner = make_shared_runner(workspace, World(duplicate=0.3, jitter_s=0.005), "resumed")
    work = asyncio.create_task(runner.run())
    while runner.progress[1].accepted < 5:
        await asyncio.sleep(0.001)
    work.cancel()
    assert (await work).interrupted
    world = World(duplicate=0.3)
    assert (await make_shared_runner(workspace, world, "resumed").run()).exit_code == 0
    assert read_files(workspace, "resumed") == read_files(workspace, "whole")
    replayed = World(duplicate=0.3)
    assert (await make_shared_runner(workspace, replayed, "resumed").run()).exit_code == 0
    assert replayed.answered == []
    assert read_files(workspace, "resumed") == read_files(workspace, "whole")
