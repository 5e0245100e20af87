"""What a GGUF file says of itself before its tensors: enough to tell whether it is one, and how much memory it takes.

llama.cpp tells the reason of a failed load only in its log, and memory that is not there ends the process. So the
file is looked at first. The format: docs/gguf.md of github.com/ggml-org/ggml.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeAlias

KV_BYTES = 2
"""The size of one number in the key-value cache: half precision, llama.cpp's default."""

_MAX_STRING_BYTES = 16 * 1024 * 1024
_MAX_ITEMS = 4096
"""Arrays before the tokenizer have an entry a layer; a longer one is a damaged file."""

_NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9

Value: TypeAlias = int | float | bool | str | list["Value"]


@dataclass(frozen=True, slots=True)
class Header:
    """What stands in the head of a GGUF file.

    Attributes:
        architecture: such as `granite`; empty where it is not said.
        context_length: the tokens that the model was trained to see at once; 0 where it is not said.
        cache_bytes_per_token: what the key-value cache takes for each token of context; 0 where it cannot be told.
    """

    architecture: str
    context_length: int
    cache_bytes_per_token: int


def read_header(path: Path) -> Header:
    """Read the head of a GGUF file.

    Raises:
        ValueError: it is none, or it is damaged; the message says how.
        OSError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            values = _read_values(file)
    except (struct.error, UnicodeDecodeError) as error:
        raise ValueError("it ends, or turns to nonsense, in its header") from error
    architecture = values.get("general.architecture")
    name = architecture if isinstance(architecture, str) else ""
    return Header(name, _read_int(values, f"{name}.context_length"), _measure_cache(values, name))


def _read_values(file: BinaryIO) -> Mapping[str, Value]:
    """The entries up to the tokenizer's, which are large and of no use here."""
    if file.read(4) != b"GGUF":
        raise ValueError("it does not begin as a GGUF file does")
    version, _tensors, entries = struct.unpack("<IQQ", file.read(20))
    if version not in (2, 3):
        raise ValueError(f"it is of GGUF version {version}, and 2 and 3 are known")
    values: dict[str, Value] = {}
    for _ in range(min(entries, _MAX_ITEMS)):
        key = _read_string(file)
        if key.startswith("tokenizer."):
            break
        (kind,) = struct.unpack("<I", file.read(4))
        values[key] = _read_value(file, kind)
    return values


def _read_value(file: BinaryIO, kind: int) -> Value:
    if kind == _STRING:
        return _read_string(file)
    if kind == _ARRAY:
        item_kind, count = struct.unpack("<IQ", file.read(12))
        if count > _MAX_ITEMS or item_kind == _ARRAY:
            raise ValueError("an array in its header is too long")
        return [_read_value(file, item_kind) for _ in range(count)]
    if kind not in _NUMBERS:
        raise ValueError("its header holds a value of an unknown kind")
    form = "<" + _NUMBERS[kind]
    number: int | float | bool = struct.unpack(form, file.read(struct.calcsize(form)))[0]
    return number


def _read_string(file: BinaryIO) -> str:
    (size,) = struct.unpack("<Q", file.read(8))
    if size > _MAX_STRING_BYTES:
        raise ValueError("a text in its header is too long")
    text = file.read(size)
    if len(text) < size:
        raise ValueError("it ends in its header")
    return text.decode("utf-8")


def _read_int(values: Mapping[str, Value], key: str) -> int:
    value = values.get(key)
    return value if isinstance(value, int) and value > 0 else 0


def _measure_cache(values: Mapping[str, Value], name: str) -> int:
    """Keys and values of every layer; 0 for a model with a sliding window, whose cache is smaller than this sum."""
    if f"{name}.attention.sliding_window" in values:
        return 0
    layers, heads = _read_int(values, f"{name}.block_count"), values.get(f"{name}.attention.head_count")
    kv_heads = values.get(f"{name}.attention.head_count_kv", heads)
    if isinstance(kv_heads, list):  # one number a layer: hybrid models have 0 where a layer keeps a state instead
        total = sum(number for number in kv_heads if isinstance(number, int))
    else:
        total = layers * kv_heads if isinstance(kv_heads, int) else 0
    width = _read_int(values, f"{name}.embedding_length") // heads if isinstance(heads, int) and heads > 0 else 0
    key_width = _read_int(values, f"{name}.attention.key_length") or width
    value_width = _read_int(values, f"{name}.attention.value_length") or width
    return total * (key_width + value_width) * KV_BYTES
