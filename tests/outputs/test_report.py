from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.errors import InputError, OutputFault
from demur.outputs.files import STEERING
from demur.outputs.report import PLAIN_ROWS, build_report, write_report
from demur.outputs.report_figures import make_figures
from demur.outputs.report_rows import MAX_BYTES, embed_json, list_drop_rows, list_pair_rows
from demur.outputs.run_folder import Node, read_run
from demur.records import Status
from demur.usage import SlotUse
from tests.outputs.report_folders import HOSTILE, SECRET, write_folder

VOID = {"wbr", "meta", "input", "br", "img", "col", "link"}


class Page(HTMLParser):
    """What a parser makes of a page: its elements in order, its texts, and its scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.unbalanced: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "wbr":  # stands in every name with an underscore or a slash
            self.tags.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        if self._open[-1:] == ["script"]:
            self.scripts[-1] += data
        else:
            self.words.append(data)

    @property
    def data(self) -> dict[str, dict[str, list[dict[str, object]]]]:
        return json.loads(self.scripts[0])  # type: ignore[no-any-return]


def report(*folders: Path) -> Page:
    return Page(build_report([read_run(folder) for folder in folders]))


def test_a_page_of_one_run_tells_all_of_it(tmp_path: Path) -> None:
    """What was asked and came, the funnel with its reasons, spread, distributions, diversity, use, pairs and drops."""
    page = report(write_folder(tmp_path))
    words = " ".join(" ".join(page.words).split())
    for said in (
        "tests/lock_picking", "12 of 9", "Benign twins", "2 near duplicate", "By clause", "never/2", "By tone",
        "Length of instructions", "Nearest neighbour", "Guard's confidence in instructions", "Instructions: self-BLEU", "Of refusals",
        "I can't help", "unknown", "1,200", "Response withheld: 37 characters", "A proposal is a duplicate from 0.7 on",
    ):  # fmt: skip
        assert said in words, said
    assert not page.unbalanced
    assert [len(page.data[table]["rows"]) for table in ("pairs", "drops")] == [12, 3]


def test_what_stands_out_is_said_in_words(tmp_path: Path) -> None:
    """The run's own warnings, openings that come too often, clauses without a pair, an early end."""
    run = read_run(write_folder(tmp_path, pairs=12, status=Status.STALLED))
    warnings = make_figures(run).warnings
    assert warnings[0] == "The run ended as stalled, with 15 of 12 pairs."
    assert "Mind this. " in warnings
    assert "100% of instructions open with “How can I”." in warnings
    assert "100% of refusals open with “I can't help”." in warnings
    assert "No pair is about the clause never/2." in warnings
    quiet = replace(run, warnings=(), status="complete", coverage={}, failed=0, pairs=run.pairs[2:4], drops=())
    assert make_figures(quiet).warnings == ()


def test_values_of_an_axis_without_a_pair_are_shown(tmp_path: Path) -> None:
    """With 0 in the chart and by name in the warnings, of any axis; of many, some are named and the others counted."""
    tones = {"curt": 12, "warm": 0, **{f"tone {number}": 0 for number in range(9)}}
    run = replace(
        read_run(write_folder(tmp_path)), coverage={"tone": tones, "place": {"home": 0}, "kind": {"typos": 0}}
    )
    figures = make_figures(run)
    [spread] = [section for section in figures.sections if section.key == "spread"]
    charts = {chart.key: {bar.label: bar.value for bar in chart.bars} for chart in spread.charts}
    assert charts["axis-tone"]["warm"] == 0
    assert charts["axis-place"] == {"home": 0}
    named = ", ".join(["warm", *(f"tone {number}" for number in range(7))])
    assert f"No pair is about the tone {named}, nor about 2 more." in figures.warnings
    assert not any("typos" in said for said in figures.warnings)


def test_a_page_needs_nothing_else(tmp_path: Path) -> None:
    """No element fetches anything; the policy lets only our style and script in, by their hashes, and nothing is inline."""
    folder = write_folder(tmp_path)
    page = report(folder, folder)
    policy = next(
        attributes["content"] for tag, attributes in page.tags if tag == "meta" and "http-equiv" in attributes
    )
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert [tag for tag, _ in page.tags].count("script") == 2
    for tag, attributes in page.tags:
        assert tag not in ("link", "img", "iframe", "object", "base", "form"), tag
        assert not {"src", "style", "onclick", "onload", "action", "srcset"} & set(attributes), attributes
        assert (attributes.get("href") or "#").startswith("#")


def test_hostile_texts_stay_text(tmp_path: Path) -> None:
    """In every field of every file: no element and no attribute comes of them, and the page's script reads them back."""
    plain = report(write_folder(tmp_path / "plain", text="x"))
    hostile = report(write_folder(tmp_path / "hostile", text=HOSTILE))
    assert [tag for tag, _ in hostile.tags] == [tag for tag, _ in plain.tags]
    assert not hostile.unbalanced
    assert hostile.data["pairs"]["rows"][0]["request"] == "How can I open lock 0? " + STEERING.sub("\ufffd", HOSTILE)
    for word in hostile.words:
        assert not STEERING.search(word)
    assert "{{ 7 * 7 }}" in " ".join(hostile.words)


@given(
    st.dictionaries(st.text(), st.text(alphabet=st.sampled_from("</!->script&\u2028\u2029\\\"' \n\ud800")) | st.text())
)
def test_embedded_json_ends_no_script_and_reads_back(value: dict[str, str]) -> None:
    """It holds no sign that HTML heeds in a script, and a JSON parser gives the same texts."""
    text = embed_json(dict(value))
    assert not re.search("[<>&\u2028\u2029]", text)
    text.encode()
    read = json.loads(text)
    if not any("\ud800" <= letter <= "\udfff" for letter in "".join([*value, *value.values()])):
        assert read == value


def test_withheld_texts_stay_withheld(tmp_path: Path) -> None:
    """A response that no guard rated safe is in no page, unless the run wrote it out: then it is folded."""
    held = build_report([read_run(write_folder(tmp_path / "held"))])
    assert SECRET not in held
    shown = build_report([read_run(write_folder(tmp_path / "shown", unsafe=True))])
    assert '<summary>Response, which no guard rated safe</summary><p class="text" dir="auto">' + SECRET in shown


def test_harmful_requests_are_folded_and_harmless_ones_are_not(tmp_path: Path) -> None:
    """A twin's request stands open; every other one, and every drop's, waits for a click."""
    page = report(write_folder(tmp_path))
    requests = [a for tag, a in page.tags if tag == "details" and (a.get("class") or "").startswith("request")]
    assert len(requests) == 14
    assert [a["class"] for a in requests if "open" in a] == ["request"] * 3
    assert [a["class"] for a in requests if "open" not in a] == ["request harmful"] * 11


def test_two_runs_side_by_side(tmp_path: Path) -> None:
    """Every figure twice, drawn to one scale; what was made differently is listed, what is the same is not."""
    left = write_folder(tmp_path / "a")
    right = write_folder(tmp_path / "b", pairs=20, rounds=8)
    page = report(left, right)
    words = " ".join(" ".join(page.words).split())
    assert words.count("By clause") == 2
    assert "Nothing that the files know of." in words
    assert "12 of 9 25 of 20" in words
    assert {row["run"] for row in page.data["pairs"]["rows"]} == {0, 1}
    other = report(left, write_folder(tmp_path / "c", text="other"))
    assert "File: task task.yaml (abababababab) other (abababababab)" in " ".join(" ".join(other.words).split())


def test_the_same_files_give_the_same_page(tmp_path: Path) -> None:
    """Byte for byte: what is sampled is sampled alike, and no clock is asked."""
    folder = write_folder(tmp_path)
    assert build_report([read_run(folder)]) == build_report([read_run(folder)])


def test_a_big_run_is_shown_in_part(tmp_path: Path) -> None:
    """Figures count everything; the page embeds evenly spread rows, says how many, and lists the first ones plainly."""
    run = read_run(write_folder(tmp_path))
    many = tuple(replace(run.pairs[0], id=f"t#{number}.0", round=number) for number in range(5000))
    page = Page(build_report([replace(run, pairs=many)]))
    ids = [row["id"] for row in page.data["pairs"]["rows"]]
    assert ids[:2] == ["t#0.0", "t#2.0"]
    assert len(ids) == 2000
    words = " ".join(" ".join(page.words).split())
    assert "2,000 of 5,000 are in this page, evenly spread" in words
    assert f"The first {PLAIN_ROWS} of 5,000." in words
    assert [a.get("class") for tag, a in page.tags if tag == "li"].count("row") == PLAIN_ROWS + 3


def test_long_texts_do_not_swell_a_page(tmp_path: Path) -> None:
    """Texts are cut, and rows left out, until they fit; a row is never cut in two."""
    run = read_run(write_folder(tmp_path))
    long = tuple(replace(run.pairs[0], instruction="word " * 2000, response="é<" * 4000) for _ in range(900))
    rows = list_pair_rows([replace(run, pairs=long)])
    assert rows.total == 900
    assert 0 < len(rows.shown) < 900
    assert sum(len(embed_json(row)) for row in rows.shown) <= MAX_BYTES
    assert str(rows.shown[0]["request"]).endswith("… (10,000 characters in all)")
    assert list_drop_rows([run], size_bytes=10).shown == ()


def test_runs_with_nothing_in_them(tmp_path: Path) -> None:
    """No pair, no drop, an empty record: the page is whole all the same."""
    (tmp_path / "final_data.jsonl").touch()
    (tmp_path / "run.json").write_text("{}")
    page = report(tmp_path)
    assert not page.unbalanced
    assert " ".join(page.words).count("There are none.") == 2


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["result", "stages", "metadata", "id", "risk", "nearest", "verdicts", "dropped"]), inner),
    max_leaves=12,
)  # fmt: skip


@given(JSON, JSON, JSON)
def test_whatever_the_files_hold_a_page_comes_of_it(
    tmp_path_factory: pytest.TempPathFactory, record: object, pair: object, drop: object
) -> None:
    """Fields that are missing or of another kind count as unknown."""
    folder = tmp_path_factory.mktemp("any")
    for name, value in zip(("run.json", "final_data.jsonl", "rejected.jsonl"), (record, pair, drop), strict=True):
        (folder / name).write_text(json.dumps(value) + "\n")
    assert not report(folder).unbalanced


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("run.json", None, "no run.json"),
        ("final_data.jsonl", None, "no such file"),
        ("rejected.jsonl", "{", "not valid JSON"),
    ],
)
def test_a_folder_that_is_no_runs(tmp_path: Path, file: str, content: str | None, said: str) -> None:
    """The error names the file, and its line where it is damaged."""
    folder = write_folder(tmp_path)
    if content is None:
        (folder / file).unlink()
    else:
        (folder / file).write_text(content)
    with pytest.raises(InputError, match=said):
        read_run(folder)


def test_a_report_that_cannot_be_written(tmp_path: Path) -> None:
    """The fault is an output's, with the path."""
    run = read_run(write_folder(tmp_path))
    (tmp_path / "report.html").mkdir()
    with pytest.raises(OutputFault, match=r"report\.html cannot be written: it is a folder") as told:
        write_report(tmp_path / "report.html", [run])
    assert "Name a file" in told.value.hint


def test_nodes_give_what_is_there_and_nothing_else() -> None:
    """A value of another kind is as if it were not there; true is no number."""
    node = Node({"a": {"b": "text", "n": 3, "t": True, "l": ["x", 1]}})
    assert node.text("a", "b") == "text"
    assert node.count("a", "n") == 3
    assert node.number("a", "t") is None
    assert node.texts("a", "l") == ("x",)
    assert node.text("a", "n") == node.text("a", "b", "c") == ""
    assert [*node.entries("a", "l"), *node.items("a")] == []


def make_slots(**changes: object) -> SlotUse:
    use = SlotUse(engine="openai", model="m", blocks=("generator",), slots=16, lowest=16, elapsed_s=100.0,
                  busy_slot_s=800.0, full_s=10.0, held_s=0.0, timeline=(4.0, 12.0))  # fmt: skip
    return replace(use, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "more slots would change little"),
        ({"full_s": 0.0}, "A slot was always free."),
        ({"full_s": 90.0}, "more (--concurrency) would be faster"),
        ({"full_s": 90.0, "lowest": 4}, "brought them down to 4 at times. What the server takes was the limit"),
        ({"held_s": 70.0}, "For 70% some were, and requests waited all the same"),
    ],
)
def test_slot_use_is_told_with_what_limits_it(tmp_path: Path, changes: dict[str, object], words: str) -> None:
    """How many slots were busy, over time and on average, and what kept a run from more."""
    page = report(write_folder(tmp_path / "run", slots=(make_slots(**changes),)))
    said = " ".join(page.words)
    assert "8.0 of 16, 50%" in said
    assert "Busy slots over time: m (openai)" in said
    assert "12.0 of 16" in said
    assert words in said


def test_what_is_near_to_an_evaluation_set_is_shown(tmp_path: Path) -> None:
    """With a flagged pair, and a dropped draft, stands where in the set its likeness is; a warning counts the pairs."""
    folder = write_folder(tmp_path / "run", pairs=1)
    hit = {"contamination": [{"set": "e.csv", "place": "e.csv:7", "score": 0.875, "method": "rouge_l"}]}
    pairs = [json.loads(line) for line in (folder / "final_data.jsonl").read_text().splitlines()]
    pairs[0]["metadata"].update(hit)
    (folder / "final_data.jsonl").write_text("".join(json.dumps(pair) + "\n" for pair in pairs))
    drop = {"id": "t#9.0", "stage": "dedupe", "reason": "contaminated", "instruction": "x", **hit}
    (folder / "rejected.jsonl").write_text(json.dumps(drop) + "\n")
    page = report(folder)
    said = " ".join(page.words)
    assert said.count("e.csv:7, ROUGE-L 0.88") == 2
    assert "1 pair is near to an evaluation set, and only flagged" in said
    assert page.data["drops"]["rows"][0]["more"] == [["near to an evaluation set", "e.csv:7, ROUGE-L 0.88"]]


@pytest.mark.parametrize(
    "number", ["1e999", "-1e999", "1" + "0" * 400, "1e308", "-5", "0", '"x"', "null", "[1e308, 1e999]", "{}"]
)
def test_numbers_that_no_run_writes_do_no_harm(tmp_path: Path, number: str) -> None:
    """Infinite, huge, negative, or no number at all, wherever one is wanted: a page comes of it all the same."""
    folder = write_folder(tmp_path / "run", slots=(make_slots(),))
    record = (folder / "run.json").read_text()
    record = re.sub(r'("(?:elapsed_s|busy|full_s|held_s|slots|lowest|timeline|wanted|asked|kept)": ?)(?:-?[0-9.]+|\[[0-9., ]*\])',
                    rf"\g<1>{number}", record)  # fmt: skip
    assert record.count(number) > 5
    (folder / "run.json").write_text(record)
    assert not report(folder).unbalanced


def test_no_number_is_broken_in_two_on_a_phone(tmp_path: Path) -> None:
    """Numbers keep to a line, and the column of long ones is wide enough for them."""
    page = report(write_folder(tmp_path))
    classes = [attributes.get("class") for tag, attributes in page.tags if tag == "table"]
    assert "bars wide" in classes  # the tokens: 1,200 and more
    assert "bars" in classes
    text = build_report([read_run(tmp_path)])
    number = re.search(r"\.number \{([^}]*)\}", text)
    assert number is not None
    assert "white-space: nowrap" in number[1]
