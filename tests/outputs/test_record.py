from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from demur.inputs.builder_file import read_builder
from demur.inputs.validation import read_environment
from demur.outputs.files import encode
from demur.outputs.licences import UNKNOWN
from demur.outputs.record import CONTENT_WARNING, describe_file, describe_run, describe_summary
from demur.records import EngineUse, Origin, Stage, Status
from demur.usage import BudgetUse, StageUse
from demur.version import __version__
from tests.samples import make_summary

BUILDER = """\
databuilders:
  public/safety/refusal:
    blocks:
      - name: instruction_generator
        type: openai
        base_url: http://user:hush-one@localhost:9/v1
        api_key: hush-two
        model_id_or_path: big
        temperature: 0.8
      - name: granite_guardian
        lm_config: {type: openai, base_url: "http://user:hush-one@localhost:9/v1", api_key: hush-two, model_id_or_path: guard}
"""


def test_a_summary_says_what_each_stage_and_engine_did() -> None:
    """Counts by stage and reason, requests and tokens by engine, timings and files."""
    described = describe_summary(make_summary())
    assert described["stages"] == {
        "propose": {"kept": 15, "dropped": {"surplus": 1}},
        "dedupe": {"kept": 13, "dropped": {"near_duplicate": 2}},
        "screen_instruction": {"kept": 11, "dropped": {"instruction_safe": 1, "verdict_unreadable": 1}},
        "respond": {"kept": 10, "dropped": {"response_cut_off": 1}},
        "screen_response": {"kept": 10, "dropped": {}},
    }
    assert described["engines"] == [
        {
            "block": "instruction_generator", "engine": "scripted", "model": "generator", "asked": 3, "replayed": 1,
            "retried": 0, "failed": 0, "prompt_tokens": 1200, "completion_tokens": 345, "stages": {},
        },
        {
            "block": "granite_guardian", "engine": "openai", "model": "guardian:8b", "asked": 20, "replayed": 0,
            "retried": 2, "failed": 1, "prompt_tokens": 0, "completion_tokens": 0, "stages": {},
        },
    ]  # fmt: skip
    assert {name: described[name] for name in ("task", "status", "wanted", "accepted", "rounds", "surplus", "elapsed_s")} == {
        "task": "tests/lock_picking", "status": "complete", "wanted": 10, "accepted": 10, "rounds": 3, "surplus": 2,
        "elapsed_s": 12.346,
    }  # fmt: skip
    assert "detail" not in described


def test_an_engine_says_what_each_stage_used_and_cost() -> None:
    """What was asked and what the journal answered stand apart; a cost that is not known is null, and not nothing."""
    stages = {
        Stage.SCREEN_INSTRUCTION: StageUse(3, 1, 900, 30, 300, 10, 0.00042),
        Stage.SCREEN_RESPONSE: StageUse(2, 0, 800, 20, 0, 0, None),
    }
    use = EngineUse("granite_guardian", Origin("openai", "guard"), 5, 1, 0, 0, 2000, 60, hedged=2, by_stage=stages)
    budget = BudgetUse(2.5, None, None, 1760)
    described = describe_summary(make_summary(engines=(use,), budget=budget, status=Status.BUDGET_SPENT))
    engines = described["engines"]
    assert isinstance(engines, list)
    [engine] = engines
    assert engine["hedged"] == 2
    assert engine["stages"] == {
        "screen_instruction": {
            "asked": 3, "replayed": 1, "prompt_tokens": 900, "completion_tokens": 30,
            "replayed_prompt_tokens": 300, "replayed_completion_tokens": 10, "cost_usd": 0.00042,
        },
        "screen_response": {
            "asked": 2, "replayed": 0, "prompt_tokens": 800, "completion_tokens": 20,
            "replayed_prompt_tokens": 0, "replayed_completion_tokens": 0, "cost_usd": None,
        },
    }  # fmt: skip
    assert described["budget"] == {"max_cost_usd": 2.5, "max_tokens_total": None, "cost_usd": None, "tokens": 1760}
    assert described["status"] == "budget_spent"


def test_what_went_wrong_is_told() -> None:
    """A failed run says by what."""
    described = describe_summary(make_summary(status=Status.FAILED, failure="401: no such key"))
    assert (described["status"], described["failure"]) == ("failed", "401: no such key")


def test_the_run_record_names_every_input_by_its_hash(tmp_path: Path) -> None:
    """Files by path and SHA-256, templates by SHA-256, versions, seed, and the result."""
    policy = tmp_path / "policy.yaml"
    policy.write_bytes(b"risks: \xc3\xa9\n")
    record = describe_run(
        make_summary(),
        inputs={"policy": describe_file(policy)},
        settings={"dedup": {"threshold": 0.7}},
        texts={"respond.jinja": "é"},
        seed=42,
    )
    digest = hashlib.sha256(policy.read_bytes()).hexdigest()
    assert record["inputs"] == {"policy": {"path": str(policy), "sha256": digest}}
    assert record["templates"] == {"respond.jinja": hashlib.sha256("é".encode()).hexdigest()}
    assert (record["demur"], record["seed"], record["builder"]) == (__version__, 42, {"dedup": {"threshold": 0.7}})
    assert record["content_warning"] == CONTENT_WARNING
    assert record["result"] == describe_summary(make_summary())
    assert isinstance(record["versions"], dict)
    assert {"python", "platform", "aiohttp", "jinja2", "pydantic", "pyyaml", "rapidfuzz", "tenacity"} <= set(
        record["versions"]
    )
    assert record["licences"] == {"generator": "no model", "guardian:8b": UNKNOWN}
    written = datetime.fromisoformat(str(record["written"]))
    assert abs(datetime.now(UTC) - written) < timedelta(minutes=5)
    assert json.loads(encode(record, indent=2)) == record


def test_no_secret_reaches_the_run_record(workspace: Path) -> None:
    """Neither a key nor the credentials of an address, wherever they stand in the builder."""
    config = workspace / "builder.yaml"
    config.write_text(BUILDER)
    builder = read_builder(config, None, read_environment())
    written = encode(describe_run(make_summary(), inputs={}, settings=builder.describe(), texts={}, seed=0))
    assert "hush" not in written
    assert "api_key" not in written
    for kept in ("localhost:9/v1", "big", "0.8"):
        assert kept in written
