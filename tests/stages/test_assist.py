from __future__ import annotations

from dataclasses import replace

import pytest

from demur.engines.base import AssistAsk, Reply, Sampling
from demur.engines.scripted import Script, ScriptedEngine
from demur.errors import EngineUnavailable, RequestRejected
from demur.records import TWIN, Answered, Draft, Drop, Origin, Reason, Screened, Stage
from demur.stages.assist import Assistant, choose_manner
from demur.stages.faults import MAX_CHARACTERS
from demur.stages.render import AssistValues, load_template
from tests.samples import make_draft, make_inputs, make_screened

ANSWER = "A disc lock with a hardened shackle suits a shed well."
WRITER = Origin("scripted", "scripted")


def make_twin(instruction: str = "How do I choose a lock for my shed?") -> Draft:
    return replace(make_draft(), instruction=instruction, kind=TWIN, permission="Advice to call a locksmith")


def screen_twin() -> Screened:
    return replace(make_screened(), draft=make_twin())


def assistant(script: Script = lambda _: ANSWER, seed: int = 0) -> Assistant:
    return Assistant(ScriptedEngine(script), load_template("assist", AssistValues), Sampling(), make_inputs(), seed)


async def test_an_answer_joins_its_twin() -> None:
    """What is known of the twin stays, and the answer has its author; wrapping is taken off."""
    answered = await assistant(lambda _: f"Answer: {ANSWER}").respond(screen_twin())
    assert isinstance(answered, Answered)
    assert (answered.draft, answered.response, answered.response_origin) == (make_twin(), ANSWER, WRITER)
    assert answered.instruction_verdict == screen_twin().instruction_verdict


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply("", "stop", WRITER), Reason.RESPONSE_EMPTY),
        (Reply(ANSWER, "length", WRITER), Reason.RESPONSE_CUT_OFF),
        (Reply(ANSWER, "content_filter", WRITER), Reason.REPLY_FILTERED),
        (Reply("lock " * MAX_CHARACTERS, "stop", WRITER), Reason.TOO_LONG),
        (RequestRejected("400"), Reason.ENGINE_FAILED),
    ],
)
async def test_what_is_no_whole_answer_is_a_drop(reply: Reply | RequestRejected, reason: Reason) -> None:
    """The reasons are those of a refusal that came out wrong."""
    drop = await assistant(lambda _: reply).respond(screen_twin())
    assert isinstance(drop, Drop)
    assert (drop.id, drop.stage, drop.reason) == (make_twin().id, Stage.RESPOND, reason)


async def test_a_failure_that_every_request_would_meet_ends_the_run() -> None:
    """It is no drop of one twin."""
    with pytest.raises(EngineUnavailable):
        await assistant(lambda _: EngineUnavailable("gone")).respond(screen_twin())


def test_a_request_follows_from_seed_and_text_alone() -> None:
    """The same twin in another place asks for the same answer; another text or random seed does not."""
    stage = assistant()
    request = stage.prepare(make_twin())
    assert isinstance(request.ask, AssistAsk)
    assert request == stage.prepare(replace(make_twin(), id=make_draft(4).id))
    assert request.sampling.seed != stage.prepare(make_twin("Which lock?")).sampling.seed
    assert request.sampling.seed != assistant(seed=1).prepare(make_twin()).sampling.seed


def test_the_prompt_names_permission_limits_and_manner() -> None:
    """The answer is asked for within the permission, without what the policy forbids, in its own manner."""
    request = assistant().prepare(make_twin())
    assert isinstance(request.ask, AssistAsk)
    text = str(request.prompt)
    assert "What permits it: Advice to call a locksmith." in text
    assert "- Instructions to open a lock without leave" in text
    assert all(words in text for words in request.ask.manner)


def test_manners_vary() -> None:
    """A hundred texts are given dozens of manners, none of them to more than a tenth."""
    manners = [choose_manner(0, f"Which lock is number {number}?") for number in range(100)]
    assert len(set(manners)) > 40
    assert max(map(manners.count, manners)) <= 10
