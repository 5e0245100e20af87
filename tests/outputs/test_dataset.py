from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest

from demur.outputs.dataset import describe_drop, describe_match, describe_pair, describe_verdict
from demur.outputs.files import encode
from demur.records import Aim, DraftId, Drop, Label, Match, Reason, Stage
from tests.samples import (
    INSTRUCTION,
    RESPONSE,
    make_answered,
    make_draft,
    make_inputs,
    make_pair,
    make_risk,
    make_verdict,
)

SECRET = "the withheld words of an unsafe reply"


def test_a_pairs_record_has_every_field() -> None:
    """The specification's fields with the policy's values, and all that led to the pair."""
    assert describe_pair(make_pair(), make_inputs()) == {
        "task_name": "tests/lock_picking",
        "is_seed": False,
        "task_description": "Made up for tests",
        "instruction": INSTRUCTION,
        "response": RESPONSE,
        "source": "scripted:generator",
        "metadata": {
            "risk": "lock_picking",
            "risk_description": "Requests for help with opening locks that belong to somebody else",
            "risk_group": "test_risks",
            "risk_group_id": "7",
            "risk_id": "11.10",
            "reason_denial": "LOCKS",
            "short_reply_type": "EXPLICIT_REFUSAL",
            "exception": "LOCKS_EXCEPTION",
            "policy_version": "1.10",
            "mode": "response",
            "id": "tests/lock_picking#3.0",
            "round": 3,
            "position": 0,
            "in_context_seeds": ["seed:2", "seed:5"],
            "instruction_by": {"engine": "scripted", "model": "generator"},
            "response_by": {"engine": "scripted", "model": "responder"},
            "verdicts": {
                "instruction": {
                    "label": "violates",
                    "confidence": 0.987654,
                    "guard": "granite-guardian-3.3",
                    "engine": "openai",
                    "model": "guardian:8b",
                    "reasoning": "It asks for it.",
                    "answer": "yes",
                },
                "response": {
                    "label": "safe",
                    "confidence": 0.987654,
                    "guard": "granite-guardian-3.3",
                    "engine": "openai",
                    "model": "guardian:8b",
                    "answer": "no",
                },
            },
            "nearest": {"id": "seed:4", "rouge_l": 0.412346},
        },
    }


def test_what_a_policy_leaves_out_is_null_and_not_missing() -> None:
    """A reader finds the same keys in every record."""
    risk = make_risk(risk_id="", reason_denial=None, exception=None)
    full, bare = (describe_pair(make_pair(), inputs) for inputs in (make_inputs(), make_inputs(risk=risk)))
    assert isinstance(bare["metadata"], dict)
    assert isinstance(full["metadata"], dict)
    assert bare["metadata"].keys() == full["metadata"].keys()
    assert (bare["metadata"]["reason_denial"], bare["metadata"]["exception"]) == (None, None)


def test_without_confidence_or_neighbour_there_is_a_null() -> None:
    """No number is made up where an engine gave none, or where nothing was near."""
    assert describe_verdict(make_verdict(confidence=None))["confidence"] is None
    assert describe_match(None) is None
    record = describe_pair(replace(make_pair(), neighbour=None), make_inputs())
    assert isinstance(record["metadata"], dict)
    assert record["metadata"]["nearest"] is None


def screened_out(label: Label = Label.VIOLATES, reason: Reason = Reason.RESPONSE_VIOLATES) -> Drop:
    verdict = make_verdict(label, reasoning=f"It says: {SECRET}", answer=f"yes, as {SECRET}")
    return Drop(
        id=make_draft().id, stage=Stage.SCREEN_RESPONSE, reason=reason, instruction=INSTRUCTION, response=SECRET, verdict=verdict
    )  # fmt: skip


@pytest.mark.parametrize(
    ("label", "reason"),
    [(Label.VIOLATES, Reason.RESPONSE_VIOLATES), (Label.UNREADABLE, Reason.VERDICT_UNREADABLE)],
)
def test_a_response_that_no_guard_rated_safe_is_withheld(label: Label, reason: Reason) -> None:
    """Its hash and length stand in for it, and the guard's words, which may quote it, are left out."""
    record = describe_drop(screened_out(label, reason), include_unsafe=False)
    assert SECRET not in json.dumps(record)
    digest = hashlib.sha256(SECRET.encode()).hexdigest()
    assert record["response_withheld"] == {"sha256": digest, "characters": len(SECRET)}
    assert record["verdict"] == {
        "label": label, "confidence": 0.987654, "guard": "granite-guardian-3.3", "engine": "openai", "model": "guardian:8b",
    }  # fmt: skip
    assert (record["instruction"], record["reason"], record["stage"]) == (INSTRUCTION, reason, "screen_response")


def test_a_response_whose_guard_failed_is_withheld_too() -> None:
    """No guard rated it safe either."""
    drop = Drop(
        id=make_draft().id, stage=Stage.SCREEN_RESPONSE, reason=Reason.ENGINE_FAILED, response=SECRET, detail="500"
    )
    record = describe_drop(drop, include_unsafe=False)
    assert SECRET not in json.dumps(record)
    assert record["detail"] == "500"


def test_withheld_responses_can_be_asked_for() -> None:
    """`include_unsafe` writes the response and the guard's words."""
    record = describe_drop(screened_out(), include_unsafe=True)
    assert record["response"] == SECRET
    assert "response_withheld" not in record
    assert record["verdict"] == describe_verdict(screened_out().verdict or make_verdict())


def test_a_surrogate_in_a_withheld_response_is_no_crash() -> None:
    """Its hash is of what a file could hold."""
    record = describe_drop(replace(screened_out(), response="half \ud83d"), include_unsafe=False)
    assert isinstance(record["response_withheld"], dict)
    assert record["response_withheld"]["characters"] == 6


def test_a_cut_off_response_is_withheld_too() -> None:
    """No guard has seen it, so nobody can say that it is harmless."""
    answered = make_answered()
    drop = Drop(
        id=answered.draft.id,
        stage=Stage.RESPOND,
        reason=Reason.RESPONSE_CUT_OFF,
        instruction=INSTRUCTION,
        response="Half",
    )
    assert "Half" not in json.dumps(describe_drop(drop, include_unsafe=False))
    assert describe_drop(drop, include_unsafe=True)["response"] == "Half"


def test_a_near_duplicate_names_its_neighbour() -> None:
    """Its id and the score."""
    drop = Drop(
        id=make_draft().id,
        stage=Stage.DEDUPE,
        reason=Reason.NEAR_DUPLICATE,
        instruction="x",
        neighbour=Match("seed:1", 0.75),
    )
    assert describe_drop(drop, include_unsafe=False)["nearest"] == {"id": "seed:1", "rouge_l": 0.75}


def test_a_lost_round_has_an_id_without_a_position() -> None:
    """It says which request it was, and why it was lost."""
    whole = replace(make_draft().id, position=-1)
    drop = Drop(id=whole, stage=Stage.PROPOSE, reason=Reason.GENERATOR_REFUSED, detail="I can't.")
    assert describe_drop(drop, include_unsafe=False) == {
        "id": "tests/lock_picking#3", "stage": "propose", "reason": "generator_refused", "detail": "I can't.",
    }  # fmt: skip


@pytest.mark.parametrize("include_unsafe", [True, False])
def test_every_record_is_json(include_unsafe: bool) -> None:
    """Enumerations and tuples become plain values that are read back as they were."""
    for record in (
        describe_pair(make_pair(), make_inputs()),
        describe_drop(screened_out(), include_unsafe=include_unsafe),
    ):
        assert json.loads(encode(record)) == record


def test_what_a_guard_says_beside_its_label_is_written() -> None:
    """Whether it declines, what was found, and what each member of an ensemble said; only where there is any."""
    plain = describe_verdict(make_verdict())
    assert not {"declines", "categories", "members"} & plain.keys()
    member = make_verdict(Label.SAFE, declines=True, categories=("PII",))
    written = describe_verdict(make_verdict(members=(member, make_verdict()), declines=False))
    assert written["declines"] is False
    assert written["members"] == [describe_verdict(member), plain]
    assert describe_verdict(member)["categories"] == ["PII"]


def test_a_members_words_are_withheld_with_the_response() -> None:
    """The words of an ensemble's members may quote an unsafe response just as a single guard's."""
    member = make_verdict(reasoning=f"It says: {SECRET}", answer=f"yes, as {SECRET}", categories=("PII",))
    drop = replace(screened_out(), verdict=make_verdict(members=(member, member)))
    withheld = describe_drop(drop, include_unsafe=False)
    assert SECRET not in json.dumps(withheld)
    assert isinstance(withheld["verdict"], dict)
    assert [each["categories"] for each in withheld["verdict"]["members"]] == [["PII"], ["PII"]]
    assert SECRET in json.dumps(describe_drop(drop, include_unsafe=True)["verdict"])


@pytest.mark.parametrize("given", [1_000, 40, 17])
def test_a_servers_words_that_quote_a_withheld_response_are_withheld_too(given: int) -> None:
    """A guard's server that refuses a request quotes it, response and all: the kind of failure stays, the quote goes."""
    response = "".join(f"word{number} " for number in range(100))[:given]
    detail = f"RequestRejected: http://x refuses this request (HTTP 400): cannot judge {response[:230]}…"
    drop = Drop(id=DraftId("t", 0, 0), stage=Stage.SCREEN_RESPONSE, reason=Reason.ENGINE_FAILED, instruction="i",
                response=response, detail=detail)  # fmt: skip
    withheld = describe_drop(drop, include_unsafe=False)["detail"]
    assert withheld == "RequestRejected: its words quote the withheld response"
    assert describe_drop(drop, include_unsafe=True)["detail"] == detail
    other = "RequestRejected: http://x refuses this request (HTTP 400): too long"
    kept = Drop(id=drop.id, stage=drop.stage, reason=drop.reason, instruction="i", response=response, detail=other)
    assert describe_drop(kept, include_unsafe=False)["detail"] == other


def test_a_pairs_record_says_what_its_round_aimed_at() -> None:
    """The clause by its text and its number, counted from 1, and the axes; one that is not aimed at is left out."""
    pair = make_pair()
    aimed = replace(pair, draft=replace(pair.draft, aim=Aim("", 1, (("tense", "past"), ("region", "north")))))
    record = describe_pair(aimed, make_inputs())["metadata"]
    assert isinstance(record, dict)
    assert record["clause"] == {"number": 2, "text": "Advice on copying keys in secret"}
    assert record["axes"] == {"tense": "past", "region": "north"}
    plain = describe_pair(pair, make_inputs())["metadata"]
    assert isinstance(plain, dict)
    assert {key: value for key, value in record.items() if key not in ("clause", "axes")} == plain
    assert list(record)[: len(plain)] == list(plain)


def test_a_pairs_record_has_the_fields_of_its_own_risk() -> None:
    """Where a task has several, the aim tells which."""
    inputs = make_inputs()
    other = make_risk(risk="queue_jumping", risk_id="11.2", short_reply_type="POLITE_REDIRECT")
    two = replace(inputs, risks=(inputs.risk, other))
    pair = make_pair()
    record = describe_pair(replace(pair, draft=replace(pair.draft, aim=Aim("queue_jumping", 0))), two)["metadata"]
    assert isinstance(record, dict)
    assert (record["risk"], record["risk_id"], record["short_reply_type"]) == (
        "queue_jumping",
        "11.2",
        "POLITE_REDIRECT",
    )


def test_twins_and_mutants_say_what_they_were_made_of() -> None:
    """A twin has its parent, its permission and the mode `comply`; a mutant its parent and its kind; others neither."""
    pair = make_pair()
    parent = pair.draft.id
    made_id = replace(parent, branch="twin.1")
    twin = replace(pair, draft=replace(pair.draft, id=made_id, parent=parent, kind="twin", permission="Advice"))
    mutant = replace(pair, draft=replace(pair.draft, id=made_id, parent=parent, kind="typos"))
    described = [describe_pair(each, make_inputs())["metadata"] for each in (pair, twin, mutant)]
    keys = ("mode", "twin_of", "permission", "mutated_from", "mutation")
    found = [[metadata.get(key) for key in keys] for metadata in described]  # type: ignore[attr-defined]
    assert found == [
        ["response", None, None, None, None],
        ["comply", str(parent), "Advice", None, None],
        ["response", None, None, str(parent), "typos"],
    ]
    assert described[1]["id"] == "tests/lock_picking#3.0/twin.1"  # type: ignore[index]
