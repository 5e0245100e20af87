"""Sections that the card of a run and that of a derived dataset share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from demur.inputs.evaluation_sets import Decontaminate
from demur.inputs.output_settings import Card
from demur.outputs.files import STEERING
from demur.outputs.licences import find_licence
from demur.outputs.markdown import escape_markdown
from demur.records import Origin

EMBEDDED_NOTE = (
    "**Made with the embedded engine, without a language model.** Requests and refusals are composed from the policy's "
    "clauses and a small grammar. Such data is for trying demur, for tests and for cold starts. It is not for training: "
    "its language is narrow, and no guard model has judged it."
)


@dataclass(frozen=True, slots=True)
class SetHits:
    """An evaluation set that requests were compared with.

    Attributes:
        sha256: of its file, in hex; None where it could not be read again.
        hits: how many were near to it.
    """

    name: str
    sha256: str | None
    texts: int
    hits: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Evaluation sets that requests were compared with, how, and what came of it.

    Attributes:
        source: the folder's name of the dataset whose requests they were, where that is not the one at hand.
    """

    method: Sequence[str]
    ngram: int
    threshold: float
    action: str
    sets: Sequence[SetHits]
    source: str = ""

    @classmethod
    def by(cls, settings: Decontaminate, sets: Iterable[SetHits]) -> Comparison:
        """By what a task, or a command, says."""
        return cls(tuple(settings.method), settings.ngram, settings.threshold, settings.action, tuple(sets))


def describe_publication(card: Card, created_by: str = "") -> Iterator[str]:
    """What its publisher says of a dataset; nothing where nothing is said."""
    if not (card.makers or card.url or card.license or created_by):
        return
    yield ""
    for maker in card.makers:
        kind = " (organization)" if maker.type == "organization" else ""
        yield f"- Creator: {escape_markdown(maker.name)}{kind}{_link(maker.url, before=', ')}"
    if created_by:
        yield f"- Made by: {escape_markdown(created_by)}"
    if card.url:
        yield f"- To be found at: {_link(card.url)}"
    if card.license:
        yield f"- Licence: {escape_markdown(card.license)}"


def _link(address: str, before: str = "") -> str:
    """An address that was checked when it was read."""
    return f"{before}<{STEERING.sub('', address)}>" if address else ""


def describe_use(twins: int, *, embedded: bool) -> Iterator[str]:
    """What a dataset is for, and what not."""
    yield ""
    yield "## Uses"
    yield ""
    if not embedded:
        yield "- Meant for: fine-tuning a language model to decline what the policy below forbids, and testing whether it does."
    else:
        yield "- Meant for: trying demur and the programs that read its files."
    yield "- Not meant for: teaching a model to comply with such requests, attacking systems, or any use of the requests by themselves."
    yield (
        "- Not a filter or a proof: a model that was trained on it can still answer what the policy forbids. "
        "Test it on requests that are not in here."
    )
    if twins:
        yield (
            f"- Over-refusal: the {twins} benign twins are there so that a model learns where the line is. Keep them together with "
            "the refusals, mix both with ordinary helpful data, and measure what it declines needlessly."
        )
    else:
        yield (
            "- Over-refusal: there are only refusals in it. A model that is trained on nothing else learns to decline harmless "
            "requests too. Mix it with ordinary helpful data, and measure what it declines needlessly."
        )


def describe_licences(origins: Iterable[Origin], licence: str) -> Iterator[str]:
    """The models' licences, and what that means for the dataset's own."""
    yield "| model | its licence, going by its name |"
    yield "|---|---|"
    for origin in dict.fromkeys(origins):
        yield f"| {escape_markdown(origin.model)} | {escape_markdown(find_licence(origin))} |"
    yield ""
    if licence:
        yield (
            f"The dataset's own licence, {escape_markdown(licence)}, was chosen by its maker. Whether these licences, the providers' "
            "terms and the owners of the seed examples allow it, demur has not looked into."
        )
    else:
        yield (
            "No licence is stated for the dataset itself. Whoever publishes it chooses one that these licences, the providers' "
            "terms and the owners of the seed examples allow, and writes it in place of `unknown` at the head of this file, "
            "or in the task before (`card: {license: …}`)."
        )


def describe_comparison(found: Comparison) -> Iterator[str]:
    """Which evaluation sets requests were compared with, how, and with what result."""
    ways = {
        "ngram": f"{found.ngram} words in a row that both have",
        "rouge_l": f"ROUGE-L F1 of {found.threshold:g} or more",
    }
    how = " or ".join(ways.get(method, escape_markdown(method)) for method in found.method)
    removed = found.action == "remove"
    done = "left out" if removed else "kept and flagged: `metadata.contamination` says why"
    where = f"The requests that came from “{escape_markdown(found.source)}” were" if found.source else "Requests were"
    yield ""
    yield f"{where} compared with evaluation sets ({how}). What is near to one was {done}."
    yield ""
    yield f"| evaluation set | texts | near to it, {'left out' if removed else 'flagged'} | SHA-256 |"
    yield "|---|---:|---:|---|"
    for each in found.sets:
        yield f"| {escape_markdown(each.name)} | {each.texts} | {each.hits} | {each.sha256 or 'unknown'} |"
