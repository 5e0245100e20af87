"""What models were asked for, and what it cost: requests, tokens, US dollars."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StageUse:
    """What one engine did for one stage.

    Attributes:
        asked: requests that went to the model.
        replayed: requests that the journal answered.
        prompt_tokens, completion_tokens: of what was asked, as the server counted them.
        replayed_prompt_tokens, replayed_completion_tokens: of replies from the journal, as counted when they were asked for.
        cost_usd: what was asked, in US dollars; None where the model's price is not known.
    """

    asked: int = 0
    replayed: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    replayed_prompt_tokens: int = 0
    replayed_completion_tokens: int = 0
    cost_usd: float | None = 0.0


@dataclass(frozen=True, slots=True)
class BudgetUse:
    """What all tasks of a run used together, of what they may use.

    Attributes:
        max_cost_usd: the bound in US dollars, or None.
        max_tokens: the bound in tokens, prompts and replies together, or None.
        cost_usd: what was used; None where a model's price is not known.
        tokens: what was used; estimated for replies whose server did not count, and requests whose answer never came.
    """

    max_cost_usd: float | None
    max_tokens: int | None
    cost_usd: float | None
    tokens: int

    def describe(self) -> str:
        """Used and allowed, in words."""
        parts = []
        if self.max_tokens is not None:
            parts.append(f"{self.tokens:,} of {self.max_tokens:,} tokens")
        if self.max_cost_usd is not None and self.cost_usd is not None:
            parts.append(f"${self.cost_usd:,.4f} of ${self.max_cost_usd:,.4f}")
        return " and ".join(parts)
