"""What the guards have in common that ask one model one question: the request, the call, the verdict."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

from demur.engines.base import Engine, Form, JudgeAsk, Prompt, Reply, Request, Sampling
from demur.errors import GuardBlind, RawUnsupported
from demur.guards.base import Guard
from demur.records import Label, Verdict

TOP_LOGPROBS = 10
VERDICT_SEED = 1
"""A fixed seed: a verdict depends on the text, never on a run's seed. Not 0: some servers read it as none."""

RESPONSE_PRIORITY = 0
INSTRUCTION_PRIORITY = 20

MAX_ANSWER_CHARS = 2_000
MAX_REASONING_CHARS = 20_000

_UNFIT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters but newline and tab, marks that turn the direction of text, and lone surrogates."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reply says.

    Attributes:
        label: the label, or `UNREADABLE`.
        confidence: the label's probability over all labels; None without log-probabilities.
        reasoning: why, in the model's words.
        declines: whether the response is said to decline the request.
        categories: what was found, by names that the guard's own list has.
    """

    label: Label
    confidence: float | None = None
    reasoning: str = ""
    declines: bool | None = None
    categories: tuple[str, ...] = ()


UNREADABLE = Reading(Label.UNREADABLE)

MAX_REPLY_CHARS = 200_000
"""What is longer is no answer, and is not looked through for one: the longest that any guard here is allowed, with all
its reasons, is some 4,000 tokens."""


def settle_sampling(sampling: Sampling | None, max_tokens: int) -> Sampling:
    """A person's settings, and where they say nothing the most likely answer, the same each time."""
    sampling = sampling or Sampling()
    return replace(
        sampling,
        temperature=0.0 if sampling.temperature is None else sampling.temperature,
        max_tokens=sampling.max_tokens or max_tokens,
        seed=VERDICT_SEED if sampling.seed is None else sampling.seed,
    )


class AskingGuard(ABC):
    """A model behind an engine, asked in its own format. Implements the guard protocol but for the format."""

    def __init__(self, engine: Engine, sampling: Sampling | None, max_tokens: int) -> None:
        """Set up the guard; nothing is asked yet.

        Args:
            engine: where the model is served.
            sampling: settings that replace the guard's own (temperature 0, a fixed seed) where they are not None.
            max_tokens: the most tokens that an answer in the guard's format takes.
        """
        self._engine = engine
        self._sampling = settle_sampling(sampling, max_tokens)

    @property
    @abstractmethod
    def name(self) -> str:
        """Family and version."""

    @property
    @abstractmethod
    def sees_policy(self) -> bool:
        """Whether the policy's own criteria are sent."""

    @property
    def members(self) -> tuple[Guard, ...]:
        """None: it is one guard."""
        return ()

    @abstractmethod
    def render(self, ask: JudgeAsk) -> Prompt:
        """The prompt in the model's own format."""

    @abstractmethod
    def describe_form(self, ask: JudgeAsk) -> Form:
        """What the answer to this has to look like."""

    @abstractmethod
    def read(self, ask: JudgeAsk, reply: Reply) -> Reading:
        """Read a reply. Never raises, never guesses."""

    def write_request(self, ask: JudgeAsk) -> Request:
        """Write the request that `judge` sends."""
        return Request(
            prompt=self.render(ask),
            ask=ask,
            sampling=self._sampling,
            top_logprobs=TOP_LOGPROBS,
            priority=INSTRUCTION_PRIORITY if ask.response is None else RESPONSE_PRIORITY,
            form=self.describe_form(ask),
        )

    async def judge(self, ask: JudgeAsk) -> Verdict:
        """Judge the instruction, or the response in the context of its instruction.

        Raises:
            EngineError: the model did not answer.
            GuardBlind: the format needs raw prompts, and the server takes none.
        """
        try:
            reply = await self._engine.complete(self.write_request(ask))
        except RawUnsupported:
            raise self._explain_blindness() from None
        return self._write_verdict(ask, reply)

    def _explain_blindness(self) -> GuardBlind:
        server = self._engine.identity
        where = f" at {server.endpoint}" if server.endpoint else ""
        return GuardBlind(
            f"the {server.engine} engine{where} takes no raw prompts, so {self.name} cannot be asked in its own format",
            hint="Serve it with Ollama, vLLM or llama.cpp, which take raw prompts, or use a guard that reads chat "
            "messages: validators/policy_judge, or Granite Guardian 4.1.",
        )

    def _write_verdict(self, ask: JudgeAsk, reply: Reply) -> Verdict:
        reading = self.read(ask, reply) if len(reply.text) <= MAX_REPLY_CHARS else UNREADABLE
        return Verdict(
            label=reading.label,
            confidence=reading.confidence,
            guard=self.name,
            origin=reply.origin,
            reasoning=tidy_evidence(reading.reasoning, MAX_REASONING_CHARS),
            answer=tidy_evidence(reply.text, MAX_ANSWER_CHARS),
            declines=reading.declines,
            categories=reading.categories,
        )


def tidy_evidence(text: str, max_chars: int) -> str:
    """Make a model's words fit to be shown and stored: of control characters, only newline and tab stay.

    A longer text keeps its beginning and its end, where the labels stand.
    """
    if len(text) > max_chars:
        half = max_chars // 2
        text = f"{text[:half]} […] {text[-half:]}"
    return _UNFIT.sub("\ufffd", text).strip()


def quote_grammar(text: str) -> str:
    """A text as a literal of llama.cpp's GBNF."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
