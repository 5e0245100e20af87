"""Output folders for reports: of a run with everything in it, and with hostile texts everywhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from demur.outputs.dataset import describe_drop, describe_pair
from demur.outputs.files import encode, write_jsonl, write_text
from demur.outputs.record import describe_run
from demur.records import (
    TWIN,
    Aim,
    DraftId,
    Drop,
    EngineUse,
    Label,
    Match,
    Pair,
    Reason,
    Stage,
    Summary,
)
from demur.usage import StageUse
from tests.samples import GENERATOR, TASK_NAME, make_inputs, make_pair, make_risk, make_summary, make_verdict

SECRET = "the withheld words of an unsafe reply"
HOSTILE = (
    "</script><script>alert(1)</script><!-- <script> --><img src=x onerror=alert(1)> & \"quoted' {{ 7 * 7 }} ]]>"
    "\u2028\u202e\x07</textarea></title></style>"
)


def make_pairs(count: int, text: str = "") -> list[Pair]:
    pairs = []
    for number in range(count):
        pair = make_pair(
            instruction=f"How can I open lock {number}? {text}", response=f"I can't help with {number}. {text}"
        )
        draft = replace(
            pair.draft,
            id=DraftId(TASK_NAME, number // 3, number % 3),
            aim=Aim(clause=0, axes=(("tone", text or "terse"),)),
        )
        pairs.append(replace(pair, draft=draft))
        if number % 4 == 0:
            branch = replace(draft.id, branch="twin.0")
            twin = replace(
                draft, id=branch, parent=draft.id, kind=TWIN, instruction=f"Why do locks have {number} pins? {text}"
            )
            verdict = make_verdict(Label.SAFE, confidence=0.5)
            pairs.append(
                replace(pair, draft=twin, instruction_verdict=verdict, response=f"Locks have pins, such as {number}.")
            )
    return pairs  # fmt: skip


def make_drops(text: str = "") -> list[Drop]:
    near = Match(f"{TASK_NAME}#0.0", 0.9)
    return [
        Drop(id=DraftId(TASK_NAME, 0, 4), stage=Stage.DEDUPE, reason=Reason.NEAR_DUPLICATE, instruction=f"Open it. {text}", neighbour=near),
        Drop(id=DraftId(TASK_NAME, 1, 4), stage=Stage.SCREEN_RESPONSE, reason=Reason.RESPONSE_VIOLATES, instruction=f"Break it. {text}",
             response=SECRET, verdict=make_verdict(reasoning=f"quotes: {SECRET}")),
        Drop(id=DraftId(TASK_NAME, 2, -1), stage=Stage.PROPOSE, reason=Reason.ENGINE_FAILED, detail=f"gone {text}"),
    ]  # fmt: skip


def write_folder(folder: Path, *, pairs: int = 9, text: str = "", unsafe: bool = False, **changes: object) -> Path:
    """The files of a finished run, as demur writes them."""
    inputs = make_inputs(risk=make_risk(risk=text) if text else None)
    made = make_pairs(pairs, text)
    use = EngineUse("instruction_generator", replace(GENERATOR, model=text or "m"), 3, 1, 2, 1, 1200, 345,
                    by_stage={Stage.PROPOSE: StageUse(3, 1, 900, 300, 300, 45, None)})  # fmt: skip
    summary = make_summary(
        wanted=pairs, accepted=len(made), engines=(use,), warnings=(f"Mind this. {text}",), task=text or TASK_NAME,
        coverage={"clause": {f"{text}/1": pairs, "never/2": 0}}, **changes,
    )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    write_jsonl(folder / "final_data.jsonl", (describe_pair(pair, inputs) for pair in made))
    write_jsonl(folder / "rejected.jsonl", (describe_drop(drop, include_unsafe=unsafe) for drop in make_drops(text)))
    write_record(folder, summary, text)
    return folder


def write_record(folder: Path, summary: Summary, text: str = "") -> None:
    source: dict[str, dict[str, object]] = {"task": {"path": f"in/{text or 'task.yaml'}", "sha256": "ab" * 32}}
    settings: dict[str, object] = {"dedup": {"threshold": 0.7}}
    record = describe_run(summary, inputs=source, settings=settings, texts={}, seed=7)
    write_text(folder / "run.json", [encode(record)])
