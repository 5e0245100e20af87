from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.conftest import Tell
from tests.faults.kills import kill_runs


@pytest.mark.parametrize(
    ("engine", "pairs", "kills"),
    [("vllm-server", 60, 3), ("embedded", 150, 2), ("scripted", 60, 1)],
)
def test_kill_9_and_a_rerun_give_the_undisturbed_files(
    tmp_path: Path, engine: str, pairs: int, kills: int, tell: Tell
) -> None:
    """Killed at random moments, a run ends as if nothing had been: the same bytes, nothing torn, nothing asked twice.

    But for what was under way at a kill: a reply that never arrived is asked for again.
    """
    toll = kill_runs(tmp_path, engine, pairs=pairs, kills=kills, seed=1)
    tell(toll)
    assert toll.kills >= kills
