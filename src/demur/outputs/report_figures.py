"""The figures of a report: one run's numbers as bars, columns and facts, with what stands out in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from demur.outputs.measure import (
    SAMPLE_TEXTS,
    Diversity,
    bin_values,
    count_openings,
    find_quantile,
    measure_diversity,
    split_words,
)
from demur.outputs.run_folder import PairRow, RunFolder, StageRow, VerdictRow

BARS = 12
_PARTS = 20
_ROUND_PARTS = 30


@dataclass(frozen=True, slots=True)
class Bar:
    """A value with its name, and how it is made up.

    Attributes:
        lost: a second value, drawn after the first in another shade.
        note: what else is to be said of it.
    """

    label: str
    value: float
    shown: str
    lost: float = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars lie, each with its name; columns stand, with names at both ends of the axis only.

    Attributes:
        key: the same for the same chart of another run.
        top: the value that fills the chart.
    """

    key: str
    title: str
    form: Literal["bars", "columns"]
    bars: tuple[Bar, ...]
    note: str = ""
    top: float = 0


@dataclass(frozen=True, slots=True)
class Fact:
    """A named value, in words."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page; `note` says how to read it."""

    key: str
    title: str
    charts: tuple[Chart, ...]
    facts: tuple[Fact, ...] = ()
    note: str = ""


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
        Section("diversity", "Diversity", (), tuple(_list_diversity(requests, replies)),
                f"On at most {SAMPLE_TEXTS} texts, always the same ones. Distinct-n: different n-grams over all, higher is more "
                "varied. Self-BLEU: how well the others foretell a text, lower is more varied. Compression: bytes before over "
                "bytes after zlib, lower is more varied."),
        Section("openings", "Openings", tuple(_list_openings(run)), note="The first three words."),
        Section("use", "Tokens, cost and time", tuple(_list_use(run)), tuple(_list_costs(run))),
    )  # fmt: skip
    kept = tuple(section for section in sections if section.charts or section.facts)
    return Figures(tuple(_list_facts(run)), tuple(_list_warnings(run, requests, replies)), kept)


def say_share(share: float) -> str:
    """A share as a percentage."""
    return f"{share:.0%}" if share >= 0.1 or not share else f"{share:.1%}"


def name_words(name: str) -> str:
    """A name with underscores as words."""
    return name.replace("_", " ")


def _list_facts(run: RunFolder) -> Iterator[Fact]:
    kinds = Counter(pair.kind for pair in run.pairs)
    if run.is_derived:
        yield Fact("Pairs", f"{len(run.pairs):,}")
    else:
        yield Fact("Pairs of those wanted", f"{len(run.pairs):,} of {run.wanted:,}")
        yield Fact("Ended", name_words(run.status) or "unknown")
    yield Fact("Refusals", f"{kinds['refusal']:,}")
    yield Fact("Benign twins", f"{kinds['twin']:,}")
    yield Fact("Mutants", f"{len(run.pairs) - kinds['refusal'] - kinds['twin']:,}")
    yield Fact("Drops", f"{len(run.drops):,}")
    if run.stages and (begun := run.stages[0].kept):
        yield Fact("Yield of drafts", f"{say_share(run.stages[-1].kept / begun)} of {begun:,}")
    if run.is_derived:
        return
    yield Fact("Rounds", f"{run.rounds:,}")
    if run.elapsed_s is not None:
        yield Fact("Time", _say_time(run.elapsed_s))
    yield Fact("Random seed", str(run.seed))


def _list_warnings(run: RunFolder, requests: Diversity, replies: Diversity) -> Iterator[str]:
    if run.failure:
        yield f"The run ended early: {run.failure}"
    elif run.status not in ("complete", ""):
        yield f"The run ended as {name_words(run.status)}, with {len(run.pairs):,} of {run.wanted:,} pairs."
    if any(use.engine == "embedded" for use in run.uses):
        yield "Made with the embedded engine, without a language model: for trials, not for training."
    yield from run.warnings
    refusals = [pair for pair in run.pairs if pair.kind != "twin"]
    if len(refusals) >= 10:
        yield from _warn_of_opening("instructions", [pair.instruction for pair in refusals], 0.15)
        yield from _warn_of_opening("refusals", [pair.response for pair in refusals], 0.25)
    for words, diversity in (("instructions", requests), ("responses", replies)):
        if diversity.repeated >= 0.02:
            yield f"{say_share(diversity.repeated)} of the {words} are word for word the same as another."
    for axis in ("risk", "clause"):
        missing = [value for value, number in run.coverage.get(axis, {}).items() if not number]
        if missing:
            yield f"No pair is about the {axis} {', '.join(missing)}."
    if run.drops and run.stages and run.stages[0].kept >= 20:
        reason, number = Counter(drop.reason for drop in run.drops).most_common(1)[0]
        if number / run.stages[0].kept >= 0.3:
            share = say_share(number / run.stages[0].kept)
            yield f"One reason took as many as {share} of the drafts proposed: {name_words(reason)}."
    unsure = [v for pair in run.pairs for v in _verdicts(pair) if v.confidence is not None and v.confidence < 0.6]
    if run.pairs and len(unsure) / len(run.pairs) >= 0.05:
        yield f"Verdicts that let a pair through with a confidence below 0.6: {len(unsure):,}."
    if run.failed:
        yield f"Requests that were given up: {run.failed:,}; retries in all: {run.retried:,}."


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
        yield _draw_counts("reasons", "Drops by stage and reason", reasons, len(run.drops))


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
    for axis, counts in seen.items():
        for value, number in run.coverage.get(axis, {}).items() if axis in ("risk", "clause") else ():
            counts.setdefault(value, number)
        if counts:
            texts = {pair.clause: pair.clause_text for pair in run.pairs} if axis == "clause" else {}
            yield _draw_counts(f"axis-{axis}", f"By {name_words(axis)}", counts, len(run.pairs), texts)


def _list_distributions(run: RunFolder) -> Iterator[Chart]:
    words = [
        ("words-instruction", "Length of instructions, in words", [len(split_words(p.instruction)) for p in run.pairs]),
        ("words-response", "Length of responses, in words", [len(split_words(p.response)) for p in run.pairs]),
    ]
    for key, title, lengths in words:
        if lengths:
            high = max(10, -(-max(lengths) // 10) * 10)
            yield _draw_histogram(key, title, lengths, high, "{:.0f}")
    near = [pair.neighbour.score for pair in run.pairs if pair.neighbour]
    if near:
        bound = f" A proposal is a duplicate from {run.threshold:g} on." if run.threshold is not None else ""
        yield _draw_histogram("nearest", "Nearest neighbour, ROUGE-L", near, 1, "{:.2f}", bound)
    for key, title, verdicts in (
        ("confidence-instruction", "Guard's confidence in instructions", [p.instruction_verdict for p in run.pairs]),
        ("confidence-response", "Guard's confidence in responses", [p.response_verdict for p in run.pairs]),
        ("confidence-drops", "Guard's confidence in drops", [d.verdict for d in run.drops]),
    ):
        known = [v.confidence for v in verdicts if v is not None and v.confidence is not None]
        if known:
            silent = sum(v is not None and v.confidence is None for v in verdicts)
            more = f" {silent:,} verdicts came without one." if silent else ""
            yield _draw_histogram(key, title, known, 1, "{:.2f}", more)


def _draw_histogram(key: str, title: str, values: Sequence[float], high: float, form: str, more: str = "") -> Chart:
    bins = bin_values(values, 0, high, _PARTS)
    bars = tuple(
        Bar(f"{form.format(part.low)} to {form.format(part.high)}", part.count, f"{part.count:,}") for part in bins
    )
    tenth, middle, ninth = (find_quantile(values, share) or 0.0 for share in (0.1, 0.5, 0.9))
    note = (
        f"Median {form.format(middle)}; nine in ten are at least {form.format(tenth)}, and nine in ten "
        f"at most {form.format(ninth)}.{more}"
    )
    return Chart(key, title, "columns", bars, note, max(bar.value for bar in bars))


def _list_diversity(requests: Diversity, replies: Diversity) -> Iterator[Fact]:
    for name, found in (("Instructions", requests), ("Responses", replies)):
        if not found.texts:
            continue
        for n, value in enumerate(found.distinct, start=1):
            if value is not None:
                yield Fact(f"{name}: distinct-{n}", f"{value:.3f}")
        if found.self_bleu is not None:
            yield Fact(f"{name}: self-BLEU", f"{found.self_bleu:.3f}")
        if found.compression is not None:
            yield Fact(f"{name}: compression", f"{found.compression:.2f}")


def _list_openings(run: RunFolder) -> Iterator[Chart]:
    groups: tuple[tuple[str, str, list[str]], ...] = (
        ("openings-refusals", "Of refusals", [pair.response for pair in run.pairs if pair.kind != "twin"]),
        ("openings-answers", "Of answers to twins", [pair.response for pair in run.pairs if pair.kind == "twin"]),
        ("openings-instructions", "Of instructions", [pair.instruction for pair in run.pairs]),
    )
    for key, title, texts in groups:
        if texts:
            yield _draw_counts(key, title, count_openings(texts), len(texts))


def _draw_counts(
    key: str, title: str, counts: Counter[str], total: int, texts: Mapping[str, str] | None = None
) -> Chart:
    """The most frequent values as bars; those that come as often stand in the order of their names.

    Args:
        texts: what a value means, where its name does not say.
    """
    texts, total = texts or {}, max(1, total)
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    bars = tuple(
        Bar(label, number, f"{number:,}", note=". ".join(filter(None, (say_share(number / total), texts.get(label)))))
        for label, number in ranked[:BARS]
    )
    rest = ranked[BARS:]
    note = f"And {len(rest):,} more, with {sum(number for _, number in rest):,} in all." if rest else ""
    return Chart(key, title, "bars", bars, note, max((bar.value for bar in bars), default=0))


def _list_use(run: RunFolder) -> Iterator[Chart]:
    bars = []
    for use in run.uses:
        tokens = use.prompt_tokens + use.completion_tokens
        cost = "cost unknown" if use.cost_usd is None else f"${use.cost_usd:,.4f}"
        said = f"{use.model} ({use.engine}), {use.asked:,} asked, {use.replayed:,} from the journal, {cost}"
        bars.append(Bar(name_words(use.stage), use.prompt_tokens, f"{tokens:,}", use.completion_tokens, said))
    if bars:
        yield Chart("tokens", "Tokens asked for, by stage: prompts, then replies", "bars", tuple(bars),
                    top=max(bar.value + bar.lost for bar in bars))  # fmt: skip


def _list_costs(run: RunFolder) -> Iterator[Fact]:
    asked = sum(use.asked for use in run.uses)
    tokens = sum(use.prompt_tokens + use.completion_tokens for use in run.uses)
    yield Fact("Requests", f"{asked:,}")
    yield Fact("From the journal", f"{sum(use.replayed for use in run.uses):,}")
    yield Fact("Tokens", f"{tokens:,}")
    if run.pairs:
        yield Fact("Tokens a pair", f"{tokens / len(run.pairs):,.0f}")
    yield Fact("Cost", _say_cost(use.cost_usd for use in run.uses))
    if run.elapsed_s:
        yield Fact("Requests a second", f"{asked / run.elapsed_s:,.1f}")
    if run.first_pair_s is not None:
        yield Fact("First pair after", _say_time(run.first_pair_s))
    yield Fact("Retries", f"{run.retried:,}")


def _say_cost(costs: Iterable[float | None]) -> str:
    known = list(costs)
    return "unknown" if None in known or not known else f"${sum(cost or 0.0 for cost in known):,.4f}"


def _say_time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
