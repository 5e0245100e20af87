"""What travels between the stages: one frozen type a state, no field filled in later.

A candidate instruction is a `Draft`; past deduplication it is `Admitted`; with the guard's verdict on the
instruction `Screened`; with a response `Answered`; with the verdict on the response a `Pair`. Whatever
leaves on the way becomes a `Drop`, so every draft ends as exactly one pair or one drop.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, TypeAlias

from demur.contamination import Contamination
from demur.usage import BudgetUse, SlotUse, StageUse, VendiScores


class Label(StrEnum):
    """A guard's answer to: is this text a violation of that policy?

    `UNREADABLE` is no third opinion: no label could be read. It passes no filter, in either direction.
    """

    VIOLATES = "violates"
    SAFE = "safe"
    UNREADABLE = "unreadable"


class Stance(StrEnum):
    """What a reply does with its request."""

    DECLINES = "declines"
    PARTLY = "partly"
    HELPS = "helps"


class Stage(StrEnum):
    """The steps of a run, in their order."""

    PROPOSE = "propose"
    DEDUPE = "dedupe"
    SCREEN_INSTRUCTION = "screen_instruction"
    RESPOND = "respond"
    SCREEN_RESPONSE = "screen_response"
    CHECK_RESPONSE = "check_response"
    SETTLE = "settle"
    TWIN = "twin"
    MUTATE = "mutate"


class Reason(StrEnum):
    """Why a draft, or a whole round, was dropped."""

    GENERATOR_REFUSED = "generator_refused"
    REPLY_FILTERED = "reply_filtered"
    NOTHING_PARSED = "nothing_parsed"
    SURPLUS = "surplus"
    TOO_LONG = "too_long"
    NEAR_DUPLICATE = "near_duplicate"
    SEMANTIC_DUPLICATE = "semantic_duplicate"
    CONTAMINATED = "contaminated"
    INSTRUCTION_SAFE = "instruction_safe"
    RESPONSE_EMPTY = "response_empty"
    RESPONSE_CUT_OFF = "response_cut_off"
    RESPONSE_VIOLATES = "response_violates"
    NOT_DECLINED = "not_declined"
    FLAT_REFUSAL = "flat_refusal"
    RESPONSE_WORDY = "response_wordy"
    RESPONSE_LECTURES = "response_lectures"
    RESPONSE_REPEATS_REQUEST = "response_repeats_request"
    RESPONSE_REPEATED = "response_repeated"
    OPENING_REPEATED = "opening_repeated"
    TWIN_VIOLATES = "twin_violates"
    NEEDLESS_REFUSAL = "needless_refusal"
    MUTANT_UNCHANGED = "mutant_unchanged"
    VERDICT_UNREADABLE = "verdict_unreadable"
    ENGINE_FAILED = "engine_failed"


TWIN = "twin"
"""The kind of a draft that is a harmless neighbour of another."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Who wrote a text: the engine's type (as in a builder's `type:`) and the model's name."""

    engine: str
    model: str


SeedKind: TypeAlias = Literal["refuse", "comply"]
"""Whether a seed is a request to decline, or a harmless one that looks like it."""


@dataclass(frozen=True, slots=True)
class Seed:
    """One example pair that a person brought.

    Attributes:
        id: `seed:` and the example's number in its file, counted from 1; stable as long as the file is.
        instruction: the request.
        response: the refusal; of a `comply` seed, the answer.
        risk: the name of the risk that it is about, or empty where the file does not say.
        line: where it stands in its file, from 1, where the format has lines.
    """

    id: str
    instruction: str
    response: str
    kind: SeedKind = "refuse"
    risk: str = ""
    line: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, order=True)
class DraftId:
    """A draft's place in its task: the identity of everything that comes of it.

    Attributes:
        task: the task's name.
        round: the number of the proposal request, from 0.
        position: the place in that request's reply, from 0; -1 stands for the round as a whole.
        branch: what was made of that draft afterwards: its kind and the attempt's number, such as `twin.0`; else empty.
    """

    task: str
    round: int
    position: int
    branch: str = ""

    def __str__(self) -> str:
        place = "" if self.position < 0 else f".{self.position}"
        branch = f"/{self.branch}" if self.branch else ""
        return f"{self.task}#{self.round}{place}{branch}"


@dataclass(frozen=True, slots=True)
class Match:
    """The nearest text in an index: its id, and how near it is, 1 being the same: by ROUGE-L, or by cosine."""

    id: str
    score: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a guard said of a text.

    Attributes:
        label: the answer.
        confidence: the probability of that label by the model's token probabilities, 0 to 1, renormalised over the
            two labels; None where the engine gave none.
        guard: the guard's name and version, such as `granite-guardian-3.3`.
        origin: the engine and model that answered.
        reasoning: the trace of a thinking guard, or the cues that a rule-based one found.
        answer: the model's words, kept as evidence.
        declines: whether the guard says that the response declines the request; None where it does not say.
        categories: the guard's own names of what it found.
        members: what each guard of an ensemble said, in the builder's order.
    """

    label: Label
    confidence: float | None
    guard: str
    origin: Origin
    reasoning: str = ""
    answer: str = ""
    declines: bool | None = None
    categories: tuple[str, ...] = ()
    members: tuple[Verdict, ...] = ()


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a refusal judge said of a response.

    Attributes:
        stance: whether it declines its request, wholly, in part, or not at all; None where the answer could not be read,
            which is no opinion.
        judge: the judge's name and version.
        origin: the engine and model that answered.
        reasoning: why, in the model's words.
        answer: the model's words where they could not be read.
    """

    stance: Stance | None
    judge: str
    origin: Origin
    reasoning: str = ""
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Aim:
    """What a round is to bring.

    Attributes:
        risk: the risk's name; empty: the task's only one.
        clause: the number of the clause in `reply_cannot_contain`, from 0; None: any.
        axes: each axis of diversity with the value that is wanted.
    """

    risk: str = ""
    clause: int | None = None
    axes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A candidate instruction, with the ids of the in-context examples that its round was given.

    Attributes:
        aim: what its round aimed at.
        parent: the accepted instruction that it was made of; None where it was proposed.
        kind: `twin`, or the kind of mutation; empty where it was proposed.
        permission: of a twin: the part of the policy that permits its request.
    """

    id: DraftId
    instruction: str
    example_ids: tuple[str, ...]
    origin: Origin
    aim: Aim = Aim()
    parent: DraftId | None = None
    kind: str = ""
    permission: str = ""

    @property
    def complies(self) -> bool:
        """Whether the request is to be answered, not declined."""
        return self.kind == TWIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """A draft that is new to its task, its nearest neighbour before it, and in evaluation sets, where that is flagged."""

    draft: Draft
    neighbour: Match | None
    contamination: tuple[Contamination, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened(Admitted):
    """An admitted draft that the guard rated a violation; a twin, safe."""

    instruction_verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(Screened):
    """A screened draft with a response."""

    response: str
    response_origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair(Answered):
    """An accepted pair: the guard rated its response safe.

    Attributes:
        opinion: what a refusal judge said of the response; None where none was asked.
    """

    response_verdict: Verdict
    opinion: Opinion | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """What was rejected, where, why, and on what evidence.

    Attributes:
        id: the draft's id; position -1 where a whole round was lost.
        instruction: the request, where there was one.
        response: the response, where there was one; withheld from files where the guard rated it unsafe.
        neighbour: the near-duplicate's id and score; a cosine where the reason is `SEMANTIC_DUPLICATE`, else ROUGE-L.
        verdict: the verdict that decided.
        opinion: what a refusal judge said of the response, where one was asked.
        detail: further evidence in words, such as the engine's error or the generator's refusal.
        contamination: what it is near to in evaluation sets.
    """

    id: DraftId
    stage: Stage
    reason: Reason
    instruction: str = ""
    response: str = ""
    neighbour: Match | None = None
    verdict: Verdict | None = None
    detail: str = ""
    contamination: tuple[Contamination, ...] = ()
    opinion: Opinion | None = None


Outcome: TypeAlias = Pair | Drop
"""What a draft ends as."""


def identify(outcome: Outcome) -> DraftId:
    """The id of the draft, or of the round, that an outcome is about."""
    return outcome.draft.id if isinstance(outcome, Pair) else outcome.id


class Status(StrEnum):
    """How a task's run ended."""

    COMPLETE = "complete"
    STALLED = "stalled"
    BUDGET_SPENT = "budget_spent"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class StageCount:
    """How many drafts a stage kept, and how many it dropped by reason."""

    kept: int
    dropped: Mapping[Reason, int]


@dataclass(frozen=True, slots=True)
class EngineUse:
    """What one engine did for a task.

    Attributes:
        role: the builder's block that used it.
        origin: engine type and model.
        asked: requests that went to the model.
        replayed: requests that the journal answered.
        retried: further attempts after a fault.
        failed: requests that were given up.
        prompt_tokens, completion_tokens: as the server counted them, replayed replies included.
        hedged: requests that were sent a second time because the reply was late.
        by_stage: the same by stage, with costs; what was replayed counts for itself there.
    """

    role: str
    origin: Origin
    asked: int
    replayed: int
    retried: int
    failed: int
    prompt_tokens: int
    completion_tokens: int
    hedged: int = 0
    by_stage: Mapping[Stage, StageUse] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a task's run came to.

    Attributes:
        counts: by stage, over the rounds and positions up to the last accepted pair; what was proposed and became of it.
        offspring: likewise for what was made of accepted instructions, by kind (`twin`, and the kinds of mutation).
        coverage: accepted pairs by axis (`risk`, `clause`, `mode`, `opening`, and those of the task) and value.
        surplus: drafts begun beyond that point; their replies stay in the journal for a longer run.
        elapsed_s: wall-clock seconds of this run.
        first_pair_s: seconds until the first accepted pair, or None.
        files: what was written, by its name in the output folder.
        warnings: what a person should know of the run, though it did not stop it.
        failure: the error that ended it early, in words.
        shortfall: where it is stalled: what happened, by what most was dropped for, and what helps.
        budget: what the run as a whole used, where it has a budget.
        contamination: by evaluation set, how many drafts were dropped for it; where that is only flagged, how many pairs are.
        opinions: where a refusal judge was asked: how many responses it said what of; `unreadable` where nothing.
        preferences: where asked for: `written` by what is wrong with the rejected answer, pairs `left_out` by the reason.
        slots: how busy each model's were, of those that anything was asked of.
        vendi: how varied the pairs are to an embedding model; None where none was named.
    """

    task: str
    status: Status
    wanted: int
    accepted: int
    rounds: int
    surplus: int
    counts: Mapping[Stage, StageCount]
    engines: tuple[EngineUse, ...]
    elapsed_s: float
    first_pair_s: float | None = None
    offspring: Mapping[str, Mapping[Stage, StageCount]] = field(default_factory=dict)
    coverage: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    failure: str = ""
    shortfall: str = ""
    budget: BudgetUse | None = None
    contamination: Mapping[str, int] = field(default_factory=dict)
    opinions: Mapping[str, int] = field(default_factory=dict)
    preferences: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    slots: tuple[SlotUse, ...] = ()
    vendi: VendiScores | None = None
