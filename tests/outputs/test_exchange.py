from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from demur.errors import InputError
from demur.outputs.dataset import describe_pair
from demur.outputs.exchange import Exchange, read_exchanges, take_exchange
from demur.outputs.files import write_jsonl
from demur.records import TWIN, Pair
from tests.samples import make_inputs, make_pair


def make_offspring(kind: str) -> Pair:
    pair = make_pair(instruction="How does a lock work?", response="It has pins of different lengths.")
    branch = replace(pair.draft.id, branch=f"{kind}.0")
    return replace(pair, draft=replace(pair.draft, id=branch, parent=pair.draft.id, kind=kind, permission="education"))


def test_what_is_read_back_is_what_the_pairs_say(tmp_path: Path) -> None:
    """A pair, its twin and its mutant through final_data.jsonl: the same as taken from them directly."""
    pairs = [make_pair(), make_offspring(TWIN), make_offspring("past_tense")]
    inputs = make_inputs()
    write_jsonl(tmp_path / "final_data.jsonl", (describe_pair(pair, inputs) for pair in pairs))
    found = list(read_exchanges(tmp_path / "final_data.jsonl"))
    assert found == [take_exchange(pair, inputs) for pair in pairs]
    assert [each.complies for each in found] == [False, True, False]
    assert [each.parent for each in found] == ["", str(pairs[0].draft.id), str(pairs[0].draft.id)]


def test_a_bare_record_is_enough(tmp_path: Path) -> None:
    """Without metadata the line stands for the id; lone surrogates become U+FFFD."""
    path = tmp_path / "data.jsonl"
    path.write_text('\n{"instruction": "a \\ud800", "response": "b", "metadata": {"mode": 3, "id": null}}\n')
    assert list(read_exchanges(path)) == [Exchange(id="line 2", instruction="a \ufffd", response="b")]


@pytest.mark.parametrize(
    ("text", "words"),
    [("[1]", "a record is wanted, not a list"), ('{"instruction": "a"}', "no text under 'response'"),
     ('{"instruction": 1, "response": "b"}', "no text under 'instruction'"), ("{", "not valid JSON")],
)  # fmt: skip
def test_what_is_no_record_is_told_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    """File, line and what is wrong."""
    path = tmp_path / "final_data.jsonl"
    path.write_text(f'{{"instruction": "a", "response": "b"}}\n{text}\n')
    with pytest.raises(InputError, match=words) as found:
        list(read_exchanges(path))
    assert found.value.line == 2


def test_bytes_that_are_no_text_are_told(tmp_path: Path) -> None:
    """Latin-1 is no UTF-8."""
    path = tmp_path / "final_data.jsonl"
    path.write_bytes(b'{"instruction": "\xe4", "response": "b"}\n')
    with pytest.raises(InputError, match="not UTF-8"):
        list(read_exchanges(path))
