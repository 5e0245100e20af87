"""Jinja's sandbox with a meter: a template can neither reach Python nor run away with time or memory.

The sandbox of Jinja keeps a template from attributes and calls that lead to the interpreter. It does not keep it from
`'a' * 10**10`, from loops within loops, or from a macro that calls itself twice. A template is a person's own, and mistakes
happen: so every turn of a loop and every call costs a step, and no text or list in it grows beyond a bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from jinja2 import Template, nodes
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

MAX_STEPS = 200_000
"""Turns of loops and calls in one rendering: a template that shows a hundred examples takes a few thousand."""
MAX_CHARACTERS = 2_000_000
"""Longest prompt, and longest text or list on the way to it: beyond any model's context."""

_TURNS, _SIZE = "demur_turns", "demur_size"


class MeteredSandbox(ImmutableSandboxedEnvironment):
    """A sandbox that counts. Its errors are `SecurityError`, one of Jinja's own."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._steps = 0
        for name in ("batch", "center", "format", "slice", "wordwrap"):
            self.filters.pop(name)  # they make much of little, and no prompt needs them
        self.filters.update(join=_join, replace=_replace, indent=_indent)
        self.filters[_TURNS] = self._count_turns
        self.filters[_SIZE] = _check_size
        self.globals.pop("lipsum", None)

    def compile_metered(self, tree: nodes.Template) -> Template:
        """A template, as `parse` gave it, whose loops and joined texts are metered.

        Raises:
            TemplateSyntaxError: it is none.
        """
        for loop in list(tree.find_all(nodes.For)):
            loop.iter = nodes.Filter(loop.iter, _TURNS, [], [], None, None, lineno=loop.lineno)
        for joined in list(tree.find_all(nodes.Concat)):
            joined.nodes = [
                nodes.Filter(node, _SIZE, [], [], None, None, lineno=joined.lineno) for node in joined.nodes
            ]
        return self.from_string(tree)

    def join_pieces(self, pieces: Iterable[str]) -> str:
        """The text of one rendering, which begins to count anew.

        Raises:
            SecurityError: it takes too many steps or characters, or does what the sandbox forbids.
        """
        self._steps = 0
        kept: list[str] = []
        size = 0
        for piece in pieces:
            size += len(piece)
            if size > MAX_CHARACTERS:
                raise SecurityError(f"the prompt is longer than {MAX_CHARACTERS:,} characters")
            kept.append(piece)
            self._steps += 1  # as `_step`, whose call would cost more than all else here
            if self._steps > MAX_STEPS:
                raise self._explain_steps()
        return "".join(kept)

    def call(self, context: Context, obj: object, *args: object, **kwargs: object) -> object:
        """Call something for the template; refused where it may make a text of any length."""
        self._step()
        owner = getattr(obj, "__self__", None)
        if isinstance(owner, str) and getattr(obj, "__name__", "") in _GROWING:
            raise SecurityError("this method of texts is not offered here; the filters join, replace and indent are")
        return _check_size(super().call(context, obj, *args, **kwargs))

    def call_binop(self, context: Context, operator: str, left: object, right: object) -> object:
        """Reckon for the template, where the result cannot be large."""
        if operator in ("*", "**") and not (isinstance(left, int | float) and isinstance(right, int | float)):
            raise SecurityError("texts and lists cannot be multiplied here")
        if operator == "%" and not isinstance(left, int | float):
            raise SecurityError("% formats no text here; write the values between the words")
        if operator == "**" and isinstance(right, int | float) and abs(right) > 20:
            raise SecurityError("the power is too large")
        if isinstance(left, int) and isinstance(right, int) and left.bit_length() + right.bit_length() > 4_096:
            raise SecurityError("the number is too large")
        return _check_size(super().call_binop(context, operator, left, right))

    def _step(self) -> None:
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise self._explain_steps()

    def _explain_steps(self) -> SecurityError:
        return SecurityError(f"the template takes more than {MAX_STEPS:,} steps")

    def _count_turns(self, values: Iterable[Any]) -> Iterator[Any]:
        for value in values:
            self._step()
            yield value


_GROWING = frozenset(
    {"ljust", "rjust", "center", "zfill", "expandtabs", "format", "format_map", "join", "replace", "translate"}
)


def _join(values: Iterable[Any], between: str = "", attribute: str | None = None) -> str:
    kept: list[str] = []
    size = 0
    for value in values:
        kept.append(str(getattr(value, attribute) if attribute in _SHOWN else value))
        size += len(kept[-1]) + len(between)
        if size > MAX_CHARACTERS:
            raise SecurityError(f"a text is longer than {MAX_CHARACTERS:,} characters")
    return between.join(kept)


def _replace(text: object, old: str, new: str) -> str:
    words = str(text)
    if len(words) + words.count(old) * len(new) > MAX_CHARACTERS:
        raise SecurityError(f"a text is longer than {MAX_CHARACTERS:,} characters")
    return words.replace(old, new)


def _indent(text: object, width: int = 4) -> str:
    return _replace(text, "\n", "\n" + " " * min(width, 80))


_SHOWN = frozenset({"id", "instruction", "response"})
"""A seed's fields."""


def _check_size(value: object) -> object:
    if isinstance(value, str | list | tuple | dict) and len(value) > MAX_CHARACTERS:
        raise SecurityError(f"a text or list has more than {MAX_CHARACTERS:,} characters or items")
    return value
