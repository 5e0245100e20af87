"""What a whole run may use: tokens, and dollars.

A `Budget` is one for all models of a run; each model's limiter has a `Purse` on it. A request goes while what was used, what
those that are out are expected to use, and what it is itself expected to use fit together. Where they do not, it
waits for those that are out: they may use less. Only when nothing is out any more, and their replies have reached the
journal, is it refused: so a refusal cannot tear down work whose answer is on its way.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass

from demur.engines.base import Usage
from demur.errors import BudgetSpent
from demur.inputs.prices import Price
from demur.usage import BudgetUse

GRACE_S = 0.02
"""How long after the last reply the first refusal comes: the reply is on its way to the journal."""


class Budget:
    """What may be used, what was, and what is under way. Without bounds it only counts.

    Args:
        max_cost_usd: in US dollars, or None.
        max_tokens: prompts and replies together, or None.
    """

    def __init__(self, max_cost_usd: float | None = None, max_tokens: int | None = None) -> None:
        self.max_cost_usd = max_cost_usd
        self.max_tokens = max_tokens
        self._tokens = 0
        self._cost_usd = 0.0
        self._price_missing = False
        self._reserved_tokens = 0
        self._reserved_usd = 0.0
        self._out = 0
        self._quiet_from_s = -math.inf
        self._closed = False
        self._wakers: list[Callable[[], None]] = []

    @property
    def bounded(self) -> bool:
        """Whether there is anything to keep to."""
        return self.max_cost_usd is not None or self.max_tokens is not None

    def wake(self, waker: Callable[[], None]) -> None:
        """Have somebody called whenever there may be room again, or never again."""
        self._wakers.append(waker)

    def read(self) -> BudgetUse:
        """What was used so far, of how much."""
        cost = None if self._price_missing else self._cost_usd
        return BudgetUse(self.max_cost_usd, self.max_tokens, cost, self._tokens)

    def find_moment(self, tokens: int, cost_usd: float, now_s: float) -> float:
        """From when on so much may be begun; infinity: not before something that is out has come back.

        Raises:
            BudgetSpent: never any more.
        """
        if not self._closed and self._fits(tokens, cost_usd):
            return -math.inf
        if not self._closed:
            if self._out:
                return math.inf
            if now_s < self._quiet_from_s:
                return self._quiet_from_s
            # Whoever waits at another model's limiter hears of it now, and not when a slot comes free there.
            self._closed = True
            self._call_wakers_soon()
        use = self.read()
        raise BudgetSpent(
            f"the budget is spent: {use.describe()}; the next request would need about {tokens:,} tokens",
            hint="The same command goes on from here, with a budget of its own: "
            "raise --max-cost or --max-tokens-total, or `budget` in the builder.",
        )

    def reserve(self, tokens: int, cost_usd: float) -> None:
        """Set aside what a request that goes now is expected to use."""
        self._out += 1
        self._reserved_tokens += tokens
        self._reserved_usd += cost_usd

    def settle(self, reserved: tuple[int, float], used: tuple[int, float | None], now_s: float) -> None:
        """A request has come back, and has used so much; the cost is None where the price is not known."""
        self._out -= 1
        self._reserved_tokens -= reserved[0]
        self._reserved_usd -= reserved[1]
        self._tokens += used[0]
        if used[1] is None:
            self._price_missing = self._price_missing or used[0] > 0
        else:
            self._cost_usd += used[1]
        if self.bounded:
            self._quiet_from_s = now_s + GRACE_S
            self._call_wakers_soon()

    def _fits(self, tokens: int, cost_usd: float) -> bool:
        if self.max_tokens is not None and self._tokens + self._reserved_tokens + tokens > self.max_tokens:
            return False
        # Sums of floats: what is left after all reservations are given back may differ from nothing by a hair.
        return self.max_cost_usd is None or self._cost_usd + self._reserved_usd + cost_usd <= self.max_cost_usd + 1e-9

    def _call_wakers_soon(self) -> None:
        loop = asyncio.get_running_loop()
        for waker in self._wakers:
            loop.call_soon(waker)


@dataclass(frozen=True, slots=True)
class Purse:
    """One model's gate to the budget. `price` is None where it is not known."""

    budget: Budget
    price: Price | None

    def find_moment(self, need: Usage, now_s: float) -> float:
        """From when on a request that needs so much may go.

        Raises:
            BudgetSpent: never any more.
        """
        tokens = need.prompt_tokens + need.completion_tokens
        return self.budget.find_moment(tokens, self.compute_cost(need) or 0.0, now_s)

    def charge(self, need: Usage, now_s: float) -> Reservation:
        """Set aside what the request is expected to use."""
        del now_s
        reservation = Reservation(self, need)
        self.budget.reserve(*reservation.amounts)
        return reservation

    def compute_cost(self, used: Usage) -> float | None:
        """In US dollars, or None where the price is not known."""
        return None if self.price is None else self.price.compute_cost(used.prompt_tokens, used.completion_tokens)


@dataclass(frozen=True, slots=True)
class Reservation:
    """What one request that is out is expected to use."""

    purse: Purse
    need: Usage

    @property
    def amounts(self) -> tuple[int, float]:
        """Tokens and dollars."""
        return self.need.prompt_tokens + self.need.completion_tokens, self.purse.compute_cost(self.need) or 0.0

    def settle(self, used: Usage, now_s: float) -> None:
        """It used so much."""
        tokens = used.prompt_tokens + used.completion_tokens
        self.purse.budget.settle(self.amounts, (tokens, self.purse.compute_cost(used)), now_s)

    def refund(self, now_s: float, *, sent: bool) -> None:
        """It used nothing."""
        del sent
        self.settle(Usage(), now_s)

    def keep(self, now_s: float) -> None:
        """What it used is not known: the estimate counts."""
        self.settle(self.need, now_s)
