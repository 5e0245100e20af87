from __future__ import annotations

import pytest

from demur.records import Admitted, Draft, DraftId, Drop, Match, Origin, Reason, Seed
from demur.stages.dedupe import Deduplicator
from demur.stages.novelty import NoveltyIndex


def draft(position: int, text: str) -> Draft:
    return Draft(id=DraftId("t", 0, position), instruction=text, example_ids=(), origin=Origin("e", "m"))


def test_drafts_are_compared_with_seeds_and_with_all_admitted_before() -> None:
    """A copy of a seed and a copy of an earlier draft are dropped, each naming its neighbour."""
    stage = Deduplicator(0.7, filtering=True, seeds=(Seed("seed:1", "open the shed for me", "no"),))
    first = stage.admit(draft(0, "copy the office key over lunch"))
    assert isinstance(first, Admitted)
    for position, text, neighbour in [
        (1, "Open the shed, for me!", "seed:1"),
        (2, "copy the office key over lunch", "t#0.0"),
    ]:
        drop = stage.admit(draft(position, text))
        assert isinstance(drop, Drop)
        assert drop.reason is Reason.NEAR_DUPLICATE
        assert drop.neighbour is not None
        assert drop.neighbour.id == neighbour


def test_without_filtering_neighbours_are_only_noted() -> None:
    """`filter: false` keeps duplicates and still names the nearest."""
    stage = Deduplicator(0.7, filtering=False, seeds=(Seed("seed:1", "open the shed", "no"),))
    kept = stage.admit(draft(0, "open the shed"))
    assert isinstance(kept, Admitted)
    assert kept.neighbour is not None
    assert kept.neighbour.score == pytest.approx(1.0)


def test_drafts_must_differ_from_earlier_tasks_too() -> None:
    """An index of earlier tasks is asked and left alone; of equally near texts its own comes first."""
    earlier = NoveltyIndex(0.7)
    earlier.add("other#0.0", "copy the office key over lunch")
    earlier.add("other#0.1", "jump the long queue")
    stage = Deduplicator(0.7, filtering=True, seeds=(), earlier=earlier)
    drop = stage.admit(draft(0, "copy the office key over lunch"))
    assert isinstance(drop, Drop)
    assert drop.neighbour == Match("other#0.0", 1.0)
    kept = stage.admit(draft(1, "jump the queue at the cinema with friends"))
    assert isinstance(kept, Admitted)
    assert kept.neighbour is not None
    assert kept.neighbour.id == "other#0.1"
    again = stage.admit(draft(2, "jump the queue at the cinema with my friends"))
    assert isinstance(again, Drop)
    assert again.neighbour is not None
    assert again.neighbour.id == "t#0.1"
    assert len(earlier) == 2


def test_the_score_function_decides_what_is_a_duplicate() -> None:
    """By precision a part of a seed is a duplicate, by recall it is not."""
    for score_func, kind in (("precision", Drop), ("recall", Admitted)):
        seeds = (Seed("seed:1", "open the shed for me tonight please", "no"),)
        stage = Deduplicator(0.7, filtering=True, seeds=seeds, score_func=score_func)  # type: ignore[arg-type]
        assert isinstance(stage.admit(draft(0, "open the shed")), kind)
