from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.outputs.languages import FUNCTION_WORDS, guess_language
from demur.outputs.rejections import REJECTIONS

TOLD = [
    ("en", "I won't help with opening your neighbour's shed. If it is your own, a locksmith can let you in."),
    ("en", "I can’t help with that."),
    ("de", "Dabei helfe ich nicht. Wenn es Ihr eigener Schuppen ist, kann ein Schlüsseldienst ihn öffnen."),
    ("fr", "Je ne vous aiderai pas à ouvrir la cabane de votre voisin. Si c'est la vôtre, un serrurier peut le faire."),
    ("es", "No puedo ayudar a abrir el cobertizo de su vecino. Si es suyo, un cerrajero puede hacerlo."),
    ("it", "Non posso aiutare ad aprire il capanno del vicino. Se è suo, può farlo un fabbro."),
    ("pt", "Não posso ajudar a abrir o barracão do seu vizinho. Se for seu, um serralheiro pode fazê-lo."),
]
NOT_OURS = [
    "Daar kan ik je niet bij helpen. Als het je eigen schuur is, kan een slotenmaker hem openen.",
    "No puc ajudar-vos amb això. Si és vostre, un manyà pot obrir-lo per vostè.",
    "Non podo axudar con isto. Se é seu, un cerralleiro pode abrilo por vostede.",
    "Nu pot să vă ajut cu asta. Dacă este al dumneavoastră, un lăcătuș îl poate deschide.",
    "Det kan jag inte hjälpa till med. Om det är ditt eget skjul kan en låssmed öppna det.",
    "Det kan jeg ikke hjælpe med. Hvis det er dit eget skur, kan en låsesmed åbne det.",
    "Nie mogę w tym pomóc. Jeśli to twoja szopa, otworzy ją ślusarz.",
    "S tím nemohu pomoci. Pokud je kůlna vaše, otevře ji zámečník.",
    "Bu konuda yardımcı olamam. Kulübe sizinse bir çilingir açabilir.",
    "Maaf, saya tidak dapat membantu. Jika itu milik Anda, tukang kunci bisa membukanya.",
    "En voi auttaa tässä. Jos vaja on omasi, lukkoseppä voi avata sen.",
    "Ebben nem tudok segíteni. Ha az öné, egy lakatos kinyithatja.",
    "Я не могу в этом помочь. Если это ваш сарай, его откроет слесарь.",
    "Δεν μπορώ να βοηθήσω σε αυτό.",
    "لا أستطيع المساعدة في ذلك.",
    "这个我不能帮忙。如果是您自己的, 可以找锁匠。",
    "それはお手伝いできません。鍵屋に頼んでください。",
    "도와드릴 수 없습니다.",
]


@pytest.mark.parametrize(("language", "text"), TOLD)
def test_languages_with_phrases_are_told(language: str, text: str) -> None:
    """An ordinary answer of one or two sentences is enough."""
    assert guess_language(text) == language


@pytest.mark.parametrize("text", NOT_OURS)
def test_other_languages_are_not_taken_for_their_neighbours(text: str) -> None:
    """No rejected answer would be written in a language that the response is not in."""
    assert guess_language(text) not in REJECTIONS


@pytest.mark.parametrize("text", ["", "12", "No.", "Jane Austen, 1813", "```python\nreturn text[::-1]\n```"])
def test_what_does_not_tell_its_language_has_none(text: str) -> None:
    """Too few function words are no evidence."""
    assert guess_language(text) is None


@given(st.text(max_size=300))
def test_any_text_has_a_known_language_or_none(text: str) -> None:
    """Whatever a model writes, the guess is one of the known languages or nothing, and the same each time."""
    found = guess_language(text)
    assert found is None or found in FUNCTION_WORDS
    assert guess_language(text) == found
