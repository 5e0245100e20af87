"""`demur schema`."""

from __future__ import annotations

import argparse
import json

from demur.inputs.schema import write_schema


def execute(arguments: argparse.Namespace) -> int:
    """Print a JSON Schema."""
    print(json.dumps(write_schema(arguments.kind), indent=2, ensure_ascii=False))
    return 0
