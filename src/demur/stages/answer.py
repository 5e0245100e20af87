"""One request for one response: asked, unwrapped, and let through only if it is whole."""

from __future__ import annotations

from demur.engines.base import Engine, Request
from demur.errors import EngineError
from demur.records import Answered, Drop, Reason, Screened, Stage
from demur.stages.faults import MAX_CHARACTERS, describe_failure
from demur.stages.parse import clean_response


async def ask_answer(engine: Engine, request: Request, screened: Screened) -> Answered | Drop:
    """Ask for the response to a screened instruction, whether it is to decline or to help.

    Raises:
        EngineError: one that would hit every further request too.
    """
    draft = screened.draft
    try:
        reply = await engine.complete(request)
    except EngineError as error:
        return Drop(id=draft.id, stage=Stage.RESPOND, reason=Reason.ENGINE_FAILED, instruction=draft.instruction,
                    detail=describe_failure(error))  # fmt: skip
    if reply.filtered:
        return Drop(id=draft.id, stage=Stage.RESPOND, reason=Reason.REPLY_FILTERED, instruction=draft.instruction,
                    detail=reply.finish)  # fmt: skip
    text = clean_response(reply.text)
    if not text or reply.finish == "length":
        # Half a reply teaches a model to stop half-way.
        reason = Reason.RESPONSE_CUT_OFF if text else Reason.RESPONSE_EMPTY
        return Drop(id=draft.id, stage=Stage.RESPOND, reason=reason, instruction=draft.instruction, response=text)
    if len(text) > MAX_CHARACTERS:
        return Drop(id=draft.id, stage=Stage.RESPOND, reason=Reason.TOO_LONG, instruction=draft.instruction,
                    detail=f"{len(text):,} characters, at most {MAX_CHARACTERS:,} are taken")  # fmt: skip
    return Answered(
        draft=draft,
        neighbour=screened.neighbour,
        contamination=screened.contamination,
        instruction_verdict=screened.instruction_verdict,
        response=text,
        response_origin=reply.origin,
    )
