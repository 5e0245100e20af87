from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.conftest import Tell
from tests.faults.damage import damage_journals


@pytest.mark.parametrize("logged", [False, True], ids=["folded", "with its log"])
def test_a_damaged_journal_never_gives_another_dataset(workspace: Path, logged: bool, tell: Tell) -> None:
    """Cut off anywhere, or with any bit flipped: the rest is used, or the run refuses with the file's name and a hint."""
    outcomes = damage_journals(workspace, logged=logged, flips=40, cuts=15, seed=11)
    tell(dict(outcomes))
    expected = {"asked anew"} if logged else {"refused", "all used", "asked anew, warned"}
    assert expected <= set(outcomes)
