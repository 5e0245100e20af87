from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter
from pathlib import Path

import pytest

from demur.engines.base import JudgeAsk, ProposeAsk, Request, RespondAsk
from demur.engines.journaling import compute_key
from demur.errors import CredentialsRejected, EngineError, JournalFault, OutputFault, RequestRejected
from demur.records import Status
from demur.run.journal import open_journal
from tests.run.world import World, make_runner, read_output, run_world

KINDS = ("final_data.jsonl", "formatted_output.jsonl", "rejected.jsonl")


def keys(world: World) -> list[bytes]:
    return [compute_key(engine.identity, request) for request in world.answered for engine in [_Who(request)]]


class _Who:
    def __init__(self, request: Request) -> None:
        from demur.engines.base import Identity

        self.identity = Identity("x", type(request.ask).__name__)


async def test_the_outputs_do_not_depend_on_the_concurrency(workspace: Path) -> None:
    """Concurrency 1, 8 and 64, with replies in a shuffled order, give byte-identical files."""
    files = {}
    for concurrency in (1, 8, 64):
        world = World(jitter_s=0.004)
        output = f"out{concurrency}"
        result = await run_world(workspace, world, outputs=60, concurrency=concurrency, output_dir=workspace / output)
        assert result.exit_code == 0
        files[concurrency] = [read_output(workspace, name, output) for name in KINDS]
    assert files[1] == files[8] == files[64]
    assert len(files[1][0].splitlines()) == 60
    reasons = Counter(json.loads(line)["reason"] for line in files[1][2].splitlines())
    assert {"near_duplicate", "instruction_safe", "response_violates", "verdict_unreadable"} <= set(reasons)


async def test_more_outputs_continue_what_is_there(workspace: Path) -> None:
    """-n 10 then -n 30 gives the same first 10 and asks nothing twice; -n 10 again gives the 10 again and asks nothing."""
    world = World(jitter_s=0.002)
    await run_world(workspace, world, outputs=10)
    first = read_output(workspace)
    await run_world(workspace, world, outputs=30)
    more = read_output(workspace)
    assert len(first.splitlines()) == 10
    assert len(more.splitlines()) == 30
    assert more.startswith(first)
    asked = keys(world)
    assert len(asked) == len(set(asked))
    again = World()
    await run_world(workspace, again, outputs=10)
    assert read_output(workspace) == first
    assert again.answered == []


async def test_a_cancelled_run_loses_nothing(workspace: Path) -> None:
    """Cancelled half-way: what there is stands on disk, and the rerun gives the file of an undisturbed run."""
    await run_world(workspace, World(), outputs=40, output_dir=workspace / "whole")
    world = World(jitter_s=0.02)
    runner = make_runner(workspace, world, outputs=40, concurrency=8)
    async with asyncio.TaskGroup() as group:
        work = group.create_task(runner.run())
        while runner.progress[0].accepted < 12:
            await asyncio.sleep(0.005)
        work.cancel()
    result = work.result()
    assert (result.interrupted, result.exit_code) == (True, 130)
    assert result.summaries[0].status is Status.INTERRUPTED
    whole = read_output(workspace, output="whole")
    part = read_output(workspace)
    assert part
    assert whole.startswith(part)
    again = await run_world(workspace, world, outputs=40)
    assert again.exit_code == 0
    assert read_output(workspace) == whole
    asked = keys(world)
    assert len(asked) == len(set(asked))


async def test_restart_forgets_what_was_answered(workspace: Path) -> None:
    """`--restart` asks everything again."""
    await run_world(workspace, World(), outputs=10)
    world = World()
    await run_world(workspace, world, outputs=10, restart=True)
    assert len(world.answered) > 10


async def test_another_seed_gives_another_dataset(workspace: Path) -> None:
    """The random seed decides what is drawn, and the same seed draws the same."""
    texts = {}
    for name, seed in [("a", 1), ("b", 2), ("c", 1)]:
        await run_world(workspace, World(), outputs=10, seed=seed, output_dir=workspace / name)
        texts[name] = read_output(workspace, output=name)
    assert texts["a"] == texts["c"] != texts["b"]


async def test_a_changed_threshold_decides_anew_without_asking_for_the_same(workspace: Path) -> None:
    """A decision of demur's own is no part of a request: only what was never asked is asked."""
    world = World()
    await run_world(workspace, world, outputs=20)
    config = make_runner(workspace, world, outputs=20).plan.options.config
    assert config is not None
    text = config.read_text()
    changed = workspace / "changed.yaml"
    changed.write_text(text.replace("threshold: 0.7", "threshold: 0.95"))
    await run_world(workspace, world, outputs=20, config=changed)
    asked = keys(world)
    assert len(asked) == len(set(asked))


async def test_a_task_without_yield_stalls_with_what_there_is(workspace: Path) -> None:
    """If nothing is accepted for many rounds the run stops with code 3, and every draft has its reason."""
    result = await run_world(workspace, World(safe=1.0, unreadable=0.0), outputs=5)
    assert result.exit_code == 3
    summary = result.summaries[0]
    assert (summary.status, summary.accepted) == (Status.STALLED, 0)
    assert read_output(workspace) == b""
    drops = [json.loads(line) for line in read_output(workspace, "rejected.jsonl").splitlines()]
    assert sum(drop["reason"] == "instruction_safe" for drop in drops) > 100
    assert "brought 0 of 5: 50 rounds in a row brought no accepted pair" in summary.shortfall
    assert "for instruction_safe" in summary.shortfall
    assert "concrete seeds" in summary.shortfall


async def test_a_generator_that_repeats_itself_stalls(workspace: Path) -> None:
    """One text over and over gives one pair, and near-duplicates that name it."""
    result = await run_world(workspace, World(duplicate=1.0, safe=0.0, unsafe=0.0, unreadable=0.0), outputs=5)
    assert (result.exit_code, result.summaries[0].accepted) == (3, 3)
    assert "for near_duplicate. The requests repeat each other" in result.summaries[0].shortfall


async def test_every_proposed_draft_is_one_pair_or_one_drop(workspace: Path) -> None:
    """Ids of pairs and drops together are every draft up to the last accepted one, each once."""
    result = await run_world(workspace, World(), outputs=50)
    pairs = [json.loads(line)["metadata"]["id"] for line in read_output(workspace).splitlines()]
    drops = [json.loads(line)["id"] for line in read_output(workspace, "rejected.jsonl").splitlines()]
    ids = pairs + drops
    assert len(ids) == len(set(ids))
    last_round, last_position = (int(part) for part in pairs[-1].split("#")[1].split("."))
    wanted = {
        f"tests/lock_picking#{r}.{p}"
        for r in range(last_round + 1)
        for p in range(5)
        if (r, p) <= (last_round, last_position)
    }
    assert set(ids) == wanted
    counts = result.summaries[0].counts
    kept = [count.kept for count in counts.values()]
    assert kept == sorted(kept, reverse=True)
    assert kept[0] == len(wanted)
    assert kept[-1] == 50


async def test_wrong_credentials_stop_the_run_with_one_message(workspace: Path) -> None:
    """The first 401 ends the run with code 4; what was accepted before stands on disk."""
    world = World()

    def fail(request: Request) -> EngineError | None:
        if (
            isinstance(request.ask, RespondAsk)
            and sum(isinstance(each.ask, RespondAsk) for each in world.answered) > 40
        ):
            return CredentialsRejected("401: no such key", hint="Set the key.")
        return None

    world.fail = fail
    result = await run_world(workspace, world, outputs=100, concurrency=4)
    assert result.exit_code == 4
    assert isinstance(result.failure, CredentialsRejected)
    assert result.summaries[0].status is Status.FAILED
    assert len(read_output(workspace).splitlines()) == result.summaries[0].accepted > 0
    world.fail = lambda _: None
    assert (await run_world(workspace, world, outputs=100)).exit_code == 0


async def test_one_refused_request_is_one_drop(workspace: Path) -> None:
    """A request that the server refuses costs its own draft or round, with the server's words, and no more."""
    world = World(safe=0.0, unsafe=0.0, unreadable=0.0, duplicate=0.0)

    def fail(request: Request) -> EngineError | None:
        if isinstance(request.ask, ProposeAsk) and request.sample == 1:
            return RequestRejected("400: context length exceeded")
        if isinstance(request.ask, RespondAsk) and request.ask.instruction.split()[1] > "w3":
            return RequestRejected("400: content filter")
        return None

    world.fail = fail
    result = await run_world(workspace, world, outputs=20)
    assert result.exit_code == 0
    drops = [json.loads(line) for line in read_output(workspace, "rejected.jsonl").splitlines()]
    assert {(drop["stage"], drop["reason"]) for drop in drops} == {
        ("propose", "engine_failed"),
        ("respond", "engine_failed"),
    }
    assert any("context length" in drop["detail"] for drop in drops)


async def test_nothing_but_failures_stops_the_run(workspace: Path) -> None:
    """Twenty requests in a row without an answer are an endpoint that is down: code 4, with the last error's words."""
    world = World()
    world.fail = lambda request: RequestRejected("400: broken") if isinstance(request.ask, ProposeAsk) else None
    result = await run_world(workspace, world, outputs=20)
    assert result.exit_code == 4
    assert "400: broken" in str(result.failure)


async def test_a_blind_guard_stops_the_run_before_it_begins(workspace: Path) -> None:
    """A guard that finds everything safe is told by its canaries; no proposal is ever asked for."""
    world = World()
    world.answer = lambda request: "<score> no </score>"  # type: ignore[method-assign]
    result = await run_world(workspace, world, outputs=5)
    assert result.exit_code == 4
    assert "cannot tell" in str(result.failure)
    assert not any(isinstance(request.ask, ProposeAsk) for request in world.answered)


async def test_an_unreadable_verdict_passes_no_filter(workspace: Path) -> None:
    """Whatever a guard babbles after the canaries, no pair comes of it."""
    world = World(unreadable=1.0)
    result = await run_world(workspace, world, outputs=3)
    assert (result.exit_code, result.summaries[0].accepted) == (3, 0)
    reasons = {json.loads(line)["reason"] for line in read_output(workspace, "rejected.jsonl").splitlines()}
    assert reasons <= {"verdict_unreadable", "near_duplicate"}


async def test_tail_work_is_begun_by_need(workspace: Path) -> None:
    """A run of 400 costs at most 1.15 times the requests that its acceptance rates make necessary."""
    world = World(jitter_s=0.003)
    result = await run_world(workspace, world, outputs=400, concurrency=32)
    counts = [count.kept for count in result.summaries[0].counts.values()]
    needed = counts[0] / 5 + counts[1] + counts[2] + counts[3]
    assert len(world.answered) <= 1.15 * needed


async def test_a_guards_request_carries_the_policy_and_only_its_own_criteria(workspace: Path) -> None:
    """Every guard prompt of a run holds the policy's clauses; responses are judged after their instruction."""
    world = World()
    await run_world(workspace, world, outputs=5)
    guarded = [request for request in world.answered if isinstance(request.ask, JudgeAsk)]
    assert guarded
    for request in guarded:
        assert isinstance(request.ask, JudgeAsk)
        text = request.prompt.text  # type: ignore[union-attr]
        for clause in request.ask.risk.policy.reply_cannot_contain:
            assert clause in text
        assert request.ask.instruction in text
        assert ("assistant's text" in text) == (request.ask.response is not None)


@pytest.mark.parametrize("count", [1, 2, 11])
async def test_exactly_what_was_asked_for_is_written(workspace: Path, count: int) -> None:
    """N means N, whatever the batch size."""
    await run_world(workspace, World(), outputs=count)
    assert len(read_output(workspace, "formatted_output.jsonl").splitlines()) == count


async def test_a_finished_run_asks_nothing_when_it_is_run_again(workspace: Path) -> None:
    """Whatever the concurrency of the first and of the second run, and without any engine that answers."""
    await run_world(workspace, World(jitter_s=0.004), outputs=60, concurrency=4)
    first = read_output(workspace)
    for concurrency in (1, 64):
        world = World()
        world.fail = lambda _: RequestRejected("no engine should be asked")
        result = await run_world(workspace, world, outputs=60, concurrency=concurrency)
        assert result.exit_code == 0
        assert sum(use.asked for use in result.summaries[0].engines) == 0
        assert read_output(workspace) == first


async def test_a_restart_that_cannot_begin_forgets_nothing(workspace: Path) -> None:
    """`--restart` deletes only when every task's folder is held and the builder can be used."""
    task = workspace / "task.yaml"
    text = task.read_text()
    await run_world(workspace, World(), outputs=10)
    before = read_output(workspace)
    task.write_text(text + "---\n" + text.replace("tests/lock_picking", "tests/other"))
    with open_journal(workspace / "output" / "tests" / "other" / "journal.sqlite"), pytest.raises(JournalFault):
        await run_world(workspace, World(), outputs=10, restart=True)
    assert read_output(workspace) == before
    task.write_text(text)
    world = World()
    await run_world(workspace, world, outputs=10)
    assert world.answered == []


async def test_a_restart_clears_a_damaged_journal_away(workspace: Path) -> None:
    """A journal that cannot be read ends a run with a hint, and `--restart` begins anew."""
    await run_world(workspace, World(), outputs=5)
    (workspace / "output" / "tests" / "lock_picking" / "journal.sqlite").write_bytes(b"not a database at all" * 300)
    with pytest.raises(JournalFault, match="damaged"):
        await run_world(workspace, World(), outputs=5)
    assert (await run_world(workspace, World(), outputs=5, restart=True)).exit_code == 0


async def test_one_tasks_bad_output_folder_does_not_cost_the_others_outputs(workspace: Path) -> None:
    """An output that cannot be written, or removed, is an OutputFault; the other tasks' files are written."""
    task = workspace / "task.yaml"
    text = task.read_text()
    task.write_text(text + "---\n" + text.replace("tests/lock_picking", "tests/other"))
    (workspace / "output" / "tests" / "lock_picking" / "final_data.jsonl").mkdir(parents=True)
    with pytest.raises(OutputFault, match="lock_picking"):
        await run_world(workspace, World(), outputs=5)
    written = (workspace / "output" / "tests" / "other" / "final_data.jsonl").read_text()
    assert len(written.splitlines()) == 5
    with pytest.raises(OutputFault, match="removed"):
        await run_world(workspace, World(), outputs=5, restart=True)


async def test_the_record_names_the_inputs_as_they_were_read(workspace: Path) -> None:
    """A seed file that changes or goes away while the run works does not change its hash, nor end the run."""
    seeds = workspace / "seeds.jsonl"
    digest = hashlib.sha256(seeds.read_bytes()).hexdigest()
    world = World()

    def fail(_: Request) -> None:
        seeds.unlink(missing_ok=True)

    world.fail = fail
    assert (await run_world(workspace, world, outputs=5)).exit_code == 0
    record = json.loads(read_output(workspace, "run.json"))
    assert record["inputs"]["seeds"]["sha256"] == digest


async def test_half_written_files_are_swept_away(workspace: Path) -> None:
    """What a run that was killed while it wrote left behind goes with the next run; other files stay."""
    folder = workspace / "output" / "tests" / "lock_picking"
    folder.mkdir(parents=True)
    (folder / ".final_data.jsonl.x1y2.tmp").write_text("{")
    (folder / "notes.tmp").write_text("mine")
    await run_world(workspace, World(), outputs=3)
    assert [path.name for path in folder.glob("*.tmp")] + [path.name for path in folder.glob(".*")] == ["notes.tmp"]


async def test_an_early_end_leaves_an_earlier_runs_files_alone(workspace: Path) -> None:
    """A run that cannot even begin does not put an empty file over thirty pairs; it says so."""
    await run_world(workspace, World(), outputs=30)
    before = {name: read_output(workspace, name) for name in (*KINDS, "run.json")}
    world = World()
    world.fail = lambda _: CredentialsRejected("401: no such key")
    result = await run_world(workspace, world, outputs=40, seed=5)
    assert result.exit_code == 4
    assert "left as they are" in result.summaries[0].warnings[0]
    assert {name: read_output(workspace, name) for name in before} == before


async def test_an_output_that_cannot_be_written_loses_no_reply(workspace: Path) -> None:
    """The error names the file; with the way clear the same command asks nothing again."""
    folder = workspace / "output" / "tests" / "lock_picking"
    (folder / "final_data.jsonl").mkdir(parents=True)
    world = World()
    with pytest.raises(OutputFault, match="final_data"):
        await run_world(workspace, world, outputs=10)
    (folder / "final_data.jsonl").rmdir()
    again = World()
    assert (await run_world(workspace, again, outputs=10)).exit_code == 0
    assert again.answered == []


async def test_a_runs_own_failure_is_told_before_that_of_its_outputs(workspace: Path) -> None:
    """Where the disk refuses the outputs too, the message names both, the first one first."""
    (workspace / "output" / "tests" / "lock_picking" / "final_data.jsonl").mkdir(parents=True)
    world = World()
    world.fail = lambda _: CredentialsRejected("401: no such key")
    result = await run_world(workspace, world, outputs=10)
    assert result.exit_code == 4
    assert str(result.failure).startswith("401: no such key; and then ")
    assert "final_data.jsonl cannot be written" in str(result.failure)
