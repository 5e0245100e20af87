"""Which failures lose one piece of work, and which end the run; and how long a text may be."""

from __future__ import annotations

from demur.errors import CredentialsRejected, EngineError, EngineUnavailable, ModelNotFound
from demur.records import DraftId, Drop, Reason, Stage

MAX_CHARACTERS = 10_000
"""Far beyond any request or refusal. A generator that runs wild is stopped here, before its text costs the later stages."""


def describe_length(draft_id: DraftId, stage: Stage, text: str) -> Drop:
    """The drop of a text beyond `MAX_CHARACTERS`; its beginning is the evidence."""
    detail = f"{len(text):,} characters, at most {MAX_CHARACTERS:,} are taken; it begins: {text[:200]}"
    return Drop(id=draft_id, stage=stage, reason=Reason.TOO_LONG, detail=detail)


def describe_failure(error: EngineError) -> str:
    """The words of a failure that loses one piece of work; it becomes that drop's evidence.

    Raises:
        EngineError: the error itself, where every further request would meet it too: nothing listens, the
            credentials are wrong, the model is not there.
    """
    if isinstance(error, EngineUnavailable | CredentialsRejected | ModelNotFound):
        raise error
    return f"{type(error).__name__}: {error}"
