"""YAML with line numbers, read safely.

The reader keeps three promises that the usual ones do not: every value knows its line, a number is kept
as it was written beside what it means (`11.10` stays `11.10`), and `yes`, `no`, `on`, `off` and dates are
text, as in YAML 1.2's core schema. Tags that build objects are refused; anchors and merge keys work.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from demur.errors import InputError
from demur.inputs.text_file import read_text

Path_: TypeAlias = tuple[str | int, ...]

MAX_DEPTH = 64
"""Deepest nesting that is read: far beyond any real file, short of the interpreter's stack."""
MAX_NODES = 500_000
"""Most values that a document may hold once its aliases are followed: stops alias bombs."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INT = re.compile(r"[-+]?[0-9]+$")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")
_NULLS = {"", "~", "null", "Null", "NULL"}
BOOLS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


class WrittenInt(int):
    """An integer that remembers its spelling (`007`)."""

    written: str


class WrittenFloat(float):
    """A float that remembers its spelling (`11.10`)."""

    written: str


def as_written(value: object) -> object:
    """Turn a number that was meant as text back into the text that the author wrote."""
    if isinstance(value, WrittenInt | WrittenFloat):
        return value.written
    return str(value) if type(value) in (int, float) else value


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document.

    Attributes:
        data: mappings, lists and scalars; never an object of another kind.
        lines: where each key or item begins, by its path from the root; lines count from 1.
        path: the file.
    """

    data: Any
    lines: Mapping[Path_, int]
    path: Path

    def line(self, where: Path_) -> int | None:
        """The line of a path, or of its nearest parent that has one."""
        while where and where not in self.lines:
            where = where[:-1]
        return self.lines.get(where)


def read_documents(path: Path) -> list[Document]:
    """Read every document of a YAML file; empty ones do not count.

    Raises:
        InputError: the file cannot be read or is not YAML, a key stands twice, or it is nested or aliased
            beyond reason. The message names file and line.
    """
    text = read_text(path)
    try:
        _measure(text, path)
        nodes = list(yaml.compose_all(text, Loader=_LOADER))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else None
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise InputError(f"not valid YAML: {problem}", path=path, line=line) from None
    documents = [_Builder(path).build(node) for node in nodes]
    return [document for document in documents if document.data is not None]


def _measure(text: str, path: Path) -> None:
    """Look through the events first, which takes no stack and no memory: libyaml's tree is built by recursion in C, where
    deep nesting ends the process, and costs a hundred times the file.

    Raises:
        yaml.YAMLError: it is not YAML.
        InputError: nested too deeply, or too many values.
    """
    depth = count = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif not isinstance(event, yaml.NodeEvent):
            continue
        count += 1
        if depth > MAX_DEPTH + 1 or count > 2 * MAX_NODES:
            line = event.start_mark.line + 1 if event.start_mark else None
            if depth > MAX_DEPTH + 1:
                raise InputError(f"nested more than {MAX_DEPTH} levels deep", path=path, line=line)
            raise InputError(f"more than {MAX_NODES} values", path=path, line=line)


class _Builder:
    """Turns a node graph into plain values, noting lines."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: dict[Path_, int] = {}
        self.count = 0
        self.merging = 0

    def build(self, node: yaml.Node) -> Document:
        data = self._value(node, ())
        return Document(data, self.lines, self.path)

    def _fail(self, node: yaml.Node, message: str, hint: str = "") -> InputError:
        return InputError(message, path=self.path, line=node.start_mark.line + 1, hint=hint)

    def _count(self, node: yaml.Node) -> None:
        self.count += 1
        if self.count > MAX_NODES:
            raise self._fail(node, f"more than {MAX_NODES} values once aliases are followed")

    def _value(self, node: yaml.Node, where: Path_) -> Any:
        self._count(node)
        if len(where) > MAX_DEPTH:
            raise self._fail(node, f"nested more than {MAX_DEPTH} levels deep")
        if not node.tag.startswith("tag:yaml.org,2002:") or node.tag.startswith("tag:yaml.org,2002:python"):
            raise self._fail(node, f"the tag {node.tag} is not allowed", "demur reads plain YAML only.")
        self.lines.setdefault(where, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, where)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, (*where, number)) for number, item in enumerate(node.value)]
        assert isinstance(node, yaml.ScalarNode)
        return self._scalar(node)

    def _merge(self, node: yaml.Node, where: Path_) -> dict[str, Any]:
        """What a merge key brings in: the first of its mappings goes before the later ones."""
        merged: dict[str, Any] = {}
        self.merging += 1
        if self.merging > MAX_DEPTH:
            raise self._fail(node, f"merge keys (<<) more than {MAX_DEPTH} levels deep")
        for source in _merge_sources(node):
            self._count(source)
            if not isinstance(source, yaml.MappingNode):
                raise self._fail(source, "a merge key (<<) needs a mapping")
            for key, value in self._mapping(source, where).items():
                merged.setdefault(key, value)
        self.merging -= 1
        return merged

    def _mapping(self, node: yaml.MappingNode, where: Path_) -> dict[str, Any]:
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                merged = {**self._merge(value_node, where), **merged}
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                raise self._fail(key_node, "a key must be plain text")
            key = key_node.value
            if key in own:
                raise self._fail(key_node, f"the key {key!r} stands here twice", "Keep one of them.")
            self.lines[(*where, key)] = key_node.start_mark.line + 1
            own[key] = self._value(value_node, (*where, key))
        return {**merged, **own}

    def _scalar(self, node: yaml.ScalarNode) -> str | int | float | bool | None:
        text: str = node.value
        if node.style:  # quoted or block text is text
            return text
        if text in _NULLS:
            return None
        if text in BOOLS:
            return BOOLS[text]
        if _INT.match(text) and len(text) < 400:
            number = WrittenInt(text)
            number.written = text
            return number
        if _FLOAT.match(text):
            real = WrittenFloat(text)
            real.written = text
            return real
        return text


def _merge_sources(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.SequenceNode):
        yield from node.value
    else:
        yield node


def dump_yaml(value: object) -> str:
    """A plain value as YAML in block style, ASCII throughout; every text that could be read as anything else is quoted.

    With other characters written as they are, PyYAML's emitter breaks lines at U+0085 and U+2028, and loses them.
    """
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=False, width=sys.maxsize)
