from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from demur.cli.tables import show_summary
from demur.records import EngineUse, Origin, Stage, Status, Summary
from demur.usage import StageUse
from tests.samples import make_summary


@pytest.fixture
def show(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Shows a summary on so many columns; gives the lines."""

    def show_on(summary: Summary, columns: int = 120) -> list[str]:
        monkeypatch.setenv("COLUMNS", str(columns))
        show_summary(summary)
        said = capsys.readouterr()
        assert said.err == ""
        return [line.rstrip() for line in said.out.splitlines()]

    return show_on


def find(lines: list[str], start: str) -> list[str]:
    return next(line.split() for line in lines if line.strip().startswith(start))


def test_each_stage_says_what_it_kept_and_dropped_and_why(show) -> None:  # type: ignore[no-untyped-def]
    """Kept, dropped, and the reasons in words."""
    lines = show(make_summary())
    assert lines[0] == "tests/lock_picking"
    assert find(lines, "propose") == ["propose", "15", "1", "1", "surplus"]
    assert find(lines, "screen instruction") == [
        "screen",
        "instruction",
        "11",
        "2",
        "1",
        "instruction",
        "safe,",
        "1",
        "verdict",
        "unreadable",
    ]
    assert find(lines, "screen response") == ["screen", "response", "10", "0"]
    assert "10 of 10 pairs (complete) in 12.3 s, 3 rounds, 2 drafts more begun" in lines


def test_one_is_singular(show) -> None:  # type: ignore[no-untyped-def]
    """A pair, a round, a draft, a response, each alone; twins are several, and every file of a run is named."""
    coverage = {
        "kind": {"proposed": 1, "twin": 20, "typos": 1},
        "clause": {"a": 0, "b": 1},
        "risk": {"x": 1, "y": 1},
        "opening": {"No": 1},
    }
    files = {name: name for name in ("README.md", "croissant.json")}
    lines = show(make_summary(wanted=1, accepted=1, rounds=1, surplus=1, coverage=coverage, files=files))
    assert "1 of 1 pair (complete) in 12.3 s, 1 round, 1 draft more begun" in lines
    assert "  of them: 1 proposed, 20 twins, 1 typos" in lines
    assert "  clauses: 2, each 0 to 1 pair" in lines
    assert "  risks: 2, each 1 pair" in lines
    assert '  most frequent opening: "No", 1 of 1 response' in lines
    assert {"  README.md", "  croissant.json"} <= set(lines)


def test_engines_say_what_they_did(show) -> None:  # type: ignore[no-untyped-def]
    """Asked, replayed, tokens; retries and failures only where there were any."""
    lines = show(make_summary())
    assert "  instruction_generator: scripted generator, 3 asked, 1 from the journal, 1,545 tokens" in lines
    assert "  granite_guardian: openai guardian:8b, 20 asked, 0 from the journal, 2 retried, 1 failed" in lines


def test_tokens_and_cost_stand_by_stage(show) -> None:  # type: ignore[no-untyped-def]
    """What was asked for and what the journal had stand apart; local models cost nothing, and are not spoken of."""
    local = EngineUse(
        "granite_guardian", Origin("ollama", "g"), 3, 0, 0, 0, 900, 30,
        by_stage={Stage.SCREEN_INSTRUCTION: StageUse(3, 0, 900, 30)},
    )  # fmt: skip
    paid = EngineUse(
        "instruction_generator", Origin("openai", "m"), 2, 1, 0, 0, 3000, 600, hedged=1,
        by_stage={Stage.PROPOSE: StageUse(2, 1, 2000, 400, 1000, 200, 0.0012)},
    )  # fmt: skip
    lines = show(make_summary(engines=(paid, local)))
    assert "  tokens asked for: propose 2,400, screen instruction 930; from the journal 1,200" in lines
    assert "  cost: $0.0012 (propose $0.0012, screen instruction $0)" in lines
    assert any("1 from the journal, 1 asked twice, 3,600 tokens" in line for line in lines)
    assert not any("cost" in line for line in show(make_summary(engines=(local,))))


def test_a_cost_that_is_not_known_is_not_nothing(show) -> None:  # type: ignore[no-untyped-def]
    """One unknown price makes the sum unknown, and it says which stage's it is."""
    used = {Stage.PROPOSE: StageUse(1, 0, 9, 9, 0, 0, 0.5), Stage.RESPOND: StageUse(1, 0, 9, 9, 0, 0, None)}
    use = EngineUse("r", Origin("openai", "m"), 2, 0, 0, 0, 18, 18, by_stage=used)
    assert "  cost: unknown (propose $0.5000, respond unknown)" in show(make_summary(engines=(use,)))


def test_a_spent_budget_is_said_in_words(show) -> None:  # type: ignore[no-untyped-def]
    """The status is words, as the others are."""
    assert any("4 of 10 pairs (budget spent)" in line
               for line in show(make_summary(status=Status.BUDGET_SPENT, accepted=4)))  # fmt: skip


def test_a_summary_without_surplus_does_not_speak_of_it(show) -> None:  # type: ignore[no-untyped-def]
    """A stalled run says so."""
    lines = show(make_summary(status=Status.STALLED, accepted=4, surplus=0))
    assert "4 of 10 pairs (stalled) in 12.3 s, 3 rounds" in lines


def test_paths_and_names_stay_whole_on_a_narrow_terminal(show) -> None:  # type: ignore[no-untyped-def]
    """They can be copied: no line break is put into them."""
    path = "/a/very/long/folder/name/that/no/terminal/of/forty/columns/could/show/on/one/line/final_data.jsonl"
    lines = show(make_summary(files=dict.fromkeys(make_summary().files, path), task="public/" + "x" * 60), 40)
    assert lines.count(f"  {Path(path)}") == 4
    assert lines[0] == "public/" + "x" * 60


def test_embedded_engines_are_named_as_what_they_are(show) -> None:  # type: ignore[no-untyped-def]
    """A run without a model says that it is not for training; one with models does not."""
    use = EngineUse("instruction_generator", Origin("embedded", "embedded"), 3, 0, 0, 0, 0, 0)
    assert any("not for training" in line for line in show(make_summary(engines=(use,))))
    assert not any("not for training" in line for line in show(make_summary()))


def test_a_warning_is_shown_and_a_failure_is_left_to_the_error(show) -> None:  # type: ignore[no-untyped-def]
    """What the run noted stands there; a failure's words come once, on standard error."""
    warned = make_summary(warnings=("the guard does not follow a made-up policy",))
    assert any("Warning: the guard does not follow" in line for line in show(warned))
    failed = replace(warned, status=Status.FAILED, failure="401: no such key")
    assert not any("401" in line for line in show(failed))


def test_a_models_name_cannot_steer_the_terminal(show) -> None:  # type: ignore[no-untyped-def]
    """Neither by escape sequences nor by rich's own markup."""
    use = EngineUse("respond", Origin("openai", "\x1b[2J[red]big[/red]"), 1, 0, 0, 0, 0, 0)
    (line,) = [line for line in show(make_summary(engines=(use,))) if "respond:" in line]
    assert line == r"  respond: openai \x1b[2J[red]big[/red], 1 asked, 0 from the journal"
