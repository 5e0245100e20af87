"""A simulated server in a process of its own, so that its work is not counted as demur's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def drop_coverage(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """An environment whose processes run without coverage: such as run none of demur's code, or are killed before they tell."""
    return {name: value for name, value in environment.items() if not name.startswith("COVERAGE_")}


@contextmanager
def spawn_server(*arguments: str) -> Iterator[str]:
    """Run ``python -m tests.servers.simulated`` with these arguments; gives its address, without the
    `/v1`."""
    command = [sys.executable, "-m", "tests.servers.simulated", *arguments]
    with subprocess.Popen(command, cwd=REPOSITORY, env=drop_coverage(), stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            if not address:
                raise RuntimeError("the simulated server did not start")
            yield address
        finally:
            process.kill()
