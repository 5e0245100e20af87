from __future__ import annotations

import pytest

from demur.wording import say_count, say_flagged


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 replies"), (1, "1 reply"), (2, "2 replies"), (1200, "1,200 replies")]
)
def test_one_is_singular(number: int, said: str) -> None:
    """All else is plural, none too; thousands are parted."""
    assert say_count(number, "reply", "replies") == said
    assert say_count(number, "pair").endswith("pair" if number == 1 else "pairs")


def test_flagged_pairs_agree_with_their_verb() -> None:
    """One is, several are."""
    assert say_flagged(1).startswith("1 pair is near")
    assert say_flagged(2).startswith("2 pairs are near")
