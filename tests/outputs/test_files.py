from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.errors import OutputFault
from demur.inputs.text_file import replace_surrogates
from demur.outputs.files import STEERING, encode, write_jsonl, write_text

ANY_TEXT = st.text(st.characters())
RECORDS = st.lists(
    st.dictionaries(ANY_TEXT, st.one_of(ANY_TEXT, st.integers(), st.none(), st.lists(ANY_TEXT))), max_size=5
)


def list_names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_written_with_its_folders(tmp_path: Path) -> None:
    """Folders that are missing are made, and nothing but the file is left in them."""
    path = tmp_path / "a" / "b" / "file.txt"
    write_text(path, ["one\n", "zwei ü\n"])
    assert path.read_bytes() == "one\nzwei ü\n".encode()
    assert list_names(path.parent) == ["file.txt"]


def break_off(error: BaseException) -> Iterator[str]:
    yield "new\n" * 10_000
    raise error


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt(), ValueError("bug")])
def test_a_failure_half_way_leaves_the_old_file(tmp_path: Path, error: BaseException) -> None:
    """Whatever stops the writing, what was there stays whole and no temporary file is left."""
    path = tmp_path / "file.txt"
    path.write_text("old")
    with pytest.raises((OutputFault, KeyboardInterrupt, ValueError)):
        write_text(path, break_off(error))
    assert path.read_text() == "old"
    assert list_names(tmp_path) == ["file.txt"]


def test_a_full_disk_is_an_error_with_a_way_on(tmp_path: Path) -> None:
    """It names the file and the system's reason, and says that nothing is lost."""
    path = tmp_path / "file.txt"
    with pytest.raises(OutputFault, match=r"file\.txt cannot be written: No space left on device") as raised:
        write_text(path, break_off(OSError(28, "No space left on device")))
    assert "journal" in raised.value.hint
    assert not path.exists()


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    """A file in the folder's place is told, not overwritten."""
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(OutputFault, match="cannot be written"):
        write_text(tmp_path / "taken" / "file.txt", ["x"])
    assert (tmp_path / "taken").read_text() == "mine"


def test_outputs_are_for_their_owner(tmp_path: Path) -> None:
    """Requests for harmful content are no other user's business."""
    path = tmp_path / "made" / "file.txt"
    write_text(path, ["x"])
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


def test_a_symbolic_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    """What a link in the output folder points to is not written over."""
    (tmp_path / "other").write_text("theirs")
    link = tmp_path / "file.txt"
    link.symlink_to("other")
    write_text(link, ["mine"])
    assert (tmp_path / "other").read_text() == "theirs"
    assert (link.read_text(), link.is_symlink()) == ("mine", False)


@given(RECORDS)
def test_each_record_is_one_line_for_every_reader(records: list[dict[str, object]]) -> None:
    """No character of a record ends a line, by whatever rule lines are split; and the text is valid UTF-8."""
    for record in records:
        line = encode(record)
        assert len(line.splitlines()) == 1
        line.encode("utf-8")


@given(RECORDS)
def test_what_is_written_is_read_back(records: list[dict[str, object]]) -> None:
    """Any record comes back from its line as it was, lone surrogates apart."""
    for record in records:
        whole = json.loads(json.dumps(record).encode().decode())
        if not any(0xD800 <= ord(character) <= 0xDFFF for character in json.dumps(record, ensure_ascii=False)):
            assert json.loads(encode(record)) == whole


def test_a_lone_surrogate_becomes_a_replacement_character() -> None:
    """Models can spell one in JSON; no UTF-8 file can hold it. Pairs and all other text stay."""
    record = {"text": "half \ud83d of 🔑 é"}
    assert json.loads(encode(record)) == {"text": "half \ufffd of 🔑 é"}


def test_line_separators_are_escaped() -> None:
    """U+2028, U+2029 and U+0085 stand as escapes and are read back as themselves."""
    text = "a\u2028b\u2029c\x85d\ne\x0bf\x0cg\x1ch"
    line = encode({"text": text})
    assert all(escape in line for escape in (r"\u2028", r"\u2029", r"\u0085", r"\n"))
    assert len(line.splitlines()) == 1
    assert json.loads(line)["text"] == text


def test_other_scripts_are_written_as_they_are() -> None:
    """A dataset can be read and searched."""
    assert encode({"text": "ключ 鍵"}) == '{"text": "ключ 鍵"}'


def test_one_record_one_line(tmp_path: Path) -> None:
    """Each line ends with a newline, the last one too; no records make an empty file."""
    path = tmp_path / "data.jsonl"
    write_jsonl(path, [{"a": 1}, {"b": "x\ny"}])
    assert path.read_bytes() == b'{"a": 1}\n{"b": "x\\ny"}\n'
    write_jsonl(path, [])
    assert path.read_bytes() == b""


STEERED = "a\u2028b\u2029c\x85d\x00e\x1b[31mf\x7fg\x9b31mh\u202ei\u2066j\ud800k\r\nl"


@given(st.text(st.characters(exclude_categories=())) | st.just(STEERED))
def test_every_line_is_strict_json_that_steers_no_terminal(text: str) -> None:
    """One record is one line for every reader, in plain UTF-8, with nothing in it that a terminal obeys."""
    line = encode({text: [text]})
    assert len(line.splitlines()) == 1
    assert not STEERING.search(line)
    read = json.loads(line.encode("utf-8"), parse_constant=lambda name: pytest.fail(name))
    assert read == {replace_surrogates(text): [replace_surrogates(text)]}


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_numbers_that_json_lacks_are_not_written(number: float) -> None:
    """`NaN` in a file would end a strict reader of the dataset."""
    with pytest.raises(ValueError, match="JSON"):
        encode({"a": number})


def test_folders_that_are_made_are_their_owners_alone(tmp_path: Path) -> None:
    """Each missing folder gets 0700 whatever the umask; one that is there keeps its mode."""
    there = tmp_path / "there"
    there.mkdir()
    there.chmod(0o755)
    before = os.umask(0)
    try:
        write_text(there / "a" / "b" / "file", ["x"])
    finally:
        os.umask(before)
    modes = [stat.S_IMODE((there / place).stat().st_mode) for place in ("", "a", "a/b", "a/b/file")]
    assert modes == [0o755, 0o700, 0o700, 0o600]


def test_a_link_in_an_outputs_place_is_replaced_and_not_followed(tmp_path: Path) -> None:
    """Whoever puts a link where a dataset goes gets the dataset there, and not their target overwritten."""
    target = tmp_path / "target"
    target.write_text("mine")
    link = tmp_path / "final_data.jsonl"
    link.symlink_to(target)
    write_text(link, ["x"])
    assert target.read_text() == "mine"
    assert not link.is_symlink()
    assert link.read_text() == "x"
