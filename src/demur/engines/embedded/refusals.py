"""Composes replies that decline as the policy wants it: by its reply type, with the help it still allows."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from random import Random

from demur.engines.embedded.clauses import Aim, list_aims, lower_first
from demur.engines.embedded.scenes import pick_scenes
from demur.engines.embedded.words import VERBS, looks_english, stem_content, turn_into_gerund, undo_gerund
from demur.inputs.policy import Risk


@dataclass(frozen=True, slots=True)
class Offer:
    """Help that a policy allows.

    Attributes:
        verb: how it is given, in the base form: `share`.
        what: what is given: `general information about passwords`.
    """

    verb: str
    what: str


def compose_refusal(risk: Risk, instruction: str, random: Random) -> str:
    """A short reply to one request. It names the topic only as generally as the policy does."""
    offers = list_offers(risk)
    care = next((scene.care for scene in pick_scenes(risk) if scene.care), "")
    urgent = [offer for offer in offers if offer.verb == "suggest"] if care else []
    offer = random.choice(urgent or offers) if offers else None
    topic = name_topic(risk, instruction)
    text = _pick_writer(risk.short_reply_type)(topic, offer, random)
    return f"{care} {text}" if care and random.random() < 0.6 else text


def name_topic(risk: Risk, instruction: str) -> str:
    """The forbidden thing that an instruction comes closest to, in a few words of the policy's own."""
    stems = set(stem_content(instruction))
    best: Aim | None = None
    most = 0.0
    for aim in list_aims(risk):
        near = len(aim.stems & stems) / (1 + len(aim.stems)) if aim.stems else 0.0
        if near > most:
            best, most = aim, near
    return best.topic if best else ""


@lru_cache(maxsize=256)
def list_offers(risk: Risk) -> tuple[Offer, ...]:
    """The help in `reply_may_contain`; clauses that only speak of denying are none."""
    return tuple(offer for clause in risk.policy.reply_may_contain if (offer := read_offer(clause)))


_DENIALS = re.compile(
    r"\b(denials?|den(?:y|ies)|refusals?|refus(?:e|es|ing)|declin(?:e|es|ing)|rejections?)\b", re.IGNORECASE
)
_SPOKEN = re.compile(
    r"^(?:an?\s+)?(?:statements?|reminders?|notes?|disclaimers?|acknowledge?ments?) that\s+", re.IGNORECASE
)
_FEELINGS = re.compile(r"^(?:an?\s+)?(?:expressions?|words?) of\b|\bempathy\b|\bconcern\b|\bsympathy\b", re.IGNORECASE)
_SUGGESTIONS = re.compile(
    r"^(?:an?\s+)?(?:suggestions?|recommendations?|encouragement|advice|invitations?) to (?=\w)",
    re.IGNORECASE,
)
_GIVEN = {
    "information": "share", "advice": "offer", "tips": "offer", "guidance": "offer", "pointers": "give you",
    "explanation": "give you", "explanations": "give you", "practice": "go over", "discussion": "have",
    "overview": "give you", "resources": "point you to", "links": "point you to", "contacts": "point you to",
}  # fmt: skip


def read_offer(clause: str) -> Offer | None:
    """Turn one clause on what a reply may hold into something to offer; None where it offers nothing."""
    text = " ".join(clause.split()).strip(" .;")
    if not text or _DENIALS.search(text) or _FEELINGS.search(text) or _SPOKEN.match(text):
        return None
    if not looks_english(text):
        return Offer("mention", f"this: {text}")
    text = lower_first(text)
    suggested = _SUGGESTIONS.match(text)
    if suggested:
        rest = text[suggested.end() :]
        return Offer("suggest", turn_into_gerund(rest) if rest.split()[0] in VERBS else f"that you {rest}")
    first, _, rest = text.partition(" ")
    base = undo_gerund(first) or (
        first if first in VERBS and rest and rest.split()[0] not in ("for", "of", "on") else ""
    )
    if base and rest:
        return Offer(base, rest)
    words = text.split()
    verb = next((_GIVEN[word.strip(",")] for word in words[:4] if word.strip(",") in _GIVEN), "offer")
    if words[0] in ("explanation", "overview", "discussion", "pointer", "summary", "list", "description"):
        text = f"{'an' if words[0][0] in 'aeiou' else 'a'} {text}"
    return Offer(verb, text)


def say_offer(offer: Offer | None, random: Random) -> str:
    """A sentence that gives an offer; without one, an open question."""
    if offer is None:
        return random.choice(_OPEN_OFFERS)
    short = len(offer.what.split()) < 9 and offer.verb != "suggest" and ":" not in offer.what
    form = random.choice(_SHORT_OFFERS if short and random.random() < 0.3 else _OFFERS)
    return form.format(verb=offer.verb, gerund=turn_into_gerund(offer.verb), what=offer.what)


_OFFERS = (
    "I can {verb} {what}.",
    "What I can do is {verb} {what}.",
    "I'd be glad to {verb} {what}.",
    "If it helps, I can {verb} {what}.",
    "I'm happy to {verb} {what}.",
    "Instead, I could {verb} {what}.",
    "Just say the word and I'll {verb} {what}.",
    "Would it help if I were to {verb} {what}?",
    "Something I can do: {verb} {what}.",
    "Should you want it, I can {verb} {what}.",
    "That still leaves me free to {verb} {what}.",
)
_SHORT_OFFERS = (
    "I'm happy to {verb} {what} instead.",
    "I'm open to {gerund} {what}, though.",
    "Shall I {verb} {what} instead?",
    "How about I {verb} {what} instead?",
)
_OPEN_OFFERS = (
    "Is there something else I can do for you?",
    "If you tell me what lies behind it, I may be able to help in another way.",
    "I'm glad to help with something else.",
    "Feel free to ask me about something different.",
    "Perhaps there is another way I can be of use.",
)
_DECLINES = (
    "I can't help with {topic}.",
    "I won't help with {topic}.",
    "Sorry, but {topic} is not something I can help with.",
    "I'm sorry, I can't assist with {topic}.",
    "No, I won't support {topic}.",
    "I have to decline: {topic} is off limits for me.",
    "Helping with {topic} isn't something I do.",
    "That's a no from me, because I don't help with {topic}.",
    "I'm not able to help with {topic}.",
    "I need to say no here, as this comes down to {topic}.",
    "This is where I stop: I don't assist with {topic}.",
    "Thanks for asking plainly; I'll answer plainly that I can't help with {topic}.",
    "I'm going to pass on this one, since it involves {topic}.",
    "I must refuse anything that amounts to {topic}.",
    "However it is put, {topic} is something I won't take part in.",
    "I don't provide help with {topic}.",
)
_BARE_DECLINES = (
    "I can't help with that.",
    "Sorry, but that's not something I can do.",
    "I have to decline this request.",
    "That's something I won't help with.",
    "I'm not able to assist with this.",
    "I'll have to say no to that.",
    "No, I can't take this on.",
    "This request is one I have to refuse.",
)
_SOFT = (
    "I'd rather not go into {topic}, but we can take this somewhere more useful.",
    "That's not a road I can go down with you, as it leads to {topic}.",
    "I can see why you ask. Still, I can't help with {topic}.",
    "Let me point you in another direction, because {topic} isn't something I can help with.",
    "I won't be of help with {topic}, though I would like to be of help.",
    "Thanks for your patience with me: {topic} is not something I take on.",
    "I'd prefer to leave {topic} aside.",
    "Let's turn this around, since I can't assist with {topic}.",
    "As for {topic}, I can't help, and I'd like to suggest something else.",
    "I understand the question, but I have to leave out {topic}.",
)
_CAUTIOUS = (
    "I want to be careful here, so I won't go into {topic}.",
    "I can't give details about {topic}.",
    "This calls for care: I can't help with {topic}.",
    "I'm not able to go into {topic}, and I'd rather say so openly.",
    "Details about {topic} are something I can't share.",
    "I can't talk about {topic} in any detail.",
    "On {topic} I have to hold back.",
    "I won't describe anything that comes down to {topic}.",
)
_INFORM = (
    "On {topic} I can speak in general terms only.",
    "I keep to general information when it comes to {topic}.",
    "I can't go into specifics about {topic}, but I can speak generally.",
    "As far as {topic} goes, I can stay at the level of general information.",
    "There are limits to what I can say on {topic}.",
    "I can't settle {topic} for you, but I can help in general.",
)
_DISCLAIMERS = (
    "This is general information and no professional advice.",
    "Please treat this as general information; a qualified professional can advise you on your own case.",
    "I'm no substitute for a qualified professional.",
    "None of this replaces advice from someone qualified.",
    "For your own case, please ask a professional.",
)
_NO_COMMENT = (
    "I don't comment on {topic}.",
    "I'm not in a position to comment on {topic}.",
    "I leave {topic} for others to judge.",
    "I can't comment on {topic}.",
    "Commenting on {topic} isn't something I do.",
    "I'd rather not comment on {topic}.",
    "You won't get an opinion on {topic} from me, sorry: I can't give one.",
    "I have no comment to offer on {topic}.",
)

Writer = Callable[[str, Offer | None, Random], str]


def _pick_writer(reply_type: str) -> Writer:
    """The writer of a reply type; an unknown type goes by the words in its name, else by a plain refusal."""
    name = reply_type.upper()
    if "COMMENT" in name:
        _, _, named = name.partition("COMMENT_")
        return partial(_write_no_comment, named.removeprefix("ON_").replace("_", " ").lower().strip())
    if "DISCLAIMER" in name:
        return _write_disclaimed
    if "CAUTIOUS" in name:
        return _write_cautious
    if "INFORM" in name or "ANSWER" in name:
        return _write_informative
    if "REDIRECT" in name or "POLITE" in name or "SUPPORT" in name:
        return _write_redirect
    return _write_refusal


def _open_with(forms: tuple[str, ...], topic: str, random: Random) -> str:
    if not topic:
        return random.choice(_BARE_DECLINES)
    text = random.choice(forms).format(topic=topic)
    return text[0].upper() + text[1:]


def _write_refusal(topic: str, offer: Offer | None, random: Random) -> str:
    forms = _DECLINES if random.random() < 0.85 else _BARE_DECLINES
    return f"{_open_with(forms, topic, random)} {say_offer(offer, random)}"


def _write_redirect(topic: str, offer: Offer | None, random: Random) -> str:
    return f"{_open_with(_SOFT, topic, random)} {say_offer(offer, random)}"


def _write_cautious(topic: str, offer: Offer | None, random: Random) -> str:
    return f"{_open_with(_CAUTIOUS, topic, random)} {say_offer(offer, random)}"


def _write_informative(topic: str, offer: Offer | None, random: Random) -> str:
    return f"{_open_with(_INFORM, topic, random)} {say_offer(offer, random)}"


def _write_disclaimed(topic: str, offer: Offer | None, random: Random) -> str:
    return f"{_open_with(_CAUTIOUS, topic, random)} {say_offer(offer, random)} {random.choice(_DISCLAIMERS)}"


def _write_no_comment(named: str, topic: str, offer: Offer | None, random: Random) -> str:
    return f"{_open_with(_NO_COMMENT, named or topic, random)} {say_offer(offer, random)}"
