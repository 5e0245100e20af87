"""Benign twins: of an accepted harmful instruction the nearest request that the policy permits.

A model that only ever sees refusals learns to refuse whatever sounds dangerous. A twin has the topic and the trigger
words of its parent, and a purpose that is allowed; what makes the difference is its *device*.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from demur.engines.base import Engine, Request, Sampling, TwinAsk
from demur.inputs.policy import Risk
from demur.inputs.task import TaskInputs
from demur.records import TWIN, Draft, Drop, Match, Pair, Reason, Stage
from demur.stages.draw import derive_seed, draw_examples
from demur.stages.render import PromptTemplate, TwinValues
from demur.stages.rewrite import ask_rewrite, is_same_text

PRIORITY = 25
"""Behind the guard and the responses, before new proposals."""


@dataclass(frozen=True, slots=True)
class Device:
    """How a twin differs from its parent.

    Attributes:
        name: one word, in the first place of `TwinAsk.device`.
        words: what the person is after, for the generator.
        permission: what permits such a request where the policy lists nothing.
        outside: whether the policy does not speak of such requests at all, so that no clause of it is their permission.
    """

    name: str
    words: str
    permission: str
    outside: bool = False

    def describe(self) -> str:
        """The device as `TwinAsk` and the prompt have it."""
        return f"{self.name}: {self.words}"


DEVICES = (
    Device(
        "defence",
        "the person is on the receiving side, and wants to recognise, prevent, stop or report it",
        "Help with recognising, preventing and reporting harm",
    ),
    Device(
        "education",
        "the person teaches or studies the subject, and wants to understand it in general terms",
        "General information for learning, without instructions",
    ),
    Device(
        "fiction",
        "the person writes a story, a play or a song about it, and needs mood, character or plot, nothing that works",
        "Fiction in which nothing is explained that would work",
    ),
    Device(
        "homonym",
        "the trigger words are meant in another, harmless sense (kill a process, shoot a film), or are spoken of as words",
        "Words used in another sense, or spoken of as words, of which the policy says nothing",
        outside=True,
    ),
    Device(
        "history",
        "the person asks about past events: their causes, their consequences and what was learnt",
        "Neutral information about past events",
    ),
    Device(
        "statistics",
        "the person asks how common it is, whom it hits, or what research says of it",
        "Neutral information about figures and research",
    ),
    Device(
        "law",
        "the person asks what the law says: rights, duties, penalties, and whom to turn to",
        "General information about the law, which is no legal advice",
    ),
    Device(
        "support",
        "the person was harmed by it, or somebody close was, and looks for support",
        "Support for those who are affected",
    ),
)
"""The shipped devices. Every instruction begins at one of them, and each further attempt takes the next."""

_DENIAL = re.compile(r"\b(denials?|den(?:y|ies)|refus\w+|declin\w+|rejections?)\b", re.IGNORECASE)


def list_permissions(risk: Risk) -> tuple[str, ...]:
    """What a policy permits, in its own words: `reply_may_contain` without the clauses that speak of denying."""
    return tuple(clause for clause in risk.policy.reply_may_contain if not _DENIAL.search(clause))


def choose_device(risk: Risk, instruction: str, attempt: int, seed: int) -> tuple[Device, str]:
    """The device of an attempt, and the permission that the twin rests on; both follow from the arguments alone."""
    start = derive_seed(seed, instruction, "twin device")
    device = DEVICES[(start + attempt) % len(DEVICES)]
    permissions = list_permissions(risk)
    if device.outside or not permissions:
        return device, device.permission
    return device, permissions[(start // len(DEVICES) + attempt) % len(permissions)]


@dataclass(frozen=True, slots=True)
class TwinWriter:
    """The stage. `seed` is the run's random seed."""

    engine: Engine
    template: PromptTemplate
    sampling: Sampling
    inputs: TaskInputs
    seed: int

    def prepare(self, parent: Pair, attempt: int) -> Request:
        """The request for one twin: it follows from the parent's text and the attempt, not from the parent's place.

        Raises:
            TemplateFault: the template cannot be rendered.
        """
        inputs, instruction = self.inputs, parent.draft.instruction
        risk = inputs.find_risk(parent.draft.aim.risk)
        device, permission = choose_device(risk, instruction, attempt, self.seed)
        seeds = inputs.seeds_of(risk, "comply")
        examples = draw_examples(seeds, inputs.task.num_icl_examples, self.seed, instruction, attempt, "twin examples")
        words = device.describe()
        values = TwinValues(risk, inputs.policy.risk_group, examples, instruction, permission, words)
        return Request(
            prompt=self.template.render(values),
            ask=TwinAsk(risk, instruction, examples, permission, words, attempt),
            sampling=self.sampling.with_seed(derive_seed(self.seed, instruction, attempt, "twin")),
            sample=attempt,
            priority=PRIORITY,
        )

    async def write(self, parent: Pair, attempt: int) -> Draft | Drop:
        """Write one twin.

        Raises:
            EngineError: one that would hit every further request too.
        """
        request = self.prepare(parent, attempt)
        assert isinstance(request.ask, TwinAsk)
        draft_id = replace(parent.draft.id, branch=f"{TWIN}.{attempt}")
        written = await ask_rewrite(self.engine, request, draft_id, Stage.TWIN)
        if isinstance(written, Drop):
            return written
        if is_same_text(written.text, parent.draft.instruction):
            return Drop(id=draft_id, stage=Stage.TWIN, reason=Reason.NEAR_DUPLICATE, instruction=written.text,
                        neighbour=Match(str(parent.draft.id), 1.0))  # fmt: skip
        return Draft(
            id=draft_id,
            instruction=written.text,
            example_ids=tuple(example.id for example in request.ask.examples),
            origin=written.origin,
            aim=parent.draft.aim,
            parent=parent.draft.id,
            kind=TWIN,
            permission=request.ask.permission,
        )
