from __future__ import annotations

from pathlib import Path

import pytest

from demur.errors import InputError
from demur.inputs.builder_file import read_builder
from demur.inputs.task import read_tasks

FORMS = [
    ("contrast: 0.5", "contrast: a mapping of keys is wanted, not 0.5", "Did you mean {share: 0.5}? Keys: share, attempts."),
    ("runner_config: 5", "runner_config: a mapping of keys is wanted, not 5", "Did you mean {num_outputs_to_generate: 5}?"),
    ("balance: true", "balance cannot be true", "Valid: clause"),
    ("contrast: x", "contrast: a mapping of keys is wanted, not 'x'", "Keys: share, attempts."),
    ("mutate: typos", "mutate: a mapping of keys is wanted, not 'typos'", "Did you mean {kinds: [typos]}?"),
    ("replies: true", "replies: a mapping of keys is wanted, not true", "Did you mean {check: true}?"),
    ("replies: []", "replies: a mapping of keys is wanted, not a list", "Keys: check, max_words, "),
    ("card: MIT", "card: a mapping of keys is wanted, not 'MIT'", "Did you mean {license: MIT}?"),
    ("datastore: parquet", "datastore: a mapping of keys is wanted", "Did you mean {output_data_format: parquet}?"),
    ("decontaminate: [e.csv]", "decontaminate: a mapping of keys is wanted, not a list", "Did you mean {against: [e.csv]}?"),
    ("decontaminate: {against: e.csv}", "decontaminate.against: a list is wanted, not 'e.csv'", "Did you mean [e.csv]?"),
    ("decontaminate: {against: [e.csv], method: rouge_l}", "decontaminate.method: a list is wanted", "Did you mean [rouge_l]?"),
    ("card: {creators: Ann}", "card.creators: a list is wanted, not 'Ann'", "Did you mean [Ann]?"),
    ("card: {license: [MIT]}", "card.license: text is wanted, not a list", ""),
    ("mutate: []", "mutate: at least 1 item is wanted, and the list is empty", "Put one in"),
    ("axes: {persona: []}", "axes.persona: at least 1 item is wanted", "Put one in"),
    ("contrast: {share: .nan}", "contrast.share: a number is wanted, not '.nan'", ""),
    ("contrast: {share: 2}", "contrast.share: must be less than 1, and is 2", ""),
    ("replies: {max_words: 10.5}", "replies.max_words: a whole number is wanted, not 10.5", ""),
]  # fmt: skip


@pytest.mark.parametrize(("written", "words", "mend"), FORMS)
def test_a_value_of_the_wrong_form_is_told_in_plain_words(workspace: Path, written: str, words: str, mend: str) -> None:
    """What is wanted, what is there, and how to write it: one error, with its line."""
    path = workspace / "task.yaml"
    path.write_text(f"{written}\n{path.read_text()}")
    with pytest.raises(InputError) as caught:
        read_tasks(path, {})
    assert words in str(caught.value)
    assert mend in caught.value.hint
    assert (caught.value.line, caught.value.also) == (1, ())


def test_a_formats_name_alone_is_put_in_its_place(workspace: Path) -> None:
    """`formatter: messages` is nearly right."""
    path = workspace / "task.yaml"
    path.write_text(path.read_text().replace("formatter:\n  type: formatters/safety/refusal", "formatter: messages"))
    with pytest.raises(InputError, match="formatter: a mapping of keys is wanted, not 'messages'") as caught:
        read_tasks(path, {})
    assert "Did you mean {type: formatters/messages}?" in caught.value.hint


BUILDER = """\
databuilders:
  public/safety/refusal:
    blocks:
      - {name: instruction_generator, SETTING}
"""


def read_setting(folder: Path, setting: str) -> object:
    path = folder / "b.yaml"
    path.write_text(BUILDER.replace("SETTING", setting))
    return read_builder(path, "ollama", {"SECRET": "sk-123", "FLAG": "true"}).instruction_generator


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("max_tokens: '${SECRET}'", "max_tokens: a whole number is wanted, not '${SECRET}'"),
        ("max_tokens: sk-0123456789abcdefghij", "max_tokens: a whole number is wanted, not text"),
        ("keep_alive: [1]", "keep_alive: a whole number or a number or text is wanted, not a list"),
        ("stop: '${SECRET}'", "stop: a list is wanted, not '${SECRET}'"),
    ],
)
def test_what_an_error_repeats_is_no_secret(tmp_path: Path, setting: str, words: str) -> None:
    """A variable stays a variable; what is as long as a key is not shown; of several forms one error tells all."""
    with pytest.raises(InputError) as caught:
        read_setting(tmp_path, setting)
    assert words in str(caught.value)
    assert "sk-" not in str(caught.value) + caught.value.hint
    assert (caught.value.line, caught.value.also) == (4, ())


TRUTHS = ["off", "no", "on", '"yes"', "1", "0", "y"]


@pytest.mark.parametrize("written", TRUTHS)
@pytest.mark.parametrize("key", ["replies: {check: VALUE}", "formatter: {type: formatters/dpo, conversational: VALUE}"])
def test_only_true_and_false_are_truth_values(workspace: Path, key: str, written: str) -> None:
    """As docs/inputs.md says: other words for them are told with their line."""
    path = workspace / "task.yaml"
    text = path.read_text().replace("formatter:\n  type: formatters/safety/refusal\n", "")
    path.write_text(f"{key.replace('VALUE', written)}\n{text}")
    with pytest.raises(InputError, match="true or false is wanted, not ") as caught:
        read_tasks(path, {})
    assert (caught.value.line, caught.value.also) == (1, ())


@pytest.mark.parametrize(
    ("written", "value"), [("true", True), ("FALSE", False), ("${FLAG}", True), ("${NONE:-false}", False)]
)
def test_a_variable_may_hold_a_truth_value(workspace: Path, written: str, value: bool) -> None:
    """A variable's value is text, and `true` in it means true."""
    path = workspace / "task.yaml"
    path.write_text(f"replies: {{check: {written!r}}}\n{path.read_text()}")
    replies = read_tasks(path, {"FLAG": "true"})[0].task.replies
    assert replies is not None
    assert replies.check is value
