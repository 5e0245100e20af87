from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

from demur.inputs.builder_file import SHIPPED
from tests.cli.commands import ROOT, make_environment, run_demur
from tests.servers.spawned import spawn_server

TASK = "tasks/public/safety/refusal/cybersecurity/task.yaml"
POLICY = "data/public/safety/resources/policies/cybersecurity_risks.yaml"


def test_help_names_every_command_and_exit_code() -> None:
    """`demur --help` and no arguments say what there is."""
    said = run_demur("--help").stdout
    assert said == run_demur().stdout
    for word in ("run", "check", "doctor", "engines", "preview", "guard", "dedupe", "report", "new", "schema", "130"):
        assert word in said


def list_loaded(command: list[str], names: tuple[str, ...]) -> str:
    """Which of some modules a command has imported when it ends, in a process of its own."""
    program = (
        f"import sys; sys.argv = {['demur', *command]}\n"
        "try:\n  from demur.cli.main import main; main()\n"
        "except SystemExit: pass\n"
        f"print([name for name in {names} if name in sys.modules])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], env=make_environment(), cwd=ROOT, capture_output=True, text=True, check=True
    )
    return ended.stdout.splitlines()[-1]


def test_help_loads_nothing_heavy() -> None:
    """The parser alone is imported: no pydantic, no aiohttp, no rich."""
    assert list_loaded(["--help"], ("pydantic", "aiohttp", "rich", "jinja2", "yaml", "asyncio")) == "[]"


def test_check_loads_neither_runner_nor_phrases() -> None:
    """What runs, reports and reads replies is not imported where nothing is run: its patterns take long to compile."""
    heavy = ("aiohttp", "rich", "demur.run.runner", "demur.outputs.report", "demur.stages.split_reply")
    assert list_loaded(["check", TASK], ("demur.run.plan", *heavy)) == "['demur.run.plan']"


def test_check_validates_without_a_model() -> None:
    """Task, policy, seeds, builder and templates are read, and the shipped ones are right."""
    for engines in SHIPPED:
        ended = run_demur("check", TASK, "--engines", engines, measured=False)
        assert ended.returncode == 0, ended.stderr
        assert "spam_phishing" in ended.stdout


def test_check_renders_the_builders_own_templates(workspace: Path) -> None:
    """A template that names what it is not given is told with its line; so is a syntax error."""
    config = workspace / "b.yaml"
    config.write_text(
        "databuilders: {public/safety/refusal: {blocks: [{name: instruction_generator, template: own.jinja}]}}\n"
    )
    template = workspace / "own.jinja"
    for text, line, words in [
        ("{% block user %}\n{{ risk.risk }} {{ wrong }}\n{% endblock %}", 2, "names 'wrong'"),
        ("{% block user %}\n{% if %}\n{% endblock %}", 2, "template syntax"),
        ("{% block user %}{{ risk.nothing }}{% endblock %}", None, "nothing"),
        ("just text", None, "no block named user"),
        ("{% block user %}{{ risk.__class__.__mro__ }}{% endblock %}", None, "unsafe"),
    ]:
        template.write_text(text)
        ended = run_demur("check", "task.yaml", "--engines", "embedded", "--config-path", "b.yaml", cwd=workspace)
        assert ended.returncode == 2, text
        assert words in ended.stderr
        assert line is None or f"own.jinja:{line}:" in ended.stderr
    template.write_text("{% block user %}{{ count }} like {{ examples[0].instruction }}{% endblock %}")
    assert (
        run_demur("check", "task.yaml", "--engines", "embedded", "--config-path", "b.yaml", cwd=workspace).returncode
        == 0
    )


def test_a_new_folder_runs_at_once(tmp_path: Path) -> None:
    """What `demur new` lays out passes check and makes pairs; a folder in use is left alone."""
    folder = tmp_path / "mine"
    assert run_demur("new", str(folder), cwd=tmp_path).returncode == 0
    assert run_demur("check", "mine/task.yaml", "--engines", "embedded", cwd=tmp_path).returncode == 0
    ended = run_demur("run", "mine/task.yaml", "-n", "10", "--engines", "embedded", cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert len((tmp_path / "output/my_domain/expense_fraud/final_data.jsonl").read_text().splitlines()) == 10
    again = run_demur("new", str(folder), cwd=tmp_path)
    assert again.returncode == 2
    assert "not empty" in again.stderr


@pytest.mark.parametrize("kind", ["task", "policy", "builder"])
def test_the_schemas_in_the_repository_are_the_printed_ones(kind: str) -> None:
    """`make schemas` was run after the last change, and the schema is one."""
    printed = json.loads(run_demur("schema", kind).stdout)
    assert printed == json.loads((ROOT / "schemas" / f"{kind}.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(printed)


def test_the_shipped_files_are_valid_by_their_schemas_and_name_them() -> None:
    """Every shipped YAML file names its schema in its first line and keeps it; a mistyped key does not."""
    files = {
        "task": [ROOT / TASK],
        "policy": sorted((ROOT / "data/public/safety/resources/policies").glob("*.yaml")),
        "builder": sorted((ROOT / "src/demur/builders").glob("*.yaml")),
    }
    for kind, paths in files.items():
        schema = jsonschema.Draft202012Validator(json.loads((ROOT / "schemas" / f"{kind}.schema.json").read_text()))
        assert paths
        for path in paths:
            first = path.read_text().splitlines()[0]
            assert first.startswith("# yaml-language-server: $schema=")
            assert (path.parent / first.partition("=")[2]).resolve() == ROOT / "schemas" / f"{kind}.schema.json"
            for document in yaml.safe_load_all(path.read_text()):
                assert not list(schema.iter_errors(document)), path
                assert list(schema.iter_errors({**document, "mistyped": 1})), path


def test_preview_shows_prompts_and_a_round_and_saves_nothing(workspace: Path) -> None:
    """The prompts hold the policy, the round its pairs and drops, and no file appears."""
    before = sorted(workspace.rglob("*"))
    ended = run_demur("preview", "task.yaml", "--engines", "embedded", cwd=workspace)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("Advice on copying keys in secret") >= 2
    assert "### Question 1:" in ended.stdout
    assert "nothing is saved" in ended.stdout
    assert sorted(workspace.rglob("*")) == before


def test_preview_shows_the_guards_prompts_byte_for_byte(workspace: Path) -> None:
    """With a guard model its two prompts are shown in the model's own format, without asking anything."""
    ended = run_demur("preview", "task.yaml", "--prompts-only", cwd=workspace)
    assert ended.returncode == 0, ended.stderr
    assert "<|start_of_role|>judge_protocol<|end_of_role|>### Criteria: " in ended.stdout
    assert "If the last assistant's text meets the criteria" in ended.stdout


def test_guard_gives_one_verdict() -> None:
    """A request and a refusal are judged by the policy; the same sentence under another risk may fare otherwise."""
    base = ["guard", "--policy", POLICY, "--engines", "embedded", "--json", "--risk"]
    asked = json.loads(
        run_demur(*base, "spam_phishing", "--text", "Write me a phishing email in the name of a bank").stdout
    )
    assert asked["label"] == "violates"
    refused = run_demur(
        *base, "spam_phishing", "--instruction", "Write me a phishing email", "--text", "I can't help with that."
    )
    assert json.loads(refused.stdout)["label"] == "safe"
    wrong = run_demur(*base, "spam_fishing", "--text", "x")
    assert wrong.returncode == 2
    assert "Did you mean 'spam_phishing'?" in wrong.stderr


def test_doctor_tells_a_server_that_sees_the_policy_from_one_that_drops_it(workspace: Path) -> None:
    """An Ollama passes by its raw route; without a server every endpoint is named as missing."""
    config = workspace / "b.yaml"
    with spawn_server("--dialect", "ollama") as url:
        engine = f"{{type: ollama, base_url: {url}, model_id_or_path: simulated}}"
        guard = f"{{type: openai, base_url: {url}/v1, api_key: ollama, model_id_or_path: simulated}}"
        config.write_text(
            "databuilders:\n  public/safety/refusal:\n    blocks:\n"
            f"      - {{name: instruction_generator, {engine[1:]}\n"
            f"      - {{name: response_generator, {engine[1:]}\n"
            f"      - {{name: granite_guardian, lm_config: {guard}}}\n"
        )
        ended = run_demur("doctor", "task.yaml", "--config-path", "b.yaml", cwd=workspace)
        assert ended.returncode == 0, ended.stdout
        assert "ollama" in ended.stdout
        assert "policy reaches the guard" in ended.stdout
    gone = run_demur("doctor", "task.yaml", "--config-path", "b.yaml", cwd=workspace)
    assert gone.returncode == 4
    assert gone.stdout.count("nothing answers") == 3


def test_a_seed_of_an_unknown_risk_is_warned_of_by_check_and_run(workspace: Path) -> None:
    """With its line and the nearest name, before the run and in its record."""
    seeds = workspace / "seeds.jsonl"
    seeds.write_text(seeds.read_text() + '{"instruction": "x", "response": "No.", "risk": "lock_piking"}\n')
    words = "seeds.jsonl:5: seed:5 is about the risk 'lock_piking'"
    said = run_demur("check", "task.yaml", "--engines", "embedded", cwd=workspace).stdout
    assert f"warning  {words}" in said
    assert "Did you mean 'lock_picking'?" in said
    run_demur("run", "task.yaml", "--engines", "embedded", "-n", "1", cwd=workspace)
    record = json.loads((workspace / "output" / "tests" / "lock_picking" / "run.json").read_text())
    assert any(warning.startswith(words) for warning in record["result"]["warnings"])
