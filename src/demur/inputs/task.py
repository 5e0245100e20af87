"""Task files: what to make, from which policy and seeds."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator
from pydantic_core import PydanticCustomError

from demur.errors import InputError
from demur.inputs.calibration import Calibration
from demur.inputs.evaluation_sets import Decontaminate, EvaluationSet, name_sets, read_evaluation_set, split_reference
from demur.inputs.output_settings import Card, Datastore, Formatter
from demur.inputs.policy import Policy, Risk, Text, choose_risks, read_policy
from demur.inputs.seeds import collect_seeds, read_seeds
from demur.inputs.text_file import expand_home
from demur.inputs.validation import InputModel, expand, suggest, validate
from demur.inputs.yaml_text import Document, as_written, read_documents
from demur.records import Seed, SeedKind

_ASKING: Mapping[str, str] = {
    "contrast": "true",
    "balance": "clause",
    "axes": "default",
    "mutate": "[typos]",
    "replies": "{check: true}",
    "decontaminate": "{against: [FILE]}",
}
"""The keys of a task that ask for something beyond the specification, each with a value that it may have."""
DATA_BUILDERS = ("public/safety/refusal",)
_SEGMENT = re.compile(r"\w[\w.+-]*")


def check_task_name(name: str) -> str:
    """Refuse a name that could leave the output folder, or that some file system cannot hold.

    Raises:
        ValueError: what is wrong with it.
    """
    if len(name) > 200:
        raise ValueError("a task name has at most 200 characters")
    for segment in name.split("/"):
        if not _SEGMENT.fullmatch(segment) or segment.endswith("."):
            raise ValueError(
                f"a task name is a relative path of plain words, like public/safety/refusal/my_domain/my_risk, not {name!r}"
            )
    return name


_NAMING = 'Such as risk: my_risk, risk: [my_risk, another_risk], or risk: "*" for all; without the key, the first one.'


class RiskPolicy(InputModel):
    """Which policy file, and which of its risks."""

    path: Text = Field(min_length=1)
    risk: Text | tuple[Text, ...] | None = Field(
        default=None,
        description="The risk's name, a list of names, or \"*\" for all; the file's first risk where left out.",
    )

    @field_validator("risk", mode="before")
    @classmethod
    def _check_names(cls, written: object) -> object:
        if written is None:
            return None
        names = [as_written(name) for name in written] if isinstance(written, list | tuple) else [as_written(written)]
        if not names or not all(isinstance(name, str) for name in names):
            raise PydanticCustomError("risk_names", "a risk's name is wanted, or a list of names", {"hint": _NAMING})
        if len(names) > 1 or isinstance(written, list | tuple):
            if "*" in names:
                raise PydanticCustomError("risk_names", "'*' stands alone, and not in a list", {"hint": _NAMING})
            twice = next((name for name in names if names.count(name) > 1), None)
            if twice is not None:
                raise PydanticCustomError(
                    "risk_names", "{name} stands here twice", {"name": repr(twice), "hint": "Name each once."}
                )
        return written


class SeedDatastore(InputModel):
    """Where the seed examples are."""

    type: Literal["default"] = "default"
    data_path: Text = Field(min_length=1, description="A .jsonl, .json, .yaml, .csv or .parquet file.")


class RunnerConfig(InputModel):
    """The task's own defaults for what the command line may say."""

    output_dir: Text | None = None
    num_outputs_to_generate: int | None = Field(default=None, ge=1, lt=2**63)


class SeedExample(InputModel):
    """An inline seed; the checks are the seed reader's."""

    instruction: Text | None = None
    question: Text | None = None
    response: Text | None = None
    answer: Text | None = None
    kind: SeedKind | None = Field(default=None, description="refuse, or comply: a harmless request with its answer.")
    risk: Text | None = Field(default=None, description="The risk that it is about; none: any.")


class Task(Calibration):
    """One document of a task file."""

    task_name: Annotated[Text, AfterValidator(check_task_name)] = Field(description="Also the output folder's path.")
    data_builder: Text = Field(description="public/safety/refusal")
    task_description: Text = ""
    created_by: Text = ""
    card: Card = Field(default=Card(), description="What only its publisher can say of the dataset.")
    risk_policy: RiskPolicy
    formatter: Formatter = Formatter()
    datastore: Datastore = Datastore()
    num_icl_examples: int = Field(default=3, ge=1, le=100, description="Seed examples shown in each proposal request.")
    num_samples_per_batch: int = Field(default=5, ge=1, le=100, description="New instructions asked for in each.")
    seed_datastore: SeedDatastore | None = None
    seed_examples: tuple[SeedExample, ...] | None = None
    decontaminate: Decontaminate | None = Field(
        default=None, description="Keep what is near to evaluation sets out of the dataset, or flag it."
    )
    runner_config: RunnerConfig = RunnerConfig()
    random_seed: int | None = Field(default=None, ge=0, lt=2**63)


@dataclass(frozen=True, slots=True)
class TaskInputs:
    """A task with everything that it points at, read and checked.

    Attributes:
        risks: the risks that it is about, at least one.
        seeds: all of its examples, those of twins included; see `seeds_of`.
        sources: the files that were read, by role: `task`, `policy`, `seeds`, `evaluation_0` and so on.
        evaluations: the evaluation sets that its requests are compared with.
    """

    task: Task
    policy: Policy
    risks: tuple[Risk, ...]
    seeds: tuple[Seed, ...]
    sources: Mapping[str, Path]
    evaluations: tuple[EvaluationSet, ...] = ()

    @property
    def name(self) -> str:
        """The task's name."""
        return self.task.task_name

    @property
    def risk(self) -> Risk:
        """The first risk; most tasks have one."""
        return self.risks[0]

    def find_risk(self, name: str) -> Risk:
        """The risk of that name; the first one for the empty name."""
        return next((risk for risk in self.risks if risk.risk == name), self.risks[0])

    def seeds_of(self, risk: Risk, kind: SeedKind = "refuse") -> tuple[Seed, ...]:
        """The examples of a kind for a risk: those that name it, or else those that name none."""
        seeds = [seed for seed in self.seeds if seed.kind == kind]
        named = tuple(seed for seed in seeds if seed.risk == risk.risk)
        return named or tuple(seed for seed in seeds if not seed.risk)


def read_tasks(path: Path, environment: Mapping[str, str]) -> list[TaskInputs]:
    """Read a task file; each of its YAML documents is a task.

    Args:
        environment: gives the values of `${NAME}`, `DGT_DATA_DIR` among them.

    Raises:
        InputError: something in it, or in a file that it points at, cannot be used.
    """
    documents = read_documents(path)
    if not documents:
        raise InputError("the file is empty", path=path, hint="`demur new DIR` lays out a task to edit.")
    return [_read_task(document, environment) for document in documents]


def _read_task(document: Document, environment: Mapping[str, str]) -> TaskInputs:
    if not isinstance(document.data, dict):
        raise InputError("a task is a mapping of keys", path=document.path, line=document.line(()))
    data = expand(document, environment, prose=frozenset({"seed_examples", "task_description"}))
    _refuse_bare_keys(data, document)
    task = validate(Task, data, document)
    if task.data_builder not in DATA_BUILDERS:
        raise InputError(
            f"unknown data_builder {task.data_builder!r}",
            path=document.path,
            line=document.line(("data_builder",)),
            hint=suggest(task.data_builder, DATA_BUILDERS),
        )
    policy_path = _resolve(task.risk_policy.path, document, ("risk_policy", "path"))
    policy = read_policy(policy_path)
    try:
        risks = choose_risks(policy, task.risk_policy.risk)
    except KeyError as error:
        wrong, hint = error.args
        raise InputError(
            f"{policy_path.name} has no risk {wrong!r}",
            path=document.path,
            line=document.line(("risk_policy", "risk")),
            hint=hint,
        ) from None
    seeds, seeds_path = _gather_seeds(task, data, document)
    evaluations = _read_evaluations(task, document)
    sources = {"task": document.path, "policy": policy_path, "seeds": seeds_path}
    sources |= {f"evaluation_{number}": each.path for number, each in enumerate(evaluations)}
    inputs = TaskInputs(task, policy, risks, seeds, sources, evaluations)
    for risk in risks:
        if not inputs.seeds_of(risk):
            raise InputError(
                f"no seed examples of requests to decline for the risk {risk.risk!r}",
                path=seeds_path,
                hint=" ".join(warn_of_seed_risks(inputs))
                or "A seed counts for every risk unless it names one (risk: …), and as one to decline unless it says "
                "kind: comply.",
            )
    return inputs


def _refuse_bare_keys(data: Mapping[str, object], document: Document) -> None:
    """A key that asks for something more, and has no value: whoever wrote it wanted what is not done without one."""
    for key, mend in _ASKING.items():
        if key in data and data[key] is None:
            raise InputError(f"{key} has no value, and so asks for nothing", path=document.path, line=document.line((key,)),
                             hint=f"Such as {key}: {mend}; or take the key out.")  # fmt: skip


def warn_of_seed_risks(inputs: TaskInputs) -> list[str]:
    """A warning for each risk that seeds name and the policy does not have: nothing is ever made of such seeds."""
    known = [risk.risk for risk in inputs.policy.risks]
    lost: dict[str, list[Seed]] = {}
    for seed in inputs.seeds:
        if seed.risk and seed.risk not in known:
            lost.setdefault(seed.risk, []).append(seed)
    return [
        f"{inputs.sources['seeds'].name}{f':{seeds[0].line}' if seeds[0].line else ''}: {seeds[0].id} "
        + (f"and {len(seeds) - 1} more are" if len(seeds) > 1 else "is")
        + f" about the risk {name!r}, which {inputs.sources['policy'].name} does not have, and will not be used. "
        + suggest(name, known)
        for name, seeds in lost.items()
    ]


def _read_evaluations(task: Task, document: Document) -> tuple[EvaluationSet, ...]:
    if task.decontaminate is None:
        return ()
    beside = document.path.parent
    sets: list[EvaluationSet] = []
    for number, written in enumerate(task.decontaminate.against):
        where = ("decontaminate", "against", number)
        try:
            name, field = split_reference(written, lambda name: (beside / name).exists() or Path(name).exists())
            path = _resolve(name, document, where)
            sets.append(read_evaluation_set(path, field))
            name_sets(sets)
        except InputError as error:
            if error.path == document.path:
                raise
            raise InputError(f"decontaminate: {error}", path=document.path, line=document.line(where),
                             hint=error.hint) from error  # fmt: skip
    return name_sets(sets)


def _gather_seeds(task: Task, data: dict[str, Any], document: Document) -> tuple[tuple[Seed, ...], Path]:
    if (task.seed_datastore is None) == (task.seed_examples is None):
        both = "both are here" if task.seed_datastore else "neither is here"
        raise InputError(
            f"a task needs either seed_datastore or seed_examples; {both}", path=document.path, line=document.line(())
        )
    if task.seed_datastore is None:
        rows = ((document.line(("seed_examples", number)), row) for number, row in enumerate(data["seed_examples"]))
        return collect_seeds(rows, document.path), document.path
    path = _resolve(task.seed_datastore.data_path, document, ("seed_datastore", "data_path"))
    return read_seeds(path), path


def _resolve(written: str, document: Document, where: tuple[str | int, ...]) -> Path:
    """A relative path counts from the task file's folder, or else from the working folder."""
    path = expand_home(written)
    beside = document.path.parent / path
    for candidate in (beside, path):
        if os.path.exists(candidate):  # noqa: PTH110 - `Path.exists` raises for a name that is too long
            return candidate
    hint = "Relative paths count from the task file's folder, then from the working folder."
    if "DGT_DATA_DIR" in str(document.data):
        hint = "DGT_DATA_DIR is the folder `data` here unless set; --data-dir names another."
    raise InputError(f"no such file: {path}", path=document.path, line=document.line(where), hint=hint)
