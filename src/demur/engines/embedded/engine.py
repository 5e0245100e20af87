"""The engine without a model: answers from the values behind a request instead of from its prompt."""

from __future__ import annotations

from hashlib import blake2b
from random import Random

from demur.engines.base import (
    AssistAsk,
    Chat,
    Identity,
    MutateAsk,
    ProposeAsk,
    Reply,
    Request,
    RespondAsk,
    TwinAsk,
    Usage,
)
from demur.engines.embedded.advice import compose_advice
from demur.engines.embedded.grammar import compose_requests
from demur.engines.embedded.mannered import compose_mannered
from demur.engines.embedded.mutants import compose_mutant
from demur.engines.embedded.refusals import compose_refusal
from demur.engines.embedded.twins import compose_twin
from demur.errors import RequestRejected
from demur.inputs.engine_settings import EmbeddedSettings
from demur.records import Origin

MODEL = "embedded-1"
"""The rules' version, for journal keys and records: raised whenever they compose other texts than before."""


class EmbeddedEngine:
    """Composes requests, refusals, twins with their answers, and mutants, from the policy, the examples and a grammar.

    For trying demur, for tests and for cold starts; no source of training data. The same request always gets
    the same reply: it is drawn by the request's sampling seed and sample number.
    """

    def __init__(self, settings: EmbeddedSettings | None = None) -> None:
        del settings  # nothing in them changes what is composed

    @property
    def identity(self) -> Identity:
        """The rules and their version; they are served nowhere."""
        return Identity(engine="embedded", model=MODEL)

    async def complete(self, request: Request) -> Reply:
        """Compose the reply.

        Raises:
            RequestRejected: it is a guard's request; judging is `validators/embedded`'s work.
        """
        ask = request.ask
        if isinstance(ask, ProposeAsk):
            random = _seed_random(request, ask.risk.risk)
            questions = compose_requests(ask.risk, ask.examples, ask.count, random, clause=ask.clause, axes=ask.axes)
            text = "\n\n".join(f"### Question {number}:\n{question}" for number, question in enumerate(questions, 1))
        elif isinstance(ask, RespondAsk):
            random = _seed_random(request, ask.instruction)
            text = (
                compose_mannered(ask.risk, ask.instruction, ask.manner, random)
                if ask.manner
                else compose_refusal(ask.risk, ask.instruction, random)
            )
        elif isinstance(ask, TwinAsk):
            text = compose_twin(ask, _seed_random(request, ask.instruction))
        elif isinstance(ask, AssistAsk):
            text = compose_advice(ask, _seed_random(request, ask.instruction))
        elif isinstance(ask, MutateAsk):
            text = compose_mutant(ask, _seed_random(request, ask.instruction))
        else:
            raise RequestRejected(
                "the embedded engine does not judge",
                hint="Use `type: validators/embedded` for the builder's guard block.",
            )
        usage = Usage(_count_prompt_words(request), len(text.split()))
        return Reply(text=text, finish="stop", origin=Origin("embedded", MODEL), usage=usage)

    async def close(self) -> None:
        """There is nothing to release."""


def _seed_random(request: Request, text: str) -> Random:
    """A generator that depends on the request's content alone, alike on every machine."""
    key = f"{request.sampling.seed}\0{request.sample}\0{text}".encode(errors="surrogatepass")
    return Random(int.from_bytes(blake2b(key, digest_size=8).digest()))  # noqa: S311 - composing, not secrecy


def _count_prompt_words(request: Request) -> int:
    if isinstance(request.prompt, Chat):
        return sum(len(message.content.split()) for message in request.prompt.messages)
    return len(request.prompt.text.split())
