"""The YAML at the head of the dataset card, which the Hugging Face hub and its `datasets` library read.

The fields are those of https://github.com/huggingface/hub-docs/blob/main/datasetcard.md; `configs` are told in
https://huggingface.co/docs/hub/datasets-manual-configuration
"""

from __future__ import annotations

from demur.inputs.yaml_text import dump_yaml
from demur.outputs.files import STEERING
from demur.outputs.lineage import Lineage
from demur.outputs.preferences import PREFERENCES
from demur.records import Summary

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_LARGEST = "1M<n<10M"

_CHUNK_BYTES = 1 << 30
"""How much `datasets` reads before it settles on the columns. Its default, 10 MiB, is too little for provenance: which
of its fields a record has depends on the pair, and a field that comes late ends the loading with an error."""


def write_front_matter(summary: Summary, lineage: Lineage) -> str:
    """The block with its two lines of dashes. Whatever the task says in it is a quoted value on one line."""
    fields: dict[str, object] = {
        # Nobody but its publisher can say under which licence a dataset is; `unknown` is the hub's word for that.
        "license": "unknown",
        **({"language": list(lineage.languages)} if lineage.languages else {}),
        "pretty_name": STEERING.sub("\ufffd", " ".join(summary.task.split())),
        "task_categories": ["text-generation"],
        "size_categories": [_name_size(summary.accepted)],
        "annotations_creators": ["machine-generated"],
        "language_creators": ["machine-generated"],
        "source_datasets": ["original"],
        "tags": _list_tags(summary),
    }
    if configs := _list_configs(summary):
        fields["configs"] = configs
    return f"---\n{dump_yaml(fields)}---\n"


def _name_size(count: int) -> str:
    return next((name for bound, name in _SIZES if count < bound), _LARGEST)


def _list_tags(summary: Summary) -> list[str]:
    """`not-for-all-audiences` is the hub's own: it makes readers agree before they see the records."""
    return [
        "not-for-all-audiences",
        "safety",
        "refusal",
        "synthetic",
        "demur",
        *(["dpo"] if summary.preferences else []),
    ]


def _list_configs(summary: Summary) -> list[dict[str, object]]:
    """What `load_dataset` can load, the bare pairs by default. A file without a record is none that it can."""
    names = ["formatted_output.jsonl", "final_data.jsonl"] if summary.accepted else []
    if sum(summary.preferences.get("written", {}).values()):
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
