"""`run.json`: what was run, on what, with what result, for whoever must follow it."""

from __future__ import annotations

import hashlib
import platform
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from demur.inputs.output_settings import Card
from demur.inputs.task import TaskInputs
from demur.outputs.licences import find_licence
from demur.outputs.lineage import Lineage
from demur.records import EngineUse, StageCount, Summary
from demur.usage import BudgetUse, SlotUse, StageUse, VendiScores
from demur.version import __version__

Json = dict[str, object]

_PACKAGES = (
    *("aiohttp", "jinja2", "pydantic", "pyyaml", "rapidfuzz", "tenacity"),
    *("anthropic", "huggingface_hub", "ibm-watsonx-ai", "model2vec", "openai", "pyarrow", "vllm", "xllamacpp"),
)
"""What replies and files can depend on: what demur always needs, and what its extras bring."""

CONTENT_WARNING = (
    "This dataset holds requests for harmful content, written to teach a model to decline them. "
    "It holds no answers to them. Do not use the requests for anything but training and testing refusals."
)


def describe_summary(summary: Summary) -> Json:
    """A summary as JSON: the part of `run.json` that `--json` prints too."""
    return {
        "task": summary.task,
        "status": str(summary.status),
        "wanted": summary.wanted,
        "accepted": summary.accepted,
        "rounds": summary.rounds,
        "surplus": summary.surplus,
        "stages": {str(stage): _describe_count(count) for stage, count in summary.counts.items()},
        **({"offspring": _describe_offspring(summary)} if summary.offspring else {}),
        **({"coverage": {axis: dict(counts) for axis, counts in summary.coverage.items()}} if summary.coverage else {}),
        **({"contamination": dict(summary.contamination)} if summary.contamination else {}),
        **({"refusal_judge": dict(summary.opinions)} if summary.opinions else {}),
        "engines": [_describe_use(use) for use in summary.engines],
        **({"slots": [_describe_slots(use) for use in summary.slots]} if summary.slots else {}),
        **({"vendi": _describe_vendi(summary.vendi)} if summary.vendi else {}),
        "elapsed_s": round(summary.elapsed_s, 3),
        "first_pair_s": None if summary.first_pair_s is None else round(summary.first_pair_s, 3),
        "files": dict(summary.files),
        **(
            {"preferences": {part: dict(counts) for part, counts in summary.preferences.items()}}
            if summary.preferences
            else {}
        ),
        **({"budget": _describe_budget(summary.budget)} if summary.budget else {}),
        **({"warnings": list(summary.warnings)} if summary.warnings else {}),
        **({"failure": summary.failure} if summary.failure else {}),
    }


def describe_run(
    summary: Summary,
    *,
    inputs: Mapping[str, Json],
    settings: Json,
    texts: Mapping[str, str],
    seed: int,
    created_by: str = "",
    card: Card | None = None,
    calibration: Json | None = None,
    command: str = "",
    lineage: Lineage | None = None,
    decontamination: Json | None = None,
) -> Json:
    """The whole of `run.json`.

    Args:
        inputs: the files that were read, by role, as `describe_file` gave them when they were read.
        settings: the builder, without secrets.
        texts: the prompt templates by name, hashed here.
        seed: the run's random seed.
        created_by: whom the task names.
        card: what the task says of its publication.
        calibration: what the task says of when and how to decline, beyond the specification.
        command: what was asked for, as a command line.
        lineage: what the card tells, for its decisions and languages.
        decontamination: what the task's requests are compared with, and how.
    """
    return {
        "content_warning": CONTENT_WARNING,
        "demur": __version__,
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "created_by": created_by,
        **({"card": said} if card and (said := card.model_dump(mode="json", exclude_defaults=True)) else {}),
        **({"command": command} if command else {}),
        "seed": seed,
        "inputs": dict(inputs),
        "templates": {name: hash_text(text) for name, text in texts.items()},
        "builder": settings,
        **({"calibration": calibration} if calibration else {}),
        **_describe_lineage(lineage, known=calibration or {}),
        "licences": {use.origin.model: find_licence(use.origin) for use in summary.engines},
        **({"decontamination": decontamination} if decontamination else {}),
        "result": describe_summary(summary),
        "versions": {"python": platform.python_version(), "platform": sys.platform, **_list_versions()},
    }


def _describe_lineage(lineage: Lineage | None, *, known: Json) -> Json:
    """What decided about a pair, but for what is told elsewhere, and the languages."""
    if lineage is None:
        return {}
    decisions = {name: said for name, said in lineage.decisions.items() if name not in known}
    return {"decisions": decisions, "languages": list(lineage.languages)}


def describe_file(path: Path) -> Json:
    """A file's path and the SHA-256 of its bytes, in hex; None where it can no longer be read."""
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        digest = None
    return {"path": str(path), "sha256": digest}


def hash_text(text: str) -> str:
    """The SHA-256 of a text as UTF-8, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def _describe_offspring(summary: Summary) -> Json:
    return {
        kind: {str(stage): _describe_count(count) for stage, count in counts.items()}
        for kind, counts in summary.offspring.items()
    }


def _describe_count(count: StageCount) -> Json:
    return {"kept": count.kept, "dropped": {str(reason): number for reason, number in count.dropped.items()}}


def _describe_use(use: EngineUse) -> Json:
    return {
        "block": use.role,
        "engine": use.origin.engine,
        "model": use.origin.model,
        "asked": use.asked,
        "replayed": use.replayed,
        "retried": use.retried,
        "failed": use.failed,
        "prompt_tokens": use.prompt_tokens,
        "completion_tokens": use.completion_tokens,
        **({"hedged": use.hedged} if use.hedged else {}),
        "stages": {str(stage): _describe_stage_use(stage_use) for stage, stage_use in use.by_stage.items()},
    }


def _describe_stage_use(use: StageUse) -> Json:
    """`cost_usd` is null where the price is not known: that is not nothing."""
    return {
        "asked": use.asked,
        "replayed": use.replayed,
        "prompt_tokens": use.prompt_tokens,
        "completion_tokens": use.completion_tokens,
        "replayed_prompt_tokens": use.replayed_prompt_tokens,
        "replayed_completion_tokens": use.replayed_completion_tokens,
        "cost_usd": None if use.cost_usd is None else round(use.cost_usd, 6),
    }


def _describe_slots(use: SlotUse) -> Json:
    return {
        "engine": use.engine,
        "model": use.model,
        "blocks": list(use.blocks),
        "slots": use.slots,
        "lowest": use.lowest,
        "elapsed_s": round(use.elapsed_s, 3),
        "busy": round(use.busy, 3),
        "full_s": round(use.full_s, 3),
        "held_s": round(use.held_s, 3),
        "timeline": [round(busy, 3) for busy in use.timeline],
    }


def _describe_vendi(scores: VendiScores) -> Json:
    return {
        "model": scores.model,
        "instructions": asdict(scores.instructions),
        "responses": asdict(scores.responses),
    }


def _describe_budget(use: BudgetUse) -> Json:
    return {
        "max_cost_usd": use.max_cost_usd,
        "max_tokens_total": use.max_tokens,
        "cost_usd": None if use.cost_usd is None else round(use.cost_usd, 6),
        "tokens": use.tokens,
    }


def _list_versions() -> dict[str, str]:
    versions = {}
    for name in _PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def describe_decontamination(inputs: TaskInputs, sources: Mapping[str, Json]) -> Json:
    """What a task's requests are compared with, and how; nothing where they are compared with nothing.

    Args:
        sources: the files that were read, by role; see `describe_run`.
    """
    settings = inputs.task.decontaminate
    if settings is None:
        return {}
    sets = [
        {"set": each.name, **sources[f"evaluation_{number}"], "field": each.field, "texts": len(each.texts)}
        for number, each in enumerate(inputs.evaluations)
    ]
    return {**settings.model_dump(mode="json", exclude={"against"}), "against": sets}
