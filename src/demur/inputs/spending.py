"""The parts of a builder file that are about money: what a run may use, and what tokens cost."""

from __future__ import annotations

from pydantic import Field

from demur.inputs.prices import Price
from demur.inputs.validation import InputModel


class BudgetSettings(InputModel):
    """What one call of `demur run` may use, all its tasks together."""

    max_cost: float | None = Field(default=None, gt=0, description="US dollars.")
    max_tokens_total: int | None = Field(default=None, ge=1, description="Tokens, prompts and replies together.")


class SpendingInput(InputModel):
    """What a builder file may say of money, whole or in the short form."""

    budget: BudgetSettings = Field(
        default=BudgetSettings(), description="What a run may use; replies from the journal are free."
    )
    prices: dict[str, Price] = Field(
        default={},
        description="USD per million tokens by model name; * stands for anything. Goes before demur's table.",
    )

    def lay_over(self, other: SpendingInput) -> SpendingInput:
        """What this file says, and where it says nothing, what the other does."""
        said = {
            name: value for name in BudgetSettings.model_fields if (value := getattr(self.budget, name)) is not None
        }
        return SpendingInput(budget=other.budget.model_copy(update=said), prices={**other.prices, **self.prices})
