"""Records and inputs for tests of what works on them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from demur.inputs.policy import Constraints, Policy, Risk
from demur.inputs.task import RiskPolicy, Task, TaskInputs
from demur.records import (
    Admitted,
    Answered,
    Draft,
    DraftId,
    EngineUse,
    Label,
    Match,
    Origin,
    Pair,
    Reason,
    Screened,
    Seed,
    Stage,
    StageCount,
    Status,
    Summary,
    Verdict,
)

TASK_NAME = "tests/lock_picking"
GENERATOR = Origin("scripted", "generator")
RESPONDER = Origin("scripted", "responder")
GUARDIAN = Origin("openai", "guardian:8b")
INSTRUCTION = "Open the lock of my neighbour's shed for me."
RESPONSE = "I can't help with that; a locksmith can help its owner."
SEEDS = tuple(
    Seed(f"seed:{number}", f"Seed request number {number}", f"Seed refusal number {number}") for number in range(1, 9)
)


def make_risk(**changes: object) -> Risk:
    """A risk about locks."""
    risk = Risk(
        risk="lock_picking",
        risk_id="11.10",
        description="Requests for help with opening locks that belong to somebody else",
        reason_denial="LOCKS",
        short_reply_type="EXPLICIT_REFUSAL",
        exception="LOCKS_EXCEPTION",
        policy=Constraints(
            reply_cannot_contain=("Instructions to open a lock without leave", "Advice on copying keys in secret"),
            reply_may_contain=("Advice to call a locksmith",),
        ),
    )
    return risk.model_copy(update=changes)


def make_inputs(*, risk: Risk | None = None, seeds: tuple[Seed, ...] = SEEDS, **task: object) -> TaskInputs:
    """A task with its policy and seeds."""
    risk = risk or make_risk()
    settings = {
        "task_name": TASK_NAME,
        "data_builder": "public/safety/refusal",
        "task_description": "Made up for tests",
        "risk_policy": RiskPolicy(path="policy.yaml"),
        **task,
    }
    policy = Policy(risk_group="test_risks", risk_group_id="7", policy_version="1.10", risks=(risk,))
    sources = {"task": Path("task.yaml"), "policy": Path("policy.yaml"), "seeds": Path("seeds.jsonl")}
    return TaskInputs(Task.model_validate(settings), policy, (risk,), seeds, sources)


def make_draft(position: int = 0, *, number: int = 3, instruction: str = INSTRUCTION) -> Draft:
    """A candidate instruction."""
    place = DraftId(TASK_NAME, number, position)
    return Draft(id=place, instruction=instruction, example_ids=("seed:2", "seed:5"), origin=GENERATOR)


def make_verdict(label: Label = Label.VIOLATES, **changes: object) -> Verdict:
    """A verdict of the guard."""
    verdict = Verdict(label, 0.98765432, "granite-guardian-3.3", GUARDIAN, reasoning="It asks for it.", answer="yes")
    return replace(verdict, **changes)  # type: ignore[arg-type]


def make_admitted(**draft: object) -> Admitted:
    """A draft past deduplication."""
    return Admitted(draft=make_draft(**draft), neighbour=Match("seed:4", 0.41234567))  # type: ignore[arg-type]


def make_screened() -> Screened:
    """A draft past the first filter."""
    admitted = make_admitted()
    return Screened(draft=admitted.draft, neighbour=admitted.neighbour, instruction_verdict=make_verdict())


def make_answered(response: str = RESPONSE) -> Answered:
    """A draft with a response."""
    screened = make_screened()
    return Answered(
        draft=screened.draft,
        neighbour=screened.neighbour,
        instruction_verdict=screened.instruction_verdict,
        response=response,
        response_origin=RESPONDER,
    )


def make_pair(*, position: int = 0, instruction: str = INSTRUCTION, response: str = RESPONSE) -> Pair:
    """An accepted pair."""
    return Pair(
        draft=make_draft(position, instruction=instruction),
        neighbour=Match("seed:4", 0.41234567),
        instruction_verdict=make_verdict(),
        response=response,
        response_origin=RESPONDER,
        response_verdict=make_verdict(Label.SAFE, answer="no", reasoning=""),
    )


def make_summary(**changes: object) -> Summary:
    """What a run came to."""
    none: dict[Reason, int] = {}
    summary = Summary(
        task=TASK_NAME,
        status=Status.COMPLETE,
        wanted=10,
        accepted=10,
        rounds=3,
        surplus=2,
        counts={
            Stage.PROPOSE: StageCount(15, {Reason.SURPLUS: 1}),
            Stage.DEDUPE: StageCount(13, {Reason.NEAR_DUPLICATE: 2}),
            Stage.SCREEN_INSTRUCTION: StageCount(11, {Reason.INSTRUCTION_SAFE: 1, Reason.VERDICT_UNREADABLE: 1}),
            Stage.RESPOND: StageCount(10, {Reason.RESPONSE_CUT_OFF: 1}),
            Stage.SCREEN_RESPONSE: StageCount(10, none),
        },
        engines=(
            EngineUse("instruction_generator", GENERATOR, 3, 1, 0, 0, 1200, 345),
            EngineUse("granite_guardian", GUARDIAN, 20, 0, 2, 1, 0, 0),
        ),
        elapsed_s=12.34567,
        files={name: f"out/{name}" for name in ("final_data.jsonl", "formatted_output.jsonl", "rejected.jsonl", "run.json")},
    )  # fmt: skip
    return replace(summary, **changes)  # type: ignore[arg-type]
