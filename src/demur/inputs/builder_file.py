"""Builder files: which block does what, from the shipped builders and from a person's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

from pydantic import BaseModel, SecretStr

from demur.errors import InputError
from demur.inputs.dedup_settings import DedupSettings
from demur.inputs.engine_settings import (
    ADDRESSES,
    AnthropicSettings,
    AnyEngine,
    AzureOpenAISettings,
    EmbeddedSettings,
    EngineSettings,
    LlamaCppSettings,
    OllamaSettings,
    OpenAISettings,
    ScriptedSettings,
    VLLMServerSettings,
    VLLMSettings,
    WatsonxSettings,
)
from demur.inputs.guard_settings import (
    AnyGuard,
    EmbeddedGuardSettings,
    EnsembleSettings,
    GraniteGuardSettings,
    LlamaGuardSettings,
    PolicyJudgeSettings,
    Qwen3GuardSettings,
    WildGuardSettings,
)
from demur.inputs.policy import Text
from demur.inputs.spending import SpendingInput
from demur.inputs.task import DATA_BUILDERS
from demur.inputs.validation import InputModel, expand, suggest, validate
from demur.inputs.yaml_text import Document, Path_, read_documents

SHIPPED = {
    "ollama": "refusal.yaml",
    "ollama-low-memory": "refusal_low_memory.yaml",
    "llama-cpp": "refusal_llama_cpp.yaml",
    "llama-cpp-low-memory": "refusal_llama_cpp_low_memory.yaml",
    "vllm": "refusal_vllm.yaml",
    "openai": "refusal_openai.yaml",
    "embedded": "refusal_embedded.yaml",
}
"""The shipped builders by the name that `--engines` takes; the first is the default."""

ENGINES: Mapping[str, type[BaseModel]] = {
    "ollama": OllamaSettings,
    "llama-cpp": LlamaCppSettings,
    "vllm": VLLMSettings,
    "vllm-server": VLLMServerSettings,
    "vllm-remote": VLLMServerSettings,
    "openai": OpenAISettings,
    "azure-openai": AzureOpenAISettings,
    "anthropic": AnthropicSettings,
    "watsonx": WatsonxSettings,
    "embedded": EmbeddedSettings,
    "scripted": ScriptedSettings,
}
GATEWAYS = frozenset({"litellm-proxy", "litellm", "openrouter", "llama-server", "lm-studio", "groq", "together", "tgi"})
GATEWAYS_HINT = "It speaks OpenAI's protocol: say `type: openai`, with its address as `base_url`."

GUARDS: Mapping[str, type[BaseModel]] = {
    "validators/granite_guardian": GraniteGuardSettings,
    "validators/policy_judge": PolicyJudgeSettings,
    "validators/qwen3_guard": Qwen3GuardSettings,
    "validators/llama_guard": LlamaGuardSettings,
    "validators/wildguard": WildGuardSettings,
    "validators/ensemble": EnsembleSettings,
    "validators/embedded": EmbeddedGuardSettings,
}
JUDGES: Mapping[str, type[BaseModel]] = {kind: model for kind, model in ENGINES.items() if kind != "embedded"}
"""The engines that can serve a judge: those with a model that reads."""

DEDUPLICATORS: Mapping[str, type[BaseModel]] = {"rouge_scorer": DedupSettings}

BLOCKS: Mapping[str, Mapping[str, type[BaseModel]]] = {
    "instruction_generator": ENGINES,
    "dedup": DEDUPLICATORS,
    "response_generator": ENGINES,
    "granite_guardian": GUARDS,
    "refusal_judge": JUDGES,
}
"""The blocks of a builder, each with the types that it may have."""

OPTIONAL = frozenset({"refusal_judge"})
"""Blocks that a builder may do without."""

SYNONYMS: Mapping[str, str] = {"guard": "granite_guardian"}
"""Other names of blocks: a guard need not be a Granite Guardian."""

Model = TypeVar("Model", bound=BaseModel)

_SCRIPTS: Mapping[str, str] = {
    "instruction_generator": "propose",
    "response_generator": "respond",
    "refusal_judge": "judge_stance",
}
"""The list that a scripted engine answers from in a block."""
_TEMPLATED = ("instruction_generator", "response_generator")
_CHATTING = (*_TEMPLATED, "refusal_judge")


class Metadata(InputModel):
    """What a builder says of itself."""

    version: Text = ""
    description: Text = ""


class BuilderHead(SpendingInput):
    """A builder file but for its blocks."""

    name: Text
    blocks: tuple[Any, ...]
    metadata: Metadata = Metadata()


class Override(InputModel):
    """One builder's entry in the short form."""

    blocks: tuple[Any, ...]


class ShortForm(SpendingInput):
    """The short form of a configuration: single blocks of a named builder, overridden."""

    databuilders: dict[str, Override]


@dataclass(frozen=True, slots=True)
class Builder:
    """The blocks of a run, checked.

    Attributes:
        propose_template: a template file of the person's own, or None for the shipped one.
        respond_template: likewise.
        sources: the files that it was read from.
        spending: what the run may use, and what tokens cost.
        refusal_judge: the engine whose model says whether responses decline, or None.
    """

    instruction_generator: AnyEngine
    dedup: DedupSettings
    response_generator: AnyEngine
    guard: AnyGuard
    propose_template: Path | None
    respond_template: Path | None
    sources: tuple[Path, ...]
    spending: SpendingInput = field(default_factory=SpendingInput)
    refusal_judge: AnyEngine | None = None

    def describe(self) -> dict[str, object]:
        """The blocks as JSON, with only the settings that differ from the defaults, and no secret."""
        blocks = {
            "instruction_generator": self.instruction_generator,
            "dedup": self.dedup,
            "response_generator": self.response_generator,
            "granite_guardian": self.guard,
            **({"refusal_judge": self.refusal_judge} if self.refusal_judge else {}),
        }
        return {
            name: _strip_secrets(block.model_dump(mode="json", exclude_unset=True, exclude_none=True))
            for name, block in blocks.items()
        } | self.spending.model_dump(mode="json", exclude_defaults=True, exclude_none=True)


def _strip_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {key: _strip_secrets(item) for key, item in value.items() if key != "api_key"}
        return kept | {name: _strip_address(kept[name]) for name in ADDRESSES if isinstance(kept.get(name), str)}
    if isinstance(value, list):
        return [_strip_secrets(item) for item in value]
    return value


def _strip_address(address: str) -> str:
    """An address without user, password and query, which hold secrets where somebody wrote them there."""
    try:
        parts = urlsplit(address)
    except ValueError:  # no address: whoever wants to use it says so
        return ""
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


@dataclass(frozen=True, slots=True)
class _Block:
    """One block as written: its values, and where each stands."""

    values: dict[str, Any]
    document: Document
    prefix: Path_


def read_builder(config: Path | None, engines: str | None, environment: Mapping[str, str]) -> Builder:
    """Read the builder of a run.

    Args:
        config: a person's own file: a whole builder, or the short form that overrides single blocks.
        engines: the shipped builder to start from; the default is `ollama`.

    Raises:
        InputError: a file or a name cannot be used.
    """
    own = _read_own(config) if config is not None else None
    if own is not None and "databuilders" not in own.data:
        if engines is not None:
            raise InputError(
                f"{config} is a whole builder, so --engines {engines} has nothing to say",
                hint="Leave one of them out, or write the file in the short form (databuilders: …).",
            )
        blocks, spending = _read_whole(own)
        sources = [own.path]
    else:
        shipped = _find_shipped(engines or next(iter(SHIPPED)))
        blocks, spending = _read_whole(read_documents(shipped)[0])
        sources = [shipped]
        if own is not None:
            spending = _override(blocks, own).lay_over(spending)
            sources.append(own.path)
    return replace(_assemble(blocks, environment, tuple(sources)), spending=spending)


def _read_own(path: Path) -> Document:
    documents = read_documents(path)
    if len(documents) != 1 or not isinstance(documents[0].data, dict):
        raise InputError("a builder file is one mapping of keys", path=path)
    return documents[0]


def _find_shipped(name: str) -> Path:
    if name not in SHIPPED:
        raise InputError(f"--engines: no builder is called {name!r}", hint=suggest(name, SHIPPED))
    return Path(str(resources.files("demur").joinpath("builders", SHIPPED[name])))


def _read_whole(document: Document) -> tuple[dict[str, _Block], SpendingInput]:
    head = validate(BuilderHead, document.data, document)
    _check_builder_name(head.name, document, ("name",))
    blocks = _index_blocks(document, ("blocks",))
    missing = [name for name in BLOCKS if name not in blocks and name not in OPTIONAL]
    if missing:
        raise InputError(
            f"the block {missing[0]!r} is missing",
            path=document.path,
            line=document.line(("blocks",)),
            hint=f"A builder has the blocks {', '.join(name for name in BLOCKS if name not in OPTIONAL)}.",
        )
    return blocks, SpendingInput(budget=head.budget, prices=head.prices)


def _check_builder_name(name: str, document: Document, where: tuple[str, ...]) -> None:
    if name not in DATA_BUILDERS:
        raise InputError(
            f"no builder is called {name!r}",
            path=document.path,
            line=document.line(where),
            hint=suggest(name, DATA_BUILDERS),
        )


def _override(blocks: dict[str, _Block], document: Document) -> SpendingInput:
    """Lay the short form over a builder: its keys replace a block's; another `type` replaces the block whole."""
    short = validate(ShortForm, document.data, document)
    for builder in short.databuilders:
        _check_builder_name(builder, document, ("databuilders", builder))
        for name, new in _index_blocks(document, ("databuilders", builder, "blocks")).items():
            merged = _merge(blocks[name].values, new.values) if name in blocks else new.values
            blocks[name] = _Block(merged, new.document, new.prefix)
    return short


def _merge(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    if "type" in new and new["type"] != old.get("type"):
        return new
    merged = {**old, **new}
    for key, value in new.items():
        if isinstance(value, dict) and isinstance(old.get(key), dict):
            merged[key] = _merge(old[key], value)
    return merged


def _index_blocks(document: Document, where: Path_) -> dict[str, _Block]:
    rows: Any = document.data
    for key in where:
        rows = rows[key]
    blocks: dict[str, _Block] = {}
    for number, row in enumerate(rows):
        prefix: Path_ = (*where, number)
        line = document.line(prefix)
        if not isinstance(row, dict) or not isinstance(row.get("name"), str):
            raise InputError("a block is a mapping with a name", path=document.path, line=line,
                             hint=f"Names: {', '.join(BLOCKS)}.")  # fmt: skip
        written = row["name"]
        name = SYNONYMS.get(written, written)
        if name not in BLOCKS:
            raise InputError(f"no block is called {name!r}", path=document.path, line=document.line((*prefix, "name")),
                             hint=suggest(name, (*BLOCKS, *SYNONYMS)))  # fmt: skip
        if name in blocks:
            hint = "" if name not in SYNONYMS.values() else f"{' and '.join((*SYNONYMS, name))} are the same block."
            raise InputError(f"the block {written!r} stands here twice", path=document.path, line=line, hint=hint)
        blocks[name] = _Block({key: value for key, value in row.items() if key != "name"}, document, prefix)
    return blocks


def _assemble(blocks: dict[str, _Block], environment: Mapping[str, str], sources: tuple[Path, ...]) -> Builder:
    checked = {}
    templates: dict[str, Path | None] = {}
    for name, block in blocks.items():
        values = expand(block.document, environment, data=block.values, at=block.prefix)
        if name in _TEMPLATED:
            templates[name] = _find_template(values.pop("template", None), block)
        checked[name] = fill_from_environment(_check_block(name, values, block), environment)
        if name in _CHATTING and isinstance(checked[name], WatsonxSettings) and checked[name].top_k is not None:
            line = block.document.line((*block.prefix, "top_k"))
            raise InputError("watsonx.ai's chats take no `top_k`", path=block.document.path, line=line,
                             hint="Leave it out; `top_p` does much the same.")  # fmt: skip
    return Builder(
        instruction_generator=checked["instruction_generator"],
        dedup=checked["dedup"],
        response_generator=checked["response_generator"],
        guard=checked["granite_guardian"],
        propose_template=templates["instruction_generator"],
        respond_template=templates["response_generator"],
        sources=sources,
        refusal_judge=checked.get("refusal_judge"),
    )


def fill_from_environment(settings: Model, environment: Mapping[str, str]) -> Model:
    """Fill in what the environment says of the engines in a block, at any depth, and the block leaves open."""
    changes: dict[str, object] = {}
    if isinstance(settings, EngineSettings):
        for name, variables in settings.variables.items():
            found = next((environment[variable] for variable in variables if environment.get(variable)), None)
            if found is not None and getattr(settings, name) is None:
                changes[name] = SecretStr(found) if name == "api_key" else found
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, BaseModel):
            changes[name] = fill_from_environment(value, environment)
        elif isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
            changes[name] = tuple(fill_from_environment(item, environment) for item in value)
    return settings.model_copy(update=changes) if changes else settings


def _find_template(written: object, block: _Block) -> Path | None:
    if written is None:
        return None
    line = block.document.line((*block.prefix, "template"))
    if not isinstance(written, str):
        raise InputError("template must be a path", path=block.document.path, line=line)
    for candidate in (block.document.path.parent / written, Path(written)):
        if candidate.is_file():
            return candidate
    raise InputError(f"no such template: {written}", path=block.document.path, line=line)


def _check_block(name: str, values: dict[str, Any], block: _Block) -> Any:
    types = BLOCKS[name]
    given = values.get("type")
    if not isinstance(given, str) or given not in types:
        what = "has no type" if given is None else f"cannot have the type {given!r}"
        raise InputError(
            f"the block {name!r} {what}",
            path=block.document.path,
            line=block.document.line((*block.prefix, "type")),
            hint=(GATEWAYS_HINT if "openai" in types and given in GATEWAYS else suggest(str(given or ""), types)),
        )
    settings = validate(types[given], values, block.document, block.prefix)
    script = _SCRIPTS.get(name)
    if script and isinstance(settings, ScriptedSettings) and not getattr(settings, script):
        raise InputError(f"the block {name!r} has no replies: its {script!r} is {'empty' if script in values else 'missing'}",
                         path=block.document.path, line=block.document.line((*block.prefix, script)),
                         hint=f"Give it a list with at least one text, such as {script}: ['…'].")  # fmt: skip
    return settings
