"""Stage 1, instruction generation: in-context learning from seeds gives new requests that the policy forbids."""

from __future__ import annotations

from dataclasses import dataclass

from demur.engines.base import Engine, ProposeAsk, Request, Sampling
from demur.errors import EngineError
from demur.inputs.policy import Risk
from demur.inputs.task import TaskInputs
from demur.records import Draft, DraftId, Drop, Reason, Stage
from demur.stages.aim import AimPlan
from demur.stages.draw import derive_seed, draw_examples
from demur.stages.faults import MAX_CHARACTERS, describe_failure, describe_length
from demur.stages.parse import parse_instructions
from demur.stages.render import PromptTemplate, ProposeValues

PRIORITY = 30
"""Behind every later stage: what is begun gets finished."""
_EVIDENCE_CHARACTERS = 2000


@dataclass(frozen=True, slots=True)
class Round:
    """What one proposal request came to: its drafts in position order, and what was lost on the way."""

    number: int
    drafts: tuple[Draft, ...]
    drops: tuple[Drop, ...]


@dataclass(frozen=True, slots=True)
class Proposer:
    """The stage.

    Attributes:
        seed: the run's random seed.
        aims: what its rounds aim at, and of which risk.
    """

    engine: Engine
    template: PromptTemplate
    sampling: Sampling
    inputs: TaskInputs
    seed: int
    aims: AimPlan

    @property
    def risk(self) -> Risk:
        """The risk that it proposes requests for."""
        return self.aims.risk

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the task asks for and the template leaves out."""
        return warn_of_template(self.template, self.aims)

    def prepare(self, number: int) -> Request:
        """The request of a round: its examples, its aim and its sampling seed follow from (seed, task, round) alone.

        Raises:
            TemplateFault: the template cannot be rendered.
        """
        task, risk, aim = self.inputs.task, self.risk, self.aims.aim(number)
        clause = self.aims.phrase_clause(aim)
        examples = draw_examples(
            self.inputs.seeds_of(risk), task.num_icl_examples, self.seed, task.task_name, number, "examples"
        )
        values = ProposeValues(
            risk,
            self.inputs.policy.risk_group,
            examples,
            task.num_samples_per_batch,
            task.task_description,
            clause,
            aim.axes,
        )
        return Request(
            prompt=self.template.render(values),
            ask=ProposeAsk(risk, examples, task.num_samples_per_batch, clause, aim.axes),
            sampling=self.sampling.with_seed(derive_seed(self.seed, task.task_name, number, "propose")),
            sample=number,
            priority=PRIORITY,
        )

    async def propose(self, number: int) -> Round:
        """Run one round.

        Raises:
            EngineError: one that would hit every further request too, see `describe_failure`.
        """
        name = self.inputs.name
        whole = DraftId(name, number, -1)
        request = self.prepare(number)
        assert isinstance(request.ask, ProposeAsk)
        try:
            reply = await self.engine.complete(request)
        except EngineError as error:
            detail = describe_failure(error)
            return Round(number, (), (Drop(id=whole, stage=Stage.PROPOSE, reason=Reason.ENGINE_FAILED, detail=detail),))
        if reply.filtered:
            detail = f"{reply.finish}: {reply.text}"[:_EVIDENCE_CHARACTERS]
            drop = Drop(id=whole, stage=Stage.PROPOSE, reason=Reason.REPLY_FILTERED, detail=detail)
            return Round(number, (), (drop,))
        parsed = parse_instructions(reply.text, finish=reply.finish, count=request.ask.count)
        if not parsed.instructions:
            reason = Reason.GENERATOR_REFUSED if parsed.refused else Reason.NOTHING_PARSED
            drop = Drop(id=whole, stage=Stage.PROPOSE, reason=reason, detail=reply.text[:_EVIDENCE_CHARACTERS])
            return Round(number, (), (drop,))
        kept = parsed.instructions[: request.ask.count]
        example_ids = tuple(example.id for example in request.ask.examples)
        aim = self.aims.aim(number)
        drafts: list[Draft] = []
        drops: list[Drop] = []
        for place, text in enumerate(kept):
            draft_id = DraftId(name, number, place)
            if len(text) > MAX_CHARACTERS:
                drops.append(describe_length(draft_id, Stage.PROPOSE, text))
            else:
                drafts.append(
                    Draft(id=draft_id, instruction=text, example_ids=example_ids, origin=reply.origin, aim=aim)
                )
        # One drop for all of them: a reply may hold ten thousand.
        if parsed.declined:
            often = f"{len(parsed.declined)} items decline; the first: " if len(parsed.declined) > 1 else ""
            detail = (often + parsed.declined[0])[:_EVIDENCE_CHARACTERS]
            drops.append(Drop(id=whole, stage=Stage.PROPOSE, reason=Reason.GENERATOR_REFUSED, detail=detail))
        surplus = len(parsed.instructions) - len(kept)
        if surplus:
            detail = f"{surplus} more than the {request.ask.count} asked for"
            drops.append(Drop(id=whole, stage=Stage.PROPOSE, reason=Reason.SURPLUS, detail=detail))
        return Round(number, tuple(drafts), tuple(drops))


def warn_of_template(template: PromptTemplate, aims: AimPlan) -> tuple[str, ...]:
    """What the task asks for and a template of a person's own leaves out, in a sentence; none where nothing."""
    aim = aims.aim(0)
    wanted = {"clause": aim.clause is not None, "axes": bool(aim.axes)}
    missing = [name for name, needed in wanted.items() if needed and name not in template.names]
    if not missing:
        return ()
    return (f"{template.path} does not use {' and '.join(missing)}: the model is not told what rounds aim at",)
