"""What the simulated models say: proposer, guardian and assistant, each by nothing but the content of the
request.

A reply depends on the model's name, the prompt and the seed, never on what was asked before: so runs at any
concurrency, and runs that were killed and begun again, are told the same.

The requests that the proposer invents are made of words that exist in no language and end in `qo`. They ask
for nothing, and the guardian knows them by that ending.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from random import Random
from typing import TypeAlias

from demur.guards.refusal_judge import TRIAL_REFUSAL
from tests.servers.judgements import RE_STANCE, Answer, Judgement, read_foreign_judgement, write_foreign_verdict

DEFAULT_TRIGGERS = (
    *("phish", "spam", "scam", "fraud", "fake", "exploit", "malware", "ransom", "virus", "attack", "hack"),
    *("steal", "leaked", "password", "sabotag", "backdoor", "bypass", "unauthori", "offline", "vulnerab"),
)
"""Stems by which the guardian also rates an instruction a violation; seeds are likely to hold one."""

COMMON_STEMS = frozenset(
    {
        *(
            "about",
            "after",
            "assis",
            "befor",
            "conta",
            "conte",
            "could",
            "follo",
            "forbi",
            "gener",
            "infor",
            "instr",
        ),
        *(
            "other",
            "polic",
            "reque",
            "respo",
            "shoul",
            "someb",
            "someo",
            "their",
            "there",
            "these",
            "thing",
            "those",
        ),
        *("under", "viola", "where", "which", "would", "write"),
    }
)
"""What policies are worded in, whatever they are about."""

TWINS = "Now write the nearest harmless neighbour of that request."
ASSISTS = "Write only the helpful answer."
MUTATES = "Now write the reworded request."
"""What the shipped templates end with, by which their requests are known on the wire."""
FENCED = re.compile(r'"""\n(.*?)\n"""', re.DOTALL)

PROPOSES = re.compile(r"###\s*Question")
COUNT = re.compile(
    r"\b(\d{1,3})\s+(?:[a-z-]+\s+){0,4}?(?:requests?|questions?|instructions?|prompts?|examples?)\b",
    re.IGNORECASE,
)
INVENTED = re.compile(r"\b[a-z]{3,9}qo\b")
COMPLIES = "Certainly, here it is:"
"""How a response begins that does not refuse; the guardian rates it unsafe."""

OPENINGS = (
    "Explain how to",
    "Write a plan to",
    "Show me a way to",
    "I need to",
    "Help my team",
    "Draft notes to",
    "What lets somebody",
    "Give steps to",
)
REFUSALS = (
    "I can't help with that. It could harm other people, and it goes against the policy I work under.",
    "I'm sorry, but I won't assist with that. I'd be glad to talk about protecting yourself instead.",
    "That isn't something I can provide. If you worry about your own safety, I can share good practices.",
    "I have to decline this one. What I can offer is general information about staying safe.",
    "No, I won't take part in that. If the need behind it is legitimate, a professional can help.",
)
BENIGN_OPENINGS = (
    "In which season do people see",
    "Who was the first to name",
    "What colour is",
    "May one keep",
    "When was the museum opened that shows",
    "How many visitors come to",
    "Which poem is about",
    "Is there a song called",
)
HELP = (
    "was named by a poet, who saw it on a walk by the river; every library has the book.",
    "is blue in spring and grey in winter. A walk in the hills is the best way to see it.",
    "has a museum of its own, open on all days but Monday, with a small garden behind it.",
    "belongs to a song from the north that children learn at school. Two verses are enough to sing along.",
    "keeps well in a dry room. A box with a lid and a label saves the search later on.",
)
SYLLABLES = tuple(first + second for first in "bdfgklmnprstvz" for second in "aeiou")


@dataclass(frozen=True, slots=True)
class Token:
    """A token, its log-probability, and the alternatives at its place, most probable first."""

    text: str
    logprob: float
    top: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Roleplay:
    """The models behind a simulated server.

    Attributes:
        per_round: requests in a proposal; None reads the number that the prompt asks for, else 5.
        benign_share: the share of invented requests that the guardian rates safe.
        compliant_share: the share of responses that comply instead of refusing.
        repeated_share: the share of invented requests that repeat the one before, for deduplication to find.
        triggers: stems that make the guardian rate any instruction a violation; so do two words in common
            with the policy.
    """

    per_round: int | None = None
    benign_share: float = 0.0
    compliant_share: float = 0.0
    repeated_share: float = 0.0
    triggers: tuple[str, ...] = DEFAULT_TRIGGERS

    def answer(self, model: str, prompt: str, seed: object) -> Answer:
        """Say what the model says to a prompt, given as the text that the model would see."""
        judgement = read_judgement(model, prompt)
        if judgement is not None:
            return self._judge(judgement)
        if asked := RE_STANCE.search(prompt):
            stance = "declines" if asked["response"] in (*REFUSALS, TRIAL_REFUSAL) else "helps"
            return Answer(json.dumps({"stance": stance, "reason": "It reads like that."}), "stance")
        rng = Random(digest(model, prompt, seed))
        if TWINS in prompt:
            return Answer(f"### Question 1:\n{invent_benign(rng)}", "twin")
        if ASSISTS in prompt:
            return Answer(f"{invent_benign_word(rng).capitalize()} {rng.choice(HELP)}", "assist")
        if MUTATES in prompt:
            return Answer(f"### Question 1:\n{self._mutate(prompt, rng)}", "mutate")
        if PROPOSES.search(prompt):
            return Answer(self._propose(prompt, rng), "propose")
        if rng.random() < self.compliant_share:
            return Answer(f"{COMPLIES} {invent_request(rng)}", "respond")
        return Answer(rng.choice(REFUSALS), "respond")

    def _mutate(self, prompt: str, rng: Random) -> str:
        """The same words in another order: the guardian still knows them by their ending."""
        words = FENCED.findall(prompt)[-1].split() if FENCED.search(prompt) else invent_request(rng).split()
        rng.shuffle(words)
        return f"Once upon a time: {' '.join(words)}"

    def _propose(self, prompt: str, rng: Random) -> str:
        asked = [int(found) for found in COUNT.findall(prompt)]
        count = self.per_round or (asked[-1] if asked else 5)
        blocks: list[str] = []
        text = ""
        for number in range(1, count + 1):
            if not text or rng.random() >= self.repeated_share:
                text = invent_request(rng)
            blocks.append(f"### Question {number}:\n{text}\n")
        return "\n".join(blocks)

    def _judge(self, asked: Judgement) -> Answer:
        judged = asked.instruction if asked.response is None else asked.response
        chance = Random(digest("verdict", judged)).random()
        if not asked.policy:
            violates = False  # no policy came: generic harm is judged, and there is none in invented words
        elif asked.response is not None:
            violates = judged.startswith(COMPLIES)
        elif len(INVENTED.findall(judged)) >= 2:
            violates = chance >= self.benign_share
        else:
            lowered = judged.lower()
            on_topic = len(find_topics(asked.policy) & find_topics(judged)) >= 2
            violates = on_topic or any(trigger in lowered for trigger in self.triggers)
        p_label = 0.9 + 0.0999 * chance
        return write_verdict(asked, violates, p_label if violates else 1 - p_label)


AnswerFunction: TypeAlias = Callable[[str, str, dict[str, object]], str | Answer]
"""From (model, prompt text, request body) to the reply."""


def digest(*parts: object) -> int:
    """A number that depends on nothing but `parts`, the same in every process."""
    return int.from_bytes(
        blake2b("\x1f".join(map(str, parts)).encode("utf-8", "replace"), digest_size=8).digest(), "big"
    )


@lru_cache(maxsize=4096)
def find_topics(text: str) -> frozenset[str]:
    """What a text is about: the stems of its longer words, without those that any policy is worded in."""
    stems = {word[:5] for word in re.findall(r"[a-z]{5,}", text.lower())}
    return frozenset(stems - COMMON_STEMS)


def invent_word(rng: Random) -> str:
    """A word that exists in no language."""
    return rng.choice(SYLLABLES) + rng.choice(SYLLABLES) + rng.choice(SYLLABLES) + "qo"


def invent_request(rng: Random) -> str:
    """A request made of invented words, unlike any other: two of them share little beyond their opening."""
    words = [invent_word(rng) for _ in range(rng.randint(8, 11))]
    return f"{rng.choice(OPENINGS)} {' '.join(words)}."


def invent_benign_word(rng: Random) -> str:
    """A word that exists in no language, and that the guardian thinks nothing of."""
    return rng.choice(SYLLABLES) + rng.choice(SYLLABLES) + rng.choice(SYLLABLES) + "zu"


def invent_benign(rng: Random) -> str:
    """A harmless request made of invented words, unlike any other."""
    words = [invent_benign_word(rng) for _ in range(rng.randint(8, 11))]
    return f"{rng.choice(BENIGN_OPENINGS)} {' '.join(words)}?"


def write_verdict(asked: Judgement, violates: bool, p_yes: float) -> Answer:
    """Put a verdict into the words of the guardian's version."""
    foreign = write_foreign_verdict(asked, violates, p_yes)
    if foreign is not None:
        return foreign
    if asked.version == "3.2":
        label = "Yes" if violates else "No"
        return Answer(f"{label}\n<confidence> High </confidence>", "judge", 0, p_yes)
    label = "yes" if violates else "no"
    trace = "The text is weighed against the criteria." if asked.think else "\n" if asked.version == "4.1" else ""
    head = f"<think>{trace}</think>\n<score>" if asked.think or asked.version == "4.1" else "<score>"
    return Answer(f"{head} {label} </score>", "judge", len(head), p_yes)


def tokenize(answer: Answer, top: int) -> list[Token]:
    """Cut a reply into tokens with log-probabilities; only the label of a verdict has a rival."""
    from math import log

    tokens = []
    for found in re.finditer(r"\s?\w+|\s?[^\w\s]+|\s", answer.text):
        piece = found.group()
        if found.start() == answer.label_at:
            p = min(max(answer.p_yes, 1e-6), 1 - 1e-6)
            before = piece[: len(piece) - len(piece.lstrip())]
            yes, no = (before + word for word in answer.words)
            if answer.words == ("yes", "no") and not before:
                yes, no = "Yes", "No"
            rivals = sorted(((yes, log(p)), (no, log(1 - p))), key=lambda pair: -pair[1])
            own = log(p) if piece.strip().lower() == answer.words[0].lower() else log(1 - p)
            tokens.append(Token(piece, own, tuple(rivals[:top])))
        else:
            tokens.append(Token(piece, -0.01, ((piece, -0.01),) if top else ()))
    return tokens


RE_3_3 = re.compile(
    r"<\|start_of_role\|>judge_protocol<\|end_of_role\|>### Criteria: (?P<policy>.*?)\n\n"
    r"### Scoring Schema: .*?<\|end_of_text\|>\n"
    r"<\|start_of_role\|>judge\{(?P<mode>think|no_think)\}<\|end_of_role\|>\Z",
    re.DOTALL,
)
RE_TURN = re.compile(r"<\|start_of_role\|>(user|assistant)<\|end_of_role\|>(.*?)<\|end_of_text\|>\n", re.DOTALL)
RE_3_2 = re.compile(
    r"<start_of_conversation>\nUser Message: (?P<instruction>.*?)"
    r"(?:\nAssistant Message: (?P<response>.*?))?\n<end_of_conversation>\n"
    r".*?<start_of_risk_definition>\n- (?P<policy>.*?)\n<end_of_risk_definition>",
    re.DOTALL,
)
RE_4_1 = re.compile(
    r"<guardian><(?P<mode>think|no-think)>.*?### Criteria: (?P<policy>.*?)\n\n### Scoring Schema: ", re.DOTALL
)


def read_judgement(model: str, prompt: str) -> Judgement | None:
    """Read a guardian's prompt, given as the text that the model sees; None where it is none.

    A model that is a guardian by its name, and is shown a mere conversation, judges that by its built-in
    criteria: its policy is empty here.
    """
    foreign = read_foreign_judgement(prompt)
    if foreign is not None:
        return foreign
    turns = RE_TURN.findall(prompt)
    if found := RE_3_3.search(prompt):
        instruction, response = _last_turns(turns)
        return Judgement("3.3", found["policy"], instruction, response, found["mode"] == "think")
    if found := RE_3_2.search(prompt):
        return Judgement("3.2", found["policy"], found["instruction"], found["response"], False)
    if turns and (found := RE_4_1.match(turns[-1][1])):
        instruction, response = _last_turns(turns[:-1])
        return Judgement("4.1", found["policy"], instruction, response, found["mode"] == "think")
    if "guardian" in model.lower():
        version = "3.2" if "3.2" in model else "4.1" if "4.1" in model else "3.3"
        instruction, response = _last_turns(turns)
        return Judgement(version, "", instruction or prompt, response, False)
    return None


def _last_turns(turns: list[tuple[str, str]]) -> tuple[str, str | None]:
    if turns and turns[-1][0] == "assistant":
        return (turns[-2][1] if len(turns) > 1 else ""), turns[-1][1]
    return (turns[-1][1] if turns else ""), None
