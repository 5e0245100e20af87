from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import LCSseq

from demur.outputs.files import encode
from demur.outputs.preferences import (
    PREFERENCES,
    PreferenceForm,
    choose_preferences,
    describe_preference,
    write_preferences,
)
from demur.outputs.rejections import REJECTIONS, Flaw
from demur.records import TWIN, Pair
from demur.stages.tokenise import tokenise
from tests.samples import INSTRUCTION, RESPONSE, make_inputs, make_pair, make_risk, make_summary

SECRET = "zanzibar"
"""A word that no text of ours has."""


def make_pairs(count: int = 200, response: str = RESPONSE) -> list[Pair]:
    return [make_pair(position=number, response=response) for number in range(count)]


def make_twin(position: int = 0, response: str = "A pin tumbler lock has pins of different lengths in it.") -> Pair:
    pair = make_pair(position=position, instruction="How does a lock of a shed work?", response=response)
    branch = replace(pair.draft.id, branch="twin.0")
    return replace(pair, draft=replace(pair.draft, id=branch, parent=pair.draft.id, kind=TWIN, permission="education"))


def test_a_plain_preference_pair() -> None:
    """Strings: the instruction, the response, and one of our own refusals, with what makes it worse."""
    (preference,) = choose_preferences([make_pair()], make_inputs()).preferences
    assert describe_preference(preference, "plain") == {
        "prompt": INSTRUCTION,
        "chosen": RESPONSE,
        "rejected": preference.rejected,
        "metadata": {
            "id": "tests/lock_picking#3.0", "risk": "lock_picking", "mode": "response", "why": str(preference.flaw),
            "language": "en",
        },
    }  # fmt: skip
    assert preference.rejected in REJECTIONS["en"][preference.flaw]


def test_a_conversational_preference_pair() -> None:
    """Messages: the user's alone in the prompt, the assistant's in both answers; the texts are those of the plain form."""
    (preference,) = choose_preferences([make_pair()], make_inputs()).preferences
    plain, talk = (describe_preference(preference, form) for form in get_args(PreferenceForm))
    assert talk["prompt"] == [{"role": "user", "content": plain["prompt"]}]
    assert talk["chosen"] == [{"role": "assistant", "content": plain["chosen"]}]
    assert talk["rejected"] == [{"role": "assistant", "content": plain["rejected"]}]
    assert talk["metadata"] == plain["metadata"]


def test_refusals_stand_over_bare_and_lecturing_ones_in_turn() -> None:
    """About half each, and dozens of different texts."""
    found = choose_preferences(make_pairs(), make_inputs())
    assert found.count()["left_out"] == {}
    written = found.count()["written"]
    assert set(written) == {"bare", "lecturing"}
    assert min(written.values()) > 70
    assert len({preference.rejected for preference in found.preferences}) > 60


@pytest.mark.parametrize(
    "reply_type",
    ["INFORMATIVE_RESPONSE", "INFORMATIVE_WITH_DISCLAIMER", "CAUTIOUS_INFORMATIVE", "informative_response"],
)
def test_where_information_is_wanted_a_flat_refusal_is_rejected(reply_type: str) -> None:
    """The informative reply types are preferred to declining, not to a sermon."""
    inputs = make_inputs(risk=make_risk(short_reply_type=reply_type))
    found = choose_preferences(make_pairs(40), inputs)
    assert {preference.flaw for preference in found.preferences} == {Flaw.BARE}


def test_help_stands_over_needless_refusal() -> None:
    """A twin's helpful answer is preferred to a refusal out of exaggerated caution."""
    found = choose_preferences([make_twin(number) for number in range(60)], make_inputs())
    assert found.count() == {"written": {"needless": 60}, "left_out": {}}
    texts = {preference.rejected for preference in found.preferences}
    assert texts <= set(REJECTIONS["en"][Flaw.NEEDLESS])
    assert len(texts) == 12
    metadata = describe_preference(found.preferences[0], "plain")["metadata"]
    assert metadata == {
        "id": "tests/lock_picking#3.0/twin.0", "risk": "lock_picking", "mode": "comply", "why": "needless", "language": "en",
    }  # fmt: skip


def test_a_pair_keeps_its_rejected_answer_whatever_comes_beside_it() -> None:
    """It depends on the pair alone: a longer run writes the same lines again, and more."""
    pairs = make_pairs(30)
    few, many = (choose_preferences(some, make_inputs()).preferences for some in (pairs[10:20], pairs))
    assert few == many[10:20]


@pytest.mark.parametrize(
    ("language", "response"),
    [
        ("de", "Fremde Schuppen helfe ich nicht zu öffnen. Wenn es der eigene ist, kann ein Schlüsseldienst kommen."),
        ("fr", "Je ne vous aiderai pas à ouvrir la cabane de votre voisin, mais un serrurier peut ouvrir la vôtre."),
        ("es", "No puedo ayudar a abrir el cobertizo de su vecino. Si es suyo, un cerrajero puede hacerlo."),
        ("it", "Non posso aiutare ad aprire il capanno del vicino. Se è suo, può farlo un fabbro."),
        ("pt", "Não posso ajudar a abrir o barracão do seu vizinho. Se for seu, um serralheiro pode fazê-lo."),
    ],
)
def test_the_rejected_answer_speaks_the_responses_language(language: str, response: str) -> None:
    """Else the language would tell the worse answer, and nothing else would be learnt."""
    found = choose_preferences(make_pairs(20, response), make_inputs())
    assert {preference.language for preference in found.preferences} == {language}
    ours = {text for texts in REJECTIONS[language].values() for text in texts}
    assert {preference.rejected for preference in found.preferences} <= ours


def test_pairs_in_other_languages_are_left_out_and_counted() -> None:
    """An English rejection of a Dutch or Japanese response would be a wrong one."""
    responses = ["Daar kan ik je niet bij helpen, maar een slotenmaker komt graag.", "鍵屋に頼んでください。"]
    found = choose_preferences([make_pair(response=response) for response in responses], make_inputs())
    assert found.preferences == ()
    assert found.count() == {"written": {}, "left_out": {"no_phrases": 2}}


@pytest.mark.parametrize(
    "response",
    [
        *REJECTIONS["en"][Flaw.BARE][:3],
        "Sorry, I'm unable to assist with that request.",
        "No, I won't do this for you.",
        "Tut mir leid, dabei kann ich Ihnen nicht helfen.",
    ],
)
def test_a_bare_response_is_preferred_to_nothing(response: str) -> None:
    """It is what others are rejected for: such a pair is left out, and counted."""
    assert choose_preferences([make_pair(response=response)], make_inputs()).count() == {
        "written": {}, "left_out": {"bare_response": 1},
    }  # fmt: skip


@pytest.mark.parametrize("flaw", [Flaw.LECTURING, Flaw.NEEDLESS])
def test_an_answer_is_never_rejected_in_favour_of_itself(flaw: Flaw) -> None:
    """Where the response is nearly one of our texts, another one is rejected."""
    make = make_twin if flaw is Flaw.NEEDLESS else make_pair
    for response in REJECTIONS["en"][flaw]:
        pairs = [make(position=number, response=response) for number in range(8)]
        for preference in choose_preferences(pairs, make_inputs()).preferences:
            left, right = tokenise(preference.rejected), tokenise(response)
            assert 2 * LCSseq.similarity(left, right) < 0.9 * (len(left) + len(right))


@given(
    instruction=st.text(max_size=80).map(lambda text: f"{SECRET} {text}"),
    response=st.one_of(
        st.text(max_size=200),
        st.lists(st.sampled_from([*RESPONSE.split(), "nicht", "ich", "pas", "je", SECRET]), max_size=30).map(" ".join),
    ),
    twin=st.booleans(),
    position=st.integers(0, 10**6),
)
def test_what_is_rejected_comes_from_the_closed_set(instruction: str, response: str, twin: bool, position: int) -> None:
    """Whatever request and response say, the rejected text is one of ours, and each pair is written or counted."""
    pair = (make_twin if twin else make_pair)(position=position, response=response)
    pair = replace(pair, draft=replace(pair.draft, instruction=instruction))
    found = choose_preferences([pair], make_inputs())
    assert len(found.preferences) + sum(found.left_out.values()) == 1
    for preference in found.preferences:
        assert preference.rejected in REJECTIONS[preference.language][preference.flaw]
        assert SECRET not in preference.rejected
        assert preference.rejected != response
        assert (preference.flaw is Flaw.NEEDLESS) == twin
        assert (
            json.loads(encode(describe_preference(preference, "conversational")))["rejected"][0]["role"] == "assistant"
        )


def test_the_file_is_written_counted_and_removed(tmp_path: Path) -> None:
    """The summary gains the file and its counts; a run that wants none takes an earlier file away."""
    pairs = [*make_pairs(3), make_twin(), make_pair(position=9, response="I can't do that.")]
    summary = write_preferences(make_summary(), tmp_path, pairs, make_inputs(), "plain")
    lines = [json.loads(line) for line in (tmp_path / PREFERENCES).read_text().splitlines()]
    assert [line["prompt"] for line in lines] == [pair.draft.instruction for pair in pairs[:4]]
    assert summary.files[PREFERENCES] == str(tmp_path / PREFERENCES)
    assert summary.preferences["left_out"] == {"bare_response": 1}
    assert summary.preferences["written"] == Counter(line["metadata"]["why"] for line in lines)
    assert len({tuple(sorted(line["metadata"])) for line in lines}) == 1
    assert write_preferences(make_summary(), tmp_path, pairs, make_inputs(), None) == make_summary()
    assert list(tmp_path.iterdir()) == []
