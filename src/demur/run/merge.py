"""Joins the datasets of several runs, without what is too near to a pair of an earlier one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from demur.errors import InputError
from demur.inputs.dataset_rows import Dataset, DatasetRow, read_dataset
from demur.outputs.dataset import describe_match
from demur.outputs.derived import PARENT_DROPPED, Derived, change_row, check_destination, list_lost, write_derived
from demur.records import Match, Reason
from demur.run.trace import protect_path, show_path
from demur.stages.novelty import NoveltyIndex

Json = dict[str, object]

STAGE = "merge"


@dataclass(frozen=True, slots=True)
class Share:
    """What became of one dataset's pairs.

    Attributes:
        duplicates: dropped as near to a pair of an earlier dataset.
        orphans: dropped with the pair that they were made of.
    """

    folder: Path
    pairs: int
    duplicates: int
    orphans: int

    @property
    def kept(self) -> int:
        """What stayed."""
        return self.pairs - self.duplicates - self.orphans


@dataclass(frozen=True, slots=True)
class Merged:
    """A merge.

    Attributes:
        rows: the pairs, dataset by dataset, with ids of their own.
        rejected: a line for each that was left out.
        shares: one a dataset.
    """

    rows: tuple[DatasetRow, ...]
    rejected: tuple[Json, ...]
    shares: tuple[Share, ...]


def merge_folders(folders: Sequence[Path], out: Path, *, threshold: float = 0.7, force: bool = False) -> Merged:
    """Merge the datasets of some folders into a new one.

    Args:
        threshold: the ROUGE-L F1 from which two instructions are duplicates, in (0, 1].
        force: write into a folder that is not empty.

    Raises:
        InputError: a folder holds no dataset or is named twice, the new one is not free, or the threshold is out of range.
        OutputFault: the disk refuses.
    """
    if not 0 < threshold <= 1:
        raise InputError(f"the threshold {threshold:g} is out of range", hint="Above 0 and at most 1; 0.7 is usual.")
    seen: set[Path] = set()
    for folder in folders:
        if folder.resolve() in seen:
            raise InputError("this folder is named twice", path=folder, hint="Name each run once.")
        seen.add(folder.resolve())
    check_destination(out, folders, force=force)
    datasets = [read_dataset(folder) for folder in folders]
    merged = merge_datasets(datasets, threshold)
    write_derived(out, _derive(datasets, merged, threshold, out))
    return merged


def merge_datasets(datasets: Sequence[Dataset], threshold: float) -> Merged:
    """Join datasets, in their order: a pair goes if its instruction is too near to one that stayed of an earlier dataset.

    Within a dataset nothing is compared: its own run has done that. With a pair go its twins and mutants.
    """
    index = NoveltyIndex(threshold)
    rows: list[DatasetRow] = []
    rejected: list[Json] = []
    shares = []
    for number, dataset in enumerate(datasets, start=1):
        matches = {row.id: index.nearest(row.instruction, threshold) for row in dataset.rows}
        near = {row_id: match for row_id, match in matches.items() if match is not None}
        lost = list_lost(dataset.rows, near)
        for row in dataset.rows:
            if row.id in near:
                rejected.append(_reject(row, number, dataset, near[row.id]))
            elif row.id in lost:
                rejected.append(_reject(row, number, dataset, parent=lost[row.id]))
            else:
                adopted = _adopt(row, number, dataset)
                rows.append(adopted)
                index.add(adopted.id, adopted.instruction)
        shares.append(Share(dataset.folder, len(dataset.rows), len(near), len(lost)))
    return Merged(tuple(rows), tuple(rejected), tuple(shares))


def name_row(number: int, row_id: str) -> str:
    """The id of a merged pair: the dataset's number, from 1, before the id that it had there."""
    return f"{number}:{row_id}"


def _adopt(row: DatasetRow, number: int, dataset: Dataset) -> DatasetRow:
    """The row under its new id, with where it came from; whatever it refers to by an id was in its own dataset too."""
    changed: Json = {"id": name_row(number, row.id)}
    for key in ("twin_of", "mutated_from"):
        if isinstance(value := row.metadata.get(key), str):
            changed[key] = name_row(number, value)
    nearest = row.metadata.get("nearest")
    if isinstance(nearest, dict) and "id" in nearest:
        changed["nearest"] = {**nearest, "id": name_row(number, str(nearest["id"]))}
    return change_row(row, **changed, merged_from=_describe_origin(row, dataset))


def _describe_origin(row: DatasetRow, dataset: Dataset) -> Json:
    origin: Json = {"run": dataset.folder.name, "task": row.record.get("task_name", ""), "id": row.id}
    if "merged_from" in row.metadata:
        origin["merged_from"] = row.metadata["merged_from"]
    return origin


def _reject(row: DatasetRow, number: int, dataset: Dataset, match: Match | None = None, parent: str = "") -> Json:
    record: Json = {
        "id": name_row(number, row.id),
        "stage": STAGE,
        "reason": PARENT_DROPPED if match is None else str(Reason.NEAR_DUPLICATE),
        "instruction": row.instruction,
    }
    if match is not None:
        record["nearest"] = describe_match(match)
    else:
        record["parent"] = name_row(number, parent)
    return {**record, "merged_from": _describe_origin(row, dataset)}


def _derive(datasets: Sequence[Dataset], merged: Merged, threshold: float, out: Path) -> Derived:
    reasons = Counter(str(record["reason"]) for record in merged.rejected)
    return Derived(
        command="merge",
        words=f"Joined by `demur merge` in this order. A request whose ROUGE-L F1 with one of an earlier dataset is "
        f"{threshold:g} or more was left out, and with it what was made of it.",
        sources=datasets,
        settings={"threshold": threshold, "score_func": "f1"},
        result={
            "pairs": len(merged.rows),
            "dropped": dict(sorted(reasons.items())),
            "by_input": {
                str(number): {
                    "pairs": share.pairs,
                    "kept": share.kept,
                    "dropped": {str(Reason.NEAR_DUPLICATE): share.duplicates, PARENT_DROPPED: share.orphans},
                }
                for number, share in enumerate(merged.shares, start=1)
            },
        },
        rows=merged.rows,
        rejected=merged.rejected,
        command_line=("demur", "merge", *(protect_path(show_path(dataset.folder)) for dataset in datasets),
                      "-o", show_path(out), "--threshold", f"{threshold:g}"),
    )  # fmt: skip
