"""The files of an output folder, read back: what the run record, the pairs and the drops say.

What is not there, or not of the kind that demur writes, counts as unknown: another version may have written it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from demur.errors import InputError
from demur.inputs.json_lines import read_lines, read_record
from demur.inputs.rows import parse_json
from demur.inputs.text_file import read_text
from demur.usage import SlotUse, VendiScore, VendiScores

PAIRS, DROPS, RECORD = "final_data.jsonl", "rejected.jsonl", "run.json"


class Node:
    """A JSON value, as `json.loads` gives it, asked for what should be in it; what is not there is empty, not an error."""

    def __init__(self, value: object) -> None:
        self._value = value

    def child(self, *keys: str) -> Node:
        """What lies under keys that lead inward."""
        return Node(self._find(keys))

    def text(self, *keys: str) -> str:
        """The text there, or an empty one."""
        value = self._find(keys)
        return value if isinstance(value, str) else ""

    def number(self, *keys: str) -> float | None:
        """The finite number there, or None."""
        value = self._find(keys)
        if not isinstance(value, int | float) or isinstance(value, bool):
            return None
        try:
            number = float(value)
        except OverflowError:  # an integer beyond all floats
            return None
        return number if math.isfinite(number) else None  # 1e999 is infinity to a JSON reader

    def count(self, *keys: str) -> int:
        """The whole number there, or 0."""
        return int(self.number(*keys) or 0)

    def entries(self, *keys: str) -> Iterator[tuple[str, Node]]:
        """The keys and values of the object there."""
        value = self._find(keys)
        if isinstance(value, dict):
            yield from ((str(key), Node(item)) for key, item in value.items())

    def items(self, *keys: str) -> Iterator[Node]:
        """The values of the list there."""
        value = self._find(keys)
        if isinstance(value, list):
            yield from map(Node, value)

    def texts(self, *keys: str) -> tuple[str, ...]:
        """The texts in the list there."""
        return tuple(found for item in self.items(*keys) if (found := item.text()))

    @property
    def there(self) -> bool:
        """Whether there is anything but null."""
        return self._value is not None

    def _find(self, keys: tuple[str, ...]) -> object:
        value = self._value
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        return value


@dataclass(frozen=True, slots=True)
class VerdictRow:
    """What a guard said, as the files have it."""

    label: str
    confidence: float | None
    guard: str
    model: str
    reasoning: str


@dataclass(frozen=True, slots=True)
class NeighbourRow:
    """The nearest text, and by which measure it is how near."""

    id: str
    score: float
    measure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PairRow:
    """A line of `final_data.jsonl`.

    Attributes:
        kind: `refusal`, `twin`, or the kind of mutation.
        clause: `risk/number`, or empty.
        parent: the id of what a twin or mutant was made of, or empty.
        contamination: what it is near to in evaluation sets, in words.
        stance: what a refusal judge said of the response, or empty.
        engines: which ones wrote the request and the response.
    """

    id: str
    round: int
    instruction: str
    response: str
    risk: str
    clause: str
    clause_text: str
    kind: str
    parent: str
    permission: str
    axes: Mapping[str, str]
    seeds: tuple[str, ...]
    instruction_verdict: VerdictRow | None
    response_verdict: VerdictRow | None
    neighbour: NeighbourRow | None
    contamination: tuple[str, ...]
    stance: str = ""
    engines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DropRow:
    """A line of `rejected.jsonl`; `withheld` is the length of a response that is not in the file, in characters."""

    id: str
    round: int | None
    stage: str
    reason: str
    instruction: str
    response: str
    withheld: int
    verdict: VerdictRow | None
    neighbour: NeighbourRow | None
    contamination: tuple[str, ...]
    detail: str


@dataclass(frozen=True, slots=True)
class StageRow:
    """What a stage kept, and what it dropped by reason."""

    name: str
    kept: int
    dropped: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class UseRow:
    """What an engine did for a stage; `cost_usd` is None where the price is not known."""

    block: str
    engine: str
    model: str
    stage: str
    asked: int
    replayed: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFolder:
    """One run, as its files tell it.

    Attributes:
        folder: where it was written, as its record has it.
        source: the hashes of what was read, by role.
        offspring: the stages of twins and mutants, by kind.
        vendi: as the record has it; None where nothing was measured.
    """

    folder: str
    task: str
    status: str
    wanted: int
    rounds: int
    surplus: int
    seed: int
    version: str
    written: str
    elapsed_s: float | None
    first_pair_s: float | None
    retried: int
    failed: int
    warnings: tuple[str, ...]
    failure: str
    threshold: float | None
    stages: tuple[StageRow, ...]
    offspring: Mapping[str, tuple[StageRow, ...]]
    coverage: Mapping[str, Mapping[str, int]]
    uses: tuple[UseRow, ...]
    slots: tuple[SlotUse, ...]
    vendi: VendiScores | None
    source: Mapping[str, tuple[str, str]]
    pairs: tuple[PairRow, ...] = field(repr=False)
    drops: tuple[DropRow, ...] = field(repr=False)

    @property
    def is_derived(self) -> bool:
        """Whether no run made it, but `demur merge`, `sample` or `decontaminate` of other datasets."""
        return not self.status and not self.wanted


def read_run(folder: Path) -> RunFolder:
    """Read an output folder.

    Raises:
        InputError: it holds no run record or no pairs, or one of its files is damaged.
    """
    if not (folder / RECORD).is_file():
        raise InputError(f"no {RECORD} is in this folder", path=folder,
                         hint="Name the folder of one task, such as output/my_domain/expense_fraud.")  # fmt: skip
    record = Node(parse_json(read_text(folder / RECORD), folder / RECORD, 1))
    return read_run_with(folder, record)


def read_run_with(folder: Path, record: Node) -> RunFolder:
    """Read the pairs and drops of an output folder whose run record is known.

    Raises:
        InputError: there are no pairs, or a file is damaged.
    """
    drops = folder / DROPS
    result = record.child("result")
    return RunFolder(
        folder=result.text("files", PAIRS).removesuffix(PAIRS).rstrip("/\\"),
        task=result.text("task") or _name_derived(record),
        status=result.text("status"),
        wanted=result.count("wanted"),
        rounds=result.count("rounds"),
        surplus=result.count("surplus"),
        seed=record.count("seed"),
        version=record.text("demur"),
        written=record.text("written"),
        elapsed_s=result.number("elapsed_s"),
        first_pair_s=result.number("first_pair_s"),
        retried=sum(use.count("retried") for use in result.items("engines")),
        failed=sum(use.count("failed") for use in result.items("engines")),
        warnings=result.texts("warnings"),
        failure=result.text("failure"),
        threshold=record.number("builder", "dedup", "threshold"),
        stages=tuple(_read_stages(result.child("stages"))),
        offspring={kind: tuple(_read_stages(stages)) for kind, stages in result.entries("offspring")},
        coverage={
            axis: {value: number.count() for value, number in counts.entries()}
            for axis, counts in result.entries("coverage")
        },
        uses=tuple(_read_uses(result)),
        slots=tuple(map(_read_slots, result.items("slots"))),
        vendi=_read_vendi(result.child("vendi")),
        source={role: (file.text("path"), file.text("sha256")) for role, file in record.entries("inputs")},
        pairs=tuple(map(_read_pair, _read_records(folder / PAIRS))),
        drops=tuple(map(_read_drop, _read_records(drops))) if drops.is_file() else (),
    )


def _name_derived(record: Node) -> str:
    """What was done to which datasets, where no task has a name to give."""
    folders = [Path(given.text("folder")).name for _, given in record.entries("inputs")]
    named = [folder for folder in folders if folder]
    return f"{record.text('command')} of {', '.join(named)}" if named else ""


def _read_records(path: Path) -> Iterator[Node]:
    return (Node(read_record(line, path)) for line in read_lines(path))


def _read_stages(stages: Node) -> Iterator[StageRow]:
    for name, stage in stages.entries():
        dropped = {reason: number.count() for reason, number in stage.entries("dropped")}
        yield StageRow(name, stage.count("kept"), dropped)


def _read_uses(result: Node) -> Iterator[UseRow]:
    for engine in result.items("engines"):
        names = engine.text("block"), engine.text("engine"), engine.text("model")
        for stage, use in engine.entries("stages"):
            yield UseRow(
                *names, stage, use.count("asked"), use.count("replayed"), use.count("prompt_tokens"),
                use.count("completion_tokens"), use.number("cost_usd"),
            )  # fmt: skip


def _read_slots(use: Node) -> SlotUse:
    elapsed_s = use.number("elapsed_s") or 0.0
    return SlotUse(
        engine=use.text("engine"),
        model=use.text("model"),
        blocks=use.texts("blocks"),
        slots=max(1, use.count("slots")),
        lowest=use.count("lowest"),
        elapsed_s=elapsed_s,
        busy_slot_s=(use.number("busy") or 0.0) * elapsed_s,
        full_s=use.number("full_s") or 0.0,
        held_s=use.number("held_s") or 0.0,
        timeline=tuple(busy.number() or 0.0 for busy in use.items("timeline")),
    )


def _read_vendi(scores: Node) -> VendiScores | None:
    if not scores.there:
        return None
    return VendiScores(
        model=scores.text("model"),
        instructions=_read_score(scores.child("instructions")),
        responses=_read_score(scores.child("responses")),
    )


def _read_score(score: Node) -> VendiScore:
    return VendiScore(score=score.number("score"), texts=score.count("texts"), sampled=score.count("sampled"))


def _read_pair(line: Node) -> PairRow:
    more = line.child("metadata")
    risk, number = more.text("risk"), more.count("clause", "number")
    kind = more.text("mutation") or ("twin" if more.text("mode") == "comply" else "refusal")
    return PairRow(
        id=more.text("id"),
        round=more.count("round"),
        instruction=line.text("instruction"),
        response=line.text("response"),
        risk=risk,
        clause=f"{risk}/{number}" if number else "",
        clause_text=more.text("clause", "text"),
        kind=kind,
        parent=more.text("twin_of") or more.text("mutated_from"),
        permission=more.text("permission"),
        axes={axis: value.text() for axis, value in more.entries("axes")},
        seeds=more.texts("in_context_seeds"),
        instruction_verdict=_read_verdict(more.child("verdicts", "instruction")),
        response_verdict=_read_verdict(more.child("verdicts", "response")),
        neighbour=_read_neighbour(more.child("nearest")),
        contamination=tuple(_read_contamination(more)),
        stance=more.text("refusal_judge", "stance"),
        engines=(line.text("source").partition(":")[0], more.text("response_by", "engine")),
    )


def _read_drop(line: Node) -> DropRow:
    place = line.text("id").rpartition("#")[2].partition("/")[0].partition(".")[0]
    return DropRow(
        id=line.text("id"),
        round=int(place) if place.isascii() and place.isdigit() and len(place) < 10 else None,
        stage=line.text("stage"),
        reason=line.text("reason"),
        instruction=line.text("instruction"),
        response=line.text("response"),
        withheld=line.count("response_withheld", "characters"),
        verdict=_read_verdict(line.child("verdict")),
        neighbour=_read_neighbour(line.child("nearest")),
        contamination=tuple(_read_contamination(line)),
        detail=line.text("detail"),
    )


def _read_verdict(verdict: Node) -> VerdictRow | None:
    if not verdict.there:
        return None
    confidence = verdict.number("confidence")
    return VerdictRow(
        verdict.text("label"), confidence, verdict.text("guard"), verdict.text("model"), verdict.text("reasoning")
    )


def _read_contamination(record: Node) -> Iterator[str]:
    for hit in record.items("contamination"):
        measure = {"ngram": "words in a row", "rouge_l": "ROUGE-L"}.get(hit.text("method"), hit.text("method"))
        yield f"{hit.text('place') or hit.text('set')}, {measure} {hit.number('score') or 0.0:.2f}"


def _read_neighbour(nearest: Node) -> NeighbourRow | None:
    if not nearest.there:
        return None
    cosine = nearest.number("cosine")
    if cosine is not None:
        return NeighbourRow(nearest.text("id"), cosine, "cosine")
    return NeighbourRow(nearest.text("id"), nearest.number("rouge_l") or 0.0, "ROUGE-L")
