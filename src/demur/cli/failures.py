"""How errors reach a person: a user's mistake as one line and a hint, a bug with its traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from demur.errors import DemurError, InputError


def report_failures(call: Callable[[], int]) -> int:
    """Make the call; turn a foreseen error into its message and exit code."""
    try:
        return call()
    except DemurError as error:
        show_error(error)
        return error.exit_code
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        forgo_output()
        return 0


def forgo_output() -> None:
    """Write nothing more: whoever read our output has gone (`demur … | head`), which is no error of ours."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            # What is left in the buffer goes nowhere, or the interpreter would fail by it when it ends.
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def show_error(error: DemurError) -> None:
    """Print an error and its hint on standard error, and any others that were found with it."""
    errors: list[DemurError] = [error]
    if isinstance(error, InputError):
        errors.extend(error.also)
    for each in errors:
        print(f"demur: {sanitise(str(each))}", file=sys.stderr)
        if each.hint:
            print(f"  {sanitise(each.hint)}", file=sys.stderr)


def sanitise(text: str) -> str:
    """Text that cannot steer a terminal: control and bidirectional-override characters are shown as escapes."""
    return "".join(character if _is_plain(character) else f"\\x{ord(character):02x}" for character in text)


def _is_plain(character: str) -> bool:
    if character in "\n\t":
        return True
    code = ord(character)
    return code >= 0x20 and not 0x7F <= code <= 0x9F and not 0x202A <= code <= 0x202E and not 0x2066 <= code <= 0x2069
