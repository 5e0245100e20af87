from __future__ import annotations

import contextlib
import struct
from pathlib import Path

import gguf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.engines.gguf_header import Header, read_header


def write_head(path: Path, *, kv_heads: int | list[int] = 2, window: int = 0, wide: bool = False) -> Path:
    """A GGUF file with a head and one small tensor."""
    writer = gguf.GGUFWriter(path, "granite")
    writer.add_name("made up")
    writer.add_context_length(4096)
    writer.add_embedding_length(64)
    writer.add_block_count(3)
    writer.add_head_count(8)
    writer.add_head_count_kv(kv_heads)
    writer.add_layer_norm_rms_eps(1e-5)
    if window:
        writer.add_sliding_window(window)
    if wide:
        writer.add_key_length(16)
        writer.add_value_length(32)
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list([f"token {number}" for number in range(10_000)])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    return path


@pytest.mark.parametrize(
    ("changes", "cache"),
    [
        ({}, 3 * 2 * (8 + 8) * 2),
        ({"wide": True}, 3 * 2 * (16 + 32) * 2),
        ({"kv_heads": [0, 4, 0]}, 4 * (8 + 8) * 2),
        ({"window": 512}, 0),
    ],
)
def test_the_head_tells_what_a_token_of_context_takes(tmp_path: Path, changes: dict[str, object], cache: int) -> None:
    """Layers times heads times the widths of keys and values, at two bytes; unknown where a window bounds it."""
    path = write_head(tmp_path / "m.gguf", **changes)  # type: ignore[arg-type]
    assert read_header(path) == Header("granite", 4096, cache)


def test_a_file_without_entries_says_nothing(tmp_path: Path) -> None:
    """An empty head is a head."""
    path = tmp_path / "m.gguf"
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, 0))
    assert read_header(path) == Header("", 0, 0)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "does not begin"),
        (b"PK\x03\x04" + bytes(99), "does not begin"),
        (b"GGUF" + struct.pack("<IQQ", 9, 0, 0), "version 9"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1), "ends"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 1 << 60), "too long"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 1) + b"k" + struct.pack("<I", 99), "unknown kind"),
    ],
)
def test_a_damaged_head_is_told(tmp_path: Path, content: bytes, words: str) -> None:
    """The error says in what way the file is no model; nothing large is read on its word."""
    path = tmp_path / "m.gguf"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=words):
        read_header(path)


@given(cut=st.integers(0, 400), at=st.integers(0, 400), byte=st.integers(0, 255))
def test_no_damage_is_a_surprise(tmp_path_factory: pytest.TempPathFactory, cut: int, at: int, byte: int) -> None:
    """Whatever byte is changed and wherever the file ends: a head, or a ValueError."""
    folder = tmp_path_factory.mktemp("heads")
    content = bytearray(write_head(folder / "m.gguf").read_bytes()[: 800 - cut])
    content[at % len(content)] = byte
    (folder / "m.gguf").write_bytes(content)
    with contextlib.suppress(ValueError):
        assert read_header(folder / "m.gguf").cache_bytes_per_token >= 0
