from __future__ import annotations

import json
from pathlib import Path

from demur.inputs.builder_file import ENGINES, SHIPPED
from tests.cli.commands import run_demur


def test_engines_lists_builders_and_types_and_never_fails(workspace: Path) -> None:
    """Every name is there with what it lacks, and the exit code is 0."""
    ended = run_demur("engines", cwd=workspace, env={"HF_HOME": str(workspace)})
    assert ended.returncode == 0, ended.stderr
    for name in SHIPPED:
        assert f"\n{name}: " in ended.stdout
    for kind in ENGINES:
        assert f"\n  {kind}" in ended.stdout
    assert "embedded: ready" in ended.stdout
    assert "hf.co/ibm-granite/granite-guardian-3.3-8b-GGUF:Q4_K_M" in ended.stdout
    assert "Set OPENAI_API_KEY" in ended.stdout


def test_engines_as_json_says_the_same(workspace: Path) -> None:
    """Builders with engines, found and missing; types with their extras. A key is told nowhere."""
    (workspace / ".env").write_text("OPENAI_API_KEY=key-of-mine\n")
    ended = run_demur("engines", "--json", cwd=workspace, env={"HF_HOME": str(workspace)})
    assert ended.returncode == 0, ended.stderr
    assert "key-of-mine" not in ended.stdout + ended.stderr
    told = json.loads(ended.stdout)
    assert [builder["name"] for builder in told["builders"]] == list(SHIPPED)
    assert [each["type"] for each in told["types"]] == list(ENGINES)
    [embedded] = [builder for builder in told["builders"] if builder["name"] == "embedded"]
    assert embedded["ready"]
    for builder in told["builders"]:
        assert builder["ready"] is all(engine["ready"] for engine in builder["engines"])
        for engine in builder["engines"]:
            assert engine["ready"] is not bool(engine["missing"])
            assert engine["blocks"]
