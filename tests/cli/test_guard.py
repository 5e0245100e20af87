from __future__ import annotations

from demur.cli.guard import list_evidence
from demur.records import Label, Origin, Verdict


def test_what_a_guard_says_beside_its_label_is_printed() -> None:
    """Findings, whether it declines, its reasons, and in an ensemble each member with its own."""
    member = Verdict(Label.SAFE, 0.9, "wildguard", Origin("openai", "w"), declines=True)
    other = Verdict(
        Label.VIOLATES, None, "llama-guard-3", Origin("openai", "l"), categories=("S1: Lures",), reasoning="why"
    )
    whole = Verdict(Label.UNREADABLE, None, "ensemble", Origin("ensemble", "w, l"), members=(member, other))
    assert list_evidence(whole) == [
        "  safe (90%)   [wildguard, w]",
        "    the response declines",
        "  violates   [llama-guard-3, l]",
        "    found: S1: Lures",
        "    why",
    ]
