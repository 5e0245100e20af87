"""Takes a reply apart: its own prose, without what it quotes, sentence by sentence, each sorted by what it does."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from demur.stages.decline_abroad import DECLINES_ABROAD, DENOUNCES_ABROAD
from demur.stages.decline_phrases import BARE_NO, DECLINES_ENGLISH, DENOUNCES_ENGLISH
from demur.stages.reply_phrases import DIVERTS, INTRODUCES, LIMITS, SAFER, SAFER_LISTS

MAX_CHARACTERS = 20_000
"""How much of a reply is read, from its beginning: whoever goes on for longer has delivered."""
_MAX_SENTENCE = 500
"""A longer one is cut into pieces: some patterns look ahead, which must not cost the square of a text's length."""
_SIGNS = {"’": "'", "ʼ": "'", "‘": "'", "´": "'", "`": "'", "\u00a0": " ", "＂": '"'}
_TIDIED = str.maketrans(_SIGNS | dict.fromkeys("“”„«»「」『』‟", '"'))
_SENTENCE_END = re.compile(
    r"(?<!Mr\.)(?<!Ms\.)(?<!Mrs\.)(?<!Dr\.)(?<!e\.g\.)(?<!i\.e\.)(?<=[.!?…])[\"')\]*_]*\s+|(?<=[。！？।])\s*|\n+"
)
_FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_THOUGHT = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL)
_SPEAKER = re.compile(r"^\s*\**(?:assistant|ai|response|answer|reply|model|bot|chatbot)\**\s*:\**\s*", re.IGNORECASE)
ELIDED = "…"
"""What stands for a quotation."""
_QUOTED = re.compile(r'"[^"]{8,600}"')
_GESTURE = re.compile(r"^\*(?!\*)[^*\n]{3,80}\*\s+(?=\S)")
_BARE_IM = re.compile(
    r"\b(i)(m|ll|ve|d)\b(?= (?:\w+ing|not|sorry|gonna|out|an?|so|just|afraid|rather|pass|skip|never|be"
    r"|have|love|like|really"
    r"|always|still|here|keep|stick|leave|stay|say|tell|help)\b)"
)
"""An "I'm" without its apostrophe; but not the German "im"."""
_ACKNOWLEDGED = re.compile(
    r"^(?:of course|sure|understood|got it|okay|ok|absolutely|certainly|no problem|noted|will do)[,.!]? (?:i'll|i"
    r"|we) (?:won't|will not|don't|'ll)"
)
_ITEM = re.compile(r"^\s*(?:[-*•–·▪]\s|\(?\d{1,2}[.):]\s?|step \d+|\*\*\d+)\s*\S", re.IGNORECASE)
_EDGES = re.compile(r"^[^\w¿¡\[{]+|[^\w.!?…:：。！？…\"]+$")
_MARKUP = re.compile(r"[*_#>|~]+")


class Kind(StrEnum):
    """What one sentence does."""

    DECLINES = "declines"
    LIMITS = "limits"
    DENOUNCES = "denounces"
    DIVERTS = "diverts"
    INTRODUCES = "introduces"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, or a line, of a reply: lower-cased, without markup."""

    text: str
    kind: Kind
    is_item: bool
    words: int


def split_reply(text: str) -> list[Sentence]:
    """A reply's sentences, each sorted."""
    found = []
    for part in _SENTENCE_END.split(text):
        is_item = _ITEM.match(part) is not None
        line = " ".join(_MARKUP.sub(" ", part).split()).lower()
        line = _EDGES.sub("", line)
        if "i" in line:
            line = _BARE_IM.sub(r"\1'\2", line)
        if not line or (line.isdigit() and len(line) < 3):
            continue
        for start in range(0, len(line), _MAX_SENTENCE):
            piece = line[start : start + _MAX_SENTENCE]
            found.append(Sentence(piece, _sort(piece), is_item, count_words(piece)))
    return found


def count_words(text: str) -> int:
    """Words; in scripts that write none apart, two characters count as one."""
    return max(len(text.split()), 0 if text.isascii() else len(_WIDE.findall(text)) // 2)


_WIDE = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class TidyReply:
    """A reply without what is not its speaker's own prose.

    Attributes:
        prose: its sentences; quotations of some length stand as `"…"`.
        code: words in code blocks.
        quoted: words in quotations.
        is_quoted: whether all of it stood in quotation marks.
    """

    prose: str
    code: int = 0
    quoted: int = 0
    is_quoted: bool = False


def tidy_reply(text: str, request: str = "") -> TidyReply:
    """Take a reply's own prose out of it: no thinking, no code, no quotations; JSON that only reports an error is prose.

    Args:
        text: the reply.
        request: a quotation from it is an echo, and gives nothing.
    """
    text = _SPEAKER.sub("", _THOUGHT.sub(" ", text[:MAX_CHARACTERS]).translate(_CLEANED).strip())
    code = 0
    if "```" in text:
        blocks = _FENCE.findall(text)
        rest = _FENCE.sub("\n", text)
        if not rest.strip() and (message := _read_error(blocks[0].strip("`").removeprefix("json").strip())):
            return TidyReply(message)
        code = sum(len(block.split()) for block in blocks)
        text = rest
    elif text.startswith("{") and (message := _read_error(text)):
        return TidyReply(message)
    text = _GESTURE.sub("", text.translate(_TIDIED).strip())
    if len(text) > 1 and text[0] == text[-1] == '"' and text.count('"') == 2:
        return TidyReply(text[1:-1], code, is_quoted=True)
    if '"' not in text:
        return TidyReply(text, code)
    # What is quoted is not the speaker's own word.
    asked = request.translate(_TIDIED).lower()
    given = [quotation for quotation in _QUOTED.findall(text) if quotation.strip('".,!? ').lower() not in asked]
    quoted = sum(count_words(quotation) for quotation in given)
    return TidyReply(_QUOTED.sub(f' "{ELIDED}" ', text), code, quoted)


_ERROR_KEY = re.compile(
    r'"(?:error|refusal|declined|status|message|reason|result|response|answer|ошибка|fehler|erreur|mensaje|错误'
    r'|エラー)"\s*:\s*"([^"\n]{3,400})"',
    re.IGNORECASE,
)


def _read_error(text: str) -> str:
    """The messages of a JSON object that is short and says little else; or the empty string."""
    if not text.startswith("{") or len(text) > 800 or text.count(":") > 5:
        return ""
    return "\n".join(_ERROR_KEY.findall(text))


_CLEANED = str.maketrans({"\u200b": "", "\ufeff": "", "\r": "\n"})


def _compile_any(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))


ENGLISH = _compile_any(DECLINES_ENGLISH)
ABROAD = _compile_any(DECLINES_ABROAD)
_IS_ENGLISH = re.compile(r"\b(?:the|and|you|your|that|with|this|for|can't|don't|it's|i'm|are|have|what|about)\b")
CUE = re.compile(
    r"n't|\b(?:no|not|nope|never|nothing|nobody|none|neither|cannot|cant|wont|dont|decline\w*|declining|refus\w*|reject\w*"
    r"|denied|unable|unwilling|unavailable|ain't|pass|without|rather|against|outs?|off|outside|beyond|violat\w*|stop"
    r"|skip\w*|abstain\w*|refrain\w*|must|prohibit\w*|forbid\w*|stays?|remains?|steer|leav\w+|only|instead|nice try"
    r"|let's talk|draw the|afraid|rules|away|prevent\w*|confidential|turn|care about|wrong|keep|depends|sooner|regardless)\b"
)
"""A word without which no English sentence declines: to look for it first saves most of the time."""
CUE_ABROAD = re.compile(
    r"[^\x00-\x7f]|\b(?:nicht\w*|kein\w*|nie|niemals|nein|ohne|\w*lehn\w*|\w*weiger\w*|passe|verzichte|raus|lasse?|niet|geen"
    r"|nooit|inte|ikke|aldri\w*|avst\w+|afsl\w*|tyv\w*|beklager|pas|ne|n'\w+|rien|jamais|impossible|desol\w*|non|no|nao"
    r"|nunca|nada|ningun\w*|nem|ni|niego|rechaz\w*|declin\w*|refus\w*|recus\w*|rifiut\w*|tidak|tak|n?g?gak|ga|enggak"
    r"|bukan|maaf|menolak|hay|deg\w+|yok|\w+m[ae][mzy]\w*|khong|odma\w*|omlouv\w*|bohu\w*)\b"
)
"""The same for other languages; one that is written with more than ASCII is always looked at."""
_WRONG = _compile_any(DENOUNCES_ENGLISH)
_WRONG_ABROAD = _compile_any(DENOUNCES_ABROAD)
BARE = re.compile(BARE_NO)
_HELPS = re.compile(
    r"\b(?:help(?! but)|assist|comply|support|teach|writ\w*|creat\w*|generat\w*|produc\w*|participat\w*)"
)


_FOLLOWS = re.compile(
    r"(?:i|we) (?:\w+ )?(?:can't|cannot|can not|am not able to|won't be able to) (?:tell|say|know|see|check|give you)\b"
)
"""Follows from a limit: "I don't have live results, so I can't tell you who won"."""


def declines(line: str) -> bool | None:
    """Whether a sentence declines by itself; None where it names a limit of knowledge or of ability."""
    limited = False
    if _ACKNOWLEDGED.search(line):
        return False
    # Most of the time would go into languages that the sentence is not in, and into sentences without a no.
    patterns = [ENGLISH] if CUE.search(line) else []
    if len(_IS_ENGLISH.findall(line)) < 2 and CUE_ABROAD.search(line):
        patterns.append(ABROAD)
    for pattern in patterns:
        for match in pattern.finditer(line):
            # "I can't help with gaining access" declines; "I can't access the file" names a limit.
            reach = match.end() if _HELPS.search(match.group()) else min(len(line), match.end() + 40)
            if not LIMITS.search(line, match.start(), reach) and not (limited and _FOLLOWS.match(line, match.start())):
                return True
            limited = True
    return None if limited else False


def _sort(line: str) -> Kind:
    said = declines(line)
    if said is not False:
        return Kind.DECLINES if said else Kind.LIMITS
    if _WRONG.search(line) or _WRONG_ABROAD.search(line):
        return Kind.DENOUNCES
    if INTRODUCES.search(line):
        return Kind.DIVERTS if (SAFER_LISTS if line.endswith(":") else SAFER).search(line) else Kind.INTRODUCES
    if DIVERTS.search(line) or SAFER.search(line):
        return Kind.DIVERTS
    return Kind.PLAIN
