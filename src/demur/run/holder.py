"""Which process holds a file, as the kernel tells it: never stale, for a lock dies with its process."""

from __future__ import annotations

import os
import struct
import sys
from pathlib import Path


def find_holder(path: Path) -> int | None:
    """The pid of another process that holds a lock on a file, or None where it cannot be told: no process does, it runs
    in another container or on another machine, or this system does not say.

    Never ask it of a file that this very process holds: to close any handle of a file gives up all of a process's locks.

    Raises:
        OSError: the file system offers no locks, or the file cannot be opened.
    """
    if sys.platform not in ("linux", "darwin"):
        return None
    import fcntl

    # `struct flock` of fcntl.h, on 64 bits: its form, where the lock's kind stands in it, and where the pid.
    form, kind_at, pid_at = ("hhqqi", 0, 4) if sys.platform == "linux" else ("qqihh", 3, 2)
    asked = [0, 0, 0, 0, 0]
    asked[kind_at] = fcntl.F_WRLCK
    handle = os.open(path, os.O_RDWR)
    try:
        found = struct.unpack(form, fcntl.fcntl(handle, fcntl.F_GETLK, struct.pack(form, *asked)))
    finally:
        os.close(handle)
    pid = int(found[pid_at])
    return pid if found[kind_at] != fcntl.F_UNLCK and pid > 0 else None
