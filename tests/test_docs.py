"""The documentation is held to the code: links, commands, YAML, Python, reasons and exit codes."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from demur.cli.main import build_parser, list_commands
from demur.inputs.builder_file import read_builder
from demur.inputs.policy import Policy
from demur.inputs.task import Task
from demur.inputs.validation import validate
from demur.inputs.yaml_text import read_documents
from demur.records import Reason, Stage
from tests.cli.commands import make_environment

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted(path for path in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
WANTED = ("architecture", "inputs", "engines", "guards", "concurrency", "resume", "deduplication", "outputs", "formats")

_FENCE = re.compile(
    r"^(?P<fence>`{3,})(?P<language>[\w-]*)[^\n]*\n(?P<text>.*?)^(?P=fence)[ \t]*$", re.MULTILINE | re.DOTALL
)
_LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
_VARIABLE = re.compile(r"[A-Za-z_]\w*=\S*$")
_ENDS = ("|", "||", "&&", ";", "&", ">", ">>", "2>", "<")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its page, the line it begins at, its language, its text."""

    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def read_blocks(*languages: str) -> list[Block]:
    blocks = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in _FENCE.finditer(text):
            if match["language"] in languages:
                line = text.count("\n", 0, match.start()) + 1
                blocks.append(Block(page, line, match["language"], match["text"]))
    return blocks


def list_shell_lines(block: Block) -> Iterator[str]:
    """What is typed in a block: every line of `sh`, and of `console` those behind the prompt."""
    for line in block.text.replace("\\\n", " ").splitlines():
        if block.language == "sh":
            yield line
        elif line.startswith("$ "):
            yield line[2:]


def list_demur_commands(block: Block) -> Iterator[list[str]]:
    """The arguments of every call of demur in a block."""
    for line in list_shell_lines(block):
        words = shlex.split(line, comments=True)
        while words and _VARIABLE.match(words[0]):
            words = words[1:]
        end = next((place for place, word in enumerate(words) if word in _ENDS), len(words))
        words = words[:end]
        if words[1:3] in (["-m", "demur"], ["-m", "fms_dgt.public"]):
            yield words[3:]
        elif words and words[0].rpartition("/")[2] == "demur":
            yield words[1:]


def explain_rejection(arguments: list[str]) -> str:
    """Why demur's parser refuses the arguments, or nothing."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
            build_parser().parse_args(arguments)
    except SystemExit:
        return said.getvalue()
    return ""


def read_slugs(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


YAML = read_blocks("yaml")
SHELL = read_blocks("sh", "console")
PYTHON = read_blocks("python")


def test_every_subject_has_its_page() -> None:
    """The pages are there, and the index names each of them."""
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    for name in WANTED:
        assert (ROOT / "docs" / f"{name}.md").is_file()
        assert f"({name}.md)" in index
    assert len(SHELL) > 10
    assert len(YAML) > 5


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_relative_links_lead_somewhere(page: Path) -> None:
    """Every link to a file of the repository finds it, and every anchor its heading."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    for target in _LINK.findall(text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        found = page if not path else page.parent / path
        assert found.exists(), target
        assert not anchor or anchor in read_slugs(found), target


@pytest.mark.parametrize("block", SHELL, ids=str)
def test_commands_are_understood(block: Block) -> None:
    """Each `demur` command parses with demur's own parser; each `make` target exists."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for arguments in list_demur_commands(block):
        if arguments and arguments[0].startswith("-") and arguments[0] not in ("-h", "--help", "--version"):
            arguments = ["run", *arguments]
        complaint = explain_rejection(arguments)
        assert not complaint, f"demur {shlex.join(arguments)}: {complaint}"
    for line in list_shell_lines(block):
        if line.startswith("make "):
            assert re.search(rf"^{re.escape(line.split()[1])}:", makefile, re.MULTILINE), line


def test_every_command_is_documented() -> None:
    """Each of demur's commands is shown somewhere."""
    shown = {arguments[0] for block in SHELL for arguments in list_demur_commands(block) if arguments}
    assert {name for name, _, _ in list_commands()} <= shown


@pytest.mark.parametrize("block", YAML, ids=str)
def test_yaml_is_read(block: Block, tmp_path: Path) -> None:
    """Each YAML block is read by demur; one that begins with `# task`, `# policy` or `# builder` is a valid one."""
    path = tmp_path / "block.yaml"
    path.write_text(block.text, encoding="utf-8")
    documents = read_documents(path)
    kind = block.text.partition("\n")[0].removeprefix("#").strip()
    if kind == "builder":
        read_builder(path, None, {"DGT_DATA_DIR": "data"})
    elif kind in ("task", "policy"):
        assert documents
        for document in documents:
            validate(Task if kind == "task" else Policy, document.data, document)


def test_each_kind_of_file_is_shown() -> None:
    """There is a valid example of a task, a policy and a builder."""
    assert {"# task", "# policy", "# builder"} <= {block.text.partition("\n")[0] for block in YAML}


@pytest.mark.parametrize("block", read_blocks("json"), ids=str)
def test_json_is_json(block: Block) -> None:
    """Each JSON block is an object, a line of objects, or a field of one."""
    text = block.text.strip()
    try:
        json.loads(text)
    except ValueError:
        for line in text.splitlines():
            json.loads(line if line.startswith("{") else f"{{{line}}}")


@pytest.mark.parametrize("block", PYTHON, ids=str)
def test_python_examples_run(block: Block, workspace: Path) -> None:
    """Each Python block runs as it stands, beside a task file."""
    (workspace / "example.py").write_text(block.text, encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "example.py"],
        cwd=workspace, env=make_environment(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr


def test_the_scripted_builder_example_makes_its_pairs(tmp_path: Path) -> None:
    """The lists of docs/engines.md, on what `demur new` lays out, give the two pairs that the page promises."""
    [block] = [block for block in YAML if "propose:" in block.text]
    starter = ROOT / "src" / "demur" / "starter"
    for name in ("task.yaml", "policy.yaml", "seed_examples.jsonl"):
        shutil.copy(starter / name, tmp_path / name)
    (tmp_path / "scripted.yaml").write_text(block.text, encoding="utf-8")
    command = ["run", "task.yaml", "--engines", "embedded", "--config-path", "scripted.yaml", "-n", "2", "--json"]
    ended = subprocess.run(
        [sys.executable, "-m", "demur", *command],
        cwd=tmp_path, env=make_environment(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["tasks"][0]["accepted"] == 2


def test_every_drop_reason_and_stage_is_explained() -> None:
    """Each reason has a row of its own in docs/outputs.md, and no row names one that is gone."""
    page = (ROOT / "docs" / "outputs.md").read_text(encoding="utf-8")
    rows = page.partition("### Drop reasons")[2].partition("\n### ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", rows, re.MULTILINE)) == {str(reason) for reason in Reason}
    for stage in Stage:
        assert f"`{stage}`" in rows


def test_every_exit_code_is_explained() -> None:
    """The codes of docs/outputs.md are those that `demur --help` names."""
    page = (ROOT / "docs" / "outputs.md").read_text(encoding="utf-8")
    rows = page.partition("## Exit codes")[2].partition("\n## ")[0]
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", rows, re.MULTILINE)}
    named = re.findall(r"(?:^|    )(?:  )?(\d+) [a-z]", build_parser().epilog or "", re.MULTILINE)
    assert documented == {int(code) for code in named}
    assert {0, 2, 3, 4, 130} <= documented


def test_no_page_speaks_of_a_place_that_only_its_author_has() -> None:
    """No absolute path of a home, temporary or work folder stands in a page."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"(?<![\w.:/])/(?:home|tmp|root|Users|work)/", text), page
