from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.engines.base import Chat, Identity, Message, Raw, Reply, Request, RespondAsk, Sampling, TokenLogprob, Usage
from demur.engines.journaling import compute_key
from demur.errors import JournalFault
from demur.inputs.policy import Constraints, Risk
from demur.records import Origin
from demur.run.journal import Journal, open_journal, remove_journal
from demur.run.reply_rows import SUM_BYTES, RowDamaged, read_row, write_row

RISK = Risk(risk="r", description="d", policy=Constraints(reply_cannot_contain=("x",)))
REPLY = Reply(
    "text", "stop", Origin("engine", "model"), Usage(3, 4), (TokenLogprob("a", -0.5, (("a", -0.5), ("b", -1.0))),)
)
KEY = b"k" * 20


def request(**changes: object) -> Request:
    values: dict[str, object] = {
        "prompt": Raw("p"),
        "ask": RespondAsk(RISK, "i"),
        "sampling": Sampling(temperature=0.5),
    }
    return Request(**{**values, **changes})  # type: ignore[arg-type]


async def test_a_reply_comes_back_after_reopening(tmp_path: Path) -> None:
    """What was put is there for the next run, whole."""
    path = tmp_path / "journal.sqlite"
    with open_journal(path) as journal:
        assert journal.get(KEY) is None
        await journal.put(KEY, REPLY)
    with open_journal(path) as journal:
        assert journal.get(KEY) == REPLY
        assert len(journal) == 1


async def test_a_reply_survives_the_death_of_the_process(tmp_path: Path) -> None:
    """Once put returns, kill -9 loses nothing."""
    path = tmp_path / "journal.sqlite"
    program = (
        "import asyncio, os, sys, pathlib\n"
        "from tests.run.test_journal import KEY, REPLY\n"
        "from demur.run.journal import open_journal\n"
        "journal = open_journal(pathlib.Path(sys.argv[1]))\n"
        "asyncio.run(journal.put(KEY, REPLY))\n"
        "os.kill(os.getpid(), 9)\n"
    )
    root = Path(__file__).resolve().parents[2]
    ended = subprocess.run(
        [sys.executable, "-c", program, str(path)], cwd=root, env={"PYTHONPATH": f"{root}:{root}/src"}, check=False
    )
    assert ended.returncode == -9
    with open_journal(path) as journal:
        assert journal.get(KEY) == REPLY


def test_only_one_run_holds_a_journal(tmp_path: Path) -> None:
    """A second run on the same folder is refused, and `--restart` does not pull it away from under the first."""
    path = tmp_path / "journal.sqlite"
    with open_journal(path):
        with pytest.raises(JournalFault, match="another run"):
            open_journal(path)
        with pytest.raises(JournalFault, match="another run"):
            remove_journal(path)
    open_journal(path).close()


def test_a_damaged_journal_is_recognised(tmp_path: Path) -> None:
    """Garbage is refused with a hint, and `--restart` clears it away."""
    path = tmp_path / "journal.sqlite"
    path.write_bytes(b"not a database at all" * 300)
    with pytest.raises(JournalFault, match="damaged") as caught:
        open_journal(path)
    assert "--restart" in caught.value.hint
    remove_journal(path)
    open_journal(path).close()


async def test_a_damaged_reply_is_as_good_as_absent(tmp_path: Path) -> None:
    """A row whose checksum does not fit is not used, is counted once, and gives way to the new reply."""
    path = tmp_path / "journal.sqlite"
    with open_journal(path) as journal:
        await journal.put(KEY, REPLY)
        await journal.put(b"other", REPLY)
    change_row(path, KEY)
    with open_journal(path) as journal:
        assert [journal.get(KEY), journal.get(KEY), journal.get(b"other")] == [None, None, REPLY]
        assert journal.damaged == 1
        await journal.put(KEY, REPLY)
    with open_journal(path) as journal:
        assert (journal.get(KEY), journal.damaged) == (REPLY, 0)


def change_row(path: Path, key: bytes) -> None:
    """Put one letter of a stored text in another's place, as no tool of SQLite's would notice."""
    connection = sqlite3.connect(path)
    row = connection.execute("SELECT reply FROM replies WHERE key = ?", (key,)).fetchone()[0]
    assert b"text" in row
    connection.execute("UPDATE replies SET reply = ? WHERE key = ?", (row.replace(b'"text":"te', b'"text":"ta'), key))
    connection.commit()
    connection.close()


def test_a_row_is_read_for_its_own_key_alone() -> None:
    """A reply that stands under another request's key is no reply to it; nor is one that is no text at all."""
    row = write_row(KEY, REPLY)
    for key, found in ((b"other", row), (KEY, row[:-1]), (KEY, b""), (KEY, None), (KEY, "text")):
        with pytest.raises(RowDamaged):
            read_row(key, found)


async def test_a_journal_without_checksums_is_brought_up_to_date(tmp_path: Path) -> None:
    """A journal of format 1 keeps every reply that can be read; what cannot is forgotten."""
    path = tmp_path / "journal.sqlite"
    with open_journal(path) as journal:
        await journal.put(KEY, REPLY)
        await journal.put(b"other", REPLY)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE facts SET value = '1'")
    connection.execute("UPDATE replies SET reply = ? WHERE key = ?", (write_row(KEY, REPLY)[SUM_BYTES:], KEY))
    connection.execute("UPDATE replies SET reply = x'7a00' WHERE key <> ?", (KEY,))
    connection.commit()
    connection.close()
    for _ in range(2):
        with open_journal(path) as journal:
            assert (journal.get(KEY), journal.get(b"other"), len(journal), journal.damaged) == (REPLY, None, 1, 0)


HOLD = (
    "import pathlib, sys\nfrom demur.run.journal import open_journal\n"
    "journal = open_journal(pathlib.Path(sys.argv[1]))\nprint('held', flush=True)\nsys.stdin.read()\n"
)


def test_the_process_that_holds_a_journal_is_named_and_its_death_frees_it(tmp_path: Path) -> None:
    """The refusal names the pid; the lock of a process that was killed is none."""
    path = tmp_path / "journal.sqlite"
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-c", HOLD, str(path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env={"PYTHONPATH": f"{root}/src"}, stdin=pipe, stdout=pipe, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        for _ in range(2):  # to look who holds it must not free it
            with pytest.raises(JournalFault, match=rf"another run \(process {holder.pid}\)"):
                open_journal(path)
        holder.kill()
    open_journal(path).close()


def test_a_second_opening_in_one_process_does_not_let_a_third_in(tmp_path: Path) -> None:
    """A lock is the process's, and closing any handle of the file would give it up: the file is left alone."""
    path = tmp_path / "journal.sqlite"
    root = Path(__file__).resolve().parents[2]
    with open_journal(path):
        with pytest.raises(JournalFault, match="another run"):
            open_journal(path)
        ended = subprocess.run(
            [sys.executable, "-c", HOLD, str(path)],
            env={"PYTHONPATH": f"{root}/src"}, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert "another run (process" in ended.stderr


def test_a_journal_of_another_format_is_refused(tmp_path: Path) -> None:
    """A format that this version does not know is never guessed at."""
    path = tmp_path / "journal.sqlite"
    open_journal(path).close()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE facts SET value = '99'")
    connection.commit()
    connection.close()
    with pytest.raises(JournalFault, match="format 99"):
        open_journal(path)


def test_a_journal_is_its_owners_alone(tmp_path: Path) -> None:
    """Nobody else on the machine reads replies."""
    path = tmp_path / "folder" / "journal.sqlite"
    open_journal(path).close()
    assert path.stat().st_mode & 0o077 == 0


@given(st.text(), st.lists(st.tuples(st.text(max_size=5), st.floats(-50, 0)), max_size=30))
def test_any_reply_is_kept_exactly(text: str, tokens: list[tuple[str, float]]) -> None:
    """Every text and every logprob comes back as it was, lone surrogates included."""
    logprobs = tuple(TokenLogprob(token, value, ((token, value),)) for token, value in tokens)
    reply = Reply(text + "\ud800", "stop", Origin("e", "m"), Usage(1, 2), logprobs)
    assert read_row(KEY, write_row(KEY, reply)) == reply


IDENTITY = Identity("openai", "m", "http://localhost:1/v1")


@pytest.mark.parametrize(
    "other",
    [
        request(prompt=Raw("q")),
        request(prompt=Chat((Message("user", "p"),))),
        request(sampling=Sampling(temperature=0.6)),
        request(sampling=Sampling(temperature=0.5, seed=1)),
        request(sampling=Sampling(temperature=0.5, max_tokens=1)),
        request(sample=1),
        request(top_logprobs=5),
    ],
)
def test_whatever_changes_the_answer_changes_the_key(other: Request) -> None:
    """Prompt, form, sampling, sample number and logprobs are all part of a request's identity."""
    assert compute_key(IDENTITY, other) != compute_key(IDENTITY, request())


def test_another_model_or_endpoint_is_another_key() -> None:
    """Replies of one model are never taken for another's."""
    others = [("openai", "n", IDENTITY.endpoint), ("openai", "m", "x"), ("ollama", "m", IDENTITY.endpoint)]
    keys = {compute_key(identity, request()) for identity in (IDENTITY, *(Identity(*other) for other in others))}
    assert len(keys) == 4


def test_operational_knobs_are_no_part_of_a_key() -> None:
    """A priority does not invalidate what was answered; timeouts, keys and limits do not even reach the request."""
    assert compute_key(IDENTITY, request(priority=9)) == compute_key(IDENTITY, request())


@given(st.lists(st.text(max_size=4), min_size=2, max_size=4))
def test_message_boundaries_count(parts: list[str]) -> None:
    """Text that moves from one turn into the next makes another key."""

    def key(texts: list[str]) -> bytes:
        return compute_key(IDENTITY, request(prompt=Chat(tuple(Message("user", text) for text in texts))))

    assert key(parts) != key(["".join(parts)])


async def test_the_log_beside_a_journal_is_its_owners_alone_too(tmp_path: Path) -> None:
    """Replies pass through the write-ahead log: it has the journal's permissions while the run works."""
    path = tmp_path / "journal.sqlite"
    with open_journal(path) as journal:
        await journal.put(KEY, REPLY)
        for file in tmp_path.iterdir():
            assert file.stat().st_mode & 0o077 == 0, file


async def test_a_cleared_journal_holds_no_trace(tmp_path: Path) -> None:
    """What `--restart` forgets is not to be found in the file afterwards."""
    path = tmp_path / "journal.sqlite"
    marked = Reply("unmistakable words", "stop", Origin("e", "m"))
    with open_journal(path) as journal:
        await journal.put(KEY, marked)
        journal.clear()
    assert b"unmistakable" not in b"".join(file.read_bytes() for file in tmp_path.iterdir())


def fill_disk(journal: Journal, *, full: bool) -> None:
    """Let SQLite find no room for further pages, or let it have room again."""
    pages = journal._connection.execute("PRAGMA page_count").fetchone()[0]
    journal._connection.execute(f"PRAGMA max_page_count = {pages if full else 2**30}")


def big(number: int) -> Reply:
    """A reply that fills pages however it is compressed."""
    return replace(
        REPLY, text="".join(chr(0x100 + (number * 7919 + place * place) % 20_000) for place in range(20_000))
    )


async def test_a_full_disk_is_told_to_all_who_wait_and_loses_nothing(tmp_path: Path) -> None:
    """Every put of that moment fails with the reason; what was kept is whole, and once there is room it goes on."""
    path = tmp_path / "journal.sqlite"
    with open_journal(path) as journal:
        await journal.put(b"first", REPLY)
        fill_disk(journal, full=True)
        keys = [bytes([number]) for number in range(5)]
        puts = [journal.put(key, big(number)) for number, key in enumerate(keys)]
        errors = []
        for put in asyncio.as_completed(puts):
            with pytest.raises(JournalFault, match=r"cannot be written: .*full") as raised:
                await put
            errors.append(raised.value)
        assert len(errors) == 5
        assert "what was answered so far is kept" in errors[0].hint
        assert [journal.get(key) for key in keys] == [None] * 5
        fill_disk(journal, full=False)
        await journal.put(keys[0], big(0))
    with open_journal(path) as journal:
        assert (journal.get(b"first"), journal.get(keys[0])) == (REPLY, big(0))


async def test_whoever_stops_waiting_takes_no_reply_of_others_along(tmp_path: Path) -> None:
    """One commit serves many: a cancelled put cancels none but itself, and even its own reply is kept."""
    path = tmp_path / "journal.sqlite"
    with open_journal(path) as journal:
        async with asyncio.TaskGroup() as group:
            gone, kept = (group.create_task(journal.put(key, REPLY)) for key in (b"gone", b"kept"))
            await asyncio.sleep(0)
            gone.cancel()
        assert (gone.cancelled(), kept.cancelled()) == (True, False)
    with open_journal(path) as journal:
        assert journal.get(b"kept") == journal.get(b"gone") == REPLY


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm"])
def test_a_journal_that_is_a_link_is_refused(tmp_path: Path, suffix: str) -> None:
    """A link in the journal's place could lead to any file of the user's: it is neither opened nor changed."""
    target = tmp_path / "mine"
    target.write_text("mine")
    target.chmod(0o644)
    (tmp_path / f"journal.sqlite{suffix}").symlink_to(target)
    with pytest.raises(JournalFault, match="is a link"):
        open_journal(tmp_path / "journal.sqlite")
    assert target.read_text() == "mine"
    assert stat.S_IMODE(target.stat().st_mode) == 0o644


def test_a_journal_and_its_log_are_their_owners_alone(tmp_path: Path) -> None:
    """Also in a folder that others may read, with no umask at all, and while the run is going."""
    folder = tmp_path / "open"
    folder.mkdir(mode=0o755)
    before = os.umask(0)
    try:
        with open_journal(folder / "journal.sqlite") as journal:
            asyncio.run(journal.put(b"k", Reply("a", "stop", Origin("e", "m"))))
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    finally:
        os.umask(before)
    assert "journal.sqlite-wal" in modes
    assert set(modes.values()) == {0o600}
