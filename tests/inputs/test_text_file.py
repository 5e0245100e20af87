from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from demur.errors import InputError
from demur.inputs.seeds import read_seeds
from demur.inputs.text_file import expand_home, open_file, read_bytes, read_text
from demur.inputs.yaml_text import read_documents
from tests.cli.commands import make_environment


@pytest.mark.parametrize("name", ["x.yaml", "x.jsonl", "x.json", "x.csv", "x.parquet"])
def test_a_pipe_that_nobody_writes_to_is_refused(tmp_path: Path, name: str) -> None:
    """A FIFO in a file's place does not hang the reader, whatever the format."""
    path = tmp_path / name
    os.mkfifo(path)
    with pytest.raises(InputError, match="a pipe, a file is wanted"):
        read_seeds(path)


@pytest.mark.parametrize("name", ["x.yaml", "x.jsonl", "x.json", "x.csv", "x.parquet"])
def test_a_device_without_end_is_refused(tmp_path: Path, name: str) -> None:
    """`/dev/zero` behind a link fills no memory."""
    path = tmp_path / name
    path.symlink_to("/dev/zero")
    with pytest.raises(InputError, match="a device"):
        read_seeds(path)


def test_links_in_a_circle_folders_and_odd_names_are_named(tmp_path: Path) -> None:
    """What cannot be opened says why, with its path."""
    circle = tmp_path / "circle"
    circle.symlink_to(circle)
    with pytest.raises(InputError, match="circle: cannot be read: Too many levels"):
        open_file(circle)
    with pytest.raises(InputError, match="this is a folder"):
        open_file(tmp_path)
    with pytest.raises(InputError, match="no such file"):
        open_file(tmp_path / "gone")
    with pytest.raises(InputError, match="cannot be read"):
        open_file(tmp_path / "nul\0")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything")
def test_a_file_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    """Permissions are an input error."""
    path = tmp_path / "secret.yaml"
    path.write_text("a: 1")
    path.chmod(0)
    with pytest.raises(InputError, match="Permission denied"):
        read_documents(path)


def test_a_pipe_that_was_handed_over_open_is_read() -> None:
    """`demur check <(command)` names a pipe that has a writer: it is waited for."""
    reading, writing = os.pipe()

    def write() -> None:
        with os.fdopen(writing, "wb") as file:
            file.write(b"a: 1\n")

    writer = threading.Timer(0.05, write)
    writer.start()
    try:
        assert read_text(Path(f"/dev/fd/{reading}")) == "a: 1\n"
    finally:
        writer.join()
        os.close(reading)


def test_a_file_is_read_up_to_the_limit(tmp_path: Path) -> None:
    """One byte more is too much, and nothing is read of what is beyond."""
    path = tmp_path / "x"
    path.write_bytes(b"x" * 10)
    assert read_bytes(path, 10) == b"x" * 10
    with pytest.raises(InputError, match="larger than"):
        read_bytes(path, 9)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "latin-1"])
def test_other_encodings_are_refused_with_a_line(tmp_path: Path, encoding: str) -> None:
    """What is not UTF-8 is not guessed at."""
    path = tmp_path / "x.yaml"
    path.write_bytes("a: 1\nb: é\u00ff\n".encode(encoding))
    with pytest.raises(InputError, match=r"x\.yaml(:\d+)?: (not UTF-8|not valid YAML)"):
        read_documents(path)


def test_a_byte_order_mark_is_dropped(tmp_path: Path) -> None:
    """Windows editors put one before UTF-8."""
    path = tmp_path / "x.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\n")
    assert read_documents(path)[0].data == {"a": 1}


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_DATA, (450_000_000, 450_000_000))
from pathlib import Path
from demur.errors import DemurError
from demur.inputs.json_lines import read_field, read_lines
from demur.inputs.seeds import read_seeds
path = Path(sys.argv[1])
for read in (read_seeds, lambda path: [read_field(line, "instruction", path) for line in read_lines(path)]):
    try:
        read(path)
        print("read")
    except DemurError as error:
        print(error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits on memory are Linux's")
@pytest.mark.parametrize(
    ("name", "head", "tail", "words"),
    [
        ("x.jsonl", b'{"instruction": "a", "response": "b"}\n{"instruction": "', b'"}\n',
         ["x.jsonl: larger than 50 MB", "x.jsonl:2: a line longer than 64 MB"]),
        ("x.csv", b'instruction,response\n"', b'",b\n', ["x.csv: larger than 50 MB", "x.csv:1: not valid JSON"]),
    ],
)  # fmt: skip
def test_a_line_of_100_mb_fills_no_memory(
    tmp_path: Path, name: str, head: bytes, tail: bytes, words: list[str]
) -> None:
    """It is refused by name, within a process that may not have more than 450 MB."""
    path = tmp_path / name
    with path.open("wb") as file:
        file.write(head)
        for _ in range(100):
            file.write(b"a" * 1_000_000)
        file.write(tail)
    ended = subprocess.run(
        [sys.executable, "-c", LIMITED, str(path)],
        env=make_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    said = ended.stdout.splitlines()
    assert len(said) == 2
    for line, wanted in zip(said, words, strict=True):
        if "not valid JSON" not in wanted:
            assert wanted in line


def test_a_home_that_nobody_has_stays_as_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a shell: the path is looked for, and not found, under that name."""
    monkeypatch.setenv("HOME", "/elsewhere/me")
    assert expand_home("~/a.yaml") == Path("/elsewhere/me/a.yaml")
    for written in ("~nobody-of-this-name/a.yaml", "~a\0b", "a/~b"):
        assert expand_home(written) == Path(written)
