"""How a simulated server behaves, how it fails, and what it keeps count of."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from tests.servers.roleplay import AnswerFunction, Roleplay

Dialect = Literal["openai", "ollama"]
Kind = Literal["vllm", "llama.cpp", "none"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to fail.

    Attributes:
        manner: `status` answers with an HTTP status, `reset` cuts the connection, `drop` cuts it within the
            body, `torn` sends half the JSON as if it were whole, `html` sends a web page, `hang` never
            answers, `body` sends `said` as the whole body with that status, `endless` never stops sending, `drip` sends
            a body byte by byte without end.
        retry_after: the header's text.
        said: the error's words.
        body: the whole body, in place of one that is made from `said`.
        content_type: of that body.
        pause_s: between two bytes that drip, seconds.
        after_s: seconds before it does.
        after: what it waits for besides.
    """

    manner: Literal["status", "reset", "drop", "torn", "html", "hang", "body", "endless", "drip"] = "status"
    status: int = 500
    retry_after: str | None = None
    said: str = "simulated fault"
    body: str | None = None
    content_type: str = "application/json"
    pause_s: float = 0.02
    after_s: float = 0.0
    after: asyncio.Event | None = None


PASSING_FAULTS = (
    Fault(status=429, retry_after="0.05"),
    Fault(status=500),
    Fault("reset"),
    Fault("drop"),
    Fault("torn"),
)
"""Every way to fail that a repeated request gets past."""


@dataclass(slots=True)
class Metrics:
    """What the server has seen.

    Attributes:
        repeated: how many of the requests served had been served before, to the letter.
        counts: requests served by kind: `propose`, `judge`, `respond`, `other`; `probe` for questions about
            the server, `fault` for requests that it failed, on purpose or for overload.
        timeline: for each request served, when it took a slot and gave it back, by `time.monotonic()`, and
            its kind.
        served: a hash of each request that was served.
        most_at_once: the most slots that were taken at one time.
        most_arrived: the most requests that were in the house at one time, the queue included.
        bodies: path and body of each request for a completion, if they are kept.
        ignored_options: names under `options` that an Ollama did not know, and warned of in its log.
    """

    counts: Counter[str] = field(default_factory=Counter)
    repeated: int = 0
    served: set[bytes] = field(default_factory=set, repr=False)
    timeline: list[tuple[float, float, str]] = field(default_factory=list)
    most_at_once: int = 0
    most_arrived: int = 0
    bodies: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    ignored_options: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How a server answers.

    Attributes:
        dialect: `ollama`, or `openai` for the servers that speak its protocol alone.
        kind: which of the latter: `vllm` and `llama.cpp` say so when asked, `none` does not.
        roleplay: the models.
        answer: replaces the models; None leaves it to `roleplay`.
        median_s: the median of the time that a reply takes in its slot, seconds.
        sigma: the spread of that time: the standard deviation of its logarithm.
        slots: replies at once; others queue. None for no limit.
        refuse_above: requests in the house beyond which it answers 429; None never.
        faults: what the first requests fail by, in the order of arrival; None lets one through.
        fault_rates: with what probability any request fails so, besides.
        models: those it has; None for any.
        api_key: the key it asks for.
        version: what it says of itself.
        keep_bodies: whether `Metrics.bodies` is filled.
        num_ctx: an Ollama's context window in tokens where a request asks for none.
        thinks: whether an Ollama's models can think.
        counts_prompts: whether an Ollama says how long a prompt was; older ones leave it out for a cached one.
        formats: whether the server can hold a model to a form of reply; else it answers 400 to one.
        ignores_limits: whether a reply goes on beyond its token limit and its stop words.
    """

    dialect: Dialect = "openai"
    kind: Kind = "vllm"
    roleplay: Roleplay = field(default_factory=Roleplay)
    answer: AnswerFunction | None = None
    median_s: float = 0.0
    sigma: float = 0.0
    slots: int | None = None
    refuse_above: int | None = None
    faults: Sequence[Fault | None] = ()
    fault_rates: Mapping[Fault, float] = field(default_factory=dict)
    models: tuple[str, ...] | None = None
    api_key: str | None = None
    version: str = "0.13.0"
    keep_bodies: bool = False
    num_ctx: int = 4096
    thinks: bool = False
    counts_prompts: bool = True
    formats: bool = True
    ignores_limits: bool = False
