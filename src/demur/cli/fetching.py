"""Models that are still to be downloaded: said first, asked for, and only then fetched."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from demur.cli.failures import sanitise
from demur.engines.model_files import format_bytes
from demur.engines.model_hub import Needed, fetch
from demur.errors import ModelNotFound
from demur.inputs.engine_settings import AnyEngine
from demur.inputs.validation import read_environment
from demur.run.models import Shopping, list_missing_models, survey_models


def provide_models(engines: Iterable[AnyEngine], *, agreed: bool, data_dir: Path | None = None) -> None:
    """See that the models of engines in this process are there: say what is to be downloaded, ask, and download it.

    Args:
        agreed: download without asking (`--yes`).
        data_dir: the command's, for reading `.env`, which may hold HF_TOKEN.

    Raises:
        DemurError: a model is not here and could not be fetched, or nobody agreed to it.
    """
    missing = list_missing_models(engines)
    if not missing:
        return
    token = read_environment(data_dir).get("HF_TOKEN") or None
    shopping = survey_models(missing, token)
    _say(describe_shopping(shopping))
    if not agreed and not _ask():
        raise ModelNotFound(
            "without the model there is nothing to run"
            if len(missing) == 1
            else "without the models there is nothing to run",
            hint="Answer y, or give --yes, to download; or write the path of a GGUF file as model_id_or_path.",
        )
    for needed in shopping.needed:
        _fetch(needed, token)


def describe_shopping(shopping: Shopping) -> str:
    """What is to be downloaded, how large it is, from where, and where to."""
    lines = ["To be downloaded:"]
    for needed in shopping.needed:
        lines.append(f"  {needed.model}")
        for file in needed.files:
            here = f" ({format_bytes(file.have_bytes)} of it are here)" if file.have_bytes else ""
            lines.append(f"      {file.name}  {format_bytes(file.size_bytes)}{here}")
    total = sum(needed.missing_bytes for needed in shopping.needed)
    first = shopping.needed[0]
    lines.append(
        f"{format_bytes(total)} from {first.endpoint} into {first.folder.parent} "
        f"({format_bytes(shopping.free_bytes)} free)."
    )
    return "\n".join(lines)


def _ask() -> bool:
    """Ask at a terminal; elsewhere nobody can agree."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        _say("No terminal to ask at, and no --yes.")
        return False
    print("Download? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _fetch(needed: Needed, token: str | None) -> None:
    try:
        with _showing(needed) as show:
            fetch(needed, show, token=token)
    except KeyboardInterrupt:
        _say("\nWhat came is kept: the same command goes on from there.")
        raise


@contextmanager
def _showing(needed: Needed) -> Iterator[Callable[[int], None]]:
    """A bar at a terminal; elsewhere a line before and one after."""
    if not sys.stderr.isatty():
        _say(f"Downloading {needed.model}, {format_bytes(needed.missing_bytes)}")
        yield lambda _: None
        _say(f"Downloaded {needed.model}")
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())  # fmt: skip
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(needed.model.repo, total=needed.size_bytes)
        yield lambda have: bar.update(task, completed=have)


def _say(words: str) -> None:
    print(sanitise(words), file=sys.stderr, flush=True)
