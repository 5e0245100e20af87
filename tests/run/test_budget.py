from __future__ import annotations

import json
from pathlib import Path

import pytest

from demur.engines.base import Reply, Request, Usage
from demur.errors import EngineError
from demur.records import Origin, Status
from demur.run.journal import open_journal
from demur.run.runner import RunResult
from tests.run.world import BUILDER, World, make_runner, read_output, run_world

KINDS = ("final_data.jsonl", "formatted_output.jsonl", "rejected.jsonl")
REPLY = Usage(200, 50)


class Counting(World):
    """A world whose servers count tokens: 250 a request."""

    def answer(self, request: Request) -> str | EngineError | Reply:  # type: ignore[override]
        """As the other world, with usage."""
        said = super().answer(request)
        return said if isinstance(said, EngineError) else Reply(said, "stop", Origin("scripted", "x"), REPLY)


def count_kept(workspace: Path, task: str = "lock_picking") -> int:
    with open_journal(workspace / "output" / "tests" / task / "journal.sqlite") as journal:
        return len(journal)


def tokens_of(result: RunResult) -> int:
    budget = result.summaries[0].budget
    assert budget is not None
    return budget.tokens


@pytest.mark.parametrize("concurrency", [1, 8, 64])
async def test_a_spent_budget_ends_a_run_with_all_that_was_asked_for(workspace: Path, concurrency: int) -> None:
    """No answer is lost, the pairs are the first ones of the whole run, and the same command goes on to the same end."""
    await run_world(workspace, Counting(), outputs=60, output_dir=workspace / "whole")
    whole = [read_output(workspace, name, "whole") for name in KINDS]
    world = Counting(jitter_s=0.004)
    result = await run_world(workspace, world, outputs=60, concurrency=concurrency, max_tokens_total=25_000)
    assert (result.exit_code, result.failure, result.interrupted) == (3, None, False)
    [summary] = result.summaries
    assert summary.status is Status.BUDGET_SPENT
    assert summary.accepted < 60
    assert summary.accepted > 0 or concurrency == 64  # a hundred requests, most of them at once
    assert count_kept(workspace) == len(world.answered)
    assert tokens_of(result) == 250 * len(world.answered)
    assert 23_000 <= tokens_of(result) <= 25_000 + 250 * concurrency
    pairs = read_output(workspace)
    assert len(pairs.splitlines()) == summary.accepted
    assert whole[0].startswith(pairs)
    record = json.loads(read_output(workspace, "run.json"))["result"]
    assert record["status"] == "budget_spent"
    assert record["budget"]["tokens"] == tokens_of(result)

    again = Counting()
    assert (await run_world(workspace, again, outputs=60)).exit_code == 0
    assert [read_output(workspace, name) for name in KINDS] == whole
    first = {(request.prompt, request.sample) for request in world.answered}
    assert not [request for request in again.answered if (request.prompt, request.sample) in first]


async def test_a_budget_for_each_call_gets_there_in_the_end(workspace: Path) -> None:
    """The same command with the same small budget, again and again: replies from the journal are free."""
    codes: list[int] = []
    while not codes or codes[-1] != 0:
        result = await run_world(workspace, Counting(), outputs=20, concurrency=8, max_tokens_total=12_000)
        codes.append(result.exit_code)
        assert len(codes) < 10
    assert codes[0] == 3
    await run_world(workspace, Counting(), outputs=20, output_dir=workspace / "whole")
    assert read_output(workspace) == read_output(workspace, output="whole")
    finished = await run_world(workspace, Counting(), outputs=20, max_tokens_total=1)
    assert (finished.exit_code, tokens_of(finished)) == (0, 0)


async def test_money_is_bounded_by_the_prices_of_the_builder(workspace: Path) -> None:
    """`budget` and `prices` of the builder file hold; a smaller sum on the command line goes before them."""
    world = Counting()
    config = workspace / "priced.yaml"
    prices = "prices: {'*': {prompt: 10, completion: 20}}"  # 200 and 50 tokens: $0.003 a request
    config.write_text(f"{BUILDER}budget: {{max_cost: 0.3}}\n{prices}\n")
    result = await make_runner(workspace, world, outputs=60, config=config).run()
    budget = result.summaries[0].budget
    assert budget is not None
    assert budget.max_cost_usd == 0.3
    assert budget.cost_usd == pytest.approx(0.003 * len(world.answered))
    assert result.exit_code == 3
    assert len(world.answered) >= 90
    parts = [part for use in result.summaries[0].engines for part in use.by_stage.values()]
    assert sum(part.cost_usd or 0 for part in parts) == pytest.approx(budget.cost_usd)


async def test_tasks_share_the_budget(workspace: Path) -> None:
    """It is the run's: what one task used another cannot, and a task that is complete stays so."""
    task = workspace / "task.yaml"
    text = task.read_text()
    task.write_text(text + "---\n" + text.replace("tests/lock_picking", "tests/other"))
    await run_world(workspace, Counting(), outputs=40, max_tokens_total=10**9)
    world = Counting()
    result = await run_world(workspace, world, outputs=80, max_tokens_total=20_000)
    assert [summary.status for summary in result.summaries] == [Status.BUDGET_SPENT] * 2
    assert 18_000 <= tokens_of(result) <= 20_000 + 16 * 250
    assert tokens_of(result) == 250 * len(world.answered)


async def test_a_budget_too_small_for_the_canaries_begins_nothing(workspace: Path) -> None:
    """Not even the first request fits: nothing is asked, and the empty files say so."""
    world = Counting()
    result = await run_world(workspace, world, outputs=10, max_tokens_total=50)
    assert world.answered == []
    assert result.exit_code == 3
    assert result.summaries[0].status is Status.BUDGET_SPENT
    assert read_output(workspace) == b""
    assert json.loads(read_output(workspace, "run.json"))["result"]["status"] == "budget_spent"


async def test_a_spent_budget_leaves_an_earlier_runs_files_alone(workspace: Path) -> None:
    """A run that gets less far than what is on disk does not put less in its place."""
    await run_world(workspace, Counting(), outputs=30)
    before = read_output(workspace)
    result = await run_world(workspace, Counting(), outputs=40, seed=5, max_tokens_total=5_000)
    assert result.summaries[0].status is Status.BUDGET_SPENT
    assert "left as they are" in result.summaries[0].warnings[0]
    assert read_output(workspace) == before


async def test_tasks_that_follow_one_another_end_together(workspace: Path) -> None:
    """With one index for all tasks, a task does not begin before those that it must differ from are there."""
    task = workspace / "task.yaml"
    text = task.read_text()
    task.write_text(text + "---\n" + text.replace("tests/lock_picking", "tests/other"))
    config = workspace / "shared.yaml"
    config.write_text(BUILDER.replace("threshold: 0.7}", "threshold: 0.7, scope: run}"))
    world = Counting()
    result = await make_runner(workspace, world, outputs=20, config=config, max_tokens_total=10_000).run()
    assert [summary.status for summary in result.summaries] == [Status.BUDGET_SPENT] * 2
    assert result.summaries[1].accepted == 0
    assert count_kept(workspace, "other") == 0


async def test_a_run_without_a_budget_does_not_speak_of_one(workspace: Path) -> None:
    """Tokens are told by stage all the same."""
    result = await run_world(workspace, Counting(), outputs=10)
    assert result.summaries[0].budget is None
    described = json.loads(read_output(workspace, "run.json"))["result"]
    assert "budget" not in described
    guard = next(use for use in described["engines"] if use["block"] == "granite_guardian")
    for part in guard["stages"].values():
        assert part["prompt_tokens"] == 200 * part["asked"]
        assert part["cost_usd"] == 0
    assert list(guard["stages"]) == ["screen_instruction", "screen_response"]
