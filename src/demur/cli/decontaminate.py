"""`demur decontaminate`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from demur.cli.failures import sanitise_line
from demur.inputs.evaluation_sets import Decontaminate, name_sets, read_evaluation_set, split_reference
from demur.run.decontaminate import Decontaminated, decontaminate_folder
from demur.wording import say_count


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
    print(sanitise_line(f"{say_count(len(found.dataset.rows), 'pair')} in {found.dataset.folder}"))
    for each in found.sets:
        texts = len(each.source.texts)
        what = "the only text" if texts == 1 else f"one of the {texts:,} texts"
        print(sanitise_line(f"{each.hits:,} near to {what} in {each.source.name}"))
        for row_id, hit in each.examples:
            print(sanitise_line(f"    {row_id}  {hit.place}  {hit.method} {hit.score:.2f}"))
        if (more := each.hits - len(each.examples)) > 0:
            print(f"    and {more:,} more")
    if found.lost:
        one = len(found.lost) == 1
        print(
            f"{len(found.lost):,} more {'was made of those, and goes' if one else 'were made of those, and go'} with them"
        )
    if out is None:
        print("Nothing was written: -o DIR names a folder for what stays.")
    elif action == "flag":
        print(sanitise_line(f"{say_count(len(found.rows), 'pair')} in {out}, {len(found.hits):,} of them flagged"))
    else:
        print(sanitise_line(f"{say_count(len(found.rows), 'pair stays', 'pairs stay')}, in {out}"))
