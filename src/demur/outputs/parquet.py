"""Parquet files (zstd) with a schema that does not depend on what is in them, but for a judge's word. Needs the extra `parquet`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from demur.errors import ExtraMissing
from demur.outputs.files import RERUN, open_atomically
from demur.outputs.formats import Kind

if TYPE_CHECKING:
    import pyarrow

_POLICY = ("risk", "risk_description", "risk_group", "risk_group_id", "risk_id", "reason_denial", "short_reply_type",
           "exception", "policy_version", "mode", "id")  # fmt: skip
_OPINION = ("stance", "judge", "engine", "model", "reasoning", "answer")


def require_pyarrow() -> None:
    """Make sure that Parquet can be written, before anything is done.

    Raises:
        ExtraMissing: pyarrow is not installed.
    """
    if find_spec("pyarrow") is None:
        raise ExtraMissing.tell("writing Parquet", "pyarrow", extra="parquet")


def write_rows(
    path: Path, rows: Sequence[Mapping[str, object]], columns: Mapping[str, Kind], *, hint: str = RERUN
) -> None:
    """Write training rows, atomically.

    Args:
        hint: what to do when the disk refuses.

    Raises:
        OutputFault: the disk refuses.
        ExtraMissing: pyarrow is not installed.
    """
    require_pyarrow()
    import pyarrow as pa

    said = {"role": pa.string(), "content": pa.string()}
    turn = {"from": pa.string(), "value": pa.string()}
    types: dict[Kind, pyarrow.DataType] = {
        Kind.TEXT: pa.string(),
        Kind.FLAG: pa.bool_(),
        Kind.MESSAGES: pa.list_(pa.struct([pa.field(name, kind) for name, kind in said.items()])),
        Kind.TURNS: pa.list_(pa.struct([pa.field(name, kind) for name, kind in turn.items()])),
    }
    _write(path, rows, pa.schema([pa.field(name, types[kind]) for name, kind in columns.items()]), hint)


def write_records(path: Path, records: Sequence[Mapping[str, object]]) -> None:
    """Write the records of `final_data.jsonl`, atomically. `axes`, whose names are the task's own, is a list of pairs.

    Raises:
        OutputFault: the disk refuses.
        ExtraMissing: pyarrow is not installed.
    """
    require_pyarrow()
    judged = any("refusal_judge" in meta for record in records if isinstance(meta := record["metadata"], Mapping))
    _write(path, [_list_axes(record) for record in records], _describe_record(judged=judged), RERUN)


def _list_axes(record: Mapping[str, object]) -> Mapping[str, object]:
    metadata = record["metadata"]
    if not isinstance(metadata, Mapping) or not isinstance(axes := metadata.get("axes"), Mapping):
        return record
    pairs = [{"axis": axis, "value": value} for axis, value in axes.items()]
    return {**record, "metadata": {**metadata, "axes": pairs}}


def _describe_record(*, judged: bool) -> pyarrow.Schema:
    import pyarrow as pa

    def struct(**fields: pyarrow.DataType) -> pyarrow.DataType:
        return pa.struct([pa.field(name, kind) for name, kind in fields.items()])

    text, whole, number = pa.string(), pa.int64(), pa.float64()
    said: dict[str, pyarrow.DataType] = {
        "label": text, "confidence": number, "guard": text, "engine": text, "model": text, "reasoning": text,
        "answer": text, "declines": pa.bool_(), "categories": pa.list_(text),
    }  # fmt: skip
    verdict = struct(**said, members=pa.list_(struct(**said)))
    author = struct(engine=text, model=text)
    metadata = struct(
        **dict.fromkeys(_POLICY, text),
        round=whole,
        position=whole,
        in_context_seeds=pa.list_(text),
        instruction_by=author,
        response_by=author,
        verdicts=struct(instruction=verdict, response=verdict),
        nearest=struct(id=text, rouge_l=number),
        clause=struct(number=whole, text=text),
        axes=pa.list_(struct(axis=text, value=text)),
        **({"refusal_judge": struct(**dict.fromkeys(_OPINION, text))} if judged else {}),
        **dict.fromkeys(("twin_of", "permission", "mutated_from", "mutation"), text),
    )
    fields = {"task_name": text, "is_seed": pa.bool_(), "task_description": text, "instruction": text, "response": text,
              "source": text, "metadata": metadata}  # fmt: skip
    return pa.schema([pa.field(name, kind) for name, kind in fields.items()])


def _write(path: Path, rows: Sequence[Mapping[str, object]], schema: pyarrow.Schema, hint: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet

    table = pa.Table.from_pylist(list(rows), schema=schema)
    with open_atomically(path, hint=hint) as file:
        pyarrow.parquet.write_table(table, file, compression="zstd")
