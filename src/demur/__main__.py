"""`python -m demur`, and the command `demur`: from the first moment on, Ctrl-C ends it quietly with code 130."""

import os
import signal
import sys
from types import FrameType


def main() -> int:
    """Run the command line."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    from demur.cli.main import main as run_command

    return run_command()


def _leave(_number: int, _frame: FrameType | None) -> None:
    """Nothing has begun while modules are still being loaded, and an exception there may go anywhere."""
    os.write(2, b"Interrupted.\n")
    os._exit(130)


if __name__ == "__main__":
    sys.exit(main())
