from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

from tests.lints import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
MAX_PACKAGES = 30


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel of a copy of the checkout, built without a network."""
    copy = tmp_path_factory.mktemp("packaging") / "checkout"
    ignored = shutil.ignore_patterns(".*", "__pycache__", "output", "dist")
    shutil.copytree(ROOT, copy, ignore=ignored)
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel"]
    built = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = (copy / "dist").glob("*.whl")
    return zipfile.ZipFile(path)


def test_the_wheel_holds_the_whole_package(wheel: zipfile.ZipFile) -> None:
    """Every file below src/demur: the modules, and the builders, templates and starter files that they read."""
    source = {
        str(path.relative_to(ROOT / "src"))
        for path in (ROOT / "src/demur").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert packed == source
    for needed in (
        "demur/py.typed",
        "demur/builders/refusal.yaml",
        "demur/stages/templates/propose.jinja",
        "demur/stages/templates/respond.jinja",
        "demur/stages/templates/twin.jinja",
        "demur/stages/templates/assist.jinja",
        "demur/stages/templates/mutate.jinja",
        "demur/starter/task.yaml",
        "demur/starter/policy.yaml",
        "demur/starter/seed_examples.jsonl",
    ):
        assert needed in packed


def test_the_wheel_holds_nothing_else(wheel: zipfile.ZipFile) -> None:
    """Neither tests nor benchmarks, nor the folder that only serves a checkout."""
    tops = {name.partition("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"demur"}
    assert len(tops) == 2


def test_the_wheel_says_what_it_needs(wheel: zipfile.ZipFile) -> None:
    """Its metadata names version, licence, Python and dependencies as the project does, and the command is there."""
    name = next(name for name in wheel.namelist() if name.endswith("/METADATA"))
    metadata = message_from_bytes(wheel.read(name))
    version = re.search(r'"(.+)"', (ROOT / "src/demur/version.py").read_text().splitlines()[-1])
    assert version is not None
    assert (metadata["Name"], metadata["Version"]) == ("demur", version.group(1))
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.11"
    required = metadata.get_all("Requires-Dist") or []
    assert {line for line in required if "extra ==" not in line} == set(PROJECT["project"]["dependencies"])
    entry = next(name for name in wheel.namelist() if name.endswith("/entry_points.txt"))
    assert "demur = demur.__main__:main" in wheel.read(entry).decode()


def test_the_unpacked_wheel_runs(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    """Far from the checkout, a new task is laid out and checked with nothing but what the wheel brings."""
    wheel.extractall(tmp_path / "site")
    for arguments in (
        ["new", "mine"],
        ["check", "mine/task.yaml"],
        ["check", "mine/task.yaml", "--engines", "embedded"],
    ):
        ended = subprocess.run(
            [sys.executable, "-m", "demur", *arguments],
            cwd=tmp_path, env={"PYTHONPATH": str(tmp_path / "site")}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stderr


def read_pins(name: str) -> dict[str, list[str]]:
    """The packages that a lock file pins, each `name==version` with its hashes."""
    pins: dict[str, list[str]] = {}
    current = ""
    for line in (ROOT / "requirements" / name).read_text().splitlines():
        words = line.strip().rstrip("\\").strip()
        if words.startswith("--hash="):
            pins[current].append(words.removeprefix("--hash="))
        elif words and not words.startswith("#"):
            current = words
            pins[current] = []
    return pins


def normalise(requirement: str) -> str:
    """A package's name, as the index compares it."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found is not None
    return re.sub(r"[-_.]+", "-", found.group()).lower()


@pytest.mark.parametrize("name", ["run.txt", "dev.txt"])
def test_every_pin_is_exact_and_has_hashes(name: str) -> None:
    """What is installed is what was locked, byte for byte."""
    pins = read_pins(name)
    assert pins
    for pin, hashes in pins.items():
        assert re.match(r"[a-z0-9.-]+==[^ ;]+( ;.+)?$", pin), pin
        assert hashes, pin
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in hashes), pin


def test_every_dependency_is_locked() -> None:
    """What pyproject.toml names stands in run.txt; the extras but vLLM and the tools for development in dev.txt."""
    run = {normalise(pin) for pin in read_pins("run.txt")}
    dev = {normalise(pin) for pin in read_pins("dev.txt")}
    project = PROJECT["project"]
    # vLLM needs a GPU, and a torch of several gigabytes: nobody develops with it here.
    extras = [each for name, extra in project["optional-dependencies"].items() for each in extra if name != "vllm"]
    assert {normalise(each) for each in project["dependencies"]} <= run
    assert {normalise(each) for each in (*extras, *PROJECT["dependency-groups"]["dev"])} <= dev


def test_both_locks_agree() -> None:
    """Tests run on the very versions that a user gets."""
    dev = read_pins("dev.txt")
    for pin, hashes in read_pins("run.txt").items():
        assert dev.get(pin) == hashes, pin


def test_demur_stays_small() -> None:
    """At most 30 packages without extras, demur itself included."""
    assert len(read_pins("run.txt")) + 1 <= MAX_PACKAGES
