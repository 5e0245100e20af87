"""A run before it runs: everything that it needs, read and checked, and nothing asked of a model."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from demur.engines.base import Engine
from demur.errors import InputError
from demur.inputs.builder_file import Builder, read_builder
from demur.inputs.task import TaskInputs, read_tasks
from demur.inputs.validation import read_environment
from demur.outputs.parquet import require_pyarrow
from demur.outputs.preferences import PreferenceForm
from demur.stages.render import PromptTemplate, ProposeValues, RespondValues, load_template

DEFAULT_OUTPUTS = 10
DEFAULT_SEED = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line, or a caller, may say beyond the files.

    Attributes:
        outputs: pairs wanted of each task; None: the task's own number, else 10.
        config: a builder file of one's own; see `read_builder`.
        engines: the shipped builder to start from.
        seed: the random seed; None: the task's own, else 0.
        output_dir: where outputs go; None: the task's own, else DGT_OUTPUT_DIR, else `output`.
        data_dir: what `${DGT_DATA_DIR}` means; None: the environment's, else `data`.
        concurrency: the most requests at once to one model at one endpoint; None: what suits the engine.
        restart: forget earlier replies and outputs of these tasks.
        include_unsafe: write responses out that no guard rated safe.
        preferences: also write preference pairs, in this form.
        max_cost: US dollars that the run may cost, all tasks together; None: the builder's, else no bound.
        max_tokens_total: tokens that it may use, likewise.
        replacements: engines by block name, in place of the builder's; for tests and for callers with engines of their own.
    """

    outputs: int | None = None
    config: Path | None = None
    engines: str | None = None
    seed: int | None = None
    output_dir: Path | None = None
    data_dir: Path | None = None
    concurrency: int | None = None
    restart: bool = False
    include_unsafe: bool = False
    preferences: PreferenceForm | None = None
    max_cost: float | None = None
    max_tokens_total: int | None = None
    replacements: Mapping[str, Engine] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TaskPlan:
    """One task, and what is wanted of it.

    Attributes:
        folder: its output folder.
        seed: its random seed.
    """

    inputs: TaskInputs
    wanted: int
    seed: int
    folder: Path

    @property
    def journal_path(self) -> Path:
        """The task's journal, beside its outputs."""
        return self.folder / "journal.sqlite"


@dataclass(frozen=True, slots=True)
class Plan:
    """A run's tasks with the builder and templates that they share."""

    tasks: tuple[TaskPlan, ...]
    builder: Builder
    propose_template: PromptTemplate
    respond_template: PromptTemplate
    options: Options


def make_plan(task_paths: Sequence[Path], options: Options) -> Plan:
    """Read and check tasks, policies, seeds, builder and templates.

    Raises:
        InputError: the first thing wrong; its `also` holds others of the same file.
        ExtraMissing: a seed file's format needs a package that is not installed.
    """
    environment = read_environment(options.data_dir)
    builder = read_builder(options.config, options.engines, environment)
    propose = load_template("propose", ProposeValues, builder.propose_template)
    respond = load_template("respond", RespondValues, builder.respond_template)
    plans: list[TaskPlan] = []
    for path in task_paths:
        for inputs in read_tasks(path, environment):
            if any(inputs.name == earlier.inputs.name for earlier in plans):
                raise InputError(f"the task {inputs.name!r} stands twice in this run", path=path,
                                 hint="Give each task a task_name of its own: it names the output folder.")  # fmt: skip
            plans.append(_plan_task(inputs, options, environment))
    return Plan(tuple(plans), builder, propose, respond, options)


def _plan_task(inputs: TaskInputs, options: Options, environment: Mapping[str, str]) -> TaskPlan:
    if inputs.task.datastore.output_data_format == "parquet":
        require_pyarrow()
    runner = inputs.task.runner_config
    wanted = options.outputs or runner.num_outputs_to_generate or DEFAULT_OUTPUTS
    seed = next(seed for seed in (options.seed, inputs.task.random_seed, DEFAULT_SEED) if seed is not None)
    return TaskPlan(inputs, wanted, seed, find_folder(inputs, options, environment))


def find_folder(inputs: TaskInputs, options: Options, environment: Mapping[str, str]) -> Path:
    """The output folder of a task.

    Raises:
        InputError: a link leads it out of the folder of all outputs.
    """
    runner = inputs.task.runner_config
    base = options.output_dir or Path(runner.output_dir or environment.get("DGT_OUTPUT_DIR") or "output")
    folder = base / inputs.name
    with contextlib.suppress(OSError):
        # The name was checked; a symbolic link inside the output folder could still lead out of it.
        if not folder.resolve().is_relative_to(base.resolve()):
            raise InputError(f"the output folder {folder} leads out of {base}", path=inputs.sources["task"])
    return folder
