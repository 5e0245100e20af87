"""Prompt templates: Jinja in a sandbox, one file a model call, with a block for each turn.

A template has the blocks `system` (may be left out) and `user`. What a policy, a seed or a model says goes in as a
value: it is never parsed as template code, and never rendered a second time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, meta

from demur.engines.base import Chat, Message
from demur.errors import TemplateFault
from demur.inputs.policy import Risk
from demur.inputs.text_file import read_text
from demur.records import Seed
from demur.stages.sandbox import MeteredSandbox


@dataclass(frozen=True, slots=True)
class ProposeValues:
    """What `propose.jinja` is given.

    Attributes:
        clause: the clause that the requests are to be about; empty: any.
        axes: each axis of diversity with the value wanted.
    """

    risk: Risk
    group: str
    examples: tuple[Seed, ...]
    count: int
    task_description: str
    clause: str = ""
    axes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class RespondValues:
    """What `respond.jinja` is given; `manner` is empty where the task does not ask for variety."""

    risk: Risk
    group: str
    instruction: str
    reply_style: str
    manner: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TwinValues:
    """What `twin.jinja` is given; see `TwinAsk`."""

    risk: Risk
    group: str
    examples: tuple[Seed, ...]
    instruction: str
    permission: str
    device: str


@dataclass(frozen=True, slots=True)
class AssistValues:
    """What `assist.jinja` is given; see `AssistAsk`."""

    risk: Risk
    group: str
    instruction: str
    permission: str
    manner: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MutateValues:
    """What `mutate.jinja` is given; see `MutateAsk`."""

    risk: Risk
    group: str
    instruction: str
    kind: str
    language: str


Values = ProposeValues | RespondValues | TwinValues | AssistValues | MutateValues


class PromptTemplate:
    """A template that renders to the turns of a chat.

    Attributes:
        path: where it came from; a shipped one's is its name.
        text: the source, hashed into the run record.
        names: the values that it uses.
    """

    def __init__(self, text: str, path: Path | str, values: type[Values]) -> None:
        """Parse a template.

        Raises:
            TemplateFault: a syntax error, no `user` block, or a name that is not among the fields of `values`.
        """
        self.text = text
        self.path = path
        self._sandbox = MeteredSandbox(
            undefined=StrictUndefined,
            autoescape=False,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=False,
        )
        self._template, self.names = _compile(self._sandbox, text, path, tuple(values.__dataclass_fields__))

    def render(self, values: Values) -> Chat:
        """Fill the template in.

        Raises:
            TemplateFault: it reads something that a value does not have, or does what the sandbox forbids.
        """
        fields: Mapping[str, object] = {name: getattr(values, name) for name in values.__dataclass_fields__}
        messages = []
        for role in ("system", "user"):
            block = self._template.blocks.get(role)
            if block is None:
                continue
            try:
                text = self._sandbox.join_pieces(block(self._template.new_context(dict(fields))))
            except TemplateError as error:
                raise TemplateFault(str(error.message), path=self.path, hint=_explain_values(fields)) from error
            except (
                TypeError,
                ValueError,
                ArithmeticError,
                LookupError,
                AttributeError,
                RuntimeError,
                MemoryError,
            ) as error:
                words = (
                    "it calls itself without end"
                    if isinstance(error, RecursionError)
                    else str(error) or "out of memory"
                )
                raise TemplateFault(f"cannot be rendered: {words}", path=self.path) from error
            text = text.strip()
            if text:
                messages.append(Message("system" if role == "system" else "user", text))
        return Chat(tuple(messages))


def load_template(shipped: str, values: type[Values], own: Path | None = None) -> PromptTemplate:
    """The builder's own template, or the shipped one by its name.

    Raises:
        TemplateFault: it cannot be used.
        InputError: the file cannot be read.
    """
    if own is not None:
        return PromptTemplate(read_text(own), own, values)
    if shipped not in _shipped:  # every task of a run has use for them
        text = resources.files("demur.stages").joinpath("templates", f"{shipped}.jinja").read_text(encoding="utf-8")
        _shipped[shipped] = PromptTemplate(text, f"{shipped}.jinja", values)
    return _shipped[shipped]


_shipped: dict[str, PromptTemplate] = {}


def _compile(
    sandbox: MeteredSandbox, text: str, path: Path | str, names: tuple[str, ...]
) -> tuple[Template, frozenset[str]]:
    try:
        tree = sandbox.parse(text)
        used = frozenset(meta.find_undeclared_variables(tree))
        template = sandbox.compile_metered(tree)
    except TemplateSyntaxError as error:
        raise TemplateFault(f"template syntax: {error.message}", path=path, line=error.lineno) from None
    except RecursionError:
        raise TemplateFault("nested too deeply", path=path) from None
    unknown = used - set(names)
    if unknown:
        name = sorted(unknown)[0]
        line = next(
            (n for n, row in enumerate(text.splitlines(), 1) if re.search(rf"\b{re.escape(name)}\b", row)), None
        )
        raise TemplateFault(f"the template names {name!r}, which it is not given", path=path, line=line,
                            hint=_explain_values(dict.fromkeys(names)))  # fmt: skip
    if "user" not in template.blocks:
        raise TemplateFault("the template has no block named user", path=path,
                            hint="Write {% block user %} … {% endblock %}, and if you like a block named system.")  # fmt: skip
    return template, used


def _explain_values(names: Mapping[str, object]) -> str:
    return f"Values: {', '.join(sorted(names))}."


def explain_reply_type(reply_type: str, *, permits: bool = False) -> str:
    """What a policy's `short_reply_type` asks of a reply, in words; the type is open, so an unknown one speaks for itself.

    Args:
        reply_type: as the policy has it.
        permits: whether the policy says what a reply may hold: the wording then points to it.
    """
    known = _REPLY_STYLES.get(reply_type.strip().upper())
    if known:
        return known.format(held=", of what the reply may hold" if permits else "")
    words = reply_type.replace("_", " ").strip().lower()
    return f"Reply in this manner: {words}."


_REPLY_STYLES = {
    "EXPLICIT_REFUSAL": (
        "Decline plainly in the first sentence, so that nobody can take it for a maybe: no part of what was asked is given. Then say "
        "in a sentence or two what you can offer instead{held}."
    ),
    "POLITE_REDIRECT": (
        "Decline kindly and in passing, without dwelling on what was asked, and steer towards something close by that you can help "
        "with{held}. The offer is the larger part."
    ),
    "CAUTIOUS_INFORMATIVE": (
        "Decline the harmful part in half a sentence, and give careful general information on the harmless side of the topic{held}"
        ". A bare refusal is wrong here."
    ),
    "INFORMATIVE_WITH_DISCLAIMER": (
        "Give the permitted general information, and add one short disclaimer on its limits and on whom to ask. Do not refuse: leave "
        "out what is forbidden without a word on it."
    ),
    "INFORMATIVE_RESPONSE": (
        "Give the permitted general information in a neutral tone, and leave out what is forbidden without a word on it. Do not refuse, "
        "and do not apologise."
    ),
    "CANNOT_COMMENT_COMPETITORS": (
        "Say that you cannot comment on other companies, neither well nor badly, and offer help with your own subject{held}."
    ),
}
"""One template a type. Each names the clauses that follow it in the prompt as what the reply may hold."""
