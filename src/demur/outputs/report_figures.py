"""The figures of a report: one run's numbers as bars, columns and facts, with what stands out in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from demur.outputs.measure import (
    SAMPLE_TEXTS,
    Diversity,
    bin_values,
    count_openings,
    measure_diversity,
    split_words,
)
from demur.outputs.report_charts import (
    Bar,
    Chart,
    Fact,
    Section,
    draw_counts,
    draw_histogram,
    name_words,
    say_share,
    say_time,
)
from demur.outputs.report_use import list_costs, list_slots, list_use, say_slots
from demur.outputs.run_folder import PairRow, RunFolder, StageRow, VerdictRow
from demur.usage import VendiScores
from demur.wording import say_flagged

_ROUND_PARTS = 30
_COVERAGE_BARS = 40
"""More than elsewhere: what there is least of is what one looks for there."""

_NO_AXES = ("mode", "kind", "opening")
"""What the coverage counts too, and nobody asked for value by value."""
_MISSING_NAMED = 8


@dataclass(frozen=True, slots=True)
class Figures:
    """All figures of one run.

    Attributes:
        facts: what was asked for and what came.
        warnings: what stands out, in words, the gravest first.
    """

    facts: tuple[Fact, ...]
    warnings: tuple[str, ...]
    sections: tuple[Section, ...]


def make_figures(run: RunFolder) -> Figures:
    """Compute the figures of a run."""
    requests = measure_diversity([pair.instruction for pair in run.pairs])
    replies = measure_diversity([pair.response for pair in run.pairs])
    sections = (
        Section("funnel", "From drafts to pairs", tuple(_list_funnels(run)),
                note="What each step kept, and why it dropped the rest."),
        Section("rounds", "Acceptance over the rounds", tuple(_list_rounds(run)),
                note="A round is one proposal request. Accepted drafts, and above them those dropped."),
        Section("spread", "Risks, clauses and axes", tuple(_list_coverage(run))),
        Section("distributions", "Distributions", tuple(_list_distributions(run))),
        Section("diversity", "Diversity", (), tuple(_list_diversity(requests, replies, run.vendi)),
                _say_measures(run)),
        Section("openings", "Openings", tuple(_list_openings(run)), note="The first three words."),
        Section("use", "Tokens, cost, time and slots", (*list_use(run), *list_slots(run)), tuple(list_costs(run)),
                say_slots(run)),
    )  # fmt: skip
    # Of a dataset that no run made, rounds and tokens are those of others.
    hidden = {"rounds", "use"} if run.is_derived else set()
    kept = tuple(found for found in sections if (found.charts or found.facts) and found.key not in hidden)
    return Figures(tuple(_list_facts(run)), tuple(_list_warnings(run, requests, replies)), kept)


def _list_facts(run: RunFolder) -> Iterator[Fact]:
    kinds = Counter(pair.kind for pair in run.pairs)
    if run.is_derived:
        yield Fact("Pairs", f"{len(run.pairs):,}")
    else:
        yield Fact("Pairs of those wanted", f"{len(run.pairs):,} of {run.wanted:,}")
        yield Fact("Ended", name_words(run.status) or "unknown")
    yield Fact("Refusals", f"{len(run.pairs) - kinds['twin']:,}")
    yield Fact("Mutants among them", f"{len(run.pairs) - kinds['refusal'] - kinds['twin']:,}")
    yield Fact("Benign twins", f"{kinds['twin']:,}")
    yield Fact("Drops", f"{len(run.drops):,}")
    if run.stages and (begun := run.stages[0].kept):
        yield Fact("Yield of drafts", f"{say_share(run.stages[-1].kept / begun)} of {begun:,}")
    if run.is_derived:
        return
    yield Fact("Rounds", f"{run.rounds:,}")
    if run.elapsed_s is not None:
        yield Fact("Time", say_time(run.elapsed_s))
    yield Fact("Random seed", str(run.seed))


def _list_warnings(run: RunFolder, requests: Diversity, replies: Diversity) -> Iterator[str]:
    yield from _warn_of_making(run)
    yield from run.warnings
    refusals = [pair for pair in run.pairs if pair.kind != "twin"]
    if len(refusals) >= 10:
        yield from _warn_of_opening("instructions", [pair.instruction for pair in refusals], 0.15)
        yield from _warn_of_opening("refusals", [pair.response for pair in refusals], 0.25)
    for words, diversity in (("instructions", requests), ("responses", replies)):
        if diversity.repeated >= 0.02:
            yield f"{say_share(diversity.repeated)} of the {words} are word for word the same as another."
    for axis, counts in run.coverage.items():
        if axis not in _NO_AXES and (missing := [value for value, number in counts.items() if not number]):
            named = ", ".join(missing[:_MISSING_NAMED])
            more = f", nor about {len(missing) - _MISSING_NAMED:,} more" if len(missing) > _MISSING_NAMED else ""
            yield f"No pair is about the {name_words(axis)} {named}{more}."
    if run.drops and run.stages and run.stages[0].kept >= 20:
        reason, number = Counter(drop.reason for drop in run.drops).most_common(1)[0]
        if number / run.stages[0].kept >= 0.3:
            share = say_share(number / run.stages[0].kept)
            yield f"One reason took as many as {share} of the drafts proposed: {name_words(reason)}."
    flagged = sum(bool(pair.contamination) for pair in run.pairs)
    if flagged and (said := say_flagged(flagged)) not in run.warnings:
        yield said
    unsure = [v for pair in run.pairs for v in _verdicts(pair) if v.confidence is not None and v.confidence < 0.6]
    if run.pairs and len(unsure) / len(run.pairs) >= 0.05:
        yield f"Verdicts that let a pair through with a confidence below 0.6: {len(unsure):,}."
    if run.failed:
        yield f"Requests that were given up: {run.failed:,}; retries in all: {run.retried:,}."


def _warn_of_making(run: RunFolder) -> Iterator[str]:
    if run.failure:
        yield f"The run ended early: {run.failure}"
    elif run.status not in ("complete", ""):
        yield f"The run ended as {name_words(run.status)}, with {len(run.pairs):,} of {run.wanted:,} pairs."
    engines = {engine for pair in run.pairs for engine in pair.engines if engine} if run.is_derived else set()
    made = "made with the embedded engine, without a language model: for trials, not for training."
    # Mutants that rules made of texts add nothing of another kind.
    if any(use.engine == "embedded" for use in run.uses) or (
        "embedded" in engines and engines <= {"embedded", "rules"}
    ):
        yield f"M{made[1:]}"
    elif "embedded" in engines:
        yield f"Some of it was {made}"


def _warn_of_opening(what: str, texts: Sequence[str], bound: float) -> Iterator[str]:
    opening, number = next(iter(count_openings(texts).most_common(1)), ("", 0))
    if number / len(texts) >= bound:
        yield f"{say_share(number / len(texts))} of {what} open with “{opening}”."


def _verdicts(pair: PairRow) -> Iterator[VerdictRow]:
    yield from (verdict for verdict in (pair.instruction_verdict, pair.response_verdict) if verdict)


def _list_funnels(run: RunFolder) -> Iterator[Chart]:
    if run.stages:
        yield _draw_funnel("funnel", "Proposed", run.stages)
    for kind, stages in run.offspring.items():
        yield _draw_funnel(f"funnel-{kind}", f"Made of accepted ones: {name_words(kind)}", stages)
    if run.drops:
        reasons = Counter(f"{name_words(drop.stage)}: {name_words(drop.reason)}" for drop in run.drops)
        yield draw_counts("reasons", "Drops by stage and reason", reasons, len(run.drops))


def _draw_funnel(key: str, title: str, stages: Sequence[StageRow]) -> Chart:
    bars = []
    for stage in stages:
        why = ", ".join(f"{number:,} {name_words(reason)}" for reason, number in stage.dropped.items())
        bars.append(Bar(name_words(stage.name), stage.kept, f"{stage.kept:,}", sum(stage.dropped.values()), why))
    return Chart(key, title, "bars", tuple(bars), top=max(bar.value + bar.lost for bar in bars))


def _list_rounds(run: RunFolder) -> Iterator[Chart]:
    kept = [pair.round for pair in run.pairs if not pair.parent]
    lost = [drop.round for drop in run.drops if drop.round is not None and "/" not in drop.id]
    last = max([*kept, *lost], default=-1)
    if last < 1:
        return
    parts = min(_ROUND_PARTS, last + 1)
    ends = last + 1
    bars = []
    for won, gone in zip(bin_values(kept, 0, ends, parts), bin_values(lost, 0, ends, parts), strict=True):
        first, final = -int(-won.low // 1), -int(-won.high // 1) - 1
        place = f"round {first}" if final <= first else f"rounds {first} to {final}"
        bars.append(Bar(place, won.count, f"{won.count:,} accepted, {gone.count:,} dropped", gone.count))
    yield Chart("rounds", "By round", "columns", tuple(bars), top=max(bar.value + bar.lost for bar in bars))


def _list_coverage(run: RunFolder) -> Iterator[Chart]:
    seen: dict[str, Counter[str]] = {"risk": Counter(), "clause": Counter(), "kind": Counter()}
    for pair in run.pairs:
        seen["risk"][pair.risk] += 1
        seen["kind"][name_words(pair.kind)] += 1
        if pair.clause:
            seen["clause"][pair.clause] += 1
        for axis, value in pair.axes.items():
            seen.setdefault(axis, Counter())[value] += 1
    for axis, asked in run.coverage.items():
        for value, number in asked.items() if axis not in _NO_AXES else ():
            seen.setdefault(axis, Counter()).setdefault(value, number)
    for axis, counts in seen.items():
        if counts:
            texts = {pair.clause: pair.clause_text for pair in run.pairs} if axis == "clause" else {}
            yield draw_counts(
                f"axis-{axis}", f"By {name_words(axis)}", counts, len(run.pairs), texts, bars_shown=_COVERAGE_BARS
            )


def _list_distributions(run: RunFolder) -> Iterator[Chart]:
    words = [
        ("words-instruction", "Length of instructions, in words", [len(split_words(p.instruction)) for p in run.pairs]),
        ("words-response", "Length of responses, in words", [len(split_words(p.response)) for p in run.pairs]),
    ]
    for key, title, lengths in words:
        if lengths:
            high = max(10, -(-max(lengths) // 10) * 10)
            yield draw_histogram(key, title, lengths, high, "{:.0f}")
    near = [pair.neighbour.score for pair in run.pairs if pair.neighbour]
    if near:
        bound = f" A proposal is a duplicate from {run.threshold:g} on." if run.threshold is not None else ""
        yield draw_histogram("nearest", "Nearest neighbour, ROUGE-L", near, 1, "{:.2f}", bound)
    for key, title, verdicts in (
        ("confidence-instruction", "Guard's confidence in instructions", [p.instruction_verdict for p in run.pairs]),
        ("confidence-response", "Guard's confidence in responses", [p.response_verdict for p in run.pairs]),
        ("confidence-drops", "Guard's confidence in drops", [d.verdict for d in run.drops]),
    ):
        known = [v.confidence for v in verdicts if v is not None and v.confidence is not None]
        if known:
            silent = sum(v is not None and v.confidence is None for v in verdicts)
            more = f" {silent:,} verdicts came without one." if silent else ""
            yield draw_histogram(key, title, known, 1, "{:.2f}", more)


def _say_measures(run: RunFolder) -> str:
    said = (
        f"On at most {SAMPLE_TEXTS} texts, always the same ones. Distinct-n: different n-grams over all, higher is more "
        "varied. Self-BLEU: how well the others foretell a text, lower is more varied. Compression: bytes before over "
        "bytes after zlib, lower is more varied. "
    )
    if run.vendi is None:
        return said + (
            "There is no Vendi score, which is about meaning and not words: it needs an embedding model, and the run named none. "
            "Given one, demur report adds it (with the extra “semantic”)."
        )
    return said + (
        f"Vendi score: as varied as so many texts without anything in common, by {run.vendi.model}; higher is more varied."
    )


def _list_diversity(requests: Diversity, replies: Diversity, vendi: VendiScores | None) -> Iterator[Fact]:
    for name, found, score in (
        ("Instructions", requests, vendi.instructions if vendi else None),
        ("Responses", replies, vendi.responses if vendi else None),
    ):
        if not found.texts:
            continue
        for n, value in enumerate(found.distinct, start=1):
            if value is not None:
                yield Fact(f"{name}: distinct-{n}", f"{value:.3f}")
        if found.self_bleu is not None:
            yield Fact(f"{name}: self-BLEU", f"{found.self_bleu:.3f}")
        if found.compression is not None:
            yield Fact(f"{name}: compression", f"{found.compression:.2f}")
        if score is not None and score.score is not None:
            yield Fact(f"{name}: Vendi score", f"{score.score:.1f} of {score.sampled:,}")


def _list_openings(run: RunFolder) -> Iterator[Chart]:
    groups: tuple[tuple[str, str, list[str]], ...] = (
        ("openings-refusals", "Of refusals", [pair.response for pair in run.pairs if pair.kind != "twin"]),
        ("openings-answers", "Of answers to twins", [pair.response for pair in run.pairs if pair.kind == "twin"]),
        ("openings-instructions", "Of instructions", [pair.instruction for pair in run.pairs]),
    )
    for key, title, texts in groups:
        if texts:
            yield draw_counts(key, title, count_openings(texts), len(texts))
