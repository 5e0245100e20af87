"""Evaluation sets: the files that a dataset must keep clear of, and what counts as too near to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pydantic import Field

from demur.contamination import ContaminationMethod
from demur.errors import InputError
from demur.inputs.json_lines import find_text, read_field, read_lines, read_record
from demur.inputs.policy import Text
from demur.inputs.rows import read_rows
from demur.inputs.validation import InputModel

USUAL_FIELDS = ("instruction", "prompt", "question", "goal", "behavior", "Behavior", "text", "input")
"""Where a set has its texts if nothing is said: the first of these that its first record has."""
NGRAM_WORDS = 13
"""The run of words that counts as an overlap, as in GPT-3's analysis (Brown et al. 2020, appendix C)."""


class Decontaminate(InputModel):
    """What is compared with which evaluation sets, and what becomes of it."""

    against: tuple[Text, ...] = Field(
        min_length=1, description="Files of evaluation sets, as FILE or FILE:FIELD: CSV, JSONL, JSON, YAML or Parquet."
    )
    method: tuple[ContaminationMethod, ...] = Field(
        default=("ngram", "rouge_l"), min_length=1, description="How they are compared; one hit by any is enough."
    )
    ngram: int = Field(
        default=NGRAM_WORDS, ge=2, le=1000, description="Words in a row that an instruction may not share with a set."
    )
    threshold: float = Field(
        default=0.7, gt=0, le=1, description="ROUGE-L F1 from which an instruction counts as taken from a set."
    )
    action: Literal["remove", "flag"] = Field(
        default="remove", description="Drop what hits, or keep it and note the hit in its metadata."
    )


@dataclass(frozen=True, slots=True)
class EvaluationSet:
    """The texts of one file.

    Attributes:
        name: the file's name; the whole path where two sets have the same.
        field: where its records have their texts; empty where the records are texts themselves.
        texts: each with its place, `:12` for a line, `#12` for a record, both from 1.
    """

    name: str
    path: Path
    field: str
    texts: tuple[tuple[str, str], ...]


def split_reference(written: str, exists: Callable[[str], bool]) -> tuple[str, str | None]:
    """FILE, or FILE:FIELD where there is no file of that whole name.

    Raises:
        InputError: there is nothing behind the colon.
    """
    path, colon, field = written.rpartition(":")
    if colon and not field and not exists(written) and exists(path):
        raise InputError(f"no field stands behind the colon in {written!r}",
                         hint=f"Write {path}, or {path}:FIELD with the field that has the texts.")  # fmt: skip
    if colon and path and field and not exists(written) and exists(path):
        return path, field
    return written, None


def read_evaluation_set(path: Path, field: str | None = None) -> EvaluationSet:
    """Read an evaluation set: JSONL of any size, or JSON, CSV, YAML or Parquet, which are read whole.

    Args:
        field: where a record has its text, see `find_text`; None: the first of `USUAL_FIELDS` that the first record has.

    Raises:
        InputError: the file cannot be read, holds nothing, or a record has no text there.
        ExtraMissing: it is Parquet, and pyarrow is not installed.
    """
    texts: list[tuple[str, str]] = []
    if path.suffix.lower() == ".jsonl":
        for line in read_lines(path):
            if field is None:
                field = _choose_field(read_record(line, path), path, line.number)
            text = read_field(line, field, path)
            _refuse_blank(text, field, path, line.number)
            texts.append((f":{line.number}", text))
    else:
        for number, (at, record) in enumerate(read_rows(path, "an evaluation set"), start=1):
            label = "" if at is not None else f"record {number}: "
            if field is None:
                field = "" if isinstance(record, str) else _choose_field(record, path, at)
            text = record if field == "" and isinstance(record, str) else find_text(record, field, path, at, label)
            _refuse_blank(text, field, path, at, label)
            texts.append((f"#{number}" if at is None else f":{at}", text))
    if not texts:
        raise InputError("an evaluation set without a single text", path=path,
                         hint="Nothing would be kept out of the dataset.")  # fmt: skip
    return EvaluationSet(path.name, path, field or "", tuple(texts))


def _refuse_blank(text: str, field: str, path: Path, line: int | None, label: str = "") -> None:
    """A hole in a set would be a hole in the check."""
    if not text.strip():
        what = f"the field {field!r} is empty" if field else "an empty text"
        raise InputError(f"{label}{what}", path=path, line=line,
                         hint="Nothing could be compared with it: fill it in, or take the record out.")  # fmt: skip


def name_sets(sets: Sequence[EvaluationSet]) -> tuple[EvaluationSet, ...]:
    """The sets with a name each of its own.

    Raises:
        InputError: a file stands twice, with the same field.
    """
    seen: set[tuple[Path, str]] = set()
    for each in sets:
        key = each.path.resolve(), each.field
        if key in seen:
            raise InputError("this evaluation set stands twice", path=each.path, hint="Name it once.")
        seen.add(key)
    files = Counter(each.name for each in sets)
    paths = Counter(str(each.path) for each in sets)
    return tuple(
        each if files[each.name] == 1
        else replace(each, name=str(each.path) if paths[str(each.path)] == 1 else f"{each.path}:{each.field}")
        for each in sets
    )  # fmt: skip


def _choose_field(record: object, path: Path, line: int | None) -> str:
    if isinstance(record, Mapping):
        for field in USUAL_FIELDS:
            if isinstance(record.get(field), str):
                return field
    found = ", ".join(map(str, record)) if isinstance(record, Mapping) else ""
    raise InputError(
        "which field holds the texts of this evaluation set?",
        path=path,
        line=line,
        hint=f"Say it as {path.name}:FIELD." + (f" Its first record has: {found}." if found else ""),
    )
