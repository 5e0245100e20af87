"""The rows of a report's tables: pairs and drops as the page's script and its plain list show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from demur.inputs.text_file import replace_surrogates
from demur.outputs.files import STEERING, encode
from demur.outputs.report_charts import name_words
from demur.outputs.run_folder import DropRow, NeighbourRow, PairRow, RunFolder, VerdictRow

Json = dict[str, object]

MAX_PAIRS, MAX_DROPS = 2000, 1000
MAX_BYTES = 3_500_000
"""Of all rows together, as JSON: the page stays below 5 MB, which a phone opens."""
_LONGEST = 4000
_LONGEST_NEIGHBOUR = 300

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a table, and how many there are in the files."""

    shown: tuple[Json, ...]
    total: int


def list_pair_rows(runs: Sequence[RunFolder], size_bytes: int = MAX_BYTES) -> Rows:
    """The pairs of some runs, in their order; of many, some evenly spread."""
    rows: list[Json] = []
    for number, run in enumerate(runs):
        texts = _list_texts(run)
        offspring = {pair.parent for pair in run.pairs if pair.parent}
        chosen = _spread(run.pairs, MAX_PAIRS // len(runs))
        rows += [_describe_pair(pair, number, texts, offspring) for pair in chosen]
    return Rows(_fit(rows, size_bytes), sum(len(run.pairs) for run in runs))


def list_drop_rows(runs: Sequence[RunFolder], size_bytes: int = MAX_BYTES) -> Rows:
    """The drops likewise."""
    rows: list[Json] = []
    for number, run in enumerate(runs):
        texts = _list_texts(run)
        rows += [_describe_drop(drop, number, texts) for drop in _spread(run.drops, MAX_DROPS // len(runs))]
    return Rows(_fit(rows, size_bytes), sum(len(run.drops) for run in runs))


def embed_json(value: Json) -> str:
    """JSON that may stand in a script element of HTML: it neither ends the element nor opens a comment in it."""
    return encode(value).replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def clean_text(text: str) -> str:
    """Text without what would turn its direction or is no character; each becomes U+FFFD."""
    if text.isascii() and text.isprintable():
        return text
    return replace_surrogates(STEERING.sub("\ufffd", text))


def _spread(rows: Sequence[T], limit: int) -> list[T]:
    if len(rows) <= limit:
        return list(rows)
    return [rows[place * len(rows) // limit] for place in range(limit)]


def _fit(rows: list[Json], size_bytes: int) -> tuple[Json, ...]:
    """Fewer of the rows, evenly spread, until they are small enough."""
    while rows:
        size = sum(len(embed_json(row).encode()) for row in rows)
        if size <= size_bytes:
            break
        rows = _spread(rows, int(len(rows) * 0.95 * size_bytes / size))
    return tuple(rows)


def _list_texts(run: RunFolder) -> dict[str, str]:
    texts = {pair.id: pair.instruction for pair in run.pairs}
    texts.update((drop.id, drop.instruction) for drop in run.drops)
    return texts


def _describe_pair(pair: PairRow, number: int, texts: Mapping[str, str], parents: set[str]) -> Json:
    row: Json = {
        "run": number,
        "id": _clip(pair.id),
        "kind": _clip(name_words(pair.kind)),
        "risk": _clip(pair.risk),
        "clause": _clip(pair.clause),
        "request": _clip(pair.instruction),
        "reply": _clip(pair.response),
        "harmful": pair.kind != "twin",
        "verdicts": [
            *_describe_verdict("request", pair.instruction_verdict),
            *_describe_verdict("response", pair.response_verdict),
        ],
        "near": _describe_neighbour(pair.neighbour, texts),
    }
    more = {
        "near to an evaluation set": "; ".join(pair.contamination),
        "made of": pair.parent,
        "permission": pair.permission,
        "clause": pair.clause_text,
        "shown to the generator": ", ".join(pair.seeds),
        "the refusal judge": pair.stance,
        **{name_words(axis): value for axis, value in pair.axes.items()},
    }
    row["more"] = [[_clip(name), _clip(value)] for name, value in more.items() if value]
    row["told"] = _say_evidence(pair.instruction_verdict, pair.response_verdict, pair.neighbour)
    row["family"] = _clip(pair.parent or (pair.id if pair.id in parents else ""))
    return row


def _describe_drop(drop: DropRow, number: int, texts: Mapping[str, str]) -> Json:
    return {
        "run": number,
        "id": _clip(drop.id),
        "stage": _clip(name_words(drop.stage)),
        "reason": _clip(name_words(drop.reason)),
        "request": _clip(drop.instruction),
        "reply": _clip(drop.response),
        "withheld": drop.withheld,
        "verdicts": _describe_verdict("verdict", drop.verdict),
        "near": _describe_neighbour(drop.neighbour, texts),
        "told": _say_evidence(drop.verdict, None, drop.neighbour),
        "more": [
            [name, _clip(value)]
            for name, value in (("near to an evaluation set", "; ".join(drop.contamination)), ("detail", drop.detail))
            if value
        ],
    }


def _say_evidence(first: VerdictRow | None, second: VerdictRow | None, near: NeighbourRow | None) -> str:
    """In a few words: what the guard said, and how near the nearest text is."""
    parts = [_clip(v.label) + ("" if v.confidence is None else f" {v.confidence:.2f}") for v in (first, second) if v]
    said = [*([", then ".join(parts)] if parts else []), *([f"nearest {near.score:.2f}"] if near else [])]
    return "Evidence" + (f": {'; '.join(said)}" if said else "")


def _describe_verdict(name: str, verdict: VerdictRow | None) -> list[list[str]]:
    """What it is about, the label with its confidence, who gave it, and why."""
    if verdict is None:
        return []
    sure = "" if verdict.confidence is None else f" {verdict.confidence:.3f}"
    by = f"{verdict.guard} ({verdict.model})" if verdict.model not in ("", verdict.guard) else verdict.guard
    return [[name, _clip(verdict.label + sure), _clip(by), _clip(verdict.reasoning)]]


def _describe_neighbour(near: NeighbourRow | None, texts: Mapping[str, str]) -> list[str]:
    """Its id, how near it is, and its text where the files have it."""
    if near is None:
        return []
    return [_clip(near.id), f"{near.measure} {near.score:.3f}", _clip(texts.get(near.id, ""), _LONGEST_NEIGHBOUR)]


def _clip(text: str, longest: int = _LONGEST) -> str:
    return clean_text(text if len(text) <= longest else f"{text[:longest]} … ({len(text):,} characters in all)")
