"""Stage 4, response generation: a calibrated refusal within what the policy's replies must not and may contain."""

from __future__ import annotations

from dataclasses import dataclass

from demur.engines.base import Engine, Request, RespondAsk, Sampling
from demur.inputs.task import TaskInputs
from demur.records import Answered, Drop, Screened
from demur.stages.answer import ask_answer
from demur.stages.choose_manner import choose_manner
from demur.stages.draw import derive_seed
from demur.stages.read_demand import Demand, read_demand
from demur.stages.render import PromptTemplate, RespondValues, explain_reply_type

PRIORITY = 10


@dataclass(frozen=True, slots=True)
class Responder:
    """The stage. `seed` is the run's random seed."""

    engine: Engine
    template: PromptTemplate
    sampling: Sampling
    inputs: TaskInputs
    seed: int

    def prepare(self, instruction: str) -> Request:
        """The request for one instruction's response; its sampling seed follows from the text, not from its place.

        Raises:
            TemplateFault: the template cannot be rendered.
        """
        risk = self.inputs.risk
        style = explain_reply_type(risk.short_reply_type, permits=bool(risk.policy.reply_may_contain))
        manner: tuple[str, ...] = ()
        if self.inputs.task.reply_rules.max_opening_share is not None:
            manner = choose_manner(instruction, informs=read_demand(risk.short_reply_type) is Demand.INFORM)
        return Request(
            prompt=self.template.render(RespondValues(risk, self.inputs.policy.risk_group, instruction, style, manner)),
            ask=RespondAsk(risk, instruction, manner),
            sampling=self.sampling.with_seed(derive_seed(self.seed, instruction, "respond")),
            priority=PRIORITY,
        )

    async def respond(self, screened: Screened) -> Answered | Drop:
        """Answer one instruction.

        Raises:
            EngineError: one that would hit every further request too.
        """
        return await ask_answer(self.engine, self.prepare(screened.draft.instruction), screened)
