"""From YAML values to checked models, with errors that name file, line and the nearest valid name."""

from __future__ import annotations

import difflib
import io
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, TypeAlias, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from demur.errors import InputError
from demur.inputs.rows import name_kind
from demur.inputs.text_file import read_text
from demur.inputs.yaml_text import BOOLS, Document, Path_, as_written

MAX_DOTENV_BYTES = 1_000_000
MAX_SHOWN = 60
"""Characters of a value that a hint puts in its right place."""
MAX_TOLD = 18
"""Characters of a wrong value that its error repeats; keys of services, which people put in wrong places, have more."""


class InputModel(BaseModel):
    """The base of everything that a person writes: frozen, and unknown keys are errors that name the nearest."""

    # Built with its first use: a command reads a few kinds of engine and guard, of the many that there are.
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_keys(cls, data: object) -> object:
        if isinstance(data, Mapping):
            known = [field.alias or name for name, field in cls.model_fields.items()]
            unknown = [str(key) for key in data if key not in known]
            if unknown:
                hints = [cls.explain_unknown_key(key) or suggest(key, known) for key in unknown]
                raise PydanticCustomError("unknown_key", "unknown keys", {"keys": unknown, "hints": hints})
        elif not isinstance(data, cls):
            raise PydanticCustomError("no_mapping", "no mapping", {"hint": cls._explain_form(data)})
        return data

    @classmethod
    def _explain_form(cls, written: object) -> str:
        """How to write it as a mapping: with the first key that can take what was written in its place, if any can."""
        keys = ", ".join(field.alias or name for name, field in cls.model_fields.items())
        for guess in cls.guess_mappings(written):
            with suppress(ValidationError):
                taken = cls.model_validate(guess).model_dump(include=set(guess)).values()
                if isinstance(written, str | list) or not any(isinstance(value, str) for value in taken):
                    return f"Did you mean {show_flow(guess)}? Keys: {keys}."
        return f"Keys: {keys}."

    @classmethod
    def guess_mappings(cls, written: object) -> Iterator[dict[str, object]]:
        """What somebody may have meant who wrote a value where a mapping is wanted."""
        if not isinstance(written, str | int | float | list) or len(str(written)) > MAX_SHOWN:
            return
        for name, field in cls.model_fields.items():
            yield {field.alias or name: written}
            yield {field.alias or name: [written]}

    @classmethod
    def explain_unknown_key(cls, key: str) -> str:
        """A hint for a key that does not belong here, where a class knows better than the nearest name; else empty."""
        del key
        return ""


def show_flow(value: object) -> str:
    """A value as YAML writes it on one line, for hints."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {show_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(show_flow, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(as_written(value))


def _read_truth(written: object) -> object:
    """`true` and `false`, as YAML's or as the text of an environment variable; not `yes`, `on` or 1.

    Raises:
        PydanticCustomError: it is something else.
    """
    value = BOOLS.get(written, written) if isinstance(written, str) else written
    if not isinstance(value, bool):
        raise PydanticCustomError("no_truth", "no truth value", {"hint": "Only these two words are truth values."})
    return value


Truth: TypeAlias = Annotated[bool, BeforeValidator(_read_truth)]
"""A truth value as docs/inputs.md has it."""

Model = TypeVar("Model", bound=BaseModel)


def suggest(wrong: str, valid: Iterable[str]) -> str:
    """A hint that names the nearest valid name, and all of them."""
    names = sorted(valid)
    near = difflib.get_close_matches(wrong, names, n=1, cutoff=0.5)
    start = f"Did you mean {near[0]!r}? " if near else ""
    return f"{start}Valid: {', '.join(names)}."


def validate(model: type[Model], data: object, document: Document, prefix: Path_ = ()) -> Model:
    """Check values against a model.

    Args:
        data: the values, as they stand at `prefix` in the document.
        document: gives lines to the errors.

    Raises:
        InputError: the first thing wrong; its `also` holds the others.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise _translate(error, data, document, prefix) from None


def _translate(error: ValidationError, data: object, document: Document, prefix: Path_) -> InputError:
    details = error.errors(include_url=False)
    # A list whose items are wrong counts as too short as well: only what is wrong inside it is worth saying.
    inner = [d for d in details if not any(_is_inside(other["loc"], d["loc"]) for other in details)]
    errors = [error for detail in _join_forms(inner, data) for error in _explain(detail, data, document, prefix)]
    errors[0].also = tuple(errors[1:])
    return errors[0]


_WANTED = {
    "string_type": "text",
    "string_sub_type": "text",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping of keys",
    "mapping_type": "a mapping of keys",
    "model_type": "a mapping of keys",
    "model_attributes_type": "a mapping of keys",
    "no_mapping": "a mapping of keys",
    "no_truth": "true or false",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
}
"""What is wanted where a value is of another kind, by the type of pydantic's error."""


def _join_forms(details: list[ErrorDetails], data: object) -> list[ErrorDetails]:
    """The errors with those about one value's kind made one: a value that may have several forms has each one's error."""
    joined: dict[Path_ | int, ErrorDetails] = {}
    for number, detail in enumerate(details):
        key: Path_ | int = _locate(detail["loc"], data) if detail["type"] in _WANTED else number
        earlier = joined.get(key)
        if earlier is None:
            joined[key] = {**detail, "ctx": {"wanted": [_WANTED.get(detail["type"])], **detail.get("ctx", {})}}
        elif _WANTED[detail["type"]] not in earlier["ctx"]["wanted"]:
            earlier["ctx"]["wanted"].append(_WANTED[detail["type"]])
    return list(joined.values())


def _find_written(value: object, document: Document, where: Path_) -> object:
    """A wrong value as it stands in its file: what a variable stands for may be a secret."""
    here = document.data
    for part in where:
        try:
            here = here[part]
        except (LookupError, TypeError):  # it is not from this file
            return value if not isinstance(value, str) else None
    return here if isinstance(value, str) and isinstance(here, str) else value


def _tell_value(value: object) -> str:
    """What somebody wrote, where it is too short for a key; else what kind of thing it is."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        text = repr(value) if isinstance(value, str) else str(as_written(value))
        return text if len(text) <= MAX_TOLD else name_kind(value)
    return name_kind(value)


def _is_inside(loc: tuple[int | str, ...], outer: tuple[int | str, ...]) -> bool:
    return len(loc) > len(outer) and loc[: len(outer)] == outer


def _explain(detail: ErrorDetails, data: object, document: Document, prefix: Path_) -> list[InputError]:
    where = _locate(detail["loc"], data)
    context = detail.get("ctx", {})
    hint = str(context.get("hint", ""))
    if detail["type"] == "unknown_key":
        parent = ".".join(str(part) for part in (*prefix, *where))
        tail = f" in {parent}" if parent else ""
        return [
            InputError(f"unknown key {key!r}{tail}", path=document.path, line=document.line((*prefix, *where, key)),
                       hint=hint)
            for key, hint in zip(context["keys"], context["hints"], strict=True)
        ]  # fmt: skip
    name = ".".join(str(part) for part in (*prefix, *where)) or "the document"
    written = _find_written(detail["input"], document, (*prefix, *where))
    if detail["type"] == "missing":
        missing = str(detail["loc"][-1])
        parent = ".".join(str(part) for part in (*prefix, *where))
        message = f"the key {missing!r} is missing" + (f" in {parent}" if parent else "")
    elif detail["type"] in ("union_tag_invalid", "union_tag_not_found", "literal_error"):
        expected = re.findall(r"'([^']+)'", str(context.get("expected_tags", context.get("expected", ""))))
        given = context.get("tag", detail["input"])
        if detail["type"] == "literal_error":
            message = f"{name} cannot be {str(given).lower() if isinstance(given, bool) else repr(given)}"
        elif detail["type"] == "union_tag_invalid":
            message = f"{name}: unknown type {given!r}"
        else:
            message = f"{name}: the key 'type' is missing"
        hint = suggest(str(given), expected)
    elif detail["type"] in _WANTED:
        message = f"{name}: {' or '.join(context['wanted'])} is wanted, not {_tell_value(written)}"
        if not hint and context["wanted"] == ["a list"] and isinstance(written, str | int | float):
            hint = f"Did you mean [{show_flow(written)}]?"
    elif detail["type"] == "too_short":
        message, hint = f"{name}: at least 1 item is wanted, and the list is empty", "Put one in, or take the key out."
    else:
        text = detail["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
        text = re.sub("^input should be (.*)", r"must be \1", f"{text[:1].lower()}{text[1:]}")
        message = f"{name}: {text}" + (f", and is {_tell_value(written)}" if text.startswith("must be ") else "")
    return [InputError(message, path=document.path, line=document.line((*prefix, *where)), hint=hint)]


def _locate(loc: tuple[int | str, ...], data: object) -> Path_:
    """The part of a pydantic location that exists in the data: union tags and missing keys are left out."""
    where: list[str | int] = []
    here: Any = data
    for part in loc:
        inside = isinstance(here, Mapping) and part in here
        if not inside and isinstance(here, list | tuple):
            inside = isinstance(part, int) and part < len(here)
        if inside:
            here = here[part]
            where.append(part)
    return tuple(where)


_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


def read_environment(data_dir: Path | None = None) -> dict[str, str]:
    """The environment that input files see: the process's own, and what it leaves open from the file `.env` here.

    `DGT_DATA_DIR` is always set (default: `data` here).

    Raises:
        InputError: there is a `.env`, and it cannot be read.
    """
    environment = {**_read_dotenv(Path(".env")), **os.environ}
    if data_dir is not None:
        environment["DGT_DATA_DIR"] = str(data_dir.absolute())
    environment["DGT_DATA_DIR"] = str(Path(environment.get("DGT_DATA_DIR") or "data").absolute())
    return environment


def _read_dotenv(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    from dotenv import dotenv_values

    text = read_text(path, MAX_DOTENV_BYTES)
    values = dotenv_values(stream=io.StringIO(text), interpolate=False)
    # What no process can have in its environment is no variable.
    return {name: value for name, value in values.items() if value is not None and "\0" not in name + value}


def expand(
    document: Document,
    environment: Mapping[str, str],
    *,
    data: object = None,
    at: Path_ = (),
    prose: frozenset[str] = frozenset(),
) -> Any:
    """Replace `${NAME}` and `${NAME:-default}` in every string but those under the top-level keys in `prose`.

    Args:
        data: the values to expand, where they are not the whole document; they stand at `at`.

    Raises:
        InputError: a variable is not set.
    """

    def walk(value: object, where: Path_) -> Any:
        if isinstance(value, str):
            # Without what is behind the last brace, where every `${` would look for one to the end of the text.
            end = value.rfind("}") + 1
            return _VARIABLE.sub(lambda found: _look_up(found, where), value[:end]) + value[end:]
        if isinstance(value, dict):
            return {
                key: item if not where and key in prose else walk(item, (*where, key)) for key, item in value.items()
            }
        if isinstance(value, list):
            return [walk(item, (*where, number)) for number, item in enumerate(value)]
        return value

    def _look_up(found: re.Match[str], where: Path_) -> str:
        name, default = found.group(1), found.group(2)
        value = environment.get(name)
        if value is not None:
            return value
        if default is not None:
            return default
        raise InputError(
            f"the environment variable {name} is not set",
            path=document.path,
            line=document.line(where),
            hint=f"Set it (export {name}=…), or give a default here: ${{{name}:-…}}.",
        )

    return walk(document.data if data is None else data, at)
