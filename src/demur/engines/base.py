"""The engine protocol: what is asked of a model, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal, Protocol, TypeAlias

from demur.inputs.policy import Risk
from demur.records import Origin, Seed, Stage


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Chat:
    """A prompt as turns: the server applies the model's chat template."""

    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Raw:
    """A prompt as the model is to see it: no template is applied on top."""

    text: str


Prompt: TypeAlias = Chat | Raw


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a reply is drawn. None leaves a setting to the server.

    Attributes:
        max_tokens: the most tokens a reply may have.
        seed: the server's random seed; derived from the run's seed and the work's number, so that a
            server that honours it repeats itself.
        num_ctx: context window to ask for, in tokens (Ollama).
    """

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    num_ctx: int | None = None

    def with_seed(self, seed: int) -> Sampling:
        """The same settings, drawn from a seed."""
        return replace(self, seed=seed)


@dataclass(frozen=True, slots=True)
class Form:
    """What a reply is to look like. An engine that can hold its model to it does; others leave it to the prompt.

    At least one of the two is given; where both are, they describe the same replies.

    Attributes:
        grammar: in llama.cpp's GBNF, or empty.
        json_schema: a JSON Schema as JSON text, or empty.
    """

    grammar: str = ""
    json_schema: str = ""


@dataclass(frozen=True, slots=True)
class ProposeAsk:
    """The values behind a request for new instructions: `count` of them, in the manner of the examples.

    Attributes:
        clause: the forbidden thing that they are to ask for; empty: any of the risk's.
        axes: each axis of diversity with the value that they are to have.
    """

    risk: Risk
    examples: tuple[Seed, ...]
    count: int
    clause: str = ""
    axes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class RespondAsk:
    """The values behind a request for the calibrated refusal of one instruction.

    Attributes:
        manner: how it is to be worded, so that refusals differ: tone, length, person, in words; empty: as it comes.
    """

    risk: Risk
    instruction: str
    manner: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TwinAsk:
    """The values behind a request for the nearest harmless neighbour of an instruction.

    Attributes:
        examples: pairs of the kind `comply` that a person brought.
        permission: what the policy permits, and the twin is to rest on.
        device: how the twin differs from the instruction, in words: defence, education, fiction, a homonym …
        attempt: which try it is, from 0.
    """

    risk: Risk
    instruction: str
    examples: tuple[Seed, ...]
    permission: str
    device: str
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class AssistAsk:
    """The values behind a request for the helpful answer to a twin, within what the policy permits."""

    risk: Risk
    instruction: str
    permission: str
    manner: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MutateAsk:
    """The values behind a request for an instruction in another form.

    Attributes:
        kind: past_tense, language, role_play, typos or obfuscation.
        language: the language wanted, of the kind `language`; else empty.
    """

    risk: Risk
    instruction: str
    kind: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class JudgeAsk:
    """The values behind a guard's request.

    Attributes:
        response: None where the instruction itself is judged; else the response that is judged in its context.
    """

    risk: Risk
    instruction: str
    response: str | None = None


@dataclass(frozen=True, slots=True)
class StanceAsk:
    """The values behind the question whether a response declines its request."""

    risk: Risk
    instruction: str
    response: str


Ask: TypeAlias = ProposeAsk | RespondAsk | JudgeAsk | TwinAsk | AssistAsk | MutateAsk | StanceAsk


def stage_of(ask: Ask) -> Stage:
    """The stage that asks this; what the guard's canaries cost counts as screening instructions."""
    if isinstance(ask, ProposeAsk):
        return Stage.PROPOSE
    if isinstance(ask, RespondAsk | AssistAsk):
        return Stage.RESPOND
    if isinstance(ask, TwinAsk):
        return Stage.TWIN
    if isinstance(ask, MutateAsk):
        return Stage.MUTATE
    if isinstance(ask, StanceAsk):
        return Stage.CHECK_RESPONSE
    return Stage.SCREEN_INSTRUCTION if ask.response is None else Stage.SCREEN_RESPONSE


@dataclass(frozen=True, slots=True)
class Request:
    """One call of a model.

    Attributes:
        prompt: what the model sees.
        ask: the values that the prompt was rendered from; engines without a model answer from these.
        sampling: how the reply is drawn.
        top_logprobs: how many alternatives a token to report, 0 for no log-probabilities.
        sample: tells apart requests that are alike in all else but must be drawn separately.
        priority: lower goes first where slots are scarce; the later the stage, the lower. Not part of
            the request's identity.
        form: what the reply is to look like, where the engine can see to it.
    """

    prompt: Prompt
    ask: Ask
    sampling: Sampling = Sampling()
    top_logprobs: int = 0
    sample: int = 0
    priority: int = 0
    form: Form | None = None


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """One generated token with its natural-log probability, and the most probable alternatives at its place.

    `top` holds (token, logprob) pairs, most probable first; the token itself is among them if it ranks there.
    """

    token: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the server counted them; 0 where it does not say."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


FILTERED = frozenset({"content_filter", "refusal"})
"""How OpenAI, Azure and watsonx.ai, and Anthropic, say that a filter of the provider's ended a reply."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model answered.

    Attributes:
        text: the completion, without the prompt.
        finish: `stop`, or `length` where the token limit cut it off, or the provider's own word.
        logprobs: a token each, empty unless asked for and given.
        origin: who wrote it; kept with the reply, so that a replayed one still names its author.
    """

    text: str
    finish: str
    origin: Origin
    usage: Usage = Usage()
    logprobs: tuple[TokenLogprob, ...] = field(default=())

    @property
    def filtered(self) -> bool:
        """Whether the provider's filter ended it: what there is of the text is not what the model would have said."""
        return self.finish in FILTERED


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes two engines answer alike, for the journal's key: never an operational knob.

    Attributes:
        engine: the builder's `type`.
        model: the model's name as the server knows it.
        endpoint: where it is served, or the empty string in-process.
    """

    engine: str
    model: str
    endpoint: str = ""


class Engine(Protocol):
    """Anything that completes requests. Wrappers (limits, retries, journal) have the same form."""

    @property
    def identity(self) -> Identity:
        """Who answers: part of every journal key."""
        ...

    async def complete(self, request: Request) -> Reply:
        """Answer one request.

        Raises:
            EngineError: the model did not answer; the subclass says why and whether a retry can help.
        """
        ...

    async def close(self) -> None:
        """Release connections. Idempotent."""
        ...
