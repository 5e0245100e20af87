"""Picks a few pairs of a dataset: as many of each stratum, and within each as unlike as can be."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from demur.errors import InputError
from demur.inputs.dataset_rows import COMPLY, Dataset, DatasetRow, read_dataset
from demur.inputs.validation import suggest
from demur.outputs.derived import Derived, check_destination, write_derived
from demur.run.trace import protect_path, show_path
from demur.stages.choose_diverse import Traversal, share_out, traverse_farthest
from demur.stages.draw import derive_seed

NONE = "none"
"""The value of a pair that has none: a clause that was not aimed at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRequest:
    """What is to be picked.

    Attributes:
        count: pairs wanted; with `keep_twins`, without the twins that come along.
        by: what strata are made of: `risk`, `clause`, `mode`, `kind`, `task`, `source`, or an axis of the dataset.
        seed: draws the pair that each stratum begins with.
        keep_twins: pick no twin for itself: each comes along with the pair that it was made of.
    """

    count: int
    by: tuple[str, ...] = ()
    seed: int = 0
    keep_twins: bool = False


@dataclass(frozen=True, slots=True)
class Stratum:
    """What was picked of one stratum.

    Attributes:
        values: one for each of the request's `by`.
        pairs: how many there are.
        traversal: which were picked; None where none was.
    """

    values: tuple[str, ...]
    pairs: int
    traversal: Traversal | None

    @property
    def picked(self) -> int:
        """How many were picked."""
        return 0 if self.traversal is None else len(self.traversal.places)


@dataclass(frozen=True, slots=True)
class Sampled:
    """A sample.

    Attributes:
        rows: its pairs, in the dataset's order.
        twins: how many of them came along with what they were made of.
        strata: in the order of their values.
    """

    rows: tuple[DatasetRow, ...]
    twins: int
    strata: tuple[Stratum, ...]


def sample_folder(folder: Path, out: Path, request: SampleRequest, *, force: bool = False) -> Sampled:
    """Write a sample of a folder's dataset into a new one.

    Raises:
        InputError: the folder holds no dataset, there is nothing of a name in `by`, or the new folder is not free.
        OutputFault: the disk refuses.
    """
    check_destination(out, [folder], force=force)
    dataset = read_dataset(folder)
    sampled = sample_dataset(dataset, request)
    write_derived(out, _derive(dataset, request, sampled, out))
    return sampled


def sample_dataset(dataset: Dataset, request: SampleRequest) -> Sampled:
    """Pick pairs: the same ones for the same dataset and request.

    Raises:
        InputError: there is nothing of a name in `by`.
    """
    known = {row.id for row in dataset.rows}
    along = {row.id for row in dataset.rows if request.keep_twins and row.mode == COMPLY and row.parent in known}
    candidates = [row for row in dataset.rows if row.id not in along]
    readers = [_find_reader(dataset, name) for name in request.by]
    groups: dict[tuple[str, ...], list[DatasetRow]] = {}
    for row in candidates:
        groups.setdefault(tuple(read(row) for read in readers), []).append(row)
    ordered = sorted(groups.items(), key=lambda group: [_order(value) for value in group[0]])
    quotas = share_out(request.count, [len(rows) for _, rows in ordered])
    strata: list[Stratum] = []
    picked: set[str] = set()
    for (values, rows), quota in zip(ordered, quotas, strict=True):
        traversal = None
        if quota:
            # What is drawn in one stratum does not depend on which others there are.
            first = derive_seed(request.seed, *map(ascii, values)) % len(rows)  # ascii: half characters too
            traversal = traverse_farthest([row.instruction for row in rows], quota, first)
            picked |= {rows[place].id for place in traversal.places}
        strata.append(Stratum(values, len(rows), traversal))
    twins = {row.id for row in dataset.rows if row.id in along and row.parent in picked}
    rows_out = tuple(row for row in dataset.rows if row.id in picked or row.id in twins)
    return Sampled(rows_out, len(twins), tuple(strata))


def _find_reader(dataset: Dataset, name: str) -> Callable[[DatasetRow], str]:
    """What reads a pair's value of that name.

    Raises:
        InputError: there is nothing of that name.
    """
    readers: dict[str, Callable[[DatasetRow], str]] = {
        "risk": lambda row: str(row.metadata.get("risk") or NONE),
        "clause": _read_clause,
        "mode": lambda row: row.mode,
        "kind": _read_kind,
        "task": lambda row: str(row.record.get("task_name") or NONE),
        "source": lambda row: str(row.record.get("source") or NONE),
    }
    axes = {str(axis) for row in dataset.rows for axis in _read_axes(row)}
    readers = {**{axis: _read_axis(axis) for axis in axes}, **readers}
    if name not in readers:
        raise InputError(f"--by: nothing here is called {name!r}", path=dataset.folder,
                         hint=suggest(name, sorted(readers)))  # fmt: skip
    return readers[name]


def _read_clause(row: DatasetRow) -> str:
    clause = row.metadata.get("clause")
    number = clause.get("number") if isinstance(clause, Mapping) else None
    return NONE if number is None else f"{row.metadata.get('risk')}/{number}"


def _read_kind(row: DatasetRow) -> str:
    if row.parent is None:
        return "proposed"
    return "twin" if row.mode == COMPLY else str(row.metadata.get("mutation") or NONE)


def _read_axes(row: DatasetRow) -> Mapping[str, object]:
    axes = row.metadata.get("axes")
    return axes if isinstance(axes, Mapping) else {}


def _read_axis(axis: str) -> Callable[[DatasetRow], str]:
    return lambda row: str(_read_axes(row).get(axis) or NONE)


def _order(value: str) -> tuple[str, int]:
    """Clauses in the order of their numbers: 2 before 10."""
    words, slash, number = value.rpartition("/")
    return (words, int(number)) if slash and number.isdecimal() and number.isascii() else (value, 0)


def describe_strata(request: SampleRequest, strata: Sequence[Stratum]) -> list[dict[str, object]]:
    """The strata as JSON."""
    return [
        {
            "stratum": dict(zip(request.by, stratum.values, strict=True)),
            "pairs": stratum.pairs,
            "picked": stratum.picked,
            "closest": _round(stratum.traversal.closest) if stratum.traversal else None,
            "radius": _round(stratum.traversal.radius) if stratum.traversal else None,
        }
        for stratum in strata
    ]


def _round(distance: float | None) -> float | None:
    return None if distance is None else round(distance, 6)


def _derive(dataset: Dataset, request: SampleRequest, sampled: Sampled, out: Path) -> Derived:
    by = f" spread over {', '.join(request.by)} as evenly as there are pairs," if request.by else ""
    along = " The twins of what was picked came along." if request.keep_twins else ""
    return Derived(
        command="sample",
        words=f"Picked by `demur sample`:{by} each the farthest from those before it by ROUGE-L (farthest-first traversal, "
        f"Gonzalez 1985), random seed {request.seed}.{along}",
        sources=[dataset],
        settings={
            "wanted": request.count,
            "by": list(request.by),
            "seed": request.seed,
            "keep_twins": request.keep_twins,
            "selection": "farthest-first traversal (Gonzalez 1985), distance 1 - ROUGE-L F1",
        },
        result={
            "pairs": len(sampled.rows),
            "picked": len(sampled.rows) - sampled.twins,
            "twins_along": sampled.twins,
            "strata": describe_strata(request, sampled.strata),
        },
        rows=sampled.rows,
        rejected=None,
        command_line=("demur", "sample", protect_path(show_path(dataset.folder)), "-n", str(request.count),
                      *(["--by", ",".join(request.by)] if request.by else []), "--seed", str(request.seed),
                      *(["--keep-twins"] if request.keep_twins else []), "-o", show_path(out)),
    )  # fmt: skip
