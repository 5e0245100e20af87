"""The files that hold a task's pairs: in full, and as training rows in the form that the task asks for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from demur.inputs.task import TaskInputs
from demur.outputs.dataset import describe_pair
from demur.outputs.exchange import FINAL_DATA, take_exchange
from demur.outputs.files import remove_file, write_jsonl
from demur.outputs.formats import choose_form
from demur.outputs.parquet import write_records, write_rows
from demur.outputs.preferences import LeftOut
from demur.records import Pair, Summary

FORMATTED = "formatted_output.jsonl"
PARQUET_FILES = ("final_data.parquet", "formatted_output.parquet")


def write_pairs(summary: Summary, folder: Path, pairs: Sequence[Pair], inputs: TaskInputs) -> Summary:
    """Write them, as Parquet too where the task says so; else an earlier run's Parquet files are removed, because they would
    not go with the others any more. The summary says what was written, and which pairs gave no row.

    Raises:
        OutputFault: the disk refuses.
        ExtraMissing: pyarrow is wanted, and not installed.
    """
    form = choose_form(inputs.task.formatter)
    rows: list[dict[str, object]] = []
    left_out: Counter[LeftOut] = Counter()
    for pair in pairs:
        found = form.make_rows(take_exchange(pair, inputs))
        if isinstance(found, LeftOut):
            left_out[found] += 1
        else:
            rows += found
    write_jsonl(folder / FINAL_DATA, (describe_pair(pair, inputs) for pair in pairs))
    write_jsonl(folder / FORMATTED, rows)
    if left_out:
        reasons = ", ".join(f"{number} {reason}" for reason, number in sorted(left_out.items()))
        said = f"{left_out.total()} of {len(pairs)} pairs gave no row in {FORMATTED}: {reasons}."
        summary = replace(summary, warnings=(*summary.warnings, said))
    paths = [folder / name for name in PARQUET_FILES]
    if inputs.task.datastore.output_data_format != "parquet":
        for path in paths:
            remove_file(path)
        return summary
    write_records(paths[0], [describe_pair(pair, inputs) for pair in pairs])
    write_rows(paths[1], rows, form.columns)
    return replace(summary, files={**summary.files, **{path.name: str(path) for path in paths}})
