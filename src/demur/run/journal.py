"""Every model reply of a task, in one SQLite file beside its outputs.

Resuming is replaying: a rerun asks for the same things, and what was answered before comes from here. A reply is
committed before the run goes on with it, all replies of a moment in one transaction (group commit). The write-ahead log
makes a commit survive the death of the process; the file is checkpointed and closed at the end. Each row has a
checksum: one that does not fit is as good as absent, its request is asked again, and the run says so.
"""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
from pathlib import Path
from types import TracebackType
from typing import Self

from demur.engines.base import Reply
from demur.errors import JournalFault
from demur.outputs.files import make_folder
from demur.run.holder import find_holder
from demur.run.reply_rows import RowDamaged, read_content, read_row, seal_row, write_row

JOURNAL = "journal.sqlite"
"""Its name in an output folder."""
JOURNAL_PARTS = ("", "-wal", "-shm")
"""What the names of its files add to that."""
FORMAT = "2"
_BEFORE_SUMS = "1"
"""The format whose rows had no checksums; a journal of it is given them when it is opened."""
_TABLES = {
    "facts": "CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "replies": "CREATE TABLE replies (key BLOB PRIMARY KEY, reply BLOB NOT NULL)",
}
_held: set[tuple[int, int]] = set()
"""Device and inode of each journal that this process has open. To open and close such a file once more would give up
the process's lock on it (POSIX), so the second `open_journal` must know before it touches the file."""
_GATHER_S = 0.001
"""How long a commit waits for company: far below a model's latency, and long enough to fill a transaction."""
_QUIET_TURNS = 20
"""Turns of the event loop without a replayed reply that end the replay: work that needs no reply takes some."""


class Journal:
    """A store of replies, open for one run.

    Use as a context manager; `open_journal` makes one. Only one process can hold a journal.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self._place = _identify_file(path)
        self._damaged: set[bytes] = set()
        self._replaying = len(self) > 0
        self._replayed = 0
        self._all_replayed: asyncio.Future[None] | None = None
        self._pending: dict[bytes, bytes] = {}
        self._committed: asyncio.Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __len__(self) -> int:
        return int(self._connection.execute("SELECT count(*) FROM replies").fetchone()[0])

    @property
    def damaged(self) -> int:
        """Replies that were looked for and found damaged: their requests count as never answered."""
        return len(self._damaged)

    def get(self, key: bytes) -> Reply | None:
        """The reply kept under a key; None too where it is damaged, which is counted.

        Raises:
            JournalFault: the file is damaged beyond single replies.
        """
        try:
            row = self._connection.execute("SELECT reply FROM replies WHERE key = ?", (key,)).fetchone()
        except sqlite3.DatabaseError as error:
            raise _explain_damage(self.path, error) from error
        if row is None:
            return None
        try:
            reply = read_row(key, row[0])
        except RowDamaged:
            self._damaged.add(key)
            return None
        self._replayed += 1
        return reply

    async def finish_replay(self) -> None:
        """Return once all that can be replayed has been: only then is anything asked of a model.

        A finished run that is run again would otherwise ask for more: replies from here come at once, all
        together, and whoever plans ahead of the slowest of them plans for more than was ever needed.
        """
        if not self._replaying:
            return
        if self._all_replayed is None:
            loop = asyncio.get_running_loop()
            self._all_replayed = loop.create_future()
            loop.call_soon(self._look_whether_quiet, self._replayed, 0)
        await asyncio.shield(self._all_replayed)

    def _look_whether_quiet(self, replayed: int, quiet_turns: int) -> None:
        """A replayed reply never waits, so turns of the event loop without one mean that none is left."""
        quiet_turns = quiet_turns + 1 if self._replayed == replayed else 0
        if quiet_turns < _QUIET_TURNS:
            asyncio.get_running_loop().call_soon(self._look_whether_quiet, self._replayed, quiet_turns)
            return
        self._replaying = False
        assert self._all_replayed is not None
        if not self._all_replayed.done():
            self._all_replayed.set_result(None)

    async def put(self, key: bytes, reply: Reply) -> None:
        """Keep a reply; returns once it is committed.

        Raises:
            JournalFault: the disk refuses.
        """
        self._pending[key] = write_row(key, reply)
        if self._committed is None:
            loop = asyncio.get_running_loop()
            self._committed = loop.create_future()
            loop.call_later(_GATHER_S, self._commit)
        # One commit serves many: whoever is cancelled must not cancel it for the others.
        await asyncio.shield(self._committed)

    def _commit(self) -> None:
        committed, self._committed = self._committed, None
        pending, self._pending = self._pending, {}
        if not pending:
            if committed is not None and not committed.done():
                committed.set_result(None)
            return
        try:
            with self._connection:
                self._connection.execute("BEGIN")
                self._connection.executemany("INSERT OR REPLACE INTO replies VALUES (?, ?)", pending.items())
        except sqlite3.Error as error:
            fault = _explain_write(self.path, error)
            if committed is not None and not committed.done():
                committed.set_exception(fault)
                committed.exception()  # seen, even if every waiter is gone
            return
        if committed is not None and not committed.done():
            committed.set_result(None)

    def clear(self) -> None:
        """Forget every reply, for `--restart`.

        Raises:
            JournalFault: the disk refuses.
        """
        try:
            # Replies may hold what a user wants gone: their pages are overwritten and given back.
            self._connection.execute("PRAGMA secure_delete = ON")
            self._connection.execute("DELETE FROM replies")
            self._connection.execute("VACUUM")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            raise _explain_write(self.path, error) from error
        self._replaying = False

    def close(self) -> None:
        """Commit what is pending and fold the log into the file. Idempotent."""
        if self._pending:
            self._commit()
        self._connection.close()
        _held.discard(self._place)


def open_journal(path: Path) -> Journal:
    """Open a journal, or begin one. One of an older format is brought up to this one.

    Raises:
        JournalFault: another run holds it, it is damaged, a newer version wrote it, or the disk refuses.
    """
    try:
        make_folder(path.parent)
        if path.exists() and _identify_file(path) in _held:
            raise _explain_holder(path, os.getpid())
        _claim(path)
        connection = sqlite3.connect(path, isolation_level=None, timeout=0.2)
    except (OSError, sqlite3.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise JournalFault(
            f"{path}: the journal cannot be opened: {reason or error}",
            hint="Make the folder writable, or choose another --output-dir.",
        ) from error
    try:
        _prepare(connection, path)
        journal = Journal(path, connection)
    except sqlite3.OperationalError as error:
        connection.close()
        raise _explain_opening(path, error) from error
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # its own words can be what is damaged
        connection.close()
        raise _explain_damage(path, error) from error
    except JournalFault:
        connection.close()
        raise
    _held.add(_identify_file(path))
    return journal


def _claim(path: Path) -> None:
    """Make the file, or make it its owner's alone. The log beside it takes its permissions from it.

    Raises:
        JournalFault: it is a link, which could lead to any other file, or no file at all.
        OSError: the disk refuses.
    """
    for suffix in JOURNAL_PARTS:
        place = path.with_name(path.name + suffix)
        if place.is_symlink() or (place.exists() and not place.is_file()):
            raise JournalFault(
                f"{place}: the journal is a link, or no file", hint="Remove it, or choose another --output-dir."
            )
    number = os.open(path, os.O_CREAT | os.O_RDWR | getattr(os, "O_NOFOLLOW", 0), 0o600)
    try:
        if os.fstat(number).st_mode & 0o077:
            path.chmod(0o600)
    finally:
        os.close(number)


def _identify_file(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("BEGIN IMMEDIATE")  # takes the exclusive lock, and keeps it
    tables = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall())
    if not tables:
        for statement in _TABLES.values():
            connection.execute(statement)
        connection.execute("INSERT INTO facts VALUES ('format', ?)", (FORMAT,))
        connection.execute("COMMIT")
        return
    found = (
        connection.execute("SELECT value FROM facts WHERE name = 'format'").fetchone() if tables == _TABLES else None
    )
    if found is None:
        raise _explain_damage(path, "its tables are not demur's")
    if found[0] not in (FORMAT, _BEFORE_SUMS):
        raise JournalFault(
            f"{path}: the journal has format {found[0]}, this version of demur reads {FORMAT}",
            hint="Use the version that began it, or begin anew with --restart.",
        )
    # Takes 25 ms for the 40,000 replies of 10,000 pairs, and finds what would hide replies, or mix them up.
    complaint = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if complaint != "ok":
        raise _explain_damage(path, complaint)
    if found[0] == _BEFORE_SUMS:
        _add_sums(connection)
    connection.execute("COMMIT")


def _add_sums(connection: sqlite3.Connection) -> None:
    """Bring a journal without checksums up to date; what cannot be read by now is forgotten."""
    for place, key, row in connection.execute("SELECT rowid, key, reply FROM replies").fetchall():
        try:
            read_content(row)
        except RowDamaged:
            connection.execute("DELETE FROM replies WHERE rowid = ?", (place,))
        else:
            connection.execute("UPDATE replies SET reply = ? WHERE rowid = ?", (seal_row(key, row), place))
    connection.execute("UPDATE facts SET value = ? WHERE name = 'format'", (FORMAT,))


def remove_journal(path: Path, *, foreign: bool = True) -> None:
    """Delete a journal, and its log, for `--restart` where it cannot be used, and for `demur clean`.

    Args:
        foreign: also where it is some other program's database, or a link.

    Raises:
        JournalFault: another run holds it, it is foreign and must not be, or the disk refuses.
    """
    parts = [path.with_name(path.name + part) for part in JOURNAL_PARTS]
    if not any(part.is_symlink() or part.exists() for part in parts):
        return
    if not foreign:
        _check_own(path)
    try:
        open_journal(path).close()
    except JournalFault as error:
        if "another run" in str(error):
            raise
    try:
        for part in parts:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise JournalFault(f"{path}: the journal cannot be removed: {error.strerror}") from error


def _check_own(path: Path) -> None:
    """Look whether this is a journal, without changing it; a damaged one counts, and so does one that is held."""
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise JournalFault(f"{path}: this is a link, or no file; it was left alone")
    if not path.exists():
        return
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=0.2)
        try:
            names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        finally:
            connection.close()
    except (sqlite3.Error, UnicodeDecodeError):
        return
    if names and "replies" not in names:
        raise JournalFault(f"{path}: this is another program's database; it was left alone")


def _explain_opening(path: Path, error: sqlite3.OperationalError) -> JournalFault:
    """What keeps a journal from being opened."""
    name = getattr(error, "sqlite_errorname", "")
    holder = None
    try:
        holder = find_holder(path)
    except OSError as refusal:
        if refusal.errno in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS):
            name = "SQLITE_IOERR_LOCK"  # SQLite takes ENOLCK for a lock that somebody else has
    if name.startswith("SQLITE_IOERR") and name.endswith("LOCK"):
        return JournalFault(
            f"{path}: the file system gives no locks, so two runs could spoil each other's journal",
            hint="Choose an --output-dir on a local disk; the finished files can be moved.",
        )
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return _explain_holder(path, holder)
    return _explain_write(path, error)


def _explain_holder(path: Path, pid: int | None) -> JournalFault:
    who = "another run" if pid is None else f"another run (process {pid})"
    return JournalFault(
        f"{path.parent}: {who} is writing to this folder",
        hint="Wait for it to end, or choose another --output-dir.",
    )


def _explain_write(path: Path, error: sqlite3.Error) -> JournalFault:
    if not isinstance(error, sqlite3.OperationalError):
        return _explain_damage(path, error)
    hint = "Make room or mend the disk, then run the same command again: what was answered so far is kept."
    if "readonly" in str(error) or "unable to open" in str(error):
        hint = "Make the folder writable, or choose another --output-dir."
    return JournalFault(f"{path}: the journal cannot be written: {error}", hint=hint)


def _explain_damage(path: Path, reason: object) -> JournalFault:
    return JournalFault(
        f"{path}: the journal is damaged: {reason}",
        hint="Move it away to keep it for a look, or begin anew with --restart.",
    )
