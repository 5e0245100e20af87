from __future__ import annotations

import json
from pathlib import Path

from tests.run.world import World, read_output, run_world


async def test_a_run_records_how_busy_its_slots_were(workspace: Path) -> None:
    """Each model that was asked, with its slots and the time; asked again from the journal, none was used."""
    result = await run_world(workspace, World(jitter_s=0.005), outputs=8, concurrency=3)
    uses = json.loads(read_output(workspace, "run.json"))["result"]["slots"]
    assert len(uses) == len(result.summaries[0].slots) > 0
    assert sorted(block for use in uses for block in use["blocks"]) == sorted(
        engine.role for engine in result.summaries[0].engines if engine.asked
    )
    for use in uses:
        assert use["slots"] == use["lowest"] == 3
        assert 0 < use["busy"] <= 3
        assert 0 <= use["full_s"] <= use["elapsed_s"]
        assert all(0 <= busy <= 3.001 for busy in use["timeline"])
    again = await run_world(workspace, World(), outputs=8, concurrency=3)
    assert again.summaries[0].slots == ()
    assert "slots" not in json.loads(read_output(workspace, "run.json"))["result"]


async def test_slots_leave_the_dataset_as_it_is(workspace: Path) -> None:
    """They stand in run.json and report.html alone: the other files are the same with one slot and with eight."""
    found = []
    for concurrency in (1, 8):
        await run_world(workspace, World(), outputs=8, concurrency=concurrency, restart=True)
        found.append([read_output(workspace, name) for name in ("final_data.jsonl", "README.md", "croissant.json")])
    assert found[0] == found[1]
