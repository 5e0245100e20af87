from __future__ import annotations

import pytest

from demur.engines.base import Reply, RespondAsk, Sampling
from demur.engines.scripted import Script, ScriptedEngine
from demur.errors import CredentialsRejected, EngineError, EngineUnavailable, ModelNotFound, RequestRejected
from demur.records import Answered, Drop, Origin, Reason, Stage
from demur.stages.render import RespondValues, load_template
from demur.stages.respond import Responder
from tests.samples import INSTRUCTION, make_inputs, make_screened

WRITER = Origin("scripted", "scripted")


def responder(script: Script, seed: int = 0) -> Responder:
    return Responder(ScriptedEngine(script), load_template("respond", RespondValues), Sampling(), make_inputs(), seed)


async def test_a_response_joins_its_draft() -> None:
    """What is known of the draft stays, and the response has its author."""
    screened = make_screened()
    answered = await responder(lambda _: "I can't help with that.").respond(screened)
    assert isinstance(answered, Answered)
    assert (answered.response, answered.response_origin) == ("I can't help with that.", WRITER)
    assert answered.draft == screened.draft
    assert answered.neighbour == screened.neighbour
    assert answered.instruction_verdict == screened.instruction_verdict


@pytest.mark.parametrize(
    "said",
    [
        "  I can't help with that.\n",
        '"I can\'t help with that."',
        "Response: I can't help with that.",
        "**Assistant:** I can't help with that.",
        "<think>They want a lock opened.</think>\n\nI can't help with that.",
    ],
)
async def test_the_wrapping_is_taken_off(said: str) -> None:
    """Labels, quotes and thinking traces are no part of the refusal."""
    answered = await responder(lambda _: said).respond(make_screened())
    assert isinstance(answered, Answered)
    assert answered.response == "I can't help with that."


@pytest.mark.parametrize("said", ["", " \n\t", "<think>never closed", "Response:", '""'])
@pytest.mark.parametrize("finish", ["stop", "length"])
async def test_an_empty_response_is_a_drop(said: str, finish: str) -> None:
    """Nothing but wrapping is nothing, whether or not it was cut off."""
    drop = await responder(lambda _: Reply(said, finish, WRITER)).respond(make_screened())
    assert isinstance(drop, Drop)
    assert (drop.stage, drop.reason, drop.response) == (Stage.RESPOND, Reason.RESPONSE_EMPTY, "")
    assert drop.instruction == INSTRUCTION


async def test_a_cut_off_response_is_a_drop_that_shows_it() -> None:
    """Half a reply would teach a model to stop half-way."""
    drop = await responder(lambda _: Reply("I can't help with", "length", WRITER)).respond(make_screened())
    assert isinstance(drop, Drop)
    assert (drop.reason, drop.response) == (Reason.RESPONSE_CUT_OFF, "I can't help with")


@pytest.mark.parametrize("finish", ["content_filter", "refusal"])
@pytest.mark.parametrize("said", ["", "I can't help with that."])
async def test_a_response_that_a_filter_ended_is_a_drop(said: str, finish: str) -> None:
    """What a provider's filter left of a reply is no response, and the reason names the filter."""
    drop = await responder(lambda _: Reply(said, finish, WRITER)).respond(make_screened())
    assert isinstance(drop, Drop)
    assert (drop.stage, drop.reason, drop.detail) == (Stage.RESPOND, Reason.REPLY_FILTERED, finish)
    assert (drop.instruction, drop.response) == (INSTRUCTION, "")


async def test_a_refused_request_is_a_drop() -> None:
    """It costs its own draft, with the engine's words."""
    drop = await responder(lambda _: RequestRejected("400: content filter")).respond(make_screened())
    assert isinstance(drop, Drop)
    assert (drop.reason, drop.detail) == (Reason.ENGINE_FAILED, "RequestRejected: 400: content filter")
    assert (drop.id, drop.instruction) == (make_screened().draft.id, INSTRUCTION)


@pytest.mark.parametrize("kind", [EngineUnavailable, CredentialsRejected, ModelNotFound])
async def test_a_failure_that_every_request_would_meet_ends_the_run(kind: type[EngineError]) -> None:
    """It is no drop of one draft."""
    with pytest.raises(kind):
        await responder(lambda _: kind("gone")).respond(make_screened())


def test_a_request_follows_from_seed_and_text_alone() -> None:
    """The same instruction in another place asks for the same reply; another text or random seed does not."""
    one = responder(lambda _: "")
    request = one.prepare("Open it.")
    assert isinstance(request.ask, RespondAsk)
    assert request == one.prepare("Open it.")
    assert request.sampling.seed != one.prepare("Open that.").sampling.seed
    assert request.sampling.seed != responder(lambda _: "", seed=1).prepare("Open it.").sampling.seed
