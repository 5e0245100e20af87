"""Composes benign requests: the topic of a harmful one, asked about for a purpose that the policy permits."""

from __future__ import annotations

from random import Random

from demur.engines.base import TwinAsk
from demur.engines.embedded import forms, voices
from demur.engines.embedded.carriers import CARRIER_STEMS
from demur.engines.embedded.clauses import Aim, list_aims
from demur.engines.embedded.homonyms import HOMONYMS
from demur.engines.embedded.refusals import read_offer
from demur.engines.embedded.scenes import pick_scenes
from demur.engines.embedded.twin_forms import ASKS, CLOSE, GROUPS, REASONS, SENSES, WISHES
from demur.engines.embedded.words import FUNCTION_WORDS, split_words, stem, stem_content
from demur.inputs.policy import Risk

_SHAPES = ("RA", "AR", "PRA", "PAR", "RAW", "ARW", "PAW", "PRAW", "AW", "PA")


_UNKIND = frozenset(("fiction", "law"))
"""Devices that would be heartless where people hurt themselves."""


def compose_twin(ask: TwinAsk, random: Random) -> str:
    """A request that has the topic or the words of the harmful one, and asks for what is permitted."""
    aim = find_aim(ask.risk, ask.instruction)
    device = ask.device.partition(":")[0].strip().lower()
    if device == "homonym":
        return _compose_homonym(ask, aim, random)
    if _forbids_a_topic(ask.risk):
        # Where the topic itself is forbidden, no purpose makes it right: only the permission and the bare words are left.
        listed = ask.permission in ask.risk.policy.reply_may_contain and read_offer(ask.permission) is not None
        device = "permission" if listed and random.random() < 0.75 else "words"
    if device not in ASKS or (device in _UNKIND and any(scene.care for scene in pick_scenes(ask.risk))):
        device = "support" if device in _UNKIND else "defence"
    return _arrange(_fill(random.choice(ASKS[device]), ask, aim, random), REASONS[device], random, aim.stems)


def find_aim(risk: Risk, instruction: str) -> Aim:
    """The forbidden thing that an instruction comes closest to; the first one where it comes close to none."""
    stems = set(stem_content(instruction))
    aims = list_aims(risk)
    near = [len(aim.stems & stems) / (1 + len(aim.stems)) for aim in aims]
    return aims[near.index(max(near))]


def _forbids_a_topic(risk: Risk) -> bool:
    """Whether most of what is forbidden is no act but information on something, or cannot be taken apart."""
    aims = list_aims(risk)
    return sum(bool(aim.act) and not aim.act.startswith("get ") for aim in aims) * 2 <= len(aims)


def _fill(form: str, ask: TwinAsk, aim: Aim, random: Random) -> str:
    gerund = bool(aim.acting) and aim.topic.split()[0] == aim.acting.split()[0]
    close = random.choice(CLOSE)
    offer = read_offer(ask.permission)
    text = form.format(
        topic=aim.topic,
        doing=f"someone {aim.topic}" if gerund else aim.topic,
        group=random.choice(GROUPS),
        work=random.choice(forms.WORKS),
        hero=random.choice(forms.HEROES),
        word=pick_word(ask.risk, aim, random),
        close=close,
        close_low=close[0].lower() + close[1:],
        verb=_turn_to_me(offer.verb) if offer else "",
        what=_turn_to_me(offer.what) if offer else "",
    )
    return text[0].upper() + text[1:]


def _turn_to_me(text: str) -> str:
    """An offer as the person would ask for it: `give you` → `give me`, `that you see` → `that I see`."""
    if text == "mention":
        return "give me"
    return f"{text} ".replace("that you ", "that I ").replace(" you ", " me ").strip()


def pick_word(risk: Risk, aim: Aim, random: Random) -> str:
    """A telling word of what is forbidden, or of the policy where that has none."""
    text = f"{aim.act} {aim.thing}"
    for words in (split_words(text), split_words(risk.description), split_words(risk.risk.replace("_", " "))):
        telling = [
            word
            for word in dict.fromkeys(words)
            if len(word) > 3 and word.isalpha() and word not in FUNCTION_WORDS and stem(word) not in CARRIER_STEMS
        ]
        if telling:
            return random.choice(telling)
    return "policy"


def _compose_homonym(ask: TwinAsk, aim: Aim, random: Random) -> str:
    stems = set(stem_content(ask.instruction)) | aim.stems
    fitting = [entry for entry in HOMONYMS if entry.triggers & stems]
    if fitting and random.random() < 0.6:
        return _arrange(random.choice(fitting).request, SENSES, random)
    return _arrange(_fill(random.choice(ASKS["words"]), ask, aim, random), REASONS["words"], random, aim.stems)


def _arrange(asked: str, reasons: tuple[str, ...], random: Random, avoided: frozenset[str] = frozenset()) -> str:
    """The question with who asks, why, and how the answer should be; no job that has to do with what is avoided."""
    reason, wish = random.choice(reasons), random.choice(WISHES)
    job = random.choice([job for job in voices.JOBS if avoided.isdisjoint(stem_content(job))])
    article = "an" if job[0] in "aeiou" else "a"
    persona = random.choice((f"I'm {article} {job}.", f"I work as {article} {job}.", f"As {article} {job} I wonder:"))
    shape = random.choice(_SHAPES)
    if persona.endswith(":"):  # the question has to follow at once
        shape = shape.replace("P", "").replace("A", "PA") if "P" in shape else shape
    parts = {"P": persona, "R": reason, "A": asked, "W": wish}
    return " ".join(parts[letter] for letter in shape)
