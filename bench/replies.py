"""Reading replies: precision and recall on the labelled sets, and the time one takes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

from bench.figures import ROOT, Figure
from demur.records import Stance
from demur.stages.classify_reply import read_reply

FOLDER = ROOT / "tests/stages/replies"
WANTED = {"declines": {Stance.DECLINES}, "declines, or in part": {Stance.DECLINES, Stance.PARTLY}}
BOUND = 0.95
HELD_OUT = {"natural_held_out": BOUND, "hard_held_out": None, "held_out": BOUND}
"""The sets that nothing was fitted to. `hard_held_out` was added to tell what rules cannot read, and has no bound."""
MAX_US = 1000.0


def measure_replies() -> Iterator[Figure]:
    """The labelled sets that were held out; what the others are worth, `python -m bench.fit_replies --check` tells."""
    for name, bound in HELD_OUT.items():
        rows = [json.loads(line) for line in (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
        pairs = [(row["reply"], row["request"]) for row in rows]
        read_reply(*pairs[0])
        begun = time.perf_counter()
        read = [read_reply(reply, request).stance for reply, request in pairs]
        took_us = (time.perf_counter() - begun) * 1e6 / len(pairs)
        alone = [read_reply(reply).stance for reply, _ in pairs]
        for wanted, stances in WANTED.items():
            truth = [Stance(row["stance"]) in stances for row in rows]
            yield from _score(f"replies, {name}: {wanted}", truth, [stance in stances for stance in read], bound)
            yield from _score(
                f"replies, {name}: {wanted}, without requests", truth, [s in stances for s in alone], None
            )
        yield Figure(f"replies, {name}: one reply", took_us, "µs", MAX_US)


def _score(name: str, truth: list[bool], found: list[bool], bound: float | None) -> Iterator[Figure]:
    both = sum(wanted and said for wanted, said in zip(truth, found, strict=True))
    yield Figure(f"{name}: precision", both / max(1, sum(found)), "", bound, at_least=True)
    yield Figure(f"{name}: recall", both / max(1, sum(truth)), "", bound, at_least=True)
