"""What a run used, for its report: tokens, money, time, and the slots of its models."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from demur.outputs.report_charts import Bar, Chart, Fact, name_words, say_share, say_time
from demur.outputs.run_folder import RunFolder
from demur.usage import SlotUse

_MOST = 0.5
"""From so large a share of the time on, it was the slots that a run waited for."""
_MUCH = 0.25
"""And from so large a one on, a limit that the server lowered has to do with it."""


def list_use(run: RunFolder) -> Iterator[Chart]:
    """The tokens of each stage."""
    bars = []
    for use in run.uses:
        tokens = use.prompt_tokens + use.completion_tokens
        cost = "cost unknown" if use.cost_usd is None else f"${use.cost_usd:,.4f}"
        said = f"{use.model} ({use.engine}), {use.asked:,} asked, {use.replayed:,} from the journal, {cost}"
        bars.append(Bar(name_words(use.stage), use.prompt_tokens, f"{tokens:,}", use.completion_tokens, said))
    if bars:
        yield Chart("tokens", "Tokens asked for, by stage: prompts, then replies", "bars", tuple(bars),
                    top=max(bar.value + bar.lost for bar in bars))  # fmt: skip


def list_costs(run: RunFolder) -> Iterator[Fact]:
    """What all stages used together."""
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
        yield Fact("First pair after", say_time(run.first_pair_s))
    yield Fact("Retries", f"{run.retried:,}")
    for use in run.slots:
        whose = f" of {use.model}" if len(run.slots) > 1 else ""
        yield Fact(
            f"Slots busy on average{whose}", f"{use.busy:.1f} of {use.slots:,}, {say_share(use.busy / use.slots)}"
        )


def list_slots(run: RunFolder) -> Iterator[Chart]:
    """How busy each model's slots were over time, and what kept them from more."""
    for use in run.slots:
        if not use.timeline or not use.slots:
            continue
        width_s = use.elapsed_s / len(use.timeline)
        bars = tuple(
            Bar(
                f"{say_time(width_s * place)} to {say_time(width_s * (place + 1))}",
                busy,
                f"{busy:.1f} of {use.slots:,}",
            )
            for place, busy in enumerate(use.timeline)
        )
        title = f"Busy slots over time: {use.model} ({use.engine})"
        yield Chart(f"slots-{use.engine}-{use.model}", title, "columns", bars, _say_limit(use), use.slots)


def say_slots(run: RunFolder) -> str:
    """What a slot is, where there is anything to show of them."""
    if not run.slots:
        return ""
    return "A slot holds one request that a model is at work on; tasks that ran at the same time share them, and count here too."


def _say_moment(moment_s: float, use: SlotUse) -> str:
    """Finely enough that the parts of the time differ."""
    return f"{moment_s:.2f} s" if use.elapsed_s < 10 else say_time(moment_s)


def _say_limit(use: SlotUse) -> str:
    full, held = (min(1.0, part_s / use.elapsed_s) if use.elapsed_s else 0.0 for part_s in (use.full_s, use.held_s))
    said = [f"No slot was free {say_share(full)} of the time." if full else "A slot was always free."]
    if held:
        said.append(
            f"For {say_share(held)} some were, and requests waited all the same, for a rate or out of regard for the server."
        )
    if use.lowest < use.slots:
        said.append(f"The server's refusals (429, 503) brought them down to {use.lowest:,} at times.")
    if use.lowest < use.slots:
        said.append("What the server takes was the limit, then." if full >= _MUCH else "That did not hold up much.")
    elif full >= _MOST:
        said.append("The slots were the limit: more (--concurrency) would be faster, if the server bears them.")
    elif full + held < _MOST:
        said.append("For most of it there was no more to ask: more slots would change little.")
    return " ".join(said)


def _say_cost(costs: Iterable[float | None]) -> str:
    known = list(costs)
    return "unknown" if None in known or not known else f"${sum(cost or 0.0 for cost in known):,.4f}"
