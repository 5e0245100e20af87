"""Which failures lose one piece of work, and which end the run."""

from __future__ import annotations

from demur.errors import CredentialsRejected, EngineError, EngineUnavailable, ModelNotFound


def describe_failure(error: EngineError) -> str:
    """The words of a failure that loses one piece of work; it becomes that drop's evidence.

    Raises:
        EngineError: the error itself, where every further request would meet it too: nothing listens, the
            credentials are wrong, the model is not there.
    """
    if isinstance(error, EngineUnavailable | CredentialsRejected | ModelNotFound):
        raise error
    return f"{type(error).__name__}: {error}"
