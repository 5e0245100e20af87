from dataclasses import replace

import pytest

from demur.engines.base import Ask, Identity, Raw, Reply, Request, TokenLogprob
from demur.engines.scripted import ScriptedEngine, script_from_settings
from demur.errors import RequestRejected, ServerFault
from demur.inputs.engine_settings import ScriptedSettings
from demur.records import Origin
from tests.engines.samples import JUDGE_INSTRUCTION, JUDGE_RESPONSE, PROPOSE, RESPOND, chat, raw


async def test_text_becomes_a_reply() -> None:
    """A script's text is a whole reply by the scripted model, and the request is kept."""
    engine = ScriptedEngine(lambda request: f"to {request.sample}", model="m")
    request = replace(chat(), sample=4)
    assert await engine.complete(request) == Reply("to 4", "stop", Origin("scripted", "m"))
    assert engine.requests == [request]
    assert engine.identity == Identity("scripted", "m")


async def test_reply_and_error_are_taken_as_they_are() -> None:
    """A script may answer with a reply of its own, log-probabilities and all, or with an error, which is
    raised."""
    reply = Reply("yes", "length", Origin("a", "b"), logprobs=(TokenLogprob("yes", -0.1),))
    assert await ScriptedEngine(lambda _: reply).complete(raw()) is reply
    with pytest.raises(ServerFault, match="broke"):
        await ScriptedEngine(lambda _: ServerFault("broke")).complete(chat())


LISTS = ScriptedSettings(
    type="scripted",
    propose=("round {n}", "again {n}"),
    respond=("no to {instruction}",),
    judge_instruction=("yes",),
    judge_response=("no", "{instruction} {n}"),
)


@pytest.mark.parametrize(
    ("ask", "sample", "expected"),
    [
        (PROPOSE, 0, "round 0"),
        (PROPOSE, 1, "again 1"),
        (PROPOSE, 2, "round 2"),
        (RESPOND, 7, "no to the instruction"),
        (JUDGE_INSTRUCTION, 3, "yes"),
        (JUDGE_RESPONSE, 2, "no"),
        (JUDGE_RESPONSE, 3, "the instruction 3"),
    ],
)
def test_lists_answer_by_kind_and_sample(ask: Ask, sample: int, expected: str) -> None:
    """The reply comes from the list for the kind of ask, at the sample's place, round and round, with its
    values."""
    assert script_from_settings(LISTS)(Request(Raw(""), ask, sample=sample)) == expected


@pytest.mark.parametrize(
    ("ask", "name"),
    [
        (PROPOSE, "propose"),
        (RESPOND, "respond"),
        (JUDGE_INSTRUCTION, "judge_instruction"),
        (JUDGE_RESPONSE, "judge_response"),
    ],
)
async def test_missing_list_is_refused_by_name(ask: Ask, name: str) -> None:
    """A request whose list is empty is refused, and the error names the list."""
    engine = ScriptedEngine(script_from_settings(ScriptedSettings(type="scripted")))
    with pytest.raises(RequestRejected, match=f"`{name}`") as caught:
        await engine.complete(Request(Raw(""), ask))
    assert name in caught.value.hint
