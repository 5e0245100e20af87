"""Replies in a manner that the request names: how they open, how long they are. For tasks that ask for variety."""

from __future__ import annotations

from random import Random

from demur.engines.embedded.refusals import Offer, list_offers, name_topic, say_offer
from demur.engines.embedded.scenes import pick_scenes
from demur.inputs.policy import Risk

_PLAIN_NO = (
    "I can't help with {topic}.",
    "I won't help with {topic}.",
    "Helping with {topic} isn't something I do.",
    "I'm not able to help with {topic}.",
    "I have to decline anything that comes down to {topic}.",
    "I don't assist with {topic}.",
    "Anything that amounts to {topic} is something I won't support.",
    "My help ends at {topic}, so I have to decline.",
    "This comes down to {topic}, and I won't take part in that.",
    "As for {topic}, I have to say no.",
    "Requests that lead to {topic} are ones I decline.",
    "You won't get help with {topic} from me.",
)
_LATER_NO = (
    "I can't help with {topic}, though.",
    "With {topic} I can't help.",
    "What I have to decline is {topic}.",
    "I won't go along with {topic}, however.",
    "The request itself I have to decline, because it comes down to {topic}.",
    "Still, I can't assist with {topic}.",
    "Only {topic} is something I won't help with.",
    "I have to decline to help with {topic}.",
)
_NAMING = (
    "On {topic} I have to say no.",
    "Where {topic} is concerned, I can't help.",
    "When it comes to {topic}, I have to decline.",
    "{topic}? That is something I can't help with.",
    "About {topic} I can only say that I won't help with it.",
    "In matters of {topic} I can't assist.",
    "{topic} is off limits for me.",
    "Anything like {topic} I have to decline.",
)
_UNDERSTANDING = (
    "I see why this comes up.",
    "That sounds like a lot to deal with.",
    "I understand the question.",
    "It makes sense to ask somewhere.",
    "I hear you.",
    "Fair enough that you ask.",
    "Questions like this do come up.",
    "There may well be a good reason behind this.",
    "I can tell that this matters to you.",
    "Understood.",
)
_REASONS = (
    "Because others could come to harm, I won't help with {topic}.",
    "Since this leads to {topic}, I have to decline.",
    "People could get hurt here, so I can't help with {topic}.",
    "Given where this leads, I can't assist with {topic}.",
    "As this amounts to {topic}, I won't help with it.",
    "For the sake of those affected, I decline to help with {topic}.",
    "To keep people safe, I don't help with {topic}.",
    "With other people's interests at stake, I can't support {topic}.",
)
_THANKS = (
    "Thanks for asking openly.",
    "Thank you for getting in touch.",
    "Hello, and thanks for your message.",
    "Hi there.",
    "Thanks for your question.",
    "Good that you ask first.",
    "Thank you for your patience with me.",
    "Welcome.",
    "Thanks for putting it so clearly.",
    "Hello!",
)
_QUESTIONS = (
    "What would help you most right now?",
    "Is there a goal behind this that I could help with?",
    "May I suggest something else?",
    "Could another way get you there?",
    "Where would you like to go from here?",
    "Shall we look at this from another side?",
    "Would a different angle be of use?",
    "What are you hoping to reach?",
)
_SHORT = (
    "Sorry, no.",
    "No.",
    "Not this one.",
    "I decline.",
    "Not from me.",
    "I'll pass.",
    "Hard no.",
    "Can't do.",
    "Not possible.",
    "That's a no.",
)
_DECLINING = {
    "refusal": ("", _PLAIN_NO),
    "subject": ("", _NAMING),
    "understanding": (_UNDERSTANDING, _PLAIN_NO),
    "reason": ("", _REASONS),
    "thanks": (_THANKS, _PLAIN_NO),
    "question": (_QUESTIONS, _LATER_NO),
    "one-word": (_SHORT, _PLAIN_NO),
}
_INFORMING = {
    "information": (
        "Briefly:",
        "In short:",
        "To begin with the essentials:",
        "Here is the core of it:",
        "The main points first:",
        "First things first:",
        "At a glance:",
        "Put simply:",
    ),
    "subject": (
        "On {topic}, in general terms:",
        "About {topic}, only this:",
        "Regarding {topic}:",
        "{topic}, seen from outside:",
        "As to {topic}:",
        "Around {topic} a few things hold:",
    ),
    "general": (
        "In general,",
        "As a rule,",
        "Generally speaking,",
        "On the whole,",
        "For most cases,",
        "Broadly,",
        "Usually,",
        "By and large,",
    ),
    "limits": (
        "This stays at a general level.",
        "Details depend on the case.",
        "Only the outlines can be given here.",
        "What follows is an overview.",
        "This is a sketch, no more.",
        "Take this as a starting point.",
    ),
    "understanding": _UNDERSTANDING,
    "matters": (
        "Getting this right matters.",
        "Much hangs on this subject.",
        "This deserves a careful answer.",
        "It is worth knowing the basics here.",
        "Good information makes a difference here.",
        "This concerns many people.",
    ),
    "question": (
        "Where to begin?",
        "What is worth knowing here?",
        "What helps in practice?",
        "So what holds in general?",
        "What can be said about it?",
        "Which points come first?",
    ),
    "first": (
        "Look at the basics first.",
        "Start with the general picture.",
        "One step at a time.",
        "Begin with what is well known.",
        "The general rules come first.",
        "It helps to sort the question first.",
    ),
}
_GENERAL = (
    "I can speak of {topic} in general terms only.",
    "I keep to general information when it comes to {topic}.",
    "As far as {topic} goes, only general information has a place here.",
    "There are limits to what I can say on {topic}.",
    "I'd rather not go into specifics about {topic}, and general information is what I can give.",
)
_TOPICS = ("this", "that", "a request of this kind", "what you describe", "this subject", "a thing like this")
_OVERVIEWS = (
    "I can give an overview and the reasons behind it.",
    "I can explain the general background and point to reliable sources.",
    "I can share general background and say where to read on.",
    "I can go over the general background with you.",
)
_FURTHER = (
    "Reliable sources are the place for more.",
    "An official site or an expert can say more.",
    "From there a specialist can take it further.",
    "That covers the general side.",
    "More depends on the single case.",
)
_DISCLAIMING = (
    "This is general information, no professional advice.",
    "A qualified professional can speak to your own case.",
    "It does not replace advice from someone qualified.",
    "For your own situation, please ask a professional.",
)


_LONG_TOPIC = 6


def compose_mannered(risk: Risk, instruction: str, manner: tuple[str, ...], random: Random) -> str:
    """A short reply to one request, as `manner` wants it. It names the topic only as generally as the policy does."""
    offers = list_offers(risk)
    care = next((scene.care for scene in pick_scenes(risk) if scene.care), "")
    urgent = [offer for offer in offers if offer.verb == "suggest"] if care else []
    offer = random.choice(urgent or offers) if offers else None
    topic = name_topic(risk, instruction)
    if len(topic.split()) > _LONG_TOPIC:
        topic = ""  # It would repeat the request word for word.
    kind = risk.short_reply_type.upper()
    words = " ".join(manner)
    if "INFORM" in kind and "CAUTIOUS" not in kind:
        parts = _write_informing(topic, offer, words, random)
        if "DISCLAIMER" in kind:
            parts.append(random.choice(_DISCLAIMING))
    else:
        parts = _write_declining(topic, offer, words, "CAUTIOUS" in kind, random)
    if care and "three" in words:
        parts.append(care)
    return " ".join(part for part in parts if part)


def _say(offer: Offer | None, careful: bool, random: Random) -> str:
    """An offer; where the reply type wants information and the policy names none, a general one."""
    return random.choice(_OVERVIEWS) if careful and offer is None else say_offer(offer, random)


def _write_declining(topic: str, offer: Offer | None, words: str, careful: bool, random: Random) -> list[str]:
    topic = topic or random.choice(_TOPICS)
    if "what you can offer" in words:
        return [_say(offer, careful, random), _fill(random.choice(_LATER_NO), topic)]
    move = next((move for move in _DECLINING if move in words), "refusal")
    leads, forms = _DECLINING[move]
    return [random.choice(leads) if leads else "", _fill(random.choice(forms), topic), _say(offer, careful, random)]


def _write_informing(topic: str, offer: Offer | None, words: str, random: Random) -> list[str]:
    move = next((move for move in _INFORMING if move in words), "information")
    lead = _fill(random.choice(_INFORMING[move]), topic or random.choice(_TOPICS))
    limit = _fill(random.choice(_GENERAL), topic or random.choice(_TOPICS))
    if lead[-1] in ":,":
        limit = limit if limit.startswith(("I ", "I'")) else limit[0].lower() + limit[1:]
    return [f"{lead} {limit}", _say(offer, True, random), random.choice(_FURTHER) if "two" not in words else ""]


def _fill(form: str, topic: str) -> str:
    text = form.format(topic=topic)
    return text[0].upper() + text[1:]
