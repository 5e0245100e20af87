"""`croissant.json`: the dataset in MLCommons' Croissant form, for catalogues and loaders.

The format: https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from demur.errors import OutputFault
from demur.inputs.output_settings import Card, Creator
from demur.inputs.task import TaskInputs
from demur.outputs.files import RERUN, STEERING
from demur.outputs.formats import Kind, choose_form
from demur.outputs.lineage import Lineage
from demur.outputs.preferences import PREFERENCES, PreferenceForm
from demur.outputs.record import CONTENT_WARNING, Json
from demur.records import Summary

CROISSANT = "croissant.json"

_CONTEXT: Json = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}

_FILES = {
    "final_data.jsonl": "The pairs with their provenance.",
    "formatted_output.jsonl": "The bare pairs, ready for fine-tuning.",
    PREFERENCES: "Preference pairs: each response over a worse answer that is harmless as well.",
}
_PAIR = {"instruction": "The request.", "response": "The answer to it."}
_TASK = {
    "task_name": "The task that made it.",
    "task_description": "What the task says of itself.",
    "source": "Engine and model that wrote the request.",
}
_METADATA = {
    "id": ("sc:Text", "The record's name."),
    "mode": ("sc:Text", "comply: a harmless request with help; else a request that breaks the policy, and a refusal."),
    "risk": ("sc:Text", "The policy's risk."),
    "risk_id": ("sc:Text", "Its number."),
    "risk_group": ("sc:Text", "The group that it belongs to."),
    "policy_version": ("sc:Text", "The policy's version."),
    "round": ("sc:Integer", "The proposal request that it came from."),
    "position": ("sc:Integer", "Its place in that request's reply."),
}
_PREFERENCE = {
    "prompt": "The request.",
    "chosen": "The dataset's response.",
    "rejected": "A worse answer, harmless as well.",
}


def describe_croissant(
    summary: Summary, inputs: TaskInputs, lineage: Lineage, folder: Path, form: PreferenceForm | None
) -> Json:
    """The whole of `croissant.json`. The same files give the same text.

    Args:
        folder: where the files are, which are hashed here.
        form: that of `preferences.jsonl`, if it was written.

    Raises:
        OutputFault: a file cannot be read.
    """
    return describe_files(
        folder,
        name=summary.task,
        description=inputs.task.task_description,
        card=inputs.task.card,
        languages=lineage.languages,
        columns=choose_form(inputs.task.formatter).columns,
        form=form,
    )


def describe_files(
    folder: Path,
    *,
    name: str,
    description: str,
    card: Card,
    languages: Sequence[str],
    columns: Mapping[str, Kind],
    form: PreferenceForm | None = None,
) -> Json:
    """The same for any folder with a dataset.

    Args:
        columns: of `formatted_output.jsonl`.
        form: that of `preferences.jsonl`, if there is one.

    Raises:
        OutputFault: a file cannot be read.
    """
    names = [name for name in _FILES if name != PREFERENCES or form is not None]
    hashes = {name: _hash_file(folder / name) for name in names}
    version = hashlib.sha256("".join(digest for digest, _ in hashes.values()).encode()).hexdigest()[:12]
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "name": _clean(name),
        "description": " ".join(filter(None, (CONTENT_WARNING, _clean(description)))),
        "license": _clean(card.license) or "unknown: whoever publishes the dataset says under which licence it is",
        **({"url": card.url} if card.url else {}),
        **({"creator": [_describe_creator(maker) for maker in card.makers]} if card.makers else {}),
        # Not a version that somebody chose: it changes if and only if the records do.
        "version": f"1.0.0+{version}",
        "keywords": ["safety", "refusal", "synthetic"],
        **({"inLanguage": list(languages)} if languages else {}),
        "isLiveDataset": False,
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": name,
                "name": name,
                "description": _FILES[name],
                "contentUrl": name,
                "contentSize": f"{size} B",
                "encodingFormat": "application/jsonlines",
                "sha256": digest,
            }
            for name, (digest, size) in hashes.items()
        ],
        "recordSet": [
            _describe_records(name, form, columns)
            for name in names
            if name != "formatted_output.jsonl" or set(columns.values()) == {Kind.TEXT}
        ],
    }


def _describe_records(file: str, form: PreferenceForm | None, columns: Iterable[str]) -> Json:
    name = file.removesuffix(".jsonl")
    if name == "final_data":
        fields = _list_full_fields(file, name)
    elif name == "formatted_output":
        fields = _list_pair_fields(file, name, columns)
    else:
        fields = _list_preference_fields(file, name, form)
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": _FILES[file],
        **({"key": {"@id": "final_data/id"}} if name == "final_data" else {}),
        "field": list(fields),
    }


def _list_pair_fields(file: str, name: str, columns: Iterable[str]) -> Iterator[Json]:
    for column in columns:
        words = _PAIR.get(column, f"The column {column} of the task's format.")
        yield _describe_field(file, f"{name}/{column}", words, column)


def _list_full_fields(file: str, name: str) -> Iterator[Json]:
    yield from _list_pair_fields(file, name, _PAIR)
    for column, words in _TASK.items():
        yield _describe_field(file, f"{name}/{column}", words, column)
    for part, (kind, words) in _METADATA.items():
        yield _describe_field(file, f"{name}/{part}", words, "metadata", kind=kind, inside=part)


def _list_preference_fields(file: str, name: str, form: PreferenceForm | None) -> Iterator[Json]:
    for column, words in _PREFERENCE.items():
        place = f"{name}/{column}"
        if form != "conversational":
            yield _describe_field(file, place, words, column)
            continue
        parts = {"role": "Who speaks.", "content": "What is said."}
        yield {
            "@type": "cr:Field",
            "@id": place,
            "name": place,
            "description": words,
            "repeated": True,
            "subField": [
                _describe_field(file, f"{place}/{part}", said, column, inside=part) for part, said in parts.items()
            ],
        }
    for part in ("id", "risk", "mode", "why", "language"):
        yield _describe_field(file, f"{name}/{part}", f"The pair's {part}.", "metadata", inside=part)


def _describe_field(file: str, place: str, words: str, column: str, *, kind: str = "sc:Text", inside: str = "") -> Json:
    source: Json = {"fileObject": {"@id": file}, "extract": {"column": column}}
    if inside:
        source["transform"] = {"jsonPath": inside}
    return {
        "@type": "cr:Field",
        "@id": place,
        "name": place,
        "description": words,
        "dataType": kind,
        "source": source,
    }


def _describe_creator(creator: Creator) -> Json:
    kind = {"person": "sc:Person", "organization": "sc:Organization"}[creator.type]
    return {"@type": kind, "name": _clean(creator.name), **({"url": creator.url} if creator.url else {})}


def _hash_file(path: Path) -> tuple[str, int]:
    """A file's SHA-256 in hex, and its size in bytes."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size
    except OSError as error:
        raise OutputFault(f"{path} cannot be read: {error.strerror or error}", hint=RERUN) from error


def _clean(text: str) -> str:
    return STEERING.sub("\ufffd", " ".join(text.split()))
