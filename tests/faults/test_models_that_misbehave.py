from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from demur.guards.canaries import HARMLESS, OFF_TOPIC, ON_TOPIC
from tests.conftest import SEEDS
from tests.faults.hostile import GENERATOR, GUARD, RESPONDER, run_against
from tests.servers.behaviour import Behaviour
from tests.servers.judgements import Answer
from tests.servers.roleplay import Roleplay, read_judgement

PLAIN = Roleplay()
KNOWN = {HARMLESS, ON_TOPIC, OFF_TOPIC, *(instruction for instruction, _ in SEEDS)}
TEN_MB = "word and word " * 750_000


def say(text: str, *, every: int = 1) -> Behaviour:
    """A model that says this to every so-many-th request, and what it should to the others."""
    seen = 0

    def answer(model: str, prompt: str, body: dict[str, object]) -> str | Answer:
        nonlocal seen
        judged = read_judgement(model, prompt)
        if judged is not None and judged.instruction in KNOWN and judged.response is None:
            return PLAIN.answer(model, prompt, body.get("seed"))
        seen += 1
        return text if seen % every == 0 else PLAIN.answer(model, prompt, body.get("seed"))

    return Behaviour(answer=answer, ignores_limits=True)


VERDICTS = {
    "no label": "The text is about locks.",
    "another language": "<score> ja </score>",
    "yes and no at once": "<score> yes </score>\n<score> no </score>",
    "empty": "",
    "white space": " \n\t ",
    "10 MB": "x" * 10_000_000,
}


@pytest.mark.parametrize("name", VERDICTS)
async def test_a_verdict_that_cannot_be_read_passes_nothing(workspace: Path, name: str) -> None:
    """A third of the guard's answers are none: those drafts are dropped as unreadable, the others make the pairs."""
    ended = await run_against(workspace, {GUARD: say(VERDICTS[name], every=3)}, outputs=8)
    assert (ended.code, ended.pairs) == (0, 8)
    assert set(ended.reasons) == {"verdict_unreadable"}
    assert len(ended.files["rejected.jsonl"]) < 100_000


async def test_a_guard_that_says_nothing_readable_stalls_the_run(workspace: Path) -> None:
    """Past its canaries, a guard without a label lets nothing through: exit code 3, and a reason for each draft."""
    ended = await run_against(workspace, {GUARD: say("Perhaps.")}, outputs=8)
    assert (ended.code, ended.pairs, set(ended.reasons)) == (3, 0, {"verdict_unreadable"})
    assert ended.reasons["verdict_unreadable"] >= 200


GENERATORS: dict[str, tuple[str, str, Callable[[int], bool]]] = {
    "refuses": ("I'm sorry, but I can't help with that.", "generator_refused", lambda count: count >= 50),
    "repeats one line": ("### Question 1:\nOpen the door.\n" * 5, "near_duplicate", lambda count: count >= 200),
    "says nothing": ("", "nothing_parsed", lambda count: count >= 50),
    "rambles": ("word " * 400, "nothing_parsed", lambda count: count >= 50),
}


@pytest.mark.parametrize("name", GENERATORS)
async def test_a_generator_that_brings_nothing_stalls_the_run(workspace: Path, name: str) -> None:
    """Exit code 3 after fifty rounds in a row, each with its reason; what was good is kept."""
    text, reason, enough = GENERATORS[name]
    ended = await run_against(workspace, {GENERATOR: say(text)}, outputs=8)
    assert ended.code == 3
    assert ended.pairs <= 1
    assert enough(ended.reasons[reason]), ended.reasons
    assert set(ended.reasons) <= {reason, "instruction_safe"}
    assert ended.took_s < 20


async def test_ten_thousand_items_are_no_more_than_were_asked_for(workspace: Path) -> None:
    """The first five of them are taken, and the rest counted as one surplus."""
    items = "\n\n".join(f"### Question {n}:\nPlease w{n * 7919} w{n * 31} w{n * 17} me" for n in range(1, 10_001))
    ended = await run_against(workspace, {GENERATOR: say(items, every=2)}, outputs=24, concurrency=4)
    assert (ended.code, ended.pairs) == (0, 24)
    assert ended.reasons["surplus"] >= 1
    surplus = [
        drop for drop in map(json.loads, ended.files["rejected.jsonl"].splitlines()) if drop["reason"] == "surplus"
    ]
    assert surplus[0]["detail"] == "9995 more than the 5 asked for"


@pytest.mark.parametrize(
    ("role", "text", "reason"),
    [
        (GENERATOR, TEN_MB, "nothing_parsed"),
        (GENERATOR, f"### Question 1:\n{TEN_MB}", "too_long"),
        (RESPONDER, f"I can't. {TEN_MB}", "too_long"),
        (RESPONDER, "", "response_empty"),
        (RESPONDER, "<think>hm", "response_empty"),
    ],
    ids=[
        "10 MB of words",
        "one request of 10 MB",
        "a response of 10 MB",
        "no response",
        "a thought without a response",
    ],
)
async def test_a_text_that_is_none_is_a_counted_drop(workspace: Path, role: str, text: str, reason: str) -> None:
    """Too much or nothing at all: those are dropped for that, shortly told, and the others make the pairs."""
    ended = await run_against(workspace, {role: say(text, every=3)}, outputs=25, concurrency=4)
    assert (ended.code, ended.pairs) == (0, 25)
    assert set(ended.reasons) == {reason}
    assert len(ended.files["rejected.jsonl"]) < 50_000
    assert ended.took_s < 20
