"""The forms that trainers read: an exchange in, rows out. Nothing here touches a file.

Sources of the forms:

- `prompt-completion`, `messages`, `dpo`, `kto`: https://huggingface.co/docs/trl/dataset_formats (prompt-completion, language
  modelling, preference with an explicit prompt, unpaired preference), each as strings or as messages with roles.
- `alpaca`: https://github.com/tatsu-lab/stanford_alpaca#data-release, with the column `system` of LLaMA-Factory.
- `sharegpt`: `conversations` of `from` (system, human, gpt) and `value`, as FastChat and LLaMA-Factory read it.
- `openai`: https://platform.openai.com/docs/guides/supervised-fine-tuning, the chat form.
- `instruction-response`: the specification's `formatters/safety/refusal`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from demur.inputs.output_settings import FormatName, Formatter
from demur.outputs.exchange import Exchange
from demur.outputs.preferences import LeftOut, choose_rejection

Json = dict[str, object]


class Kind(StrEnum):
    """What a column holds: text, a truth value, or a list of messages (`role`, `content`) or turns (`from`, `value`)."""

    TEXT = "text"
    FLAG = "flag"
    MESSAGES = "messages"
    TURNS = "turns"


@dataclass(frozen=True, slots=True)
class RowForm:
    """A format with its options; `demur.inputs.output_settings.find_conflict` says which go together.

    Attributes:
        system_prompt: what stands before each conversation; empty: nothing.
        conversational: messages with roles instead of strings, in the formats that have both.
    """

    name: FormatName = "instruction-response"
    system_prompt: str = ""
    conversational: bool = False

    @property
    def columns(self) -> dict[str, Kind]:
        """The columns of the rows, in order, with what they hold."""
        either = Kind.MESSAGES if self.conversational else Kind.TEXT
        match self.name:
            case "instruction-response":
                return {"instruction": Kind.TEXT, "response": Kind.TEXT}
            case "prompt-completion":
                return {"prompt": either, "completion": either}
            case "messages" | "openai":
                return {"messages": Kind.MESSAGES}
            case "alpaca":
                columns = {"instruction": Kind.TEXT, "input": Kind.TEXT, "output": Kind.TEXT}
                return {**columns, "system": Kind.TEXT} if self.system_prompt else columns
            case "sharegpt":
                return {"conversations": Kind.TURNS}
            case "kto":
                return {"prompt": either, "completion": either, "label": Kind.FLAG}
            case "dpo":
                return {"prompt": either, "chosen": either, "rejected": either}

    def make_rows(self, exchange: Exchange) -> list[Json] | LeftOut:
        """The rows of an exchange: one; of `kto` two, the response and a worse answer.

        `kto` and `dpo` need a worse answer, and some exchanges have none: then the reason.
        """
        if self.name in ("kto", "dpo"):
            return self._weigh(exchange)
        request, response = exchange.instruction, exchange.response
        match self.name:
            case "prompt-completion":
                return [{"prompt": self._ask(request), "completion": self._answer(response)}]
            case "messages" | "openai":
                return [{"messages": [*self._talk(request), _say("assistant", response)]}]
            case "alpaca":
                row: Json = {"instruction": request, "input": "", "output": response}
                return [{**row, "system": self.system_prompt} if self.system_prompt else row]
            case "sharegpt":
                turns = [("system", self.system_prompt)] if self.system_prompt else []
                turns += [("human", request), ("gpt", response)]
                return [{"conversations": [{"from": who, "value": text} for who, text in turns]}]
            case _:
                return [{"instruction": request, "response": response}]

    def _weigh(self, exchange: Exchange) -> list[Json] | LeftOut:
        worse = choose_rejection(exchange)
        if isinstance(worse, LeftOut):
            return worse
        prompt = self._ask(exchange.instruction)
        chosen, rejected = self._answer(exchange.response), self._answer(worse.text)
        if self.name == "dpo":
            return [{"prompt": prompt, "chosen": chosen, "rejected": rejected}]
        return [
            {"prompt": prompt, "completion": chosen, "label": True},
            {"prompt": prompt, "completion": rejected, "label": False},
        ]

    def _talk(self, request: str) -> list[Json]:
        start = [_say("system", self.system_prompt)] if self.system_prompt else []
        return [*start, _say("user", request)]

    def _ask(self, request: str) -> object:
        return self._talk(request) if self.conversational else request

    def _answer(self, response: str) -> object:
        return [_say("assistant", response)] if self.conversational else response


def choose_form(formatter: Formatter) -> RowForm:
    """What a task asks for."""
    return RowForm(formatter.format, formatter.system_prompt, formatter.conversational)


def _say(role: str, content: str) -> Json:
    return {"role": role, "content": content}
