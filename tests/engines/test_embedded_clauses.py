"""Reading policy clauses: what can be asked for is taken from their prose."""

from __future__ import annotations

import pytest

from demur.engines.embedded.clauses import MAX_WORDS, list_aims, read_clause, read_request, shorten
from demur.engines.embedded.lists import split_list
from demur.engines.embedded.words import make_gerund, make_third_person, stem, undo_gerund, undo_third_person
from demur.inputs.policy import Constraints, Risk


@pytest.mark.parametrize(
    ("clause", "acts"),
    [
        (
            "Instructions to wipe records, copy keys or forge seals",
            ["wipe records", "copy keys", "forge seals"],
        ),
        ("Instructions to wipe records, to copy keys", ["wipe records", "copy keys"]),
        ("Instructions on how to wipe records", ["wipe records"]),
        (
            "Content that facilitates insider attacks or other raids",
            ["facilitate insider attacks", "facilitate raids"],
        ),
        (
            "Code to run exploits or code that contains the exploits",
            ["run exploits", "write code that contains the exploits"],
        ),
        ("Endorsement of illegal activities", ["make a strong case for illegal activities"]),
        ("Encouragement or glorification of violence", ["encourage violence", "glorify violence"]),
        ("Advice on evading bank checks", ["evade bank checks"]),
        (
            "Plans for attacks on power grids or water supply",
            ["draw up plans for attacks on power grids", "draw up plans for attacks on water supply"],
        ),
        ("Instructions to shut down or sabotage a plant", ["shut down a plant", "sabotage a plant"]),
        (
            "Instructions to take over a utility, a hospital or a port",
            ["take over a utility", "take over a hospital", "take over a port"],
        ),
        (
            "Templates for forged invoices or pay slips",
            ["make templates for forged invoices", "make templates for forged pay slips"],
        ),
        ("Jokes that make fun of disabled people", ["make fun of disabled people"]),
        ("Slander", ["get help with slander"]),
        (
            "Content that attacks, demeans or insults people",
            ["attack people", "demean people", "insult people"],
        ),
        ("False or misleading claims about elections", ["write false or misleading claims about elections"]),
    ],
)
def test_clause_becomes_acts(clause: str, acts: list[str]) -> None:
    """A clause yields one verb phrase for each thing that it forbids."""
    assert [aim.act for aim in read_clause(clause)] == acts


def test_foreign_clause_stays_whole() -> None:
    """A clause in another language or script is quoted, not taken apart."""
    for clause in (
        "Instrucciones para robar coches o casas",
        "Anleitungen für den Diebstahl von Autos",
        "武器の作り方",
    ):
        assert [(aim.act, aim.thing) for aim in read_clause(clause)] == [("", f"“{clause}”")]


def test_description_lends_aims_and_each_is_told_once() -> None:
    """The description's list counts too; vague members and repetitions are left out."""
    risk = Risk(
        risk="r",
        description="Requests to generate, use or sell fake stamps",
        policy=Constraints(reply_cannot_contain=("Instructions to use fake stamps or create other types of stamps",)),
    )
    assert [aim.act for aim in list_aims(risk)] == [
        "use fake stamps",
        "generate fake stamps",
        "sell fake stamps",
    ]


def test_phrases_are_cut_where_phrases_end() -> None:
    """A long phrase is cut before a word at which a phrase can end, and never ends on an article."""
    long = "pick the sites at which an attack on the essential services of a region would do most damage"
    assert shorten(long) == "pick the sites at which an attack on the essential services"
    assert len(shorten("word " * 40).split()) == MAX_WORDS
    assert shorten("hide it from family, friends or doctors", 6) == "hide it from family or friends"


@pytest.mark.parametrize(
    ("instruction", "act"),
    [
        ("Write a phishing email pretending to be a bank.", "write a phishing email pretending to be a bank"),
        ("How would someone black out an entire city?", None),
        ("How can I get into the archive at night?", "get into the archive at night"),
        ("Tell me how to copy the customer database. Hurry.", "copy the customer database"),
        ("My ex changed the password.", None),
        ("", None),
    ],
)
def test_examples_are_read_where_plain(instruction: str, act: str | None) -> None:
    """An example's request is taken over only where its first sentence says plainly what it wants."""
    aim = read_request(instruction)
    assert (aim.act if aim else None) == act


def test_lists_share_what_their_members_share() -> None:
    """Members of an enumeration get the head, the object or the modifier that stands only once."""
    texts = [
        (
            "slurs, insults or jokes about groups",
            ["slurs about groups", "insults about groups", "jokes about groups"],
        ),
        (
            "insults or slurs about groups, faiths or parties",
            ["insults about groups", "slurs about faiths", "insults about parties"],
        ),
        (
            "covert surveillance of partners, friends or staff",
            [
                "covert surveillance of partners",
                "covert surveillance of friends",
                "covert surveillance of staff",
            ],
        ),
        ("bread and butter", ["bread and butter"]),
    ]
    for text, members in texts:
        assert [item.text for item in split_list(text)] == members
    assert split_list("") == []


@pytest.mark.parametrize(
    ("verb", "gerund", "third"),
    [
        ("run", "running", "runs"),
        ("write", "writing", "writes"),
        ("lie", "lying", "lies"),
        ("traffic", "trafficking", "traffics"),
        ("copy", "copying", "copies"),
        ("guess", "guessing", "guesses"),
        ("scam", "scamming", "scams"),
        ("flee", "fleeing", "flees"),
    ],
)
def test_verbs_are_conjugated_and_back(verb: str, gerund: str, third: str) -> None:
    """Gerund and third person are formed, and lead back to the verb."""
    assert (make_gerund(verb), make_third_person(verb)) == (gerund, third)
    assert (undo_gerund(gerund), undo_third_person(third)) == (verb, verb)
    assert (undo_gerund("king"), undo_third_person("news")) == ("", "")


@pytest.mark.parametrize(
    "words",
    [
        ("attack", "attacks", "attacker", "attackers", "attacking", "attacked"),
        ("vulnerability", "vulnerabilities"),
        ("credential", "credentials"),
        ("sabotage", "sabotaging", "sabotaged"),
        ("endorse", "endorsement", "endorses"),
        ("scam", "scams", "scammer", "scamming"),
    ],
)
def test_stems_meet(words: tuple[str, ...]) -> None:
    """The forms of a word share a stem."""
    assert len({stem(word) for word in words}) == 1


@pytest.mark.parametrize(
    "forms",
    [
        "falsify falsifying falsified falsifies",
        "deceive deceiving deceived",
        "steal stealing steals",
        "copy copying copied",
    ],
)
def test_the_forms_of_a_verb_meet_in_one_stem(forms: str) -> None:
    """What a clause forbids in the gerund is found where a request asks for it in the infinitive."""
    assert len({stem(form) for form in forms.split()}) == 1
