"""Writes a run's pairs out in the form that a trainer reads, whole or parted into splits."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from demur.errors import InputError
from demur.inputs.output_settings import find_conflict
from demur.inputs.text_file import read_text
from demur.outputs.exchange import FINAL_DATA, Exchange, read_exchanges
from demur.outputs.export import FileKind, require_flat, write_dataset, write_file
from demur.outputs.formats import RowForm
from demur.outputs.own_files import EXPORTS, require_foreign
from demur.outputs.parquet import require_pyarrow
from demur.outputs.preferences import LeftOut
from demur.outputs.record import CONTENT_WARNING
from demur.run.apart import assign_splits

Mode: TypeAlias = Literal["refuse", "comply", "all"]
Row: TypeAlias = Mapping[str, object]

NEAR = 0.7
"""What counts as alike where the run's own threshold is not known, or was off: the default of a run."""
WHOLE = "train"
"""The name of the only split."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRequest:
    """What to write.

    Attributes:
        folder: a task's output folder.
        output: the file or folder to write; None: one in `exports` of that folder, named after the format.
        mode: only requests that are declined, only those that are helped with, or both.
        shares: the splits with their shares; None: one whole.
        seed: decides which clusters go to which split.
    """

    folder: Path
    form: RowForm
    kind: FileKind = "jsonl"
    output: Path | None = None
    mode: Mode = "all"
    shares: Mapping[str, float] | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportReport:
    """What was written.

    Attributes:
        place: the file or folder.
        files: every file.
        rows: their number by split; a split that nothing fell to has none, and no file.
        left_out: pairs that gave no row, by the reason.
    """

    place: Path
    files: tuple[Path, ...]
    pairs: int
    rows: Mapping[str, int]
    left_out: Mapping[str, int] = field(default_factory=dict)

    def describe(self) -> dict[str, object]:
        """The same as JSON."""
        return {
            "place": str(self.place),
            "files": [str(path) for path in self.files],
            "pairs": self.pairs,
            "rows": dict(self.rows),
            "left_out": dict(self.left_out),
        }


def export_run(request: ExportRequest) -> ExportReport:
    """Write the pairs of a run.

    Splits are dealt out over all pairs before `mode` and the format choose among them: so a request is in the same split of
    every export of a run, be it for supervised or for preference training.

    Raises:
        InputError: the folder holds no run, the options do not go together, nothing is left to write, or the place is taken.
        ExtraMissing: Parquet is wanted, and pyarrow is not installed.
        OutputFault: an output cannot be written.
    """
    form = request.form
    if words := find_conflict(form.name, system_prompt=form.system_prompt, conversational=form.conversational):
        raise InputError(words, hint="`--conversational` gives messages with roles.")
    if form.name == "openai" and request.kind != "jsonl":
        raise InputError("OpenAI's fine-tuning takes JSONL", hint="--to messages gives the same rows as other files.")
    if request.kind == "csv":
        require_flat(form.columns)
    elif request.kind != "jsonl":
        require_pyarrow()
    place = request.output or _name_place(request)
    for name in request.shares or ("",):
        require_foreign(_name_file(place, name))
    exchanges = list(read_exchanges(_find_data(request.folder)))
    threshold = _read_threshold(request.folder)
    if request.shares:
        splits = assign_splits(exchanges, request.shares, threshold=threshold, seed=request.seed)
    else:
        splits = [WHOLE] * len(exchanges)
    rows, left_out = _make_rows(request, exchanges, splits)
    if not any(rows.values()):
        raise InputError(f"no pair of {request.folder} gives a row", hint="Try --mode all, or another format.")
    return ExportReport(
        place=place,
        files=tuple(_write(request, place, {name: found for name, found in rows.items() if found})),
        pairs=len(exchanges),
        rows={name: len(found) for name, found in rows.items()},
        left_out={str(reason): left_out[reason] for reason in LeftOut if left_out[reason]},
    )


def _make_rows(
    request: ExportRequest, exchanges: Sequence[Exchange], splits: Sequence[str]
) -> tuple[dict[str, list[Row]], Counter[LeftOut]]:
    rows: dict[str, list[Row]] = {name: [] for name in request.shares or (WHOLE,)}
    left_out: Counter[LeftOut] = Counter()
    for exchange, split in zip(exchanges, splits, strict=True):
        if request.mode != "all" and exchange.complies != (request.mode == "comply"):
            continue
        found = request.form.make_rows(exchange)
        if isinstance(found, LeftOut):
            left_out[found] += 1
        else:
            rows[split] += found
    return rows, left_out


def _write(request: ExportRequest, place: Path, rows: Mapping[str, Sequence[Row]]) -> list[Path]:
    columns = request.form.columns
    if request.kind == "dataset":
        return write_dataset(place, rows, columns, _compose_card(request, rows))
    if not request.shares:
        write_file(place, rows[WHOLE], columns, request.kind)
        return [place]
    paths = []
    for split, found in rows.items():
        path = _name_file(place, split)
        write_file(path, found, columns, request.kind)
        paths.append(path)
    return paths


def _name_file(place: Path, split: str) -> Path:
    return place.with_name(f"{place.stem}.{split}{place.suffix}") if split else place


def _name_place(request: ExportRequest) -> Path:
    name = request.form.name
    return request.folder / EXPORTS / (name if request.kind == "dataset" else f"{name}.{request.kind}")


def _find_data(folder: Path) -> Path:
    path = folder / FINAL_DATA
    if path.is_file():
        return path
    runs = sorted(found.parent for found in folder.rglob(FINAL_DATA)) if folder.is_dir() else []
    hint = f"Runs below it: {', '.join(map(str, runs[:5]))}." if runs else "Name a task's folder in the output folder."
    raise InputError(f"there is no {FINAL_DATA}", path=folder, hint=hint)


def _read_threshold(folder: Path) -> float:
    """From when on the run counted two requests as the same."""
    try:
        run = json.loads(read_text(folder / "run.json"))
        threshold = run["builder"]["dedup"]["threshold"]
    except (InputError, ValueError, LookupError, TypeError, RecursionError):
        return NEAR
    return float(threshold) if isinstance(threshold, int | float) and 0 < threshold <= 1 else NEAR


def _compose_card(request: ExportRequest, rows: Mapping[str, Sequence[Row]]) -> str:
    """The run's own card, with what this export holds above it."""
    try:
        card = read_text(request.folder / "README.md")
    except InputError:
        card = f"> **Content warning.** {CONTENT_WARNING}\n"
    front = ""
    if card.startswith("---\n") and "\n---\n" in card[4:]:
        head, _, card = card[4:].partition("\n---\n")
        front = f"---\n{head}\n---\n"
    card = card.lstrip("\n")
    warned = card.find("\n\n", max(0, card.find("> **Content warning.**")))
    head, rest = (card[:warned], card[warned:]) if "> **Content warning.**" in card else ("", card)
    body = rest.partition("\n## Files\n")[0]  # the run's own files are not here
    return front + f"{head}\n\n{_describe_rows(request, rows)}\n\n{body.strip()}\n\n{_FILES}".lstrip("\n")


_FILES = """## Files

The rows are in `data/`, a Parquet file a split. What is said above of `run.json`, `rejected.jsonl`, `final_data.jsonl` and
others is true of the run's own folder.

```python
from datasets import load_dataset

rows = load_dataset("path/of/this/folder")
```
"""


def _describe_rows(request: ExportRequest, rows: Mapping[str, Sequence[Row]]) -> str:
    """What this export holds, and how it was made of the run."""
    form = request.form
    words = ["demur export", f"--to {form.name}", "--as dataset"]
    words += ["--conversational"] if form.conversational else []
    words += [f"--mode {request.mode}"] if request.mode != "all" else []
    if request.shares:
        shares = ",".join(f"{name}={share}" for name, share in request.shares.items())
        words += [f"--split {shares}", f"--seed {request.seed}"]
    which = {"all": "", "refuse": " Only requests to decline.", "comply": " Only requests to help with."}[request.mode]
    prompt = " A system prompt stands before each conversation." if form.system_prompt else ""
    lines = [f"**Rows in the form `{form.name}`,** made of the run's pairs by `{' '.join(words)}`.{which}{prompt}", ""]
    lines += ["| split | rows |", "|---|---:|", *(f"| {name} | {len(found)} |" for name, found in rows.items())]
    if len(rows) > 1:
        lines += ["", "Near-duplicates, and twins and mutants with their parents, stand in one split."]
    return "\n".join(lines)
