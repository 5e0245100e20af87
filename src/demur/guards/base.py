"""The guard protocol."""

from __future__ import annotations

from typing import Protocol

from demur.engines.base import JudgeAsk, Prompt
from demur.records import Verdict


class Guard(Protocol):
    """Judges one text by one risk of a policy."""

    @property
    def name(self) -> str:
        """Family and version, such as `granite-guardian-3.3`: stands in every verdict."""
        ...

    @property
    def sees_policy(self) -> bool:
        """Whether the policy's own criteria are sent; False where the model or the builder fixed others."""
        ...

    @property
    def members(self) -> tuple[Guard, ...]:
        """The guards that this one asks, where it is several; else none."""
        ...

    def render(self, ask: JudgeAsk) -> Prompt | None:
        """The prompt that `judge` would send, or None where no model is asked."""
        ...

    async def judge(self, ask: JudgeAsk) -> Verdict:
        """Judge the instruction, or the response in the context of its instruction.

        An answer without a readable label is a verdict `UNREADABLE`, never an exception and never a guess.

        Raises:
            EngineError: the model did not answer.
            GuardBlind: the server offers no route by which the policy reaches the model.
        """
        ...
