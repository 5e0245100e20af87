from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score import tokenizers

from demur.stages.tokenise import tokenise

ASCII = st.text(st.characters(max_codepoint=127), max_size=40)


@given(ASCII)
def test_ascii_tokens_are_rouge_scores_tokens(text: str) -> None:
    """Lower-cased runs of a-z and 0-9."""
    assert tokenise(text) == tokenizers.DefaultTokenizer(use_stemmer=False).tokenize(text)


@given(ASCII, st.sampled_from(["“", "…", "—", "’", "\u00a0", "😀", "\u200d", "€"]))
def test_other_punctuation_separates_as_ascii_punctuation_does(text: str, sign: str) -> None:
    """A typographic sign between ASCII words leaves rouge_score's tokens."""
    mixed = f"{text}{sign}{text}"
    assert tokenise(mixed) == tokenizers.DefaultTokenizer(use_stemmer=False).tokenize(mixed)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Café", ["café"]),
        ("Cafe\u0301", ["café"]),
        ("CAFÉ crème", ["café", "crème"]),
        ("Straße STRASSE", ["strasse", "strasse"]),
        ("Привет, мир!", ["привет", "мир"]),
        ("Ελλάς", ["ελλάσ"]),
        ("안녕 하세요", ["안녕", "하세요"]),
        ("مرحبا بالعالم", ["مرحبا", "بالعالم"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("日本語です。", ["日", "本", "語", "で", "す"]),
        ("AIは2つ", ["ai", "は", "2", "つ"]),
        ("北京2024年", ["北", "京", "2024", "年"]),
        ("สวัสดี", ["ส", "วั", "ส", "ดี"]),
        ("ကောင်း", ["ကော", "င်း"]),
        ("ສະບາຍ", ["ສ", "ະ", "ບ", "າ", "ຍ"]),
        ("foo_bar naïve", ["foo", "bar", "naïve"]),
        ("don’t", ["don", "t"]),
        ("☺️ 😀 !", []),
        ("\u0301", []),
    ],
)
def test_other_scripts_give_words_or_characters(text: str, tokens: list[str]) -> None:
    """Words by Unicode, case-folded, with their marks; characters where a script puts no spaces between words."""
    assert tokenise(text) == tokens


@given(st.text(max_size=30))
def test_nothing_with_a_letter_is_without_tokens(text: str) -> None:
    """A text of any script has tokens if it has letters, and none if it has neither letters nor digits."""
    assert bool(tokenise(text)) == any(character.isalnum() for character in text)
