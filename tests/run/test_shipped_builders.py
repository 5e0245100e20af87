from __future__ import annotations

import json
from pathlib import Path

import pytest

from demur.records import Status
from demur.run.plan import Options, make_plan
from demur.run.runner import Runner
from tests.conftest import ROOT
from tests.servers.simulated import SimulatedServer

TASK = ROOT / "tasks/public/safety/refusal/cybersecurity/task.yaml"
GENERATOR = "{{name: {block}, type: {type}, base_url: {url}, model_id_or_path: generator}}"
SERVERS = {
    "ollama": ("ollama", "none", "ollama", "3.3"),
    "ollama-low-memory": ("ollama", "none", "ollama", "3.2"),
    "vllm": ("openai", "vllm", "vllm-server", "3.3"),
    "openai": ("openai", "none", "openai", "4.1"),
}


def point_at(config: Path, url: str, kind: str) -> None:
    """A short form that sends every block of a shipped builder to one server, and changes nothing else."""
    generator_url = url if kind == "ollama" else f"{url}/v1"
    config.write_text(
        "databuilders:\n  public/safety/refusal:\n    blocks:\n"
        f"      - {{name: instruction_generator, base_url: {generator_url}}}\n"
        f"      - {{name: response_generator, base_url: {generator_url}}}\n"
        f"      - {{name: granite_guardian, lm_config: {{base_url: {url}/v1}}}}\n"
    )


@pytest.mark.parametrize("engines", list(SERVERS))
async def test_every_shipped_builder_makes_pairs_on_its_server(workspace: Path, engines: str) -> None:
    """The specification's tasks are completed on a server of each builder's kind, and the guard gives its confidence."""
    dialect, kind, engine, version = SERVERS[engines]
    async with SimulatedServer(dialect=dialect, kind=kind, keep_bodies=True) as server:
        point_at(workspace / "b.yaml", server.url, dialect)
        options = Options(
            outputs=6, engines=engines, config=workspace / "b.yaml", output_dir=workspace / "o", data_dir=ROOT / "data"
        )
        result = await Runner(make_plan([TASK], options)).run()
        bodies = server.metrics.bodies
    assert result.exit_code == 0, result.failure
    assert [summary.status for summary in result.summaries] == [Status.COMPLETE, Status.COMPLETE]
    lines = (
        (workspace / "o/public/safety/refusal/cybersecurity/spam_phishing/final_data.jsonl").read_text().splitlines()
    )
    for record in map(json.loads, lines):
        for verdict in record["metadata"]["verdicts"].values():
            assert verdict["guard"] == f"granite-guardian-{version}"
            assert verdict["confidence"] > 0.5
        assert record["metadata"]["instruction_by"]["engine"] == engine
    # Wherever the guard was asked, the policy's clauses stood in what was sent.
    judged = [
        json.dumps(body) for _, body in bodies if "phishing" in json.dumps(body) and "yes" in json.dumps(body).lower()
    ]
    assert judged
    assert not any("chat_template_kwargs" in body for body in judged)


async def test_a_server_that_drops_the_policy_is_found_out(workspace: Path) -> None:
    """Guardian 3.3 on a server that applies its own template: the run stops before it begins and says why."""
    async with SimulatedServer(kind="none") as server:
        point_at(workspace / "b.yaml", server.url, "openai")
        config = workspace / "b.yaml"
        config.write_text(config.read_text() + '      - {name: granite_guardian, model_version: "3.3"}\n')
        text = config.read_text().replace(
            f"      - {{name: granite_guardian, lm_config: {{base_url: {server.url}/v1}}}}\n", ""
        )
        config.write_text(
            text.replace('model_version: "3.3"', f'model_version: "3.3", lm_config: {{base_url: {server.url}/v1}}')
        )
        options = Options(
            outputs=3, engines="openai", config=config, output_dir=workspace / "o", data_dir=ROOT / "data"
        )
        result = await Runner(make_plan([TASK], options)).run()
        counts = server.metrics.counts
    assert result.exit_code == 4
    assert "the policy cannot reach Granite Guardian 3.3" in str(result.failure)
    assert counts["propose"] == 0
