"""What the `run.json` of a dataset says that goes on to datasets made of it: licence, creators, languages, decontamination."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from demur.errors import InputError
from demur.inputs.output_settings import Card, Creator
from demur.inputs.rows import parse_json
from demur.inputs.text_file import read_text
from demur.outputs.card_sections import Comparison, SetHits
from demur.outputs.run_folder import RECORD, Node

_DIGEST = re.compile("[0-9a-f]{64}")
_LANGUAGE = re.compile("[a-z]{2,3}")


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """What a dataset hands down; empty where its record does not say.

    Attributes:
        comparisons: with which evaluation sets its requests were compared, the latest last.
    """

    card: Card = field(default_factory=Card)
    languages: tuple[str, ...] = ()
    comparisons: tuple[Comparison, ...] = ()

    def describe_comparisons(self) -> list[dict[str, object]]:
        """The comparisons as JSON, as `read_source` reads them."""
        return [asdict(found) for found in self.comparisons]


def read_source(folder: Path) -> SourceRecord:
    """Read a dataset's record. One that is missing or damaged says nothing: the pairs are what counts."""
    try:
        record = Node(parse_json(read_text(folder / RECORD), folder / RECORD, 1))
    except InputError:
        return SourceRecord()
    found = (replace(each, source=each.source or folder.resolve().name) for each in _read_comparisons(record))
    return SourceRecord(
        _read_card(record.child("card")), tuple(filter(_LANGUAGE.fullmatch, record.texts("languages"))), tuple(found)
    )


def join_cards(cards: Sequence[Card]) -> Card:
    """The card of a dataset that is made of others: all their creators, and their licence where they agree on it."""
    licences = {card.license for card in cards}
    makers = dict.fromkeys(maker for card in cards for maker in card.makers)
    return Card(license=licences.pop() if len(licences) == 1 else "", creators=tuple(makers))


def _read_card(written: Node) -> Card:
    try:
        creators = [
            Creator.model_validate(
                {
                    "name": maker.text() or maker.text("name"),
                    "type": maker.text("type") or "person",
                    "url": maker.text("url"),
                }
            )
            for maker in written.items("creators")
        ]
        return Card(license=written.text("license"), url=written.text("url"), creators=tuple(creators))
    except ValueError:  # what pydantic raises
        return Card()


def _read_comparisons(record: Node) -> Iterator[Comparison]:
    for _, source in record.entries("inputs"):
        for found in source.items("decontamination"):
            yield _compare(found, [_read_hits(each) for each in found.items("sets")])
    if record.child("decontamination").there:
        said = record.child("decontamination")
        hits = {name: number.count() for name, number in record.child("result", "contamination").entries()}
        sets = [_read_hits(each, hits.get(each.text("set"), 0)) for each in said.items("against")]
        yield _compare(said, sets)
    if record.text("command") == "decontaminate":
        yield _compare(record.child("settings"), [_read_hits(each) for each in record.items("result", "sets")])


def _compare(said: Node, sets: Sequence[SetHits]) -> Comparison:
    return Comparison(
        method=said.texts("method"),
        ngram=said.count("ngram"),
        threshold=said.number("threshold") or 0.0,
        action=said.text("action"),
        sets=tuple(sets),
        source=said.text("source"),
    )


def _read_hits(each: Node, hits: int | None = None) -> SetHits:
    return SetHits(
        each.text("set") or each.text("name"),
        each.text("sha256") if _DIGEST.fullmatch(each.text("sha256")) else None,
        each.count("texts"),
        each.count("hits") if hits is None else hits,
    )
