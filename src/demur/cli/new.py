"""`demur new`."""

from __future__ import annotations

import argparse
import json
from importlib import resources

from demur.cli.failures import sanitise_line
from demur.errors import InputError, OutputFault
from demur.inputs.schema import KINDS, write_schema

STARTER = ("task.yaml", "policy.yaml", "seed_examples.jsonl")


def execute(arguments: argparse.Namespace) -> int:
    """Lay out the starter files, and the schemas by which an editor completes them.

    Raises:
        InputError: the folder holds something already.
        OutputFault: it cannot be written.
    """
    folder = arguments.dir
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise InputError(
                "is not empty; nothing was written", path=folder, hint="Name a folder that does not exist yet."
            )
        (folder / "schemas").mkdir(parents=True, exist_ok=True)
        for name in STARTER:
            (folder / name).write_text(resources.files("demur").joinpath("starter", name).read_text("utf-8"), "utf-8")
        for kind in KINDS:
            schema = json.dumps(write_schema(kind), indent=2, ensure_ascii=False)
            (folder / "schemas" / f"{kind}.schema.json").write_text(schema + "\n", "utf-8")
    except OSError as error:
        raise OutputFault(f"{folder} cannot be written: {error.strerror}") from error
    task = sanitise_line(str(folder / "task.yaml"))
    print(f"Laid out {', '.join(STARTER)} in {sanitise_line(str(folder))}. Now edit them, then:")
    print(f"  demur check {task}")
    print(f"  demur run {task} --engines embedded -n 10")
    return 0
