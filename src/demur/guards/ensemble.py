"""Several guards as one: each is asked about every text, and a rule makes one label of what they say.

The outcome is a label only if it would be the same whatever the members had said whose answers cannot be read. In a
majority of an even number, two halves are no verdict. All else is `UNREADABLE`, which passes no filter.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Literal, TypeAlias

from demur.engines.base import JudgeAsk
from demur.errors import DemurError, InputError
from demur.guards.base import Guard
from demur.records import Label, Origin, Verdict

Rule: TypeAlias = Literal["all", "any", "majority"]


class EnsembleGuard:
    """Guards that judge together. Implements the guard protocol."""

    def __init__(self, members: Sequence[Guard], rule: Rule) -> None:
        """Put the guards together; nothing is asked yet.

        Args:
            members: at least two.
            rule: how many must say that a text violates the policy.

        Raises:
            InputError: there are fewer than two.
        """
        if len(members) < 2:
            raise InputError("an ensemble needs two guards at least", hint="Use the one guard as it is.")
        self._members = tuple(members)
        self._rule: Rule = rule

    @property
    def name(self) -> str:
        """The rule, and the members by name."""
        return f"ensemble-{self._rule}({', '.join(member.name for member in self._members)})"

    @property
    def sees_policy(self) -> bool:
        """Whether every member is sent the policy's own criteria."""
        return all(member.sees_policy for member in self._members)

    @property
    def members(self) -> tuple[Guard, ...]:
        """The guards that are asked, in the builder's order."""
        return self._members

    def render(self, ask: JudgeAsk) -> None:
        """Nothing of its own: each member has its prompt."""
        del ask

    async def judge(self, ask: JudgeAsk) -> Verdict:
        """Ask every member at once, and make one verdict of theirs.

        Raises:
            EngineError: a member's model did not answer.
            GuardBlind: a member cannot be asked in its format.
        """

        async def hear(member: Guard) -> Verdict | DemurError:
            # A failure waits for the others: what they are asked already is answered, kept, and not asked again.
            try:
                return await member.judge(ask)
            except DemurError as error:
                return error

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(hear(member)) for member in self._members]
        verdicts: list[Verdict] = []
        for task in tasks:
            heard = task.result()
            if isinstance(heard, DemurError):
                raise heard
            verdicts.append(heard)
        label = combine_labels(self._rule, [verdict.label for verdict in verdicts])
        opinions = {verdict.declines for verdict in verdicts if verdict.declines is not None}
        return Verdict(
            label=label,
            confidence=weigh_votes(self._rule, verdicts, label),
            guard=self.name,
            origin=Origin("ensemble", ", ".join(verdict.origin.model for verdict in verdicts)),
            declines=opinions.pop() if len(opinions) == 1 else None,
            categories=tuple(dict.fromkeys(name for verdict in verdicts for name in verdict.categories)),
            members=tuple(verdicts),
        )


def count_needed(rule: Rule, size: int) -> dict[Label, int]:
    """How many of so many members must say a label for it to be the outcome."""
    if rule == "majority":
        return {Label.VIOLATES: size // 2 + 1, Label.SAFE: size // 2 + 1}
    most, one = (Label.VIOLATES, Label.SAFE) if rule == "all" else (Label.SAFE, Label.VIOLATES)
    return {most: size, one: 1}


def combine_labels(rule: Rule, labels: Sequence[Label]) -> Label:
    """The label that the members come to, or `UNREADABLE`."""
    for label, needed in count_needed(rule, len(labels)).items():
        if labels.count(label) >= needed:
            return label
    return Label.UNREADABLE


def weigh_votes(rule: Rule, verdicts: Sequence[Verdict], label: Label) -> float | None:
    """How sure the outcome is: as sure as the last vote that it needs, the surest votes counted first.

    None where the outcome is unreadable, or where fewer of its votes say how sure they are than it needs.
    """
    if label is Label.UNREADABLE:
        return None
    needed = count_needed(rule, len(verdicts))[label]
    sure = sorted(
        (verdict.confidence for verdict in verdicts if verdict.label is label and verdict.confidence is not None),
        reverse=True,
    )
    return sure[needed - 1] if len(sure) >= needed else None
