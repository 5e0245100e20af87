"""What a dataset was made of and how, as the card and `run.json` tell it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file that was read.

    Attributes:
        role: `task`, `policy`, `seeds`, or `builder_0` and so on.
        name: its path as a reader of the card may see it.
        sha256: of its bytes, in hex; None where it could not be read.
    """

    role: str
    name: str
    sha256: str | None


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where a dataset comes from.

    Attributes:
        command: what makes it again, word by word; nothing in it depends on the machine's speed.
        inputs: the files that were read.
        templates: the SHA-256 of each prompt template, by its name.
        decisions: what decided about a pair: a name (`dedup`, `guard`, a part of the calibration), and its settings.
        languages: of the responses, ISO 639-1, the most frequent first.
    """

    command: tuple[str, ...] = ()
    inputs: tuple[InputFile, ...] = ()
    templates: Mapping[str, str] = field(default_factory=dict)
    decisions: Mapping[str, str] = field(default_factory=dict)
    languages: tuple[str, ...] = ()
