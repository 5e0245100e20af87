"""The recipe: the specification's five stages, in order. Read this first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from demur.guards.base import Guard
from demur.records import Admitted, Draft, Drop, Pair, Stage
from demur.stages.dedupe import Deduplicator
from demur.stages.propose import Proposer, Round
from demur.stages.respond import Responder
from demur.stages.screen import Screen


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one task makes its pairs."""

    proposer: Proposer
    deduplicator: Deduplicator
    screen: Screen
    responder: Responder

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

    async def finish(self, admitted: Admitted, enter: Callable[[Stage], None]) -> Pair | Drop:
        """Stages 3 to 5 for one draft. Drafts do not touch each other here, so they run side by side.

        Args:
            enter: told each stage as the draft enters it.
        """
        enter(Stage.SCREEN_INSTRUCTION)  # 3. Guardian filter: only instructions that violate the policy go on
        screened = await self.screen.screen_instruction(admitted)
        if isinstance(screened, Drop):
            return screened

        enter(Stage.RESPOND)  # 4. Response generation: a refusal within what the policy's replies may contain
        answered = await self.responder.respond(screened)
        if isinstance(answered, Drop):
            return answered

        enter(Stage.SCREEN_RESPONSE)  # 5. Guardian filter: only responses that do not violate it are kept
        return await self.screen.screen_response(answered)
