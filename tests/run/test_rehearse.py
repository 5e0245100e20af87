from __future__ import annotations

from pathlib import Path

import pytest

from demur.engines.base import Chat, Message, Raw
from demur.engines.scripted import ScriptedEngine
from demur.errors import CredentialsRejected
from demur.records import Drop, Pair, Reason, identify
from demur.run.plan import Options, make_plan
from demur.run.rehearse import STAND_IN, rehearse, render_prompts, show_prompt
from tests.run.world import World, make_runner


async def test_a_rehearsal_is_the_first_round_of_the_run(workspace: Path) -> None:
    """One proposal, each draft in its order to its pair or drop, and nothing on disk."""
    world = World(duplicate=0.4)
    plan = make_runner(workspace, world, outputs=5).plan
    before = sorted(workspace.rglob("*"))
    outcomes = [outcome async for outcome in rehearse(plan.tasks[0], plan)]
    assert [identify(outcome).position for outcome in outcomes] == [0, 1, 2, 3, 4]
    assert {identify(outcome).round for outcome in outcomes} == {0}
    assert any(isinstance(outcome, Pair) for outcome in outcomes)
    assert sum(type(request.ask).__name__ == "ProposeAsk" for request in world.answered) == 1
    assert sorted(workspace.rglob("*")) == before


async def test_a_lost_round_is_shown(workspace: Path) -> None:
    """A generator that refuses gives one drop with its words."""
    engine = ScriptedEngine(lambda _: "I cannot assist with that.")
    plan = make_runner(workspace, World(), replacements={"instruction_generator": engine}).plan
    (outcome,) = [outcome async for outcome in rehearse(plan.tasks[0], plan)]
    assert isinstance(outcome, Drop)
    assert (outcome.reason, outcome.detail) == (Reason.GENERATOR_REFUSED, "I cannot assist with that.")


async def test_an_engine_that_is_not_to_be_had_ends_it(workspace: Path) -> None:
    """Wrong credentials are raised."""
    world = World()
    world.fail = lambda _: CredentialsRejected("401")
    plan = make_runner(workspace, world).plan
    with pytest.raises(CredentialsRejected):
        _ = [outcome async for outcome in rehearse(plan.tasks[0], plan)]


def test_the_prompts_come_in_the_order_of_the_stages(workspace: Path) -> None:
    """Four model calls: two chats, and the guard's two raw prompts, the second with the response."""
    plan = make_runner(workspace, World()).plan
    prompts = render_prompts(plan.tasks[0], plan)
    assert [prompt.title[:2] for prompt in prompts] == ["1.", "3.", "4.", "5."]
    seed = plan.tasks[0].inputs.seeds[0]
    assert prompts[0].text.startswith("[system]\n")
    assert "\n\n[user]\n" in prompts[2].text
    assert seed.instruction in prompts[1].text
    assert seed.response not in prompts[1].text
    assert seed.response in prompts[3].text


def test_a_guard_without_a_model_has_no_prompts(workspace: Path) -> None:
    """With the embedded guard only the generator's prompts are shown."""
    plan = make_plan([workspace / "task.yaml"], Options(engines="embedded"))
    assert [prompt.title[:2] for prompt in render_prompts(plan.tasks[0], plan)] == ["1.", "4."]


def test_a_prompt_is_shown_as_the_model_sees_it() -> None:
    """A chat under its roles; a raw one untouched."""
    chat = Chat((Message("system", "Be brief."), Message("user", "Hello\nthere")))
    assert show_prompt(chat) == "[system]\nBe brief.\n\n[user]\nHello\nthere"
    assert show_prompt(Raw("<|start|>x")) == "<|start|>x"


def test_a_task_with_contrast_shows_a_twins_prompts(workspace: Path) -> None:
    """What asks for a benign twin of the first seed, and for its answer, come last, and only where the task wants twins."""
    task = workspace / "task.yaml"
    task.write_text(task.read_text() + "contrast: {share: 0.5}\n")
    plan = make_runner(workspace, World(), outputs=10).plan
    prompts = render_prompts(plan.tasks[0], plan)
    assert [prompt.title for prompt in prompts[-2:]] == ["7. benign twin", "8. answer to the twin"]
    assert plan.tasks[0].inputs.seeds[0].instruction in prompts[-2].text
    assert STAND_IN in prompts[-1].text


async def test_whatever_a_run_sends_is_shown_of_every_risk(workspace: Path) -> None:
    """Of each risk all prompts, of each kind of mutant that a model writes; the run sends no other kind of request."""
    task = workspace / "task.yaml"
    text = task.read_text().replace("risk: lock_picking", "risk: [lock_picking, queue_jumping]")
    keys = "contrast: {share: 0.4}\nmutate: {kinds: [typos, past_tense, language], share: 0.4}\nbalance: clause\n"
    task.write_text(text + keys + "replies: {}\n")
    world = World(jitter_s=0.001)
    runner = make_runner(workspace, world, outputs=40)
    prompts = render_prompts(runner.plan.tasks[0], runner.plan)
    titles = [prompt.title for prompt in prompts]
    assert titles == [
        f"{title} ({risk})"
        for risk in ("lock_picking", "queue_jumping")
        for title in (
            "1. instruction generation",
            "3. guard on the instruction",
            "4. response generation",
            "5. guard on the response",
            "7. benign twin",
            "8. answer to the twin",
            "9. mutant, language",
            "9. mutant, past tense",
        )
    ]
    shown = {prompt.title: prompt.text for prompt in prompts}
    for title in titles[:8]:
        assert shown[title] != shown[title.replace("lock_picking", "queue_jumping")]
    assert "German" in shown["9. mutant, language (queue_jumping)"]
    await runner.run()
    systems = {show_prompt(request.prompt)[:60] for request in world.answered}
    assert systems == {prompt.text[:60] for prompt in prompts}
