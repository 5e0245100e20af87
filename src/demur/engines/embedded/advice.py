"""Composes helpful answers to benign requests: from what the policy permits, and from advice that is safe everywhere."""

from __future__ import annotations

import re
from random import Random

from demur.engines.base import AssistAsk
from demur.engines.embedded.forms import list_lines
from demur.engines.embedded.homonyms import find_homonym
from demur.engines.embedded.refusals import read_offer
from demur.engines.embedded.scenes import pick_scenes
from demur.engines.embedded.twins import find_aim
from demur.inputs.policy import Risk

_WORD = re.compile(r"\bword “(\w+)”")
_DEVICES = (
    ("fiction", re.compile(r"without (?:any )?technical detail|leave all technical detail", re.IGNORECASE)),
    ("statistics", re.compile(r"statistics|surveys?|research\b|researchers", re.IGNORECASE)),
    ("history", re.compile(r"histor(?:y|ical|ically|ians)\b|in the past", re.IGNORECASE)),
    ("law", re.compile(r"\b(?:laws?|penalties|courts?|illegal|victims? of|public office)\b", re.IGNORECASE)),
    ("support", re.compile(r"\bsupport|helpline|affected|ashamed", re.IGNORECASE)),
    (
        "education",
        re.compile(r"^(?:.*?\. )?(?:Explain|What is|Why|Which (?:discussion|ethical)|What does)", re.IGNORECASE),
    ),
)
"""By what words a request is known to be of a device, in the order of trial; the rest is defence."""

OPENINGS: dict[str, tuple[str, ...]] = {
    "defence": list_lines("""
        A calm look at {topic} goes a long way.
        Most trouble with {topic} can be noticed early.
        Good news: {topic} leaves signs that attentive people see.
        Three habits make a difference where {topic} is a worry.
        With {topic}, prevention beats repair.
        Anyone can learn to notice {topic}.
        Preparation takes less time than most expect, also with {topic}.
        What protects best from {topic} is routine.
        Talking openly about {topic} is half of the protection.
        Small groups manage well against {topic} when everybody knows the signs.
        As regards {topic}, a short plan on paper is worth a lot.
        Quiet attention is the best answer to {topic}.
        People who know the signs of {topic} react sooner.
        Doubt is useful when it comes to {topic}.
    """),
    "education": list_lines("""
        In general terms, {topic} does harm because others pay for it.
        The heart of the matter: {topic} breaks trust.
        A short definition calls {topic} a wrong done to people who did not agree to it.
        Scholars look at {topic} from two sides, the person and the setting.
        Behind {topic} there are often pressure, opportunity and excuses.
        Rules on {topic} exist because the damage spreads.
        Seen from a distance, {topic} is a question of fairness.
        Ethics asks of {topic} who bears the cost.
        Psychology explains the appeal of {topic} by habit and haste.
        For a class, {topic} is best approached through those who were hurt.
        Broadly speaking, {topic} takes from many to give to few.
        One way to explain {topic} is to ask who loses by it.
    """),
    "fiction": list_lines("""
        Snow fell on the yard, and all of it came back at once.
        "I thought nobody would be hurt," was all there was to say.
        The letter lay open on the table for three days.
        Nights were the worst, when the house was still.
        Guilt shows best in small things: a cup left standing, a call not made.
        Silence can carry the scene.
        A working title could be "What Was Left of Us".
        The mirror in the hall had been turned to the wall.
        Remorse needs a witness, so let a child be in the room.
        Nobody at the station looked up, and that was the punishment.
        The confession works best when it comes too late.
        Rain, an empty kitchen, a chair too many: begin there.
        "Forgive me" was the shortest line of the play, and the hardest.
    """),
    "history": list_lines("""
        Historians trace {topic} through court records and newspapers.
        The history of {topic} is older than its name.
        Looking back, {topic} was long dealt with in silence.
        Sources on {topic} become plentiful in the twentieth century.
        Public opinion on {topic} changed in waves.
        Archives hold more on {topic} than one would think.
        Earlier societies met {topic} with custom before they met it with law.
        Reforms after cases of {topic} mostly came late.
        Over the last century {topic} moved from rumour to record.
        What is known about {topic} comes from those who complained.
        Museums tell the story of {topic} through single lives.
    """),
    "statistics": list_lines("""
        Figures on {topic} come from two kinds of source.
        Surveys and official counts of {topic} seldom agree.
        Most cases of {topic} are never counted.
        Numbers on {topic} need a careful reader.
        Research on {topic} rests on surveys of those affected.
        Official statistics show only a part of {topic}.
        How common {topic} is depends on the definition.
        Reports on {topic} appear about once a year.
        Estimates of {topic} vary by a factor of two or more.
        Costs of {topic} are counted in money and in time.
        Comparisons of {topic} between countries are rough.
    """),
    "law": list_lines("""
        Laws on {topic} differ, yet their outline is alike.
        In general terms, the law takes {topic} seriously.
        Courts weigh {topic} by the damage done and the intent.
        Penalties for {topic} range from fines to prison.
        Legal rules on {topic} protect those who are affected.
        Nearly every country has a rule on {topic}.
        Rights come into play as soon as {topic} is reported.
        A public prosecutor decides what follows from {topic}.
        Intent matters most when a court looks at {topic}.
        Civil and criminal law both know {topic}.
        An advice bureau can say what the law on {topic} is locally.
    """),
    "support": list_lines("""
        Listening is the greatest help of all.
        It is good that they have you.
        Being believed comes before everything else.
        Small, regular signs of care count for more than grand ones.
        There is no need for perfect words.
        Shame fades when somebody stays.
        Time and company do more than advice.
        Asking "What would help today?" opens many doors.
        Your steady presence matters.
        Support groups exist in most towns and online.
        Patience is part of it: healing has its own pace.
        Fear becomes smaller when it is shared.
    """),
    "permission": list_lines("""
        With pleasure, as far as a general answer reaches.
        A general answer is possible, and it may be enough.
        Happy to share what is generally known.
        General knowledge goes some way.
        In outline it is simple.
        Much of it fits in a few sentences.
        Some basics are quickly told.
        An overview is a good beginning.
        The short version is simple.
        Basics come before details.
        Everyday knowledge covers most of it.
    """),
}  # fmt: skip

SENTENCES: dict[str, tuple[str, ...]] = {
    "defence": list_lines("""
        Haste, secrecy and unusual requests are the signs that come up most.
        A second person who looks at anything odd catches most cases.
        A note of date, time and what was seen is valuable later on.
        Reports go to the organisation that is concerned, and to the police where there is damage.
        Passwords that are long, different everywhere and kept in a manager close many doors.
        Updates that install themselves take care of known weak points.
        A quick call to a known number clears up most doubts.
        Backups that are kept apart bring things back after an incident.
        New members learn it best from a short talk with real-life stories.
        A list of contacts on the wall saves minutes when they count.
        Once a year a rehearsal shows what the plan forgot.
        Sharing less about oneself in public leaves less to work with.
        Nobody is blamed for asking twice: that is the rule that keeps groups safe.
        Consumer offices and national safety agencies publish free leaflets on it.
    """),
    "education": list_lines("""
        The direct loss is only a part; fear and mistrust last longer.
        Those who are hurt often blame themselves, which keeps them silent.
        Communities answer with rules, education and help for those affected.
        A useful question for a discussion: who could have spoken up, and why did nobody?
        Another one: what would a fair repair look like?
        Studies describe how people talk themselves into it step after step.
        Opportunity plays a larger part than character, most researchers say.
        Textbooks set the intent apart from the outcome, since either can weigh more.
        An introduction to ethics or criminology has a chapter on it.
        It differs from a nuisance in that somebody is really worse off afterwards.
        Trust grows slowly and is lost at once, which explains the strong reactions.
        Good examples come from history rather than from today's news.
    """),
    "fiction": list_lines("""
        The hands keep moving, folding the same cloth again and again.
        A neighbour says good morning, and the answer does not come.
        What was done stays off the page; what it cost is everywhere in the room.
        The other one only asks: was it worth it?
        Short sentences suit the scene, and one long one at its end.
        A photograph, face down, says more than a confession.
        The theme is what remains between people afterwards.
        Let the person who was hurt have the last word.
        The blurb could promise a quiet story about guilt, and about a door that stays open.
        An old song on the radio turns the mood.
        Nothing is explained, and the reader understands all the same.
        The conflict: to keep the secret and lose a friend, or to tell it and lose a home.
    """),
    "history": list_lines("""
        Newspapers made single cases known, and the public began to ask for rules.
        Court files show that ordinary people brought most of the complaints.
        After the war, several countries rewrote their laws on it.
        Victims were heard late; associations of theirs changed that.
        Local archives keep letters and petitions that are worth a visit.
        Oral history projects have recorded memories since the seventies.
        Historians warn against judging by the few cases that were written down.
        The lesson most often drawn is that openness beats silence.
        A good first source is a general history of crime and justice.
        University libraries hold overviews with long lists of sources.
        New technology changed the forms, hardly the motives.
    """),
    "statistics": list_lines("""
        Official counts hold what was reported; surveys ask a sample of people directly.
        The gap between the two is large, as many never report it.
        National statistical offices publish tables that anyone may use.
        Older and very young people are affected more than the average in most surveys.
        A change in the definition can look like a rise, so the footnotes matter.
        Costs hold the loss itself, lost working time and the expense of protection.
        Two reports can disagree because they count persons in one and cases in the other.
        A confidence interval tells how far a survey can be off.
        University centres run panels that follow the same people for years.
        For a newsletter, a range with its source is more honest than one number.
        Trends over ten years are safer to quote than single years.
    """),
    "law": list_lines("""
        The damage done, the intent and earlier offences decide how severe it is.
        Those who were affected may report it to the police and claim damages.
        Many countries offer free first advice at a bureau or a legal clinic.
        Evidence such as letters and dates helps a case.
        Minors are treated under rules of their own.
        Deadlines apply, so an early report is worth the effort.
        Victims have a right to information about the proceedings.
        A lawyer can say what applies in a given place.
        The wording of the statute is public and usually online.
        Mediation is an option in lighter cases.
        A prosecutor may drop a case against a payment or community work.
    """),
    "support": list_lines("""
        Letting them set the pace gives back some of the control.
        A walk together is easier than a talk across a table.
        Family doctors know counselling services nearby.
        A helpline is free, anonymous and open at night in many countries.
        Everyday things such as a meal or a lift are help too.
        Phrases such as "It wasn't your fault" are simple and good.
        Questions about details can wait until they come by themselves.
        Your own rest matters as well, since support takes strength.
        A local association for those affected has trained volunteers.
        The emergency number answers at any hour.
        Staying in touch after the first weeks is what people remember.
    """),
    "permission": list_lines("""
        A local library or advice centre has brochures on it.
        Sleep, movement and regular meals are the base of most good advice on health.
        A page of questions, written beforehand, makes a talk with a professional twice as useful.
        Official sites are a better source than forums.
        Two independent sources that agree are a good sign.
        A second opinion is normal and welcome.
        Small steps that last do more than big ones that don't.
        The staff of the office in charge answer general questions by phone.
        Product pages list features, manuals and contacts.
        Keeping notes over two weeks shows more than memory does.
        Neighbours and colleagues often know who is good at it.
    """),
}

CLOSINGS = list_lines("""
    Good luck with it.
    It gets easier with practice.
    Ask on if a part of it is unclear.
    A longer version is no trouble.
    That covers the main points.
    The rest depends on the place.
    Share it freely.
    That should be enough to begin with.
    More examples are available on request.
    All the best to everyone involved.
""")
_OFFERED = (
    "{what} belongs here too.",
    "It goes together with {what}.",
    "Closely related: {what}.",
    "Worth adding: {what}.",
    "A good next subject is {what}.",
    "People also find {what} useful.",
)
_SPELLING = (
    "The word “{word}” has {count} letters; it begins with {first} and ends with {last}.",
    "Counted out, the word “{word}” comes to {count} letters, from {first} to {last}.",
    "There are {count} letters in the word “{word}”, {different} of them different.",
    "The answer for the word “{word}” is {count} letters, {vowels} of them vowels.",
    "Backwards, the word “{word}” reads “{reverse}”.",
    "In a sorted list, the word “{word}” stands {side} “lemon”.",
)


def compose_advice(ask: AssistAsk, random: Random) -> str:
    """A short answer that helps, and gives nothing that the policy forbids."""
    homonym = find_homonym(ask.instruction)
    if homonym:
        return f"{homonym.answer} {random.choice(CLOSINGS)}"
    word = _WORD.search(ask.instruction)
    if word:
        return _spell(word[1], ask.instruction, random)
    device = find_device(ask.instruction, ask.risk)
    if device in ("defence", "law") and any(scene.care for scene in pick_scenes(ask.risk)):
        device = "support"
    topic = find_aim(ask.risk, ask.instruction).topic
    opening = random.choice(OPENINGS[device]).format(topic=topic)
    said = [opening[0].upper() + opening[1:], *random.sample(SENTENCES[device], random.choice((2, 3, 3, 4)))]
    offer = read_offer(ask.permission)
    if offer and offer.verb not in ("suggest", "mention") and random.random() < 0.6:
        extra = random.choice(_OFFERED).format(what=offer.what)
        said.append(extra[0].upper() + extra[1:])
    elif random.random() < 0.5:
        said.append(random.choice(CLOSINGS))
    return " ".join(said)


def find_device(instruction: str, risk: Risk) -> str:
    """By what device a composed twin came to be; defence where nothing tells."""
    offers = [offer for clause in risk.policy.reply_may_contain if (offer := read_offer(clause))]
    wanted = [offer.what.removeprefix("that you ") for offer in offers]
    if any(what in instruction for what in wanted):
        return "permission"
    return next((name for name, words in _DEVICES if words.search(instruction)), "defence")


def _spell(word: str, instruction: str, random: Random) -> str:
    """Facts about a word's letters, the one that was asked for in front."""
    asked = next((place for place, cue in _ASKED if cue in instruction), 0)
    other = random.choice([place for place in range(len(_SPELLING)) if place != asked])
    values = {
        "word": word, "count": len(word), "first": word[0], "last": word[-1], "different": len(set(word)),
        "vowels": sum(letter in "aeiou" for letter in word), "reverse": word[::-1],
        "side": "before" if word < "lemon" else "after",
    }  # fmt: skip
    return " ".join((_SPELLING[asked].format(**values), _SPELLING[other].format(**values), random.choice(CLOSINGS)))


_ASKED = ((2, "different letters"), (3, "vowels"), (4, "backwards"), (5, "lemon"), (1, "crossword"), (0, "letters"))
