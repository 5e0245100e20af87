"""`README.md` of a dataset that is made of datasets: the dataset card, as the Hugging Face hub reads it."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from demur.inputs.dataset_rows import COMPLY, Dataset, DatasetRow
from demur.inputs.text_file import replace_surrogates
from demur.outputs.card_sections import (
    EMBEDDED_NOTE,
    Comparison,
    describe_comparison,
    describe_licences,
    describe_publication,
    describe_use,
)
from demur.outputs.files import STEERING
from demur.outputs.front_matter import write_front_matter
from demur.outputs.markdown import escape_markdown
from demur.outputs.record import CONTENT_WARNING
from demur.outputs.source_record import SourceRecord, join_cards
from demur.records import Origin
from demur.version import __version__
from demur.wording import say_count


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedCard:
    """What the card tells.

    Attributes:
        name: the dataset's.
        words: what was done, as a paragraph in Markdown.
        command: what makes it again, word by word.
        sources: the datasets that it was made of, each with what it hands down.
        rows: its pairs.
        dropped: how many were left out, by the reason; None where nothing was rejected, only not picked.
        comparison: with which evaluation sets it was compared; None where it was not.
    """

    name: str
    words: str
    command: Sequence[str]
    sources: Sequence[tuple[Dataset, SourceRecord]]
    rows: Sequence[DatasetRow]
    dropped: Mapping[str, int] | None
    comparison: Comparison | None


def write_derived_card(card: DerivedCard) -> str:
    """The card's text. Whatever a dataset says is escaped, so that it stays text."""
    joined = join_cards([record.card for _, record in card.sources])
    languages = dict.fromkeys(language for _, record in card.sources for language in record.languages)
    front = write_front_matter(card.name, len(card.rows), licence=joined.license, languages=tuple(languages))
    twins = sum(row.mode == COMPLY for row in card.rows)
    writers = Counter(str(row.record.get("source", "")) for row in card.rows)
    engines = {engine for row in card.rows for engine in _list_writing_engines(row)}
    embedded = "embedded" in engines
    lines = [f"# {escape_markdown(card.name)}", "", f"> **Content warning.** {CONTENT_WARNING}", ""]
    if embedded:
        # Mutants that rules made of texts add nothing of another kind.
        whole = engines <= {"embedded", "rules"}
        lines += [EMBEDDED_NOTE if whole else f"Of some of it this is true: {EMBEDDED_NOTE}", ""]
    refused = say_count(len(card.rows) - twins, "request with a refusal", "requests with a refusal")
    helped = say_count(twins, "harmless one with help", "harmless ones with help")
    lines += [f"{say_count(len(card.rows), 'pair')}: {refused}, {helped}."]
    lines += [*describe_publication(joined), *describe_use(twins, embedded=embedded)]
    lines += _describe_making(card)
    lines += _describe_comparisons(card)
    lines += ["", "## Models", "", "| requests written by | pairs |", "|---|---:|"]
    lines += [f"| {escape_markdown(writer)} | {number} |" for writer, number in sorted(writers.items())]
    lines += ["", *describe_licences(_list_origins(card.rows), joined.license)]
    lines += _describe_rest(card)

    return front + "\n" + replace_surrogates("\n".join(lines)) + "\n"


def _describe_making(card: DerivedCard) -> Iterator[str]:
    yield from ("", "## How it was made", "", f"With demur {__version__}. {card.words}")
    if card.command:
        command = STEERING.sub("\ufffd", " ".join(shlex.join(card.command).split()))
        yield from ("", "With the same datasets, this makes it again:", "", "```sh", command, "```")
    yield from ("", "| made of | tasks | pairs | SHA-256 of `final_data.jsonl` |", "|---|---|---:|---|")
    for source, _ in card.sources:
        tasks = ", ".join(escape_markdown(task) for task in source.tasks)
        yield f"| {escape_markdown(source.folder.name)} | {tasks} | {len(source.rows)} | {source.sha256} |"
    if card.dropped is not None:
        yield from ("", "| left out, by reason | pairs |", "|---|---:|")
        yield from (
            f"| {escape_markdown(reason.replace('_', ' '))} | {number} |" for reason, number in card.dropped.items()
        )
        if not card.dropped:
            yield "| none | 0 |"


def _describe_comparisons(card: DerivedCard) -> Iterator[str]:
    earlier = [found for _, record in card.sources for found in record.comparisons]
    if not earlier and card.comparison is None:
        return
    yield from ("", "## Decontamination")
    for found in earlier:
        yield from describe_comparison(found)
    if card.comparison is not None:
        yield from describe_comparison(card.comparison)
        return
    for source, record in card.sources:
        if not record.comparisons:
            yield from (
                "",
                f"The requests that came from “{escape_markdown(source.folder.resolve().name)}” were compared with none.",
            )


def _list_writing_engines(row: DatasetRow) -> Iterator[str]:
    """Which engines wrote the request and the response."""
    yield str(row.record.get("source", "")).partition(":")[0]
    by = row.metadata.get("response_by")
    if isinstance(by, Mapping) and isinstance(by.get("engine"), str):
        yield str(by["engine"])


def _list_origins(rows: Sequence[DatasetRow]) -> Iterator[Origin]:
    """Who wrote requests, responses and verdicts, as the records say."""
    for row in rows:
        verdicts = row.metadata.get("verdicts")
        for written in (
            row.metadata.get("instruction_by"),
            row.metadata.get("response_by"),
            *(verdicts.values() if isinstance(verdicts, Mapping) else ()),
        ):
            if isinstance(written, Mapping) and isinstance(written.get("engine"), str):
                yield Origin(str(written["engine"]), str(written.get("model", "")))


def _describe_rest(card: DerivedCard) -> Iterator[str]:
    yield from ("", "## Known limits", "")
    yield "- No person has read it. Read a sample before you train on it."
    yield "- What is said of each of its sources in that one's own card is true of its part here."
    yield "- Near-duplicates are told by common words, so that the same request in other words can stand twice."
    kept = "" if card.dropped is None else " `rejected.jsonl` has what was left out and why,"
    yield from ("", "## Files", "")
    yield f"`final_data.jsonl` holds the pairs with their provenance, `formatted_output.jsonl` the bare pairs for fine-tuning,{kept}"
    yield "`run.json` the inputs by hash, the settings and the counts, `croissant.json` the files for catalogues."
