from __future__ import annotations

import asyncio
import json
import math
import re
from pathlib import Path

import pytest

from demur.engines.base import Chat, Form, Message, Request, Sampling
from demur.engines.llama_cpp import LlamaCppEngine
from demur.errors import RequestRejected, RequestTimedOut, ServerFault
from tests.engines.samples import RESPOND, raw
from tests.llama.conftest import OpenEngine
from tests.llama.samples import CHOICE, ENDLESS, SCORE, ask_chat, ask_raw, llama_settings
from tests.llama.tiny_model import CONTROL, END, LABELS, ROLE, ROLE_END, list_tokens


async def test_a_chat_goes_through_the_models_template(open_engine: OpenEngine) -> None:
    """A chat is answered as the raw prompt is that its template makes of it, token for token."""
    engine = open_engine("asker.gguf")
    rendered = f"{ROLE}user{ROLE_END}hello{END}\n{ROLE}assistant{ROLE_END}"
    by_chat, by_hand = (
        await engine.complete(ask_chat("hello", seed=2)),
        await engine.complete(ask_raw(rendered, seed=2)),
    )
    assert by_chat == by_hand
    assert by_chat.usage.completion_tokens > 1


async def test_a_system_turn_comes_through(open_engine: OpenEngine) -> None:
    """All turns of a chat reach the model."""
    engine = open_engine()
    chat = Chat((Message("system", "abc"), Message("user", "de")))
    reply = await engine.complete(Request(chat, RESPOND, Sampling(max_tokens=1)))
    expected = len("system" + "abc" + "user" + "de" + "assistant") + 2 * len("\n") + 8  # the control tokens
    assert reply.usage.prompt_tokens == expected


@pytest.mark.parametrize(
    ("text", "tokens"), [("abc", 3), (f"{ROLE}ab{ROLE_END}", 4), (f"{END}\n", 2), ("é", 2), ("a\ud800b", 3)]
)
async def test_a_raw_prompt_is_left_as_it_is(open_engine: OpenEngine, text: str, tokens: int) -> None:
    """No begin-of-text token in front, no template around; a role token is one token; a lone surrogate does no harm."""
    reply = await open_engine().complete(ask_raw(text, max_tokens=1))
    assert reply.usage.prompt_tokens == tokens
    assert reply.usage.completion_tokens == 1


async def test_the_seed_decides_the_reply(open_engine: OpenEngine) -> None:
    """One seed gives one reply, on a freshly loaded model too; other seeds give others, also beyond 32 bits."""
    engine = open_engine()
    first = [(await engine.complete(ask_raw(seed=seed))).text for seed in range(8)]
    await engine.close()
    again = open_engine()
    assert [(await again.complete(ask_raw(seed=seed))).text for seed in range(8)] == first
    assert len(set(first)) == 8
    assert (await again.complete(ask_raw(seed=2**40 + 3))).text == first[3]


async def test_a_reply_ends_at_the_limit_and_at_a_stop(open_engine: OpenEngine) -> None:
    """`length` at the token limit, `stop` at the model's end and at a text of `stop`, which is left out."""
    engine = open_engine("asker.gguf")
    cut = await engine.complete(ask_chat(max_tokens=4))
    whole = await engine.complete(ask_chat(max_tokens=400))
    stopped = await engine.complete(raw(ROLE_END, sampling=Sampling(max_tokens=400, stop=("Give me",))))
    assert (cut.finish, cut.usage.completion_tokens) == ("length", 4)
    assert whole.finish == "stop"
    assert whole.text.startswith(cut.text)
    assert (stopped.text, stopped.finish) == ("- ", "stop")


async def test_logprobs_are_those_of_the_whole_vocabulary(open_engine: OpenEngine) -> None:
    """A token each, with the alternatives in order; over the whole vocabulary the probabilities sum to 1."""
    engine = open_engine("asker.gguf")
    reply = await engine.complete(ask_raw(ROLE_END, max_tokens=6, logprobs=100_000))
    everything = len(reply.logprobs[0].top)
    assert everything > 256
    assert len(reply.logprobs) == reply.usage.completion_tokens == 6
    for token in reply.logprobs:
        values = [logprob for _, logprob in token.top]
        assert len(values) == everything
        assert values == sorted(values, reverse=True)
        assert math.fsum(map(math.exp, values)) == pytest.approx(1, abs=1e-3)
        assert (token.token, token.logprob) in token.top
    few = await engine.complete(ask_raw(ROLE_END, max_tokens=6, logprobs=3))
    assert [len(token.top) for token in few.logprobs] == [3] * 6


async def test_a_grammar_holds_whatever_the_weights_say(open_engine: OpenEngine) -> None:
    """Every reply of a model with random weights has the form, raw and by chat, and ends by itself."""
    engine = open_engine()
    for seed in range(10):
        for request in (ask_raw(seed=seed, form=SCORE), ask_chat(seed=seed, form=SCORE)):
            reply = await engine.complete(request)
            assert re.fullmatch("<score> (yes|no) </score>", reply.text)
            assert reply.finish == "stop"


async def test_a_grammars_labels_are_among_the_alternatives(open_engine: OpenEngine) -> None:
    """Where the label stands both labels are reported, however improbable they were; other tokens stay few."""
    reply = await open_engine().complete(ask_raw(form=SCORE, logprobs=2))
    names = {"yes", "no", " yes", " no", "Yes", "No"}
    for token in reply.logprobs:
        assert names <= {name for name, _ in token.top}
        assert len(token.top) <= 2 + len(names) + len({"score"})


async def test_a_json_schema_holds(open_engine: OpenEngine) -> None:
    """Replies are JSON by the schema, raw and by chat, without white space that a small model could lose itself in."""
    engine = open_engine()
    for seed in range(10):
        for request in (ask_raw(seed=seed, form=CHOICE), ask_chat(seed=seed, form=CHOICE)):
            reply = await engine.complete(request)
            assert json.loads(reply.text)["verdict"] in ("safe", "unsafe")
            assert reply.text == json.dumps(json.loads(reply.text))


@pytest.mark.parametrize(
    "schema", ['{"type": "nothing"}', '{"type": "array", "uniqueItems": true}', '{"$ref": "#/no"}']
)
async def test_a_schema_that_cannot_be_kept_is_an_error(open_engine: OpenEngine, schema: str) -> None:
    """llama.cpp then says whatever it likes, without a word: no such reply is taken for one in the form."""
    with pytest.raises(RequestRejected, match="JSON Schema"):
        await open_engine().complete(ask_chat(form=Form(json_schema=schema)))


async def test_a_broken_grammar_is_refused(open_engine: OpenEngine) -> None:
    """A form that llama.cpp cannot read is an error of the request, which no retry mends."""
    with pytest.raises(RequestRejected, match="form") as caught:
        await open_engine().complete(ask_raw(form=Form(grammar="root ::= nowhere")))
    assert not caught.value.retryable


async def test_many_requests_at_once_are_all_answered(open_engine: OpenEngine) -> None:
    """Three dozen at once on three slots: each gets the reply that it gets alone."""
    engine = open_engine("asker.gguf", concurrency=3)
    alone = [(await engine.complete(ask_chat(seed=seed, max_tokens=200))).text for seed in range(36)]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(engine.complete(ask_chat(seed=seed, max_tokens=200))) for seed in range(36)]
    assert [task.result().text for task in tasks] == alone
    assert len(set(alone)) > 30


async def test_each_slot_has_the_whole_context_window(open_engine: OpenEngine) -> None:
    """`num_ctx` is what one request may fill, whatever the number of slots; beyond it the error says what to raise."""
    engine = open_engine(num_ctx=256, concurrency=4)
    assert (await engine.complete(ask_raw("x" * 250, max_tokens=2))).usage.prompt_tokens == 250
    for request in (ask_raw("x" * 300), ask_chat("x" * 300)):
        with pytest.raises(RequestRejected, match=r"context window of 256 tokens: request \(3\d\d tokens\)") as caught:
            await engine.complete(request)
        assert "num_ctx" in caught.value.hint


async def test_a_form_that_the_context_window_tears_is_an_error(open_engine: OpenEngine) -> None:
    """Half a form is of no use; a reply without one is merely cut off."""
    engine = open_engine(num_ctx=256)
    assert (await engine.complete(ask_raw("x" * 250, max_tokens=40))).finish in ("length", "stop")
    with pytest.raises(RequestRejected, match="full before a reply had its form"):
        await engine.complete(ask_raw("x" * 250, form=SCORE))


async def test_a_cancelled_request_leaves_its_slot(open_engine: OpenEngine) -> None:
    """After the cancellation of a reply without end, the only slot answers the next request."""
    engine = open_engine(concurrency=1, num_ctx=60_000)
    async with asyncio.TaskGroup() as group:
        for waiting in range(2):
            task = group.create_task(engine.complete(ask_raw(max_tokens=50_000, form=ENDLESS)))
            if not waiting:
                await asyncio.sleep(0.05)
            task.cancel()
    assert (await engine.complete(ask_raw(max_tokens=3))).usage.completion_tokens == 3


async def test_a_reply_without_end_times_out(open_engine: OpenEngine) -> None:
    """`timeout_s` ends a reply, with a word on what to change; the slot then takes the next request."""
    engine = open_engine(concurrency=1, num_ctx=60_000, timeout_s=0.05)
    with pytest.raises(RequestTimedOut, match=r"within 0\.05 s") as caught:
        await engine.complete(ask_raw(max_tokens=50_000, form=ENDLESS))
    assert "max_tokens" in caught.value.hint
    assert (await engine.complete(ask_raw(max_tokens=1))).usage.completion_tokens == 1


async def test_closing_ends_what_is_under_way(models: Path) -> None:
    """A closed engine frees its model at once: a request that was still being answered fails, and nothing hangs."""
    engine = LlamaCppEngine(llama_settings(models / "random.gguf", num_ctx=60_000))

    async def ask() -> None:
        with pytest.raises(ServerFault, match="given up"):
            await engine.complete(ask_raw(max_tokens=50_000, form=ENDLESS))

    async with asyncio.TaskGroup() as group:
        group.create_task(ask())
        await asyncio.sleep(0.05)
        await engine.close()
    await engine.close()


async def test_nothing_is_said_on_the_terminal(open_engine: OpenEngine, capfd: pytest.CaptureFixture[str]) -> None:
    """Loading, answering, refusing and freeing leave the terminal alone: llama.cpp's own log is off."""
    engine = open_engine("other.gguf")
    await engine.complete(ask_chat())
    with pytest.raises(RequestRejected):
        await engine.complete(ask_raw("x" * 2000))
    await engine.close()
    assert capfd.readouterr() == ("", "")


def test_the_vocabulary_is_what_the_tests_think() -> None:
    """The bytes, the control tokens, the labels: nothing twice."""
    tokens = list_tokens(LABELS)
    assert len(set(tokens)) == len(tokens) == 256 + len(CONTROL) + len(LABELS)
