"""Just enough English morphology to turn a clause of a policy into something that can be asked for."""

from __future__ import annotations

import re
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


def list_words(text: str) -> frozenset[str]:
    """The words of a list that is written as running text."""
    return frozenset(text.split())


FUNCTION_WORDS = list_words("""
    a an the this that these those some any each every all both no not nor of to in on at by for from
    with without about into onto over under between through during before after as than then so if or
    and but be is are was were been being am do does did doing have has had having can could may might
    must shall should will would i me my mine myself you your yours we us our ours he him his she her
    hers it its they them their theirs one ones who whom whose which what when where why how there here
    such other others another own same more most less least very too just only also even ever never
    again once up down out off away via per etc let s t re ve ll d m don isn won aren didn doesn couldn
    wouldn shouldn there's it's that's
""")
"""Words that carry no topic."""

PREPOSITIONS = list_words(
    "of to in on at by for from with without about into onto over under between through against toward "
    "towards as "
    "past behind around across inside outside within like among upon via"
)

PARTICLES = list_words("down up off out over away in back through")

DETERMINERS = list_words("a an the their his her its my our your this these those someone somebody another")

COMPARATIVES = list_words("more less harder easier better worse faster cheaper safer louder quieter stronger")

VERBS = list_words("""
    abuse access accuse acquire act add advertise aid alter amplify analyse apply argue arrange ask
    assault assemble assist attack attract avoid backdate barge beat befriend belittle bet bias
    blackmail blame block boost break bribe bring build bully burn buy bypass calculate call cancel
    carry cast catch cause change charge cheat choose circumvent claim click coax coerce collect combine
    commit compare compile compose compromise con conceal conduct confuse construct contact contaminate
    control convert convince cook copy corrupt counterfeit crack craft crash create cripple cut damage
    deceive decrypt defame defeat defraud degrade delay delete deliver demean deny depict deploy
    describe design destabilise destabilize destroy determine develop diagnose direct disable discourage
    discredit discriminate disguise dismiss disrupt distort distribute divert divide dodge dox doxx
    download draft draw drive drug dump dupe duplicate eat edit embarrass embezzle employ enable
    encourage endanger endorse engage engineer enlist enter entice erase escape establish evade exclude
    excuse execute exfiltrate expel exploit export expose extort extract fabricate facilitate fake
    falsify feed fight fill find fire flee flood follow fool force forge frame frighten fuel gain gather
    generate get give glorify grab groom grow guess guide hack handle harass harm harvest hate help hide
    hijack hit hoard hold humiliate hunt hurt identify ignore imitate impersonate implicate import
    impose improve incite infect infiltrate inflate inflict influence inject injure insert install
    instruct insult intercept interfere intimidate invade invent invest isolate jam justify keep kidnap
    kill label launch launder leak learn lie limit list listen livestream locate lock log look loot lose
    lower lure maintain make manipulate manufacture market mask mass-produce measure mimic mine minimise
    minimize misappropriate misdirect mislead misrepresent misuse mix mock modify monitor move obfuscate
    obtain offer open operate order organise organize outbid override overload overstate override own
    paralyse paralyze pass pay penetrate perform persuade pick place plagiarise plagiarize plan plant
    plot poison portray pose post practise predict prepare prescribe present pressure pretend print
    probe process procure produce profile promote provide provoke publish pull purge push put raise
    ransack reach read recommend record recruit redirect reduce re-identify reidentify release remove
    rent replace report reroute resell reset restrict reveal rewrite ridicule rig rob run sabotage scam
    scan scare scrape search secure sedate seize select sell send set shame share shift ship shoplift
    short show shut sign silence simulate skim skip slander smear smuggle sneak solicit spam speak spoof
    spread spy stage stalk start starve state steal stereotype stigmatise stigmatize stir stop store
    strike structure submit subvert suggest supply support suppress surveil suspend swindle switch sway
    tail take talk tamper target teach tell test thwart threaten throw track trade traffic train
    transfer transmit transport trap treat trick trigger trip turn twist dehumanise dehumanize sexualise
    sexualize radicalise radicalize romanticise romanticize trivialise trivialize victimise victimize
    terrorise terrorize normalise normalize demonise demonize objectify vilify acknowledge address
    clarify discuss explain express inform invite mention note outline point refer remind state uncover
    undercut underreport undermine unlock unmask upload use vandalise vandalize verify view violate
    visit weaken win wipe wire wiretap withhold work write
""")
"""Base forms that may begin a verb phrase."""

_DOUBLED = list_words("""
    get put run cut hit set stop plan scam spam rob plot trap tap jam shut bet win swap skip dig grab
    stab kidnap con rig tag drop ship rip wrap quit submit commit admit permit control begin let slip
    log map program rig chop sit spin strip skim trip forget
""")
_FROM_GERUND = {"lying": "lie", "dying": "die", "tying": "tie", "doxing": "dox", "doxxing": "doxx"}


def split_words(text: str) -> list[str]:
    """The words of a text, lower-cased, in any script; contractions stay whole."""
    return [word.lower() for word in _WORD.findall(text)]


def make_gerund(verb: str) -> str:
    """`run` → `running`, `write` → `writing`; a verb with a hyphen is changed at its end."""
    if verb in _DOUBLED:
        return f"{verb}{verb[-1]}ing"
    if verb.endswith("ie"):
        return f"{verb[:-2]}ying"
    if verb.endswith("ic"):
        return f"{verb}king"
    if verb.endswith("e") and not verb.endswith(("ee", "oe", "ye")) and verb != "be":
        return f"{verb[:-1]}ing"
    return f"{verb}ing"


def undo_gerund(word: str) -> str:
    """`running` → `run`; the empty string where the word is no gerund of a known verb."""
    if word in _FROM_GERUND:
        return _FROM_GERUND[word]
    if not word.endswith("ing") or len(word) < 5:
        return ""
    root = word[:-3]
    halved = root[:-1] if len(root) > 2 and root[-1] == root[-2] else ""
    trafficked = root[:-1] if root.endswith("ck") else ""
    for base in (root, f"{root}e", halved, trafficked):
        if base in VERBS and make_gerund(base) == word:
            return base
    return ""


def undo_third_person(word: str) -> str:
    """`facilitates` → `facilitate`; the empty string where the word is no third person of a known verb."""
    for base in (word[:-1], word[:-2], f"{word[:-3]}y"):
        if word.endswith("s") and base in VERBS:
            return base
    return ""


def make_third_person(verb: str) -> str:
    """`facilitate` → `facilitates`, `carry` → `carries`."""
    if verb.endswith("y") and verb[-2:-1] not in "aeiou":
        return f"{verb[:-1]}ies"
    return f"{verb}es" if verb.endswith(("s", "sh", "ch", "x", "z", "o")) else f"{verb}s"


def turn_into_gerund(phrase: str) -> str:
    """`run exploits` → `running exploits`: only the first word changes."""
    first, _, rest = phrase.partition(" ")
    return f"{make_gerund(first)} {rest}".strip()


def looks_english(text: str) -> bool:
    """Whether a text is likely English: Latin letters, and function words once it is long enough for them."""
    words = split_words(text)
    if not words or any(ord(letter) > 0x24F for word in words for letter in word if letter.isalpha()):
        return False
    known = sum(word in FUNCTION_WORDS or word in VERBS for word in words)
    foreign = sum(word in _FOREIGN for word in words)
    return (len(words) < 6 or known > 0) and foreign <= known


_FOREIGN = list_words("""
    el la los las un una para que del con por como sobre una sin der die das und oder zum zur ein eine
    einer für von mit nicht auf dem den des le les une pour sur dans avec sans aux est et ou qui il lo
    gli per della delle di che een het voor van met niet om de da do dos das em uma och att som för inte
""")

_SUFFIXES = (
    *("ization", "isation", "fulness", "ation", "iness", "ement", "ingly", "ness", "ator", "ment", "able"),
    *("ible", "edly", "ally", "ity", "ing", "ion", "ist", "ive", "ous", "ful", "est", "ed", "er", "or", "ly"),
    *("al", "y", "e"),
)
_WHOLE = frozenset({"cement", "comment", "moment"})
"""Words that end like a derivation and are none: a comment would meet whoever comes."""


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """A crude stem: the inflections and common derivations of a word mostly meet in it.

    Short words, and those of other scripts, stay as they are.
    """
    word = word.removesuffix("'s").removesuffix("’s")
    if word.endswith("ies") and len(word) > 4:
        word = f"{word[:-3]}y"
    elif word.endswith("s") and len(word) > 3 and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for suffix in _SUFFIXES if word not in _WHOLE else ():
        # `al` and `ive` belong to short verbs (steal, deceive), whose gerunds would keep them.
        kept = 4 if suffix == "al" else 3
        if word.endswith(suffix) and len(word) - len(suffix) >= kept and not word.endswith("eive"):
            word = word[: -len(suffix)]
            break
    if (len(word) > 4 and word[-1] == "e") or (len(word) > 3 and word[-1] in "iy"):  # copy, copying, copied
        word = word[:-1]
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeious":
        word = word[:-1]
    return word


def stem_content(text: str) -> list[str]:
    """The stems of a text's content words, in their order."""
    return [stem(word) for word in split_words(text) if word not in FUNCTION_WORDS]
