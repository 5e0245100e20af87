"""Lets the new records of a stream of lines through, and counts what it holds back.

What stays in memory is the index of texts, the block of records at hand, and a few bytes a record.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from demur.errors import InputError
from demur.inputs.json_lines import Line, find_text, read_field, read_lines
from demur.inputs.rows import read_rows
from demur.outputs.files import encode
from demur.records import Match
from demur.stages.admit_blocks import BLOCK_TEXTS
from demur.stages.novelty import NoveltyIndex, ScoreFunc

BLOCK_RECORDS = BLOCK_TEXTS
"""Records that are compared in one go: as many as the index takes at a time, a few seconds' work at the most."""
_BLOCK_BYTES = 64_000_000
_SKIPPED_SHOWN = 3
_OBSERVE_EVERY = 1_000


@dataclass(frozen=True, slots=True)
class Reference:
    """A file that nothing in the output may be near to, such as an evaluation set.

    Attributes:
        path: JSONL of any size; or JSON, CSV, YAML or Parquet, which are read whole.
        field: where a record's text stands; None: where the deduplicated file has it.
    """

    path: Path
    field: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DedupeRequest:
    """What is to be deduplicated, and how.

    Attributes:
        source: a JSONL file.
        field: where a record's text stands; see `find_text`.
        threshold: the ROUGE-L score from which a text is a duplicate, in (0, 1].
        score_func: which of ROUGE-L's scores that is.
        against: indexed first, in this order.
        workers: processor cores to use; None: all of them.
        skip_bad: leave out and count the lines that hold no such record, rather than stop at the first.
    """

    source: Path
    field: str = "instruction"
    threshold: float = 0.7
    score_func: ScoreFunc = "f1"
    against: tuple[Reference, ...] = ()
    workers: int | None = None
    skip_bad: bool = False


@dataclass(slots=True)
class DedupeProgress:
    """How far it has come; bytes are those of the file at hand.

    Attributes:
        path: the file at hand.
        comparing: whether that is the deduplicated file, no longer one that is only indexed.
    """

    path: Path
    comparing: bool = False
    bytes_done: int = 0
    bytes_total: int = 0
    records: int = 0
    removed: int = 0


@dataclass(slots=True)
class Tally:
    """What was removed because of one file.

    Attributes:
        path: the file that the nearest texts stand in.
        records: the texts in it.
        exact: removed records whose text stands in it, to the last character.
        near: the other removed ones.
    """

    path: Path
    records: int = 0
    exact: int = 0
    near: int = 0


@dataclass(slots=True)
class Shelf:
    """One file's texts, findable again: by where their lines begin, or as they are where the file was read whole."""

    tally: Tally
    text_field: str
    offsets: array[int] = field(default_factory=lambda: array("Q"))
    records: list[tuple[str, str]] = field(default_factory=list)
    file: BinaryIO | None = None

    def note_line(self, line: Line) -> None:
        """Remember where a line begins; blank and skipped ones before it are gaps."""
        self.offsets.extend([0] * (line.number - 1 - len(self.offsets)))
        self.offsets.append(line.offset)

    def find(self, place: int) -> tuple[str, str]:
        """The name of a text's place, FILE:LINE (FILE#N for record N of a format without lines), and the text."""
        path = self.tally.path
        if self.records:
            return self.records[place]
        if self.file is None:
            self.file = path.open("rb")
        offset = self.offsets[place - 1]
        self.file.seek(offset)
        return f"{path}:{place}", read_field(Line(place, offset, self.file.readline()), self.text_field, path)

    def close(self) -> None:
        """Close the file that texts were fetched from."""
        if self.file is not None:
            self.file.close()


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A record to be decided on, and the id of a copy of its text in the index, if it had one when it was read."""

    line: Line
    text: str
    digest: int
    copy: str | None


@dataclass(slots=True)
class _Block:
    """Records that are decided on in one go."""

    candidates: list[_Candidate] = field(default_factory=list)
    fresh: int = 0
    size_bytes: int = 0

    def insert(self, candidate: _Candidate) -> None:
        self.candidates.append(candidate)
        self.fresh += candidate.copy is None
        self.size_bytes += len(candidate.line.raw)

    @property
    def is_full(self) -> bool:
        """Copies cost no comparison; they count by their bytes alone, and as a tenth of the others."""
        return (
            self.fresh >= BLOCK_RECORDS or self.size_bytes >= _BLOCK_BYTES or len(self.candidates) >= 10 * BLOCK_RECORDS
        )


class Sieve:
    """The index of all texts so far, and where each of them stands.

    Ids in the index are `shelf:place`. Shelf 0 is the deduplicated file; a place is a line number or, in files that are
    read whole, a record's number from 0.
    """

    def __init__(self, request: DedupeRequest, observe: Callable[[DedupeProgress], None], *, findable: bool) -> None:
        self.request, self.observe, self._findable = request, observe, findable
        self.index = NoveltyIndex(request.threshold, score_func=request.score_func)
        self.shelves = [Shelf(Tally(request.source), request.field)]
        self.skipped = 0
        self.skipped_why: list[str] = []
        self._exact: dict[int, str] = {}
        self._progress = DedupeProgress(request.source)

    def index_reference(self, reference: Reference) -> None:
        """Add every text of a file."""
        number = len(self.shelves)
        shelf = Shelf(Tally(reference.path), reference.field or self.request.field)
        self.shelves.append(shelf)
        if reference.path.suffix.lower() == ".jsonl":
            texts: Iterable[tuple[int, str]] = ((line.number, text) for line, text in self._read_lines(shelf))
        else:
            texts = self._read_rows(shelf)
        for place, text in texts:
            text_id = f"{number}:{place}"
            if self._exact.setdefault(_digest(text), text_id) is text_id:
                self.index.add(text_id, text)

    def filter_source(self, out: BinaryIO, pairs: BinaryIO | None) -> int:
        """Pass the file's records through, block by block; how many were kept."""
        kept = 0
        block = _Block()
        try:
            for line, text in self._read_lines(self.shelves[0]):
                # A copy of a text that is in the index by now needs no comparison: no other can score higher than its 1.
                digest = _digest(text)
                block.insert(_Candidate(line, text, digest, self._exact.get(digest)))
                if block.is_full:
                    kept += self._pass_block(block, out, pairs)
                    block = _Block()
            return kept + self._pass_block(block, out, pairs)
        finally:
            for shelf in self.shelves:
                shelf.close()

    def _pass_block(self, block: _Block, out: BinaryIO, pairs: BinaryIO | None) -> int:
        """Decide on a block's records, in order; how many were kept."""
        fresh = [(f"0:{each.line.number}", each.text) for each in block.candidates if each.copy is None]
        decisions = iter(self.index.admit_many(fresh, workers=self.request.workers))
        kept = 0
        for each in block.candidates:
            copy, match = each.copy, None
            if copy is None:
                admitted, match = next(decisions)
                if admitted:
                    self._exact[each.digest] = f"0:{each.line.number}"
                    out.write(each.line.raw)
                    kept += 1
                    continue
                copy = self._exact.get(each.digest)  # one that was admitted in this block
            if copy is not None:
                match = Match(copy, 1.0)
            assert match is not None, "a text is rejected for a neighbour only"
            self._remove(each.line, each.text, match, exact=copy is not None, pairs=pairs)
        self._progress.removed += len(block.candidates) - kept
        self.observe(self._progress)
        return kept

    def _remove(self, line: Line, text: str, match: Match, *, exact: bool, pairs: BinaryIO | None) -> None:
        number, place = (int(part) for part in match.id.split(":"))
        shelf = self.shelves[number]
        shelf.tally.exact += exact
        shelf.tally.near += not exact
        if pairs is not None:
            name, neighbour = shelf.find(place)
            nearest = {"id": name, "score": round(match.score, 6), "text": neighbour}
            record = {"line": line.number, "exact": exact, "text": text, "nearest": nearest}
            pairs.write(f"{encode(record)}\n".encode())

    def _read_lines(self, shelf: Shelf) -> Iterator[tuple[Line, str]]:
        """The lines of a JSONL file with their texts, noted on its shelf."""
        self._turn_to(shelf)
        path, progress = shelf.tally.path, self._progress
        for line in read_lines(path, pipes=True):
            try:
                text = read_field(line, shelf.text_field, path, self._mend(shelf))
            except InputError as error:
                self._skip(error)
                continue
            if self._findable:
                shelf.note_line(line)
            shelf.tally.records += 1
            progress.records += 1
            progress.bytes_done = line.offset + len(line.raw)
            if progress.records % _OBSERVE_EVERY == 0:
                self.observe(progress)
            yield line, text

    def _read_rows(self, shelf: Shelf) -> Iterator[tuple[int, str]]:
        """The texts of a file that is read whole, with their places, and kept on its shelf."""
        self._turn_to(shelf)
        path = shelf.tally.path
        for number, (line, record) in enumerate(read_rows(path, "texts to compare with"), start=1):
            label = "" if line is not None else f"record {number}: "
            try:
                text = find_text(record, shelf.text_field, path, line, label, self._mend(shelf))
            except InputError as error:
                self._skip(error)
                continue
            place = shelf.tally.records
            if self._findable:
                shelf.records.append((f"{path}:{line}" if line is not None else f"{path}#{number}", text))
            shelf.tally.records += 1
            yield place, text

    def _mend(self, shelf: Shelf) -> str:
        """How another field is named, where a shelf's is missing."""
        if shelf is self.shelves[0]:
            return "Name the field with --field."
        return f"Name the field as {shelf.tally.path.name}:FIELD."

    def _turn_to(self, shelf: Shelf) -> None:
        path = shelf.tally.path
        self._progress = DedupeProgress(path, comparing=shelf is self.shelves[0])
        with suppress(OSError):
            self._progress.bytes_total = path.stat().st_size
        self.observe(self._progress)

    def _skip(self, error: InputError) -> None:
        if not self.request.skip_bad:
            raise error
        self.skipped += 1
        if len(self.skipped_why) < _SKIPPED_SHOWN:
            self.skipped_why.append(str(error))


def _digest(text: str) -> int:
    """64 bits that stand for a text: two of a hundred million differing texts share theirs with a chance of 1 in 3,700."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
