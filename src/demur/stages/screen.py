"""Stages 3 and 5, the guard: an instruction is kept if it violates the policy, a response if it does not.

A twin is there to be helped with: its instruction, too, is kept only if it does not violate the policy.
"""

from __future__ import annotations

from dataclasses import dataclass

from demur.engines.base import JudgeAsk
from demur.errors import EngineError
from demur.guards.base import Guard
from demur.inputs.policy import Risk
from demur.records import Admitted, Answered, Drop, Label, Pair, Reason, Screened, Stage
from demur.stages.faults import describe_failure


@dataclass(frozen=True, slots=True)
class Screen:
    """Both filters. An unreadable verdict passes neither."""

    guard: Guard
    risk: Risk

    async def screen_instruction(self, admitted: Admitted) -> Screened | Drop:
        """Keep an instruction that the guard rates a violation; of a twin, one that it rates safe.

        Raises:
            EngineError: one that would hit every further request too.
            GuardBlind: the policy cannot reach the guard.
        """
        draft = admitted.draft
        try:
            verdict = await self.guard.judge(JudgeAsk(self.risk, draft.instruction))
        except EngineError as error:
            return Drop(id=draft.id, stage=Stage.SCREEN_INSTRUCTION, reason=Reason.ENGINE_FAILED,
                        instruction=draft.instruction, detail=describe_failure(error))  # fmt: skip
        if verdict.label is (Label.SAFE if draft.complies else Label.VIOLATES):
            return Screened(
                draft=draft,
                neighbour=admitted.neighbour,
                contamination=admitted.contamination,
                instruction_verdict=verdict,
            )
        reason = Reason.TWIN_VIOLATES if draft.complies else Reason.INSTRUCTION_SAFE
        if verdict.label is Label.UNREADABLE:
            reason = Reason.VERDICT_UNREADABLE
        return Drop(id=draft.id, stage=Stage.SCREEN_INSTRUCTION, reason=reason,
                    instruction=draft.instruction, neighbour=admitted.neighbour, verdict=verdict)  # fmt: skip

    async def screen_response(self, answered: Answered) -> Pair | Drop:
        """Keep a response that the guard, reading it after its instruction, rates safe.

        Raises:
            EngineError: one that would hit every further request too.
            GuardBlind: the policy cannot reach the guard.
        """
        draft = answered.draft
        try:
            verdict = await self.guard.judge(JudgeAsk(self.risk, draft.instruction, answered.response))
        except EngineError as error:
            return Drop(id=draft.id, stage=Stage.SCREEN_RESPONSE, reason=Reason.ENGINE_FAILED, instruction=draft.instruction,
                        response=answered.response, detail=describe_failure(error))  # fmt: skip
        if verdict.label is Label.SAFE:
            return Pair(
                draft=draft,
                neighbour=answered.neighbour,
                contamination=answered.contamination,
                instruction_verdict=answered.instruction_verdict,
                response=answered.response,
                response_origin=answered.response_origin,
                response_verdict=verdict,
            )
        reason = Reason.RESPONSE_VIOLATES if verdict.label is Label.VIOLATES else Reason.VERDICT_UNREADABLE
        return Drop(id=draft.id, stage=Stage.SCREEN_RESPONSE, reason=reason, instruction=draft.instruction,
                    response=answered.response, verdict=verdict)  # fmt: skip
