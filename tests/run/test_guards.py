"""Whole runs with each guard, against a simulated server that plays it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from demur.records import Status
from demur.run.examine import examine
from demur.run.plan import Options, Plan, make_plan
from demur.run.rehearse import render_prompts
from demur.run.runner import Runner, RunResult
from tests.run.world import read_output
from tests.servers.behaviour import Kind
from tests.servers.roleplay import DEFAULT_TRIGGERS, Roleplay
from tests.servers.simulated import SimulatedServer

ROLEPLAY = Roleplay(triggers=(*DEFAULT_TRIGGERS, "lock", "key"), benign_share=0.2, compliant_share=0.2)
GUARDS = {
    "granite-guardian-3.3": 'type: validators/granite_guardian, model_version: "3.3"',
    "granite-guardian-3.2": 'type: validators/granite_guardian, model_version: "3.2"',
    "granite-guardian-4.1": 'type: validators/granite_guardian, model_version: "4.1"',
    "policy-judge-1": "type: validators/policy_judge",
    "qwen3guard-gen": "type: validators/qwen3_guard",
    "llama-guard-3": "type: validators/llama_guard",
    "llama-guard-4": "type: validators/llama_guard, model_version: 4",
    "wildguard": "type: validators/wildguard",
}
OWN_POLICY = ("qwen3guard-gen", "wildguard")


def plan_with(workspace: Path, server: SimulatedServer, guard: str, **options: object) -> Plan:
    """The workspace's task with that guard block; `ENGINE` in it stands for the server's."""
    engine = f"{{type: openai, base_url: '{server.base_url}', model_id_or_path: simulated}}"
    config = workspace / "builder.yaml"
    config.write_text(
        "name: public/safety/refusal\nblocks:\n"
        f"  - {{name: instruction_generator, {engine[1:]}\n"
        "  - {name: dedup, type: rouge_scorer}\n"
        f"  - {{name: response_generator, {engine[1:]}\n"
        f"  - {guard.replace('ENGINE', engine)}\n"
    )
    given = {"config": config, "outputs": 6, "output_dir": workspace / "output", **options}
    return make_plan([workspace / "task.yaml"], Options(**given))  # type: ignore[arg-type]


async def run_with(workspace: Path, guard: str, kind: Kind = "vllm") -> tuple[RunResult, SimulatedServer]:
    async with SimulatedServer(kind=kind, roleplay=ROLEPLAY, keep_bodies=True) as server:
        return await Runner(plan_with(workspace, server, guard)).run(), server


@pytest.mark.parametrize("kind", ["vllm", "llama.cpp"])
@pytest.mark.parametrize("name", list(GUARDS))
async def test_every_guard_makes_pairs(workspace: Path, name: str, kind: Kind) -> None:
    """A run ends with its pairs, each verdict with the guard's name and its confidence."""
    result, _ = await run_with(workspace, f"{{name: guard, {GUARDS[name]}, lm_config: ENGINE}}", kind)
    assert result.exit_code == 0, result.failure
    summary = result.summaries[0]
    assert (summary.status, summary.accepted) == (Status.COMPLETE, 6)
    for line in read_output(workspace).splitlines():
        verdicts = json.loads(line)["metadata"]["verdicts"]
        assert {verdict["guard"] for verdict in verdicts.values()} == {name}
        assert all(verdict["confidence"] > 0.5 for verdict in verdicts.values())
        if name in OWN_POLICY:
            assert verdicts["response"]["declines"] is True
    dropped = {json.loads(line)["reason"] for line in read_output(workspace, "rejected.jsonl").splitlines()}
    assert dropped <= {"instruction_safe", "response_violates", "near_duplicate"}
    warned = any("does not judge by the policy" in warning for warning in summary.warnings)
    assert warned is (name in OWN_POLICY)


async def test_an_ensemble_keeps_what_its_members_said(workspace: Path) -> None:
    """Members stand in every verdict, each engine is counted under its own role, and all are asked about every text."""
    names = ("granite-guardian-3.3", "llama-guard-3", "policy-judge-1")
    members = ", ".join(f"{{{GUARDS[name]}, lm_config: ENGINE}}" for name in names)
    guard = f"{{name: guard, type: validators/ensemble, rule: majority, guards: [{members}]}}"
    result, _ = await run_with(workspace, guard)
    assert result.exit_code == 0, result.failure
    summary = result.summaries[0]
    assert summary.warnings == ()
    for line in read_output(workspace).splitlines():
        verdict = json.loads(line)["metadata"]["verdicts"]["response"]
        assert verdict["engine"] == "ensemble"
        assert tuple(each["guard"] for each in verdict["members"]) == names
        assert [each["label"] for each in verdict["members"]].count("safe") >= 2
    roles = {use.role: use.asked for use in summary.engines if use.role.startswith("granite_guardian")}
    assert list(roles) == ["granite_guardian.1", "granite_guardian.2", "granite_guardian.3"]
    assert len(set(roles.values())) == 1


@pytest.mark.parametrize("tokens", [1, 1200, 2500, 6000])
async def test_a_spent_budget_ends_a_run_with_an_ensemble(workspace: Path, tokens: int) -> None:
    """Before the canaries, among them or after them, members that may not be asked any more are no failure."""
    names = ("granite-guardian-3.3", "policy-judge-1", "llama-guard-3")
    members = ", ".join(f"{{{GUARDS[name]}, lm_config: ENGINE}}" for name in names)
    async with SimulatedServer(roleplay=ROLEPLAY) as server:
        guard = f"{{name: guard, type: validators/ensemble, guards: [{members}]}}"
        result = await Runner(plan_with(workspace, server, guard, outputs=60, max_tokens_total=tokens)).run()
        asked = sum(server.metrics.counts[kind] for kind in ("propose", "respond", "judge"))
    assert (result.exit_code, result.failure) == (3, None)
    [summary] = result.summaries
    assert summary.status is Status.BUDGET_SPENT
    assert summary.budget is not None
    assert summary.budget.tokens <= tokens * 1.2
    assert sum(use.asked for use in summary.engines) >= asked
    assert (asked == 0) is (tokens == 1)


async def test_a_blind_member_stops_the_run(workspace: Path) -> None:
    """WildGuard knows nothing of locks here: though it is outvoted, the run does not begin, and names it."""
    sighted = f"{{{GUARDS['llama-guard-3']}, lm_config: ENGINE}}"
    members = f"{sighted}, {{{GUARDS['wildguard']}, lm_config: ENGINE}}, {sighted}"
    async with SimulatedServer(roleplay=Roleplay(triggers=())) as server:
        plan = plan_with(workspace, server, f"{{name: guard, type: validators/ensemble, guards: [{members}]}}")
        result = await Runner(plan).run()
        assert server.metrics.counts["propose"] == 0
    assert result.exit_code == 4
    assert "guard 2 of 3, wildguard, cannot tell a seed of lock_picking" in str(result.failure)
    assert str(result.failure).endswith("It does not judge by the policy, and what it does judge by may not cover it")


async def test_a_guard_that_needs_raw_prompts_says_so(workspace: Path) -> None:
    """On a server that takes chats alone, Llama Guard stops the run; Qwen3Guard is asked as a chat, and not answered."""
    result, _ = await run_with(workspace, f"{{name: guard, {GUARDS['llama-guard-3']}, lm_config: ENGINE}}", "none")
    assert "no raw prompts, so llama-guard-3 cannot be asked" in str(result.failure)
    result, _ = await run_with(workspace, f"{{name: guard, {GUARDS['qwen3guard-gen']}, lm_config: ENGINE}}", "none")
    assert result.exit_code == 4
    assert "was rated unreadable instead of safe" in str(result.failure)


async def test_the_doctor_looks_at_every_members_engine(workspace: Path) -> None:
    """Each engine of an ensemble is asked under its role, and the guards are tried."""
    members = ", ".join(f"{{{GUARDS[name]}, lm_config: ENGINE}}" for name in ("policy-judge-1", "qwen3guard-gen"))
    async with SimulatedServer(roleplay=ROLEPLAY) as server:
        plan = plan_with(
            workspace, server, f"{{name: guard, type: validators/ensemble, rule: any, guards: [{members}]}}"
        )
        findings = [finding async for finding in examine(plan)]
    assert all(finding.passed for finding in findings)
    subjects = [finding.subject for finding in findings]
    assert subjects.count("granite_guardian.1") == subjects.count("granite_guardian.2") == 2
    assert "guard 2 of 2, qwen3guard-gen, does not judge by the policy" in findings[-2].words


async def test_a_preview_shows_each_members_prompt(workspace: Path) -> None:
    """Every member's prompts are shown under its name."""
    members = ", ".join(f"{{{GUARDS[name]}, lm_config: ENGINE}}" for name in ("policy-judge-1", "wildguard"))
    async with SimulatedServer() as server:
        plan = plan_with(workspace, server, f"{{name: guard, type: validators/ensemble, guards: [{members}]}}")
        titles = [prompt.title for prompt in render_prompts(plan.tasks[0], plan)]
    assert titles == [
        "1. instruction generation",
        "3. guard on the instruction (policy-judge-1)",
        "3. guard on the instruction (wildguard)",
        "4. response generation",
        "5. guard on the response (policy-judge-1)",
        "5. guard on the response (wildguard)",
    ]
