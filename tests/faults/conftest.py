"""What the tests of faults measured is shown at the end of a test run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pytest

Tell: TypeAlias = Callable[[object], None]
_FIGURES = pytest.StashKey[list[str]]()


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Tell:
    """Keep a figure for the summary."""
    figures = request.config.stash.setdefault(_FIGURES, [])
    return lambda figure: figures.append(f"{request.node.name}: {figure}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the figures."""
    figures = terminalreporter.config.stash.get(_FIGURES, [])
    if figures:
        terminalreporter.section("faults")
        for figure in figures:
            terminalreporter.line(figure)
