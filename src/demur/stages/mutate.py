"""Mutants: an accepted instruction in another form, to be judged and answered anew.

A model that declines a request should decline it in the past tense, in another language and with typing errors too.
Typing errors and disguised letters are made here, by rules; what needs a feeling for language is asked of the generator.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from demur.engines.base import Engine, MutateAsk, Request, Sampling
from demur.inputs.calibration import MutationKind
from demur.inputs.task import TaskInputs
from demur.records import Draft, DraftId, Drop, Pair, Reason, Stage
from demur.stages.draw import derive_seed
from demur.stages.garble import ORIGIN, make_typos, obfuscate
from demur.stages.render import MutateValues, PromptTemplate
from demur.stages.rewrite import Rewrite, ask_rewrite, is_same_text

PRIORITY = 25
RULES = {"typos": make_typos, "obfuscation": obfuscate}
"""The kinds that need no model."""


@dataclass(frozen=True, slots=True)
class Mutator:
    """The stage. `seed` is the run's random seed."""

    engine: Engine
    template: PromptTemplate
    sampling: Sampling
    inputs: TaskInputs
    seed: int

    def prepare(self, parent: Pair, kind: MutationKind, language: str = "") -> Request:
        """The request for one mutant of a kind that a model writes.

        Args:
            language: the language wanted, of the kind `language`; else empty.

        Raises:
            TemplateFault: the template cannot be rendered.
        """
        risk, instruction = self.inputs.find_risk(parent.draft.aim.risk), parent.draft.instruction
        values = MutateValues(risk, self.inputs.policy.risk_group, instruction, kind, language)
        return Request(
            prompt=self.template.render(values),
            ask=MutateAsk(risk, instruction, kind, language),
            sampling=self.sampling.with_seed(derive_seed(self.seed, instruction, kind, language, "mutate")),
            priority=PRIORITY,
        )

    async def mutate(self, parent: Pair, kind: MutationKind, language: str = "") -> Draft | Drop:
        """Make one mutant.

        Raises:
            EngineError: one that would hit every further request too.
        """
        draft_id, before = replace(parent.draft.id, branch=f"{kind}.0"), parent.draft.instruction
        written = await self._write(parent, kind, language, draft_id)
        if isinstance(written, Drop):
            return written
        unchanged = written.text == before if kind in RULES else is_same_text(written.text, before)
        if unchanged:
            return Drop(id=draft_id, stage=Stage.MUTATE, reason=Reason.MUTANT_UNCHANGED, instruction=written.text)
        return Draft(
            id=draft_id,
            instruction=written.text,
            example_ids=(),
            origin=written.origin,
            aim=parent.draft.aim,
            parent=parent.draft.id,
            kind=kind,
        )

    async def _write(self, parent: Pair, kind: MutationKind, language: str, draft_id: DraftId) -> Rewrite | Drop:
        rule = RULES.get(kind)
        if rule is None:
            return await ask_rewrite(self.engine, self.prepare(parent, kind, language), draft_id, Stage.MUTATE)
        text = parent.draft.instruction
        return Rewrite(rule(text, derive_seed(self.seed, text, kind)), ORIGIN)
