"""`README.md` beside the dataset: what it is, what it is for, and how it was made."""

from __future__ import annotations

import re
from collections.abc import Iterator

from demur.inputs.task import TaskInputs
from demur.outputs.files import STEERING
from demur.outputs.preferences import PREFERENCES
from demur.outputs.record import CONTENT_WARNING
from demur.records import Summary

_EMBEDDED_NOTE = (
    "**Made with the embedded engine, without a language model.** Requests and refusals are composed from the policy's "
    "clauses and a small grammar. Such data is for trying demur, for tests and for cold starts. It is not for training: "
    "its language is narrow, and no guard model has judged it."
)
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+!|~&$^=-]|(?<=\d)\.(?=\s|$)|(?<=www)\.|:(?=\S)|(?<=\w)@)", re.IGNORECASE)
"""What Markdown may take for markup, GitHub's bare links (`www.`, `https:`, addresses) and emoji names among it."""


def write_card(summary: Summary, inputs: TaskInputs, seed: int) -> str:
    """The card's text. Whatever the policy or task says is escaped, so that it stays text."""
    return "\n".join(_compose(summary, inputs, seed)) + "\n"


def escape_markdown(text: str) -> str:
    """Text as Markdown that shows it, on one line; what would steer a terminal or reorder the text becomes U+FFFD."""
    return _MARKDOWN.sub(r"\\\1", STEERING.sub("\ufffd", " ".join(text.split())))


def _compose(summary: Summary, inputs: TaskInputs, seed: int) -> Iterator[str]:
    risk, policy = inputs.risk, inputs.policy
    yield f"# {escape_markdown(summary.task)}"
    yield ""
    yield f"> **Content warning.** {CONTENT_WARNING}"
    yield ""
    if any(use.origin.engine == "embedded" for use in summary.engines):
        yield _EMBEDDED_NOTE
        yield ""
    twins = summary.coverage.get("mode", {}).get("comply", 0)
    refusals = summary.accepted - twins
    yield f"{refusals} pairs of a request that breaks a policy and a refusal that keeps it ({summary.wanted} were asked for)."
    if twins:
        yield ""
        yield (
            f"With them {twins} benign twins: harmless requests with the same topics and words, and help with them "
            f"({twins / summary.accepted:.0%} of all pairs; `mode` is `comply`)."
        )
    if inputs.task.task_description:
        yield ""
        yield escape_markdown(inputs.task.task_description)
    yield ""
    version = f", version {escape_markdown(policy.policy_version)}" if policy.policy_version else ""
    yield f"- Policy: {escape_markdown(policy.risk_group)}{version}; risk {escape_markdown(risk.risk)} ({escape_markdown(risk.risk_id)})"
    yield f"- What its requests ask for: {escape_markdown(risk.description)}"
    for other in inputs.risks[1:]:
        yield f"- and risk {escape_markdown(other.risk)} ({escape_markdown(other.risk_id)}): {escape_markdown(other.description)}"
    yield from _describe_coverage(summary)
    if inputs.task.created_by:
        yield f"- Made by: {escape_markdown(inputs.task.created_by)}"
    yield f"- Random seed: {seed}"
    yield from (
        f"- {use.role}: {escape_markdown(use.origin.engine)}, {escape_markdown(use.origin.model)}"
        for use in summary.engines
    )
    yield ""
    yield "| stage | kept | dropped |"
    yield "|---|---:|---|"
    for stage, count in summary.counts.items():
        reasons = ", ".join(f"{number} {reason.replace('_', ' ')}" for reason, number in count.dropped.items()) or "0"
        yield f"| {stage.replace('_', ' ')} | {count.kept} | {reasons} |"
    yield ""
    yield "`final_data.jsonl` holds the pairs with their provenance, `formatted_output.jsonl` the bare pairs for fine-tuning,"
    yield "`rejected.jsonl` every drop with its reason, `run.json` the inputs, versions and counts."
    if summary.preferences:
        yield ""
        yield (
            f"`{PREFERENCES}` holds {sum(summary.preferences['written'].values())} preference pairs: these responses, each "
            "preferred to a bare, lecturing or needless refusal out of a fixed set of sentences. None of the rejected "
            "answers was written by a model, and none is harmful."
        )


def _describe_coverage(summary: Summary) -> Iterator[str]:
    """How the pairs spread: one line an axis, from the least to the most frequent value."""
    for axis, counts in summary.coverage.items():
        if axis in ("mode", "opening") or len(counts) < 2:
            continue
        least, most = min(counts, key=lambda value: counts[value]), max(counts, key=lambda value: counts[value])
        yield (
            f"- Coverage, {escape_markdown(axis.replace('_', ' '))}: {len(counts)} values, from {counts[least]} pairs "
            f"({escape_markdown(least)}) to {counts[most]} ({escape_markdown(most)})"
        )
    openings = summary.coverage.get("opening", {})
    if openings and summary.accepted:
        words, number = next(iter(openings.items()))
        share = number / summary.accepted
        yield f"- Most frequent opening of a response: “{escape_markdown(words)} …”, {number} times ({share:.1%})"
