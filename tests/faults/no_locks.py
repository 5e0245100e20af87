"""Runs a command on what looks to it like a file system without locks: every lock that it asks for is ENOLCK.

``python -m tests.faults.no_locks COMMAND …``. The kernel itself says so, by a seccomp filter (Linux); files are untouched.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import platform
import struct
import sys

FCNTL = {"x86_64": 72, "aarch64": 25}
"""The number of the system call `fcntl` by machine."""
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06  # BPF: load a word, jump if equal, return
_ALLOW, _FAIL = 0x7FFF0000, 0x00050000
_NUMBER_AT, _COMMAND_AT = 0, 24  # in struct seccomp_data: the call's number, and the low word of its second argument
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 38, 22, 2


def forbid_locks() -> None:
    """Let every lock that this process, or one that it becomes, asks for fail as on a file system without locks.

    Raises:
        OSError: this kernel does not filter system calls.
    """
    commands = (fcntl.F_GETLK, fcntl.F_SETLK, fcntl.F_SETLKW)
    program = [(_LOAD, 0, 0, _NUMBER_AT), (_EQUAL, 0, len(commands) + 1, FCNTL[platform.machine()])]
    program += [(_LOAD, 0, 0, _COMMAND_AT)]
    program += [(_EQUAL, len(commands) - place, 0, command) for place, command in enumerate(commands)]
    program += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _FAIL | errno.ENOLCK)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in program))
    header = struct.pack("HP", len(program), ctypes.addressof(code))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    if prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, header, 0, 0):
        raise OSError(ctypes.get_errno(), "no system call filters here")


if __name__ == "__main__":
    forbid_locks()
    os.execvp(sys.argv[1], sys.argv[1:])
