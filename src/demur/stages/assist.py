"""The helpful response to a benign twin: within what the policy permits, and nothing that it forbids."""

from __future__ import annotations

from dataclasses import dataclass

from demur.engines.base import AssistAsk, Engine, Request, Sampling
from demur.inputs.task import TaskInputs
from demur.records import Answered, Draft, Drop, Screened
from demur.stages.answer import ask_answer
from demur.stages.draw import derive_seed
from demur.stages.render import AssistValues, PromptTemplate

PRIORITY = 10

_OPENINGS = (
    "open with the most important point",
    "open with one sentence that sums the answer up",
    "open with a concrete example",
    "open by naming what the person is after",
    "open with the first thing to do",
    "open with a fact",
    "open with a short question that the answer then answers",
    "open with what people most often get wrong",
)
_LENGTHS = ("three sentences", "four or five sentences", "two short paragraphs", "a sentence and a short list")
_TONES = ("plain and friendly", "calm and factual", "warm", "brisk and practical", "patient, as to a beginner")


def choose_manner(seed: int, instruction: str) -> tuple[str, ...]:
    """How an answer is to be worded, so that answers differ: opening, length and tone; by the text alone."""
    return tuple(
        words[derive_seed(seed, instruction, "assist", name) % len(words)]
        for name, words in (("opening", _OPENINGS), ("length", _LENGTHS), ("tone", _TONES))
    )


@dataclass(frozen=True, slots=True)
class Assistant:
    """The stage. `seed` is the run's random seed."""

    engine: Engine
    template: PromptTemplate
    sampling: Sampling
    inputs: TaskInputs
    seed: int

    def prepare(self, draft: Draft) -> Request:
        """The request for one twin's response; its sampling seed follows from the text, not from its place.

        Raises:
            TemplateFault: the template cannot be rendered.
        """
        risk, instruction = self.inputs.find_risk(draft.aim.risk), draft.instruction
        manner = choose_manner(self.seed, instruction)
        values = AssistValues(risk, self.inputs.policy.risk_group, instruction, draft.permission, manner)
        return Request(
            prompt=self.template.render(values),
            ask=AssistAsk(risk, instruction, draft.permission, manner),
            sampling=self.sampling.with_seed(derive_seed(self.seed, instruction, "assist")),
            priority=PRIORITY,
        )

    async def respond(self, screened: Screened) -> Answered | Drop:
        """Answer one twin.

        Raises:
            EngineError: one that would hit every further request too.
        """
        return await ask_answer(self.engine, self.prepare(screened.draft), screened)
