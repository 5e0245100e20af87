"""A request with its response, and what is needed to put it into another form: of a pair, or read back from a run's folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from demur.errors import InputError
from demur.inputs.json_lines import read_lines, read_record
from demur.inputs.rows import name_kind
from demur.inputs.task import TaskInputs
from demur.inputs.text_file import replace_surrogates
from demur.records import Pair

FINAL_DATA = "final_data.jsonl"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request with its response.

    Attributes:
        id: the pair's.
        complies: whether the response helps, as a benign twin's does, and does not decline.
        risk: the risk's name.
        reply_type: the policy's word for what a response is to be like (`short_reply_type`).
        parent: the id of the pair that it was made of, of a twin or mutant; else empty.
    """

    id: str
    instruction: str
    response: str
    complies: bool = False
    risk: str = ""
    reply_type: str = ""
    parent: str = ""


def take_exchange(pair: Pair, inputs: TaskInputs) -> Exchange:
    """That of a pair."""
    draft = pair.draft
    risk = inputs.find_risk(draft.aim.risk)
    return Exchange(
        id=str(draft.id),
        instruction=draft.instruction,
        response=pair.response,
        complies=draft.complies,
        risk=risk.risk,
        reply_type=risk.short_reply_type,
        parent="" if draft.parent is None else str(draft.parent),
    )


def read_exchanges(path: Path) -> Iterator[Exchange]:
    """Those of a `final_data.jsonl`.

    Raises:
        InputError: the file cannot be read, or a line is no such record; names file and line.
    """
    for line in read_lines(path):
        record = read_record(line, path)
        if not isinstance(record, Mapping):
            raise InputError(f"a record is wanted, not {name_kind(record)}", path=path, line=line.number)
        yield _read_exchange(record, path, line.number)


def _read_exchange(record: Mapping[str, object], path: Path, line: int) -> Exchange:
    for field in ("instruction", "response"):
        if not isinstance(record.get(field), str):
            raise InputError(
                f"the record has no text under {field!r}", path=path, line=line,
                hint=f"What is wanted is the {FINAL_DATA} of a run.",
            )  # fmt: skip
    metadata = record.get("metadata")
    known: Mapping[str, object] = metadata if isinstance(metadata, Mapping) else {}

    def take(key: str) -> str:
        value = known.get(key)
        return replace_surrogates(value) if isinstance(value, str) else ""

    return Exchange(
        id=take("id") or f"line {line}",
        instruction=replace_surrogates(str(record["instruction"])),
        response=replace_surrogates(str(record["response"])),
        complies=known.get("mode") == "comply",
        risk=take("risk"),
        reply_type=take("short_reply_type"),
        parent=take("twin_of") or take("mutated_from"),
    )
