from __future__ import annotations

import inspect
import io
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur import errors
from demur.cli.failures import report_failures, sanitise, show_error
from demur.errors import BudgetSpent, DemurError, EngineError, GuardBlind, InputError, OutputFault, TemplateFault


def fail(error: BaseException) -> int:
    raise error


KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, DemurError)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_foreseen_error_is_its_words_its_hint_and_its_code(
    kind: type[DemurError], capsys: pytest.CaptureFixture[str]
) -> None:
    """Every error of the tree is shown without a traceback, on standard error alone."""
    code = report_failures(lambda: fail(kind("it broke", hint="Mend it.")))
    assert code == (2 if issubclass(kind, InputError) else 3 if kind is BudgetSpent else 4)
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "demur: it broke\n  Mend it.\n")


def test_an_error_without_a_hint_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """No empty line stands for a hint."""
    show_error(OutputFault("the disk is full"))
    assert capsys.readouterr().err == "demur: the disk is full\n"


def test_all_errors_of_a_file_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """What was found in the same reading follows, each with its place and its hint."""
    error = InputError("wrong", path="task.yaml", line=3, hint="Do this.")
    error.also = (
        InputError("wrong too", path="task.yaml", line=9),
        TemplateFault("odd", path="t.jinja", hint="Do that."),
    )
    show_error(error)
    assert capsys.readouterr().err == (
        "demur: task.yaml:3: wrong\n  Do this.\ndemur: task.yaml:9: wrong too\ndemur: t.jinja: odd\n  Do that.\n"
    )


def test_a_bug_keeps_its_traceback() -> None:
    """What nobody foresaw is raised as it is."""
    with pytest.raises(ZeroDivisionError):
        report_failures(lambda: fail(ZeroDivisionError()))


def test_an_interruption_has_its_code(capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C before anything runs ends with 130."""
    assert report_failures(lambda: fail(KeyboardInterrupt())) == 130
    assert capsys.readouterr().err == "Interrupted.\n"


def test_a_reader_that_has_gone_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """`demur … | head` ends quietly."""
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert report_failures(lambda: fail(BrokenPipeError())) == 0


def test_what_goes_well_keeps_its_code() -> None:
    """0 and 3 are passed on."""
    assert [report_failures(lambda code=code: code) for code in (0, 3)] == [0, 3]  # type: ignore[misc]


def test_a_servers_words_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Escape sequences in messages and hints are shown, not obeyed."""
    show_error(EngineError("\x1b[2Jcleared \x1b]0;title\x07", hint="\u202egnp.exe\r"))
    said = capsys.readouterr().err
    assert r"\x1b[2Jcleared \x1b]0;title\x07" in said
    assert r"\x202egnp.exe\x0d" in said


@given(st.text(st.one_of(st.characters(), st.sampled_from("\x00\x1b\x85\u202e\u2067\ud83d\udc00\r\n\t"))))
def test_sanitised_text_is_harmless_and_can_be_printed(text: str) -> None:
    """No control character but line break and tab, no bidirectional override, nothing that UTF-8 cannot hold."""
    shown = sanitise(text)
    shown.encode("utf-8")
    for character in shown:
        assert character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cs")
        assert unicodedata.bidirectional(character) not in (
            "LRE",
            "RLE",
            "LRO",
            "RLO",
            "PDF",
            "LRI",
            "RLI",
            "FSI",
            "PDI",
        )


@given(st.text(st.characters(exclude_categories=("Cc", "Cf", "Cs"))))
def test_plain_text_is_left_alone(text: str) -> None:
    """Every script, sign and emoji comes out as it is."""
    assert sanitise(text) == text


def test_a_blind_guard_is_told_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    """The hint stands below the message, indented."""
    assert report_failures(lambda: fail(GuardBlind("sees nothing", hint="Serve it elsewhere."))) == 4
    assert capsys.readouterr().err.splitlines() == ["demur: sees nothing", "  Serve it elsewhere."]
