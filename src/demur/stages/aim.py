"""What each round of proposals aims at: a clause of the policy, and a value of each axis of diversity."""

from __future__ import annotations

import random
from dataclasses import dataclass

from demur.inputs.policy import Risk
from demur.inputs.task import TaskInputs
from demur.records import Aim
from demur.stages.draw import derive_seed


@dataclass(frozen=True, slots=True)
class AimPlan:
    """The aims of one strand of rounds. An aim follows from the plan and the round's number, and from nothing else.

    Attributes:
        risk: whose clauses are aimed at.
        name: the risk's name as aims carry it; empty where the task has only one.
        clause: the number of the one clause aimed at; None: all in turn, where there are aims at all.
        rotates: whether rounds aim at clauses in turn.
        axes: each axis with its values.
        key: what the drawing depends on: the random seed and the task.
        strand: this strand's number, from 0.
        strands: how many there are; strand s has the rounds s, s + strands, s + 2 strands, …
    """

    risk: Risk
    name: str
    clause: int | None
    rotates: bool
    axes: tuple[tuple[str, tuple[str, ...]], ...]
    key: tuple[int, str]
    strand: int = 0
    strands: int = 1

    def aim(self, number: int) -> Aim:
        """The aim of a round, by its number."""
        rank = number // self.strands
        clause = self.clause
        if clause is None and self.rotates:
            clause = rank % len(self.risk.policy.reply_cannot_contain)
        return Aim(self.name, clause, tuple((axis, self._draw(axis, values, rank)) for axis, values in self.axes))

    def phrase_clause(self, aim: Aim) -> str:
        """The words of the clause that is aimed at; empty where it is any."""
        return "" if aim.clause is None else self.risk.policy.reply_cannot_contain[aim.clause]

    def _draw(self, axis: str, values: tuple[str, ...], rank: int) -> str:
        """The value of an axis in a strand's rank-th round.

        Rounds go in cycles as long as the axis, each with an order of its own: within a strand every value comes as often
        as any other, and no two axes go in step. In a cycle the strands begin at different places, so that side by side
        they bring different values.
        """
        cycle, place = divmod(rank, len(values))
        draw = random.Random(derive_seed(*self.key, axis, cycle, "axis"))  # noqa: S311 - variety, not secrecy
        order = draw.sample(range(len(values)), len(values))
        start = draw.sample(range(len(values)), len(values))[self.strand % len(values)]
        return values[order[(start + place) % len(values)]]


def plan_aims(
    inputs: TaskInputs,
    seed: int,
    *,
    risk: Risk | None = None,
    clause: int | None = None,
    strand: int = 0,
    strands: int = 1,
) -> AimPlan:
    """Lay out the aims of a strand.

    Args:
        seed: the run's random seed.
        risk: one of the task's; None: its first.
        clause: the number of the only clause aimed at; None: all in turn where the task asks for aims, else any.
        strand: the strand's number, from 0, of `strands`.
    """
    task = inputs.task
    risk = risk or inputs.risk
    return AimPlan(
        risk=risk,
        name=risk.risk if len(inputs.risks) > 1 else "",
        clause=clause,
        rotates=task.aims,
        axes=tuple((task.axes or {}).items()),
        key=(seed, inputs.name),
        strand=strand,
        strands=strands,
    )
