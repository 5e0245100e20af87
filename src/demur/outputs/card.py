"""`README.md` beside the dataset: what it is, what it is for, and how it was made, as the Hugging Face hub reads it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping

from demur.inputs.policy import Risk
from demur.inputs.task import TaskInputs
from demur.outputs.card_sections import (
    EMBEDDED_NOTE,
    Comparison,
    SetHits,
    describe_comparison,
    describe_licences,
    describe_publication,
    describe_use,
)
from demur.outputs.files import STEERING
from demur.outputs.front_matter import write_front_matter
from demur.outputs.lineage import Lineage
from demur.outputs.markdown import escape_markdown
from demur.outputs.preferences import PREFERENCES
from demur.outputs.record import CONTENT_WARNING
from demur.records import Stage, StageCount, Status, Summary
from demur.version import __version__
from demur.wording import say_count


def write_card(
    summary: Summary, inputs: TaskInputs, seed: int, lineage: Lineage | None = None, *, formatted: bool = True
) -> str:
    """The card's text. Whatever the policy or task says is escaped, so that it stays text.

    Args:
        formatted: whether `formatted_output.jsonl` has a line.
    """
    lineage = lineage or Lineage()
    front = write_front_matter(
        summary.task,
        summary.accepted,
        licence=inputs.task.card.license,
        languages=lineage.languages,
        preferences=sum(summary.preferences["written"].values()) if summary.preferences else None,
        formatted=formatted,
    )
    return front + "\n" + "\n".join(_compose(summary, inputs, seed, lineage)) + "\n"


def _compose(summary: Summary, inputs: TaskInputs, seed: int, lineage: Lineage) -> Iterator[str]:
    yield f"# {escape_markdown(summary.task)}"
    yield ""
    yield f"> **Content warning.** {CONTENT_WARNING}"
    yield ""
    embedded = _is_embedded(summary)
    if embedded:
        yield EMBEDDED_NOTE
        yield ""
    yield from _describe_counts(summary)
    if inputs.task.task_description:
        yield ""
        yield escape_markdown(inputs.task.task_description)
    yield from describe_publication(inputs.task.card, inputs.task.created_by)
    yield from describe_use(_count_twins(summary), embedded=embedded)
    yield from _describe_composition(summary, inputs)
    yield from _describe_models(summary, inputs.task.card.license)
    yield from _describe_making(seed, lineage)
    yield from _describe_drops(summary)
    yield from _describe_comparison(summary, inputs, lineage)
    yield from _describe_limits(inputs, lineage, embedded=embedded)
    yield from _describe_files(summary)


def _is_embedded(summary: Summary) -> bool:
    return any(use.origin.engine == "embedded" for use in summary.engines)


def _count_twins(summary: Summary) -> int:
    return summary.coverage.get("mode", {}).get("comply", 0)


def _describe_counts(summary: Summary) -> Iterator[str]:
    twins = _count_twins(summary)
    refusals = summary.accepted - twins
    yield (
        f"{say_count(summary.accepted, 'pair')}, of {summary.wanted} that were asked for: {refusals} of a request that breaks a policy "
        "and a refusal that keeps it"
        + (
            f", and {twins} benign twins: harmless requests with the same topics and words, and help with them "
            f"({twins / summary.accepted:.0%} of all pairs; `mode` is `comply`)."
            if twins
            else "."
        )
    )
    if summary.status is not Status.COMPLETE:
        yield ""
        yield f"The run that made it did not complete: {str(summary.status).replace('_', ' ')}."


def _describe_composition(summary: Summary, inputs: TaskInputs) -> Iterator[str]:
    risk, policy = inputs.risk, inputs.policy
    yield ""
    yield "## Policy and composition"
    yield ""
    version = f", version {escape_markdown(policy.policy_version)}" if policy.policy_version else ""
    yield f"- Policy: {escape_markdown(policy.risk_group)}{version}; risk {_name_risk(risk)}"
    yield f"- What its requests ask for: {escape_markdown(risk.description)}"
    for other in inputs.risks[1:]:
        yield f"- and risk {_name_risk(other)}: {escape_markdown(other.description)}"
    if summary.offspring:
        made = ", ".join(
            f"{escape_markdown(kind.replace('_', ' '))} {_count_kept(counts)}"
            for kind, counts in summary.offspring.items()
        )
        yield f"- Made of accepted pairs, and accepted: {made}"
    yield from _describe_coverage(summary)


def _name_risk(risk: Risk) -> str:
    return escape_markdown(risk.risk) + (f" ({escape_markdown(risk.risk_id)})" if risk.risk_id else "")


def _shorten_axes(said: str) -> str:
    """The axes with how many values each has: the values themselves are in the task, and some are long."""
    try:
        axes = json.loads(said)
    except ValueError:
        return said
    if not isinstance(axes, dict):
        return said
    return ", ".join(f"{axis} ({say_count(len(values), 'value')})" for axis, values in axes.items())


def _count_kept(counts: Mapping[Stage, StageCount]) -> int:
    return list(counts.values())[-1].kept if counts else 0


def _describe_models(summary: Summary, licence: str) -> Iterator[str]:
    yield ""
    yield "## Models"
    yield ""
    yield from (
        f"- {use.role}: {escape_markdown(use.origin.engine)}, {escape_markdown(use.origin.model)}"
        for use in summary.engines
    )
    yield ""
    yield from describe_licences((use.origin for use in summary.engines), licence)


def _describe_making(seed: int, lineage: Lineage) -> Iterator[str]:
    yield ""
    yield "## How it was made"
    yield ""
    yield f"- With demur {__version__}"
    yield f"- Random seed: {seed}"
    for name, said in lineage.decisions.items():
        yield f"- Decided by {escape_markdown(name.replace('_', ' '))}: {escape_markdown(_shorten_axes(said) if name == 'axes' else said)}"
    yield "- Both filters are on: the guard must find that the request breaks the policy, and that the response does not."
    if lineage.command:
        yield ""
        yield "With the files below, this makes it again; models that answer by chance then give other pairs:"
        yield ""
        yield "```sh"
        yield STEERING.sub("\ufffd", " ".join(shlex.join(lineage.command).split()))
        yield "```"
    if lineage.inputs or lineage.templates:
        yield ""
        yield "| read | file | SHA-256 |"
        yield "|---|---|---|"
        for file in lineage.inputs:
            yield f"| {escape_markdown(file.role.replace('_', ' '))} | {escape_markdown(file.name)} | {file.sha256 or 'unknown'} |"
        for name, digest in lineage.templates.items():
            yield f"| template | {escape_markdown(name)} | {digest} |"


def _describe_drops(summary: Summary) -> Iterator[str]:
    yield ""
    yield "What each stage kept, and what it dropped, by reason:"
    yield ""
    yield "| stage | kept | dropped |"
    yield "|---|---:|---|"
    for stage, count in summary.counts.items():
        yield _describe_stage(stage, count)
    for kind, counts in summary.offspring.items():
        for stage, count in counts.items():
            yield _describe_stage(f"{kind}: {stage}", count)


def _describe_stage(stage: str, count: StageCount) -> str:
    reasons = ", ".join(f"{number} {reason.replace('_', ' ')}" for reason, number in count.dropped.items()) or "0"
    return f"| {stage.replace('_', ' ')} | {count.kept} | {reasons} |"


def _describe_comparison(summary: Summary, inputs: TaskInputs, lineage: Lineage) -> Iterator[str]:
    """The evaluation sets that the task names, each with its hash and its hits."""
    settings = inputs.task.decontaminate
    if settings is None:
        return
    hashes = {file.role: file.sha256 for file in lineage.inputs}
    sets = (
        SetHits(each.name, hashes.get(f"evaluation_{number}"), len(each.texts), summary.contamination.get(each.name, 0))
        for number, each in enumerate(inputs.evaluations)
    )
    yield ""
    yield "## Decontamination"
    yield from describe_comparison(Comparison.by(settings, sets))


def _describe_limits(inputs: TaskInputs, lineage: Lineage, *, embedded: bool) -> Iterator[str]:
    yield ""
    yield "## Known limits"
    yield ""
    yield "- No person has read it. Read a sample before you train on it."
    if embedded:
        yield "- No model wrote or judged it: see above."
    else:
        yield "- Models wrote it and a model judged it: their errors and their leanings are in it. The verdicts are in `final_data.jsonl`."
    risks = "one risk" if len(inputs.risks) == 1 else f"{len(inputs.risks)} risks"
    yield f"- It covers {risks} of one policy, seen from {say_count(len(inputs.seeds), 'seed example')}."
    known = ", ".join(lineage.languages)
    yield f"- Language of the responses, as guessed from their words: {known or 'not known'}."
    yield "- Near-duplicates are told by common words, so that the same request in other words can stand twice."
    yield "- What the run itself warned of, if anything, stands under `warnings` in `run.json`."


def _describe_files(summary: Summary) -> Iterator[str]:
    yield ""
    yield "## Files"
    yield ""
    yield "`final_data.jsonl` holds the pairs with their provenance, `formatted_output.jsonl` the bare pairs for fine-tuning,"
    yield "`rejected.jsonl` every drop with its reason, `run.json` the inputs, versions and counts, `croissant.json` the same files"
    yield "for catalogues. `rejected.jsonl` is not for training."
    if any(name.endswith(".parquet") for name in summary.files):
        yield "`final_data.parquet` and `formatted_output.parquet` hold the same as the files of that name with lines of JSON."
    if summary.preferences:
        yield ""
        yield (
            f"`{PREFERENCES}` holds {sum(summary.preferences['written'].values())} preference pairs: these responses, each "
            "preferred to a bare, lecturing or needless refusal out of a fixed set of sentences. None of the rejected "
            "answers was written by a model, and none is harmful."
        )
    if summary.accepted:
        yield ""
        yield "```python"
        yield "from datasets import load_dataset"
        yield ""
        yield 'pairs = load_dataset("path/of/this/folder", split="train")'
        yield 'records = load_dataset("path/of/this/folder", "final_data", split="train")'
        yield "```"


def _describe_coverage(summary: Summary) -> Iterator[str]:
    """How the pairs spread: one line an axis, from the least to the most frequent value."""
    for axis, counts in summary.coverage.items():
        if axis in ("mode", "opening") or len(counts) < 2:
            continue
        least, most = min(counts, key=lambda value: counts[value]), max(counts, key=lambda value: counts[value])
        spread = (
            f"{say_count(counts[least], 'pair')} each"
            if counts[least] == counts[most]
            else f"from {say_count(counts[least], 'pair')} ({escape_markdown(least)}) to {counts[most]} ({escape_markdown(most)})"
        )
        yield f"- Coverage, {escape_markdown(axis.replace('_', ' '))}: {len(counts)} values, {spread}"
    openings = summary.coverage.get("opening", {})
    if openings and summary.accepted:
        words, number = next(iter(openings.items()))
        share = number / summary.accepted
        yield f"- Most frequent opening of a response: “{escape_markdown(words)} …”, {say_count(number, 'time')} ({share:.1%})"
