"""The Granite Guardian models as guards: versions 3.3 and 3.2 by raw prompts, 4.1 by chat."""

from __future__ import annotations

from dataclasses import dataclass, replace

from demur.engines.base import Engine, JudgeAsk, Prompt, Reply, Request, Sampling
from demur.errors import GuardBlind, InputError, RawUnsupported
from demur.guards.base import Guard
from demur.guards.criteria import write_criteria
from demur.guards.granite_builtins import look_up_criteria, resolve_definition
from demur.guards.granite_forms import write_form
from demur.guards.granite_prompts import render_3_2, render_3_3, render_4_1
from demur.guards.granite_verdicts import Version, read_verdict
from demur.inputs.guard_settings import GraniteGuardSettings
from demur.records import Verdict

ANSWER_MAX_TOKENS = 20
TAGGED_MAX_TOKENS = 48
"""For 4.1, whose score comes after an empty trace."""
THINKING_MAX_TOKENS = 2048
TOP_LOGPROBS = 10
VERDICT_SEED = 1
"""A fixed seed: a verdict depends on the text, never on a run's seed. Not 0: some servers read it as none."""

RESPONSE_PRIORITY = 0
INSTRUCTION_PRIORITY = 20

MAX_ANSWER_CHARS = 2_000
MAX_REASONING_CHARS = 20_000


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


class GraniteGuard:
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
        self._engine = engine
        self._version = version
        self._think = think
        self._criteria = criteria
        self._form = write_form(version, think=think)
        sampling = sampling or Sampling()
        self._sampling = replace(
            sampling,
            temperature=0.0 if sampling.temperature is None else sampling.temperature,
            max_tokens=sampling.max_tokens or _choose_max_tokens(version, think=think),
            seed=VERDICT_SEED if sampling.seed is None else sampling.seed,
        )

    @property
    def name(self) -> str:
        """The model family and version."""
        return f"granite-guardian-{self._version}"

    @property
    def sees_policy(self) -> bool:
        """Whether the policy's own criteria are sent: False where the builder fixed others."""
        return not self._criteria.replace_policy

    @property
    def members(self) -> tuple[Guard, ...]:
        """None: it is one guard."""
        return ()

    async def judge(self, ask: JudgeAsk) -> Verdict:
        """Judge the instruction, or the response in the context of its instruction.

        Raises:
            EngineError: the model did not answer.
            GuardBlind: 3.3 and 3.2 need raw prompts, and the server takes none.
        """
        try:
            reply = await self._engine.complete(self.write_request(ask))
        except RawUnsupported:
            raise self._explain_blindness() from None
        return self._write_verdict(reply)

    def write_request(self, ask: JudgeAsk) -> Request:
        """Write the request that `judge` sends."""
        return Request(
            prompt=self.render(ask),
            ask=ask,
            sampling=self._sampling,
            top_logprobs=TOP_LOGPROBS,
            priority=INSTRUCTION_PRIORITY if ask.response is None else RESPONSE_PRIORITY,
            form=self._form,
        )

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

    def _explain_blindness(self) -> GuardBlind:
        server = self._engine.identity
        where = f" at {server.endpoint}" if server.endpoint else ""
        return GuardBlind(
            f"the {server.engine} engine{where} takes no raw prompts, so the policy cannot reach "
            f"Granite Guardian {self._version}",
            hint="Serve it with Ollama, vLLM or llama.cpp, which take raw prompts, or use Granite Guardian 4.1 "
            '(model_version: "4.1"), which reads the policy from a chat message.',
        )

    def _write_verdict(self, reply: Reply) -> Verdict:
        reading = read_verdict(self._version, reply)
        return Verdict(
            label=reading.label,
            confidence=reading.confidence,
            guard=self.name,
            origin=reply.origin,
            reasoning=tidy_evidence(reading.reasoning, MAX_REASONING_CHARS),
            answer=tidy_evidence(reply.text, MAX_ANSWER_CHARS),
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


def tidy_evidence(text: str, max_chars: int) -> str:
    """Make a model's words fit to be shown and stored: of control characters, only newline and tab stay.

    A longer text keeps its beginning and its end, where the labels stand.
    """
    if len(text) > max_chars:
        half = max_chars // 2
        text = f"{text[:half]} […] {text[-half:]}"
    return "".join(_show_character(character) for character in text).strip()


def _show_character(character: str) -> str:
    if character in "\n\t":
        return character
    code = ord(character)
    is_control = code < 0x20 or 0x7F <= code < 0xA0 or 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069
    return "\ufffd" if is_control or 0xD800 <= code <= 0xDFFF else character
