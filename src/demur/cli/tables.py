"""What a finished run looks like on a terminal."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from demur.cli.failures import sanitise
from demur.records import Status, Summary

_STYLES = {Status.COMPLETE: "green", Status.STALLED: "yellow", Status.INTERRUPTED: "yellow", Status.FAILED: "red"}


def show_summary(summary: Summary) -> None:
    """Print a task's counts by stage, what its engines did, and where its files are."""
    console = Console(highlight=False)
    table = Table(title=Text(summary.task, style="bold"), title_justify="left", pad_edge=False)
    table.add_column("stage")
    table.add_column("kept", justify="right")
    table.add_column("dropped", justify="right")
    table.add_column("why")
    for stage, count in summary.counts.items():
        why = ", ".join(f"{number} {reason.replace('_', ' ')}" for reason, number in count.dropped.items())
        table.add_row(stage.replace("_", " "), str(count.kept), str(sum(count.dropped.values())), why)
    console.print(table)
    style = _STYLES[summary.status]
    console.print(
        Text.assemble(
            (f"{summary.accepted} of {summary.wanted} pairs", f"bold {style}"),
            f" ({summary.status}) in {summary.elapsed_s:.1f} s; {summary.rounds} rounds",
            f", {summary.surplus} drafts begun beyond need" if summary.surplus else "",
        )
    )
    for use in summary.engines:
        tokens = (
            f", {use.prompt_tokens + use.completion_tokens:,} tokens"
            if use.prompt_tokens + use.completion_tokens
            else ""
        )
        more = "".join(
            f", {number} {name}" for name, number in (("retried", use.retried), ("failed", use.failed)) if number
        )
        console.print(
            Text(sanitise(f"  {use.role}: {use.origin.engine}, {use.origin.model}: "
                          f"{use.asked} asked, {use.replayed} from the journal{more}{tokens}"), style="dim")
        )  # fmt: skip
    if summary.detail and summary.status is not Status.FAILED:
        console.print(Text(f"Warning: {sanitise(summary.detail)}", style="yellow"))
    for name in ("final_data.jsonl", "formatted_output.jsonl", "rejected.jsonl", "run.json"):
        # Unwrapped, so that a path can be copied or clicked.
        console.print(Text(f"  {Path(summary.files[name])}"), soft_wrap=True)
    console.print()
