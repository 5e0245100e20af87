"""JSON Schema (draft 2020-12) of the files that a person writes, for editors."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from demur.inputs.builder_file import BLOCKS, SYNONYMS, BuilderHead, ShortForm
from demur.inputs.policy import Policy
from demur.inputs.task import Task

Kind = Literal["task", "policy", "builder"]
KINDS: tuple[Kind, ...] = ("task", "policy", "builder")
Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def write_schema(kind: Kind) -> Schema:
    """The schema of a task, a policy, or a builder (whole, or in the short form)."""
    if kind == "builder":
        return _write_builder()
    model = Task if kind == "task" else Policy
    return {"$schema": DIALECT, **model.model_json_schema()}


def _write_builder() -> Schema:
    models: list[type[BaseModel]] = [BuilderHead, ShortForm]
    models += dict.fromkeys(model for types in BLOCKS.values() for model in types.values())
    keys, shared = models_json_schema([(model, "validation") for model in models])
    definitions: Schema = shared["$defs"]
    blocks: list[Schema] = []
    for name, types in BLOCKS.items():
        for model in dict.fromkeys(types.values()):
            block = _name_block(definitions[keys[model, "validation"]["$ref"].rpartition("/")[2]], name)
            block["title"] = f"{name}: {' | '.join(kind for kind, found in types.items() if found is model)}"
            blocks.append(block)
    whole = definitions.pop("BuilderHead")
    whole["properties"]["blocks"] = {"type": "array", "items": {"anyOf": blocks}}
    short = definitions.pop("ShortForm")
    partial = {"type": "object", "required": ["name"], "properties": {"name": {"enum": [*BLOCKS, *SYNONYMS]}}}
    definitions["Override"]["properties"]["blocks"] = {"type": "array", "items": partial}
    return {"$schema": DIALECT, "title": "Builder", "anyOf": [whole, short], "$defs": definitions}


def _name_block(settings: Schema, name: str) -> Schema:
    """A block's schema: its settings, and the block's name."""
    block = {**settings, "properties": {"name": _name(name), **settings["properties"]}}
    if "generator" in name:
        block["properties"]["template"] = {
            "type": "string",
            "description": "A Jinja file in place of the shipped prompt.",
        }
    block["required"] = ["name", *settings.get("required", [])]
    return block


def _name(block: str) -> Schema:
    """The names that a block may have."""
    others = [synonym for synonym, name in SYNONYMS.items() if name == block]
    return {"enum": [block, *others]} if others else {"const": block}
