"""What a task may say, beyond the specification, of when and how to decline. All of it is optional."""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import BeforeValidator, Field, field_validator, model_validator

from demur.inputs.axes import Axes
from demur.inputs.policy import Text
from demur.inputs.validation import InputModel, Truth

MutationKind: TypeAlias = Literal["past_tense", "language", "role_play", "typos", "obfuscation"]

DEFAULT_LANGUAGES = ("German", "French", "Spanish", "Italian", "Portuguese")


class Contrast(InputModel):
    """Benign twins: for accepted instructions their nearest harmless neighbours, with helpful responses."""

    share: float = Field(default=0.5, gt=0, lt=1, description="The share of the task's pairs that are twins.")
    attempts: int = Field(default=3, ge=1, le=10, description="Twins tried for one instruction before it goes without.")


class Mutate(InputModel):
    """Accepted instructions in another form, judged and answered again."""

    kinds: tuple[MutationKind, ...] = Field(min_length=1, description="Used in turn.")
    share: float = Field(default=0.2, gt=0, lt=1, description="The share of the task's pairs that are mutants.")
    languages: tuple[Text, ...] = Field(default=DEFAULT_LANGUAGES, min_length=1, description="Of the kind language.")

    @field_validator("kinds", "languages")
    @classmethod
    def _refuse_twice(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        stripped = tuple(name.strip() for name in names)
        folded = [name.casefold() for name in stripped]
        if "" in folded:
            raise ValueError("an empty name stands here; take it out")
        if twice := next((name for name in stripped if folded.count(name.casefold()) > 1), None):
            raise ValueError(f"{twice!r} stands here twice; name each once")
        return stripped

    @model_validator(mode="after")
    def _refuse_idle_languages(self) -> Self:
        if "languages" in self.model_fields_set and "language" not in self.kinds:
            raise ValueError(
                "languages are for the kind language, which is not among the kinds; add it, or leave them out"
            )
        return self


class Replies(InputModel):
    """What is checked of responses, beyond the guard's verdict."""

    check: Truth = Field(
        default=True, description="Drop what does not decline, or declines where the policy wants an answer."
    )
    max_words: int | None = Field(default=None, ge=10, description="Drop responses that are longer; else no bound.")
    lectures: Literal["keep", "drop"] = Field(default="keep", description="Responses that preach at the person.")
    repeats: Literal["keep", "drop"] = Field(
        default="keep", description="Responses that hold a long run of their request's words."
    )
    max_opening_share: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="The largest share of pairs whose responses open with the same five words.",
    )
    max_similarity: float | None = Field(
        default=None, gt=0, le=1, description="Drop a response whose ROUGE-L F1 with an earlier one is this high."
    )


VARIED = Replies(max_words=180, lectures="drop", repeats="drop", max_opening_share=0.1, max_similarity=0.9)
"""What holds where a task asks for twins, balance, axes or mutants, and says nothing of replies."""
UNCHECKED = Replies(check=False)
"""What holds where a task has nothing of all this: nothing is dropped, and what looks wrong is warned of."""


def _read_mutate(written: object) -> object:
    return {"kinds": written} if isinstance(written, list | tuple) else written


def _read_contrast(written: object) -> object:
    return {} if written is True else None if written is False else written


class Calibration(InputModel):
    """The optional part of a task."""

    contrast: Annotated[Contrast | None, BeforeValidator(_read_contrast)] = Field(
        default=None, description="Benign twins, such as {share: 0.5}; or true."
    )
    balance: Literal["clause"] | None = Field(
        default=None, description="clause: as many pairs of each forbidden clause, within one."
    )
    axes: Axes | None = Field(
        default=None, description="Axes of diversity, each with its values; or default, for the shipped ones."
    )
    mutate: Annotated[Mutate | None, BeforeValidator(_read_mutate)] = Field(
        default=None, description="Kinds of mutation, as a list, or with share and languages."
    )
    replies: Replies | None = Field(default=None, description="What is checked of responses.")

    @property
    def reply_rules(self) -> Replies:
        """The rules for responses: the task's own; else stricter ones where anything here is asked for."""
        if self.replies is not None:
            return self.replies
        return VARIED if self.aims or self.contrast or self.mutate else UNCHECKED

    @property
    def calibrated(self) -> bool:
        """Whether the task says anything here."""
        return any(getattr(self, name) is not None for name in Calibration.model_fields)

    def describe_calibration(self) -> dict[str, object]:
        """What the task says here, and the rules for responses that follow from it; nothing where it says nothing."""
        if not self.calibrated:
            return {}
        said = self.model_dump(mode="json", include=set(Calibration.model_fields), exclude_none=True)
        return {**said, "replies": self.reply_rules.model_dump(mode="json")}

    @property
    def aims(self) -> bool:
        """Whether each round aims at a clause and at values of the axes."""
        return self.balance is not None or self.axes is not None
