from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from demur.errors import InputError
from demur.inputs.yaml_text import MAX_DEPTH, as_written, dump_yaml, read_documents


def read(tmp_path: Path, text: str) -> object:
    path = tmp_path / "file.yaml"
    path.write_text(text)
    return read_documents(path)[0].data


def test_numbers_remember_their_spelling(tmp_path: Path) -> None:
    """`11.10` means 11.1 and is still written 11.10."""
    data = read(tmp_path, "a: 11.10\nb: 007\nc: 1e3\n")
    assert isinstance(data, dict)
    assert data["a"] == 11.1
    assert [as_written(data[key]) for key in "abc"] == ["11.10", "007", "1e3"]


def test_words_that_yaml_1_1_takes_for_booleans_or_dates_are_text(tmp_path: Path) -> None:
    """no, on and 2026-01-02 stay what they look like; true and null keep their meaning."""
    data = read(tmp_path, "- no\n- on\n- 2026-01-02\n- true\n- null\n- ~\n- '5'\n")
    assert data == ["no", "on", "2026-01-02", True, None, None, "5"]


def test_every_value_knows_its_line(tmp_path: Path) -> None:
    """Keys and list items are found by their path, and an unknown path gives its nearest parent's line."""
    path = tmp_path / "f.yaml"
    path.write_text("a: 1\nb:\n  - x\n  - y: 2\n")
    document = read_documents(path)[0]
    assert [document.line(p) for p in [("a",), ("b",), ("b", 1, "y"), ("b", 1, "z")]] == [1, 2, 4, 4]


def test_several_documents_are_read_in_order(tmp_path: Path) -> None:
    """`---` separates documents, and empty ones do not count."""
    path = tmp_path / "f.yaml"
    path.write_text("---\na: 1\n---\n---\na: 2\n")
    assert [document.data for document in read_documents(path)] == [{"a": 1}, {"a": 2}]


def test_anchors_and_merge_keys_work(tmp_path: Path) -> None:
    """A merged mapping fills in what is not set."""
    assert read(tmp_path, "x: &x {a: 1, b: 2}\ny: {<<: *x, b: 3}\n") == {"x": {"a": 1, "b": 2}, "y": {"a": 1, "b": 3}}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\na: 2\n", 2, "twice"),
        ("a: [1\nb: 2\n", 2, "not valid YAML"),
        ("a: !!python/object/apply:os.system [x]\n", 1, "tag"),
        ("a: !!python/name:os.system ''\n", 1, "tag"),
        ("a: !custom x\n", 1, "tag"),
        ("? [a, b]\n: 1\n", 1, "key must be plain text"),
        ("x: 1\n<<: 3\n", 2, "merge key"),
    ],
)
def test_what_is_no_plain_yaml_is_refused_with_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    """Duplicate keys, syntax errors and object tags name file and line."""
    with pytest.raises(InputError, match=words) as caught:
        read(tmp_path, text)
    assert caught.value.line == line


def test_an_alias_bomb_is_refused(tmp_path: Path) -> None:
    """Nine levels of ten aliases would be a thousand million values."""
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(InputError, match="aliases"):
        read(tmp_path, "\n".join(rows))


def test_an_alias_inside_itself_is_refused(tmp_path: Path) -> None:
    """A value that contains itself has no end."""
    with pytest.raises(InputError, match="deep"):
        read(tmp_path, "a: &a [*a]\n")


@pytest.mark.parametrize("depth", [MAX_DEPTH + 5, 20_000])
def test_deep_nesting_is_refused(tmp_path: Path, depth: int) -> None:
    """Neither a little nor a lot too deep ends in a crash."""
    with pytest.raises(InputError, match="deep"):
        read(tmp_path, "[" * depth + "]" * depth)


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    """A missing file, a folder and binary data are input errors."""
    (tmp_path / "binary.yaml").write_bytes(b"a: 1\nb: \xff\xfe\n")
    for name, words in [("missing.yaml", "no such file"), (".", "folder"), ("binary.yaml", "not UTF-8")]:
        with pytest.raises(InputError, match=words):
            read_documents(tmp_path / name)


def is_number(text: str) -> bool:
    """Whether a text reads as a number: `0E0` is one in YAML 1.2, and none in the 1.1 that PyYAML writes."""
    try:
        float(text)
    except ValueError:
        return False
    return True


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20).filter(
        lambda text: not is_number(text)
    ),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abcdef", min_size=1, max_size=4), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(PLAIN)
@example(
    ["0x1F", "0o17", "1e", "~", "null", "yes", "12:30", "2020-01-01", "=", "<<", "- a", "a: b", " a ", "#", "&a", "!a"]
)
def test_what_yaml_writes_is_read_back(tmp_path_factory: pytest.TempPathFactory, value: object) -> None:
    """The reader agrees with PyYAML's own dump on plain values."""
    path = tmp_path_factory.mktemp("yaml") / "f.yaml"
    path.write_text(yaml.safe_dump({"value": value}, allow_unicode=True), encoding="utf-8")
    assert read_documents(path)[0].data == {"value": value}


@given(st.dictionaries(st.text(min_size=1), st.text() | st.booleans() | st.integers() | st.lists(st.text())))
@example({"a": "no", "b": "1.10", "c": "2024-01-01", "d": "---", "e": "x: y # z", "f": "\u2028&*!|>'\"%@`"})
def test_what_is_dumped_is_read_back(value: dict[str, object]) -> None:
    """Every text comes back as the same text, whatever it looks like, also through a reader of YAML 1.1."""
    assert yaml.safe_load(dump_yaml(value)) == value


@given(st.text(alphabet=st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"))))
def test_a_dumped_text_stays_on_one_line(text: str) -> None:
    """However long it is: no line begins with what a text holds."""
    assert dump_yaml({"key": text}).count("\n") == 1
