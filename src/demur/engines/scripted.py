"""An engine that answers by a function, for tests: demur's own and those of whoever builds on it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from typing import TypeAlias

from demur.engines.base import (
    AssistAsk,
    Identity,
    MutateAsk,
    ProposeAsk,
    Reply,
    Request,
    RespondAsk,
    StanceAsk,
    TwinAsk,
)
from demur.errors import EngineError, RequestRejected
from demur.inputs.engine_settings import ScriptedSettings
from demur.records import Origin

Script: TypeAlias = Callable[[Request], str | Reply | EngineError]
"""From a request to its reply, to the reply's text alone, or to the error that is raised instead."""


class ScriptedEngine:
    """Answers each request as a function says.

    Attributes:
        requests: every request so far, in the order of arrival.
    """

    def __init__(self, script: Script, *, model: str = "scripted", latency_s: float = 0.0) -> None:
        """Take the function that answers.

        Args:
            script: called once a request.
            model: the name in replies and records.
            latency_s: seconds before each answer.
        """
        self.requests: list[Request] = []
        self._script = script
        self._latency_s = latency_s
        self._origin = Origin("scripted", model)
        self._identity = Identity("scripted", model)

    @property
    def identity(self) -> Identity:
        """`scripted`, and the model's name."""
        return self._identity

    async def complete(self, request: Request) -> Reply:
        """Answer by the script.

        Raises:
            EngineError: the script says so.
        """
        self.requests.append(request)
        await asyncio.sleep(self._latency_s)
        answer = self._script(request)
        if isinstance(answer, EngineError):
            raise answer
        if isinstance(answer, Reply):
            return answer
        return Reply(text=answer, finish="stop", origin=self._origin)

    async def close(self) -> None:
        """Nothing to release."""


def open_scripted(settings: ScriptedSettings) -> ScriptedEngine:
    """The engine of a builder's `type: scripted` block. An edited script is another model: no old reply is its own."""
    # A list that came later counts where it is given: other scripts keep the names that they had.
    left_out = {"concurrency"} if settings.judge_stance else {"concurrency", "judge_stance"}
    digest = hashlib.blake2b(settings.model_dump_json(exclude=left_out).encode(), digest_size=4).hexdigest()
    return ScriptedEngine(script_from_settings(settings), model=f"scripted-{digest}")


def script_from_settings(settings: ScriptedSettings) -> Script:
    """The script of a builder's `type: scripted` block: lists of replies, one for each kind of ask.

    The reply is the one at the request's sample number, round and round. In it `{n}` becomes that number, and
    `{instruction}` the instruction that is answered or judged.
    """

    def answer(request: Request) -> str | EngineError:
        name, texts = _choose_list(settings, request)
        if not texts:
            return RequestRejected(
                f"the scripted engine has no replies for this request: its `{name}` is empty",
                hint=f"Give the block a list `{name}:`, with at least one text.",
            )
        text = texts[request.sample % len(texts)].replace("{n}", str(request.sample))
        if not isinstance(request.ask, ProposeAsk):
            text = text.replace("{instruction}", request.ask.instruction)
        return text

    return answer


def _choose_list(settings: ScriptedSettings, request: Request) -> tuple[str, tuple[str, ...]]:
    ask = request.ask
    if isinstance(ask, ProposeAsk):
        return "propose", settings.propose
    if isinstance(ask, RespondAsk):
        return "respond", settings.respond
    if isinstance(ask, TwinAsk):
        return "twin", settings.twin
    if isinstance(ask, AssistAsk):
        return "assist", settings.assist
    if isinstance(ask, MutateAsk):
        return "mutate", settings.mutate
    if isinstance(ask, StanceAsk):
        return "judge_stance", settings.judge_stance
    if ask.response is None:
        return "judge_instruction", settings.judge_instruction
    return "judge_response", settings.judge_response
