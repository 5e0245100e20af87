"""Requests and tokens a minute: from which moment on the next request may go.

Each budget is kept twice over. A bucket that fills steadily spreads the requests over the minute, with a few seconds'
worth at once; a record of the last minute sees to it that no 60 seconds hold more than the budget, whatever came before.
Tokens are estimated before a request goes, and put right by what its reply says.
Nothing waits in here: the limiter asks for the moment, and sets one timer for it.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import Protocol

from demur.engines.base import Chat, Request, Usage, stage_of
from demur.records import Stage

MINUTE_S = 60.0
BURST_SHARE = 0.05
"""How much of a minute's budget may go at once: three seconds' worth."""
CHARACTERS_A_TOKEN = 4.0
"""What is assumed of a prompt until a server has counted one."""
COMPLETION_TOKENS = 512
"""What is assumed of a reply where neither an earlier one nor `max_tokens` says more."""


class Toll(Protocol):
    """What one request was charged at one gate."""

    def settle(self, used: Usage, now_s: float) -> None:
        """Put the estimate right."""
        ...

    def refund(self, now_s: float, *, sent: bool) -> None:
        """Nothing was used.

        Args:
            sent: whether the request went out at all.
        """
        ...

    def keep(self, now_s: float) -> None:
        """What was used is not known: the estimate stands."""
        ...


class Gate(Protocol):
    """A limit on what may be sent, besides the number of requests at once. Times are the event loop's."""

    def find_moment(self, need: Usage, now_s: float) -> float:
        """From when on a request that needs so much may go; infinity: not before one that is out has come back.

        Raises:
            BudgetSpent: it may never go.
        """
        ...

    def charge(self, need: Usage, now_s: float) -> Toll:
        """Charge a request that goes now."""
        ...


@dataclass(slots=True)
class _Entry:
    """So much was taken at that moment; `recent` while that is less than a minute ago."""

    taken_s: float
    amount: int
    recent: bool = True


class Allowance:
    """So much a minute, of whatever is counted."""

    def __init__(self, per_minute: int) -> None:
        self.per_minute = per_minute
        self._pace_s = MINUTE_S / per_minute
        self._burst_s = max(1.0, per_minute * BURST_SHARE) * self._pace_s
        self._full_at_s = -math.inf
        self._recent: deque[_Entry] = deque()
        self._sum = 0

    def find_moment(self, amount: int, now_s: float) -> float:
        """From when on so much may be taken. What exceeds the whole budget goes when nothing else was taken for a minute."""
        while self._recent and self._recent[0].taken_s + MINUTE_S <= now_s:
            entry = self._recent.popleft()
            entry.recent = False
            self._sum -= entry.amount
        amount = min(amount, self.per_minute)
        moment = self._full_at_s + min(amount * self._pace_s, self._burst_s) - self._burst_s
        excess = self._sum + amount - self.per_minute
        for entry in self._recent:
            if excess <= 0:
                break
            excess -= entry.amount
            moment = max(moment, entry.taken_s + MINUTE_S)
        return moment

    def take(self, amount: int, now_s: float) -> _Entry:
        """Take so much now."""
        entry = _Entry(now_s, amount)
        self._recent.append(entry)
        self._sum += amount
        self._full_at_s = max(self._full_at_s, now_s) + amount * self._pace_s
        return entry

    def correct(self, entry: _Entry, amount: int, now_s: float) -> None:
        """It was another amount: the difference comes back, or is owed."""
        more = amount - entry.amount
        entry.amount = amount
        if entry.recent:
            self._sum += more
        owed_from_s = max(self._full_at_s, now_s) if more > 0 else self._full_at_s
        self._full_at_s = owed_from_s + more * self._pace_s


@dataclass(frozen=True, slots=True)
class _PaceToll:
    """One request and its tokens, where those are budgeted."""

    taken: tuple[tuple[Allowance, _Entry], ...]
    tokens: tuple[Allowance, _Entry] | None

    def settle(self, used: Usage, now_s: float) -> None:
        if self.tokens is not None:
            allowance, entry = self.tokens
            allowance.correct(entry, used.prompt_tokens + used.completion_tokens, now_s)

    def refund(self, now_s: float, *, sent: bool) -> None:
        if not sent:  # servers count a request that failed all the same
            for allowance, entry in self.taken:
                allowance.correct(entry, 0, now_s)

    def keep(self, now_s: float) -> None:
        """As it is."""


class Pacer:
    """The gate of an endpoint's rate limits."""

    def __init__(self) -> None:
        self._requests: Allowance | None = None
        self._tokens: Allowance | None = None

    def tighten(self, requests_per_minute: int | None, tokens_per_minute: int | None) -> None:
        """Keep to these budgets too, before the first request: the strictest of all that are stated holds."""
        self._requests = _choose_stricter(self._requests, requests_per_minute)
        self._tokens = _choose_stricter(self._tokens, tokens_per_minute)

    def find_moment(self, need: Usage, now_s: float) -> float:
        """From when on a request may go, by both budgets."""
        moment = -math.inf
        if self._requests is not None:
            moment = self._requests.find_moment(1, now_s)
        if self._tokens is not None:
            moment = max(moment, self._tokens.find_moment(need.prompt_tokens + need.completion_tokens, now_s))
        return moment

    def charge(self, need: Usage, now_s: float) -> Toll:
        """Take a request, and its tokens."""
        taken = []
        if self._requests is not None:
            taken.append((self._requests, self._requests.take(1, now_s)))
        tokens = None
        if self._tokens is not None:
            tokens = (self._tokens, self._tokens.take(need.prompt_tokens + need.completion_tokens, now_s))
            taken.append(tokens)
        return _PaceToll(tuple(taken), tokens)


def _choose_stricter(allowance: Allowance | None, stated: int | None) -> Allowance | None:
    if stated is None or (allowance is not None and allowance.per_minute <= stated):
        return allowance
    return Allowance(stated)


@dataclass(slots=True)
class TokenEstimator:
    """What a request will use, by what the requests before it used: prompts by their length, replies by their stage."""

    _characters: int = 0
    _prompt_tokens: int = 0
    _replies: dict[Stage, tuple[int, int]] = field(default_factory=dict)

    def estimate(self, request: Request) -> Usage:
        """The tokens of a request that is to be sent."""
        characters = _count_characters(request)
        share = self._prompt_tokens / self._characters if self._prompt_tokens else 1 / CHARACTERS_A_TOKEN
        count, total = self._replies.get(stage_of(request.ask), (0, 0))
        completion = math.ceil(total / count) if count else request.sampling.max_tokens or COMPLETION_TOKENS
        return Usage(math.ceil(characters * share), completion)

    def note(self, request: Request, used: Usage) -> None:
        """Learn from what a server counted."""
        if used.prompt_tokens:
            self._characters += _count_characters(request)
            self._prompt_tokens += used.prompt_tokens
        if used.completion_tokens:
            stage = stage_of(request.ask)
            count, total = self._replies.get(stage, (0, 0))
            self._replies[stage] = (count + 1, total + used.completion_tokens)


def _count_characters(request: Request) -> int:
    prompt = request.prompt
    if isinstance(prompt, Chat):
        return sum(len(message.content) for message in prompt.messages)
    return len(prompt.text)
