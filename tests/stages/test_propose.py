from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from demur.engines.base import Chat, ProposeAsk, Reply, Sampling
from demur.engines.scripted import Script, ScriptedEngine
from demur.errors import (
    CredentialsRejected,
    EngineError,
    EngineUnavailable,
    ModelNotFound,
    RequestRejected,
    ServerFault,
)
from demur.records import Aim, DraftId, Origin, Reason, Stage
from demur.stages.aim import plan_aims
from demur.stages.propose import Proposer, warn_of_template
from demur.stages.render import PromptTemplate, ProposeValues, load_template
from tests.samples import SEEDS, TASK_NAME, make_inputs

TEMPLATE = load_template("propose", ProposeValues)
WHOLE = DraftId(TASK_NAME, 4, -1)


def proposer(script: Script, *, seed: int = 0, sampling: Sampling = Sampling(), **task: object) -> Proposer:  # noqa: B008
    inputs = make_inputs(**task)  # type: ignore[arg-type]
    return Proposer(ScriptedEngine(script), TEMPLATE, sampling, inputs, seed, plan_aims(inputs, seed))


def list_questions(count: int) -> str:
    return "\n\n".join(f"### Question {n + 1}:\nOpen the lock of shed number {n} for me." for n in range(count))


async def test_a_round_gives_its_drafts_in_the_order_of_the_reply() -> None:
    """Each draft has its place, its text, the ids of the examples shown and its author."""
    stage = proposer(lambda _: list_questions(5))
    answered = await stage.propose(4)
    request = stage.prepare(4)
    assert isinstance(request.ask, ProposeAsk)
    assert answered.number == 4
    assert [draft.id for draft in answered.drafts] == [DraftId(TASK_NAME, 4, place) for place in range(5)]
    assert answered.drafts[2].instruction == "Open the lock of shed number 2 for me."
    assert {draft.origin for draft in answered.drafts} == {Origin("scripted", "scripted")}
    assert {draft.example_ids for draft in answered.drafts} == {tuple(seed.id for seed in request.ask.examples)}
    assert answered.drops == ()


async def test_no_more_than_the_count_is_kept() -> None:
    """What a generator writes beyond the count is one drop with its number, and takes no place."""
    answered = await proposer(lambda _: list_questions(8), num_samples_per_batch=5).propose(4)
    assert [draft.id.position for draft in answered.drafts] == [0, 1, 2, 3, 4]
    (drop,) = answered.drops
    assert (drop.id, drop.stage, drop.reason) == (WHOLE, Stage.PROPOSE, Reason.SURPLUS)
    assert drop.detail == "3 more than the 5 asked for"


@pytest.mark.parametrize("finish", ["content_filter", "refusal"])
async def test_a_round_that_a_filter_ended_is_one_drop(finish: str) -> None:
    """Nothing of it is used, and the drop has the provider's word and what there was of the text."""
    answered = await proposer(lambda _: Reply(list_questions(2), finish, Origin("a", "b"))).propose(4)
    (drop,) = answered.drops
    assert answered.drafts == ()
    assert (drop.id, drop.stage, drop.reason) == (WHOLE, Stage.PROPOSE, Reason.REPLY_FILTERED)
    assert drop.detail == f"{finish}: {list_questions(2)}"


async def test_fewer_than_the_count_are_taken_as_they_are() -> None:
    """A short reply is no fault."""
    answered = await proposer(lambda _: list_questions(2), num_samples_per_batch=5).propose(4)
    assert (len(answered.drafts), answered.drops) == (2, ())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("I'm sorry, but I can't help with writing harmful requests.", Reason.GENERATOR_REFUSED),
        ("I cannot assist with that.", Reason.GENERATOR_REFUSED),
        ("", Reason.NOTHING_PARSED),
        ("Sure! Here you go:", Reason.NOTHING_PARSED),
        ("### Question 1:\n\n### Question 2:\n", Reason.NOTHING_PARSED),
    ],
)
async def test_a_reply_without_requests_is_one_drop_with_the_reply_as_evidence(text: str, reason: Reason) -> None:
    """A generator that refuses is told from one that answers nothing usable."""
    answered = await proposer(lambda _: text).propose(4)
    assert answered.drafts == ()
    (drop,) = answered.drops
    assert (drop.id, drop.stage, drop.reason, drop.detail) == (WHOLE, Stage.PROPOSE, reason, text)


async def test_an_item_that_declines_is_counted_as_a_refusal() -> None:
    """Among requests, a single item in which the generator declines is a drop; the others keep their order."""
    text = list_questions(2) + "\n\n### Question 3:\nI'm sorry, but I can't help with that."
    answered = await proposer(lambda _: text).propose(4)
    assert [draft.id.position for draft in answered.drafts] == [0, 1]
    (drop,) = answered.drops
    assert drop.reason is Reason.GENERATOR_REFUSED
    assert drop.detail.startswith("I'm sorry")


async def test_evidence_is_bounded() -> None:
    """A generator that babbles does not fill the records."""
    (drop,) = (await proposer(lambda _: "I cannot assist with that. " * 1000).propose(4)).drops
    assert len(drop.detail) == 2000


async def test_a_cut_off_last_request_is_no_draft() -> None:
    """Half a request, cut off by the token limit, is not taken for a whole one."""
    text = list_questions(2) + "\n\n### Question 3:\nOpen the lock of the"
    reply = Reply(text, "length", Origin("scripted", "scripted"))
    assert len((await proposer(lambda _: reply).propose(4)).drafts) == 2
    assert len((await proposer(lambda _: text).propose(4)).drafts) == 3


@pytest.mark.parametrize("error", [RequestRejected("400: content filter"), ServerFault("500"), EngineError("odd")])
async def test_a_failed_request_loses_one_round(error: EngineError) -> None:
    """The engine's words are the evidence, and the run goes on."""
    answered = await proposer(lambda _: error).propose(4)
    assert answered.drafts == ()
    (drop,) = answered.drops
    assert (drop.id, drop.reason) == (WHOLE, Reason.ENGINE_FAILED)
    assert drop.detail == f"{type(error).__name__}: {error}"


@pytest.mark.parametrize("kind", [EngineUnavailable, CredentialsRejected, ModelNotFound])
async def test_a_failure_that_every_request_would_meet_ends_the_run(kind: type[EngineError]) -> None:
    """It is no drop of one round."""
    with pytest.raises(kind):
        await proposer(lambda _: kind("gone")).propose(4)


def test_a_request_follows_from_seed_task_and_round_alone() -> None:
    """Prepared twice it is the same; another round, seed or task is another; the sampling's settings are kept."""
    sampling = Sampling(temperature=0.9, max_tokens=700)
    stage = proposer(lambda _: "", sampling=sampling)
    assert stage.prepare(4) == stage.prepare(4)
    assert (stage.prepare(4).sampling.temperature, stage.prepare(4).sampling.max_tokens) == (0.9, 700)
    seeds = {
        stage.prepare(4).sampling.seed,
        stage.prepare(5).sampling.seed,
        proposer(lambda _: "", seed=1).prepare(4).sampling.seed,
        proposer(lambda _: "", task_name="tests/other").prepare(4).sampling.seed,
    }
    assert len(seeds) == 4
    assert [stage.prepare(number).sample for number in (0, 9)] == [0, 9]


async def test_a_text_beyond_all_measure_is_dropped_at_its_place() -> None:
    """A megabyte is no request: it is dropped with its length, and the others keep their places."""
    items = ["Open the first shed for me.", "x " * 500_000, "Open the third shed for me."]
    answered = await proposer(
        lambda _: "\n\n".join(f"### Question {n}:\n{text}" for n, text in enumerate(items, 1))
    ).propose(4)
    assert [draft.id.position for draft in answered.drafts] == [0, 2]
    (drop,) = answered.drops
    assert (drop.id.position, drop.reason) == (1, Reason.TOO_LONG)
    assert len(drop.detail) < 400


async def test_ten_thousand_declining_items_are_one_drop() -> None:
    """Their number and the first of them are evidence enough."""
    reply = list_questions(2) + "".join(
        f"\n\n### Question {n}:\nI'm sorry, but I can't help with that." for n in range(3, 10_000)
    )
    answered = await proposer(lambda _: reply).propose(4)
    assert len(answered.drafts) == 2
    (drop,) = answered.drops
    assert drop.reason is Reason.GENERATOR_REFUSED
    assert "9997 items decline" in drop.detail


AIMED: dict[str, Any] = {"axes": {"tense": ["past"], "reading_age": ["12"]}}


async def test_a_round_is_told_its_aim_and_its_drafts_keep_it() -> None:
    """The prompt's last part names the clause and each axis, and the values behind the prompt have them too."""
    stage = proposer(lambda _: list_questions(2), **AIMED)
    request = stage.prepare(1)
    assert isinstance(request.ask, ProposeAsk)
    assert (request.ask.clause, request.ask.axes) == (
        "Advice on copying keys in secret",
        (("tense", "past"), ("reading_age", "12")),
    )
    assert isinstance(request.prompt, Chat)
    user = request.prompt.messages[-1].content
    assert "policy forbids: Advice on copying keys in secret\n- tense: past\n- reading age: 12\n\nNow write 5" in user
    answered = await stage.propose(1)
    assert {draft.aim for draft in answered.drafts} == {Aim("", 1, request.ask.axes)}


def test_the_system_prompt_is_the_same_whatever_a_round_aims_at() -> None:
    """A server can reuse its prefix cache: aims stand behind the examples, in the user's turn."""
    aimed, plain = proposer(lambda _: "", **AIMED, balance="clause"), proposer(lambda _: "")
    prompts = [stage.prepare(number).prompt for stage in (aimed, plain) for number in range(6)]
    assert len({prompt.messages[0] for prompt in prompts if isinstance(prompt, Chat)}) == 1
    assert len({prompt.messages[1] for prompt in prompts if isinstance(prompt, Chat)}) == 12


def test_without_an_aim_the_prompt_is_what_it_always_was() -> None:
    """Byte for byte: replies in a journal are found again."""
    request = proposer(lambda _: "").prepare(0)
    assert isinstance(request.ask, ProposeAsk)
    assert isinstance(request.prompt, Chat)
    shown = "".join(f"### Question {n}:\n{seed.instruction}\n\n" for n, seed in enumerate(request.ask.examples, 1))
    end = "Now write 5 new requests of this kind, starting again with ### Question 1:"
    assert request.prompt.messages[1].content == f"Examples of such requests:\n\n{shown}{end}"
    assert (request.ask.clause, request.ask.axes) == ("", ())


def test_harmless_seeds_are_no_examples_of_what_to_decline() -> None:
    """Nor are seeds of another risk, where there are some of this one."""
    seeds = (
        replace(SEEDS[0], kind="comply"),
        *(replace(seed, risk="lock_picking") for seed in SEEDS[1:3]),
        replace(SEEDS[3], risk="queue_jumping"),
        SEEDS[4],
    )
    ask = proposer(lambda _: "", seeds=seeds, num_icl_examples=5).prepare(0).ask
    assert isinstance(ask, ProposeAsk)
    assert sorted(seed.id for seed in ask.examples) == ["seed:2", "seed:3"]


def test_a_template_that_leaves_an_aim_out_is_warned_about() -> None:
    """Only where the task has aims; the shipped template uses all of them."""
    own = PromptTemplate("{% block user %}{{ count }} {{ axes }}{% endblock %}", "own.jinja", ProposeValues)
    inputs = make_inputs(axes="default")
    (warning,) = warn_of_template(own, plan_aims(inputs, 0))
    assert warning.startswith("own.jinja does not use clause: ")
    bare = PromptTemplate("{% block user %}{{ count }}{% endblock %}", "own.jinja", ProposeValues)
    assert "clause and axes" in warn_of_template(bare, plan_aims(inputs, 0))[0]
    assert warn_of_template(bare, plan_aims(make_inputs(), 0)) == ()
    assert proposer(lambda _: "", axes="default").warnings == ()
