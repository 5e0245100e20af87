"""The error tree, against its drawing."""

from __future__ import annotations

import re

from demur import errors
from demur.errors import DemurError

BRANCH = re.compile(r"^    (?P<indent>[│ ]*)[├└]── (?P<name>\w+)(?P<rest>.*)$", re.MULTILINE)
CODE = re.compile(r"^ +\((\d)\)")


def test_the_drawing_shows_every_error_in_its_place() -> None:
    """Each class stands in the drawing below its base, with its exit code, marked (retry) where a retry can help."""
    drawn: set[tuple[str, str, int, bool]] = set()
    path: list[type[DemurError]] = [DemurError]
    for branch in BRANCH.finditer(errors.__doc__ or ""):
        del path[len(branch["indent"]) // 4 + 1 :]
        code = CODE.match(branch["rest"])
        exit_code = int(code[1]) if code else path[-1].exit_code
        drawn.add((branch["name"], path[-1].__name__, exit_code, branch["rest"].rstrip().endswith("(retry)")))
        path.append(getattr(errors, branch["name"]))
    assert drawn == {
        (name, error.__mro__[1].__name__, error.exit_code, error.retryable)
        for name, error in vars(errors).items()
        if isinstance(error, type) and issubclass(error, DemurError) and error is not DemurError
    }
