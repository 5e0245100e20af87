"""Small datasets on disk, as a run leaves them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

TASK = "tests/lock_picking"


def make_row(
    number: int, instruction: str, *, twin_of: str = "", mutated_from: str = "", **metadata: object
) -> dict[str, object]:
    """A line of `final_data.jsonl`; what was made of another has that one's id within its own."""
    parent = twin_of or mutated_from
    row_id = f"{parent}/{'twin' if twin_of else 'typos'}.{number}" if parent else f"{TASK}#{number}.0"
    descent = {"twin_of": twin_of} if twin_of else {"mutated_from": mutated_from, "mutation": "typos"}
    about = {
        "risk": "lock_picking",
        "mode": "comply" if twin_of else "response",
        "id": row_id,
        "nearest": {"id": "seed:1", "rouge_l": 0.25},
        **(descent if parent else {}),
        **metadata,
    }
    return {
        "task_name": TASK,
        "instruction": instruction,
        "response": f"No, but see {number}.",
        "source": "scripted:generator",
        "metadata": about,
    }


def write_dataset(folder: Path, rows: Sequence[dict[str, object]]) -> Path:
    """The folder, with these pairs in it."""
    folder.mkdir(parents=True)
    (folder / "final_data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "run.json").write_text("{}")
    return folder


def read_lines(folder: Path, name: str = "final_data.jsonl") -> list[dict[str, object]]:
    """The records of a JSONL file."""
    return [json.loads(line) for line in (folder / name).read_text().splitlines()]
