"""Every model reply of a task, in one SQLite file beside its outputs.

Resuming is replaying: a rerun asks for the same things, and what was answered before comes from here. A reply is
committed before the run goes on with it, all replies of a moment in one transaction (group commit). The write-ahead log
makes a commit survive the death of the process; the file is checkpointed and closed at the end.
"""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import zlib
from pathlib import Path
from types import TracebackType
from typing import Self

from demur.engines.base import Reply, TokenLogprob, Usage
from demur.errors import JournalFault
from demur.outputs.files import make_folder
from demur.records import Origin

FORMAT = "1"
JOURNAL = "journal.sqlite"
"""Its name in an output folder."""
JOURNAL_PARTS = ("", "-wal", "-shm")
"""What the names of its files add to that."""
_COMPRESS_FROM_BYTES = 400
MAX_REPLY_BYTES = 512 * 1024 * 1024
"""Far beyond what a server's reply can come to: what unpacks to more was not packed here."""
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

    def get(self, key: bytes) -> Reply | None:
        """The reply kept under a key.

        Raises:
            JournalFault: the file is damaged.
        """
        try:
            row = self._connection.execute("SELECT reply FROM replies WHERE key = ?", (key,)).fetchone()
            if row is None:
                return None
            self._replayed += 1
            return _decode(row[0])
        except (sqlite3.DatabaseError, zlib.error, ValueError, KeyError, TypeError, RecursionError) as error:
            raise _damaged(self.path, error) from error

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
        self._pending[key] = _encode(reply)
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
            fault = JournalFault(
                f"{self.path}: the journal cannot be written: {error}",
                hint="Make room or mend the disk, then run the same command again: what was answered so far is kept.",
            )
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
            raise JournalFault(f"{self.path}: the journal cannot be cleared: {error}") from error
        self._replaying = False

    def close(self) -> None:
        """Commit what is pending and fold the log into the file. Idempotent."""
        if self._pending:
            self._commit()
        self._connection.close()


def open_journal(path: Path) -> Journal:
    """Open a journal, or begin one.

    Raises:
        JournalFault: another run holds it, it is damaged, another version wrote it, or the disk refuses.
    """
    try:
        make_folder(path.parent)
        _claim(path)
        connection = sqlite3.connect(path, isolation_level=None, timeout=0.2)
    except (OSError, sqlite3.Error) as error:
        raise JournalFault(f"{path}: the journal cannot be opened: {error}", hint="Is the folder writable?") from error
    try:
        _prepare(connection, path)
        return Journal(path, connection)
    except sqlite3.OperationalError as error:
        connection.close()
        if "locked" in str(error):
            raise JournalFault(
                f"{path.parent}: another run is writing to this folder",
                hint="Wait for it to end, or choose another --output-dir.",
            ) from error
        raise JournalFault(f"{path}: the journal cannot be opened: {error}", hint="Is the folder writable?") from error
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # its own words can be what is damaged
        connection.close()
        raise _damaged(path, error) from error
    except JournalFault:
        connection.close()
        raise


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


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("BEGIN IMMEDIATE")  # takes the exclusive lock, and keeps it
    connection.execute("CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID")
    connection.execute("CREATE TABLE IF NOT EXISTS replies (key BLOB PRIMARY KEY, reply BLOB NOT NULL)")
    connection.execute("INSERT OR IGNORE INTO facts VALUES ('format', ?)", (FORMAT,))
    connection.execute("COMMIT")
    found = connection.execute("SELECT value FROM facts WHERE name = 'format'").fetchone()[0]
    if found != FORMAT:
        raise JournalFault(
            f"{path}: the journal has format {found}, this version of demur reads {FORMAT}",
            hint="Use the version that began it, or begin anew with --restart.",
        )


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


def _damaged(path: Path, error: Exception) -> JournalFault:
    return JournalFault(
        f"{path}: the journal is damaged: {error}",
        hint="Move it away to keep it for a look, or begin anew with --restart.",
    )


def _encode(reply: Reply) -> bytes:
    content = {
        "text": reply.text,
        "finish": reply.finish,
        "origin": (reply.origin.engine, reply.origin.model),
        "usage": (reply.usage.prompt_tokens, reply.usage.completion_tokens),
        "logprobs": [(token.token, token.logprob, token.top) for token in reply.logprobs],
    }
    # Lone surrogates, which models can emit in JSON escapes, survive as escapes.
    data = json.dumps(content, ensure_ascii=True, separators=(",", ":")).encode()
    return data if len(data) < _COMPRESS_FROM_BYTES else b"z" + zlib.compress(data, 1)


def _decompress(data: bytes) -> bytes:
    """Unpack a reply, up to the most that a server may send."""
    unpacker = zlib.decompressobj()
    content = unpacker.decompress(data, MAX_REPLY_BYTES)
    if not unpacker.eof:
        raise ValueError("torn, or too long")
    return content


def _decode(data: bytes) -> Reply:
    content = json.loads(_decompress(data[1:]) if data[:1] == b"z" else data)
    if not isinstance(content["text"], str) or not isinstance(content["finish"], str):
        raise TypeError("a reply without text")
    return Reply(
        text=content["text"],
        finish=content["finish"],
        origin=Origin(*content["origin"]),
        usage=Usage(*content["usage"]),
        logprobs=tuple(
            TokenLogprob(token, logprob, tuple((other, value) for other, value in top))
            for token, logprob, top in content["logprobs"]
        ),
    )
