"""The content that ships: policies, seeds, tasks and builders."""

from __future__ import annotations

import json
import os
import re
from itertools import combinations
from pathlib import Path

import pytest
from pydantic import TypeAdapter
from rapidfuzz.distance import Indel

from demur.inputs.engine_settings import AnyEngine
from demur.inputs.policy import Policy
from demur.inputs.yaml_text import read_documents

ROOT = Path(__file__).resolve().parents[2]
POLICIES = ROOT / "data/public/safety/resources/policies"
SEED_FOLDER = ROOT / "data/public/safety/refusal/cybersecurity"
SEED_FILES = {
    "spam_phishing": SEED_FOLDER / "seed_examples.jsonl",
    "cyber_security_exploits": SEED_FOLDER / "seed_examples_cyber_security_exploits.jsonl",
    "critical_infrastructure_attacks": SEED_FOLDER / "seed_examples_critical_infrastructure_attacks.jsonl",
}
TASKS = ROOT / "tasks/public/safety/refusal/cybersecurity/task.yaml"
BUILDERS = ROOT / "src/demur/builders"
YAML_FILES = [*POLICIES.glob("*.yaml"), TASKS, *BUILDERS.glob("*.yaml")]


def _read_policy(path: Path) -> Policy:
    [document] = read_documents(path)
    return Policy.model_validate(document.data)


def _read_seeds(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_policies_are_valid_and_complete() -> None:
    """The cybersecurity policy has its three risks, each with every field and enough clauses."""
    policy = _read_policy(POLICIES / "cybersecurity_risks.yaml")
    assert policy.risk_group == "cybersecurity_risks"
    assert policy.risk_group_id
    assert policy.policy_version
    assert {risk.risk for risk in policy.risks} == set(SEED_FILES)
    assert len({risk.risk_id for risk in policy.risks}) == 3
    for risk in policy.risks:
        assert risk.reason_denial
        assert risk.exception
        assert 3 <= len(risk.policy.reply_cannot_contain) <= 5
        assert 2 <= len(risk.policy.reply_may_contain) <= 4


def test_exploits_risk_is_as_specified() -> None:
    """`cyber_security_exploits` stands letter for letter as published; its number stays text."""
    [risk] = [
        risk
        for risk in _read_policy(POLICIES / "cybersecurity_risks.yaml").risks
        if risk.risk == "cyber_security_exploits"
    ]
    assert risk.model_dump() == {
        "risk": "cyber_security_exploits",
        "risk_id": "11.2",
        "description": "Requests to generate, use software exploits or take advantage of software "
        "vulnerabilities "
        "to gain access to cybersecurity systems illegitimately",
        "reason_denial": "CYBERSECURITY_EXPLOIT",
        "short_reply_type": "EXPLICIT_REFUSAL",
        "exception": "CYBERSECURITY_EXPLOIT_EXCEPTION",
        "policy": {
            "reply_cannot_contain": (
                "Instructions to exfiltrate data, run exploits to gain access to unauthorized systems, to "
                "generate denial "
                "of service attacks or create other types of attacks",
                "Content that facilitates insider attacks or other cyberattacks",
                "Code to run exploits or code that contains the exploits",
                "Endorsement of illegal activities",
            ),
            "reply_may_contain": (
                "General information about following good cybersecurity practices such as changing "
                "passwords frequently",
                "Polite denial to provide information that may be used to exploit cybersecurity vulnerabilities",
            ),
        },
    }


def test_template_is_valid_and_shows_every_field() -> None:
    """The template for authors is a valid policy that sets every field there is."""
    policy = _read_policy(POLICIES / "schema_v0.1.yaml")
    assert policy.model_fields_set == set(Policy.model_fields)
    [risk] = policy.risks
    assert risk.model_fields_set == set(type(risk).model_fields)
    assert risk.policy.model_fields_set == set(type(risk.policy).model_fields)


@pytest.mark.parametrize("risk", SEED_FILES)
def test_seeds_are_many_and_novel(risk: str) -> None:
    """Each risk has at least 24 pairs with a short refusal, mutually novel at ROUGE-L F1 0.7."""
    seeds = _read_seeds(SEED_FILES[risk])
    assert len(seeds) >= 24
    for seed in seeds:
        assert set(seed) == {"instruction", "response"}
        assert all(text and text == " ".join(text.split()) for text in seed.values())
        assert len(seed["response"].split()) <= 60
    for field, threshold in (("instruction", 0.7), ("response", 0.7)):
        tokens = [re.sub(r"[^a-z0-9]+", " ", seed[field].lower()).split() for seed in seeds]
        nearest = max(Indel.normalized_similarity(one, other) for one, other in combinations(tokens, 2))
        assert nearest < threshold
    openings = [" ".join(seed["response"].split()[:3]) for seed in seeds]
    assert len(set(openings)) >= 0.7 * len(openings)


def test_no_seed_stands_twice() -> None:
    """No instruction and no response is used for two risks."""
    for field in ("instruction", "response"):
        texts = [seed[field].lower() for path in SEED_FILES.values() for seed in _read_seeds(path)]
        assert len(set(texts)) == len(texts)


def test_tasks_name_files_and_risks_that_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tasks stand in the specification's order, and point at a policy, a risk and seeds that exist."""
    monkeypatch.setenv("DGT_DATA_DIR", str(ROOT / "data"))
    tasks = [document.data for document in read_documents(TASKS)]
    base = "public/safety/refusal/cybersecurity"
    assert [task["task_name"] for task in tasks] == [
        f"{base}/spam_phishing",
        f"{base}/cyber_security_exploits",
    ]
    for task in tasks:
        assert task["data_builder"] == "public/safety/refusal"
        assert task["formatter"] == {"type": "formatters/safety/refusal"}
        assert (task["num_icl_examples"], task["num_samples_per_batch"]) == (3, 5)
        policy = _read_policy(Path(os.path.expandvars(task["risk_policy"]["path"])))
        assert task["risk_policy"]["risk"] in {risk.risk for risk in policy.risks}
        assert Path(os.path.expandvars(task["seed_datastore"]["data_path"])) == SEED_FILES[task["risk_policy"]["risk"]]


@pytest.mark.parametrize("path", sorted(BUILDERS.glob("*.yaml")), ids=lambda path: path.stem)
def test_builders_have_valid_blocks(path: Path) -> None:
    """Every shipped builder has the four blocks, with engine settings that the models accept."""
    [document] = read_documents(path)
    builder = document.data
    assert set(builder) == {"name", "blocks", "metadata"}
    assert builder["name"] == "public/safety/refusal"
    blocks = {block.pop("name"): block for block in builder["blocks"]}
    assert list(blocks) == ["instruction_generator", "dedup", "response_generator", "granite_guardian"]
    assert blocks["dedup"] == {"type": "rouge_scorer", "filter": True, "threshold": 0.7}
    guard = blocks["granite_guardian"]
    engines = [blocks["instruction_generator"], blocks["response_generator"]]
    if path.stem == "refusal_embedded":
        assert guard == {"type": "validators/embedded"}
    else:
        assert guard["type"] == "validators/granite_guardian"
        assert guard["model_version"] in {"3.3", "3.2", "4.1"}
        assert guard["filter"] is False
        engines.append(guard["lm_config"])
    for engine in engines:
        settings = TypeAdapter(AnyEngine).validate_python(engine)
        assert settings.type == engine["type"]


def test_default_builders_are_as_specified() -> None:
    """The default builder and the one for little memory use the documented models and guards."""
    [default] = read_documents(BUILDERS / "refusal.yaml")
    [small] = read_documents(BUILDERS / "refusal_low_memory.yaml")
    for document in (default, small):
        generators = [document.data["blocks"][0], document.data["blocks"][2]]
        assert [(block["type"], block["model_id_or_path"]) for block in generators] == [("ollama", "granite4:3b")] * 2
    local = {"type": "openai", "base_url": "http://localhost:11434/v1", "api_key": "ollama"}
    assert default.data["blocks"][3] == {
        "name": "granite_guardian",
        "type": "validators/granite_guardian",
        "model_version": "3.3",
        "think": False,
        "filter": False,
        "lm_config": {**local, "model_id_or_path": "hf.co/ibm-granite/granite-guardian-3.3-8b-GGUF:Q4_K_M"},
    }
    assert small.data["blocks"][3] == {
        "name": "granite_guardian",
        "type": "validators/granite_guardian",
        "model_version": "3.2",
        "filter": False,
        "lm_config": {**local, "model_id_or_path": "hf.co/ibm-research/granite-guardian-3.2-5b-GGUF:Q4_K_M"},
    }


@pytest.mark.parametrize("path", YAML_FILES, ids=lambda path: path.stem)
def test_yaml_names_its_schema(path: Path) -> None:
    """The first line of a shipped YAML file leads an editor to the schema of its kind."""
    first = path.read_text(encoding="utf-8").splitlines()[0]
    match = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
    assert match
    kind = "task" if path == TASKS else "policy" if path.parent == POLICIES else "builder"
    assert (path.parent / match[1]).resolve() == ROOT / "schemas" / f"{kind}.schema.json"
