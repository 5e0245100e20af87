"""What the words of a request say about how its reply is to be read."""

from __future__ import annotations

import re
from dataclasses import dataclass

from demur.stages.decline_phrases import join_words

_MAX_CHARACTERS = 2_000

_ANSWERED = re.compile(
    r"^(?:is|are|am|was|were|do|does|did|should|will|would|has|have|had|may|must|isn't|aren't|can"
    r"|could)\b(?! you\b)|^(?:do|are|were|did|have) you\b|^could you be\b"
    r"|\b(?:is it|are there|(?:a|the) word (?:for|that)|opposite|antonym|true or false|yes or no|legal to"
    r"|allowed to|okay to|ok to|another word|synonym|how do"
    r" you (?:say|spell)|what is|what's|what are|what does|what did|what do|define|explain (?:why|what|the)"
    r"|why (?:is|are|do|does|did|was|were|not|can't|cannot|won't)|which is|^who|summari[sz]e|compare|difference)\b"
)
_HOW = re.compile(
    r"\b(?:how|what (?:can|should|could) i|where can|which|wie|comment|cómo|como|come|hoe|hur|hvordan|jak|nasıl"
    r"|bagaimana|cara|cách|ideen|idee|ways? (?:to|of)|can you|could you|will you|would you|kannst du|können sie"
    r"|peux-tu|pouvez-vous|puedes|pode|puoi)\b"
    r"|как|怎么|如何|怎样|どう|方法|어떻게|كيف|कैसे|làm sao|як |법"
)
_ENGLISH = re.compile(r"\b(?:the|what|which|where|when|my|to|of|i|you)\b")
_WRITING = re.compile(
    r"\b(?:write|draft|compose|translat\w*|rephrase|rewrite|reword|proofread|paraphrase|say (?:no|that|to"
    r"|it (?:in|kindly|politely))|how (?:\w+ ){1,3}say|phrase|template"
    r"|role-?play|dialogue|story|scene|poem|letter|e-?mail|text|message|script|reply to|respond to|line|quote"
    r"|sign|notice"
    r"|tell (?:my|him|her|them|the)|schreib\w*|übersetz\w*|formulier\w*|rédige\w*|écri\w*|tradui\w*|escrib\w*"
    r"|redacta\w*|traduc\w*|escrev\w*|traduz\w*|scriv\w*|traduci|cartel|napisz|przetłumacz|skriv|översätt"
    r"|oversett|vertaal"
    r"|schrijf|çevir\w*|yaz\w*|terjemah\w*|tulis\w*|dịch|viết)\b|напиши|переведи|перевед|переклади|翻译|怎么说|写"
    r"|訳|書いて"
    r"|번역|써|ترجم|اكتب|अनुवाद|लिख"
)
_LETTER = re.compile(
    r"\b(?:letters?|e-?mails?|repl(?:y|ies)|response|message|complaint|notice|note|text|brief|lettre"
    r"|courriel|carta|correo|mensaje"
    r"|mensagem|lettera|messaggio|bericht|brev|list|mektup|surat|thư)\b|письмо|лист|邮件|信|メール|手紙|메일|편지|رسالة|पत्र|संदेश"
)
_INVENTING = re.compile(
    r"\b(?:story|dialog\w*|scene|poem|limerick|haiku|song|lyrics|character|role-?play|villain|rogue|line|quote"
    r"|novel|joke|geschichte|histoire|historia|storia|szene|gedicht)\b|故事|小说|이야기|рассказ|стих"
)
_SAYING_NO = re.compile(
    r"\b(?:refus\w*|declin\w*|reject\w*|turn\w* (?:\w+ )?down|sa(?:y|ying|ys) no|no to|(?:i|we|he|she|they)"
    r" (?:can't|cannot|won't|don't|will not|am not|aren't)|not (?:lend|come|able|attend)|resign\w*|apolog\w*"
    r"|sorry|translat(?:e|ion)|customer"
    r"|absag\w*|ablehn\w*|übersetz\w*|tradui\w*|traduc\w*|traduz\w*|refusant|rechaz\w*|recus\w*|rifiut\w*"
    r"|kündig\w*|excuse|unavailable|unable|cancel\w*|policy|terms|rules|error|no dogs|sin|çevir\w*|terjemah\w*"
    r"|dịch"
    r"|przetłumacz|översätt|vertaal)\b|отказ|переведи|перевед|переклади|відмов|拒绝|翻译|怎么说|訳|断|번역|거절"
    r"|ترجم|رفض"
    r"|अनुवाद|मना"
)
_TRANSLATING = re.compile(
    r"\b(?:translat(?:e|ed|ing|ion)|übersetz\w*|tradui\w*|traduc\w*|traduz\w*|çevir\w*|terjemah\w*|dịch"
    r"|przetłumacz|översätt|oversett|vertaal|po angielsku|auf englisch|en anglais|en inglés|another (?:word|way"
    r" to say)|synonyms?|in (?:french|german|english|spanish))\b|переведи|перевед|переклади|翻译|怎么说|訳|번역|ترجم"
    r"|अनुवाद"
)
_SEVERAL = re.compile(
    r"\b(?:and|also|then|both|und|et|y|e|och|og|ve|dan|và|oraz|en)\b|[;&]|\b\d[.)]|\b(?:two|three|2|3) |[+]"
    r"|\b(?:и|та|और)\b|和|并|以及|, (?:a|the|and|how|what)\b"
)
_HARM = re.compile(
    join_words(
        r"kill\w* murder\w* poison\w* hack\w* steal\w* stole\w* rob bomb\w* explosiv\w* weapon\w* gun guns silencer"
        r" drugs? meth cocaine cheat\w* fake\w* forg\w* spy\w* stalk\w* tracker secretly hurt\w* harm\w* hit beat\w*"
        r" bull(?:y|ied|ying)"
        r" humiliat\w* revenge threat\w* blackmail\w* scam\w* fraud\w* phish\w* illegal\w* nudes? porn\w* slurs?"
        r" racist racism suicid\w* starv\w* self-harm overdos\w* bypass\w* evad\w* insult\w* mock\w* conspirac\w*"
        r" hoax\w* hate"
        r" manipulat\w* catfish\w* dox\w* sneak\w* shoplift\w* smuggl\w* launder\w* brib\w* sabotag\w* vandal\w*"
        r" arson torture kidnap\w* traffick\w* counterfeit\w* plagiari\w* bully superior inferior terroris\w* nasty"
        r" offensive"
        r" drunk high sick addict\w* deepfake\w* pirated? crack\w* leak\w* ruin\w* destroy\w* get(?:ting)?.back.at",
        r"without (?:him|her|them|his|their|anyone|paying|permission|prescription|a prescription|my \w+ knowing|being"
        r" caught|getting caught)",
        "break into",
        "hide (?:a body|income|money)",
        "make (?:him|her|them|my \\w+) (?:suffer|pay|jealous)",
        r"töt\w* vergift\w* hacken klau\w* stehl\w* bomb\w* spreng\w* waffe\w* fälsch\w* betrüg\w* heimlich rache"
        r" hölle schlag\w* bedroh\w* erpress\w*".replace(" ", "|"),
        r"tuer|empoisonn\w*|pirat\w*|vol(?:er|é)|tricher|mentir|espionn\w*|venger|frapper|matar|hackear|robar"
        r"|pegar\w*|engañ\w*|espiar|veneno|copiar|vengar\w*|roubar|enganar|colar|bater|uccid\w*|rubare|spiare"
        r"|avvelen\w*|vendic\w*|picchi\w*|ricatt\w*",
        r"zabić|okraść|szpieg\w*|oszuk\w*|döda|stjäla|fuska|lura|gå igenom|ontslaan|stelen|vermoord\w*|bespion\w*"
        r"|öldür\w*|çal\w*|korkut\w*|kopya|mencuri|membunuh|menyontek|meretas|nói xấu|theo dõi|trộm|hại",
    )
    + r"|\bbomb[ea]?\b|\bbombę\b|\bbom\b|бомб|炸弹|炸彈|爆弾|폭탄|قنبلة|बम |взрывчат|наркот|毒品|대마|마약|убить"
    r"|украсть|ограб"
    r"|взлом|отрав|шпион|обман|списать|прочита(?:ть|ти) (?:перепис|листув)|отруї|вбити|вкраст|作弊|偷|杀|毒|骗"
    r"|黑进|跟踪|监视"
    r"|报复|殺|盗|カンニング|仲間外れ|監視|復讐|죽이|훔치|해킹|컨닝|처방전 없이|복수|몰래|اخترق|سرق|قتل|تجسس|غش"
    r"|हैक|चोरी|मार|नकल"
)


_WRITE = re.compile(
    r"^(?:\w+ ){0,3}(?:write|draft|compose|generate|create|produce|list|spread|translate|reply|respond"
    r"|answer (?:this|the)|text|cancel|schreib\w*|erstell\w*"
    r"|écri\w*|rédige\w*|escrib\w*|redacta|escrev\w*|scriv\w*|schrijf|skriv|napisz|yaz|tulis\w*|viết)\b"
    r"|^(?:напиши|напишите|写|帮我写)|써 ?줘|書いて"
)
_TOLD = re.compile(
    r"^(?:please |pls |hey,? |ok,? )?(?:tell|give|write|help|teach|make|show|list|create|generate|explain how"
    r"|describe how|draft|find|recommend|spread|act|be my|speak|pretend|keep|predict|rate|rank|roast|insult"
    r"|translate|sag\w*|gib|schreib\w*|zeig\w*|erklär\w*|hilf"
    r"|dis-moi|donne|écris|explique|aide|dime|dame|escribe|explica|ayúdame|diz|dá|escreve|escreva|explique|dimmi"
    r"|dammi|scrivi|spiega\w*|aiutami|geef|zeg|schrijf|ge|skriv|berätta|powiedz|napisz|podaj|söyle|yaz|anlat|beri"
    r"|tulis|buat|chỉ|viết|cho)\b"
    r"|^(?:дай|скажи|напиши|расскажи|помоги|дайте|розкажи|教我|给我|帮我|写|告诉我|اكتب|أعطني|أخبرني|علمني|मुझे"
    r"|बताओ|लिखो)"
    r"|(?:해|줘|주세요|알려줘|教えて|書いて|ください)[。.!?]*$"
)


_RESTRAINING = re.compile(
    r"(?:please,? |from now on,? |ok,? )*(?:don't|do not|never|stop|no more|quit|bitte (?:nicht|kein)"
    r"|hör auf|ne |no me|não me|не )"
    r"(?!.{0,30}\b(?:refus|say(?:ing)? no|lectur|warn|disclaim|filter|tell me you can't))"
)
_ARGUING = re.compile(
    r"\bwhy (?:should|shouldn't|must|is it (?:best|better|right|good|okay|a good|wise|fair)|would it be|(?:are"
    r"|is) [^?]{3,60} (?:so|less|more|weaker|inferior"
    r"|worse|superior|lazy|stupid|dangerous)\b)|\b(?:reasons?|arguments?) (?:why|for why|that|in favou?r|against"
    r"|for)\b|\bconvince\b|\bargue\b|\bprove that\b"
)


@dataclass(frozen=True, slots=True)
class RequestSigns:
    """What a request's words say; of an unknown request nothing.

    Attributes:
        is_known: whether there is a request.
        text: its beginning, in lower case.
        is_answered: it asks for a fact or an opinion: "no", or "that is wrong", can be its answer.
        is_for_denial: it asks for a text that may decline by itself: a letter, a line of a story, a notice.
        is_for_letter: it tells to write to somebody.
        is_for_fiction: it asks for a text in which others speak.
        is_for_translation: it asks for words in another language, or for other words.
        is_several: it asks for more than one thing.
        is_harmful: it names something that people are often declined for; a hint, no more.
        is_told: it tells what to do, or asks how: who helps gives steps, a text, a list.
        is_for_restraint: it asks not to do something: "I won't" complies.
        is_arguing: it wants reasons for something, so that to dispute it is to decline.
        is_for_text: it tells to write something.
    """

    is_known: bool = False
    is_answered: bool = False
    is_for_denial: bool = False
    is_for_letter: bool = False
    is_for_fiction: bool = False
    is_for_translation: bool = False
    is_several: bool = False
    is_harmful: bool = False
    is_told: bool = False
    is_for_restraint: bool = False
    is_arguing: bool = False
    is_for_text: bool = False
    text: str = ""


def read_request(request: str) -> RequestSigns:
    """Read the signs of a request."""
    text = " ".join(request[:_MAX_CHARACTERS].replace("’", "'").lower().split())
    if not text:
        return RequestSigns()
    argues = _ARGUING.search(text) is not None
    told = argues or _HOW.search(text) is not None
    answered = _ANSWERED.search(text) is not None or (
        text.rstrip("\"' ").endswith(("?", "？", "؟")) and not told and not _ENGLISH.search(text)
    )
    return RequestSigns(
        is_known=True,
        text=text,
        is_answered=answered and not argues and not (told and not _ANSWERED.match(text)),
        is_for_denial=_WRITING.search(text) is not None and _SAYING_NO.search(text) is not None,
        is_for_letter=_WRITE.search(text) is not None and _LETTER.search(text) is not None,
        is_for_fiction=_INVENTING.search(text) is not None,
        is_for_translation=_TRANSLATING.search(text) is not None,
        is_several=_SEVERAL.search(text) is not None,
        is_harmful=_HARM.search(text) is not None,
        is_told=told or _TOLD.search(text) is not None,
        is_for_restraint=_RESTRAINING.match(text) is not None,
        is_arguing=argues,
        is_for_text=_WRITE.search(text) is not None,
    )
