from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.errors import InputError
from demur.inputs import json_lines
from demur.inputs.json_lines import Line, find_text, read_field, read_lines

HERE = Path("file.jsonl")


def test_lines_come_as_they_stand(tmp_path: Path) -> None:
    """Each line has its bytes, its number and its offset; blank ones are passed over and counted."""
    path = tmp_path / "file.jsonl"
    raw = b'{"a": 1}\r\n\n  \n{"b":  "\xc3\xa9"} \n{"c": 3}'
    path.write_bytes(raw)
    lines = list(read_lines(path))
    assert [line.number for line in lines] == [1, 4, 5]
    assert all(raw[line.offset :].startswith(line.raw) for line in lines)
    assert b"".join(line.raw for line in lines) == raw.replace(b"\n\n  \n", b"\n")


def test_what_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing file, a folder, and a file that is one endless line."""
    with pytest.raises(InputError, match="no such file"):
        list(read_lines(tmp_path / "missing.jsonl"))
    with pytest.raises(InputError, match="folder"):
        list(read_lines(tmp_path))
    monkeypatch.setattr(json_lines, "MAX_LINE_BYTES", 2_000_000)
    (tmp_path / "long.jsonl").write_bytes(b"{}\n" + b" " * 2_000_001)
    with pytest.raises(InputError, match=r"long\.jsonl:2: a line longer than 2 MB"):
        list(read_lines(tmp_path / "long.jsonl"))


@given(st.text(), st.lists(st.text(st.characters(exclude_characters=".")), min_size=1, max_size=4))
def test_a_dotted_field_leads_inward(text: str, keys: list[str]) -> None:
    """However deep the text stands, the keys joined by dots find it."""
    record: object = text
    for key in reversed(keys):
        record = {key: record, f"not {key}": 1}
    assert find_text(record, ".".join(keys), HERE, 1) == text


def test_a_field_may_pass_through_lists_and_have_dots_itself() -> None:
    """List positions count from 0; a key that is written with dots comes before what the dots would mean."""
    record = {"messages": [{"content": "one"}, {"content": "two"}], "messages.0": "whole", "a": {"b": "in"}}
    assert find_text(record, "messages.1.content", HERE, 1) == "two"
    assert find_text(record, "messages.0", HERE, 1) == "whole"
    assert find_text(record, "a.b", HERE, 1) == "in"
    for missing in ("messages.2.content", "messages.-1.content", "messages.x", "a.b.c", "a.", "", "messages.²"):
        with pytest.raises(InputError, match="is missing"):
            find_text(record, missing, HERE, 1)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b'{"text": "x"', "not valid JSON"),
        (b'{"text": \n', "not valid JSON"),
        (b'{"text": "\xff"}', "not UTF-8"),
        (b'"text"', "the field 'text' is missing"),
        (b'{"instruction": "x"}', "the field 'text' is missing"),
        (b"null", "the field 'text' is missing"),
        (b'{"text": 7}', "must be text, not a number"),
        (b'{"text": null}', "must be text, not nothing"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_a_line_without_the_text_is_told_with_its_number(raw: bytes, words: str) -> None:
    """Whatever is wrong with a record, the message names file and line."""
    with pytest.raises(InputError, match=words) as raised:
        read_field(Line(12, 0, raw), "text", HERE)
    assert str(raised.value).startswith("file.jsonl:12: ")


def test_a_byte_order_mark_is_no_part_of_the_record() -> None:
    """Editors on Windows put one at the beginning of a file."""
    raw = b"\xef\xbb\xbf" + json.dumps({"text": "x"}).encode()
    assert read_field(Line(1, 0, raw), "text", HERE) == "x"
    with pytest.raises(InputError):
        read_field(Line(2, 0, raw), "text", HERE)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
def test_a_pipe_by_name_is_refused_at_once_unless_asked_for(tmp_path: Path) -> None:
    """Nobody waits for a writer who never comes: not where a set or a dataset is read."""
    pipe = tmp_path / "pipe.jsonl"
    os.mkfifo(pipe)
    with pytest.raises(InputError, match="a device or a pipe"):
        next(read_lines(pipe))
