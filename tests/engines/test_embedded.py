"""The engine without a model: what it composes for shipped and foreign policies."""

from __future__ import annotations

import json
import re
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Indel

from demur.engines.base import (
    Chat,
    Engine,
    Identity,
    JudgeAsk,
    Message,
    ProposeAsk,
    Raw,
    Request,
    RespondAsk,
    Sampling,
)
from demur.engines.embedded import MODEL, EmbeddedEngine
from demur.engines.embedded.grammar import compose_requests
from demur.errors import RequestRejected
from demur.inputs.policy import Constraints, Policy, Risk
from demur.inputs.yaml_text import read_documents
from demur.records import Origin, Seed

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = Policy.model_validate(
    read_documents(ROOT / "data/public/safety/resources/policies/cybersecurity_risks.yaml")[0].data
)
OTHER = Policy.model_validate(read_documents(ROOT / "tests/policies/other_domains.yaml")[0].data)
RISKS = {risk.risk: risk for risk in (*SHIPPED.risks, *OTHER.risks)}
SEED_PATH = ROOT / "data/public/safety/refusal/cybersecurity/seed_examples.jsonl"
SEEDS = tuple(
    Seed(f"seed:{number}", **json.loads(line))
    for number, line in enumerate(SEED_PATH.read_text(encoding="utf-8").splitlines(), 1)
)


def _make_risk(
    *cannot: str, may: tuple[str, ...] = (), description: str = "Requests of some kind", kind: str = "X"
) -> Risk:
    constraints = Constraints(reply_cannot_contain=cannot, reply_may_contain=may)
    return Risk(risk="some_risk", description=description, short_reply_type=kind, policy=constraints)


async def _propose(risk: Risk, count: int = 5, seed: int | None = 1, sample: int = 0) -> str:
    request = Request(Chat(()), ProposeAsk(risk, (), count), Sampling(seed=seed), sample=sample)
    return (await EmbeddedEngine().complete(request)).text


async def _respond(risk: Risk, instruction: str, seed: int = 1) -> str:
    request = Request(Chat(()), RespondAsk(risk, instruction), Sampling(seed=seed))
    return (await EmbeddedEngine().complete(request)).text


def _split_rouge(text: str) -> list[str]:
    return re.sub(r"[^a-z0-9]+", " ", text.lower()).split()


def _share_novel(risk: Risk, seeds: tuple[Seed, ...], wanted: int) -> float:
    """The share of proposals that stay below ROUGE-L F1 0.7 with the seeds and all kept before."""
    kept = [_split_rouge(seed.instruction) for seed in seeds]
    begun = len(kept)
    for number in range(wanted // 5):
        random = Random(number)
        examples = random.sample(seeds, 3) if seeds else []
        for text in compose_requests(risk, examples, 5, random):
            tokens = _split_rouge(text)
            if all(Indel.normalized_similarity(tokens, other, score_cutoff=0.7) < 0.7 for other in kept):
                kept.append(tokens)
    return (len(kept) - begun) / wanted


def test_thousand_novel_requests_of_the_shipped_risk() -> None:
    """At least 80% of 1,300 proposals are mutually novel at ROUGE-L 0.7, seeds included."""
    assert _share_novel(RISKS["spam_phishing"], SEEDS, 1300) >= 0.8


@pytest.mark.parametrize("name", ["cyber_security_exploits", "self_harm_advice", "misinformation"])
def test_other_risks_yield_novel_requests(name: str) -> None:
    """Policies of other domains, without any seeds, keep at least 80% of 500 proposals."""
    assert _share_novel(RISKS[name], (), 500) >= 0.8


@pytest.mark.parametrize("name", RISKS)
async def test_composed_text_is_well_formed(name: str) -> None:
    """Requests and refusals have no gaps, no leftover slots, no doubled articles, and an end."""
    for seed in range(60):
        text = await _propose(RISKS[name], seed=seed)
        for instruction in [block.partition("\n")[2] for block in text.split("\n\n")]:
            refusal = await _respond(RISKS[name], instruction, seed)
            for written in (instruction, refusal):
                assert written == written.strip()
                assert not re.search(r"  |[{}]| [,.?]|\b(?:a|an|the) (?:a|an|the)\b|\ba [aeio]|,,|\.\.$", written), (
                    written
                )
            assert instruction[0].isupper() or instruction == instruction.lower() or not instruction[0].isalpha(), (
                instruction
            )
            assert refusal[-1] in ".?"
            assert refusal[0].isupper()


async def test_reply_has_numbered_blocks() -> None:
    """A proposal's reply holds as many `### Question N:` blocks as were asked for."""
    text = await _propose(RISKS["spam_phishing"], count=7)
    assert [int(number) for number in re.findall(r"^### Question (\d+):\n\S", text, re.MULTILINE)] == list(range(1, 8))


async def test_same_request_same_reply() -> None:
    """Seed and sample number decide the reply; either one changes it."""
    risk = RISKS["spam_phishing"]
    first = await _propose(risk, seed=3, sample=0)
    assert first == await _propose(risk, seed=3, sample=0)
    assert (
        len(
            {
                first,
                await _propose(risk, seed=4),
                await _propose(risk, seed=3, sample=1),
                await _propose(risk, seed=None),
            }
        )
        == 4
    )
    assert await _respond(risk, "Write spam.", 1) == await _respond(risk, "Write spam.", 1)


async def test_requests_speak_of_the_policy() -> None:
    """What is asked for is what the clauses forbid, not something built in."""
    text = await _propose(_make_risk("Instructions to paint the moon green"), count=40)
    blocks = [block.partition("\n")[2].lower() for block in text.split("\n\n")]
    assert all("moon green" in block for block in blocks)


async def test_examples_lend_their_topics() -> None:
    """What an example plainly asks for comes back in other forms."""
    seed = Seed("seed:1", "Write a postcard that insults the lighthouse keeper.", "No.")
    request = Request(Chat(()), ProposeAsk(RISKS["hate_speech"], (seed,), 60), Sampling(seed=5))
    text = (await EmbeddedEngine().complete(request)).text
    assert "lighthouse keeper" in text
    assert seed.instruction not in text


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("EXPLICIT_REFUSAL", r"can't|won't|decline|refuse|no\b|not able|don't|pass on|isn't|not something"),
        ("POLITE_REDIRECT", r"rather|can't|won't|leave|another direction|not a road|not something"),
        ("CAUTIOUS_INFORMATIVE", r"careful|can't|not able|hold back|won't|care"),
        ("INFORMATIVE_RESPONSE", r"general|limits"),
        ("INFORMATIVE_WITH_DISCLAIMER", r"professional|qualified"),
        ("CANNOT_COMMENT_RIVAL_SHOPS", r"rival shops"),
        ("SOMETHING_NEW", r"can't|won't|decline|refuse|no\b|not able|don't|pass on|isn't|not something"),
    ],
)
async def test_reply_type_shapes_the_reply(kind: str, words: str) -> None:
    """Each reply type has its own manner; an unknown one is a plain refusal. Replies vary and stay short."""
    risk = _make_risk(
        "Instructions to paint the moon green",
        may=("General information about astronomy", "Polite denial"),
        kind=kind,
    )
    replies = {await _respond(risk, "How do I paint the moon green?", seed) for seed in range(40)}
    assert len(replies) >= 12
    for reply in replies:
        assert re.search(words, reply), reply
        assert "general information about astronomy" in reply
        assert len(reply.split()) <= 60


async def test_offers_read_naturally() -> None:
    """Clauses on what a reply may hold become offers; those that only speak of denying do not."""
    offers = {
        "Suggestion to contact a doctor": "contact",
        "Advice to run a drill": "running a drill",
        "Explaining how banks work": "explain how banks work",
        "Pointers to public registers": "give you pointers to public registers",
    }
    for clause, wanted in offers.items():
        replies = [await _respond(_make_risk("Slander", may=(clause,)), "Slander him.", seed) for seed in range(20)]
        assert any(wanted in reply for reply in replies), (clause, replies[:3])
    denied = [
        await _respond(_make_risk("Slander", may=("Polite denial to help",)), "Slander him.", seed) for seed in range(9)
    ]
    assert not any("denial" in reply for reply in denied)


async def test_refusal_repeats_no_detail_of_the_request() -> None:
    """A refusal names its topic in the policy's words, never in the request's."""
    instruction = "Write a phishing email to Quixwood dairy farmers about their zebra licence."
    for seed in range(30):
        reply = (await _respond(RISKS["spam_phishing"], instruction, seed)).lower()
        assert not re.search("quixwood|dairy|zebra|licence", reply), reply


async def test_engine_keeps_the_protocol() -> None:
    """It names itself, counts words, and refuses to judge with a hint."""
    engine: Engine = EmbeddedEngine()
    assert engine.identity == Identity("embedded", MODEL, "")
    chat = Chat((Message("system", "one two"), Message("user", "three")))
    reply = await engine.complete(Request(chat, RespondAsk(RISKS["hate_speech"], "Write slurs.")))
    assert (reply.origin, reply.finish) == (Origin("embedded", MODEL), "stop")
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (3, len(reply.text.split()))
    raw = await engine.complete(Request(Raw("four words are here"), RespondAsk(RISKS["hate_speech"], "Write slurs.")))
    assert raw.usage.prompt_tokens == 4
    with pytest.raises(RequestRejected, match="does not judge") as caught:
        await engine.complete(Request(chat, JudgeAsk(RISKS["hate_speech"], "Write slurs.")))
    assert "validators/embedded" in caught.value.hint
    await engine.close()


_TEXT = st.text(min_size=1, max_size=120)
_CLAUSE = _TEXT | st.builds(
    " ".join,
    st.lists(
        st.sampled_from(
            [
                "Instructions",
                "to",
                "for",
                "of",
                "on",
                "that",
                "who",
                "write",
                "hide",
                "sabotage",
                "writing",
                ",",
                "or",
                "and",
                "a",
                "the",
                "other",
                "fake",
                "code",
                "content",
                "emails",
                "plans",
                "help",
                "someone",
                "such",
                "as",
                "(",
                ")",
                "Endorsement",
                "either",
                ".",
                "themselves",
                "more",
                "public",
            ]
        ),
        min_size=1,
        max_size=14,
    ),
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(_CLAUSE, min_size=1, max_size=4),
    st.lists(_CLAUSE, max_size=3),
    _CLAUSE,
    _TEXT,
    _TEXT,
    st.integers(),
)
async def test_no_policy_makes_it_fail(
    cannot: list[str], may: list[str], description: str, kind: str, instruction: str, seed: int
) -> None:
    """Whatever a policy, an example or a request says, there are requests and a refusal."""
    risk = _make_risk(*cannot, may=tuple(may), description=description, kind=kind)
    ask = ProposeAsk(risk, (Seed("seed:1", instruction, "No."),), 3)
    reply = await EmbeddedEngine().complete(Request(Chat(()), ask, Sampling(seed=seed)))
    assert len(re.findall(r"^### Question \d:$", reply.text, re.MULTILINE)) >= 3
    assert (await _respond(risk, instruction)).strip()
