"""Finds the pairs of a finished dataset that are near to evaluation sets, and removes or flags them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from demur.contamination import Contamination
from demur.inputs.dataset_rows import Dataset, DatasetRow, read_dataset
from demur.inputs.evaluation_sets import Decontaminate, EvaluationSet
from demur.outputs.card_sections import Comparison
from demur.outputs.card_sections import SetHits as Compared
from demur.outputs.dataset import describe_contamination
from demur.outputs.derived import PARENT_DROPPED, Derived, change_row, check_destination, list_lost, write_derived
from demur.outputs.record import describe_file
from demur.records import Reason
from demur.run.trace import protect_path, show_path
from demur.stages.decontaminate import ContaminationCheck
from demur.wording import say_count

Json = dict[str, object]

STAGE = "decontaminate"
EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class SetHits:
    """What was found of one set.

    Attributes:
        hits: how many pairs are near to it.
        examples: some of them, the nearest first: the pair's id, and where in the set what it is near to stands.
    """

    source: EvaluationSet
    hits: int
    examples: tuple[tuple[str, Contamination], ...]


@dataclass(frozen=True, slots=True)
class Decontaminated:
    """What was found in a dataset.

    Attributes:
        dataset: the one that was looked through.
        rows: what stays, with the hits noted where they are flagged.
        hits: the pairs that are near to a set, by id.
        lost: what goes with a pair that it was made of, by id; empty where hits are flagged.
        sets: one a set, in their order.
    """

    dataset: Dataset
    rows: tuple[DatasetRow, ...]
    hits: dict[str, tuple[Contamination, ...]]
    lost: dict[str, str]
    sets: tuple[SetHits, ...]

    def describe(self) -> Json:
        """The findings as JSON."""
        return {
            "folder": str(self.dataset.folder),
            "pairs": len(self.dataset.rows),
            "hits": len(self.hits),
            "lost_with_parents": len(self.lost),
            "kept": len(self.rows),
            "sets": [_describe_set(each) for each in self.sets],
        }


def decontaminate_folder(
    folder: Path,
    sets: Sequence[EvaluationSet],
    settings: Decontaminate,
    out: Path | None = None,
    *,
    force: bool = False,
) -> Decontaminated:
    """Look through a folder's dataset; write what stays of it into a new one, if one is named.

    Raises:
        InputError: the folder holds no dataset, or the new one is not free.
        OutputFault: the disk refuses.
    """
    if out is not None:
        check_destination(out, [folder], force=force)
    found = decontaminate_dataset(read_dataset(folder), sets, settings)
    if out is not None:
        write_derived(out, _derive(found, settings, out))
    return found


def decontaminate_dataset(dataset: Dataset, sets: Sequence[EvaluationSet], settings: Decontaminate) -> Decontaminated:
    """Compare every instruction with the sets. What is removed takes its twins and mutants with it."""
    check = ContaminationCheck(sets, settings)
    checked = ((row.id, check.find(row.instruction)) for row in dataset.rows)
    hits = {row_id: found for row_id, found in checked if found}
    lost = list_lost(dataset.rows, hits) if check.removes else {}
    if check.removes:
        rows = tuple(row for row in dataset.rows if row.id not in hits and row.id not in lost)
    else:
        rows = tuple(
            change_row(row, **describe_contamination(hits[row.id])) if row.id in hits else row for row in dataset.rows
        )
    return Decontaminated(dataset, rows, hits, lost, tuple(_count(each, hits) for each in sets))


def _count(source: EvaluationSet, hits: dict[str, tuple[Contamination, ...]]) -> SetHits:
    near = [(row_id, hit) for row_id, found in hits.items() for hit in found if hit.set == source.name]
    nearest = sorted(near, key=lambda found: -found[1].score)
    shown: dict[str, Contamination] = {}
    for row_id, hit in nearest:
        shown.setdefault(row_id, hit)
    return SetHits(source, len(shown), tuple(list(shown.items())[:EXAMPLES]))


def _describe_set(found: SetHits) -> Json:
    source = found.source
    return {
        "set": source.name,
        **describe_file(source.path),
        "field": source.field,
        "texts": len(source.texts),
        "hits": found.hits,
        "examples": [
            {"id": row_id, "place": hit.place, "score": round(hit.score, 6), "method": hit.method}
            for row_id, hit in found.examples
        ],
    }


def _derive(found: Decontaminated, settings: Decontaminate, out: Path) -> Derived:
    removes = settings.action == "remove"
    rejected = _list_rejected(found) if removes else None
    result: Json = {"pairs": len(found.rows), **found.describe()}
    if rejected is not None:
        result["dropped"] = dict(sorted(Counter(str(record["reason"]) for record in rejected).items()))
    what = "left out, and with it what was made of it" if removes else "flagged: `metadata.contamination` says why"
    sets = say_count(len(found.sets), "evaluation set")
    return Derived(
        command="decontaminate",
        words=f"Compared by `demur decontaminate` with {sets}. A request that is near to one was {what}.",
        sources=[found.dataset],
        settings=settings.model_dump(mode="json"),
        result=result,
        rows=found.rows,
        rejected=rejected,
        command_line=_compose_command(found, settings, out),
        comparison=Comparison.by(settings, (_sum_up(each) for each in found.sets)),
    )


def _sum_up(found: SetHits) -> Compared:
    digest = describe_file(found.source.path)["sha256"]
    return Compared(found.source.name, None if digest is None else str(digest), len(found.source.texts), found.hits)


def _compose_command(found: Decontaminated, settings: Decontaminate, out: Path) -> tuple[str, ...]:
    sets = (show_path(each.source.path) + (f":{each.source.field}" if each.source.field else "") for each in found.sets)
    return (
        "demur", "decontaminate", protect_path(show_path(found.dataset.folder)), "--against", *sets,
        "--method", *settings.method, "--ngram", str(settings.ngram), "--threshold", f"{settings.threshold:g}",
        "--action", settings.action, "-o", show_path(out),
    )  # fmt: skip


def _list_rejected(found: Decontaminated) -> list[Json]:
    rejected: list[Json] = []
    for row in found.dataset.rows:
        about: Json = {"id": row.id, "stage": STAGE}
        if row.id in found.hits:
            about |= {"reason": str(Reason.CONTAMINATED), "instruction": row.instruction}
            rejected.append(about | describe_contamination(found.hits[row.id]))
        elif row.id in found.lost:
            about |= {"reason": PARENT_DROPPED, "instruction": row.instruction}
            rejected.append({**about, "parent": found.lost[row.id]})
    return rejected
