from __future__ import annotations

from pathlib import Path

import pytest

from demur.run.examine import Finding, examine
from demur.run.plan import Options, make_plan
from tests.run.world import World, make_runner
from tests.servers.behaviour import Dialect, Kind
from tests.servers.simulated import SimulatedServer


async def examine_server(
    workspace: Path, server: SimulatedServer, model: str = "simulated", kind: str = "openai"
) -> list[Finding]:
    """What the doctor finds where every block talks to one server."""
    url = server.url if kind == "ollama" else server.base_url
    engine = f"type: {kind}, base_url: '{url}', model_id_or_path: '{model}', api_key: key-of-mine"
    guard = f"type: openai, base_url: '{server.base_url}', model_id_or_path: '{model}', api_key: key-of-mine"
    config = workspace / "builder.yaml"
    config.write_text(
        "databuilders:\n  public/safety/refusal:\n    blocks:\n"
        f"      - {{name: instruction_generator, {engine}}}\n"
        f"      - {{name: response_generator, {engine}}}\n"
        f"      - {{name: granite_guardian, lm_config: {{{guard}}}}}\n"
    )
    plan = make_plan([workspace / "task.yaml"], Options(config=config))
    return [finding async for finding in examine(plan)]


@pytest.mark.parametrize(
    ("dialect", "kind", "words"),
    [
        ("ollama", "none", "ollama 0.13.0 answers at"),
        ("openai", "vllm", "vllm 0.13.0 answers at"),
        ("openai", "llama.cpp", "llama.cpp b6000-simulated answers at"),
    ],
)
async def test_a_server_that_takes_raw_prompts_passes(
    workspace: Path, dialect: Dialect, kind: Kind, words: str
) -> None:
    """Which server, which model, and that the guard sees the policy: all found, for each of the three blocks."""
    async with SimulatedServer(dialect=dialect, kind=kind) as server:
        findings = await examine_server(workspace, server)
    assert [finding for finding in findings if not finding.passed] == []
    assert sum(finding.words.startswith(words) for finding in findings) == 3
    assert sum("it has the model simulated" in finding.words for finding in findings) == 3
    assert [finding.subject for finding in findings[-2:]] == ["policy reaches the guard", "canaries of lock_picking"]


async def test_ollamas_own_protocol_passes_too(workspace: Path) -> None:
    """A generator by the native API, the guard by /v1 of the same server."""
    async with SimulatedServer(dialect="ollama") as server:
        findings = await examine_server(workspace, server, kind="ollama")
    assert all(finding.passed for finding in findings)


async def test_a_model_without_a_tag_is_the_latest(workspace: Path) -> None:
    """Ollama lists `name:latest` for what a builder calls `name`."""
    async with SimulatedServer(dialect="ollama", models=("simulated:latest",)) as server:
        findings = await examine_server(workspace, server)
    assert sum(finding.words == "it has the model simulated" for finding in findings) == 3


async def test_a_server_without_a_raw_route_is_found_out(workspace: Path) -> None:
    """It answers and has the model, and the guard's prompt cannot reach it: the hint says where it could."""
    async with SimulatedServer(dialect="openai", kind="none") as server:
        findings = await examine_server(workspace, server)
    assert all(finding.passed for finding in findings[:-1])
    assert findings[0].words.startswith("an OpenAI-compatible server answers at")
    last = findings[-1]
    assert not last.passed
    assert "Ollama" in last.hint


async def test_a_missing_model_names_the_command_that_brings_it(workspace: Path) -> None:
    """On an Ollama the hint is the pull; elsewhere it is the models that are there."""
    async with SimulatedServer(dialect="ollama", models=("other:8b",)) as server:
        findings = await examine_server(workspace, server, model="granite4:3b")
    missing = [finding for finding in findings if "does not list the model granite4:3b" in finding.words]
    assert [finding.hint for finding in missing] == ["ollama pull granite4:3b"] * 3
    assert findings[-1] == Finding(
        "canaries", False, "not tried: an engine is missing", "Mend the above, then ask again."
    )
    async with SimulatedServer(kind="vllm", models=("other:8b", "another")) as server:
        findings = await examine_server(workspace, server, model="granite4:3b")
    assert "Models there: another, other:8b." in {finding.hint for finding in findings}


async def test_llama_cpp_answers_to_any_name(workspace: Path) -> None:
    """Its one model is the one that was loaded: another name in the builder is told and is no fault."""
    async with SimulatedServer(kind="llama.cpp") as server:
        findings = await examine_server(workspace, server, model="whatever")
    assert all(finding.passed for finding in findings)
    assert sum("does not list the model whatever" in finding.words for finding in findings) == 3


async def test_nothing_there_is_told_for_each_block(workspace: Path) -> None:
    """A server that is gone is three findings, and the guard is not tried; no key is told."""
    async with SimulatedServer() as server:
        pass
    findings = await examine_server(workspace, server)
    assert [finding.passed for finding in findings] == [False] * 4
    assert all("nothing answers" in finding.words for finding in findings[:3])
    assert "key-of-mine" not in repr(findings)


async def test_a_guard_that_says_yes_to_everything_is_told(workspace: Path) -> None:
    """Endpoint and model are there, and the canaries are not told apart."""
    async with SimulatedServer(kind="vllm", answer=lambda *_: "<score> yes </score>") as server:
        findings = await examine_server(workspace, server)
    failed = {finding.subject for finding in findings if not finding.passed}
    assert failed == {"policy reaches the guard", "canaries of lock_picking"}


async def test_engines_of_this_process_need_no_server(workspace: Path) -> None:
    """Embedded engines pass, each block named."""
    plan = make_plan([workspace / "task.yaml"], Options(engines="embedded"))
    findings = [finding async for finding in examine(plan)]
    assert [finding.words for finding in findings[:2]] == ["embedded: runs in this process, no server"] * 2
    assert [finding.subject for finding in findings if finding.subject.startswith("canaries")] == [
        "canaries of lock_picking"
    ]


async def test_replacements_are_examined_in_place_of_the_builders_engines(workspace: Path) -> None:
    """A caller's own guard engine is what the canaries are tried on."""
    world = World()
    plan = make_runner(workspace, world).plan
    findings = [finding async for finding in examine(plan)]
    assert [finding for finding in findings if not finding.passed] == []
    assert {type(request.ask).__name__ for request in world.answered} == {"JudgeAsk"}
