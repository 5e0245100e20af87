"""The Granite Guardian models as guards: versions 3.3 and 3.2 by raw prompts, 4.1 by chat."""

from __future__ import annotations

from dataclasses import dataclass

from demur.engines.base import Engine, Form, JudgeAsk, Prompt, Reply, Sampling
from demur.errors import GuardBlind, InputError
from demur.guards.asking import AskingGuard, Reading
from demur.guards.criteria import write_criteria
from demur.guards.granite_builtins import look_up_criteria, resolve_definition
from demur.guards.granite_forms import write_form
from demur.guards.granite_prompts import render_3_2, render_3_3, render_4_1
from demur.guards.granite_verdicts import Version, read_verdict
from demur.inputs.guard_settings import GraniteGuardSettings

ANSWER_MAX_TOKENS = 20
TAGGED_MAX_TOKENS = 48
"""For 4.1, whose score comes after an empty trace."""
THINKING_MAX_TOKENS = 2048


@dataclass(frozen=True, slots=True)
class FixedCriteria:
    """Criteria that a builder sets in place of the policy's own. All None: the policy's own.

    Attributes:
        criteria_id: a built-in of 3.3, by name (3.3 and 4.1).
        custom_criteria: criteria in free text (3.3 and 4.1).
        custom_scoring_schema: what yes and no mean (3.3 and 4.1).
        risk_name: a built-in of 3.2, or an own name with a definition.
        risk_definition: the own risk's definition (3.2).
    """

    criteria_id: str | None = None
    custom_criteria: str | None = None
    custom_scoring_schema: str | None = None
    risk_name: str | None = None
    risk_definition: str | None = None

    def check(self, version: Version) -> None:
        """Raise InputError where the fields contradict each other or do not fit the version."""
        of_3_2 = [name for name in ("risk_name", "risk_definition") if getattr(self, name) is not None]
        names = ("criteria_id", "custom_criteria", "custom_scoring_schema")
        of_3_3 = [name for name in names if getattr(self, name) is not None]
        if version == "3.2" and of_3_3:
            hint = "3.2 takes risk_name, and risk_definition for a risk of your own."
            raise InputError(f"Granite Guardian 3.2 takes no {of_3_3[0]}", hint=hint)
        if version != "3.2" and of_3_2:
            hint = f"{version} takes criteria_id or custom_criteria."
            raise InputError(f"Granite Guardian {version} takes no {of_3_2[0]}", hint=hint)
        if self.criteria_id is not None and self.custom_criteria is not None:
            raise InputError("criteria_id and custom_criteria exclude each other", hint="Keep one of them.")
        if self.criteria_id is not None:
            look_up_criteria(self.criteria_id)
        if self.risk_name is not None:
            resolve_definition(self.risk_name, self.risk_definition, of_response=False)
        elif self.risk_definition is not None:
            raise InputError("risk_definition needs a risk_name", hint="Name the risk, or leave the definition out.")

    @property
    def replace_policy(self) -> bool:
        """Whether the guard judges by these and not by the policy."""
        return any(text is not None for text in (self.criteria_id, self.custom_criteria, self.risk_name))


class GraniteGuard(AskingGuard):
    """A Granite Guardian behind an engine. Implements the guard protocol."""

    def __init__(
        self,
        engine: Engine,
        version: Version,
        *,
        think: bool = False,
        sampling: Sampling | None = None,
        criteria: FixedCriteria | None = None,
    ) -> None:
        """Set up the guard; nothing is asked yet.

        Args:
            engine: where the model is served.
            version: the model's version, which decides the prompt's format.
            think: let the model reason before its score (3.3 and 4.1).
            sampling: settings that replace the guard's own where they are not None.
            criteria: criteria that replace the policy's.

        Raises:
            InputError: the settings do not fit the version, or contradict each other.
        """
        if think and version == "3.2":
            hint = "Set think: false, or use Granite Guardian 3.3 or 4.1."
            raise InputError("Granite Guardian 3.2 has no thinking mode", hint=hint)
        criteria = criteria or FixedCriteria()
        criteria.check(version)
        super().__init__(engine, sampling, _choose_max_tokens(version, think=think))
        self._version = version
        self._think = think
        self._criteria = criteria
        self._form = write_form(version, think=think)

    @property
    def name(self) -> str:
        """The model family and version."""
        return f"granite-guardian-{self._version}"

    @property
    def sees_policy(self) -> bool:
        """Whether the policy's own criteria are sent: False where the builder fixed others."""
        return not self._criteria.replace_policy

    def render(self, ask: JudgeAsk) -> Prompt:
        """The prompt in the model's own format: raw for 3.3 and 3.2, a chat for 4.1."""
        fixed = self._criteria
        if self._version == "3.2":
            if fixed.risk_name is None:
                return render_3_2(write_criteria(ask), ask.instruction, ask.response)
            of_response = ask.response is not None
            definition = resolve_definition(fixed.risk_name, fixed.risk_definition, of_response=of_response)
            return render_3_2(definition, ask.instruction, ask.response, risk_name=fixed.risk_name)
        criteria = fixed.custom_criteria
        if criteria is None:
            criteria = look_up_criteria(fixed.criteria_id) if fixed.criteria_id else write_criteria(ask)
        render = render_3_3 if self._version == "3.3" else render_4_1
        schema = fixed.custom_scoring_schema
        return render(criteria, ask.instruction, ask.response, think=self._think, scoring_schema=schema)

    def describe_form(self, ask: JudgeAsk) -> Form:
        """The same for every text."""
        del ask
        return self._form

    def read(self, ask: JudgeAsk, reply: Reply) -> Reading:
        """Read a reply of this version of the model."""
        del ask
        return read_verdict(self._version, reply)

    def _explain_blindness(self) -> GuardBlind:
        server = self._engine.identity
        where = f" at {server.endpoint}" if server.endpoint else ""
        return GuardBlind(
            f"the {server.engine} engine{where} takes no raw prompts, so the policy cannot reach "
            f"Granite Guardian {self._version}",
            hint="Serve it with Ollama, vLLM or llama.cpp, which take raw prompts, or use Granite Guardian 4.1 "
            '(model_version: "4.1"), which reads the policy from a chat message.',
        )


def _choose_max_tokens(version: Version, *, think: bool) -> int:
    if think:
        return THINKING_MAX_TOKENS
    return TAGGED_MAX_TOKENS if version == "4.1" else ANSWER_MAX_TOKENS


def build_granite_guard(settings: GraniteGuardSettings, engine: Engine, sampling: Sampling) -> GraniteGuard:
    """Build the guard that a builder's block describes, on the engine made from its `lm_config`.

    Raises:
        InputError: the settings do not fit the model's version, or contradict each other.
    """
    criteria = FixedCriteria(
        settings.criteria_id,
        settings.custom_criteria,
        settings.custom_scoring_schema,
        settings.risk_name,
        settings.risk_definition,
    )
    return GraniteGuard(engine, settings.model_version, think=settings.think, sampling=sampling, criteria=criteria)
