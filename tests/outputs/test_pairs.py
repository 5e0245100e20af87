from __future__ import annotations

import json
from pathlib import Path

from demur.outputs.pairs import write_pairs
from tests.samples import make_inputs, make_pair, make_summary


def test_pairs_that_give_no_row_are_told(tmp_path: Path) -> None:
    """Of a bare refusal and a full one, the dpo format has a row for the second; a warning counts the first."""
    pairs = [make_pair(response="I can't help with that."), make_pair(position=1)]
    inputs = make_inputs(formatter={"type": "formatters/dpo"})
    summary = write_pairs(make_summary(), tmp_path, pairs, inputs)
    assert summary.warnings == ("1 of 2 pairs gave no row in formatted_output.jsonl: 1 bare_response.",)
    (row,) = (json.loads(line) for line in (tmp_path / "formatted_output.jsonl").read_text().splitlines())
    assert (row["prompt"], row["chosen"]) == (pairs[1].draft.instruction, pairs[1].response)
    assert len((tmp_path / "final_data.jsonl").read_text().splitlines()) == 2
