"""The recipe: the specification's five stages, in order, and what a task may add to them. Read this first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from demur.guards.base import Guard
from demur.inputs.calibration import MutationKind
from demur.records import Admitted, Draft, Drop, Pair, Stage
from demur.stages.assist import Assistant
from demur.stages.check_reply import ReplyCheck
from demur.stages.contrast import TwinWriter
from demur.stages.dedupe import Deduplicator
from demur.stages.mutate import Mutator
from demur.stages.propose import Proposer, Round
from demur.stages.respond import Responder
from demur.stages.screen import Screen

Enter: TypeAlias = Callable[[Stage], None]
"""Is told each stage as a draft enters it."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one strand of a task makes its pairs."""

    proposer: Proposer
    deduplicator: Deduplicator
    screen: Screen
    responder: Responder
    gate: ReplyCheck
    twin_writer: TwinWriter
    assistant: Assistant
    mutator: Mutator

    @property
    def guard(self) -> Guard:
        """The guard that both filters ask."""
        return self.screen.guard

    async def propose(self, number: int) -> Round:
        """Stage 1, instruction generation: seeds as in-context examples give new requests."""
        return await self.proposer.propose(number)

    def deduplicate(self, draft: Draft) -> Admitted | Drop:
        """Stage 2, deduplication: ROUGE-L against the seeds and all that was admitted. In order, one at a time."""
        return self.deduplicator.admit(draft)

    async def finish(self, admitted: Admitted, enter: Enter) -> Pair | Drop:
        """Stages 3 to 6 for one draft. Drafts do not touch each other here, so they run side by side."""
        enter(Stage.SCREEN_INSTRUCTION)  # 3. Guardian filter: only instructions that violate the policy go on
        screened = await self.screen.screen_instruction(admitted)  # (of twins: only those that do not)
        if isinstance(screened, Drop):
            return screened

        enter(Stage.RESPOND)  # 4. Response generation: a refusal within what the policy's replies may contain
        answering = self.assistant if admitted.draft.complies else self.responder  # (to a twin: help)
        answered = await answering.respond(screened)
        if isinstance(answered, Drop):
            return answered

        enter(Stage.SCREEN_RESPONSE)  # 5. Guardian filter: only responses that do not violate it are kept
        pair = await self.screen.screen_response(answered)
        if isinstance(pair, Drop):
            return pair

        return await self.gate.check(
            pair, self.screen.risk
        )  # 6. Reply check: does it decline, and as the policy wants it?

    async def make_twin(self, parent: Pair, attempt: int, enter: Enter) -> Pair | Drop:
        """A benign twin: the nearest request that the policy permits, and help with it."""
        enter(Stage.TWIN)
        draft = await self.twin_writer.write(parent, attempt)
        if isinstance(draft, Drop):
            return draft
        copied = self.deduplicator.find_copy(draft, parent.draft)
        if copied is not None:
            return copied
        admitted = self.deduplicator.admit_offspring(draft, Stage.TWIN)
        return admitted if isinstance(admitted, Drop) else await self.finish(admitted, enter)

    async def make_mutant(
        self, parent: Pair, kind: MutationKind, language: str, enter: Enter, *, variant: int = 0
    ) -> Pair | Drop:
        """A mutant: the request in another form, judged again and declined again."""
        enter(Stage.MUTATE)
        draft = await self.mutator.mutate(parent, kind, language, variant)
        if isinstance(draft, Drop):
            return draft
        admitted = self.deduplicator.admit_offspring(draft, Stage.MUTATE)
        return admitted if isinstance(admitted, Drop) else await self.finish(admitted, enter)
