"""Where a task's dataset comes from: the command that makes it again, what was read, and what decided."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from demur.guards.refusal_judge import NAME
from demur.inputs.builder_file import Builder
from demur.inputs.guard_settings import AnyGuard, EnsembleSettings, GraniteGuardSettings
from demur.outputs.languages import guess_language
from demur.outputs.lineage import InputFile, Lineage
from demur.outputs.record import hash_text
from demur.records import Pair
from demur.run.plan import Plan, TaskPlan
from demur.stages.render import PromptTemplate

_SMALLEST_LANGUAGE_SHARE = 0.01
"""Of the responses; a language that is rarer is as likely a wrong guess."""

_SAMPLE = 2_000
"""How many responses are looked at, at least, where there are so many: a guess takes 60 µs."""


def trace_lineage(
    task: TaskPlan,
    plan: Plan,
    sources: Mapping[str, Mapping[str, object]],
    templates: Iterable[PromptTemplate],
    pairs: Sequence[Pair],
) -> Lineage:
    """What a task's card tells of its making. Nothing of it depends on the machine's speed or on folders of its user.

    Args:
        sources: the files that were read, by role, as `describe_file` gave them.
    """
    return Lineage(
        command=compose_command(task, plan),
        inputs=tuple(
            InputFile(role, show_path(Path(str(file["path"]))), None if file["sha256"] is None else str(file["sha256"]))
            for role, file in sources.items()
        ),
        templates={show_path(Path(template.path)): hash_text(template.text) for template in templates},
        decisions=describe_decisions(plan.builder, task),
        languages=list_languages(pairs),
    )


def show_path(path: Path) -> str:
    """A path for others' eyes: as it leads from the current folder, or else the name alone."""
    if not path.is_absolute():
        return path.name if ".." in path.parts else path.as_posix()
    try:
        return path.relative_to(Path.cwd()).as_posix()
    except (ValueError, OSError):  # elsewhere; or the folder is gone
        return path.name


def compose_command(task: TaskPlan, plan: Plan) -> tuple[str, ...]:
    """The command that makes a task's dataset again, without what does not change it: folders of outputs, concurrency,
    budget."""
    options = plan.options
    paths = dict.fromkeys(each.inputs.sources["task"] for each in plan.tasks)
    words = ["demur", "run", *(protect_path(show_path(path)) for path in paths)]
    # Tasks of one command may differ in what they want where the command does not say it.
    if len({each.wanted for each in plan.tasks}) == 1:
        words += ["-n", str(task.wanted)]
    if len({each.seed for each in plan.tasks}) == 1:
        words += ["--seed", str(task.seed)]
    if options.engines is not None:
        words += ["--engines", options.engines]
    if options.config is not None:
        words += ["--config-path", show_path(options.config)]
    if options.data_dir is not None:
        words += ["--data-dir", show_path(options.data_dir)]
    if options.preferences is not None:
        words += ["--preferences", options.preferences]
    if options.include_unsafe:
        words += ["--include-unsafe"]
    return tuple(words)


def compose_full_command(task: TaskPlan, plan: Plan) -> str:
    """The command with all that was asked for, for a shell; paths as they were given."""
    options = plan.options
    words = list(compose_command(task, plan))
    count = len(dict.fromkeys(each.inputs.sources["task"] for each in plan.tasks))
    given = [str(path) for path in dict.fromkeys(each.inputs.sources["task"] for each in plan.tasks)]
    words[2 : 2 + count] = [protect_path(path) for path in given]
    for flag, path in (("--config-path", options.config), ("--data-dir", options.data_dir)):
        if path is not None:
            words[words.index(flag) + 1] = str(path)
    if options.output_dir is not None:
        words += ["--output-dir", str(options.output_dir)]
    if options.concurrency is not None:
        words += ["--concurrency", str(options.concurrency)]
    if options.max_cost is not None:
        words += ["--max-cost", str(options.max_cost)]
    if options.max_tokens_total is not None:
        words += ["--max-tokens-total", str(options.max_tokens_total)]
    if options.restart:
        words += ["--restart"]
    return shlex.join(words)


def protect_path(path: str) -> str:
    """A path that no command takes for an option."""
    return f"./{path}" if path.startswith("-") else path


def describe_decisions(builder: Builder, task: TaskPlan) -> dict[str, str]:
    """What decided about a pair, by its name: defaults are written out, so that it stays true of later versions."""
    dedup = builder.dedup
    how = f"ROUGE-L ({dedup.score_func}) from {dedup.threshold} on" + (
        "" if dedup.filter else ", noted and not dropped"
    )
    how += "; among all tasks of the command" if dedup.scope == "run" else ""
    if dedup.semantic is not None:
        how += f"; cosine of {dedup.semantic.model} from {dedup.semantic.threshold} on"
    calibration = {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in task.inputs.task.describe_calibration().items()
    }
    judged = builder.refusal_judge is not None and task.inputs.task.reply_rules.check
    judge = {"refusal_judge": f"{NAME}, {builder.refusal_judge.type}"} if judged and builder.refusal_judge else {}
    return {"dedup": how, "guard": describe_guard(builder.guard), **judge, **calibration}


def describe_guard(guard: AnyGuard) -> str:
    """A guard's type and settings in words, without the engine that serves it."""
    if isinstance(guard, EnsembleSettings):
        return f"{guard.rule} of: " + "; ".join(describe_guard(member) for member in guard.guards)
    settings = guard.model_dump(mode="json", exclude={"type", "filter", "lm_config"}, exclude_none=True)
    criteria = isinstance(guard, GraniteGuardSettings) and (
        guard.custom_criteria or guard.criteria_id or guard.risk_name
    )
    words = [guard.type, *(f"{name} {value}" for name, value in settings.items())]
    if isinstance(guard, GraniteGuardSettings) and not criteria:
        words.append("criteria of the policy")
    return ", ".join(words)


def list_languages(pairs: Sequence[Pair]) -> tuple[str, ...]:
    """The languages of the responses, as guessed from the words of a sample, the most frequent first."""
    step = max(1, len(pairs) // _SAMPLE)
    found = Counter(guess_language(pair.response) for pair in pairs[::step])
    enough = max(1.0, _SMALLEST_LANGUAGE_SHARE * found.total())
    return tuple(
        language
        for language, number in sorted(found.items(), key=lambda item: (-item[1], item[0] or ""))
        if language is not None and number >= enough
    )
