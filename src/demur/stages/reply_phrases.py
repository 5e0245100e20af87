"""What a reply's sentences do besides declining: they introduce and deliver, or divert to something harmless.

Matched like the phrases of `demur.stages.decline_phrases`.
"""

from __future__ import annotations

import re

from demur.stages.decline_phrases import join_words

INTRODUCES = re.compile(
    r"^(?:sure(?: thing)?|certainly|of course|absolutely|okay|ok|alright|great question|good question|gladly|definitely|yes|no problem|happy to"
    r"|here(?:'s| is| are| you go)\b|follow these|step \d|first,|to (?:make|do|create|get|build|start)|let's (?:start|begin|break)|subject:|title:"
    r"|dear [\w\[]+|ingredients|hier (?:ist|sind)|natürlich|gerne?\b|klar\b|voici|bien sûr|aquí (?:tienes|está)|claro|por supuesto|ecco|certo|certamente"
    r"|aqui (?:está|estão|vai|vão)|com certeza|с удовольствием|конечно|вот\b|当然|好的|以下是|もちろん|はい|以下に|以下は|물론|다음은|네,|oczywiście|jasne|oto\b|tabii|elbette|işte"
    r"|tentu|baik|berikut|बिल्कुल|ज़रूर|यहाँ|بالطبع|بالتأكيد|إليك|självklart|selvfølgelig|natuurlijk|zeker)"
    r"|\b(?:here(?:'s| is| are)|following|these|below|few|some|several|steps?|tips?|ways?|things?|ideas?|examples?|suggestions?|guide|outline"
    r"|recipe|list|plan|options?)\b.*:$|[:：]$"
)
SAFER = re.compile(
    r"\b(?:instead|alternativ\w*|resources?|support|hotlines?|helplines?|legal\w*|legitimate\w*|ethical\w*|safe\w*|harmless|protect\w*|prevent\w*|defen[cds]\w*"
    r"|report\w*|help you with|can help|could help|can offer|can do|happy to|glad to|learn about|education\w*|get help|reach out|seek\w*|contact|counsel\w*"
    r"|therap\w*|lawful\w*|responsib\w*|if you(?:'re| are)|positive|healthy|constructive|recover\w*|security|consent\w*|stattdessen|alternativen?|plutôt"
    r"|à la place|en lugar|en cambio|em vez|invece|вместо|替代|其他|代わりに|대신)\b"
)
_MINDS = join_words(
    "encourage suggest recommend urge advise happy glad help offer love hope understand appreciate know hear sorry here care want get respect"
    " realize realise recognize recognise see strive aim apologize apologise wish think believe"
)
_TOPICS = join_words(
    "hotline helpline lifeline lawyer authorities trusted hurt victims? consequences trust safety respect dignity kindness crime criminal prison"
    " jail fine[sd]? law alternative instead illegal police",
    r"counsel\w+", "therapist", "law enforcement", "mental health", r"harm\w*", "well-?being", r"penalt\w+", r"legitimate\w*", r"responsib\w+",
    r"(?:crisis|emergency) \w+", r"other (?:questions?|topics?|ways?)", "(?:something|anything) else", r"different (?:topic|question)",
    "reach out", r"seek (?:help|support|professional|out|legal|advice)", "please", "guidelines", "policy", "policies", "values", "ethical",
)  # fmt: skip
DIVERTS = re.compile(
    r"^(?:instead|if you|if there|please|consider|remember|let me know|feel free|there are|it's (?:always |also )?(?:important|crucial|essential|best|better)|it is (?:always |also )?(?:important|crucial"
    r"|essential|best|better)|for (?:help|support|anyone)|perhaps|maybe|would you|what|how about|is there|are you|do you|can i|could i|shall|should|want|need|happy to|glad to"
    r"|you (?:can|could|may|might|should|deserve|are|'re|have|seem)|you're|that said|however|but|still|and|thank|thanks|take care|stay|my (?:goal|purpose|aim|role|priority|job)"
    r"|(?:your|their|every\w*|all|people) |sorry|i |i'|we |we'|as an ai|wenn du|wenn sie|gerne|falls|stattdessen|ich |si vous|si tu|je |n'hésitez|si (?:quieres|necesitas|deseas|tienes)|puedo|posso|se (?:você|quiser|precisar|vuoi|desideri|hai)"
    r"|я |если |如果|若|我|もし|ご|만약|저는|jeśli|mogę|eğer|jika|अगर|यदि|मैं|إذا|als je|ik |jag |jeg |om du|hvis du)"
    rf"|\b(?:i(?:'d| would| can| could| will|'ll|'m| am)? (?:\w+ ){{0,2}}{_MINDS}|(?:is|are|it's) (?:\w+ ){{0,2}}(?:important|crucial|essential|vital|better|best) to|{_TOPICS})\b"
)
ARTIFACT = re.compile(r"^(?:subject|betreff|objet|asunto|oggetto|assunto|title|to|from|dear|hi|hello|sehr geehrte\w*|liebe\w?|cher|chère|bonjour|estimad\w+|querid\w+|hola|gentile|caro|cara|prezad\w+|scene|int\.|ext\.)\b[^.!?]{0,80}[,:!]?$")
"""The first line of a letter, a mail, a script: what follows is spoken by someone else."""
ANSWERS = re.compile(
    r"^(?:is|are|am|was|were|do|does|did|should|will|would|has|have|had|may|must|isn't|aren't|can|could)\b(?! you\b)|\b(?:is it|are there|true or false|yes or no|legal to|allowed to|okay to|ok to"
    r"|wrong with|illegal)\b|^(?:ist|sind|darf|hat|est-ce|es|puede|è|é|pode)\b"
)
"""Requests that "no", or "that is wrong", answers."""
WRITES = re.compile(
    r"\b(?:write|draft|compose|translate|rephrase|rewrite|reword|proofread|paraphrase|say|phrase|template|example of|role-?play|dialogue|story|scene|poem|letter|e-?mail|message|script|reply to|respond to"
    r"|schreib\w*|übersetz\w*|formulier\w*|rédige\w*|écri\w*|tradui\w*|escrib\w*|redacta\w*|traduc\w*|escrev\w*|traduz\w*|scriv\w*|traduci)\b"
)
"""Requests for a text that may decline by itself."""
