"""One request for one instruction that is made of another: asked, read, and let through only if it is one."""

from __future__ import annotations

from dataclasses import dataclass

from demur.engines.base import Engine, Request
from demur.errors import EngineError
from demur.records import DraftId, Drop, Origin, Reason, Stage
from demur.stages.faults import MAX_CHARACTERS, describe_failure, describe_length
from demur.stages.parse import parse_instructions
from demur.stages.tokenise import tokenise

_EVIDENCE_CHARACTERS = 2000


@dataclass(frozen=True, slots=True)
class Rewrite:
    """An instruction that was made of another, and who wrote it."""

    text: str
    origin: Origin


async def ask_rewrite(engine: Engine, request: Request, draft_id: DraftId, stage: Stage) -> Rewrite | Drop:
    """Ask for one instruction; of several that come, the first is taken.

    Raises:
        EngineError: one that would hit every further request too.
    """
    try:
        reply = await engine.complete(request)
    except EngineError as error:
        return Drop(id=draft_id, stage=stage, reason=Reason.ENGINE_FAILED, detail=describe_failure(error))
    evidence = reply.text[:_EVIDENCE_CHARACTERS]
    if reply.filtered:
        detail = f"{reply.finish}: {evidence}"
        return Drop(id=draft_id, stage=stage, reason=Reason.REPLY_FILTERED, detail=detail)
    parsed = parse_instructions(reply.text, finish=reply.finish, count=1)
    if not parsed.instructions:
        reason = Reason.GENERATOR_REFUSED if parsed.refused else Reason.NOTHING_PARSED
        return Drop(id=draft_id, stage=stage, reason=reason, detail=evidence)
    text = parsed.instructions[0]
    if len(text) > MAX_CHARACTERS:
        return describe_length(draft_id, stage, text)
    return Rewrite(text, reply.origin)


def is_same_text(one: str, other: str) -> bool:
    """Whether two texts are the same to deduplication: a ROUGE-L of 1."""
    left, right = tokenise(one), tokenise(other)
    return left == right if left or right else one.strip() == other.strip()
