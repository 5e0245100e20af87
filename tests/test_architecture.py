from __future__ import annotations

import subprocess
import sys

import pytest

from tests.lints import (
    LAZY,
    ROOT,
    SOURCE_CHECKS,
    Check,
    Module,
    check_dataclasses,
    check_names,
    check_packages,
    check_privacy,
    check_providers,
    check_signatures,
    check_size,
    check_tasks,
    check_terminal,
    check_test_docstrings,
    parse_module,
    read_modules,
)

SOURCE = read_modules(ROOT / "src")


@pytest.mark.parametrize("check", SOURCE_CHECKS, ids=lambda check: check.__name__)
def test_the_source_keeps_the_rule(check: Check) -> None:
    """Every module of demur keeps each rule of the architecture."""
    assert len(SOURCE) > 50
    assert [complaint for module in SOURCE for complaint in check(module)] == []


def test_every_test_says_what_it_holds() -> None:
    """Each test function, wherever it stands, has a docstring that is a sentence."""
    modules = [parse_module(path.read_text(), path.stem, str(path)) for path in (ROOT / "tests").rglob("*.py")]
    assert len(modules) > 30
    assert [complaint for module in modules for complaint in check_test_docstrings(module)] == []


def module(text: str, name: str = "demur.stages.sample") -> Module:
    return parse_module(text, name)


LONG_FUNCTION = "def run():\n" + "    pass\n" * 59

BROKEN: list[tuple[Check, str, str]] = [
    (check_size, "demur.a", "\n" * 400),
    (check_size, "demur.a", LONG_FUNCTION),
    (check_tasks, "demur.a", "async def f(): await asyncio.gather(a(), b())"),
    (check_tasks, "demur.a", "task = asyncio.create_task(work())"),
    (check_tasks, "demur.a", "task = loop.create_task(work())"),
    (check_tasks, "demur.a", "task = asyncio.get_running_loop().create_task(work())"),
    (check_tasks, "demur.a", "task = create_task(work())"),
    (check_tasks, "demur.a", "task = asyncio.ensure_future(work())"),
    (check_terminal, "demur.run.a", "print('x')"),
    (check_terminal, "demur.clients", "input()"),
    (check_terminal, "demur.run.a", "import sys\nsys.exit(1)"),
    (check_terminal, "demur.run.a", "import sys\nsys.stderr.write('x')"),
    (check_packages, "demur.engines.openai", "def f():\n    import aiohttp"),
    (check_packages, "demur.engines.transport", "import aiohttp"),
    (check_packages, "demur.engines.transport", "from aiohttp.web import Server"),
    (check_packages, "demur.engines.retrying", "from tenacity import retry"),
    (check_packages, "demur.run.journals", "import sqlite3"),
    (check_packages, "demur.run.runner", "from rich.table import Table"),
    (check_packages, "demur.stages.propose", "from jinja2.sandbox import SandboxedEnvironment"),
    (check_packages, "demur.records", "from pydantic import BaseModel"),
    (check_packages, "demur", "import argparse"),
    (check_providers, "demur.run.a", "from demur.engines.openai import OpenAIEngine"),
    (check_providers, "demur.run.a", "def f(guard):\n    return isinstance(guard, EmbeddedGuard)"),
    (check_names, "demur.run.utils", ""),
    (check_names, "demur.a", "class JournalManager: ..."),
    (check_privacy, "demur.a", "from demur.engines.embedded.forms import _lines"),
    (check_privacy, "demur.a", "from demur._hidden import name"),
    (check_privacy, "demur.a", "import demur._hidden"),
    (check_privacy, "demur.a", "from . import records"),
    (check_signatures, "demur.run.a", "def write(record: dict[str, Any]) -> None: ..."),
    (check_signatures, "demur.run.a", "class A:\n    def read(self) -> list[dict[str, Any]]: ..."),
    (check_dataclasses, "demur.run.a", "@dataclass\nclass A:\n    x: int"),
    (check_dataclasses, "demur.records", "@dataclass(slots=True)\nclass A:\n    x: int"),
    (check_test_docstrings, "test_a", "def test_it(): assert True"),
    (check_test_docstrings, "test_a", 'async def test_it():\n    """Something"""'),
]


@pytest.mark.parametrize(("check", "name", "text"), BROKEN)
def test_a_rule_can_be_broken(check: Check, name: str, text: str) -> None:
    """Each checker finds the fault in a sample that has it: none of them is blind."""
    assert list(check(module(text, name)))


KEPT: list[tuple[Check, str, str]] = [
    (check_size, "demur.a", "\n" * 399),
    (check_tasks, "demur.a", "async def f():\n    async with asyncio.TaskGroup() as group:\n        group.create_task(g())"),
    (check_tasks, "demur.a", "def f(self, work): return self._group.create_task(work)"),
    (check_terminal, "demur.cli.a", "print('x')"),
    (check_packages, "demur.engines.transport", "if TYPE_CHECKING:\n    import aiohttp"),
    (check_packages, "demur.cli.tables", "from rich.table import Table"),
    (check_privacy, "demur.a", "from __future__ import annotations\nfrom demur.version import __version__"),
    (check_signatures, "demur.run.a", "def _read(record: dict[str, Any]) -> None: ..."),
    (check_signatures, "demur.run.a", "def open(settings: AnyEngine) -> Engine: ..."),
    (check_test_docstrings, "test_a", 'def test_it():\n    """It\n    does."""'),
]  # fmt: skip


@pytest.mark.parametrize(("check", "name", "text"), KEPT)
def test_a_rule_lets_good_code_pass(check: Check, name: str, text: str) -> None:
    """No checker complains of what the rules allow."""
    assert list(check(module(text, name))) == []


def test_importing_everything_loads_nothing_lazy() -> None:
    """With every module outside the command line imported, the heavy packages are still unloaded."""
    names = [each.name for each in SOURCE if not each.within("demur.cli", "demur.__main__")]
    program = f"import importlib, sys\nfor name in {names}: importlib.import_module(name)\n"
    program += f"print([name for name in {(*LAZY, 'rich', 'argparse')} if name in sys.modules])"
    ended = subprocess.run(
        [sys.executable, "-c", program], env={"PYTHONPATH": str(ROOT / "src")}, capture_output=True, text=True, check=True
    )  # fmt: skip
    assert ended.stdout == "[]\n"


def test_the_tests_mirror_the_source() -> None:
    """Every folder of tests is a folder of the source, but for those that hold what tests need."""
    source = {path.name for path in (ROOT / "src/demur").iterdir() if path.is_dir()}
    tests = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and any(path.glob("test_*.py"))}
    assert tests - source <= {"data", "faults", "fuzz", "llama", "servers"}
    assert {"cli", "engines", "guards", "inputs", "outputs", "run", "stages"} <= tests


def test_nothing_in_the_checkout_names_a_folder_of_its_authors() -> None:
    """No file points to a place that only exists on one machine."""
    folders = ("src", "tests", "bench", "data", "tasks", "docs", "fms_dgt", "schemas")
    kinds = (".py", ".md", ".yaml", ".json", ".jsonl", ".jinja")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in kinds]
    marks = ["/" + place + "/" for place in ("work", "home", "root", "Users")]
    assert len(files) > 100
    assert [(path, mark) for path in files for mark in marks if mark in path.read_text()] == []
