from __future__ import annotations

import json

import pytest

from demur.engines.transport import JsonClient
from demur.errors import ModelNotFound
from tests.servers.ollama_rules import Refusal, find_refusal, fit_prompt, list_ignored_options, write_idle_reply
from tests.servers.simulated import SimulatedServer

BODY: dict[str, object] = {"model": "m", "prompt": "hi", "messages": [{"role": "user", "content": "hi"}]}


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"keep_alive": "5"}, 400, 'time: missing unit in duration "5"'),
        ({"keep_alive": "soon"}, 400, 'time: invalid duration "soon"'),
        ({"top_logprobs": 21}, 400, "top_logprobs must be between 0 and 20"),
        ({"raw": True, "system": "x"}, 400, "raw mode does not support template, system, or context"),
        ({"format": "yaml"}, 400, 'expected "json" or a valid JSON Schema'),
        ({"think": "very"}, 400, "invalid think value"),
        ({"think": True}, 400, '"m" does not support thinking'),
        ({"stream": "no"}, 400, "GenerateRequest.stream of type bool"),
        ({"options": {"num_ctx": "big"}}, 500, 'option "num_ctx" must be of type integer'),
    ],
)
def test_what_ollama_refuses(changes: dict[str, object], status: int, said: str) -> None:
    """Values that an Ollama cannot use are refused in its words."""
    refusal = find_refusal("generate", {**BODY, **changes}, thinks=False)
    assert refusal is not None
    assert refusal.status == status
    assert said in refusal.said


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"keep_alive": "1h30m", "format": {"type": "object"}, "think": False, "truncate": False, "shift": False},
        {"keep_alive": -1, "format": "json", "logprobs": True, "top_logprobs": 20, "options": {"num_ctx": 4096}},
        {"options": {"made_up": 1, "temperature": 0}},
    ],
)
def test_what_ollama_takes(changes: dict[str, object]) -> None:
    """Everything that is documented is taken, and a name under `options` that is not, too."""
    assert find_refusal("chat", {**BODY, **changes}, thinks=False) is None


def test_unknown_options_are_noted() -> None:
    """A name under `options` that an Ollama does not know is dropped with a warning."""
    assert list_ignored_options({"options": {"made_up": 1, "seed": 3}}) == ["made_up"]


@pytest.mark.parametrize(
    ("route", "changes", "reason"),
    [("generate", {"prompt": ""}, "load"), ("chat", {"messages": []}, "load"),
     ("generate", {"prompt": "", "keep_alive": 0}, "unload"), ("generate", {}, None)],
)  # fmt: skip
def test_request_without_a_prompt_only_loads(route: str, changes: dict[str, object], reason: str | None) -> None:
    """Nothing to answer loads the model, and with `keep_alive: 0` unloads it."""
    reply = write_idle_reply(route, {**BODY, **changes})
    assert (reply and reply["done_reason"]) == reason


def test_window_cuts_or_refuses_by_version() -> None:
    """A prompt that is too long keeps its end, unless the request forbids it and the server is new enough to listen."""
    long = "a" * 4000 + "z"
    forbid = {"truncate": False, "options": {"num_ctx": 100}}
    assert fit_prompt(long, {"options": {"num_ctx": 100}}, 4096, (0, 34, 2)) == long[-396:]
    assert fit_prompt(long, forbid, 4096, (0, 12, 5)) == long[-396:]
    assert fit_prompt(long, forbid, 4096, (0, 12, 6)) == Refusal(400, "the input length exceeds the context length")
    wrapped = fit_prompt(long, forbid, 4096, (0, 34, 2))
    assert isinstance(wrapped, Refusal)
    assert json.loads(wrapped.said)["error"]["n_ctx"] == 100
    assert fit_prompt(long, {}, 4096, (0, 34, 2)) == long


async def test_show_and_tags_name_the_models() -> None:
    """`/api/tags` lists what is there, and `/api/show` knows no other."""
    async with SimulatedServer(dialect="ollama", models=("granite4:3b",)) as server:
        client = JsonClient(server.url)
        tags = await client.get(f"{server.url}/api/tags")
        shown = await client.post(f"{server.url}/api/show", {"model": "granite4:3b"})
        with pytest.raises(ModelNotFound):
            await client.post(f"{server.url}/api/show", {"model": "other"}, model="other")
        await client.close()
    assert isinstance(tags["models"], list)
    assert [entry["name"] for entry in tags["models"]] == ["granite4:3b"]
    assert shown["capabilities"] == ["completion"]
