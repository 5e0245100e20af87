"""What a task is made of: how many pairs are proposed, of which risk and clause, and how many twins and mutants there are.

A *strand* is one risk, or one clause of it, with rounds and deduplication of its own. A task has one, unless it names
several risks or wants as many pairs of each clause. Strand s of n has the rounds s, s + n, s + 2n, …
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import floor

from demur.errors import InputError
from demur.inputs.policy import Risk
from demur.inputs.task import Task, TaskInputs
from demur.inputs.yaml_text import read_documents

OBFUSCATIONS = 6
"""How many mutants of the kind `obfuscation` one request has: figures, look-alike letters, and four ways to set apart."""


@dataclass(frozen=True, slots=True)
class Strand:
    """One strand of a task.

    Attributes:
        number: its place among the task's strands, from 0.
        risk: what its requests are about.
        clause: the only clause that its rounds aim at; None: any.
        quota: pairs wanted of it.
        twins: benign twins wanted of those.
        mutants: mutants, likewise.
    """

    number: int
    risk: Risk
    clause: int | None
    quota: int
    twins: int = 0
    mutants: int = 0

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
        warnings: what so few pairs cannot be.
    """

    wanted: int
    strands: tuple[Strand, ...]
    twins: int
    mutants: int
    settles: bool
    warnings: tuple[str, ...] = ()

    @property
    def proposed(self) -> int:
        """How many are neither twins nor mutants."""
        return self.wanted - self.twins - self.mutants


def compose(inputs: TaskInputs, wanted: int) -> Composition:
    """Divide the pairs wanted of a task.

    Raises:
        InputError: twins and mutants leave nothing, or too little, to make them of.
    """
    task = inputs.task
    shares = (task.contrast.share if task.contrast else 0.0, task.mutate.share if task.mutate else 0.0)
    if sum(shares) >= 1:
        raise InputError(
            f"contrast and mutate take {sum(shares):.0%} of the pairs: nothing is left that they could be made of",
            path=inputs.sources["task"],
            line=_find_line(inputs, "mutate" if task.mutate else "contrast"),
            hint="Their shares together must be below 1.",
        )
    twins = min(round(wanted * shares[0]), wanted - 1)
    mutants = min(round(wanted * shares[1]), wanted - 1 - twins)
    if task.mutate is not None and set(task.mutate.kinds) == {"obfuscation"}:
        _check_disguises(inputs, task, wanted, mutants, wanted - twins - mutants)
    subjects = _list_subjects(inputs)
    planned = twins, mutants
    while twins + mutants and wanted - twins - mutants < min(wanted, len(subjects)):
        twins, mutants = (twins - 1, mutants) if twins >= mutants else (twins, mutants - 1)
    noun = "risks" if task.balance is None else "clauses"
    warnings = tuple(_warn_of_few(len(subjects), wanted, planned, (twins, mutants), noun))
    quotas = split_evenly(wanted - twins - mutants, len(subjects))
    with_twins = split_evenly(wanted - mutants, len(subjects))
    with_all = split_evenly(wanted, len(subjects))
    strands = tuple(
        Strand(number, *subject, quota, more - quota, most - more)
        for number, (subject, quota, more, most) in enumerate(zip(subjects, quotas, with_twins, with_all, strict=True))
    )
    rules = task.reply_rules
    settles = len(strands) > 1 or rules.max_opening_share is not None or rules.max_similarity is not None
    return Composition(wanted, strands, twins, mutants, settles, warnings)


def _check_disguises(inputs: TaskInputs, task: Task, wanted: int, mutants: int, parents: int) -> None:
    """Other kinds have as many variants as anybody wants; the rules of this one have few.

    Raises:
        InputError: not even with all of them there would be enough.
    """
    if mutants <= OBFUSCATIONS * parents:
        return
    left = 1 - (task.contrast.share if task.contrast else 0.0)
    most = left * OBFUSCATIONS / (OBFUSCATIONS + 1)
    raise InputError(
        f"mutate wants {mutants} obfuscations of {parents} request{'s' * (parents > 1)} (-n {wanted}): "
        f"each has {OBFUSCATIONS} at most",
        path=inputs.sources["task"],
        line=_find_line(inputs, "mutate"),
        hint=f"A `share` of {floor(100 * most) / 100:g} at most can be met, or name further `kinds`, such as typos.",
    )


def _find_line(inputs: TaskInputs, key: str) -> int | None:
    """Where the task's file has a key; None where that cannot be told."""
    try:
        documents = read_documents(inputs.sources["task"])
    except InputError:
        return None
    named = [each for each in documents if isinstance(each.data, dict) and key in each.data]
    own = [each for each in named if each.data.get("task_name") == inputs.name] or named
    return own[0].line((key,)) if own else None


def _list_subjects(inputs: TaskInputs) -> list[tuple[Risk, int | None]]:
    """What each strand is about: the clauses of all risks, all alike; or the risks."""
    if inputs.task.balance is None:
        return [(risk, None) for risk in inputs.risks]
    return [(risk, clause) for risk in inputs.risks for clause in range(len(risk.policy.reply_cannot_contain))]


def _warn_of_few(
    subjects: int, wanted: int, before: tuple[int, int], after: tuple[int, int], noun: str
) -> Iterator[str]:
    """What so few pairs cannot be, where every clause or risk is to have one that twins and mutants can be made of."""
    if wanted < subjects:
        left_out = subjects - wanted
        gets = "gets" if left_out == 1 else "get"
        yield f"{left_out} of the {subjects} {noun} {gets} no pair: ask for {subjects} at least (-n)"
    for key, name, planned, left in zip(("contrast", "mutate"), ("twins", "mutants"), before, after, strict=True):
        if left < planned:
            said = f"{key}: {left} {name if left != 1 else name[:-1]} in place of {planned}"
            yield f"{said}, so that none of the {subjects} {noun} is left out; ask for more pairs (-n) to have the share"


def split_evenly(total: int, parts: int) -> list[int]:
    """Whole numbers that add up to the total and differ by one at most, the greater ones first."""
    each, rest = divmod(total, parts)
    return [each + (place < rest) for place in range(parts)]
