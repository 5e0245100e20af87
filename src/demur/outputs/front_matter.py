"""The YAML at the head of the dataset card, which the Hugging Face hub and its `datasets` library read.

The fields are those of https://github.com/huggingface/hub-docs/blob/main/datasetcard.md; `configs` are told in
https://huggingface.co/docs/hub/datasets-manual-configuration
"""

from __future__ import annotations

from collections.abc import Sequence

from demur.inputs.yaml_text import dump_yaml
from demur.outputs.files import STEERING
from demur.outputs.licences import name_licence
from demur.outputs.preferences import PREFERENCES

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_LARGEST = "1M<n<10M"
_TAGS = ("not-for-all-audiences", "safety", "refusal", "synthetic", "demur")
"""The first is the hub's own: it makes readers agree before they see the records."""

_CHUNK_BYTES = 1 << 30
"""How much `datasets` reads before it settles on the columns. Its default, 10 MiB, is too little for provenance: which
of its fields a record has depends on the pair, and a field that comes late ends the loading with an error."""


def write_front_matter(
    name: str,
    pairs: int,
    *,
    licence: str = "",
    languages: Sequence[str] = (),
    preferences: int | None = None,
    formatted: bool = True,
) -> str:
    """The block with its two lines of dashes. Whatever the task says in it is a quoted value on one line.

    Args:
        name: the dataset's, for people.
        licence: as its publisher says it. Nobody else can; without it the hub's word is `unknown`.
        languages: ISO 639-1, the most frequent first.
        preferences: the lines of `preferences.jsonl`; None where there is no such file.
        formatted: whether `formatted_output.jsonl` has a line; in some formats a pair may have none.
    """
    fields: dict[str, object] = {
        **{key: _clean(value) for key, value in name_licence(licence).items()},
        **({"language": list(languages)} if languages else {}),
        "pretty_name": _clean(name),
        "task_categories": ["text-generation"],
        "size_categories": [_name_size(pairs)],
        "annotations_creators": ["machine-generated"],
        "language_creators": ["machine-generated"],
        "source_datasets": ["original"],
        "tags": [*_TAGS, *(["dpo"] if preferences is not None else [])],
    }
    if configs := _list_configs(pairs, preferences or 0, formatted=formatted):
        fields["configs"] = configs
    return f"---\n{dump_yaml(fields)}---\n"


def _clean(text: str) -> str:
    return STEERING.sub("\ufffd", " ".join(text.split()))


def _name_size(count: int) -> str:
    return next((name for bound, name in _SIZES if count < bound), _LARGEST)


def _list_configs(pairs: int, preferences: int, *, formatted: bool) -> list[dict[str, object]]:
    """What `load_dataset` can load, the bare pairs by default. A file without a record is none that it can."""
    names = ["formatted_output.jsonl"] if pairs and formatted else []
    names += ["final_data.jsonl"] if pairs else []
    if preferences:
        names.append(PREFERENCES)
    return [
        {
            "config_name": name.removesuffix(".jsonl"),
            "data_files": [{"split": "train", "path": name}],
            **({"default": True} if number == 0 else {}),
            **({"chunksize": _CHUNK_BYTES} if name == "final_data.jsonl" else {}),
        }
        for number, name in enumerate(names)
    ]
