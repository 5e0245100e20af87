"""`demur decontaminate`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from demur.cli.failures import sanitise_line
from demur.inputs.evaluation_sets import Decontaminate, name_sets, read_evaluation_set, split_reference
from demur.run.decontaminate import Decontaminated, decontaminate_folder


def execute(arguments: argparse.Namespace) -> int:
    """Look through a dataset, print what was found, and write what stays.

    Raises:
        DemurError: the input is wrong, or an output cannot be written.
    """
    settings = Decontaminate(
        against=tuple(arguments.against),
        method=tuple(arguments.method or ("ngram", "rouge_l")),
        ngram=arguments.ngram,
        threshold=arguments.threshold,
        action=arguments.action,
    )
    references = [split_reference(text, lambda name: Path(name).exists()) for text in arguments.against]
    sets = name_sets([read_evaluation_set(Path(path), field) for path, field in references])
    found = decontaminate_folder(arguments.dir, sets, settings, arguments.output, force=arguments.force)
    if arguments.json:
        print(json.dumps(found.describe(), indent=2))
    else:
        show_findings(found, arguments.output, arguments.action)
    return 0


def show_findings(found: Decontaminated, out: Path | None, action: str) -> None:
    """Print the hits by set, with the nearest of each."""
    print(sanitise_line(f"{len(found.dataset.rows):,} pairs in {found.dataset.folder}"))
    for each in found.sets:
        print(sanitise_line(f"{each.hits:,} near to one of the {len(each.source.texts):,} texts in {each.source.name}"))
        for row_id, hit in each.examples:
            print(sanitise_line(f"    {row_id}  {hit.place}  {hit.method} {hit.score:.2f}"))
    if found.lost:
        print(f"{len(found.lost):,} more were made of those, and go with them")
    if out is None:
        print("Nothing was written: -o DIR names a folder for what stays.")
    elif action == "flag":
        print(sanitise_line(f"{len(found.rows):,} pairs in {out}, {len(found.hits):,} of them flagged"))
    else:
        print(sanitise_line(f"{len(found.rows):,} pairs stay, in {out}"))
