from __future__ import annotations

from pathlib import Path

import pytest

from demur.records import DraftId, Drop, Reason, Stage
from demur.run.shortfall import REMEDIES, Shortfall, explain_shortfall, find_main_reason
from demur.wording import say_count

DOCS = Path(__file__).parents[2] / "docs" / "outputs.md"


def make_drops(**counts: int) -> tuple[Drop, ...]:
    return tuple(
        Drop(id=DraftId("t", number, 0), stage=Stage.DEDUPE, reason=Reason(reason))
        for reason, count in counts.items()
        for number in range(count)
    )


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_remedy_and_a_row_in_the_docs(reason: Reason) -> None:
    """The terminal knows no fewer reasons than the page that it sums up."""
    assert REMEDIES[reason].endswith(".")
    assert f"| `{reason}` |" in DOCS.read_text()


def test_the_most_frequent_reason_is_named_with_its_remedy() -> None:
    """Not the seeds, where the responses were at fault; texts that were merely surplus are no reason."""
    drops = make_drops(not_declined=215, near_duplicate=3, surplus=900)
    said = explain_shortfall([Shortfall("x brought 0 of 5: 50 rounds in a row brought no accepted pair", drops)])
    assert said.startswith("x brought 0 of 5: 50 rounds in a row brought no accepted pair.\n")
    assert f"Of 218 drops there, 215 for not_declined. {REMEDIES[Reason.NOT_DECLINED]}" in said
    assert "seeds" not in said
    assert find_main_reason(make_drops(surplus=3)) is None


def test_the_order_of_drops_decides_nothing() -> None:
    """Of two reasons that are as frequent it is always the same one."""
    drops = make_drops(too_long=2, flat_refusal=2)
    assert find_main_reason(drops) == find_main_reason(reversed(drops)) == (Reason.FLAT_REFUSAL, 2)


def test_many_strands_are_not_all_told() -> None:
    """The terminal names three; the warnings have all."""
    said = explain_shortfall([Shortfall(f"s{number} brought 0 of 5", make_drops(too_long=1)) for number in range(5)])
    assert said.startswith("s0 brought 0 of 5; s1 brought 0 of 5; s2 brought 0 of 5; and 2 more.\n")
    assert "Of 5 drops there, 5 for too_long" in said


def test_one_thing_is_no_things() -> None:
    """Counts are said as people say them."""
    assert [say_count(number, "pair") for number in (0, 1, 2, 1500)] == ["0 pairs", "1 pair", "2 pairs", "1,500 pairs"]
    assert "Of 1 drop there, 1 for too_long" in explain_shortfall([Shortfall("x", make_drops(too_long=1))])
