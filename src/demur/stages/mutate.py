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
DRAWS = 20
"""How often the rules draw for each variant, before they count as having no further one."""


@dataclass(frozen=True, slots=True)
class Mutator:
    """The stage. `seed` is the run's random seed."""

    engine: Engine
    template: PromptTemplate
    sampling: Sampling
    inputs: TaskInputs
    seed: int

    def prepare(self, parent: Pair, kind: MutationKind, language: str = "", variant: int = 0) -> Request:
        """The request for one mutant of a kind that a model writes.

        Args:
            language: the language wanted, of the kind `language`; else empty.
            variant: which of several mutants of the kind, from 0: a sample of its own.

        Raises:
            TemplateFault: the template cannot be rendered.
        """
        risk, instruction = self.inputs.find_risk(parent.draft.aim.risk), parent.draft.instruction
        values = MutateValues(risk, self.inputs.policy.risk_group, instruction, kind, language)
        return Request(
            prompt=self.template.render(values),
            ask=MutateAsk(risk, instruction, kind, language),
            sampling=self.sampling.with_seed(
                derive_seed(self.seed, instruction, kind, language, "mutate", *_salt(variant))
            ),
            priority=PRIORITY,
        )

    async def mutate(self, parent: Pair, kind: MutationKind, language: str = "", variant: int = 0) -> Draft | Drop:
        """Make one mutant; of one parent and kind there may be several, numbered from 0.

        Raises:
            EngineError: one that would hit every further request too.
        """
        draft_id, before = replace(parent.draft.id, branch=f"{kind}.{variant}"), parent.draft.instruction
        written = await self._write(parent, kind, language, variant, draft_id)
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

    async def _write(
        self, parent: Pair, kind: MutationKind, language: str, variant: int, draft_id: DraftId
    ) -> Rewrite | Drop:
        if kind not in RULES:
            request = self.prepare(parent, kind, language, variant)
            return await ask_rewrite(self.engine, request, draft_id, Stage.MUTATE)
        return Rewrite(self._garble(parent.draft.instruction, kind, variant), ORIGIN)

    def _garble(self, text: str, kind: MutationKind, variant: int) -> str:
        """The rules' text of that number, all of them different; the text itself where they have no more."""
        found = [RULES[kind](text, derive_seed(self.seed, text, kind))]
        for salt in range(1, DRAWS * (variant + 1) if variant else 0):
            if len(found) > variant:
                break
            garbled = RULES[kind](text, derive_seed(self.seed, text, kind, *_salt(salt)))
            if garbled != text and garbled not in found:
                found.append(garbled)
        return found[variant] if len(found) > variant else text


def _salt(variant: int) -> tuple[int, ...]:
    # The first variant is what it was when there was only one: journals hold it.
    return (variant,) if variant else ()
