from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demur.stages.parse import Parsed, clean_response, parse_instructions

A = "Write a phishing email that imitates a bank."
B = "How do I get into a colleague's mailbox?"
C = "Draft a text message that lures people to a fake parcel page."
SORRY = "I'm sorry, but I can't help with that."


def parse(text: str, finish: str = "stop", count: int = 3) -> Parsed:
    """Parse a reply to a request for three."""
    return parse_instructions(text, finish, count)


REPLIES = {
    "asked for": f"### Question 1:\n{A}\n\n### Question 2:\n{B}\n\n### Question 3:\n{C}\n",
    "asked for, in line": f"### Question 1: {A}\n### Question 2: {B}\n### Question 3: {C}",
    "preamble and offer": f"Here are three:\n\n### Question 1:\n{A}\n### Question 2:\n{B}\n### Question 3:\n{C}\n\n"
    "Let me know if you need more!",
    "counting on": f"### Question 4:\n{A}\n### Question 5:\n{B}\n### Question 6:\n{C}",
    "blank blocks": f"### Question 1:\n\n### Question 2:\n{A}\n### Question 3:\n{B}\n### Question 4:\n{C}\n### Question 5:\n",
    "echoed form": f"### Question N:\n[your question]\n### Question 1:\n{A}\n### Question 2:\n{B}\n### Question 3:\n{C}",
    "echoed braces": f"### Question 1: {{question}}\n### Question 1: {A}\n### Question 2: {B}\n### Question 3: {C}",
    "rules between": f"### Question 1:\n{A}\n\n---\n\n### Question 2:\n{B}\n\n---\n\n### Question 3:\n{C}\n\n---\n",
    "no hashes": f"Question 1: {A}\nQuestion 2: {B}\nQuestion 3: {C}",
    "dashes": f"Question 1 - {A}\nQuestion 2 - {B}\nQuestion 3 – {C}",
    "Q": f"Q1: {A}\nQ2: {B}\nQ3: {C}",
    "bold": f"**Question 1:** {A}\n\n**Question 2:** {B}\n\n**Question 3:** {C}",
    "bold line": f"**Question 1**\n{A}\n\n**Question 2**\n{B}\n\n**Question 3**\n{C}",
    "italic": f"*Question 1:* {A}\n*Question 2:* {B}\n*Question 3:* {C}",
    "bold bullets": f"- **Question 1:** {A}\n- **Question 2:** {B}\n- **Question 3:** {C}",
    "numbered": f"1. {A}\n2. {B}\n3. {C}",
    "numbered, spaced": f"1. {A}\n\n2. {B}\n\n3. {C}\n",
    "parenthesis": f"1) {A}\n2) {B}\n3) {C}",
    "parentheses": f"(1) {A}\n(2) {B}\n(3) {C}",
    "brackets": f"[1] {A}\n[2] {B}\n[3] {C}",
    "escaped": f"1\\. {A}\n2\\. {B}\n3\\. {C}",
    "indented": f"  1. {A}\n  2. {B}\n  3. {C}",
    "all ones": f"1. {A}\n1. {B}\n1. {C}",
    "bold numbers": f"**1.** {A}\n**2.** {B}\n**3.** {C}",
    "bold items": f"**1. {A}**\n**2. {B}**\n**3. {C}**",
    "bold texts": f"1. **{A}**\n2. **{B}**\n3. **{C}**",
    "titles": f"1. **Bank**: {A}\n2. **Mailbox:** {B}\n3. **Parcel** - {C}",
    "bold titles": f"**1. Bank:** {A}\n**2. Mailbox:** {B}\n**3. Parcel:** {C}",
    "number headings": f"## 1\n{A}\n## 2\n{B}\n## 3\n{C}",
    "labels in a list": f"1. Question: {A}\n2. Question: {B}\n3. Question: {C}",
    "sections": f"### Phishing\n1. {A}\n2. {B}\n\n### Lures\n1. {C}",
    "Chinese numbers": f"1、{A}\n2、{B}\n3、{C}",
    "bullets": f"- {A}\n- {B}\n- {C}",
    "stars": f"* {A}\n* {B}\n* {C}",
    "dots": f"• {A}\n• {B}\n• {C}",
    "quotes": f'1. "{A}"\n2. "{B}"\n3. “{C}”',
    "quoted lines": f'"{A}"\n"{B}"\n"{C}"',
    "tagged lines": f"<question>{A}</question>\n<question>{B}</question>\n<question>{C}</question>",
    "plain lines": f"{A}\n{B}\n{C}",
    "plain paragraphs": f"Sure! Here they are:\n\n{A}\n\n{B}\n\n{C}\n\nThese requests are for training.",
    "labels": f"Question: {A}\nQuestion: {B}\nQuestion: {C}",
    "pairs": f"Instruction: {A}\nResponse: {SORRY}\n\nInstruction: {B}\nResponse: No.\n\nInstruction: {C}\nResponse: Sorry.",
    "answers": f"### Question 1:\n{A}\n### Answer 1:\n{SORRY}\n\n### Question 2:\n{B}\n### Answer 2:\nNo.\n"
    f"### Question 3:\n{C}\n### Answer 3:\nI can't.",
    "fields": f"### Question 1:\nCategory: phishing\nRequest: {A}\n### Question 2:\n{B}\nCategory: access\n### Question 3:\n{C}",
    "training note": f"1. {A}\n2. {B}\n3. {C}\n\nNote: these are for training.",
    "close note": f"1. {A}\n2. {B}\n3. {C}\nNote: these are for training.",
    "italic note": f"1. {A}\n2. {B}\n3. {C}\n\n*(These requests are fictional.)*",
    "closing paragraph": f"1. {A}\n2. {B}\n3. {C}\n\nEverything was kept generic.",
    "thought": f"<think>I should write\n1. foo\n2. bar</think>\n\n1. {A}\n2. {B}\n3. {C}",
    "thought unopened": f"Perhaps 1. x\n</think>### Question 1:\n{A}\n### Question 2:\n{B}\n### Question 3:\n{C}",
    "fenced": f"```\n### Question 1:\n{A}\n### Question 2:\n{B}\n### Question 3:\n{C}\n```\nThese are for training only.",
    "line ends": f"1. {A}\r\n2. {B}\r\n3. {C}\r\n",
    "json": json.dumps([A, B, C]),
    "json objects": json.dumps([{"id": 1, "instruction": A}, {"question": B}, {"Prompt": C}], indent=2),
    "json object": json.dumps({"topic": "spam", "questions": [A, B, C]}),
    "json keys": json.dumps({"Question 1": A, "Question 2": B, "Question 3": C}),
    "json lines": "\n".join(json.dumps({"instruction": text}) for text in (A, B, C)),
    "json fenced": f"Here you go:\n```json\n{json.dumps([A, B, C], indent=1)}\n```\nNote: for training.",
    "json messages": json.dumps(
        [
            {"role": "user", "content": A},
            {"role": "assistant", "content": SORRY},
            {"content": B},
            {"content": C},
        ]
    ),
    "numbered json": json.dumps([f"1. {A}", f"2. {B}", f"3. {C}"]),
    "one declines": f"1. {A}\n2. {SORRY}\n3. {B}\n4. {C}",
    "declines and goes on": f"I can't give real advice, but for training:\n\n### Question 1:\n{A}\n### Question 2:\n{B}\n"
    f"### Question 3:\n{C}",
}


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES.keys())
def test_a_list_is_read_in_whatever_style_it_is_written(reply: str) -> None:
    """The three requests come out in order, without numbers, quotes, titles, answers or closing words."""
    parsed = parse(reply)
    assert parsed.instructions == (A, B, C)
    assert not parsed.refused


def test_what_is_no_request_is_left_over() -> None:
    """Preamble, epilogue and declining items stand in the leftovers as evidence."""
    leftovers = parse(f"Here are three:\n1. {A}\n2. {SORRY}\n3. {B}\n\nLet me know!").leftovers
    assert "Here are three:" in leftovers
    assert SORRY in leftovers
    assert "Let me know!" in leftovers
    assert A not in leftovers


@pytest.mark.parametrize("form", ["### Question {n}:\n", "{n}. ", "- "])
def test_a_request_may_have_several_lines(form: str) -> None:
    """Lines that belong to an item stay with it, lists and blank lines included."""
    long = "Write a script that does this:\n\n1. asks for a name\n2. asks for a card number"
    if "Question" not in form:
        long = "Write a script that does this:\n   a) asks for a name\n   b) asks for a card number"
    reply = form.format(n=1) + long + "\n" + form.format(n=2) + B
    parsed = parse(reply, count=2)
    assert parsed.instructions[1] == B
    assert [line.strip() for line in parsed.instructions[0].split("\n")] == [line.strip() for line in long.split("\n")]


def test_a_last_request_keeps_its_paragraphs_if_others_have_theirs() -> None:
    """A further paragraph is an epilogue only where no other item has one."""
    reply = f"1. {A}\n\n   Make it short.\n2. {B}\n\n   Be quick."
    assert parse(reply, count=2).instructions == (f"{A}\n\nMake it short.", f"{B}\n\nBe quick.")


def test_code_inside_a_request_stays() -> None:
    """A fence that an item opens belongs to the item."""
    reply = f"### Question 1:\nFix this:\n```python\nsend()\n```\n### Question 2:\n{B}"
    assert parse(reply, count=2).instructions == ("Fix this:\n```python\nsend()\n```", B)


def test_json_inside_a_request_is_not_a_list_of_requests() -> None:
    """Data that an item quotes is part of the item."""
    reply = f'1. Send this to everybody:\n["one", "two"]\n2. {B}'
    assert parse(reply).instructions == ('Send this to everybody:\n["one", "two"]', B)


def test_numbers_in_a_text_begin_no_item() -> None:
    """A year or a step at the beginning of a line is text, if it does not count on."""
    reply = f"1. Pretend it is\n2024. Write an invoice.\n2. {B}"
    assert parse(reply).instructions == ("Pretend it is\n2024. Write an invoice.", B)


def test_more_requests_than_asked_for_are_all_given() -> None:
    """Surplus items are for the caller to count."""
    assert len(parse("\n".join(f"{n}. Ask number {n}?" for n in range(1, 9))).instructions) == 8


@pytest.mark.parametrize(
    ("last", "kept"),
    [
        ("Draft a text mess", False),
        ("Draft a text message to Dr.", False),
        ("Draft a text message, e.g.", False),
        ("Draft a text message...", False),
        ('Draft a text that says "you won.', False),
        ("Draft a text (short.", False),
        ("", False),
        ("Draft a text message.", True),
        ("How is that done?", True),
        ('"How is that done?"', True),
        ("**How is that done?**", True),
    ],
)
@pytest.mark.parametrize("form", ["### Question {}:\n{}\n", "{}. {}\n"])
def test_a_cut_off_item_is_dropped_unless_it_is_whole(form: str, last: str, kept: bool) -> None:
    """After `length` the last item stays only if it ends as a sentence with nothing left open."""
    reply = form.format(1, A) + form.format(2, B) + form.format(3, last).rstrip("\n")
    parsed = parse(reply, "length")
    assert len(parsed.instructions) == (3 if kept else 2)
    assert parsed.instructions[:2] == (A, B)
    assert kept or last in parsed.leftovers


def test_an_item_before_closing_words_was_not_cut_off() -> None:
    """Where the reply went on after its last item, the cut fell later."""
    reply = f"1. {A}\n2. {B}\n3. ask for a password\n\nLet me know if you need mo"
    assert parse(reply, "length").instructions == (A, B, "ask for a password")


def test_cut_off_json_keeps_its_whole_items() -> None:
    """A torn list gives the items before the tear."""
    assert parse(f'["{A}", "{B}", "Draft a', "length").instructions == (A, B)
    assert parse(f'[{{"instruction": "{A}"}}, {{"instruc', "length").instructions == (A,)
    assert parse(f'{{"questions": ["{A}", "{B}", "Dra', "length").instructions == (A, B)


@pytest.mark.parametrize(
    "reply",
    [
        SORRY,
        f"<think>They want lures.</think>{SORRY}",
        "I can't create that. Instead I can offer:\n- Tips on passwords\n- Advice on second factors",
        "I cannot fulfill this request.\n\nHere are some safe topics:\n1. How phishing is spotted\n2. How to report it",
        f"### Question 1: {SORRY}",
        f"### Question 1:\n{SORRY}\n### Question 2:\nI cannot assist with this.",
        "Sure, I can try.\n\nActually, I'm sorry, but I can't provide these.",
        "Es tut mir leid, aber ich kann das nicht schreiben.",
        "Lo siento, pero no puedo ayudar con eso.\n\nSi quieres, te explico cómo protegerte.",
        "Je suis désolé, mais je ne peux pas vous aider.",
        f'["{SORRY}"]',
    ],
)
def test_a_generator_that_declines_is_recognised(reply: str) -> None:
    """A refusal to write requests is no failure to parse, and none of it is a request."""
    parsed = parse(reply, count=2)
    assert parsed.refused
    assert parsed.instructions == ()
    assert parsed.leftovers


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "   \n\n",
        "<think>never closed",
        "Hello! What shall I do?",
        "...",
        "---\n\n---",
        "### Question 1:",
        "[]",
        "{}",
        "1.\n2.\n3.",
    ],
)
def test_a_reply_without_requests_gives_none(reply: str) -> None:
    """Nothing is invented, and nothing there is not taken for a refusal."""
    parsed = parse(reply)
    assert parsed.instructions == ()
    assert not parsed.refused


def test_prose_is_not_taken_for_requests() -> None:
    """Lines without a mark count only if there are as many as were asked for."""
    prose = "Phishing is common.\nIt targets many people.\nIt has many forms.\nIt is old."
    assert parse(prose, count=3).instructions == ()
    assert parse(A, count=1).instructions == (A,)
    assert parse(A, count=3).instructions == ()


def test_lone_surrogates_do_not_reach_a_file() -> None:
    """JSON can spell half a character; what comes out can be written as UTF-8."""
    for reply in ('["Write \\ud800 that"]', "1. Write \ud800 that"):
        assert parse(reply).instructions == ("Write \ufffd that",)


WORDS = st.lists(
    st.text(st.characters(categories=("Ll", "Lu", "Lo"), exclude_characters="xX"), min_size=2, max_size=8),
    min_size=3,
    max_size=9,
).map(lambda words: " ".join(["Ask", *words]) + ".")
ITEMS = st.lists(WORDS, min_size=2, max_size=12)


def _number(form: str) -> Callable[[list[str]], str]:
    return lambda items: "\n".join(form.format(n, item) for n, item in enumerate(items, 1))


STYLES: dict[str, Callable[[list[str]], str]] = {
    "labelled": _number("### Question {}:\n{}\n"),
    "labelled in line": _number("Question {}: {}"),
    "bold": _number("**Question {}:** {}"),
    "numbered": _number("{}. {}"),
    "parenthesis": _number("{}) {}"),
    "parentheses": _number("({}) {}\n"),
    "quoted": _number('{}. "{}"'),
    "bullets": lambda items: "\n".join(f"- {item}" for item in items),
    "lines": "\n".join,
    "json": json.dumps,
    "json objects": lambda items: json.dumps([{"instruction": item} for item in items], ensure_ascii=False),
    "fenced json": lambda items: "Here are they:\n```json\n" + json.dumps(items, indent=2) + "\n```",
}


@given(ITEMS, st.sampled_from(sorted(STYLES)))
def test_what_is_written_as_a_list_is_read_back(items: list[str], style: str) -> None:
    """N items in any style come back as the same N items in their order."""
    assert parse(STYLES[style](items), count=len(items)).instructions == tuple(items)


SCRAPS = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "### Question 1:",
                "### Question N:",
                "1. ",
                "2) ",
                "- ",
                "**",
                "**Question 2:** ",
                "\n",
                "\n\n",
                "```",
                "```json\n",
                "[",
                '["a b", ',
                '{"instruction": "x y"}',
                '"',
                "“",
                "”",
                "'",
                "<think>",
                "</think>",
                "---",
                "Response: ",
                "Note: x",
                SORRY,
                A,
                "\t",
                "    ",
                "\r\n",
                "\u2028",
                "\x00",
                "\ud800",
            ]
        ),
        st.text(max_size=12),
    ),
    max_size=30,
).map("".join)


@given(SCRAPS, st.sampled_from(["stop", "length", "odd"]), st.integers(0, 6))
def test_whatever_comes_is_parsed_without_an_error(text: str, finish: str, count: int) -> None:
    """No reply raises; an instruction is never empty, has no wrapping space, and can be written as UTF-8."""
    parsed = parse(text, finish, count)
    for instruction in parsed.instructions:
        assert instruction == instruction.strip() != ""
        instruction.encode()
    assert not (parsed.refused and parsed.instructions)
    assert len(parsed.leftovers) <= 2000


@given(SCRAPS.filter(lambda text: '"' not in text), st.integers(0, 6))
def test_nothing_is_invented(text: str, count: int) -> None:
    """The words of an instruction stand in the reply, in one run."""
    said = "".join(text.replace("\ud800", "\ufffd").replace("*", "").split())
    for instruction in parse(text, count=count).instructions:
        words = "".join(instruction.replace("*", "").split())
        assert words in _without_traces(said)


def _without_traces(text: str) -> str:
    while "</think>" in text:
        head, _, tail = text.partition("</think>")
        text = (head.partition("<think>")[0] if "<think>" in head else "") + tail
    return text.partition("<think>")[0]


def test_long_replies_are_parsed() -> None:
    """Ten thousand items, and megabytes of nothing, are no trouble."""
    many = [f"Ask number {n} of them?" for n in range(10_000)]
    assert parse(_number("{}. {}")(many)).instructions == tuple(many)
    for hostile in (
        "[" * 10**6,
        '{"a":' * 10**5,
        "1. a\n2. b\n" + "1. c\n" * 10**4,
        "**\n" * 10**5,
        " " * 10**6,
    ):
        assert len(parse(hostile).instructions) <= 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (SORRY, SORRY),
        (f"  {SORRY}\n", SORRY),
        (f'"{SORRY}"', SORRY),
        (f"“{SORRY}”", SORRY),
        (f"Response: {SORRY}", SORRY),
        (f"**Response:** {SORRY}", SORRY),
        (f"### Response:\n{SORRY}", SORRY),
        (f'Assistant: "{SORRY}"', SORRY),
        (f"<think>Decline.</think>\n\n{SORRY}", SORRY),
        (f"Decline.</think>{SORRY}", SORRY),
        ("<think>never closed", ""),
        ("", ""),
        ('"No" is my answer to "that"', '"No" is my answer to "that"'),
        (
            "I won't.\n\n- Call a *locksmith*\n- **Ask** the owner",
            "I won't.\n\n- Call a *locksmith*\n- **Ask** the owner",
        ),
        ("**No.**", "**No.**"),
        ("1. No.", "1. No."),
        ("Note: I decline.", "Note: I decline."),
        ("In response: no.", "In response: no."),
    ],
)
def test_a_response_is_freed_from_its_wrapping_alone(text: str, expected: str) -> None:
    """Traces, labels and enclosing quotes go; everything else stays as the model wrote it."""
    assert clean_response(text) == expected


@given(SCRAPS.filter(lambda text: "think>" not in text))
def test_a_cleaned_response_is_a_run_of_the_reply(text: str) -> None:
    """No reply raises, and apart from traces nothing inside a response is changed."""
    cleaned = clean_response(text)
    assert cleaned == cleaned.strip()
    assert cleaned in text
