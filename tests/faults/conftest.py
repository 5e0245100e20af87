"""What the tests of faults measured is shown at the end of a test run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pytest

Tell: TypeAlias = Callable[[object], None]
_FIGURE = "figure"


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Tell:
    """Keep a figure for the summary; as a property of the test it gets there from another process too."""
    return lambda figure: request.node.user_properties.append((_FIGURE, f"{request.node.name}: {figure}"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the figures."""
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    figures = [
        text for report in reports if report.when == "call" for name, text in report.user_properties if name == _FIGURE
    ]
    if figures:
        terminalreporter.section("faults")
        for figure in figures:
            terminalreporter.line(figure)
