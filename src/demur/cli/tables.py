"""What a finished run looks like on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from demur.cli.failures import sanitise_line
from demur.records import Stage, Status, Summary
from demur.usage import StageUse
from demur.wording import say_count

_STYLES = {
    Status.COMPLETE: "green",
    Status.STALLED: "yellow",
    Status.BUDGET_SPENT: "yellow",
    Status.INTERRUPTED: "yellow",
    Status.FAILED: "red",
}


_SHOWN_FILES = ("final_data.jsonl", "final_data.parquet", "formatted_output.jsonl", "formatted_output.parquet",
                "preferences.jsonl", "rejected.jsonl", "run.json", "README.md", "croissant.json", "report.html")  # fmt: skip


class _Output(Console):
    """A console that leaves it to its caller what happens when nobody reads it any more."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def show_summary(summary: Summary) -> None:
    """Print a task's counts by stage, what its engines did, and where its files are."""
    console = _Output(highlight=False)
    console.print(Text(sanitise_line(summary.task), style="bold"), soft_wrap=True)
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("stage")
    table.add_column("kept", justify="right")
    table.add_column("dropped", justify="right")
    table.add_column("why")
    for stage, count in summary.counts.items():
        why = ", ".join(f"{number} {reason.replace('_', ' ')}" for reason, number in count.dropped.items())
        table.add_row(stage.replace("_", " "), str(count.kept), str(sum(count.dropped.values())), why)
    console.print(table)
    style = _STYLES[summary.status]
    more = f", {say_count(summary.surplus, 'draft')} more begun" if summary.surplus else ""
    console.print(
        Text.assemble(
            (f"{summary.accepted} of {say_count(summary.wanted, 'pair')}", f"bold {style}"),
            f" ({str(summary.status).replace('_', ' ')}) in {summary.elapsed_s:.1f} s, {say_count(summary.rounds, 'round')}{more}",
        )
    )
    said = (_describe_composition, _describe_preferences, _describe_engines, _describe_spending)
    for line in (line for describe in said for line in describe(summary)):
        console.print(Text(f"  {sanitise_line(line)}", style="dim"), soft_wrap=True)
    for warning in summary.warnings:
        console.print(Text(f"Warning: {sanitise_line(warning)}", style="yellow"))
    if any(use.origin.engine == "embedded" for use in summary.engines):
        console.print(
            Text("  Embedded engine: for trying demur, tests and cold starts, not for training.", style="yellow")
        )
    for name in _SHOWN_FILES:
        if name not in summary.files:
            continue
        # Unwrapped, so that a path can be copied or clicked.
        console.print(Text(sanitise_line(f"  {Path(summary.files[name])}")), soft_wrap=True)
    console.print()


def _describe_composition(summary: Summary) -> Iterator[str]:
    """How many are twins and mutants, how evenly clauses are covered, and how often the most frequent opening comes."""
    kinds = summary.coverage.get("kind", {})
    if len(kinds) > 1:
        yield "of them: " + ", ".join(_say_kind(kind, number) for kind, number in kinds.items())
    for axis in ("risk", "clause"):
        counts = summary.coverage.get(axis, {})
        if len(counts) > 1:
            fewest, most = min(counts.values()), max(counts.values())
            each = say_count(most, "pair")
            yield f"{axis}s: {len(counts)}, each {each if fewest == most else f'{fewest} to {each}'}"
    openings = summary.coverage.get("opening", {})
    if openings and summary.accepted:
        words, number = next(iter(openings.items()))
        yield f'most frequent opening: "{words}", {number} of {say_count(summary.accepted, "response")}'


def _say_kind(kind: str, number: int) -> str:
    return say_count(number, "twin") if kind == "twin" else f"{number:,} {kind.replace('_', ' ')}"


def _describe_engines(summary: Summary) -> Iterator[str]:
    for use in summary.engines:
        who = (
            use.origin.engine
            if use.origin.model.startswith(use.origin.engine)
            else f"{use.origin.engine} {use.origin.model}"
        )
        parts = [f"{use.role}: {who}", f"{use.asked} asked", f"{use.replayed} from the journal"]
        counts = (("retried", use.retried), ("asked twice", use.hedged), ("failed", use.failed))
        parts += [f"{number} {name}" for name, number in counts if number]
        tokens = use.prompt_tokens + use.completion_tokens
        yield ", ".join([*parts, *([f"{tokens:,} tokens"] if tokens else [])])


def _describe_preferences(summary: Summary) -> Iterator[str]:
    """How many preference pairs there are, over what, and how many pairs gave none."""
    if count := summary.preferences:
        written = ", ".join(f"{number} over {name} refusals" for name, number in count["written"].items())
        left_out = [f"{number} left out ({name.replace('_', ' ')})" for name, number in count["left_out"].items()]
        total = sum(count["written"].values())
        yield ", ".join([say_count(total, "preference pair") + (f": {written}" if written else ""), *left_out])


def _describe_spending(summary: Summary) -> Iterator[str]:
    """Tokens by stage, those from the journal aside; and what they cost, where anything is paid for."""
    by_stage: dict[Stage, list[StageUse]] = {}
    for use in summary.engines:
        for stage, part in use.by_stage.items():
            by_stage.setdefault(stage, []).append(part)
    tokens = {
        stage: sum(p.prompt_tokens + p.completion_tokens for p in by_stage[stage])
        for stage in Stage
        if stage in by_stage
    }
    replayed = sum(
        p.replayed_prompt_tokens + p.replayed_completion_tokens for parts in by_stage.values() for p in parts
    )
    if any(tokens.values()) or replayed:
        words = ", ".join(f"{_name(stage)} {count:,}" for stage, count in tokens.items() if count) or "none"
        yield f"tokens asked for: {words}" + (f"; from the journal {replayed:,}" if replayed else "")
    costs = {stage: _add_costs(parts) for stage, parts in by_stage.items()}
    if any(cost != 0 for cost in costs.values()):
        total = _show_cost(None if None in costs.values() else sum(cost or 0 for cost in costs.values()))
        yield f"cost: {total} (" + ", ".join(f"{_name(s)} {_show_cost(costs[s])}" for s in Stage if s in costs) + ")"


def _add_costs(parts: list[StageUse]) -> float | None:
    """The sum, or None where one of them is not known."""
    costs = [part.cost_usd for part in parts]
    return None if None in costs else sum(cost for cost in costs if cost)


def _show_cost(cost_usd: float | None) -> str:
    return "unknown" if cost_usd is None else f"${cost_usd:.4f}" if cost_usd else "$0"


def _name(stage: Stage) -> str:
    return stage.replace("_", " ")
