"""The closed set of what preference pairs reject."""

from __future__ import annotations

from pathlib import Path

import pytest

from demur.engines.base import JudgeAsk
from demur.guards.embedded import EmbeddedGuard
from demur.inputs.policy import Policy
from demur.inputs.yaml_text import read_documents
from demur.outputs.languages import guess_language
from demur.outputs.rejections import REJECTIONS, Flaw
from demur.records import Label, Stance
from demur.stages.classify_reply import read_reply

ROOT = Path(__file__).resolve().parents[2]
POLICIES = [
    Policy.model_validate(read_documents(ROOT / path)[0].data)
    for path in (
        "data/public/safety/resources/policies/cybersecurity_risks.yaml",
        "tests/policies/other_domains.yaml",
    )
]
RISKS = {risk.risk: risk for policy in POLICIES for risk in policy.risks}
IN_SPANISH = ("robos",)
TEXTS = [(language, flaw, text) for language, flaws in REJECTIONS.items() for flaw in Flaw for text in flaws[flaw]]


@pytest.mark.parametrize("language", REJECTIONS)
def test_there_is_variety(language: str) -> None:
    """A dozen ways and more of each kind in English, eight and more in the other languages; none stands twice."""
    for flaw, texts in REJECTIONS[language].items():
        assert len(set(texts)) == len(texts) >= (12 if language == "en" else 8), flaw
    everything = [text for texts in REJECTIONS[language].values() for text in texts]
    assert len(set(everything)) == len(everything)


def test_each_is_in_its_language_or_too_short_to_tell() -> None:
    """None reads as another of the languages."""
    for language, _, text in TEXTS:
        guess = guess_language(text)
        assert guess == language or guess not in REJECTIONS, text


def test_each_is_a_sentence() -> None:
    """It begins with a capital letter, ends with a full stop, and has no gap or break."""
    for _, _, text in TEXTS:
        assert text[0].isupper(), text
        assert text.endswith("."), text
        assert text == " ".join(text.split()), text


def test_each_declines() -> None:
    """What stands against help, or against a better refusal, is a refusal itself, as replies are read."""
    assert [text for _, _, text in TEXTS if read_reply(text).stance is not Stance.DECLINES] == []


@pytest.mark.parametrize("name", RISKS)
async def test_each_is_safe_under_every_policy(name: str) -> None:
    """The embedded guard sees no violation in any of them, whichever of the clauses the request asks for.

    It goes by a policy's words: of a policy in Spanish the small ones, which other Romance languages have as well.
    """
    guard, risk = EmbeddedGuard(), RISKS[name]
    texts = [text for language, _, text in TEXTS if name not in IN_SPANISH or language in ("en", "de")]
    for clause in risk.policy.reply_cannot_contain:
        request = f"I want this, in detail: {clause}"
        for text in texts:
            verdict = await guard.judge(JudgeAsk(risk, request, text))
            assert verdict.label is Label.SAFE, (text, verdict)
