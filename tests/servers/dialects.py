"""How real servers word their replies: OpenAI's endpoints as vLLM and llama.cpp have them, and Ollama's
own."""

from __future__ import annotations

import json
from collections.abc import Mapping

from tests.servers.roleplay import Token

Body = Mapping[str, object]

OLLAMA_TIME = "2025-11-20T10:00:00.000000Z"


def render_chat(messages: object) -> str:
    """Apply a chat template, Granite's: what a model sees of a chat."""
    if not isinstance(messages, list):
        return ""
    turns = [f"<|start_of_role|>{turn['role']}<|end_of_role|>{turn['content']}<|end_of_text|>\n" for turn in messages]
    return "".join(turns) + "<|start_of_role|>assistant<|end_of_role|>"


def render_guardian_chat(messages: object, arguments: Body) -> str:
    """Apply Granite Guardian 3.3's template with the `chat_template_kwargs` of a server that knows them."""
    config = arguments.get("guardian_config")
    named = config if isinstance(config, dict) else arguments
    criteria = named.get("custom_criteria") or named.get("criteria_id")
    if not criteria or not isinstance(messages, list):
        return render_chat(messages)
    who = messages[-1]["role"]
    mode = "{think}" if arguments.get("think") else "{no_think}"
    return (
        render_chat(messages).removesuffix("<|start_of_role|>assistant<|end_of_role|>")
        + f"<|start_of_role|>judge_protocol<|end_of_role|>### Criteria: {criteria}\n\n"
        + f"### Scoring Schema: If the last {who}'s text meets the criteria, return 'yes'; "
        + "otherwise, return 'no'.<|end_of_text|>\n"
        + f"<|start_of_role|>judge{mode}<|end_of_role|>"
    )


def count_tokens(text: str) -> int:
    """Roughly how many tokens a text has."""
    return len(text) // 4 + 1


def _entries(tokens: list[Token]) -> list[Body]:
    return [
        {
            "token": token.text,
            "logprob": token.logprob,
            "bytes": list(token.text.encode()),
            "top_logprobs": [
                {"token": name, "logprob": value, "bytes": list(name.encode())} for name, value in token.top
            ],
        }
        for token in tokens
    ]


def _usage(prompt: str, text: str) -> Body:
    asked, answered = count_tokens(prompt), count_tokens(text)
    return {"prompt_tokens": asked, "completion_tokens": answered, "total_tokens": asked + answered}


def write_openai_chat(model: str, prompt: str, text: str, finish: str, tokens: list[Token] | None) -> Body:
    """The reply of `/v1/chat/completions`."""
    return {
        "id": "chatcmpl-0",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text},
                "logprobs": None if tokens is None else {"content": _entries(tokens)},
                "finish_reason": finish,
            }
        ],
        "usage": _usage(prompt, text),
    }


def write_openai_completion(
    model: str, prompt: str, text: str, finish: str, tokens: list[Token] | None, *, legacy: bool
) -> Body:
    """The reply of `/v1/completions`: with log-probabilities in parallel lists (vLLM), or as `content`
    (llama.cpp)."""
    logprobs: Body | None = None
    if tokens is not None and legacy:
        offsets, at = [], 0
        for token in tokens:
            offsets.append(at)
            at += len(token.text)
        logprobs = {
            "text_offset": offsets,
            "tokens": [token.text for token in tokens],
            "token_logprobs": [token.logprob for token in tokens],
            "top_logprobs": [dict(token.top) for token in tokens],
        }
    elif tokens is not None:
        logprobs = {"content": _entries(tokens)}
    return {
        "id": "cmpl-0",
        "object": "text_completion",
        "created": 0,
        "model": model,
        "choices": [{"index": 0, "text": text, "logprobs": logprobs, "finish_reason": finish}],
        "usage": _usage(prompt, text),
    }


def write_ollama(
    model: str, prompt: str, text: str, finish: str, tokens: list[Token] | None, *, chat: bool, stream: bool,
    counts: bool = True,
) -> bytes:  # fmt: skip
    """The reply of `/api/chat` or `/api/generate`: one object, or one a line where it streams."""

    def part(words: str, done: bool) -> dict[str, object]:
        said: dict[str, object] = {"model": model, "created_at": OLLAMA_TIME}
        if chat:
            said["message"] = {"role": "assistant", "content": words}
        else:
            said["response"] = words
        said["done"] = done
        return said

    tail = {
        "done_reason": finish,
        "total_duration": 1_000_000,
        "load_duration": 1_000,
        **({"prompt_eval_count": count_tokens(prompt)} if counts else {}),
        "prompt_eval_duration": 1_000,
        "eval_count": count_tokens(text),
        "eval_duration": 1_000,
    }
    if stream:
        half = len(text) // 2
        lines = [part(text[:half], False), part(text[half:], False), {**part("", True), **tail}]
        return "".join(json.dumps(line) + "\n" for line in lines).encode()
    whole = {**part(text, True), **tail}
    if tokens is not None:
        whole["logprobs"] = _entries(tokens)
    return json.dumps(whole).encode()
