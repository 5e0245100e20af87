"""How a task wants its outputs: the form of the training rows, and whether Parquet files are written too."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, Self, TypeAlias, get_args

from pydantic import AfterValidator, Discriminator, Field, Tag, field_validator, model_validator

from demur.inputs.policy import Text
from demur.inputs.validation import InputModel, Truth
from demur.inputs.yaml_text import as_written

FormatName: TypeAlias = Literal[
    "instruction-response", "prompt-completion", "messages", "alpaca", "sharegpt", "openai", "kto", "dpo"
]
"""What trainers read; `demur.outputs.formats` says what each is."""

FORMATS: tuple[FormatName, ...] = get_args(FormatName)
TALKING: frozenset[FormatName] = frozenset({"messages", "sharegpt", "openai"})
"""Formats whose rows are conversations."""
TWO_FORMS: frozenset[FormatName] = frozenset({"prompt-completion", "kto", "dpo"})
"""Formats whose rows are strings, or conversations where that is asked for."""


def find_conflict(name: FormatName, *, system_prompt: str, conversational: bool) -> str:
    """What of this does not go together, in words; nothing where all does."""
    if conversational and name not in TWO_FORMS:
        return f"only {', '.join(sorted(TWO_FORMS))} have a plain and a conversational form, {name} has one form"
    if not system_prompt or name in TALKING or name == "alpaca":
        return ""
    if name in TWO_FORMS:
        return "" if conversational else f"{name} has a place for a system prompt only in its conversational form"
    return f"{name} has no place for a system prompt"


class Formatter(InputModel):
    """How the rows of formatted_output.jsonl are written."""

    type: Literal[
        "formatters/safety/refusal",
        "formatters/instruction-response",
        "formatters/prompt-completion",
        "formatters/messages",
        "formatters/alpaca",
        "formatters/sharegpt",
        "formatters/openai",
        "formatters/kto",
        "formatters/dpo",
    ] = Field(default="formatters/safety/refusal", description="The first is the same as instruction-response.")
    system_prompt: Text = Field(default="", description="Put before each conversation; alpaca gets a column `system`.")
    conversational: Truth = Field(
        default=False, description="Messages with roles instead of strings; for prompt-completion, kto and dpo."
    )

    @classmethod
    def guess_mappings(cls, written: object) -> Iterator[dict[str, object]]:
        """A format's name."""
        yield {"type": f"formatters/{written}"}

    @property
    def format(self) -> FormatName:
        """The format's name, as `demur export --to` knows it."""
        name = self.type.removeprefix("formatters/")
        return next((known for known in FORMATS if known == name), "instruction-response")

    @model_validator(mode="after")
    def _refuse_conflicts(self) -> Self:
        if words := find_conflict(self.format, system_prompt=self.system_prompt, conversational=self.conversational):
            raise ValueError(words)
        return self


class Datastore(InputModel):
    """Files beside the JSONL ones."""

    type: Literal["default"] = "default"
    output_data_format: Literal["jsonl", "parquet"] = Field(
        default="jsonl", description="parquet: final_data and formatted_output are written as Parquet too."
    )


_ADDRESS = re.compile(r"https?://[!-;=?-\[\]^_a-z|~]+", re.IGNORECASE)
"""What RFC 3986 allows in an address, and nothing that would end one in HTML or Markdown."""


def check_address(text: str) -> str:
    """Refuse what is no address of the web.

    Raises:
        ValueError: what is wrong with it.
    """
    if text and not _ADDRESS.fullmatch(text):
        raise ValueError(f"an address begins with https:// or http:// and has no spaces; this is {text!r}")
    return text


Address: TypeAlias = Annotated[Text, AfterValidator(check_address)]


def check_words(text: str) -> str:
    """Text without the spaces around it.

    Raises:
        ValueError: there is nothing in it but spaces, or a character that no page can show.
    """
    if not text.strip():
        raise ValueError("nothing stands here but spaces" if text else "nothing stands here; write it, or leave it out")
    if any(unicodedata.category(each) in ("Cc", "Cs") and not each.isspace() for each in text):
        raise ValueError(f"a character that nothing can show stands in {text!r}; take it out")
    return text.strip()


Words: TypeAlias = Annotated[Text, AfterValidator(check_words)]


class Creator(InputModel):
    """Someone who made a dataset."""

    name: Words
    type: Literal["person", "organization"] = "person"
    url: Address = ""


def _tell_form(written: object) -> str | None:
    """Which of the two forms somebody chose: by it one of them is checked, and one error told."""
    if isinstance(written, Mapping | Creator):
        return "a maker"
    return "a name" if isinstance(as_written(written), str) else None


Maker: TypeAlias = Annotated[
    Annotated[Words, Tag("a name")] | Annotated[Creator, Tag("a maker")],
    Discriminator(
        _tell_form,
        custom_error_type="no_maker",
        custom_error_message="a name is wanted, or {name: …, type: person or organization, url: …}",
    ),
]


class Card(InputModel):
    """What only its publisher can say of a dataset: for its card and its Croissant file."""

    license: Text = Field(
        default="", description="The dataset's licence: an identifier such as cc-by-4.0, its name, or its address."
    )
    url: Address = Field(default="", description="Where the dataset is to be found.")
    creators: tuple[Maker, ...] = Field(
        default=(), description="Who made it: names of persons, or {name, type: person or organization, url}."
    )

    @field_validator("license")
    @classmethod
    def _check_license(cls, text: str) -> str:
        return text and check_words(text)

    @field_validator("creators")
    @classmethod
    def _refuse_twice(cls, makers: tuple[str | Creator, ...]) -> tuple[str | Creator, ...]:
        names = [maker.name if isinstance(maker, Creator) else maker for maker in makers]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"{twice!r} stands here twice; name each once")
        return makers

    @property
    def makers(self) -> tuple[Creator, ...]:
        """The creators; a mere name is a person's."""
        return tuple(each if isinstance(each, Creator) else Creator(name=each) for each in self.creators)
