"""What is fuzzed of finished datasets and of evaluation sets: what reads them, and what makes new datasets of them."""

from __future__ import annotations

import json
from pathlib import Path

from demur.inputs.evaluation_sets import Decontaminate, EvaluationSet, read_evaluation_set
from demur.run.decontaminate import decontaminate_folder
from demur.run.merge import merge_folders
from demur.run.sample import SampleRequest, sample_folder
from tests.fuzz.feeding import Target, feed_file, find_folder
from tests.run.datasets import make_row, write_dataset

_SET = EvaluationSet("e", Path("e"), "", ((":1", "open the lock of the shed"),))
_FLAG = Decontaminate(against=("e",), action="flag", threshold=0.1, ngram=2)


def feed_dataset(data: bytes) -> None:
    """A dataset's file, read to be merged, sampled and compared with an evaluation set; what is written is UTF-8 and JSON."""
    base = find_folder()
    plain, source, out = base / "plain", base / "source", base / "made"
    if not plain.exists():
        write_dataset(plain, [make_row(0, "open the lock of the shed")])
        source.mkdir()
    for work in (
        lambda: merge_folders([plain, source], out, force=True),
        lambda: sample_folder(source, out, SampleRequest(count=3, by=("risk", "clause", "mode", "kind")), force=True),
        lambda: decontaminate_folder(source, [_SET], _FLAG, out, force=True),
    ):
        feed_file(data, "source/final_data.jsonl", lambda _, work=work: work())  # type: ignore[misc]
        if (out / "run.json").exists():
            json.loads((out / "run.json").read_text(encoding="utf-8"))
            (out / "README.md").read_text(encoding="utf-8")


def feed_evaluation(data: bytes) -> None:
    """An evaluation set of every format that is text, with and without a field that is named."""
    for suffix in ("jsonl", "json", "csv", "yaml"):
        for field in (None, "a.0"):
            feed_file(data, f"eval.{suffix}", lambda path, field=field: read_evaluation_set(path, field))  # type: ignore[misc]


def _write_row(**metadata: object) -> bytes:
    return json.dumps(make_row(0, "open \ud800 the lock", **metadata)).encode() + b"\n"  # type: ignore[arg-type]


_ROWS = (
    _write_row(),
    _write_row(id="x", clause={"number": 1}, axes={"tone": "\ud800"}),
    _write_row(id="y\ud800", risk="\ud800", verdicts=float("nan")),
    _write_row(id="z", twin_of="z", mode="comply"),
    _write_row(id="w", twin_of="v", axes=[1], clause=2, nearest={"id": None}),
    _write_row(id="v", mutated_from="w", merged_from=3),
    _write_row(id="u", verdicts=[[]] * 3).replace(b"[]", b"[" * 400 + b"]" * 400),
)
_PIECES = (b'{"prompt": "a b"}\n', b'["a"]', b"question\n", b"a,b\n", b'"', b"{", b"}", b"[", b"]", b":", b"\n", b"- a\n", b"a: b\n",
           b"\\ud800", b"NaN", b"1e999", b"\xff", b"\xef\xbb\xbf")  # fmt: skip

TARGETS = (
    Target("dataset", feed_dataset, (*_ROWS, *_PIECES)),
    Target("evaluation", feed_evaluation, _PIECES),
)
