from __future__ import annotations

import math
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.engines.base import Reply, TokenLogprob
from demur.guards.granite_verdicts import Version, read_verdict
from demur.records import Label, Origin

ORIGIN = Origin("stub", "m")
YES, NO, NONE = Label.VIOLATES, Label.SAFE, Label.UNREADABLE


def _reply(text: str, tokens: tuple[TokenLogprob, ...] = ()) -> Reply:
    return Reply(text, "stop", ORIGIN, logprobs=tokens)


def _token(text: str, **top: float) -> TokenLogprob:
    """A token with the probabilities of its alternatives; `_` stands for a leading space."""
    pairs = tuple((name.replace("_", " "), math.log(p)) for name, p in top.items())
    return TokenLogprob(text, dict(pairs).get(text, -0.1), pairs)


def _plain(*texts: str) -> tuple[TokenLogprob, ...]:
    return tuple(TokenLogprob(text, -0.01, ((text, -0.01), ("zz", -5.0))) for text in texts)


@pytest.mark.parametrize(
    ("version", "text", "label"),
    [
        ("3.3", "<score> yes </score>", YES),
        ("3.3", "<score> no </score>", NO),
        ("3.3", "\n<score>\nYES\n</score>\n", YES),
        ("3.3", "<SCORE>No</SCORE>", NO),
        ("3.3", "<think>It asks for a lure.</think>\n<score> yes </score>", YES),
        ("3.3", "<think></think><score> no </score>", NO),
        ("3.3", "<think>Could be <score> yes </score>, but no.</think><score> no </score>", NO),
        ("3.3", "no need to open it</think><score> no </score>", NO),
        ("3.3", "<score> yes </score><score> yes </score>", YES),
        ("3.3", "", NONE),
        ("3.3", "yes", NONE),
        ("3.3", "The text is harmful.", NONE),
        ("3.3", "<score> y", NONE),
        ("3.3", "<score> yes", NONE),
        ("3.3", "yes </score>", NONE),
        ("3.3", "<score> yes </score><score> no </score>", NONE),
        ("3.3", "<score> yes no </score>", NONE),
        ("3.3", "<score> maybe </score>", NONE),
        ("3.3", "<score> ja </score>", NONE),
        ("3.3", "<score> sí </score>", NONE),
        ("3.3", "<score> not sure </score>", NONE),
        ("3.3", "<score></score>", NONE),
        ("3.3", "<think>I would say <score> yes </score>", NONE),
        ("3.3", "<think>It is <score> yes </score></think>", NONE),
        ("3.3", "<score> no </score><score> y", NONE),
        ("3.2", "Yes", YES),
        ("3.2", "No", NO),
        ("3.2", " no\n", NO),
        ("3.2", "Yes.", YES),
        ("3.2", "Yes\n<confidence> High </confidence>", YES),
        ("3.2", "No<confidence>Low</confidence>", NO),
        ("3.2", "No\n<confidence> Hi", NO),
        ("3.2", "No\n<conf", NO),
        ("3.2", "", NONE),
        ("3.2", "Y", NONE),
        ("3.2", "Yes or No", NONE),
        ("3.2", "Yes and no", NONE),
        ("3.2", "Yes <confidence> No </confidence>", NONE),
        ("3.2", "No sé", NONE),
        ("3.2", "No puedo ayudar", NONE),
        ("3.2", "Non", NONE),
        ("3.2", "Nein", NONE),
        ("3.2", "Yesterday", NONE),
        ("3.2", "The answer is Yes", NONE),
        ("3.2", "<confidence> High </confidence>", NONE),
        ("3.2", "<score> yes </score>", NONE),
        ("4.1", "<think>\\n</think>\n<score>no</score>", NO),
        ("4.1", "<think>\n</think>\n<score>yes</score>", YES),
        ("4.1", "<score>yes</score>", YES),
        ("4.1", "<think>a</think><score>yes</score><think>b</think><score>no</score>", NO),
        ("4.1", "<score>yes</score> I mean <score> no </score>", NO),
        ("4.1", "<score>yes</score> I mean <score> n", NONE),
        ("4.1", "<think>So <score>yes</score></think>", NONE),
        ("4.1", "<think>cut", NONE),
        ("4.1", "no", NONE),
        ("4.1", "<score>oui</score>", NONE),
    ],
)
def test_a_label_is_read_or_is_unreadable(version: Version, text: str, label: Label) -> None:
    """Case and white space do not matter; anything but one clear label is unreadable, never guessed."""
    assert read_verdict(version, _reply(text)).label is label


def test_3_3_keeps_its_whole_trace() -> None:
    """The reasoning of 3.3 is what lies between its think tags."""
    text = "<think>\nIt asks.\nSo yes.\n</think>\n<score> yes </score>"
    assert read_verdict("3.3", _reply(text)).reasoning == "It asks.\nSo yes."


def test_4_1_keeps_its_last_trace() -> None:
    """The reasoning of 4.1 is its last trace; the two literal characters of an empty one are dropped."""
    twice = "<think>a</think><score>yes</score><think>b</think><score>no</score>"
    assert read_verdict("4.1", _reply(twice)).reasoning == "b"
    assert read_verdict("4.1", _reply("<think>\\n</think><score>no</score>")).reasoning == ""


def test_a_trace_that_was_cut_off_is_kept_as_reasoning() -> None:
    """An unreadable reply still shows how far the guard had thought."""
    assert read_verdict("3.3", _reply("<think>It asks for")).reasoning == "It asks for"


@given(st.text(), st.sampled_from(get_args(Version)))
def test_any_text_is_read_without_an_error(text: str, version: Version) -> None:
    """No reply makes the reader raise."""
    assert read_verdict(version, _reply(text)).confidence is None


PIECES = st.lists(
    st.sampled_from(
        ["<think>", "</think>", "<score>", "</score>", "yes", "no", " ", "maybe", "<", "\n", "<confidence>"]
    ),
    max_size=14,
)


@given(PIECES, st.sampled_from(get_args(Version)))
def test_a_reply_without_yes_or_no_never_has_a_label(pieces: list[str], version: Version) -> None:
    """A label comes from the reply's own words: it stands in the text."""
    text = "".join(pieces)
    label = read_verdict(version, _reply(text)).label
    words = {YES: "yes", NO: "no"}
    if label is not NONE:
        assert words[label] in text
        assert label is YES or words[NO] in text.split("</think>")[-1]
    if "yes" not in text and "no" not in text:
        assert label is NONE


@given(PIECES, st.lists(st.floats(allow_nan=True), min_size=1, max_size=4), st.sampled_from(get_args(Version)))
def test_a_confidence_is_a_probability(pieces: list[str], logprobs: list[float], version: Version) -> None:
    """Whatever a server sends as log-probabilities, a confidence lies between 0 and 1, or there is none."""
    tops = tuple(zip(("yes", " no", "No", "x"), logprobs, strict=False))
    tokens = tuple(TokenLogprob(piece, logprobs[0], tops) for piece in pieces)
    confidence = read_verdict(version, _reply("".join(pieces), tokens)).confidence
    assert confidence is None or 0 <= confidence <= 1


def test_the_confidence_of_3_3_is_read_inside_the_tag() -> None:
    """The label is not the first token: it is the first one after the opening tag, variants summed."""
    label = _token(" yes", _yes=0.5, yes=0.1, _Yes=0.1, _no=0.2, NO=0.05)
    tokens = (*_plain("<", "score", ">"), label, *_plain(" </", "score", ">"))
    reading = read_verdict("3.3", _reply("<score> yes </score>", tokens))
    assert reading.confidence == pytest.approx(0.7 / 0.95)


def test_a_safe_label_has_the_probability_of_no() -> None:
    """The confidence is that of the label given, not of a violation."""
    tokens = (*_plain("<score>", " "), _token("no", no=0.6, yes=0.2), *_plain(" ", "</score>"))
    assert read_verdict("3.3", _reply("<score> no </score>", tokens)).confidence == pytest.approx(0.75)


def test_the_confidence_ignores_labels_inside_the_trace() -> None:
    """In think mode, a score that the trace talks about has no say."""
    inside = _token("yes", yes=0.9, no=0.1)
    label = _token("no", no=0.8, yes=0.2)
    tokens = (
        *_plain("<think>", "<score>"),
        inside,
        *_plain("</score>", "</think>", "<score>"),
        label,
        *_plain("</score>"),
    )
    text = "".join(token.token for token in tokens)
    for version in ("3.3", "4.1"):
        reading = read_verdict(version, _reply(text, tokens))
        assert reading.label is NO
        assert reading.confidence == pytest.approx(0.8)


def test_4_1_weighs_its_last_score() -> None:
    """As for the label, so for the confidence: the last score counts."""
    tokens = (
        *_plain("<score>"),
        _token("yes", yes=0.9, no=0.1),
        *_plain("</score>", "<score>"),
        _token("no", no=0.6, yes=0.4),
        *_plain("</score>"),
    )
    text = "".join(token.token for token in tokens)
    assert read_verdict("4.1", _reply(text, tokens)).confidence == pytest.approx(0.6)


def test_the_confidence_of_3_2_is_that_of_the_first_token() -> None:
    """3.2 answers with the label at once; the word in its confidence tag is no probability."""
    tokens = (_token("Yes", Yes=0.6, yes=0.1, No=0.3), *_plain("\n", "<confidence>", " Low", "</confidence>"))
    text = "".join(token.token for token in tokens)
    assert read_verdict("3.2", _reply(text, tokens)).confidence == pytest.approx(0.7)


def test_the_texts_label_stands_against_the_likelier_token() -> None:
    """Where a less likely label was drawn, it stays, with its low probability."""
    tokens = (_token("No", Yes=0.8, No=0.2),)
    reading = read_verdict("3.2", _reply("No", tokens))
    assert reading.label is NO
    assert reading.confidence == pytest.approx(0.2)


def test_a_token_outside_its_own_alternatives_counts() -> None:
    """A drawn token that does not rank among the reported alternatives is added to them."""
    token = TokenLogprob("No", math.log(0.1), (("Yes", math.log(0.8)), ("Maybe", math.log(0.1))))
    assert read_verdict("3.2", _reply("No", (token,))).confidence == pytest.approx(1 / 9)


@pytest.mark.parametrize("sign", ["\u0120yes", "\u2581yes", "yes\n"])
def test_vocabulary_signs_for_white_space_are_read(sign: str) -> None:
    """Servers that report raw vocabulary entries are read like those that report text."""
    token = TokenLogprob(sign, math.log(0.5), ((sign, math.log(0.5)), ("\u0120no", math.log(0.5))))
    tokens = (*_plain("<score>"), token, *_plain("</score>"))
    assert read_verdict("3.3", _reply("<score> yes </score>", tokens)).confidence == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("version", "text", "tokens"),
    [
        ("3.3", "<score> yes </score>", ("<score>", " y", "es", " </score>")),
        ("3.3", "<score>yes</score>", ("<score>yes", "</score>")),
        ("3.3", "<score> yes </score>", ()),
        ("3.3", "<score> yes </score>", ("yes",)),
        ("3.2", "Yes", ("Y", "es")),
        ("3.2", "Yes", ("", " ")),
    ],
)
def test_a_label_in_pieces_has_no_confidence(version: Version, text: str, tokens: tuple[str, ...]) -> None:
    """Where the label is no token of its own, no probability is made up; the label is still read."""
    reading = read_verdict(version, _reply(text, _plain(*tokens)))
    assert reading.label is YES
    assert reading.confidence is None


def test_a_lone_probability_is_no_confidence() -> None:
    """Without alternatives nothing can be renormalised."""
    for top in ((), (("Yes", -0.1),)):
        assert read_verdict("3.2", _reply("Yes", (TokenLogprob("Yes", -0.1, top),))).confidence is None
