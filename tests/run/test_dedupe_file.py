from __future__ import annotations

import io
import json
import os
import random
import tempfile
from pathlib import Path
from typing import get_args

import pyarrow as pa
import pyarrow.parquet
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score import rouge_scorer

from demur.errors import InputError, OutputFault
from demur.run import sieve
from demur.run.dedupe_file import dedupe_file
from demur.run.sieve import DedupeProgress, DedupeRequest, Reference
from demur.stages import admit_blocks
from demur.stages.novelty import ScoreFunc

SCORER = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=False)
TEXTS = st.lists(st.sampled_from(["a", "b", "c", "d", "the", "x1", "A", "b!"]), min_size=1, max_size=9).map(" ".join)
SCORE_FUNCS: tuple[ScoreFunc, ...] = get_args(ScoreFunc)
THRESHOLDS = st.sampled_from([0.1, 0.4, 0.5, 2 / 3, 0.7, 0.75, 0.8, 1.0])


def oracle(admitted: str, new: str, score_func: ScoreFunc = "f1") -> float:
    scores = SCORER.score(admitted, new)["rougeL"]
    return float({"f1": scores.fmeasure, "precision": scores.precision, "recall": scores.recall}[score_func])


def write_lines(path: Path, texts: list[str], ends: bytes = b"\n") -> list[bytes]:
    """A JSONL file of the texts, and its lines, each spelled a little differently."""
    lines = [
        json.dumps({"n": number, "instruction": text}, separators=(",", ":" + " " * (number % 3))).encode() + ends
        for number, text in enumerate(texts)
    ]
    path.write_bytes(b"".join(lines))
    return lines


def read_pairs(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def sift_plainly(texts: list[str], threshold: float, against: list[str], score_func: ScoreFunc) -> list[int]:
    """The numbers of the texts that are new, by rouge_score over everything."""
    kept: list[int] = []
    for number, text in enumerate(texts):
        if all(oracle(other, text, score_func) < threshold for other in [*against, *(texts[n] for n in kept)]):
            kept.append(number)
    return kept


@settings(max_examples=150)
@given(
    st.lists(TEXTS, max_size=25),
    st.lists(TEXTS, max_size=6),
    THRESHOLDS,
    st.sampled_from(SCORE_FUNCS),
    st.integers(1, 8),
)
def test_what_is_kept_is_what_rouge_score_keeps(
    texts: list[str], against: list[str], threshold: float, score_func: ScoreFunc, size: int
) -> None:
    """Whatever the block size: the same records as the plain way, byte for byte, in order; each pair names a true score."""
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sieve, "BLOCK_RECORDS", size)
        folder = Path(name)
        lines = write_lines(folder / "in.jsonl", texts)
        write_lines(folder / "eval.jsonl", against)
        request = DedupeRequest(
            source=folder / "in.jsonl",
            threshold=threshold,
            score_func=score_func,
            against=(Reference(folder / "eval.jsonl"),),
        )
        report = dedupe_file(request, folder / "out.jsonl", folder / "pairs.jsonl")
        kept = sift_plainly(texts, threshold, against, score_func)
        assert (folder / "out.jsonl").read_bytes() == b"".join(lines[number] for number in kept)
        assert (report.records, report.kept) == (len(texts), len(kept))

        pairs = read_pairs(folder / "pairs.jsonl")
        removed = [number for number in range(len(texts)) if number not in kept]
        assert [pair["line"] for pair in pairs] == [number + 1 for number in removed]
        for pair, number in zip(pairs, removed, strict=True):
            nearest = pair["nearest"]
            assert isinstance(nearest, dict)
            path, _, line = str(nearest["id"]).rpartition(":")
            is_own = path.endswith("in.jsonl")
            neighbour = (texts if is_own else against)[int(line) - 1]
            assert not is_own or int(line) - 1 in kept
            assert (pair["text"], nearest["text"]) == (texts[number], neighbour)
            earlier = [*against, *(texts[n] for n in kept if n < number)]
            best = max(oracle(other, texts[number], score_func) for other in earlier)
            assert nearest["score"] == round(oracle(neighbour, texts[number], score_func), 6) == round(best, 6)
            assert pair["exact"] == (texts[number] in earlier) == (neighbour == texts[number])
        assert sum(tally.exact for tally in (report.within, *report.against)) == sum(bool(p["exact"]) for p in pairs)
        assert (
            report.within.exact + report.within.near + sum(t.exact + t.near for t in report.against) == report.removed
        )


def test_removals_are_counted_by_file_and_kind(tmp_path: Path) -> None:
    """Within the file and against each other file, copies apart from near ones."""
    texts = [
        "please open the shed for me now",
        "please open the shed for me now",
        "Please, open the shed for me now!",
        "which river is the longest of all",
        "name the capital of France for me",
        "name the capital of France for us",
        "write a poem on spring",
    ]
    write_lines(tmp_path / "in.jsonl", texts)
    write_lines(tmp_path / "one.jsonl", ["which river is the longest of all", "nothing like it"])
    write_lines(tmp_path / "two.jsonl", ["name the capital of France for me", "which river is the longest of all"])
    request = DedupeRequest(
        source=tmp_path / "in.jsonl",
        against=(Reference(tmp_path / "one.jsonl"), Reference(tmp_path / "two.jsonl")),
    )
    out = io.BytesIO()
    report = dedupe_file(request, out)
    assert [json.loads(line)["n"] for line in out.getvalue().splitlines()] == [0, 6]
    one, two = report.against
    assert (report.within.exact, report.within.near) == (1, 1)
    assert (one.records, one.exact, one.near) == (2, 1, 0)
    assert (two.records, two.exact, two.near) == (2, 1, 1)
    assert (report.records, report.kept, report.removed, report.skipped) == (7, 2, 5, 0)
    described = report.describe()
    assert described["within"] == {"exact": 1, "near": 1}
    assert described["kept"] == 2


@pytest.mark.parametrize("suffix", [".json", ".yaml", ".csv", ".parquet"])
def test_files_of_other_formats_are_compared_with(tmp_path: Path, suffix: str) -> None:
    """Each format, with a field of its own; neighbours are named by line where the format has lines, else by number."""
    rows = [{"q": "tell me a joke about bees"}, {"q": "please open the shed for me"}]
    path = tmp_path / f"eval{suffix}"
    match suffix:
        case ".json":
            path.write_text(json.dumps(rows))
        case ".yaml":
            path.write_text(yaml.safe_dump(rows))
        case ".csv":
            path.write_text("".join(f"{line}\n" for line in ["q", *(row["q"] for row in rows)]))
        case ".parquet":
            pyarrow.parquet.write_table(pa.Table.from_pylist(rows), path)
    write_lines(tmp_path / "in.jsonl", ["please open the shed for us", "something else"])
    request = DedupeRequest(source=tmp_path / "in.jsonl", against=(Reference(path, "q"),))
    report = dedupe_file(request, tmp_path / "out.jsonl", tmp_path / "pairs.jsonl")
    assert (report.kept, report.against[0].near, report.against[0].records) == (1, 1, 2)
    place = {".json": "#2", ".yaml": ":2", ".csv": ":3", ".parquet": "#2"}[suffix]
    assert read_pairs(tmp_path / "pairs.jsonl")[0]["nearest"] == {
        "id": f"{path}{place}",
        "score": round(oracle("please open the shed for us", rows[1]["q"]), 6),
        "text": rows[1]["q"],
    }


def test_records_pass_byte_for_byte(tmp_path: Path) -> None:
    """Spacing, escapes, key order, numbers, line endings, a missing last one: all as they came; blank lines are left out."""
    kept = [
        b'\xef\xbb\xbf{"instruction":"one two three" , "n":1.0e5}\r\n',
        b'{ "z": "\\u00e9\xc3\xa9", "instruction": "four five six", "z": 2}\n',
        b'{"instruction": "seven \\ud83d eight nine"}',
    ]
    copy = b'{"instruction": "one two three"}\n'
    (tmp_path / "in.jsonl").write_bytes(
        b"\n" + b"".join([kept[1], b" \n", b'{"instruction":"four five six"}\n', kept[2]])
    )
    report = dedupe_file(DedupeRequest(source=tmp_path / "in.jsonl"), tmp_path / "out.jsonl", tmp_path / "pairs.jsonl")
    assert (tmp_path / "out.jsonl").read_bytes() == kept[1] + kept[2]
    assert read_pairs(tmp_path / "pairs.jsonl")[0]["line"] == 4
    assert report.records == 3
    (tmp_path / "in.jsonl").write_bytes(kept[0] + copy)
    dedupe_file(DedupeRequest(source=tmp_path / "in.jsonl"), tmp_path / "out.jsonl")
    assert (tmp_path / "out.jsonl").read_bytes() == kept[0]


def test_an_empty_file_gives_an_empty_file(tmp_path: Path) -> None:
    """Nothing in, nothing out, and no error."""
    (tmp_path / "in.jsonl").write_bytes(b"")
    report = dedupe_file(DedupeRequest(source=tmp_path / "in.jsonl"), tmp_path / "out.jsonl")
    assert (report.records, report.kept) == (0, 0)
    assert (tmp_path / "out.jsonl").read_bytes() == b""


def test_a_bad_line_ends_it_and_leaves_no_output(tmp_path: Path) -> None:
    """The error names file and line, and what was there before stays."""
    lines = write_lines(tmp_path / "in.jsonl", [f"text number n{n}" for n in range(30)])
    (tmp_path / "in.jsonl").write_bytes(b"".join([*lines, b'{"instruction": \n']))
    (tmp_path / "out.jsonl").write_text("old")
    with pytest.raises(InputError, match=r"in\.jsonl:31: not valid JSON"):
        dedupe_file(DedupeRequest(source=tmp_path / "in.jsonl"), tmp_path / "out.jsonl", tmp_path / "pairs.jsonl")
    assert (tmp_path / "out.jsonl").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl"]


def test_bad_lines_are_skipped_and_counted_on_request(tmp_path: Path) -> None:
    """In the file and in those compared with; the first few errors are kept, and line numbers still count them."""
    good = [b'{"instruction": "one two three"}\n', b'{"instruction": "one two three!"}\n']
    (tmp_path / "in.jsonl").write_bytes(b'nonsense\n{"other": 1}\n' + good[0] + b"[1]\n" + good[1])
    (tmp_path / "eval.json").write_text('[{"instruction": 1}, {"instruction": "far from it"}]')
    request = DedupeRequest(source=tmp_path / "in.jsonl", against=(Reference(tmp_path / "eval.json"),), skip_bad=True)
    report = dedupe_file(request, tmp_path / "out.jsonl", tmp_path / "pairs.jsonl")
    assert (tmp_path / "out.jsonl").read_bytes() == good[0]
    assert (report.records, report.skipped, len(report.skipped_why)) == (2, 4, 3)
    assert "record 1: the field 'instruction' must be text" in report.skipped_why[0]
    assert "in.jsonl:1:" in report.skipped_why[1]
    pair = read_pairs(tmp_path / "pairs.jsonl")[0]
    assert pair["line"] == 5
    assert str(pair["nearest"]["id"]).endswith("in.jsonl:3")  # type: ignore[index]


def test_no_file_is_written_over_while_it_is_needed(tmp_path: Path) -> None:
    """Not the file itself, also by another name, nor one compared with, nor one output by the other."""
    source, other, pairs = tmp_path / "in.jsonl", tmp_path / "eval.jsonl", tmp_path / "pairs.jsonl"
    write_lines(source, ["one two three"])
    write_lines(other, ["four five six"])
    link = tmp_path / "link.jsonl"
    link.symlink_to(source)
    before = source.read_bytes(), other.read_bytes()
    request = DedupeRequest(source=source, against=(Reference(other),))
    for out, listed in [(source, None), (link, None), (other, None), (pairs, pairs), (pairs, source)]:
        with pytest.raises(InputError, match="written over"):
            dedupe_file(request, out, listed)
    with pytest.raises(InputError, match="folder"):
        dedupe_file(request, tmp_path)
    with pytest.raises(InputError, match="--against names the file"):
        dedupe_file(DedupeRequest(source=source, against=(Reference(link),)), pairs)
    assert (source.read_bytes(), other.read_bytes()) == before
    assert not pairs.exists()


def test_pairs_need_files_that_can_be_read_twice(tmp_path: Path) -> None:
    """A pipe is fine as a source, and told as wrong where texts must be looked up again."""
    os.mkfifo(tmp_path / "pipe.jsonl")
    with pytest.raises(InputError, match="read twice"):
        dedupe_file(DedupeRequest(source=tmp_path / "pipe.jsonl"), tmp_path / "out.jsonl", tmp_path / "pairs.jsonl")


def test_a_device_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    """`-o /dev/null` counts without writing; a pipe gets the lines, and stays a pipe."""
    lines = write_lines(tmp_path / "in.jsonl", ["one two three", "one two three"])
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    dedupe_file(DedupeRequest(source=tmp_path / "in.jsonl"), tmp_path / "pipe")
    assert os.read(reader, 1000) == lines[0]
    os.close(reader)
    assert (tmp_path / "pipe").is_fifo()


def test_the_output_has_the_files_permissions(tmp_path: Path) -> None:
    """Who may read the file may read what is left of it, and nobody else."""
    write_lines(tmp_path / "in.jsonl", ["one two three"])
    for mode in (0o600, 0o644):
        (tmp_path / "in.jsonl").chmod(mode)
        dedupe_file(DedupeRequest(source=tmp_path / "in.jsonl"), tmp_path / "out.jsonl", tmp_path / "pairs.jsonl")
        assert (tmp_path / "out.jsonl").stat().st_mode & 0o777 == mode
        assert (tmp_path / "pairs.jsonl").stat().st_mode & 0o777 == mode


@pytest.mark.parametrize("threshold", [0.0, -1.0, 1.0001, float("nan")])
def test_a_threshold_out_of_range_is_told(tmp_path: Path, threshold: float) -> None:
    """Nothing is a duplicate above 1, and everything at 0: neither is meant."""
    write_lines(tmp_path / "in.jsonl", ["one two three"])
    with pytest.raises(InputError, match="threshold"):
        dedupe_file(DedupeRequest(source=tmp_path / "in.jsonl", threshold=threshold), tmp_path / "out.jsonl")


def test_a_failing_stream_is_no_success(tmp_path: Path) -> None:
    """An output that cannot be written ends in an error with a way on."""
    write_lines(tmp_path / "in.jsonl", ["one two three"])
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(OutputFault, match="cannot be written") as raised:
        dedupe_file(DedupeRequest(source=tmp_path / "in.jsonl"), tmp_path / "taken" / "out.jsonl")
    assert "same command" in raised.value.hint


def test_progress_comes_to_the_end_of_each_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """First the file compared with, then the file itself, up to its last byte and removal."""
    monkeypatch.setattr(sieve, "BLOCK_RECORDS", 2)
    monkeypatch.setattr(sieve, "_OBSERVE_EVERY", 2)
    write_lines(tmp_path / "in.jsonl", [f"text number n{n // 2}" for n in range(9)])
    write_lines(tmp_path / "eval.jsonl", ["far from it", "this too"])
    seen: list[tuple[str, bool, int, int, int, int]] = []

    def note(progress: DedupeProgress) -> None:
        seen.append((progress.path.name, progress.comparing, progress.bytes_done, progress.bytes_total,
                     progress.records, progress.removed))  # fmt: skip

    request = DedupeRequest(source=tmp_path / "in.jsonl", against=(Reference(tmp_path / "eval.jsonl"),), threshold=1.0)
    dedupe_file(request, tmp_path / "out.jsonl", observe=note)
    sizes = {name: (tmp_path / name).stat().st_size for name in ("eval.jsonl", "in.jsonl")}
    assert [name for name, *_ in seen] == sorted((name for name, *_ in seen))
    assert ("eval.jsonl", False, sizes["eval.jsonl"], sizes["eval.jsonl"], 2, 0) in seen
    assert seen[-1] == ("in.jsonl", True, sizes["in.jsonl"], sizes["in.jsonl"], 9, 4)
    assert len(seen) >= 8


def test_a_large_file_is_sifted_in_blocks(tmp_path: Path) -> None:
    """Twenty thousand lines, of which each third is a near copy of one long before it: just those go."""
    texts, kept = [], []
    for number in range(20_000):
        if number % 3 == 2:
            origin = number // 6 * 3
            texts.append(f"please w{origin} x{origin} y{origin} z{origin} now")
        else:
            texts.append(f"please w{number} x{number} y{number} z{number}")
            kept.append(number)
    lines = write_lines(tmp_path / "in.jsonl", texts)
    report = dedupe_file(DedupeRequest(source=tmp_path / "in.jsonl"), tmp_path / "out.jsonl")
    assert (tmp_path / "out.jsonl").read_bytes() == b"".join(lines[number] for number in kept)
    assert report.within.near == len(texts) - len(kept)


def test_more_processes_give_the_same_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Searching with several processes, from the second record on: the same output and pairs as with one."""
    chance = random.Random(4)
    texts = [" ".join(chance.choices("abcdefghijklmnop", k=chance.randint(3, 8))) for _ in range(1500)]
    write_lines(tmp_path / "in.jsonl", texts)
    monkeypatch.setattr(sieve, "BLOCK_RECORDS", 200)
    found = []
    for workers in (1, 3):
        monkeypatch.setattr(admit_blocks, "ALONE_TEXTS", 1 if workers > 1 else 1 << 30)
        request = DedupeRequest(source=tmp_path / "in.jsonl", threshold=0.75, workers=workers)
        dedupe_file(request, tmp_path / "out.jsonl", tmp_path / "pairs.jsonl")
        found.append([(tmp_path / name).read_bytes() for name in ("out.jsonl", "pairs.jsonl")])
    assert found[0] == found[1]
    assert all(found[0])


def test_a_missing_field_is_told_with_how_to_name_another(tmp_path: Path) -> None:
    """By --field for the file itself, as FILE:FIELD for one that it is compared with."""
    write_lines(tmp_path / "in.jsonl", ["a b"])
    (tmp_path / "eval.jsonl").write_text('{"prompt": "a"}\n')
    against = (Reference(tmp_path / "eval.jsonl", None),)
    with pytest.raises(InputError, match=r"eval\.jsonl:1: the field 'instruction' is missing") as told:
        dedupe_file(DedupeRequest(source=tmp_path / "in.jsonl", against=against), tmp_path / "out.jsonl")
    assert told.value.hint == "Found in its place: prompt. Name the field as eval.jsonl:FIELD."
    with pytest.raises(InputError) as told:
        dedupe_file(DedupeRequest(source=tmp_path / "eval.jsonl"), tmp_path / "out.jsonl")
    assert told.value.hint == "Found in its place: prompt. Name the field with --field."
