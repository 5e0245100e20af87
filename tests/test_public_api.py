from __future__ import annotations

import ast
from pathlib import Path

import demur

NAMES = """
__version__ Chat DemurError Drop Engine EngineError Guard Identity InputError JudgeAsk Message NoveltyIndex Options Pair
Plan ProposeAsk Raw Reply Request RespondAsk RunResult Runner Sampling ScriptedEngine Seed Summary TokenLogprob Usage
Verdict make_plan
"""


def test_the_public_names_are_these() -> None:
    """A name is added to or taken from the API on purpose only, and each is to be had."""
    assert sorted(demur.__all__) == sorted(NAMES.split())
    for name in demur.__all__:
        assert getattr(demur, name) is not None


def test_a_type_checker_sees_the_same_names() -> None:
    """What is imported for type checkers is what is imported in truth."""
    tree = ast.parse(Path(demur.__file__).read_text())
    imported = {
        alias.asname
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname
    }
    assert imported | {"__version__"} == set(demur.__all__)
