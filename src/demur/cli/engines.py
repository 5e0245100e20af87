"""`demur engines`."""

from __future__ import annotations

import argparse
import asyncio
import json

from demur.cli.failures import sanitise
from demur.inputs.validation import read_environment
from demur.run.inventory import EngineState, Inventory, take_inventory


def execute(arguments: argparse.Namespace) -> int:
    """Print what `--engines` can name, and what each lacks; always 0: that something is missing is no failure.

    Raises:
        InputError: `.env` cannot be read.
    """
    inventory = asyncio.run(take_inventory(read_environment(arguments.data_dir)))
    print(json.dumps(_describe(inventory), indent=2) if arguments.json else sanitise(show_inventory(inventory)))
    return 0


def _describe(inventory: Inventory) -> dict[str, object]:
    return {
        "builders": [
            {
                "name": builder.name,
                "ready": builder.ready,
                "engines": [
                    {
                        "blocks": list(engine.blocks),
                        "type": engine.kind,
                        "model": engine.model,
                        "ready": engine.ready,
                        "found": [finding.words for finding in engine.findings if finding.passed],
                        "missing": [
                            {"what": finding.words, "hint": finding.hint}
                            for finding in engine.findings
                            if not finding.passed
                        ],
                    }
                    for engine in builder.engines
                ],
            }
            for builder in inventory.builders
        ],
        "types": [
            {"type": each.kind, "extra": each.extra or None, "installed": each.installed} for each in inventory.types
        ],
    }


def show_inventory(inventory: Inventory) -> str:
    """The inventory as text: what each builder lacks, then the types."""
    lines = ["Shipped builders, by the name that --engines takes:", ""]
    for builder in inventory.builders:
        lines.append(f"{builder.name}: {'ready' if builder.ready else 'not ready'}")
        for engine in builder.engines:
            lines.extend(_show_engine(engine))
    lines += ["", "Engine types that a builder may name, and the extra that each needs:", ""]
    width = max(len(each.kind) for each in inventory.types)
    for each in inventory.types:
        state = "" if not each.extra else "installed" if each.installed else f"pip install 'demur[{each.extra}]'"
        lines.append(f"  {each.kind:{width}}  {each.extra or '-':10} {state}".rstrip())
    return "\n".join(lines)


def _show_engine(engine: EngineState) -> list[str]:
    blocks = ", ".join(engine.blocks)
    lines = [f"  {blocks}: {engine.kind} {engine.model}".rstrip()]
    for finding in engine.findings:
        lines.append(f"    {'ok  ' if finding.passed else 'FAIL'}  {finding.words}")
        if finding.hint and not finding.passed:
            lines.append(f"          {finding.hint}")
    return lines
