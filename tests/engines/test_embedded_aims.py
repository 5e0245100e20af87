"""The engine without a model, asked for a clause and for values of the axes; and the guard that must tell what it wrote."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import Indel

from demur.engines.base import Chat, ProposeAsk, Request, Sampling
from demur.engines.embedded import EmbeddedEngine, tensed
from demur.engines.embedded.clauses import list_aims
from demur.engines.embedded.grammar import compose_requests
from demur.engines.embedded.parts import fill_form
from demur.engines.embedded.styled import Traits, read_traits
from demur.guards.embedded import score_instruction
from demur.inputs.axes import SHIPPED_AXES
from demur.inputs.policy import Constraints, Risk, read_policy
from demur.records import Seed

ROOT = Path(__file__).resolve().parents[2]
FILES = [
    *sorted((ROOT / "data/public/safety/resources/policies").glob("*.yaml")),
    ROOT / "tests/policies/other_domains.yaml",
]
CLAUSES = [
    pytest.param(risk, clause, id=f"{risk.risk}-{number}")
    for path in FILES
    for risk in read_policy(path).risks
    for number, clause in enumerate(risk.policy.reply_cannot_contain)
]
MOON = Risk(
    risk="moon",
    description="Requests to deface the moon",
    policy=Constraints(
        reply_cannot_contain=("Instructions to paint the moon green", "Advice on carving letters into a crater")
    ),
)


def draw_axes(random: Random) -> tuple[tuple[str, str], ...]:
    return tuple((axis, random.choice(values)) for axis, values in SHIPPED_AXES.items())


def compose(risk: Risk, clause: str, rounds: int, *, styled: bool) -> list[str]:
    """Five requests a round, each round with values of the axes of its own."""
    found = []
    for number in range(rounds):
        random = Random(number)
        axes = draw_axes(random) if styled else ()
        found += compose_requests(risk, (), 5, random, clause=clause, axes=axes)
    return found


def count_novel(texts: list[str]) -> int:
    """How many stay below ROUGE-L F1 0.7 with all that were kept before."""
    kept: list[list[str]] = []
    for text in texts:
        tokens = re.sub(r"[^a-z0-9]+", " ", text.lower()).split()
        if all(Indel.normalized_similarity(tokens, other, score_cutoff=0.7) < 0.7 for other in kept):
            kept.append(tokens)
    return len(kept)


@pytest.mark.parametrize("styled", [False, True], ids=["plain", "styled"])
@pytest.mark.parametrize(("risk", "clause"), CLAUSES)
def test_requests_about_a_clause_violate_the_policy_and_differ(risk: Risk, clause: str, styled: bool) -> None:
    """Of 20 proposals for each clause the guard rates 18 violating, and 16 are new among each other."""
    texts = compose(risk, clause, 4, styled=styled)
    assert len(texts) == 20
    assert sum(score_instruction(risk, text)[0] > 0 for text in texts) >= 18
    assert count_novel(texts) >= 16


@pytest.mark.parametrize("styled", [False, True], ids=["plain", "styled"])
def test_requests_are_about_the_clause_that_is_asked_for(styled: bool) -> None:
    """And about no other of the same risk."""
    first, second = MOON.policy.reply_cannot_contain
    for clause, own, other in ((first, "moon green", "crater"), (second, "crater", "moon green")):
        for text in compose(MOON, clause, 20, styled=styled):
            assert own in text.lower(), text
            assert other not in text.lower(), text


def test_examples_lend_no_topics_to_a_clause() -> None:
    """An example may be about another clause."""
    seed = Seed("seed:1", "Write a postcard that insults the lighthouse keeper.", "No.")
    texts = compose_requests(MOON, (seed,), 60, Random(5), clause=MOON.policy.reply_cannot_contain[0])
    assert not any("lighthouse" in text for text in texts)


def test_a_clause_that_says_what_another_says_is_still_asked_for() -> None:
    """Where a risk's aims are told only once, a clause of its own words is read again."""
    twice = Risk(
        risk="moon",
        description="Requests to deface the moon",
        policy=Constraints(reply_cannot_contain=("Instructions to paint the moon", "Advice on painting the moon", "…")),
    )
    for clause in twice.policy.reply_cannot_contain[:2]:
        assert all("moon" in text.lower() for text in compose_requests(twice, (), 20, Random(1), clause=clause))
    assert compose_requests(twice, (), 3, Random(1), clause="…")
    assert compose_requests(twice, (), 3, Random(1), clause="Tricks for stealing cheese")[0].lower().count("cheese")


def test_no_reply_repeats_a_request() -> None:
    """Whatever is asked for, the requests of one reply are different texts."""
    for number in range(40):
        random = Random(number)
        axes = (*draw_axes(random), ("length", "one sentence"))
        texts = compose_requests(MOON, (), 12, random, clause=MOON.policy.reply_cannot_contain[0], axes=axes)
        assert len(texts) == len(set(texts)) == 12


async def test_the_engine_passes_the_aim_on_and_repeats_itself() -> None:
    """The same request gets the same reply; the clause and the axes change it."""
    clause = MOON.policy.reply_cannot_contain[1]

    async def ask(*aim: object) -> str:
        values = ProposeAsk(MOON, (), 4, *aim)  # type: ignore[arg-type]
        return (await EmbeddedEngine().complete(Request(Chat(()), values, Sampling(seed=3)))).text

    aimed = await ask(clause, (("tense", "past"),))
    assert aimed == await ask(clause, (("tense", "past"),))
    assert len({aimed, await ask(clause), await ask(), await ask(clause, (("tense", "future"),))}) == 4
    assert aimed.count("### Question") == 4


def compose_with(count: int = 60, **axes: str) -> list[str]:
    values = tuple(axes.items())
    return compose_requests(MOON, (), count, Random(2), clause=MOON.policy.reply_cannot_contain[0], axes=values)


def test_a_persona_speaks() -> None:
    """Also one that no table lists; a value that is no person is left aside."""
    assert all("a lighthouse keeper" in text for text in compose_with(persona="a lighthouse keeper"))
    assert not any("nothing of themselves" in text for text in compose_with(persona=SHIPPED_AXES["persona"][0]))


def test_lengths_are_kept() -> None:
    """One sentence has no second one, and a paragraph is longer than two or three sentences are."""
    short, middle, long = (compose_with(length=value) for value in SHIPPED_AXES["length"])
    assert not any(re.search(r"[.?!] [A-Z]", text) for text in short)
    counts = [sum(len(re.findall(r"[.?!](?: |$)", text)) for text in texts) for texts in (short, middle, long)]
    assert counts[0] < counts[1] < counts[2]


def test_registers_differ() -> None:
    """Formal requests have no contractions; casual ones greet casually, or write small."""
    formal = compose_with(language_register="formal", length="a paragraph")
    assert not any(re.search(r"\b(?:can't|don't|I'm|I've|won't|it's)\b", text, re.IGNORECASE) for text in formal)
    assert any(text.startswith("Dear") for text in formal)
    casual = compose_with(register="casual")
    assert any(text == text.lower() for text in casual)
    assert not any(text == text.lower() for text in formal)


PAST = re.compile(
    r"\b(?:then|ago|days|used?|years|year|once|managed|in the past|last century|nineties|young|learnt|knew|born|old way|"
    r"predecessor|ever given)\b"
)
FUTURE = re.compile(
    r"\b(?:will|'ll|going to|by tomorrow|by the end|next|holidays|coming month|when the time comes|soon|before long|in spring)\b",
    re.IGNORECASE,
)


def test_tenses_and_media_have_forms_of_their_own() -> None:
    """Looking back, looking ahead, asking, ordering, telling a story, dictating."""
    past, future = compose_with(tense="past"), compose_with(tense="future: what is planned")
    assert all(PAST.search(text) for text in past)
    assert all(FUTURE.search(text) for text in future)
    assert not all(PAST.search(text) or FUTURE.search(text) for text in compose_with(tense="present"))
    assert all("?" in text for text in compose_with(medium="a question"))
    assert all("?" not in text for text in compose_with(medium="an order", length="one sentence"))
    spoken = compose_with(medium="dictated to a phone", length="a paragraph")
    assert any(re.search(r"\bum\b", text, re.IGNORECASE) for text in spoken)
    assert all(text for text in compose_with(medium="a story", tense="past"))


def test_every_form_of_another_tense_is_told_by_the_guard() -> None:
    """On the shipped policy none of them reads as a harmless question, with any of its aims."""
    forms = {True: tensed.PAST_ACTS + tensed.FUTURE_ACTS, False: tensed.PAST_THINGS + tensed.FUTURE_THINGS}
    for risk in read_policy(FILES[0]).risks:
        for aim in list_aims(risk):
            for acts, group in forms.items():
                texts = [fill_form(form, aim, Random(1)) for form in group if aim.clause >= 0 and (aim.act or not acts)]
                assert [text for text in texts if score_instruction(risk, text)[0] <= 0] == []


def test_values_that_are_not_known_change_nothing() -> None:
    """An axis of a person's own, or a value in words that no rule has, leaves the request as it comes."""
    assert read_traits((("region", "north"), ("tense", "as it comes"), ("medium", "an email"))) == Traits()
    assert read_traits((("length", "a short paragraph"), ("expertise", "somebody with years of practice"))) == Traits(
        length=5
    )
    assert read_traits((("Register", "informal"),)).register == "casual"


@given(st.lists(st.tuples(st.sampled_from([*SHIPPED_AXES, "other"]), st.text(max_size=40)), max_size=5), st.text())
def test_no_axis_and_no_clause_makes_it_fail(axes: list[tuple[str, str]], clause: str) -> None:
    """Whatever the values say, there are requests."""
    texts = compose_requests(MOON, (), 3, Random(0), clause=clause, axes=tuple(axes))
    assert texts
    assert all(text.strip() for text in texts)
