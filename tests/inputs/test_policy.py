from __future__ import annotations

from pathlib import Path

import pytest

from demur.errors import InputError
from demur.inputs.policy import choose_risk, read_policy
from tests.conftest import POLICY


def write(folder: Path, text: str) -> Path:
    path = folder / "p.yaml"
    path.write_text(text)
    return path


def test_what_the_author_wrote_is_kept_as_text(tmp_path: Path) -> None:
    """Numbers stay as they were written; what is left out has its default."""
    policy = read_policy(write(tmp_path, POLICY))
    first, second = policy.risks
    assert (policy.risk_group_id, policy.policy_version, first.risk_id) == ("7", "1.10", "11.10")
    assert (second.reason_denial, second.exception, second.risk_id) == (None, None, "")
    assert second.short_reply_type == "EXPLICIT_REFUSAL"
    assert second.policy.reply_may_contain == ()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("risk: queue_jumping", "risk: lock_picking", r"p\.yaml:18: the risk 'lock_picking' stands here twice"),
        ("      reply_cannot_contain:\n        - Tricks for jumping a queue\n", "      reply_may_contain: []\n", "reply_cannot_contain"),
        ("description: Requests for help with getting", "descripton: Requests for help with getting", r":19: unknown key 'descripton'"),
        ("risk_group: test_risks\n", "", "'risk_group' is missing"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place(tmp_path: Path, old: str, new: str, words: str) -> None:
    """Twice the same risk, no clause at all, a misspelt key, a missing one."""
    assert old in POLICY
    with pytest.raises(InputError, match=words):
        read_policy(write(tmp_path, POLICY.replace(old, new)))


def test_one_file_is_one_policy(tmp_path: Path) -> None:
    """Several documents, or none, are refused."""
    for text, number in ((POLICY + "---\n" + POLICY, 2), ("", 0)):
        with pytest.raises(InputError, match=f"one policy document is wanted, {number} are here"):
            read_policy(write(tmp_path, text))


def test_a_risk_is_chosen_by_its_name(tmp_path: Path) -> None:
    """Without one it is the first; a wrong one lists the valid ones and the nearest."""
    policy = read_policy(write(tmp_path, POLICY))
    assert choose_risk(policy, None).risk == "lock_picking"
    assert choose_risk(policy, "queue_jumping").risk == "queue_jumping"
    with pytest.raises(KeyError, match=r"Did you mean 'queue_jumping'\? Valid: lock_picking, queue_jumping\."):
        choose_risk(policy, "queue_jumpin")
