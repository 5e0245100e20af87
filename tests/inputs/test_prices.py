from __future__ import annotations

from pathlib import Path

import pytest

from demur.errors import InputError
from demur.inputs.builder_file import read_builder
from demur.inputs.prices import FREE, Price, Prices

ANTHROPIC = "https://api.anthropic.com"
OPENAI = "https://api.openai.com/v1"


@pytest.mark.parametrize(
    ("engine", "model", "endpoint", "expected"),
    [
        ("anthropic", "claude-sonnet-5-5", "", Price(prompt=2, completion=10)),
        ("anthropic", "claude-sonnet-5-5", ANTHROPIC, Price(prompt=2, completion=10)),
        ("anthropic", "claude-haiku-4-5-20251001", ANTHROPIC, Price(prompt=1, completion=5)),
        ("anthropic", "claude-sonnet-5-5", "https://gateway.example", None),
        ("anthropic", "claude-opus-5-6", ANTHROPIC, None),
        ("openai", "gpt-4.1-mini", OPENAI, Price(prompt=0.40, completion=1.60)),
        ("openai", "gpt-4.1-mini", "http://localhost:4000/v1", None),
        ("openai", "my-finetune", OPENAI, None),
        ("azure-openai", "gpt-4.1-mini", OPENAI, None),
        ("watsonx", "ibm/granite-3-3-8b-instruct", "", None),
    ],
)
def test_a_hosted_models_price_is_known_or_unknown(
    engine: str, model: str, endpoint: str, expected: Price | None
) -> None:
    """By engine, address and model; a gateway's price, or a model's that nobody listed, is not known."""
    assert Prices({}).find(engine, model, endpoint) == expected


@pytest.mark.parametrize(
    "engine", ["ollama", "llama-cpp", "vllm", "vllm-server", "vllm-remote", "embedded", "scripted"]
)
def test_ones_own_machines_are_free(engine: str) -> None:
    """Nobody charges for tokens there."""
    assert Prices({}).find(engine, "granite", "http://localhost:1") == FREE
    assert FREE.compute_cost(10**9, 10**9) == 0


def test_what_ollama_passes_on_is_not_free() -> None:
    """Its cloud models are paid for, at a price that is not listed."""
    for model in ("gpt-oss:120b-cloud", "kimi:cloud"):
        assert Prices({}).find("ollama", model, "http://localhost:11434") is None


def test_ones_own_prices_go_first() -> None:
    """The exact name before a pattern, a longer pattern before a shorter one, for engines that are free otherwise too."""
    own = {
        "*": Price(prompt=1, completion=1),
        "gpt-4.1*": Price(prompt=2, completion=2),
        "gpt-4.1-mini": Price(prompt=3, completion=3),
    }
    found = [Prices(own).find("openai", model, OPENAI) for model in ("gpt-4.1-mini", "gpt-4.1-nano", "other")]
    assert [price.prompt for price in found if price] == [3, 2, 1]
    assert Prices(own).find("ollama", "granite", "") == own["*"]


def test_a_cost_is_by_the_million() -> None:
    """Prompt and completion at their own prices."""
    assert Price(prompt=0.4, completion=1.6).compute_cost(1_000_000, 500_000) == pytest.approx(1.2)


SHORT = """\
databuilders:
  public/safety/refusal:
    blocks: []
budget: {max_tokens_total: 5000}
prices: {granite: {prompt: 0.1, completion: 0.2}}
"""


def test_budget_and_prices_stand_in_either_form(tmp_path: Path) -> None:
    """In the short form too; the run record names them."""
    config = tmp_path / "b.yaml"
    config.write_text(SHORT)
    builder = read_builder(config, "embedded", {})
    assert (builder.spending.budget.max_cost, builder.spending.budget.max_tokens_total) == (None, 5000)
    assert builder.spending.prices == {"granite": Price(prompt=0.1, completion=0.2)}
    described = builder.describe()
    assert described["budget"] == {"max_tokens_total": 5000}
    assert described["prices"] == {"granite": {"prompt": 0.1, "completion": 0.2}}
    plain = read_builder(None, "embedded", {})
    assert plain.spending.budget.max_tokens_total is None
    assert not {"budget", "prices"} & set(plain.describe())


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("budget: {max_costs: 1}", "unknown key 'max_costs' in budget"),
        ("budget: {max_cost: -1}", "budget.max_cost"),
        ("budget: {max_tokens_total: 0}", "budget.max_tokens_total"),
        ("prices: {m: {prompt: 1}}", "the key 'completion' is missing in prices.m"),
        ("prices: {m: {prompt: -1, completion: 1}}", "prices.m.prompt"),
    ],
)
def test_what_cannot_be_a_budget_is_told_by_line(tmp_path: Path, line: str, complaint: str) -> None:
    """File, line and the nearest valid name."""
    config = tmp_path / "b.yaml"
    config.write_text(SHORT.partition("budget")[0] + line + "\n")
    with pytest.raises(InputError) as caught:
        read_builder(config, "embedded", {})
    assert complaint in str(caught.value)
    assert f"{config}:4" in str(caught.value)
