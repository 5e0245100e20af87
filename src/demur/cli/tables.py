"""What a finished run looks like on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from demur.cli.failures import sanitise_line
from demur.records import Status, Summary

_STYLES = {Status.COMPLETE: "green", Status.STALLED: "yellow", Status.INTERRUPTED: "yellow", Status.FAILED: "red"}


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
    more = f", {summary.surplus} drafts more begun" if summary.surplus else ""
    console.print(
        Text.assemble(
            (f"{summary.accepted} of {summary.wanted} pairs", f"bold {style}"),
            f" ({summary.status}) in {summary.elapsed_s:.1f} s, {summary.rounds} rounds{more}",
        )
    )
    for line in _describe_engines(summary):
        console.print(Text(f"  {sanitise_line(line)}", style="dim"), soft_wrap=True)
    for warning in summary.warnings:
        console.print(Text(f"Warning: {sanitise_line(warning)}", style="yellow"))
    if any(use.origin.engine == "embedded" for use in summary.engines):
        console.print(
            Text("  Embedded engine: for trying demur, tests and cold starts, not for training.", style="yellow")
        )
    for name in ("final_data.jsonl", "formatted_output.jsonl", "rejected.jsonl", "run.json"):
        # Unwrapped, so that a path can be copied or clicked.
        console.print(Text(sanitise_line(f"  {Path(summary.files[name])}")), soft_wrap=True)
    console.print()


def _describe_engines(summary: Summary) -> Iterator[str]:
    for use in summary.engines:
        who = (
            use.origin.engine
            if use.origin.model.startswith(use.origin.engine)
            else f"{use.origin.engine} {use.origin.model}"
        )
        parts = [f"{use.role}: {who}", f"{use.asked} asked", f"{use.replayed} from the journal"]
        parts += [f"{number} {name}" for name, number in (("retried", use.retried), ("failed", use.failed)) if number]
        tokens = use.prompt_tokens + use.completion_tokens
        yield ", ".join([*parts, *([f"{tokens:,} tokens"] if tokens else [])])
