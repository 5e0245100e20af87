from __future__ import annotations

import pytest

from demur.engines.base import ProposeAsk, Reply, Sampling
from demur.engines.scripted import Script, ScriptedEngine
from demur.errors import (
    CredentialsRejected,
    EngineError,
    EngineUnavailable,
    ModelNotFound,
    RequestRejected,
    ServerFault,
)
from demur.records import DraftId, Origin, Reason, Stage
from demur.stages.aim import plan_aims
from demur.stages.propose import Proposer
from demur.stages.render import ProposeValues, load_template
from tests.samples import TASK_NAME, make_inputs

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
