"""Small files that stand for very large ones, and shapes that overflow a stack."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from demur.errors import InputError
from demur.inputs import rows, yaml_text
from demur.inputs.builder_file import read_builder
from demur.inputs.rows import parse_json
from demur.inputs.seeds import read_seeds
from demur.inputs.task import read_tasks
from demur.inputs.validation import expand, read_environment
from demur.inputs.yaml_text import Document, read_documents


def read(tmp_path: Path, text: str) -> object:
    path = tmp_path / "x.yaml"
    path.write_text(text)
    return read_documents(path)[0].data


@pytest.mark.parametrize("depth", [100, 5_000, 200_000])
@pytest.mark.parametrize("opening", ["[", "{", "- ", "? ", "[{a: ", "- - "])
def test_nesting_of_any_depth_is_refused(tmp_path: Path, opening: str, depth: int) -> None:
    """libyaml's own tree builder would overflow the stack of the process at a depth of 40,000."""
    with pytest.raises(InputError, match=r"levels deep|not valid YAML"):
        read(tmp_path, opening * depth)


def test_a_mapping_that_merges_itself_is_refused(tmp_path: Path) -> None:
    """A merge key that leads back to its own mapping has no end."""
    with pytest.raises(InputError, match="merge keys"):
        read(tmp_path, "a: &a {<<: *a}\n")


def test_long_chains_of_merge_keys_are_refused(tmp_path: Path) -> None:
    """Each link is a call: a thousand of them would overflow the stack."""
    links = "\n".join(f"a{n}: &a{n} {{<<: *a{n - 1}}}" for n in range(1, 2_000))
    with pytest.raises(InputError, match="merge keys"):
        read(tmp_path, f"a0: &a0 {{k: 1}}\n{links}\n")


def test_a_bomb_of_merge_keys_is_refused(tmp_path: Path) -> None:
    """Merged mappings count, though what they hold is empty: nine levels of ten would be a thousand million."""
    lines = ["a0: &a0 {}"] + [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}" for n in range(1, 10)]
    with pytest.raises(InputError, match="more than 500000 values"):
        read(tmp_path, "\n".join(lines))


def test_a_document_of_too_many_values_is_refused_before_it_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The values are counted as they go by: building them would take hundreds of bytes for each of two."""
    monkeypatch.setattr(yaml_text, "MAX_NODES", 100)
    monkeypatch.setattr(yaml, "compose_all", lambda *_args, **_named: pytest.fail("built"))
    with pytest.raises(InputError, match="more than 100 values"):
        read(tmp_path, "- a\n" * 1_000)


@pytest.mark.parametrize("written", ["1e999", ".inf", "-.inf", ".nan"])
@pytest.mark.parametrize("key", ["temperature", "timeout_s"])
def test_numbers_that_are_none_are_refused(tmp_path: Path, written: str, key: str) -> None:
    """No setting is infinite: JSON could not carry it to a server."""
    path = tmp_path / "b.yaml"
    block = f"{{name: instruction_generator, type: ollama, model_id_or_path: m, {key}: {written}}}"
    path.write_text(f"databuilders:\n  public/safety/refusal:\n    blocks:\n      - {block}\n")
    with pytest.raises(InputError, match=key):
        read_builder(path, None, {})


def test_a_number_of_pairs_beyond_reason_is_refused(workspace: Path) -> None:
    """A task's own number has the limit of the command line's."""
    path = workspace / "task.yaml"
    path.write_text(path.read_text() + f"runner_config: {{num_outputs_to_generate: {10**100}}}\n")
    with pytest.raises(InputError, match="num_outputs_to_generate"):
        read_tasks(path, {})


def test_json_of_too_many_values_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two characters are a list of sixty bytes; a long text with few values is no such thing."""
    monkeypatch.setattr(rows, "MAX_JSON_VALUES", 1_000)
    with pytest.raises(InputError, match="more than 1,000 values"):
        parse_json("[" + "[]," * 2_000 + "[]]", tmp_path, 1)
    assert parse_json('"' + "a" * 5_000 + '"', tmp_path, 1) == "a" * 5_000


def test_a_number_of_thousands_of_digits_is_refused_in_plain_words(tmp_path: Path) -> None:
    """Python's own words name a function that no user calls."""
    with pytest.raises(InputError, match="4300 digits") as caught:
        parse_json("9" * 10_000, tmp_path / "x.jsonl", 7)
    assert caught.value.line == 7
    assert "sys." not in str(caught.value)


def test_half_a_character_in_a_seed_is_refused(tmp_path: Path) -> None:
    """JSON can spell a lone surrogate; no prompt can hold it."""
    path = tmp_path / "seeds.jsonl"
    path.write_text(
        '{"instruction": "a \\ud83d\\ude00", "response": "b"}\n{"instruction": "a", "response": "b \\ud83d"}\n'
    )
    with pytest.raises(InputError, match=r"seeds\.jsonl:2: response holds half a character"):
        read_seeds(path)


def test_a_parquet_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of two kilobytes whose one long value stands in every row is not unpacked."""
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path = tmp_path / "seeds.parquet"
    texts = pyarrow.array(["x" * 10_000] * 20_000).dictionary_encode()
    parquet.write_table(pyarrow.table({"instruction": texts, "response": ["y"] * 20_000}), path, compression="zstd")
    assert path.stat().st_size < 10_000
    monkeypatch.setattr(rows, "MAX_PARQUET_BYTES", 10_000_000)
    with pytest.raises(InputError, match="larger than 10 MB once it is unpacked"):
        read_seeds(path)


def test_a_damaged_parquet_file_is_an_input_error(tmp_path: Path) -> None:
    """Whatever byte is wrong, the reader says that the file cannot be read, or reads it."""
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path = tmp_path / "seeds.parquet"
    parquet.write_table(pyarrow.table({"instruction": ["a", "b"], "response": ["c", "d"]}), path)
    whole = path.read_bytes()
    refused = 0
    for place in range(0, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        try:
            read_seeds(path)
        except InputError:
            refused += 1
    assert refused


def test_variables_are_looked_for_in_linear_time(tmp_path: Path) -> None:
    """A text of openings without an end is left as it is; at a million characters, looking on from each would take hours."""
    text = "${A:-" * 200_000
    document = Document({"a": text, "b": "${A:-x}" + "${"}, {}, tmp_path)
    assert expand(document, {"A": "v"}) == {"a": text, "b": "v${"}


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"A=\x00\nB=1\n", b"A='" + b"x" * 1_000_001, b"\\" * 5_000 + b"\n=\n"])
def test_a_hostile_dotenv_is_read_or_refused(workspace: Path, raw: bytes) -> None:
    """`.env` may hold anything; what no environment can hold is no variable."""
    (workspace / ".env").write_bytes(raw)
    try:
        environment = read_environment()
    except InputError:
        return
    assert not any("\0" in name + value for name, value in environment.items())


def test_a_dotenv_that_is_a_pipe_is_left_alone(workspace: Path) -> None:
    """A FIFO by that name does not hang every command."""
    os.mkfifo(workspace / ".env")
    assert read_environment()["DGT_DATA_DIR"]
