from __future__ import annotations

from demur.run.tally import warn_of_misfits
from tests.samples import make_inputs, make_pair

REFUSAL = "I can't help with opening a lock that isn't yours. A locksmith can open your own."
HELP = "Sure! Here are the steps:\n1. Put the wrench in.\n2. Rake the pins.\n3. Turn it until it opens."


def test_responses_that_do_not_decline_are_warned_of_where_they_are_not_checked() -> None:
    """With how many there are, why, and the key that drops them; a few in a hundred are nobody's concern."""
    pairs = [make_pair(response=HELP if n % 4 == 0 else REFUSAL) for n in range(40)]
    (warning,) = warn_of_misfits(pairs, make_inputs())
    assert warning.startswith("10 of the first 40 responses")
    assert "10 not declined" in warning
    assert "replies: {check: true}" in warning
    assert warn_of_misfits([make_pair(response=REFUSAL)] * 40, make_inputs()) == ()
    assert warn_of_misfits([make_pair(response=HELP)] * 3, make_inputs()) == ()


def test_where_they_are_checked_there_is_nothing_to_warn_of() -> None:
    """What the gate looked at needs no second look."""
    checked = make_inputs(replies={"check": True})
    assert warn_of_misfits([make_pair(response=HELP)] * 40, checked) == ()
