"""What a reply's sentences do besides declining: they introduce and deliver, or divert to something harmless.

Matched like the phrases of `demur.stages.decline_phrases`.
"""

from __future__ import annotations

import re

from demur.stages.decline_phrases import join_words

INTRODUCES = re.compile(
    r"^(?:sure(?: thing)?|certainly|of course|absolutely|okay|ok|alright|great question|good question|gladly"
    r"|definitely|yes|no problem|happy to"
    r"|here(?:'s| is| are| you go)\b|follow these|step \d|first,|to (?:make|do|create|get|build|start)|let's"
    r" (?:start|begin|break)|subject:|title:"
    r"|dear [\w\[]+|ingredients|hier (?:ist|sind)|natürlich|gerne?\b|klar\b|voici|bien sûr|aquí (?:tienes|está)"
    r"|claro|por supuesto|ecco|certo|certamente"
    r"|aqui (?:está|estão|vai|vão)|com certeza|с удовольствием|конечно|вот\b|当然|好的|以下是|もちろん|はい"
    r"|以下に|以下は|물론|다음은|네,"
    r"|oczywiście|jasne|oto\b|tabii|elbette|işte"
    r"|tentu|baik|berikut|बिल्कुल|ज़रूर|यहाँ|بالطبع|بالتأكيد|إليك|självklart|selvfølgelig|natuurlijk|zeker)"
    r"|\b(?:here(?:'s| is| are)|following|these|below|few|some|several|steps?|tips?|ways?|things?|ideas?"
    r"|examples?|suggestions?|guide|outline"
    r"|recipe|list|plan|options?)\b.*:$|[:：]$"
)
SAFER = re.compile(
    r"\b(?:instead|alternativ\w*|resources?|support|hotlines?|helplines?|legal\w*|legitimate\w*|ethical\w*"
    r"|safe\w*|harmless|protect\w*|prevent\w*|defen[cds]\w*"
    r"|report\w*|help you with|can help|could help|can offer|can do|happy to|glad to|learn about|education\w*|get"
    r" help|reach out|seek\w*|contact|counsel\w*"
    r"|therap\w*|lawful\w*|responsib\w*|if you(?:'re| are)|positive|healthy|constructive|recover\w*|security"
    r"|consent\w*|stattdessen|alternativen?|plutôt"
    r"|à la place|en lugar|en cambio|em vez|invece|вместо|替代|其他|代わりに|대신)\b"
)
SAFER_LISTS = re.compile(
    r"\b(?:instead|alternativ\w*|resources?|hotlines?|helplines?|legal\w*|legitimate\w*|ethical\w*|safer|harmless"
    r"|lawful\w*|help you with|can help|could help|can offer"
    r"|can do|happy to|glad to|without resorting|positive|constructive|stattdessen|plutôt|en lugar|en cambio|em"
    r" vez|invece|вместо|代わりに|대신|ayuda|hilfe)\b"
)
"""What introduces a list of something else than what was asked for."""
_MINDS = join_words(
    "encourage suggest recommend urge advise happy glad help offer love hope understand appreciate know hear"
    " sorry here care want get respect"
    " realize realise recognize recognise see strive aim apologize apologise wish think believe"
)
_TOPICS = join_words(
    r"berat\w+ conseil\w* psycholog\w* psicólog\w* psicolog\w* médico arzt médecin konuş\w* bunun versuch\w*"
    r" essaye?z? intenta prova tente "
    "hotline helpline lifeline lawyer authorities trusted hurt victims? consequences trust safety respect dignity"
    " kindness crime criminal prison"
    " jail fine[sd]? law alternative instead illegal police",
    r"counsel\w+",
    "therapist",
    "law enforcement",
    "mental health",
    r"harm\w*",
    "well-?being",
    r"penalt\w+",
    r"legitimate\w*",
    r"responsib\w+",
    r"(?:crisis|emergency) \w+",
    r"other (?:questions?|topics?|ways?)",
    "(?:something|anything) else",
    r"different (?:topic|question)",
    "reach out",
    r"seek (?:help|support|professional|out|legal|advice)",
    "nói chuyện",
    "please",
    "guidelines",
    "policy",
    "policies",
    "values",
    "ethical",
)
DIVERTS = re.compile(
    r"^(?:instead|if you|if there|please|consider|remember|let me know|feel free|there are|it's (?:always |also"
    r" )?(?:important|crucial|essential|best|better)|it is (?:always |also )?(?:important|crucial"
    r"|essential|best|better)|for (?:help|support|anyone)|perhaps|maybe|would you|what|how about|is there|are you"
    r"|do you|can i|could i|shall|should|want|need|happy to|glad to"
    r"|you (?:can|could|may|might|should|deserve|are|'re|have|seem)|you're|that said|however|but|still|and|thank"
    r"|thanks|take care|stay|my (?:goal|purpose|aim|role|priority|job)"
    r"|(?:your|their|every\w*|all|people) |sorry|i |i'|we |we'|as an ai|wenn du|wenn sie|gerne|falls|stattdessen"
    r"|ich |si vous|si tu|je |n'hésitez|si (?:quieres|necesitas|deseas|tienes)|puedo|posso|se (?:você|quiser"
    r"|precisar|vuoi|desideri|hai)"
    r"|я |если |如果|若|我|もし|ご|만약|저는|jeśli|mogę|eğer|jika|अगर|यदि|मैं|إذا|als je|ik |jag |jeg |om du|hvis du)"
    rf"|\b(?:i(?:'d| would| can| could| will|'ll|'m| am)? (?:\w+ ){{0,2}}{_MINDS}|(?:is|are|it's) (?:\w+"
    rf" ){{0,2}}(?:important|crucial|essential|vital|better|best) to|{_TOPICS})\b"
    r"|психолог|поговор|попробуй|спробуй|лучше|краще|상담|병원|의사|대화|相談|話し|老师|医生|咨询|不如|与其|沟通"
    r"|代わり|请教|استشر|طبيب|تحدث"
    r"|बात कर|डॉक्टर"
)
ARTIFACT = re.compile(
    r"^(?:subject|betreff|objet|asunto|oggetto|assunto|title|to|from|dear|(?:hi|hello|hey)(?! there)(?= \w+,?$)"
    r"|sehr geehrte\w*|liebe\w?|cher"
    r"|chère|bonjour|estimad\w+|querid\w+|hola|gentile|caro|cara|prezad\w+|scene|int\."
    r"|ext\.)\b(?:[^.!?]|(?<=mr|ms|dr)\.|(?<=mrs)\.){0,80}[,:!]?$"
)
"""The first line of a letter, a mail, a script: what follows is spoken by someone else."""
PIVOT = re.compile(
    r"\b(?:here(?:'s| is| are) (?:how|what|a|an|the|one|some|why|another)|here you|this is how|how it works"
    r"|(?:what|something) (?:i can|you can|may|might|helps?) (?:tell|say|explain|give|know|help)"
    r"|the facts|in general|generally|okay,|ok,|i can (?:say|tell you)|for the rest|first one|our own|looking"
    r" back|that said,|as for the|instead:|version|all the same|on the other|(?:it|this) goes"
    r"|i'll (?:give|write|do)|let's do|so here|this is what|however:|the (?:history|background|principle|other"
    r"|rest|first)|allgemein|grundsätzlich|en général|en general|em geral|in generale|de manera general"
    r"|allmänt|generelt|genel olarak|в общем|вообще|загалом|一般|总的来说|一般的に|일반적으로|secara umum|nói"
    r" chung|ogólnie|in"
    r" het algemeen|بشكل عام|सामान्य)\b"
)
"""After a sentence that declines: what comes is given."""
LAW = re.compile(
    r"\b(?:crimes?|criminal|felony|offen[cs]e|illegal\w*|unlawful\w*|against the law|laws?|prosecut\w*|assault"
    r"|theft|fraud\w*|abuse|police|penalt\w*|prison|jail|consent|privacy|betray\w*|dishonest|unfair|mislead\w*"
    r"|hurts?|harm\w*|danger\w*"
    r"|suffer\w*|victims?|dignity|cruel\w*|wrong|deceit\w*|lies|unethical|revenge|harass\w*|bull(?:y|ying)"
    r"|violence|safety|lonel\w*|stereotyp\w*|straf\w*|verboten|illegal|vergehen|privatsphäre|délit|crime"
    r"|illégal\w*|puni|délits|vie privée"
    r"|delito|ilegal|daño|privacidad|desonesto|ilegal|reato|illegale|male|strafbaar|privacy|verboden|brott"
    r"|brottsligt|olagligt|intrång|privatliv\w*|forbrydelse|ulovlig\w*|przestępstwo|nielegaln\w*|suçtur|suç"
    r"|melanggar|hukum|pidana|phạm pháp|vi phạm|pháp luật|nguy hiểm|berbahaya|merugikan|tehlikeli|niebezpieczn\w*"
    r"|krzywd\w*|farlig\w*|skad\w*|gevaarlijk|kwetst|schaadt|gefahr|gefährlich\w*|verletz\w*"
    r"|schade\w*|danger|dangereu\w*|blesse|peligr\w*|mata|herir|daña|perigo\w*|riscos?|vidas|magoa|pericol\w*"
    r"|feri\w*|persone|scars|rumou?rs|lose their|losing"
    r"|rikos|laitonta|αδίκημα|παράνομο)\b"
    r"|преступлен|незаконн|закон|уголовн|злочин|违法|犯罪|隐私|法律|犯罪|違法|プライバシー|범죄|불법|법적|사생활"
    r"|جريمة|القانون|غير قانوني"
    r"|अपराध|खतरनाक|नुकसान|خطير|يؤذي|опасно|вред|危险|伤害|無辜|害人|危険|傷つ|人を|위험|다치|해치|गैरकानूनी|कानून"
)
"""Law, harm and hurt: in a short reply that gives nothing, the reason not to."""
SELF = re.compile(
    r"\b(?:i|i'm|i'd|i'll|i've|me|my|mine|myself|we|our|us|ich|mir|mich|mein\w*|je|j|moi|mon|ma|yo|mi|conmigo|eu"
    r"|meu|minha|comigo|io|ik|mij|mijn|jag|mig|jeg|meg|ben|bana|saya|aku|tôi|mình|ja|mnie)\b|(?:^|\W)(?:я|мне|мой"
    r"|мною|мені)(?:\W|$)|我|私|僕|저는|제가|나는|أنا|मैं|मुझ"
)
"""The speaker."""
URGES = re.compile(
    r"^(?:please|talk|speak|ask|contact|call|consider|reach|seek|see|look into|try|how about|why not|what about"
    r"|would|could|have you|what would|want|shall|instead|rather|let's|perhaps|maybe|if you|if it|if someone"
    r"|should you|better|don't|be yourself|tell (?:her|him|them)"
    r"|wenn|frag|sprich|si |hablar?|habla|mejor|que tal|parle|contactez|se hai|parla|parliamo|parlons|hablemos"
    r"|podemos|vamos|laten|lass uns|frag|schau|może|давайте|mari|mình|chúng ta|çalış|deneyin|misschien|praat"
    r"|prata|jeśli"
    r"|если|eğer|如果|若|ご自身|もし|본인|إذا|अपने|kalau|jika|hãy|nếu)\b|^(?:如果|若|与其|ご自身|もし|본인|إذا"
    r"|अपने|если|якщо)|\?$|？$"
)
"""Sentences that lead to something else, or ask back."""
LIMITS = re.compile(
    r"\b(?:(?:make|place|book|process|take|send|schedule|attend|hear|play|draw|sing|dial|print)(?: \w+){0,2}"
    r" (?:reservations?|bookings?|table|calls?|orders?|appointments?|purchases?|payments?|mails?|e-?mails?|messages"
    r"|music|songs?|pictures?|images?|meetings?|alarms?|reminders?)|(?:call|phone|ring|wake|hug|visit|meet) (?:you|people"
    r"|anyone|someone|them|her|him)|replace (?:a|the|your|professional|medical|legal))\b"
    r"|\b(?:enough\b|(?:examine|inspect|measure|smell|physically|tell from|judge from|remember|recall"
    r"|browse|access|check|search|look up|look at|download|watch|listen|monitor"
    r"|notify|retain|store|learn from|know|read) (?!(?:his|her|their|someone|other|private|another)\b)|have"
    r" (?:access|eyes|ears|memory|a (?:body|clock|camera)|live|any (?:data|record|information))|too (?:highly"
    r"|strongly)|stress|emphasi[sz]e|overstate|wait to|help but|guarantee|promise|be (?:sure|certain|more|undone)"
    r"|verify|predict"
    r"|(?:tell|say|speak)(?: you)? (?:exactly|for sure|for certain|with certainty|whether|if|how (?:much|happy"
    r"|glad|excited))|browse|real-?time|up-to-date|go wrong"
    r"|believe|imagine a better|agree more|be happier|be easier|be (?:the )?(?:prouder|clearer)|(?:see|view"
    r"|access|open|hear|attach|play|display) (?:the|your|any|a|this|that|an)?"
    r" ?(?:\w+ )?(?:image|picture|screen|file|photo|attachment|link|url|account|audio|video|calendar|inbox|device"
    r"|internet|website)|do without|do (?:this|it) alone|replace (?:a|your|professional)"
    r"|know (?:for|your|exactly|what|whether)|remember (?:previous|past|our)|diagnose|(?:give|provide|offer)(?:"
    r" you)? (?:any |you )?(?:personal|individual|professional|medical|legal|financial|tax|investment)(?:[\w, ]*)"
    r" advice|(?:provide|give)(?: you)?(?: \w+){0,2} (?:exact|precise|definitive|real-?time|current|live"
    r"|personali[sz]ed"
    r"|specific (?:number|figure|date)|latest|professional|medical advice,|legal advice,)|recommend (?:it|this"
    r"|that|the|him|her|them) (?:book|place|more|enough|highly)"
    r"|(?:take|accept) (?:the |all |any )?credit|blame (?:you|them|him|her)|answer (?:for|on behalf)|speak for"
    r"|condense|fit (?:it|every)|cover every|list (?:every|all)\b|do justice)|معرفة|\b(?:savoir|saber"
    r"|sapere) |знать|知道|わかりません"
)
"""What follows "I can't" where nobody declines: limits of knowledge, and figures of speech."""
