"""Guess which language a text is in, from its function words: enough to pick a sentence in the same one, or none."""

from __future__ import annotations

import re

_WORDS = {
    "en": "a an and are as at be but by can can't could do does don't for from have help how i i'd i'll i'm if in instead "
    "is it it's me my not of on or so sorry that the there this to was what which will with won't would you your",
    "de": "aber als am an auch auf aus bei bin bitte da dabei damit das dass dem den der des die dies diese dieser du ein "
    "eine einen einer es für gern gerne haben hier ich ihnen ihre im in ist kann kein keine können leider mir mit nach nicht "
    "oder sich sie sind so tut und von was wenn werden wie wir zu zum zur über",
    "fr": "à au aux avec car ce cela ces cette comme d'un d'une dans de des donc du elle en est et il ils j'ai je l'on la le les "
    "leur mais n'est ne nous on ou par pas peux plus pour puis qu'il que qui sans se si son suis sur un une vos votre vous",
    "es": "a al algo ayudar como con cuando cómo de del el ella en es esa ese eso esta este esto está hay la las le lo los me mi "
    "más muy ni no nos o para pero por porque puede puedo que qué se si sin siento su sus también te tu un una usted y yo",
    "it": "a ai al alla anche che chi ci come con cosa da dal dei del della delle di e è gli ha ho i il in io la le lei lo ma mi "
    "mio ne nel nella non o per perché più posso può questa questo qui se si sono su sua tua un un'altra una",
    "pt": "a ao aos as até com como da das de do dos e ela ele em essa esse está este eu isso isto lhe mais mas me meu minha muito "
    "na nas no nos não o os ou para pela pelo por porque posso pode que se sem seu ser sua são também um uma você à é",
    # Languages without phrases: known so that they are not taken for their neighbours.
    "nl": "aan als bij daar daarmee dan dat de deze die dit door een en er het hier hoe ik in is je kan kunnen maar me met mij "
    "naar niet of om ook op te uit u uw van voor wat we wel zijn zou",
    "ca": "a al amb aquest aquesta això altres com de del dels el els em en és i l'any la les li més no o pel pels per però perquè "
    "puc que qui se si sobre són també un una us vostè",
    "gl": "a ao aos as axudar ben coa con da das de do dos e el en era esa ese está eu é isto lle máis me moi na nas no non o os "
    "outra para pero pola polo podo por que se sen sobre súa un unha vostede",
    "ro": "a acest această asta ca care ce cu cum da dar de din după ea este eu în iar la mai mă nici nu o pe pentru pot prin sau "
    "să se sunt și te un una va vă",
    "sv": "alla att av bara de den det detta dig du eller en ett för från har hur i inte jag kan kommer man med men mig min något "
    "när och om på sig som så till under vad var vi vill är",
    "da": "af at da de den der det dette dig du eller en er et for fra har hvad hvis hvor i ikke jeg kan man med meg mig min når "
    "noe noget og om på seg sig skal som til var vi vil ved å",
}
FUNCTION_WORDS = {language: frozenset(words.split()) for language, words in _WORDS.items()}
"""Frequent words that say nothing of a subject, in small letters, by ISO 639-1 code."""

_LANGUAGES = {
    word: tuple(language for language, words in FUNCTION_WORDS.items() if word in words)
    for known in FUNCTION_WORDS.values()
    for word in known
}
_TOKEN = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_LATIN = re.compile("[A-Za-zÀ-ɏ]")
_MAX_CHARACTERS = 1000
"""How much of a text is looked at, from its beginning."""
_FEWEST_HITS = 2
_SMALLEST_SHARE = 0.2
"""Function words among all; half of them and more in plain prose."""
_LEAD = 1.15
"""How much better than the second the best must do."""


def guess_language(text: str) -> str | None:
    """The language of a text by its ISO 639-1 code, or None where its words do not tell.

    A word counts the more, the fewer of the known languages have it. Other scripts than the Latin give None.
    """
    text = text[:_MAX_CHARACTERS]
    if len(_LATIN.findall(text)) < 0.8 * sum(map(str.isalpha, text)):
        return None
    tokens = [token.lower().replace("’", "'") for token in _TOKEN.findall(text)]
    hits: dict[str, list[str]] = {language: [] for language in FUNCTION_WORDS}
    for token in tokens:
        for language in _LANGUAGES.get(token, ()):
            hits[language].append(token)
    scores = sorted(
        ((sum(1 / len(_LANGUAGES[token]) for token in found), language) for language, found in hits.items()),
        reverse=True,
    )
    (best, language), (second, _) = scores[:2]
    found = hits[language]
    if len(found) < _FEWEST_HITS or len(found) < _SMALLEST_SHARE * len(tokens) or best < _LEAD * second:
        return None
    return language
