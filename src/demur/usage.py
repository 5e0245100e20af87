"""What a run used: requests, tokens, money, of its budget, and of the slots that its engines have."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotUse:
    """How busy the slots of one model at one endpoint were, while a task ran; whatever else shares them counts too.

    Attributes:
        engine: the engine's type.
        blocks: the builder's blocks that use the model.
        slots: requests at once, at most.
        lowest: the lowest that the server's refusals brought that down to, in the run so far.
        elapsed_s: how long was looked, in seconds.
        busy_slot_s: slots with a request in them, summed over the time.
        full_s: seconds in which no slot was free.
        held_s: seconds in which slots were free and requests waited all the same: for a rate, or out of regard for the server.
        timeline: the mean number of busy slots in each of equal parts of the time.
    """

    engine: str
    model: str
    blocks: tuple[str, ...]
    slots: int
    lowest: int
    elapsed_s: float
    busy_slot_s: float
    full_s: float
    held_s: float
    timeline: tuple[float, ...]

    @property
    def busy(self) -> float:
        """The mean number of busy slots."""
        return self.busy_slot_s / self.elapsed_s if self.elapsed_s else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class VendiScore:
    """How many texts that differ wholly would be as varied as these, by an embedding model.

    Attributes:
        score: from 1, all alike, to the number of texts; None where the model knows no word of any.
        texts: how many there are.
        sampled: how many of them were measured.
    """

    score: float | None
    texts: int
    sampled: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VendiScores:
    """The scores of a dataset by one model."""

    model: str
    instructions: VendiScore
    responses: VendiScore
