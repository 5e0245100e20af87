"""Training rows as files: JSONL, CSV, Parquet, or a folder that `datasets.load_dataset` reads."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, TypeAlias

from demur.errors import InputError
from demur.outputs.files import encode, open_atomically, remove_file
from demur.outputs.formats import Kind
from demur.outputs.parquet import write_rows

FileKind: TypeAlias = Literal["jsonl", "parquet", "csv", "dataset"]
KINDS = ("jsonl", "parquet", "csv")
"""The kinds of single files, which are their endings too."""

MARK = "<!-- written by demur export -->"
"""Tells a folder of ours, which may be written over, from any other."""

_HINT = "Make room or choose another --output, then run the same command again."
_FORMULA = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")
"""What a spreadsheet may take for a formula at the start of a cell, and what hiding that has been done to already:
https://owasp.org/www-community/attacks/CSV_Injection."""
CARD = "README.md"

Rows: TypeAlias = Sequence[Mapping[str, object]]


def write_file(path: Path, rows: Rows, columns: Mapping[str, Kind], kind: FileKind) -> None:
    """Write rows into one file, atomically.

    Raises:
        InputError: CSV is wanted, and a column holds lists.
        OutputFault: the disk refuses.
        ExtraMissing: Parquet is wanted, and pyarrow is not installed.
    """
    if kind == "csv":
        _write_text(path, _compose_csv(rows, columns))
    elif kind == "jsonl":
        _write_text(path, (encode(row) + "\n" for row in rows))
    else:
        write_rows(path, rows, columns, hint=_HINT)


def require_flat(columns: Mapping[str, Kind]) -> None:
    """Make sure that CSV can hold the columns.

    Raises:
        InputError: one holds lists.
    """
    nested = [name for name, kind in columns.items() if kind in (Kind.MESSAGES, Kind.TURNS)]
    if nested:
        raise InputError(
            f"CSV has no place for lists, and {' and '.join(nested)} is one",
            hint="Take --as jsonl or parquet, or a format of strings, such as --to prompt-completion.",
        )


def write_dataset(folder: Path, splits: Mapping[str, Rows], columns: Mapping[str, Kind], card: str) -> list[Path]:
    """Write a folder with a Parquet file a split, and a `README.md` whose front matter names them; the files.

    Args:
        card: the README's text; its front matter is kept, and the files are added to it.

    Raises:
        InputError: the folder holds something else.
        OutputFault: the disk refuses.
        ExtraMissing: pyarrow is not installed.
    """
    _require_own(folder)
    paths = {split: folder / "data" / f"{split}.parquet" for split in splits}
    for path in sorted((folder / "data").glob("*.parquet")):
        if path not in paths.values():
            remove_file(path)  # of an earlier export with other splits
    for split, rows in splits.items():
        write_rows(paths[split], rows, columns, hint=_HINT)
    _write_text(folder / CARD, [compose_card(card, list(splits))])
    return [*paths.values(), folder / CARD]


def compose_card(card: str, splits: Iterable[str]) -> str:
    """A card whose front matter says which file is which split, as the Hub and `datasets` want it."""
    front, body = _part_front_matter(card)
    files = ["configs:", "- config_name: default", "  data_files:"]
    for split in splits:
        files += [f"  - split: {split}", f"    path: data/{split}.parquet"]
    return "\n".join(["---", *front, *files, "---", MARK, "", body.lstrip("\n")])


def protect_cell(text: str) -> str:
    """A cell that no spreadsheet runs: one that begins with `= + - @`, tab or line break gets an apostrophe before it.

    A cell that has such an apostrophe already gets another one, so that taking one away brings each text back.
    """
    return f"'{text}" if _FORMULA.match(text) else text


def _compose_csv(rows: Rows, columns: Mapping[str, Kind]) -> Iterator[str]:
    """RFC 4180: every cell quoted, CR LF after each record."""
    require_flat(columns)
    yield _join([*columns])
    for row in rows:
        yield _join([_spell(row[name]) for name in columns])


def _spell(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return protect_cell(str(value))


def _join(cells: list[str]) -> str:
    line = io.StringIO()
    csv.writer(line, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow(cells)
    return line.getvalue()


def _part_front_matter(card: str) -> tuple[list[str], str]:
    """The lines of a card's front matter, without those that name files, and the rest."""
    if not card.startswith("---\n"):
        return [], card
    front, closed, body = card.removeprefix("---\n").partition("\n---\n")
    if not closed:
        return [], card
    kept, dropping = [], False
    for line in front.split("\n"):
        if line and not line[0].isspace() and not line.startswith("-"):
            dropping = line.startswith(("configs:", "dataset_info:"))
        if not dropping:
            kept.append(line)
    return kept, body


def _require_own(folder: Path) -> None:
    try:
        if not folder.exists() or not any(folder.iterdir()):
            return
    except OSError:
        pass
    if not is_export(folder):
        raise InputError("this is there already, and is no dataset of an earlier export", path=folder,
                         hint="Name a folder that is empty or not there yet: --output PATH.")  # fmt: skip


def is_export(folder: Path) -> bool:
    """Whether a folder is a dataset that an export wrote."""
    try:
        return MARK in (folder / CARD).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False


def _write_text(path: Path, lines: Iterable[str]) -> None:
    if path.is_dir():
        raise InputError("this is a folder, a file is wanted", path=path, hint="Give --output a file's name.")
    with open_atomically(path, hint=_HINT) as file:
        for line in lines:
            file.write(line.encode("utf-8"))
