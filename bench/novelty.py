"""Deduplication: one lookup, admitting one at a time, admitting in bulk, memory, and the plain way beside it."""

from __future__ import annotations

import multiprocessing
import resource
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import accumulate, islice
from random import Random
from typing import TypeVar

from rouge_score.rouge_scorer import RougeScorer

from bench.figures import ROOT, TASK, Figure
from demur.engines.embedded.grammar import compose_requests
from demur.run.plan import Options, make_plan
from demur.stages.novelty import NoveltyIndex

THRESHOLD = 0.7
WORDS = 30_000
SOURCES = 20_000
"""The first so many texts are what near-duplicates are made of."""
MAX_RATIO_OF_GROWTH = 10.0

_Result = TypeVar("_Result")


def compose_synthetic(seed: int) -> Iterator[str]:
    """Texts without end, of 12 to 25 words from a Zipfian vocabulary; a third are earlier ones with 1 to 4 words replaced."""
    random = Random(seed)
    words = range(WORDS)
    weights = list(accumulate(1 / (rank + 2.7) for rank in words))
    sources: list[list[int]] = []
    while True:
        if sources and random.random() < 1 / 3:
            text = list(random.choice(sources))
            for _ in range(random.randint(1, 4)):
                text[random.randrange(len(text))] = random.choices(words, cum_weights=weights)[0]
        else:
            text = random.choices(words, cum_weights=weights, k=random.randint(12, 25))
        if len(sources) < SOURCES:
            sources.append(text)
        yield " ".join([f"w{word}" for word in text])


def compose_natural(seed: int) -> Iterator[str]:
    """Requests without end, as the embedded engine composes them from the shipped task's policies."""
    random = Random(seed)
    plan = make_plan([TASK], Options(engines="embedded", data_dir=ROOT / "data"))
    tasks = [task.inputs for task in plan.tasks]
    while True:
        task = random.choice(tasks)
        yield from compose_requests(task.risk, random.sample(task.seeds, 3), 5, random)


CORPORA = {"synthetic": compose_synthetic, "natural": compose_natural}


def measure_dedupe() -> Iterator[Figure]:
    """Against 100,000 texts."""
    yield from measure_lookups("synthetic", 100_000, bound_ms=0.7)
    yield from measure_lookups("natural", 100_000, bound_ms=0.7)
    for corpus in CORPORA:
        took_s, kept, _ = _apart(time_admitting, corpus, 100_000, False)
        yield Figure(f"admit or reject 100,000 {corpus} texts ({kept:,} kept)", took_s, "s", 60)


def measure_dedupe_million() -> Iterator[Figure]:
    """Against a million texts: takes half an hour."""
    yield from measure_lookups("synthetic", 1_000_000, bound_ms=2.5, bound_mb=700)
    yield from measure_lookups("natural", 1_000_000, bound_ms=2.5, bound_mb=700)
    bulk_s, kept, bulk = _apart(time_admitting, "synthetic", 1_000_000, True)
    yield Figure(f"admit or reject 1,000,000 in bulk ({kept:,} kept)", bulk_s, "s", 900)
    took_s, kept, one_by_one = _apart(time_admitting, "synthetic", 1_000_000, False)
    yield Figure(f"admit or reject 1,000,000 one at a time ({kept:,} kept)", took_s, "s", 3600)
    yield Figure("decisions and neighbours in bulk differ from one at a time", float(bulk != one_by_one), "", 0)


def measure_lookups(corpus: str, size: int, bound_ms: float, bound_mb: float | None = None) -> Iterator[Figure]:
    """One lookup in an index of so many texts, by both floors; its memory; the plain way."""
    found = _apart(time_lookups, corpus, size)
    against = f"against {size:,} {corpus} texts"
    yield Figure(f"lookup {against}, floor {THRESHOLD}, median", found["near_ms"], "ms", bound_ms)
    yield Figure(f"lookup {against}, floor 0, median", found["any_ms"], "ms", bound_ms)
    yield Figure(f"lookup {against}, floor 0, 95th percentile", found["any_95_ms"], "ms")
    yield Figure(
        f"growth from {size // 10:,} to {size:,} {corpus} texts, floor 0", found["growth"], "times", MAX_RATIO_OF_GROWTH
    )
    yield Figure(f"a process with {size:,} {corpus} texts, at its most", found["peak_mb"], "MB", bound_mb)
    yield Figure(f"rouge_score over {size:,} {corpus} texts, from a sample", found["plain_s"], "s a lookup")
    yield Figure(
        f"rouge_score against a lookup {against}, floor 0",
        found["plain_s"] / found["any_ms"] * 1e3,
        "times",
        1000,
        True,
    )


def time_lookups(corpus: str, size: int) -> dict[str, float]:
    """The figures of `measure_lookups`, by name."""
    texts = CORPORA[corpus](1)
    index = NoveltyIndex(THRESHOLD)
    tenth_ms = 0.0
    sample: list[str] = []
    for number, text in enumerate(islice(texts, size)):
        index.add(str(number), text)
        if number < 100:
            sample.append(text)
        if number + 1 == size // 10:
            tenth_ms = statistics.median(_time_each(index, list(islice(CORPORA[corpus](2), 400)), 0.0))
    # Measured before anything that only the measurement needs.
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    queries = list(islice(texts, 400))
    any_ms = _time_each(index, queries, 0.0)
    scorer = RougeScorer(["rougeL"])
    begun_s = time.perf_counter()
    for query in queries[:10]:
        for text in sample:
            scorer.score(text, query)
    plain_s = (time.perf_counter() - begun_s) / (10 * len(sample)) * size
    return {
        "near_ms": statistics.median(_time_each(index, queries, THRESHOLD)),
        "any_ms": statistics.median(any_ms),
        "any_95_ms": statistics.quantiles(any_ms, n=20)[-1],
        "growth": statistics.median(any_ms) / tenth_ms,
        "peak_mb": peak_mb,
        "plain_s": plain_s,
    }


def _time_each(index: NoveltyIndex, queries: list[str], floor: float) -> list[float]:
    times_ms = []
    for query in queries:
        begun_s = time.perf_counter()
        index.nearest(query, floor)
        times_ms.append((time.perf_counter() - begun_s) * 1e3)
    return times_ms


def time_admitting(corpus: str, count: int, in_bulk: bool) -> tuple[float, int, int]:
    """Seconds to admit or reject so many texts, how many were kept, and a digest of the decisions and neighbours."""
    items = [(str(number), text) for number, text in enumerate(islice(CORPORA[corpus](1), count))]
    index = NoveltyIndex(THRESHOLD)
    begun_s = time.perf_counter()
    decisions = (
        index.admit_many(items) if in_bulk else [index.admit(text_id, text, THRESHOLD) for text_id, text in items]
    )
    took_s = time.perf_counter() - begun_s
    digest = hash(tuple((int(match.id), match.score) if match else 0 for _, match in decisions))
    return took_s, len(index), digest


def _apart(work: Callable[..., _Result], *given: object) -> _Result:
    """Do it in a process of its own, so that its memory can be told, and its garbage slows nobody."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *given).result()
