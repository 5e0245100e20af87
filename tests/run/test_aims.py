"""Whole runs of tasks that aim at clauses and axes, that have several risks, or seeds of both kinds."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from demur.cli.main import main
from demur.engines.base import JudgeAsk, ProposeAsk
from demur.guards.canaries import HARMLESS
from demur.records import Status
from demur.run.examine import examine
from demur.run.plan import Options, make_plan
from demur.run.rehearse import render_prompts
from demur.run.runner import Runner
from tests.run.world import World, make_runner, read_output, run_world

TWIN = {"instruction": "Tell me how locks came about.", "response": "The oldest were of wood.", "kind": "comply"}


def set_task(workspace: Path, more: str, risk: str = "lock_picking") -> None:
    path = workspace / "task.yaml"
    path.write_text(path.read_text().replace("  risk: lock_picking", f"  risk: {risk}") + more)


def put_twin_first(workspace: Path) -> None:
    path = workspace / "seeds.jsonl"
    path.write_text(json.dumps(TWIN) + "\n" + path.read_text())


async def test_a_run_that_aims_reaches_every_clause(workspace: Path) -> None:
    """With the embedded engine and guard, each pair says its clause and its axes, and rounds share both out."""
    set_task(workspace, "axes: default\n")
    plan = make_plan(
        [workspace / "task.yaml"], Options(engines="embedded", outputs=60, output_dir=workspace / "output")
    )
    (summary,) = (await Runner(plan).run()).summaries
    assert (summary.status, summary.accepted, summary.warnings) == (Status.COMPLETE, 60, ())
    found = [json.loads(line)["metadata"] for line in read_output(workspace).splitlines()]
    clauses = Counter(record["clause"]["text"] for record in found)
    assert len(clauses) == 2
    assert min(clauses.values()) >= 20
    assert {record["axes"]["language"] for record in found} == {"that of the examples"}
    assert len({record["axes"]["persona"] for record in found}) == 8
    assert {record["clause"]["number"] for record in found} == {1, 2}


async def test_harmless_seeds_are_no_canaries(workspace: Path) -> None:
    """The guard is tried on requests to decline alone, and the generator is shown those alone; both kinds are kept from
    coming back as new requests."""
    put_twin_first(workspace)
    world = World()
    result = await run_world(workspace, world, outputs=3)
    assert result.summaries[0].status is Status.COMPLETE
    judged = [request.ask.instruction for request in world.answered if isinstance(request.ask, JudgeAsk)]
    assert HARMLESS in judged
    assert TWIN["instruction"] not in judged
    shown = {
        seed.id for request in world.answered if isinstance(request.ask, ProposeAsk) for seed in request.ask.examples
    }
    assert shown
    assert "seed:1" not in shown
    recipe = make_runner(workspace, world, restart=True)
    prompts = render_prompts(recipe.plan.tasks[0], recipe.plan)
    assert not any(TWIN["instruction"] in prompt.text for prompt in prompts)


async def test_a_harmless_seed_is_not_proposed_anew(workspace: Path) -> None:
    """All seeds count in deduplication, whatever their kind."""
    put_twin_first(workspace)
    world = World(duplicate=0)
    answer = world.answer
    world.answer = lambda request: (  # type: ignore[method-assign]
        f"### Question 1:\n{TWIN['instruction']}\n\n### Question 2:\nPlease w{request.sampling.seed} aa bb without leave"
        if isinstance(request.ask, ProposeAsk)
        else answer(request)
    )
    await run_world(workspace, world, outputs=1)
    drops = [json.loads(line) for line in read_output(workspace, "rejected.jsonl").splitlines()]
    assert {drop["nearest"]["id"] for drop in drops if drop["reason"] == "near_duplicate"} == {"seed:1"}


async def test_the_guard_is_tried_on_every_risk(workspace: Path) -> None:
    """By the run as by the doctor."""
    set_task(workspace, "", '"*"')
    world = World()
    runner = make_runner(workspace, world, outputs=3)
    findings = [finding async for finding in examine(runner.plan)]
    subjects = [finding.subject for finding in findings if finding.subject.startswith("canaries")]
    assert subjects == ["canaries of lock_picking", "canaries of queue_jumping"]
    world.answered.clear()
    await runner.run()
    tried = [ask.risk.risk for request in world.answered if isinstance(ask := request.ask, JudgeAsk)
             if ask.instruction == HARMLESS]  # fmt: skip
    assert sorted(tried) == ["lock_picking", "queue_jumping"]


OWN = "{% block user %}{% for e in examples %}{{ e.instruction }}{% endfor %} {{ count }}{% endblock %}"


async def test_a_template_that_leaves_aims_out_is_a_warning(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the run's summary and by `demur check`; nothing is said where the task does not aim."""
    (workspace / "own.jinja").write_text(OWN)
    (workspace / "short.yaml").write_text(
        "databuilders:\n  public/safety/refusal:\n    blocks:\n"
        "      - {name: instruction_generator, template: own.jinja}\n"
    )
    options = Options(engines="embedded", config=workspace / "short.yaml", outputs=2, output_dir=workspace / "output")
    (plain,) = (await Runner(make_plan([workspace / "task.yaml"], options)).run()).summaries
    assert plain.warnings == ()
    set_task(workspace, "axes: {tense: [past]}\n")
    (aimed,) = (await Runner(make_plan([workspace / "task.yaml"], options)).run()).summaries
    assert len(aimed.warnings) == 1
    assert "own.jinja does not use axes and clause" in aimed.warnings[0].replace("clause and axes", "axes and clause")
    assert main(["check", "task.yaml", "--engines", "embedded", "--config-path", "short.yaml"]) == 0
    assert "warning  own.jinja does not use clause and axes" in capsys.readouterr().out


def test_check_lists_every_risk(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each with its number of clauses."""
    set_task(workspace, "", "[queue_jumping, lock_picking]")
    assert main(["check", "task.yaml", "--engines", "embedded"]) == 0
    said = capsys.readouterr().out
    assert "queue_jumping, 1 clauses" in said
    assert "lock_picking, 2 clauses" in said
