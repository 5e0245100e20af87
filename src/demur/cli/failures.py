"""How errors reach a person: a user's mistake as one line and a hint, a bug with its traceback."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TypeAlias

from demur.errors import DemurError, InputError

SignalAction: TypeAlias = Callable[[int, FrameType | None], object] | int | None


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


@contextmanager
def heed_signals() -> Iterator[None]:
    """Let Ctrl-C and a request to end (SIGTERM) raise KeyboardInterrupt within the block: what is half done is cleared away."""
    own = os.getpid()

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        if os.getpid() != own:
            os._exit(0)  # a searching process of the index: it has nothing to clean up, and its traceback no reader
        raise KeyboardInterrupt

    before: dict[signal.Signals, SignalAction] = {}
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(ValueError):  # not in the main thread: then signals are the caller's business
                before[number] = signal.signal(number, interrupt)
        yield
    finally:
        for number, action in before.items():
            signal.signal(number, action)


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
        print(f"demur: {sanitise_line(str(each))}", file=sys.stderr)
        if each.hint:
            print(f"  {sanitise_line(each.hint)}", file=sys.stderr)


_STEERING = re.compile(
    "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069\\ud800-\\udfff\U000e0000-\U000e007f]"
)
"""Control characters but tab and line break, line separators, marks that turn the direction of text, invisible tags, and
lone surrogates, which no encoding holds."""


def sanitise(text: str) -> str:
    """Text that cannot steer a terminal, and that can be printed: what could not is shown as an escape."""
    return _STEERING.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def sanitise_line(text: str) -> str:
    """The same for what is to stay on one line: else text could pass for a further line of demur's own."""
    return sanitise(text.replace("\r\n", "\\n").replace("\n", "\\n"))
