from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.feeding import Target
from tests.fuzz.targets import TARGETS

BY_NAME = {target.name: target for target in TARGETS}


def build_inputs(target: Target) -> st.SearchStrategy[bytes]:
    """Bytes as they come, and pieces of what the reader reads in any order, with anything in between."""
    piece = st.one_of(st.sampled_from(target.words), st.text(max_size=6).map(lambda t: t.encode("utf-8", "replace")),
                      st.binary(max_size=4))  # fmt: skip
    return st.one_of(st.lists(piece, max_size=24).map(b"".join), st.binary(max_size=60))


@pytest.mark.parametrize("name", sorted(BY_NAME))
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_reader_takes_anything(name: str, data: st.DataObject) -> None:
    """Whatever bytes come, they are read or refused with an error of the tree: nothing else is raised."""
    BY_NAME[name].run(data.draw(build_inputs(BY_NAME[name])))
