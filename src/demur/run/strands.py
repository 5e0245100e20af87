"""What a task is made of: how many pairs are proposed, of which risk and clause, and how many twins and mutants there are.

A *strand* is one risk, or one clause of it, with rounds and deduplication of its own. A task has one, unless it names
several risks or wants as many pairs of each clause. Strand s of n has the rounds s, s + n, s + 2n, …
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from demur.errors import InputError
from demur.inputs.policy import Risk
from demur.inputs.task import TaskInputs


@dataclass(frozen=True, slots=True)
class Strand:
    """One strand of a task.

    Attributes:
        number: its place among the task's strands, from 0.
        risk: what its requests are about.
        clause: the only clause that its rounds aim at; None: any.
        quota: pairs wanted of it.
    """

    number: int
    risk: Risk
    clause: int | None
    quota: int

    def describe(self) -> str:
        """Which it is, in words."""
        return self.risk.risk if self.clause is None else f"clause {self.clause + 1} of {self.risk.risk}"


@dataclass(frozen=True, slots=True)
class Composition:
    """What the pairs of a task are.

    Attributes:
        wanted: all of them.
        strands: where the proposed ones come from.
        twins: how many are benign twins.
        mutants: how many are mutants.
        settles: whether what the strands accept is still chosen from.
    """

    wanted: int
    strands: tuple[Strand, ...]
    twins: int
    mutants: int
    settles: bool

    @property
    def proposed(self) -> int:
        """How many are neither twins nor mutants."""
        return self.wanted - self.twins - self.mutants


def compose(inputs: TaskInputs, wanted: int) -> Composition:
    """Divide the pairs wanted of a task.

    Raises:
        InputError: twins and mutants leave nothing to make them of.
    """
    task = inputs.task
    shares = (task.contrast.share if task.contrast else 0.0, task.mutate.share if task.mutate else 0.0)
    if sum(shares) >= 1:
        raise InputError(
            f"contrast and mutate take {sum(shares):.0%} of the pairs: nothing is left that they could be made of",
            path=inputs.sources["task"],
            hint="Their shares together must be below 1.",
        )
    twins = min(round(wanted * shares[0]), wanted - 1)
    mutants = min(round(wanted * shares[1]), wanted - 1 - twins)
    strands = tuple(_divide(inputs, wanted - twins - mutants))
    rules = task.reply_rules
    settles = len(strands) > 1 or rules.max_opening_share is not None or rules.max_similarity is not None
    return Composition(wanted, strands, twins, mutants, settles)


def _divide(inputs: TaskInputs, proposed: int) -> Iterator[Strand]:
    number = 0
    for risk, share in zip(inputs.risks, split_evenly(proposed, len(inputs.risks)), strict=True):
        clauses = range(len(risk.policy.reply_cannot_contain)) if inputs.task.balance == "clause" else (None,)
        for clause, quota in zip(clauses, split_evenly(share, len(clauses)), strict=True):
            yield Strand(number, risk, clause, quota)
            number += 1


def split_evenly(total: int, parts: int) -> list[int]:
    """Whole numbers that add up to the total and differ by one at most, the greater ones first."""
    each, rest = divmod(total, parts)
    return [each + (place < rest) for place in range(parts)]
