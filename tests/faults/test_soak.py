from __future__ import annotations

from pathlib import Path

from tests.faults.conftest import Tell
from tests.faults.soak import soak


def test_a_soak_leaks_nothing_and_accounts_for_every_draft(tmp_path: Path, tell: Tell) -> None:
    """With faults in 5% of the requests: all pairs, no task or descriptor left, memory within what the data takes."""
    measured = soak(tmp_path, 1000)
    tell(measured)
    assert measured.pairs == 1000
    assert measured.retried > 50
    assert (measured.descriptors, measured.tasks) == (0, 0)
    assert measured.grown < 20_000  # bytes: in so short a run the allocator's steps show
