from __future__ import annotations

from pathlib import Path

import pytest

from demur.errors import InputError
from demur.inputs.task import check_task_name, read_tasks, warn_of_seed_risks
from demur.inputs.validation import read_environment


def read(path: Path):  # type: ignore[no-untyped-def]
    return read_tasks(path, read_environment())


def test_the_specifications_task_is_read_with_all_that_it_points_at(workspace: Path) -> None:
    """Policy, risk and seeds come with the task."""
    (task,) = read(workspace / "task.yaml")
    assert task.name == "tests/lock_picking"
    assert task.risk.risk == "lock_picking"
    assert len(task.seeds) == 4
    assert (task.task.num_icl_examples, task.task.num_samples_per_batch) == (3, 5)


def test_numbers_in_a_policy_stay_text(workspace: Path) -> None:
    """risk_id 11.10 and policy_version 1.10 keep their zeros."""
    (task,) = read(workspace / "task.yaml")
    assert (task.risk.risk_id, task.policy.policy_version, task.policy.risk_group_id) == ("11.10", "1.10", "7")


def test_without_a_risk_the_files_first_one_counts(workspace: Path) -> None:
    """`risk` may be left out."""
    path = workspace / "task.yaml"
    path.write_text(path.read_text().replace("  risk: lock_picking\n", ""))
    assert read(path)[0].risk.risk == "lock_picking"


def test_several_documents_are_several_tasks(workspace: Path) -> None:
    """Each YAML document of a task file is a task."""
    path = workspace / "task.yaml"
    text = path.read_text()
    path.write_text(text + "---\n" + text.replace("lock_picking", "queue_jumping"))
    assert [task.risk.risk for task in read(path)] == ["lock_picking", "queue_jumping"]


def test_inline_seeds_stand_in_for_a_datastore(workspace: Path) -> None:
    """`seed_examples` in the task itself, with question and answer accepted, and ${…} in them left alone."""
    path = workspace / "task.yaml"
    text = path.read_text().split("seed_datastore")[0]
    path.write_text(text + "seed_examples:\n  - question: Why ${HOME}?\n    answer: 42\n")
    (seed,) = read(path)[0].seeds
    assert (seed.instruction, seed.response) == ("Why ${HOME}?", "42")


def test_environment_variables_are_expanded(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """${DGT_DATA_DIR} is `data` here by default; others come from the environment, or from their default."""
    (workspace / "data").mkdir()
    (workspace / "seeds.jsonl").rename(workspace / "data" / "seeds.jsonl")
    monkeypatch.setenv("POLICY_NAME", "policy")
    path = workspace / "task.yaml"
    text = (
        path.read_text()
        .replace("seeds.jsonl", "${DGT_DATA_DIR}/seeds.jsonl")
        .replace("policy.yaml", "${POLICY_NAME}${SUFFIX:-.yaml}")
    )
    path.write_text(text)
    assert len(read(path)[0].seeds) == 4


MISTAKES = [
    (
        "num_icl_examples: 3",
        "num_icl_example: 3",
        10,
        "unknown key 'num_icl_example'",
        "Did you mean 'num_icl_examples'",
    ),
    ("  risk: lock_picking", "  rusk: lock_picking", 7, "unknown key 'rusk' in risk_policy", "Did you mean 'risk'"),
    (
        "  risk: lock_picking",
        "  risk: lock_piking",
        7,
        "no risk 'lock_piking'",
        "Did you mean 'lock_picking'? Valid: lock_picking, queue_jumping",
    ),
    ("num_samples_per_batch: 5", "num_samples_per_batch: 0", 11, "num_samples_per_batch", ""),
    ("num_samples_per_batch: 5", "num_samples_per_batch: many", 11, "num_samples_per_batch", ""),
    ("public/safety/refusal", "public/safety/refusals", 2, "unknown data_builder", "public/safety/refusal"),
    (
        "formatters/safety/refusal",
        "formatters/other",
        9,
        "formatter.type cannot be 'formatters/other'",
        "formatters/safety/refusal",
    ),
    ("  type: default", "  type: special", 13, "seed_datastore.type cannot be 'special'", "default"),
    ("policy.yaml", "polcy.yaml", 6, "no such file: polcy.yaml", "Relative paths"),
    ("policy.yaml", "${NOT_SET_ANYWHERE}/policy.yaml", 6, "NOT_SET_ANYWHERE is not set", "export"),
    ("task_name: tests/lock_picking\n", "", 1, "the key 'task_name' is missing", ""),
    ("  path: policy.yaml\n", "", 5, "the key 'path' is missing in risk_policy", ""),
    ("task_name: tests/lock_picking", "task_name: ../../etc/x", 1, "relative path of plain words", ""),
    (
        "  data_path: seeds.jsonl",
        "  data_path: seeds.jsonl\nseed_examples: []",
        1,
        "either seed_datastore or seed_examples",
        "",
    ),
]


@pytest.mark.parametrize(("right", "wrong", "line", "words", "hint"), MISTAKES)
def test_a_mistake_names_file_line_and_mend(
    workspace: Path, right: str, wrong: str, line: int, words: str, hint: str
) -> None:
    """Unknown keys, wrong values, wrong names and missing files are told with their place and the nearest valid name."""
    path = workspace / "task.yaml"
    text = path.read_text()
    assert right in text
    path.write_text(text.replace(right, wrong, 1))
    with pytest.raises(InputError) as caught:
        read(path)
    assert words in str(caught.value)
    assert (caught.value.path, caught.value.line) == (path, line)
    assert hint in caught.value.hint


def test_all_mistakes_of_a_reading_are_told_together(workspace: Path) -> None:
    """The first error carries the others."""
    path = workspace / "task.yaml"
    path.write_text(
        path.read_text()
        .replace("num_icl_examples: 3", "num_icl_examples: x")
        .replace("num_samples_per_batch: 5", "num_samples_per_batch: y")
    )
    with pytest.raises(InputError) as caught:
        read(path)
    assert [error.line for error in (caught.value, *caught.value.also)] == [10, 11]


def test_a_policy_with_a_mistake_names_the_policy_file(workspace: Path) -> None:
    """Errors in a file that the task points at name that file."""
    path = workspace / "policy.yaml"
    path.write_text(path.read_text().replace("reply_may_contain", "reply_can_contain"))
    with pytest.raises(InputError, match=r"unknown key 'reply_can_contain' in risks\.0\.policy") as caught:
        read(workspace / "task.yaml")
    assert (caught.value.path, caught.value.line) == (path, 16)


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "/etc/x",
        "a/../b",
        "a//b",
        "",
        ".",
        "a/.",
        "a\\b",
        "c:x",
        "a b",
        "a\nb",
        "a\n",
        "-x",
        ".hidden",
        "x" * 300,
        "a.",
    ],
)
def test_a_task_name_cannot_leave_the_output_folder(name: str) -> None:
    """Only relative paths of plain words are task names."""
    with pytest.raises(ValueError, match="task name"):
        check_task_name(name)


def test_ordinary_task_names_pass() -> None:
    """The specification's own, and words of other scripts."""
    for name in ("public/safety/refusal/cybersecurity/spam_phishing", "x", "v1.2/größe"):
        assert check_task_name(name) == name


def test_an_output_folder_that_is_a_link_outwards_is_refused(workspace: Path) -> None:
    """A symbolic link inside the output folder does not lead out of it."""
    from demur.run.plan import Options, make_plan

    (workspace / "elsewhere").mkdir()
    (workspace / "output").mkdir()
    (workspace / "output" / "tests").symlink_to(workspace / "elsewhere", target_is_directory=True)
    with pytest.raises(InputError, match="leads out of"):
        make_plan([workspace / "task.yaml"], Options(engines="embedded"))


def test_one_mistake_is_told_once(workspace: Path) -> None:
    """A wrong key in a risk is not followed by a complaint that there are no risks."""
    path = workspace / "policy.yaml"
    path.write_text(path.read_text().replace("reason_denial", "reason_of_denial"))
    with pytest.raises(InputError, match="unknown key 'reason_of_denial'") as caught:
        read(workspace / "task.yaml")
    assert caught.value.also == ()


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("[queue_jumping, lock_picking]", ["queue_jumping", "lock_picking"]),
        ("[lock_picking]", ["lock_picking"]),
        ('"*"', ["lock_picking", "queue_jumping"]),
        ("queue_jumping", ["queue_jumping"]),
    ],
)
def test_a_task_may_name_several_risks(workspace: Path, written: str, names: list[str]) -> None:
    """A list in its own order, each once, or all of the file's."""
    path = workspace / "task.yaml"
    path.write_text(path.read_text().replace("  risk: lock_picking", f"  risk: {written}"))
    (task,) = read(path)
    assert [risk.risk for risk in task.risks] == names
    assert task.risk.risk == task.find_risk("").risk == names[0]
    assert task.find_risk(names[-1]).risk == names[-1]


@pytest.mark.parametrize(
    ("written", "words", "mend"),
    [
        ("[]", "a risk's name is wanted, or a list of names", "risk: [my_risk, another_risk]"),
        ("{a: b}", "a risk's name is wanted, or a list of names", 'risk: "*" for all'),
        ("[[lock_picking]]", "a risk's name is wanted, or a list of names", "risk: my_risk"),
        ("[queue_jumping, lock_picking, queue_jumping]", "'queue_jumping' stands here twice", "Name each once"),
        ('["*"]', "'*' stands alone", 'risk: "*"'),
        ('[lock_picking, "*"]', "'*' stands alone", 'risk: "*"'),
    ],
)
def test_risks_that_say_nothing_or_too_much_are_refused(workspace: Path, written: str, words: str, mend: str) -> None:
    """An empty list, a name twice, all in a list: one error, with its line and how to write it."""
    path = workspace / "task.yaml"
    path.write_text(path.read_text().replace("  risk: lock_picking", f"  risk: {written}"))
    with pytest.raises(InputError) as caught:
        read(path)
    assert f"risk_policy.risk: {words}" in str(caught.value)
    assert (caught.value.line, caught.value.also) == (7, ())
    assert mend in caught.value.hint


def test_a_wrong_name_among_several_is_told(workspace: Path) -> None:
    """With the line, and the nearest valid name."""
    path = workspace / "task.yaml"
    path.write_text(path.read_text().replace("  risk: lock_picking", "  risk: [lock_picking, queue_jumpin]"))
    with pytest.raises(InputError, match="no risk 'queue_jumpin'") as caught:
        read(path)
    assert (caught.value.line, "Did you mean 'queue_jumping'" in caught.value.hint) == (7, True)


SORTED = """\
seed_examples:
  - {instruction: any, response: No.}
  - {instruction: lock, response: No., risk: lock_picking}
  - {instruction: twin, response: Yes., kind: comply}
  - {instruction: queue, response: Yes., kind: comply, risk: queue_jumping}
"""


def test_seeds_are_chosen_by_risk_and_kind(workspace: Path) -> None:
    """Those that name the risk go before those that name none; harmless ones are no examples of refusals."""
    path = workspace / "task.yaml"
    text = path.read_text().split("seed_datastore")[0].replace("  risk: lock_picking", '  risk: "*"')
    path.write_text(text + SORTED)
    (task,) = read(path)
    lock, queue = task.risks
    chosen = [
        [seed.instruction for seed in task.seeds_of(risk, kind)]
        for risk, kind in ((lock, "refuse"), (queue, "refuse"), (lock, "comply"), (queue, "comply"))
    ]
    assert chosen == [["lock"], ["any"], ["twin"], ["queue"]]
    assert len(task.seeds) == 4


MISSPELT = """\
seed_examples:
  - {instruction: any, response: No.}
  - {instruction: lock, response: No., risk: lock_piking}
  - {instruction: queue, response: No., risk: queue_jumping}
  - {instruction: locks, response: No., risk: lock_piking}
"""


def test_seeds_for_a_risk_that_the_policy_does_not_have_are_warned_of(workspace: Path) -> None:
    """Once for each name, with the place of the first and the nearest valid name; the policy's other risks are no mistake."""
    path = workspace / "task.yaml"
    text = path.read_text().split("seed_datastore")[0]
    path.write_text(text + MISSPELT)
    line = text.count("\n") + 3
    assert warn_of_seed_risks(read(path)[0]) == [
        f"task.yaml:{line}: seed:2 and 1 more are about the risk 'lock_piking', which policy.yaml does not have, and will "
        "not be used. Did you mean 'lock_picking'? Valid: lock_picking, queue_jumping."
    ]
    path.write_text(text + MISSPELT.replace("piking", "picking"))
    assert warn_of_seed_risks(read(path)[0]) == []


@pytest.mark.parametrize("more", ["kind: comply", "risk: queue_jumping"])
def test_a_risk_without_a_request_to_decline_is_refused(workspace: Path, more: str) -> None:
    """Nothing could be shown to the generator, and nothing tried on the guard."""
    path = workspace / "task.yaml"
    text = path.read_text().split("seed_datastore")[0]
    path.write_text(f"{text}seed_examples:\n  - {{instruction: a, response: b, {more}}}\n")
    with pytest.raises(InputError, match="no seed examples of requests to decline for the risk 'lock_picking'"):
        read(path)


@pytest.mark.parametrize("name", ["x" * 5_000, "~nobody-of-this-name/x.yaml", "a/" * 3_000])
def test_a_path_that_no_file_can_have_is_not_found(workspace: Path, name: str) -> None:
    """A name that is too long for any file, or the home of nobody, is told like any other file that is not there."""
    path = workspace / "task.yaml"
    path.write_text(path.read_text().replace("policy.yaml", name))
    with pytest.raises(InputError, match="no such file"):
        read_tasks(path, {})


@pytest.mark.parametrize("key", ["contrast", "balance", "axes", "mutate", "replies", "decontaminate"])
def test_a_key_that_asks_for_something_needs_a_value(workspace: Path, key: str) -> None:
    """A bare `contrast:` would do nothing, without a word."""
    path = workspace / "task.yaml"
    path.write_text(f"{key}:\n{path.read_text()}")
    with pytest.raises(InputError, match=f"{key} has no value") as caught:
        read(path)
    assert (caught.value.line, f"Such as {key}: " in caught.value.hint) == (1, True)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("{kinds: [typos], languages: [German]}", "languages are for the kind language"),
        ("[typos, typos]", "'typos' stands here twice"),
        ("{kinds: [language], languages: [German, german]}", "mutate.languages: 'German' stands here twice"),
        ("{kinds: [language], languages: ['']}", "mutate.languages: an empty name stands here"),
    ],
)
def test_mutations_that_do_nothing_are_refused(workspace: Path, written: str, words: str) -> None:
    """Languages for nothing, a kind or a language twice, one without a name: with the line."""
    path = workspace / "task.yaml"
    path.write_text(f"mutate: {written}\n{path.read_text()}")
    with pytest.raises(InputError) as caught:
        read(path)
    assert words in str(caught.value)
    assert (caught.value.line, caught.value.also) == (1, ())


def test_languages_of_the_kind_language_are_read(workspace: Path) -> None:
    """Without the spaces around them."""
    path = workspace / "task.yaml"
    path.write_text(f"mutate: {{kinds: [typos, language], languages: [' German ', French]}}\n{path.read_text()}")
    mutate = read(path)[0].task.mutate
    assert mutate is not None
    assert mutate.languages == ("German", "French")
