"""Model files for engines of this process: what a reference names, and where the file is on this machine.

A reference is a path to a GGUF file, or a repository on the Hugging Face Hub in the form that Ollama's users know::

    models/granite-4.0-micro-Q4_K_M.gguf
    hf.co/OWNER/REPO            the quantisation Q4_K_M
    hf.co/OWNER/REPO:Q8_0       another one; upper and lower case are alike
    hf.co/OWNER/REPO:FILE.gguf  a file by its name

Nothing here uses the network: a model is downloaded by `model_hub`, and only after somebody agreed to it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias

from demur.errors import ExtraMissing, InputError, ModelNotFound
from demur.inputs.text_file import expand_home

DEFAULT_QUANT = "Q4_K_M"
"""What a reference without one means, as in Ollama."""

MAX_LISTED = 12

_PREFIX = re.compile(r"(?:https?://)?(?:www\.)?(?:hf\.co|huggingface\.co)(?:/|$)", re.IGNORECASE)
_NAME = re.compile(r"(?!.*(?:--|\.\.))[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?")
_TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,254}")
_PART = re.compile(r"(?P<stem>.+)-(?P<part>\d{5})-of-(?P<total>\d{5})\.gguf", re.IGNORECASE)
_QUANT = re.compile(r"(?:^|[-._/])((?:UD-)?(?:I?Q\d|TQ\d|BF16|F16|FP16|F32|FP32|MXFP\d)[A-Za-z0-9_]*)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A model by its path."""

    path: Path


@dataclass(frozen=True, slots=True)
class HubModel:
    """A model in a repository on the Hub.

    Attributes:
        tag: the quantisation, or a file's name.
    """

    owner: str
    repo: str
    tag: str = DEFAULT_QUANT

    @property
    def repo_id(self) -> str:
        """OWNER/REPO, as the Hub names it."""
        return f"{self.owner}/{self.repo}"

    def __str__(self) -> str:
        return f"hf.co/{self.repo_id}:{self.tag}"


Reference: TypeAlias = LocalFile | HubModel


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model among the files of a repository, in one file or in several parts.

    Attributes:
        stem: the file's name without its part's number and ending, with its folders.
        parts: the files, in order; all that are there.
        whole: whether no part is missing.
    """

    stem: str
    parts: tuple[str, ...]
    whole: bool

    @property
    def quant(self) -> str:
        """The quantisation that the name ends in, or the empty string."""
        found = _QUANT.search(self.stem)
        return found[1] if found else ""


def parse_reference(text: str) -> Reference:
    """Take a reference apart.

    Raises:
        InputError: it begins as one to the Hub, and is none.
    """
    text = text.strip()
    if not text:
        raise InputError("`model_id_or_path` is empty", hint=_EXPLAIN)
    prefix = _PREFIX.match(text)
    if prefix is None:
        return LocalFile(expand_home(text))
    name, colon, tag = text[prefix.end() :].rstrip("/").partition(":")
    owner, _, repo = name.partition("/")
    if not _NAME.fullmatch(owner) or not _NAME.fullmatch(repo) or (colon and not _TAG.fullmatch(tag)):
        raise InputError(f"`model_id_or_path` names no model on the Hub: {text}", hint=_EXPLAIN)
    return HubModel(owner, repo, tag or DEFAULT_QUANT)


_EXPLAIN = "A GGUF file's path, or hf.co/OWNER/REPO:QUANT, such as hf.co/ibm-granite/granite-4.0-micro-GGUF:Q4_K_M."


def list_models(names: Iterable[str]) -> list[ModelFile]:
    """The models among file names, sorted; what only helps a model to see or hear (`mmproj`) is left out."""
    parts: dict[str, list[tuple[int, str]]] = {}
    totals: dict[str, int] = {}
    for name in names:
        last = name.rpartition("/")[2].lower()
        if not last.endswith(".gguf") or "mmproj" in last or last.startswith("imatrix"):
            continue
        split = _PART.fullmatch(name)
        stem, number, total = (
            (split["stem"], int(split["part"]), int(split["total"])) if split else (name[: -len(".gguf")], 1, 1)
        )
        parts.setdefault(stem, []).append((number, name))
        totals[stem] = max(total, totals.get(stem, 0))
    return [
        ModelFile(stem, tuple(name for _, name in sorted(found)), len(found) == totals[stem])
        for stem, found in sorted(parts.items())
    ]


def match_models(models: Iterable[ModelFile], tag: str) -> list[ModelFile]:
    """The models that a tag means: by a file's name, by exactly that quantisation, or by a name that ends so."""
    tag = tag.lower()
    models = list(models)
    if tag.endswith(".gguf"):
        return [model for model in models if any(tag in _names_of(part) for part in model.parts)]
    return [model for model in models if model.quant.lower() == tag] or [
        model for model in models if re.search(rf"(?:^|[-._/]){re.escape(tag)}$", model.stem.lower())
    ]


def _names_of(path: str) -> tuple[str, str]:
    return path.lower(), path.lower().rpartition("/")[2]


def find_model(reference: str) -> Path:
    """The model's file on this machine: what to load. Of a model in parts it is the first. Never uses the network.

    Raises:
        InputError: the reference is none.
        ModelNotFound: it is not here; the hint says how to get it.
        ExtraMissing: the Hub's cache is to be looked at, and its package is not installed.
    """
    model = parse_reference(reference)
    if isinstance(model, LocalFile):
        return _find_local(model.path, reference)
    for found in _search_cache(model):
        return found
    offer = "At a terminal, `demur run` offers to download it; with --yes it does so unasked. "
    raise ModelNotFound(f"the model {model} is not on this machine", hint=offer + explain_fetching(model))


def find_cache() -> Path:
    """The Hub's cache on this machine, which other programs use too: `HF_HUB_CACHE`, else `hub` in `HF_HOME`.

    Raises:
        ExtraMissing: the Hub's package is not installed.
    """
    require_hub()
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE)


def find_endpoint() -> str:
    """The Hub's address: `HF_ENDPOINT`, else its own.

    Raises:
        ExtraMissing: the Hub's package is not installed.
    """
    require_hub()
    from huggingface_hub import constants

    return constants.ENDPOINT


def find_repository(model: HubModel) -> Path:
    """The folder in the cache that holds a repository; its layout is documented by the Hub ("Understand caching")."""
    return find_cache() / f"models--{model.owner}--{model.repo}"


def explain_fetching(model: HubModel) -> str:
    """What to fetch, from where, with which command, and where to put it."""
    return (
        f"By hand: `{write_command(model)}` puts it into {find_cache()}. "
        f"For a machine without network: take the file from {find_endpoint()}/{model.repo_id}/tree/main "
        "on another one, copy it over, and write its path as model_id_or_path."
    )


def write_command(model: HubModel) -> str:
    """The command of the Hub's own program that fetches a model."""
    pattern = model.tag if model.tag.lower().endswith(".gguf") else f"*{model.tag}*.gguf"
    return f'hf download {model.repo_id} --include "{pattern}"'


def _find_local(path: Path, reference: str) -> Path:
    if os.path.isdir(path):  # noqa: PTH112 - the methods of `Path` raise for a name that is too long
        models = list_models(each.name for each in path.iterdir())
        raise InputError(
            f"`model_id_or_path` is a folder: {reference}",
            hint=f"Name a file in it: {', '.join(model.parts[0] for model in models[:MAX_LISTED]) or 'it has no GGUF'}.",
        )
    if not os.path.isfile(path):  # noqa: PTH113
        guess = f"hf.co/{reference}" if re.fullmatch(r"[\w.-]+/[\w.-]+(?::[\w.-]+)?", reference) else ""
        raise ModelNotFound(
            f"there is no model file {path.absolute()}",
            hint=f"If a repository on the Hub is meant, write {guess}." if guess else _EXPLAIN,
        )
    split = _PART.fullmatch(path.name)
    if split is None:
        return path
    parts = [
        path.with_name(f"{split['stem']}-{number:05}-of-{split['total']}{path.suffix}")
        for number in range(1, int(split["total"]) + 1)
    ]
    missing = [part.name for part in parts if not part.is_file()]
    if missing:
        raise ModelNotFound(
            f"the model file {path} is one of {len(parts)} parts, and {missing[0]} is not beside it",
            hint="Put all parts into one folder.",
        )
    return parts[0]


def _search_cache(model: HubModel) -> Iterator[Path]:
    """The model in each cached snapshot that has it whole, the current one first."""
    repository = find_repository(model)
    snapshots = repository / "snapshots"
    try:
        current = (repository / "refs" / "main").read_text(encoding="utf-8").strip()
        folders = sorted(snapshots.iterdir(), key=lambda folder: (folder.name == current, folder.stat().st_mtime))
    except OSError:
        try:
            folders = sorted(snapshots.iterdir())
        except OSError:
            return
    for folder in reversed(folders):
        names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
        found = match_models(list_models(names), model.tag)
        if len(found) == 1 and found[0].whole:
            yield folder / found[0].parts[0]


def format_bytes(count: int) -> str:
    """A size in decimal units, as the Hub shows it."""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"


def require_hub() -> None:
    """Make sure that the Hub's package is there, before a model is looked for or fetched.

    Raises:
        ExtraMissing: it is not installed.
    """
    if find_spec("huggingface_hub") is None:
        raise ExtraMissing.tell("a model from the Hugging Face Hub", "huggingface_hub", extra="llama-cpp")
    # The package reports on its use otherwise; who wants that says so in the environment.
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
