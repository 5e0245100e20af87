from __future__ import annotations

import re
from pathlib import Path

import pytest

from demur.errors import InputError
from demur.inputs.builder_file import BLOCKS, OPTIONAL, SHIPPED, Builder, read_builder
from demur.inputs.engine_blocks import list_engines
from demur.inputs.engine_settings import OllamaSettings, OpenAISettings
from demur.inputs.guard_settings import EmbeddedGuardSettings, GraniteGuardSettings

WHOLE = """\
name: public/safety/refusal
blocks:
  - name: instruction_generator
    type: ollama
    model_id_or_path: granite4:3b
  - name: dedup
    type: rouge_scorer
    threshold: 0.7
  - name: response_generator
    type: ollama
    model_id_or_path: granite4:3b
  - name: granite_guardian
    type: validators/granite_guardian
    model_version: "3.3"
    lm_config: {type: openai, base_url: "http://localhost:11434/v1", api_key: ollama, model_id_or_path: guardian}
"""
SHORT = "databuilders:\n  public/safety/refusal:\n    blocks:\n"


def read(folder: Path, text: str, engines: str | None = None, **environment: str) -> Builder:
    config = folder / "builder.yaml"
    config.write_text(text)
    return read_builder(config, engines, environment)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_builder_is_read(name: str) -> None:
    """By the name that `--engines` takes; the default is Ollama's."""
    builder = read_builder(None, name, {"OPENAI_API_KEY": "k"})
    assert builder.dedup.threshold == 0.7
    assert [path.name for path in builder.sources] == [SHIPPED[name]]
    assert read_builder(None, None, {}).sources == read_builder(None, "ollama", {}).sources


def test_the_default_builder_is_the_specifications() -> None:
    """granite4:3b on Ollama writes; Guardian 3.3 judges, by type openai at Ollama's compatible endpoint."""
    builder = read_builder(None, None, {})
    assert isinstance(builder.instruction_generator, OllamaSettings)
    assert builder.instruction_generator.model_id_or_path == "granite4:3b"
    assert isinstance(builder.guard, GraniteGuardSettings)
    assert builder.guard.model_version == "3.3"
    assert isinstance(builder.guard.lm_config, OpenAISettings)
    assert builder.guard.lm_config.base_url == "http://localhost:11434/v1"


def test_a_whole_builder_stands_alone(tmp_path: Path) -> None:
    """It is read as it is; a shipped one beside it would have nothing to say."""
    builder = read(tmp_path, WHOLE)
    assert [path.name for path in builder.sources] == ["builder.yaml"]
    with pytest.raises(InputError, match="--engines vllm has nothing to say"):
        read(tmp_path, WHOLE, engines="vllm")


def test_the_short_form_overrides_single_keys(tmp_path: Path) -> None:
    """What it names is replaced, also within lm_config; all else stays the shipped builder's."""
    builder = read(
        tmp_path,
        SHORT + "      - {name: instruction_generator, temperature: 0.4}\n"
        "      - {name: granite_guardian, think: true, lm_config: {model_id_or_path: other}}\n",
    )
    shipped = read_builder(None, None, {})
    assert builder.instruction_generator == shipped.instruction_generator.model_copy(update={"temperature": 0.4})
    assert isinstance(builder.guard, GraniteGuardSettings)
    assert isinstance(shipped.guard, GraniteGuardSettings)
    assert builder.guard.think
    assert builder.guard.lm_config == shipped.guard.lm_config.model_copy(update={"model_id_or_path": "other"})
    assert builder.response_generator == shipped.response_generator
    assert [path.name for path in builder.sources] == ["refusal.yaml", "builder.yaml"]


def test_another_type_replaces_a_block_whole(tmp_path: Path) -> None:
    """Settings of the old type do not linger in the new one."""
    builder = read(tmp_path, SHORT + "      - {name: granite_guardian, type: validators/embedded}\n")
    assert isinstance(builder.guard, EmbeddedGuardSettings)


def test_the_memory_constrained_snippet_is_read_as_written(tmp_path: Path) -> None:
    """The specification's guard block for 3.2-5b, pasted into the short form."""
    block = """\
      - name: granite_guardian
        type: validators/granite_guardian
        model_version: "3.2"
        filter: false
        lm_config:
          type: openai
          base_url: http://localhost:11434/v1
          api_key: ollama
          model_id_or_path: hf.co/ibm-research/granite-guardian-3.2-5b-GGUF:Q4_K_M
"""
    guard = read(tmp_path, SHORT + block).guard
    assert isinstance(guard, GraniteGuardSettings)
    assert guard.model_version == "3.2"
    assert read_builder(None, "ollama-low-memory", {}).guard == guard


def test_environment_variables_are_expanded_in_blocks(tmp_path: Path) -> None:
    """A key from the environment; one that is not set is told with its line."""
    text = WHOLE.replace("api_key: ollama", "api_key: '${MY_KEY}'")
    guard = read(tmp_path, text, MY_KEY="k").guard
    assert isinstance(guard, GraniteGuardSettings)
    assert isinstance(guard.lm_config, OpenAISettings)
    assert guard.lm_config.api_key is not None
    assert guard.lm_config.api_key.get_secret_value() == "k"
    with pytest.raises(InputError, match=r"builder\.yaml:15: the environment variable MY_KEY is not set"):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("name: public/safety/refusal", "name: public/safety/refusals", r":1: no builder is called"),
        ("name: dedup", "name: dedupe", r":6: no block is called 'dedupe'"),
        ("name: dedup", "name: instruction_generator", r":6: the block 'instruction_generator' stands here twice"),
        ("type: rouge_scorer", "type: bleu", r":7: the block 'dedup' cannot have the type 'bleu'"),
        ("    type: rouge_scorer\n", "", r"the block 'dedup' has no type"),
        ("threshold: 0.7", "treshold: 0.7", r":8: unknown key 'treshold'"),
        ("threshold: 0.7", "threshold: 0", r":8: .*threshold: "),
        ('"3.3"', '"3.1"', r":14: .*model_version cannot be '3.1'"),
        ("type: ollama", "type: litellm-proxy", r":4: the block 'instruction_generator' cannot have the type"),
        ("type: ollama", "type: olama", r":4: the block 'instruction_generator' cannot have the type 'olama'"),
        ("  - name: dedup\n    type: rouge_scorer\n    threshold: 0.7\n", "", r"the block 'dedup' is missing"),
        ("  - name: dedup", "  - title: dedup", r":6: a block is a mapping with a name"),
        ("model_id_or_path: granite4:3b", "template: 7", r"template must be a path"),
        ("model_id_or_path: granite4:3b", "template: gone.jinja", r":5: no such template: gone\.jinja"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, old: str, new: str, words: str) -> None:
    """Unknown names and wrong values stand with file and line."""
    with pytest.raises(InputError, match=words) as raised:
        read(tmp_path, WHOLE.replace(old, new, 1))
    assert raised.value.exit_code == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- a\n- b\n", "one mapping of keys"),
        ("a: 1\n---\nb: 2\n", "one mapping of keys"),
        ("blocks: []\n", "'name' is missing"),
    ],
)
def test_a_file_of_another_form_is_refused(tmp_path: Path, text: str, words: str) -> None:
    """A list, several documents, a builder without a name."""
    with pytest.raises(InputError, match=words):
        read(tmp_path, text)


def test_unknown_names_come_with_the_nearest() -> None:
    """`--engines olama` says what was meant, and what there is."""
    with pytest.raises(InputError, match="no builder is called 'olama'") as raised:
        read_builder(None, "olama", {})
    assert raised.value.hint.startswith("Did you mean 'ollama'?")
    assert all(name in raised.value.hint for name in SHIPPED)


def test_a_builder_has_these_blocks() -> None:
    """The specification's names, and one that a builder may do without."""
    assert list(BLOCKS) == ["instruction_generator", "dedup", "response_generator", "granite_guardian", "refusal_judge"]
    assert {"refusal_judge"} == OPTIONAL


def test_guard_is_another_name_of_the_guards_block(tmp_path: Path) -> None:
    """`guard` stands for `granite_guardian`, in a whole builder and over a shipped one."""
    assert read(tmp_path, WHOLE.replace("name: granite_guardian", "name: guard")).guard == read(tmp_path, WHOLE).guard
    builder = read(tmp_path, SHORT + "      - {name: guard, type: validators/embedded}\n")
    assert isinstance(builder.guard, EmbeddedGuardSettings)


@pytest.mark.parametrize("names", [("guard", "granite_guardian"), ("granite_guardian", "guard"), ("guard", "guard")])
def test_a_guards_block_under_both_names_is_an_error(tmp_path: Path, names: tuple[str, str]) -> None:
    """Which of the two should count nobody could say."""
    blocks = "".join(f"      - {{name: {name}, type: validators/embedded}}\n" for name in names)
    with pytest.raises(InputError, match=f"the block '{names[1]}' stands here twice") as caught:
        read(tmp_path, SHORT + blocks)
    assert caught.value.hint == "guard and granite_guardian are the same block."


def test_no_secret_of_an_ensembles_engines_is_described(tmp_path: Path) -> None:
    """Keys, and passwords in addresses, are left out of what is recorded of a list of guards too."""
    engine = "{type: openai, base_url: 'http://me:hidden@localhost:1/v1', api_key: sesame, model_id_or_path: m}"
    guard = f"{{type: validators/policy_judge, lm_config: {engine}}}"
    block = f"      - {{name: guard, type: validators/ensemble, guards: [{guard}, {guard}]}}\n"
    described = str(read(tmp_path, SHORT + block).describe())
    assert "policy_judge" in described
    assert "http://localhost:1/v1" in described
    assert not any(secret in described for secret in ("sesame", "hidden", "api_key"))


def test_a_gateway_is_reached_by_openais_protocol(tmp_path: Path) -> None:
    """What has no engine of its own because it needs none is told which one to use."""
    with pytest.raises(InputError) as raised:
        read(tmp_path, WHOLE.replace("type: ollama", "type: litellm-proxy", 1))
    assert "`type: openai`" in raised.value.hint


JUDGE = "{name: refusal_judge, type: ollama, model_id_or_path: qwen3:8b}"


def test_a_refusal_judge_is_a_block_that_may_be_there(tmp_path: Path) -> None:
    """In a whole builder and over a shipped one; without it there is none, and nothing tells of one."""
    assert "refusal_judge" not in read(tmp_path, WHOLE).describe()
    assert read(tmp_path, WHOLE).refusal_judge is None
    for text in (f"{WHOLE}  - {JUDGE}\n", f"{SHORT}      - {JUDGE}\n"):
        builder = read(tmp_path, text)
        assert isinstance(builder.refusal_judge, OllamaSettings)
        assert builder.refusal_judge.model_id_or_path == "qwen3:8b"
        assert builder.describe()["refusal_judge"] == {"type": "ollama", "model_id_or_path": "qwen3:8b"}
        assert list_engines(builder)["refusal_judge"] == builder.refusal_judge


def test_a_refusal_judges_key_comes_from_the_environment_and_is_not_described(tmp_path: Path) -> None:
    """As with every other engine."""
    block = "{name: refusal_judge, type: openai, base_url: 'https://a:b@x.invalid/v1', model_id_or_path: m}"
    builder = read(tmp_path, f"{SHORT}      - {block}\n", OPENAI_API_KEY="sk-planted")
    assert isinstance(builder.refusal_judge, OpenAISettings)
    assert builder.refusal_judge.api_key is not None
    assert not any(secret in str(builder.describe()) for secret in ("sk-planted", "a:b"))


@pytest.mark.parametrize(
    ("block", "words", "hint"),
    [
        (
            "{name: refusal_judge, type: embedded}",
            "the block 'refusal_judge' cannot have the type 'embedded'",
            "ollama",
        ),
        ("{name: refusal_judge, model_id_or_path: m}", "the block 'refusal_judge' has no type", "ollama"),
        ("{name: refusal_judge, type: lm-studio}", "cannot have the type 'lm-studio'", "OpenAI's protocol"),
        (f"{JUDGE[:-1]}, template: x.jinja}}", "template", ""),
        ("{name: refusal_judges, type: ollama}", "no block is called 'refusal_judges'", "refusal_judge"),
        (f"{JUDGE}\n      - {JUDGE}", "the block 'refusal_judge' stands here twice", ""),
        (
            "{name: refusal_judge, type: watsonx, model_id_or_path: m, project_id: p, top_k: 5}",
            "watsonx.ai's chats take no `top_k`",
            "top_p",
        ),
    ],
)
def test_a_refusal_judge_that_cannot_be_is_told(tmp_path: Path, block: str, words: str, hint: str) -> None:
    """An engine without a model that reads, no type, an unknown one, a template, a wrong name, twice."""
    with pytest.raises(InputError, match=re.escape(words)) as raised:
        read(tmp_path, f"{SHORT}      - {block}\n")
    assert hint in (raised.value.hint or "")


@pytest.mark.parametrize(
    ("name", "script", "given"),
    [
        ("instruction_generator", "propose", ""),
        ("response_generator", "respond", ", respond: []"),
        ("refusal_judge", "judge_stance", ", propose: [x]"),
    ],
)
def test_a_scripted_block_without_replies_is_refused(tmp_path: Path, name: str, script: str, given: str) -> None:
    """Where it is read, with its line, and not by a run that drops every draft."""
    path = tmp_path / "b.yaml"
    block = f"      - {{name: {name}, type: scripted{given}}}\n"
    path.write_text("databuilders:\n  public/safety/refusal:\n    blocks:\n" + block)
    with pytest.raises(InputError, match=f"the block '{name}' has no replies: its '{script}' is ") as caught:
        read_builder(path, "embedded", {})
    assert (caught.value.line, f"{script}: [" in caught.value.hint) == (4, True)
    path.write_text(path.read_text().replace(block, f"      - {{name: {name}, type: scripted, {script}: [x]}}\n"))
    assert read_builder(path, "embedded", {}).sources[-1] == path
