"""Tell whether a text is a model declining, not a request and not an answer.

Used where a refusal is out of place: a generator that was asked for requests. Precision comes first, because
a request may well begin "I can't log in …"; so a declining verb has to follow, and a text that goes on to ask
for something ("help me", "can you") is a request unless its refusal is unmistakable.
"""

from __future__ import annotations

import re

_HEAD_CHARS = 600
"""A refusal declines at once: only the beginning is looked at, which also bounds the cost."""
_SENTENCES = 4

_CANNOT = (
    r"(?:can't|cannot|can not|could not|couldn't|won't|will not|would not|(?:am|'m) unable to"
    r"|(?:am|'m) (?:not (?:able|allowed|permitted|going|willing|designed|programmed)|designed not) to"
    r"|(?:am|'m) not comfortable|(?:do not|don't) feel comfortable|(?:do not|don't)"
    r"|(?:must|have to|need to|will have to) (?:\w+ )?(?:decline|refuse)(?: to)?"
    r"|(?:\w+ly )?(?:decline|refuse) to)"
)
_DO = (
    r"(?:\w+ly )?(?:help(?! but)|helping|assist|assisting|provid(?:e|ing)|creat(?:e|ing)|generat(?:e|ing)"
    r"|writ(?:e|ing)"
    r"|produc(?:e|ing)|fulfil+(?:ing)?|comply|support|shar(?:e|ing)|offer|engag(?:e|ing)|participate"
    r"|answer|give"
    r"|discuss|continue|complete|respond|proceed|accommodate|facilitate|come up|draft|craft|compose|supply"
    r"|satisfy"
    r"|process|carry out|do (?:that|this|so|it)|be (?:part|involved)|with)\b"
)
_LINK = r"(?:however|but|unfortunately|regrettably|therefore|so|that said|instead|and|sorry|actually|well)?,? ?"
_GAP = r"[^.!?]{0,100}?\b"

_PLAIN = (
    # English
    rf"(?:i'm|i am|we're|we are) (?:\w+ )?sorry{_GAP}(?:i|we) ?{_CANNOT}(?: {_DO}|[.!]|$)",
    rf"(?:sorry|apologies|my apologies|unfortunately|regrettably|i apologi[sz]e)\b{_GAP}i ?{_CANNOT}(?: "
    rf"{_DO}|[.!]|$)",
    r"(?:i'm|i am) (?:\w+ )?sorry,? (?:but )?(?:that|this|your request) (?:is|violates|goes)",
    rf"as an? (?:[\w-]+ ){{0,3}}(?:ai|artificial intelligence|llm|model|assistant)\b{_GAP}i ?"
    rf"(?:{_CANNOT}|must|have to|strive|adhere|prioriti[sz]e|am (?:designed|programmed|here|committed))",
    r"i (?:must|have to|need to|will have to) (?:\w+ )?(?:decline|refuse)\b",
    rf"(?:i|we) ?{_CANNOT} (?:help(?! but)|assist|comply|fulfil+|with)\b",
    r"(?:this|that|your|the) (?:request|task|prompt|topic)s?\b[^.!?]{0,60}\b(?:violates?|goes? against|is "
    r"against"
    r"|cannot be|can't be|is not appropriate|is inappropriate|is not something i|asks me)",
    # German
    r"(?:es )?tut mir (?:\w+ )?leid\b[^.!?]{0,60}\b(?:kann|darf|werde|möchte|bin)\b",
    r"(?:leider|entschuldigung|verzeihung)\b[^.!?]{0,30}\b(?:kann|darf|werde) ich\b[^.!?]{0,120}\b(?:nicht"
    r"|kein\w*)\b",
    r"(?:entschuldigung|verzeihung)\b[^.!?]{0,30}\bich (?:kann|darf|werde)\b[^.!?]{0,120}\b(?:nicht"
    r"|kein\w*)\b",
    r"als (?:\w+ )?(?:ki|künstliche intelligenz|sprachmodell|assistent)\b[^.!?]{0,60}\b(?:kann|darf|werde"
    r"|bin) ich\b",
    # French
    r"(?:je suis |nous sommes )?(?:\w+ )?(?:désolée?s?|navrée?s?)\b[^.!?]{0,60}\b(?:je|nous) n(?:e |')",
    r"malheureusement,? je n(?:e |')",
    r"en tant qu(?:e |')(?:\w+ ){0,2}(?:ia|intelligence artificielle|assistant|modèle)\b[^.!?]{0,60}\bje "
    r"n(?:e |')",
    r"je (?:m'excuse|regrette)\b[^.!?]{0,60}\bje n(?:e |')",
    # Spanish
    r"(?:lo (?:siento|lamento)|disculp[ae]|perdón|perdona|desafortunadamente|lamentablemente)\b[^.!?]{0,60}"
    r"\bno (?:puedo|podemos|me es posible|debo|voy a|estoy)\b",
    r"como (?:una? )?(?:ia|inteligencia artificial|modelo|asistente)\b[^.!?]{0,60}\bno (?:puedo|debo"
    r"|estoy)\b",
    # Portuguese, Italian
    r"(?:desculpe|sinto muito|lamento|infelizmente)\b[^.!?]{0,60}\bnão posso\b",
    r"(?:mi dispiace|purtroppo|spiacente)\b[^.!?]{0,60}\bnon posso\b",
    # Chinese, Japanese
    r"(?:很?抱歉|对不起)[,，、 ]*(?:但|但是)?我?(?:无法|不能|不可以)",
    r"申し訳(?:ありません|ございません)",
)
_WEAK = (
    rf"(?:i|we) ?{_CANNOT} {_DO}",
    r"(?:it is|it's|it would be|it wouldn't be) (?:not )?(?:appropriate|inappropriate|unethical"
    r"|irresponsible)"
    r"(?: or \w+)? (?:for me )?to (?:help|provide|create|generate|write|assist|share)\b",
    r"(?:creating|generating|writing|providing|producing) (?:such|these|this|harmful|requests|content"
    r"|examples|instructions)"
    r"\b[^.!?]{0,100}\b(?:against|unethical|harmful|illegal|not something i|violat\w+|irresponsible)",
    r"ich (?:kann|darf|werde|möchte)\b[^.!?]{0,100}\b(?:nicht|kein\w*)\b[^.!?]{0,80}\b(?:helfen"
    r"|weiterhelfen|unterstützen"
    r"|erstellen|bereitstellen|geben|schreiben|generieren|erfüllen|beantworten|anbieten|nachkommen|liefern"
    r"|verfassen)\b",
    r"je ne (?:peux|puis|saurais|suis)(?: \w+){0,2}? (?:en mesure|aider|répondre|fournir|créer|générer"
    r"|écrire|donner"
    r"|rédiger|produire|satisfaire|accéder|autorisée?|continuer|participer|proposer)\b",
    r"no (?:puedo|podemos|me es posible|estoy en condiciones de)(?: \w+){0,2}? (?:ayudar|asistir"
    r"|proporcionar|crear"
    r"|generar|escribir|ofrecer|cumplir|responder|dar|producir|redactar|continuar|participar|hacer)\w*\b",
    r"não posso (?:ajudar|criar|gerar|fornecer|escrever|atender)",
    r"non posso (?:aiutar|creare|generare|fornire|scrivere|soddisfare)",
)
_PLAIN_REFUSAL = re.compile(rf"{_LINK}(?:{'|'.join(_PLAIN)})", re.IGNORECASE)
_WEAK_REFUSAL = re.compile(rf"{_LINK}(?:{'|'.join(_WEAK)})", re.IGNORECASE)
_ASKING = re.compile(
    r"\b(?:(?:help|write|show|give|tell|teach|guide|walk|send|make|draft|explain to) me\b(?! (?:more|know))"
    r"|how (?:do|can|could|should|would) i (?!help|assist)|(?:can|could|would) you (?!please )(?!rephrase"
    r"|clarify)"
    r"|i (?:need|want) you to)",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"(?<=[.!?。！？])\s+|\n+")
_APOSTROPHES = str.maketrans({"’": "'", "ʼ": "'", "‘": "'", "´": "'", "`": "'"})


def is_refusal(text: str) -> bool:
    """Say whether a text declines in its first sentences (English, German, French, Spanish, some more)."""
    head = text[: _HEAD_CHARS * 2].strip()[:_HEAD_CHARS].translate(_APOSTROPHES)
    is_asking = _ASKING.search(head) is not None
    for sentence in _SENTENCE_END.split(head, maxsplit=_SENTENCES)[:_SENTENCES]:
        sentence = " ".join(sentence.strip(" \t*_#>\"“”«»'-").split())
        if _PLAIN_REFUSAL.match(sentence) or (not is_asking and _WEAK_REFUSAL.match(sentence)):
            return True
    return False
