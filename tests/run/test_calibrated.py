from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from demur.engines.base import AssistAsk, Reply, Request, RespondAsk, TwinAsk
from demur.errors import EngineError, GuardBlind, RequestRejected
from demur.records import Origin, Status
from demur.run.runner import RunResult
from demur.stages.describe_reply import read_opening
from tests.run.test_budget import REPLY
from tests.run.world import World, chance, make_runner, read_output, run_world

KINDS = ("final_data.jsonl", "formatted_output.jsonl", "rejected.jsonl")
CALIBRATED = """\
balance: clause
axes: {mood: [calm, angry], place: [indoors, outdoors, at sea]}
contrast: {share: 0.4, attempts: 2}
mutate: {kinds: [typos, past_tense, language], share: 0.2, languages: [German, French]}
"""


class Varied(World):
    """A world whose responses open in many ways."""

    def answer(self, request: Request) -> str | EngineError:
        """As the other world, but for responses."""
        said, ask = super().answer(request), request.ask
        if isinstance(said, EngineError) or not isinstance(ask, RespondAsk | AssistAsk):
            return said
        words = " ".join([word for word in ask.instruction.split() if word[-1].isdigit()][::2])
        if isinstance(ask, AssistAsk):
            return f"{words}: every owner of one can call a locksmith, who opens it within the hour."
        return f"On {words}: I won't help with that; a locksmith may."


class Metered(Varied):
    """The same, with servers that count tokens."""

    def answer(self, request: Request) -> str | EngineError | Reply:  # type: ignore[override]
        """As the other world, with usage."""
        said = Varied.answer(self, request)
        return said if isinstance(said, EngineError) else Reply(said, "stop", Origin("scripted", "x"), REPLY)


@pytest.fixture
def calibrated(workspace: Path) -> Path:
    """The workspace, its task with two risks, and all that a task may ask for."""
    task = workspace / "task.yaml"
    text = task.read_text().replace("risk: lock_picking", "risk: [lock_picking, queue_jumping]")
    task.write_text(text + CALIBRATED)
    return workspace


def read_rows(workspace: Path, name: str = "final_data.jsonl", output: str = "output") -> list[dict[str, Any]]:
    return [json.loads(line) for line in read_output(workspace, name, output).splitlines()]


def read_result(workspace: Path, output: str = "output") -> dict[str, Any]:
    result: dict[str, Any] = json.loads(read_output(workspace, "run.json", output))["result"]
    return result


def is_proposed(name: str) -> bool:
    return "/" not in name.split("#")[1]


async def test_the_outputs_do_not_depend_on_the_concurrency(calibrated: Path) -> None:
    """With strands, settling, twins and mutants, concurrency 1, 8 and 64 give byte-identical files."""
    files, results = {}, {}
    for concurrency in (1, 8, 64):
        output = f"out{concurrency}"
        world = Varied(duplicate=0.2, unsafe=0.2, jitter_s=0.004)
        result = await run_world(calibrated, world, outputs=90, concurrency=concurrency, output_dir=calibrated / output)
        assert result.exit_code in (0, 3)
        files[concurrency] = [read_output(calibrated, name, output) for name in KINDS]
        described = read_result(calibrated, output)
        results[concurrency] = [described[key] for key in ("stages", "offspring", "coverage", "rounds")]
    assert files[1] == files[8] == files[64]
    assert results[1] == results[8] == results[64]
    assert len(files[1][0].splitlines()) > 80


async def test_the_pairs_are_what_the_task_asks_for(calibrated: Path) -> None:
    """Shares, balance, provenance and order: each proposed pair, then its twins, then its mutants."""
    assert (await run_world(calibrated, Varied(), outputs=90)).exit_code == 0
    rows = [row["metadata"] | {"response": row["response"]} for row in read_rows(calibrated)]
    kinds = Counter("twin" if "twin_of" in row else "mutant" if "mutated_from" in row else "proposed" for row in rows)
    assert kinds == {"proposed": 36, "twin": 36, "mutant": 18}
    assert Counter((row["risk"], row["clause"]["number"]) for row in rows) == {
        ("lock_picking", 1): 30,
        ("lock_picking", 2): 30,
        ("queue_jumping", 1): 30,
    }
    assert {row["mode"] for row in rows if "twin_of" in row} == {"comply"}
    assert {row["mode"] for row in rows if "twin_of" not in row} == {"response"}
    assert all(row["permission"] for row in rows if "twin_of" in row)
    assert {row["verdicts"]["instruction"]["label"] for row in rows if "twin_of" in row} == {"safe"}
    assert {row["mutation"] for row in rows if "mutated_from" in row} <= {"typos", "past_tense", "language"}
    parent = ""
    for row in rows:
        parent = row["id"] if is_proposed(row["id"]) else parent
        assert row.get("twin_of", row.get("mutated_from", row["id"])) == parent
    openings = Counter(read_opening(row["response"]) for row in rows)
    assert max(openings.values()) <= 9
    for row in rows:
        assert set(row["axes"]) == {"mood", "place"}


async def test_every_draft_and_every_attempt_is_one_pair_or_one_drop(calibrated: Path) -> None:
    """No id stands twice in the files, the counts by stage follow from them, and drops stand in the order of their ids."""
    world = Varied(duplicate=0.3, unsafe=0.3, harmful_twin=0.4)
    result = await run_world(calibrated, world, outputs=60)
    pairs = [row["metadata"]["id"] for row in read_rows(calibrated)]
    drops = [row["id"] for row in read_rows(calibrated, "rejected.jsonl")]
    assert len(pairs) + len(drops) == len({*pairs, *drops})
    [summary] = result.summaries
    proposed = [name for name in pairs if is_proposed(name)]
    kept = [count.kept for count in summary.counts.values()]
    assert kept == sorted(kept, reverse=True)
    assert kept[-1] == len(proposed)
    made = [list(counts.values()) for counts in summary.offspring.values()]
    assert sum(counts[-1].kept for counts in made) == len(pairs) - len(proposed)
    for counts in made:
        amounts = [count.kept for count in counts]
        assert amounts == sorted(amounts, reverse=True)
    numbers = [int(name.split("#")[1].split("/")[0].split(".")[0]) for name in drops]
    assert numbers == sorted(numbers)
    reasons = {row["reason"] for row in read_rows(calibrated, "rejected.jsonl")}
    assert {"twin_violates", "near_duplicate", "response_violates"} <= reasons


async def test_the_record_and_the_card_tell_the_composition(calibrated: Path) -> None:
    """`run.json` has coverage, offspring, settings and every template; the card speaks of the twins."""
    await run_world(calibrated, Varied(), outputs=60)
    record = json.loads(read_output(calibrated, "run.json"))
    coverage = record["result"]["coverage"]
    assert coverage["mode"] == {"response": 36, "comply": 24}
    assert coverage["clause"] == {"lock_picking/1": 20, "lock_picking/2": 20, "queue_jumping/1": 20}
    assert set(coverage["place"]) == {"indoors", "outdoors", "at sea"}
    assert sum(coverage["mood"].values()) == 60
    assert max(coverage["opening"].values()) <= 6
    assert record["calibration"]["contrast"] == {"share": 0.4, "attempts": 2}
    assert record["calibration"]["replies"]["max_opening_share"] == 0.1
    assert {"twin.jinja", "assist.jinja", "mutate.jinja"} < set(record["templates"])
    card = read_output(calibrated, "README.md").decode()
    assert "and 24 benign twins" in card
    assert "queue\\_jumping" in card


async def test_a_finished_run_asks_nothing_when_it_is_run_again(calibrated: Path) -> None:
    """Every phase replays from the journal."""
    await run_world(calibrated, Varied(jitter_s=0.003), outputs=60, concurrency=4)
    before = [read_output(calibrated, name) for name in KINDS]
    for concurrency in (1, 64):
        world = Varied()
        world.fail = lambda _: RequestRejected("no engine should be asked")
        result = await run_world(calibrated, world, outputs=60, concurrency=concurrency)
        assert result.exit_code == 0
        assert sum(use.asked for use in result.summaries[0].engines) == 0
        assert [read_output(calibrated, name) for name in KINDS] == before


@pytest.mark.parametrize("answers", [25, 70, 110, 150, 190, 230])
async def test_an_interrupted_run_goes_on_to_the_same_files(calibrated: Path, answers: int) -> None:
    """Cancelled in any phase: what stands on disk is of the whole, in its order, and the rerun gives the whole."""
    await run_world(calibrated, Varied(duplicate=0.2), outputs=60, output_dir=calibrated / "whole")
    whole = [read_output(calibrated, name, "whole") for name in KINDS]
    world = Varied(duplicate=0.2, jitter_s=0.01)
    runner = make_runner(calibrated, world, outputs=60, concurrency=8)
    async with asyncio.TaskGroup() as group:
        work = group.create_task(runner.run())
        while len(world.answered) < answers and not work.done():
            await asyncio.sleep(0.002)
        work.cancel()
    result = work.result()
    assert result.interrupted
    assert_is_part(read_output(calibrated), whole[0])
    again = await run_world(calibrated, Varied(duplicate=0.2), outputs=60)
    assert again.exit_code == 0
    assert [read_output(calibrated, name) for name in KINDS] == whole


def assert_is_part(part: bytes, whole: bytes) -> None:
    """Every line is one of the whole, in its order."""
    lines = iter(whole.splitlines())
    assert all(any(line == other for other in lines) for line in part.splitlines())


async def test_a_small_budget_gets_there_in_the_end(calibrated: Path) -> None:
    """Spent in whatever phase, each time everything that was asked for is kept; replies from the journal are free."""
    await run_world(calibrated, Metered(), outputs=40, output_dir=calibrated / "whole")
    results: list[RunResult] = []
    while not results or results[-1].exit_code != 0:
        world = Metered(jitter_s=0.002)
        results.append(await run_world(calibrated, world, outputs=40, concurrency=8, max_tokens_total=10_000))
        assert_is_part(read_output(calibrated), read_output(calibrated, output="whole"))
        assert len(results) < 20
    assert {result.summaries[0].status for result in results[:-1]} == {Status.BUDGET_SPENT}
    assert len(results) > 4
    assert [read_output(calibrated, name) for name in KINDS] == [
        read_output(calibrated, name, "whole") for name in KINDS
    ]


async def test_what_cannot_be_filled_is_named(calibrated: Path) -> None:
    """A clause that brings nothing and twins that all violate: stalled, with what there is, and a warning for each."""
    world = Varied(harmful_twin=1.0)

    def answer(request: Request) -> str | EngineError:
        clause = getattr(request.ask, "clause", "")
        return "I cannot assist with that." if "copying keys" in clause else Varied.answer(world, request)

    world.answer = answer  # type: ignore[method-assign]
    result = await run_world(calibrated, world, outputs=40)
    [summary] = result.summaries
    assert (result.exit_code, summary.status) == (3, Status.STALLED)
    assert summary.accepted == len(read_rows(calibrated)) > 0
    words = "\n".join(summary.warnings)
    assert "balance: clause 2 of lock_picking brought 0 of 5" in words
    assert "clause 1 of queue_jumping brought" not in words
    assert "contrast: clause 1 of queue_jumping has 0 of 5 twins" in words
    assert "twin violates" in words
    assert "contrast: clause 2 of lock_picking has 0 of 6 twins: it has too few pairs" in words
    assert "clause 2 of lock_picking brought 0 of 5: 50 rounds in a row" in summary.shortfall
    assert "clause 1 of queue_jumping has 0 of 5 twins: 30 tries in a row brought none" in summary.shortfall
    attempts = [request for request in world.answered if isinstance(request.ask, TwinAsk)]
    assert len(attempts) <= 2 * 2 * 30 + 2 * 64  # two strands, two attempts a place, thirty places, and those under way


async def test_few_parents_bring_many_mutants_and_a_strict_guard_stops_nothing(workspace: Path) -> None:
    """More mutants than parents and kinds, most of which the guard drops: all there, the same at every concurrency."""
    task = workspace / "task.yaml"
    task.write_text(task.read_text() + "mutate: {kinds: [typos, language], share: 0.6}\nreplies: {}\n")
    files = {}
    for concurrency in (1, 8, 64):
        world = Varied(safe=0.7, jitter_s=0.003)
        output = f"out{concurrency}"
        result = await run_world(workspace, world, outputs=20, concurrency=concurrency, output_dir=workspace / output)
        assert result.exit_code == 0
        files[concurrency] = [read_output(workspace, name, output) for name in KINDS]
    assert files[1] == files[8] == files[64]
    rows = [row["metadata"] for row in read_rows(workspace, output="out8")]
    assert sum("mutated_from" in row for row in rows) == 12
    assert len({row["id"] for row in rows}) == 20
    assert any(row["id"].endswith(".1") for row in rows)
    world = Varied()
    world.fail = lambda _: RequestRejected("no engine should be asked")
    again = await run_world(workspace, world, outputs=20, output_dir=workspace / "out8")
    assert again.exit_code == 0
    assert world.answered == []


async def test_no_twin_is_written_in_vain(calibrated: Path) -> None:
    """Where all goes well there is one request a twin, and one for its answer."""
    world = Varied(duplicate=0.0, harmful_twin=0.0, unsafe=0.0, unreadable=0.0, jitter_s=0.002)
    await run_world(calibrated, world, outputs=60, concurrency=64)
    for ask in (TwinAsk, AssistAsk):
        assert sum(isinstance(request.ask, ask) for request in world.answered) == 24


async def test_each_risk_must_be_seen_by_the_guard(calibrated: Path) -> None:
    """The canaries of every risk are tried before anything is asked for."""
    world = Varied()

    def answer(request: Request) -> str | EngineError:
        risk = getattr(request.ask, "risk", None)
        blind = risk is not None and risk.risk == "queue_jumping"
        return "<score> no </score>" if blind else Varied.answer(world, request)

    world.answer = answer  # type: ignore[method-assign]
    result = await run_world(calibrated, world, outputs=20)
    assert isinstance(result.failure, GuardBlind)
    assert "queue_jumping" in str(result.failure)


async def test_openings_alone_are_bounded_too(workspace: Path) -> None:
    """A task that only bounds openings has one strand; what repeats is dropped, and more is asked for."""
    task = workspace / "task.yaml"
    task.write_text(task.read_text() + "replies: {max_opening_share: 0.05}\n")
    world = Varied(safe=0.0, unsafe=0.0, unreadable=0.0, duplicate=0.0, jitter_s=0.002)

    def answer(request: Request) -> str | EngineError:
        is_plain = isinstance(request.ask, RespondAsk) and chance("plain", request.ask.instruction) < 0.3
        return World.answer(world, request) if is_plain else Varied.answer(world, request)

    world.answer = answer  # type: ignore[method-assign]
    result = await run_world(workspace, world, outputs=40)
    assert result.exit_code == 0
    openings = Counter(read_opening(row["response"]) for row in read_rows(workspace))
    assert openings["i won t help with"] == 2
    dropped = Counter(row["reason"] for row in read_rows(workspace, "rejected.jsonl"))
    assert dropped["opening_repeated"] > 5
    assert list(result.summaries[0].counts)[-1] == "settle"
