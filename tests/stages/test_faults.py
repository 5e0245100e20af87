from __future__ import annotations

import pytest

from demur.errors import CredentialsRejected, EngineError, EngineUnavailable, ModelNotFound
from demur.stages.faults import describe_failure

FATAL = (EngineUnavailable, CredentialsRejected, ModelNotFound)


@pytest.mark.parametrize("kind", FATAL)
def test_a_fatal_failure_is_raised_as_itself(kind: type[EngineError]) -> None:
    """The very error, with its hint."""
    error = kind("gone", hint="Mend it.")
    with pytest.raises(kind) as raised:
        describe_failure(error)
    assert raised.value is error


def test_any_other_failure_is_put_into_words() -> None:
    """Every other engine error costs one piece of work; its kind and words are the evidence."""
    kinds = [EngineError]
    for kind in kinds:
        kinds.extend(kind.__subclasses__())
    passing = [kind for kind in kinds if not issubclass(kind, FATAL)]
    assert len(passing) >= 6
    for kind in passing:
        assert describe_failure(kind("why")) == f"{kind.__name__}: why"
