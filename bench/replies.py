"""Reading replies: precision and recall on both halves of the labelled set, and the time one takes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

from bench.figures import ROOT, Figure
from demur.stages.classify_reply import Stance, read_reply

FOLDER = ROOT / "tests/stages/replies"
WANTED = {"declines": {Stance.DECLINES}, "declines, or in part": {Stance.DECLINES, Stance.PARTLY}}
BOUND = 0.95
MAX_US = 1000.0
ROUNDS = 5


def measure_replies() -> Iterator[Figure]:
    """The labelled set; only the held-out half is bound, for the others were looked at."""
    for half in ("development", "development_more", "held_out"):
        rows = [json.loads(line) for line in (FOLDER / f"{half}.jsonl").read_text(encoding="utf-8").splitlines()]
        pairs = [(row["reply"], row["request"]) for row in rows]
        read = [read_reply(reply, request).stance for reply, request in pairs]
        begun = time.perf_counter()
        for reply, request in pairs * ROUNDS:
            read_reply(reply, request)
        took_us = (time.perf_counter() - begun) * 1e6 / ROUNDS / len(pairs)
        alone = [read_reply(reply).stance for reply, _ in pairs]
        bound = BOUND if half == "held_out" else None
        for name, wanted in WANTED.items():
            truth = [Stance(row["stance"]) in wanted for row in rows]
            yield from _score(f"replies, {half}: {name}", truth, [stance in wanted for stance in read], bound)
            yield from _score(f"replies, {half}: {name}, without requests", truth, [s in wanted for s in alone], None)
        yield Figure(f"replies, {half}: one reply", took_us, "µs", MAX_US)


def _score(name: str, truth: list[bool], found: list[bool], bound: float | None) -> Iterator[Figure]:
    both = sum(wanted and said for wanted, said in zip(truth, found, strict=True))
    yield Figure(f"{name}: precision", both / max(1, sum(found)), "", bound, at_least=True)
    yield Figure(f"{name}: recall", both / max(1, sum(truth)), "", bound, at_least=True)
