from __future__ import annotations

import pytest

from demur.stages.read_demand import Demand, read_demand, warn_of_reply_type
from tests.samples import make_risk


def test_only_unknown_reply_types_are_warned_about() -> None:
    """A warning names the type, and what is checked of it."""
    assert warn_of_reply_type(make_risk()) == ""
    assert "'WARM_NO'" in warn_of_reply_type(make_risk(short_reply_type="WARM_NO"))
    assert "not checked" in warn_of_reply_type(make_risk(short_reply_type="WARM_NO"))
    assert "bare refusal is dropped" in warn_of_reply_type(make_risk(short_reply_type="EXPLAIN_THE_FACTS"))


@pytest.mark.parametrize(
    ("name", "demand"),
    [
        (" explicit_refusal ", Demand.DECLINE),
        ("firm-denial", Demand.DECLINE),
        ("Gently redirecting", Demand.TURN),
        ("Careful answer", Demand.CARE),
        ("Answer neutrally", Demand.INFORM),
        ("", Demand.ANY),
    ],
)
def test_words_of_a_reply_type_are_understood(name: str, demand: Demand) -> None:
    """The name's words tell what is demanded, however they are joined."""
    assert read_demand(name) is demand
