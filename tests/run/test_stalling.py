from __future__ import annotations

from pathlib import Path

from tests.run.world import World, read_output, run_world

KINDS = ("final_data.jsonl", "formatted_output.jsonl", "rejected.jsonl")


async def test_a_stalled_run_does_not_depend_on_the_concurrency(workspace: Path) -> None:
    """Where a task stalls follows from the order of its drafts: all files are alike at concurrency 1, 2 and 64."""
    files = {}
    for concurrency in (1, 2, 64):
        world = World(safe=0.99, unsafe=0.3, jitter_s=0.002)
        output = f"out{concurrency}"
        result = await run_world(workspace, world, outputs=40, concurrency=concurrency, output_dir=workspace / output)
        assert result.exit_code == 3
        files[concurrency] = [read_output(workspace, name, output) for name in KINDS]
    assert files[1] == files[2] == files[64]
    assert files[1][0]
