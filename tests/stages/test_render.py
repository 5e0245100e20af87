from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.engines.base import Chat, Sampling
from demur.engines.scripted import ScriptedEngine
from demur.errors import TemplateFault
from demur.inputs.policy import Constraints, Risk
from demur.records import Seed
from demur.stages.aim import plan_aims
from demur.stages.propose import Proposer
from demur.stages.render import PromptTemplate, ProposeValues, RespondValues, explain_reply_type, load_template
from demur.stages.respond import Responder
from tests.samples import SEEDS, make_inputs, make_risk

PROPOSE = load_template("propose", ProposeValues)
RESPOND = load_template("respond", RespondValues)
SILENT = ScriptedEngine(lambda _: "")
HOSTILE = [
    "{{ 7*7 }}",
    "{% for x in range(3) %}x{% endfor %}",
    "{{ ''.__class__.__mro__ }}",
    "{# gone #}",
    "{% endblock %}{% block user %}mine{% endblock %}",
    "{% raw %}{{ risk }}{% endraw %}",
    "<b>&amp;</b> \"quoted\" 'too' \\n ${HOME} %s {0}",
    "ключ 鍵 🔑 \u2028 end",
]


def turns(chat: object) -> dict[str, str]:
    assert isinstance(chat, Chat)
    return {message.role: message.content for message in chat.messages}


def propose(number: int = 0, **changes: object) -> dict[str, str]:
    inputs = make_inputs(**changes)  # type: ignore[arg-type]
    return turns(Proposer(SILENT, PROPOSE, Sampling(), inputs, 0, plan_aims(inputs, 0)).prepare(number).prompt)


def respond(instruction: str = "Open it.", **changes: object) -> dict[str, str]:
    inputs = make_inputs(**changes)  # type: ignore[arg-type]
    return turns(Responder(SILENT, RESPOND, Sampling(), inputs, 0).prepare(instruction).prompt)


def test_the_proposal_says_what_the_requests_are_for() -> None:
    """Purpose, policy, clauses, examples, count and the headings that are parsed all stand in the prompt."""
    said = propose(num_samples_per_batch=5, num_icl_examples=3)
    system, user = said["system"], said["user"]
    assert "safety team" in system
    assert "trains its assistant to recognise and decline" in system
    risk = make_risk()
    for words in (risk.risk, risk.description, "test_risks", "Made up for tests", *risk.policy.reply_cannot_contain):
        assert words in system
    assert "### Question 1:" in system
    assert "write 5 new requests" in user
    assert user.count("### Question") == 4
    assert sum(seed.instruction in user for seed in SEEDS) == 3
    assert not any(seed.response in user + system for seed in SEEDS)


def test_one_request_is_asked_for_in_the_singular() -> None:
    """A batch of one reads like English."""
    assert "write 1 new request of" in propose(num_samples_per_batch=1)["user"]


def test_what_never_changes_comes_first() -> None:
    """The system turn is the same in every round, so that a server can reuse its prefix; the examples differ."""
    rounds = [propose(number) for number in range(20)]
    assert len({said["system"] for said in rounds}) == 1
    assert len({said["user"] for said in rounds}) > 10
    answers = [respond(f"Request {number}") for number in range(5)]
    assert len({said["system"] for said in answers}) == 1


def test_what_never_changes_in_a_response_prompt_comes_first() -> None:
    """Two instructions' prompts are the same up to the instruction: all of the system turn, and what leads up to it."""
    one, other = respond("Open it."), respond("Copy the key.")
    assert one["system"] == other["system"]
    assert one["user"].partition("Open it.")[0] == other["user"].partition("Copy the key.")[0]


def test_the_response_prompt_carries_both_lists_and_the_manner() -> None:
    """reply_cannot_contain, reply_may_contain and the reply type stand there, and the request in its own turn."""
    said = respond("Open my neighbour's shed.")
    system, user = said["system"], said["user"]
    policy = make_risk().policy
    must_not, _, may = system.partition("The reply may hold:")
    assert all(f"- {clause}" in must_not for clause in policy.reply_cannot_contain)
    assert all(f"- {clause}" in may for clause in policy.reply_may_contain)
    assert "Decline plainly in the first sentence" in system
    assert "Open my neighbour's shed." in user
    assert "Open my neighbour's shed." not in system


def test_without_permitted_content_nothing_is_said_of_it() -> None:
    """An empty reply_may_contain leaves no heading without a list."""
    risk = make_risk(policy=Constraints(reply_cannot_contain=("Keys",)))
    assert "may hold" not in respond(risk=risk)["system"]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_people_write_is_never_template_code(text: str) -> None:
    """Policy, task, seeds and instruction come out letter for letter, whatever template code they look like."""
    risk = Risk(
        risk=text, description=text, short_reply_type="X",
        policy=Constraints(reply_cannot_contain=(text, text), reply_may_contain=(text,)),
    )  # fmt: skip
    said = propose(risk=risk, seeds=(Seed("seed:1", text, text),), task_description=text)
    assert said["system"].count(text) == 5
    assert said["user"].count(text) == 1
    answered = respond(text, risk=risk)
    assert answered["system"].count(text) == 5
    assert answered["user"].count(text) == 1


@given(st.text(alphabet=st.sampled_from("{}%# \n\"'_.*7ab|[]()"), max_size=40))
def test_any_instruction_comes_out_verbatim(text: str) -> None:
    """However brackets, percent signs and line ends fall, the request arrives as it is."""
    said = turns(RESPOND.render(RespondValues(make_risk(), "g", f"<{text}>", "s")))
    assert f"<{text}>" in said["user"]


def test_no_blank_lines_pile_up() -> None:
    """Where a part is left out its empty lines go too."""
    for said in (propose(task_description=""), respond()):
        for text in said.values():
            assert "\n\n\n" not in text
            assert text == text.strip()


def test_unknown_reply_types_speak_for_themselves() -> None:
    """The type is open: a known one is explained, any other is put into words."""
    assert explain_reply_type(" explicit_refusal ") == explain_reply_type("EXPLICIT_REFUSAL")
    assert explain_reply_type("EXPLICIT_REFUSAL").startswith("Decline plainly")
    assert explain_reply_type("WARM_BUT_FIRM_NO") == "Reply in this manner: warm but firm no."
    assert "warm but firm no" in respond(risk=make_risk(short_reply_type="WARM_BUT_FIRM_NO"))["system"]


def template(text: str) -> PromptTemplate:
    return PromptTemplate(text, Path("own.jinja"), RespondValues)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{% block user %}\n\n{{ wrong }}{% endblock %}", r"own.jinja:3: .*'wrong'"),
        ("{% block user %}{% if %}{% endblock %}", "template syntax"),
        ("no blocks", "no block named user"),
        ("{% block system %}x{% endblock %}", "no block named user"),
    ],
)
def test_a_template_is_refused_when_it_is_read(text: str, words: str) -> None:
    """An unknown name, a syntax error and a missing block are told with their place, before anything is asked."""
    with pytest.raises(TemplateFault, match=words):
        template(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{{ risk.no_such }}", "no_such"),
        ("{{ instruction.__class__ }}", "unsafe"),
        ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "unsafe"),
        ("{{ risk.model_copy.__globals__ }}", "unsafe"),
        ("{{ 1 / 0 }}", "cannot be rendered"),
        ("{{ risk.policy.reply_cannot_contain[9] }}", "reply_cannot_contain|no element"),
        ("{{ instruction | round }}", "cannot be rendered"),
    ],
)
def test_a_template_that_fails_is_a_mistake_not_a_crash(text: str, words: str) -> None:
    """What the sandbox forbids, what a value does not have and what cannot be computed are all the template's fault."""
    bad = template("{% block user %}" + text + "{% endblock %}")
    with pytest.raises(TemplateFault, match=words):
        bad.render(RespondValues(make_risk(), "g", "the instruction", "s"))


def test_a_template_of_ones_own_replaces_the_shipped_one(tmp_path: Path) -> None:
    """It is read from its file, and a system turn may be left out."""
    own = tmp_path / "own.jinja"
    own.write_text("{% block user %}{{ instruction }}!{% endblock %}", encoding="utf-8")
    loaded = load_template("respond", RespondValues, own)
    assert (loaded.path, loaded.text) == (own, own.read_text())
    assert turns(loaded.render(RespondValues(make_risk(), "g", "Hé", "s"))) == {"user": "Hé!"}
