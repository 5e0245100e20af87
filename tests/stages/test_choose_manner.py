from __future__ import annotations

from collections import Counter

from demur.engines.base import Chat, RespondAsk
from demur.inputs.calibration import Replies
from demur.inputs.policy import Risk
from demur.stages.choose_manner import choose_manner
from demur.stages.respond import Responder
from tests.samples import make_inputs, make_risk
from tests.stages.test_respond import responder

TEXTS = [f"Request number {number}" for number in range(2000)]


def test_a_manner_follows_from_the_text() -> None:
    """The same text has the same manner in every run, and refusing and informing ones open differently."""
    assert choose_manner(TEXTS[0]) == choose_manner(TEXTS[0])
    refusing = {choose_manner(text)[0] for text in TEXTS}
    informing = {choose_manner(text, informs=True)[0] for text in TEXTS}
    assert len(refusing) == len(informing) == 8
    assert not any("refusal" in opening for opening in informing)


def test_manners_are_spread_evenly() -> None:
    """No opening is asked for more than a sixth more often than its share, and hundreds of manners are in use."""
    manners = [choose_manner(text) for text in TEXTS]
    assert max(Counter(manner[0] for manner in manners).values()) <= len(TEXTS) / 8 * 7 / 6
    assert len(set(manners)) > 400


def make_responder(risk: Risk | None = None, replies: Replies | None = None) -> Responder:
    plain = responder(lambda request: "")
    return Responder(plain.engine, plain.template, plain.sampling, make_inputs(risk=risk, replies=replies), plain.seed)


def test_variety_is_asked_for_only_where_the_task_wants_it() -> None:
    """Without a share of openings the prompt says nothing of a manner; with one it stands in the last turn, after the request."""
    plain = make_responder().prepare("the request")
    varied = make_responder(replies=Replies(max_opening_share=0.1)).prepare("the request")
    assert isinstance(plain.ask, RespondAsk)
    assert isinstance(varied.ask, RespondAsk)
    assert isinstance(plain.prompt, Chat)
    assert isinstance(varied.prompt, Chat)
    assert plain.ask.manner == ()
    assert varied.ask.manner == choose_manner("the request")
    first, last = varied.prompt.messages
    assert first == plain.prompt.messages[0]
    begin, _, end = plain.prompt.messages[1].content.partition("Write only the reply.")
    assert last.content.startswith(begin)
    assert last.content.endswith("Write only the reply.")
    assert all(part in last.content[len(begin) :] for part in varied.ask.manner)
    assert end == ""


def test_informing_types_are_not_told_to_refuse() -> None:
    """The manner of a reply that informs has no refusal in it."""
    risk = make_risk(short_reply_type="INFORMATIVE_RESPONSE")
    for text in TEXTS[:50]:
        asked = make_responder(risk=risk, replies=Replies(max_opening_share=0.1)).prepare(text).ask
        assert isinstance(asked, RespondAsk)
        assert asked.manner == choose_manner(text, informs=True)
