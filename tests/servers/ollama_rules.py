"""What an Ollama accepts, refuses and leaves out, as api/types.go, server/routes.go and docs/openapi.yaml of
github.com/ollama/ollama have it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from tests.servers.dialects import Body, count_tokens

OPTIONS: Mapping[str, type] = {
    **dict.fromkeys(("num_keep", "seed", "num_predict", "top_k", "repeat_last_n", "num_ctx", "num_batch"), int),
    **dict.fromkeys(("num_gpu", "main_gpu", "num_thread"), int),
    **dict.fromkeys(("top_p", "min_p", "typical_p", "temperature", "repeat_penalty"), float),
    **dict.fromkeys(("presence_penalty", "frequency_penalty"), float),
    "stop": list,
    "use_mmap": bool,
}
"""The names of `options`, with the type of each. Others are ignored, with a warning in the server's log."""

_NAMES = {int: "integer", float: "float32", bool: "boolean", list: "array"}
_DURATION = re.compile(r"-?(\d+(\.\d*)?(ns|us|µs|ms|s|m|h))+")

TRUNCATE_SINCE = (0, 12, 6)
"""From this version on `truncate: false` makes an error of a prompt that does not fit."""

WRAPPED_SINCE = (0, 34, 0)
"""From this version on that error is llama-server's own, as JSON within the text."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A status, and the text of `error`."""

    status: int
    said: str


def find_refusal(route: str, body: Body, *, thinks: bool) -> Refusal | None:
    """What the server refuses before it looks at the prompt."""
    if (wrong := _find_wrong_type(body)) is not None:
        return Refusal(400, wrong)
    top = body.get("top_logprobs", 0)
    if not isinstance(top, int) or not 0 <= top <= 20:
        return Refusal(400, "top_logprobs must be between 0 and 20")
    if route == "generate" and body.get("raw") and (body.get("system") or body.get("template") or body.get("context")):
        return Refusal(400, "raw mode does not support template, system, or context")
    if body.get("think") and not thinks:
        return Refusal(400, f'"{body["model"]}" does not support thinking')
    options = body.get("options")
    for name, value in (options if isinstance(options, dict) else {}).items():
        wanted = OPTIONS.get(name)
        accepted = (int, float) if wanted in (int, float) else wanted
        if accepted is not None and not isinstance(value, accepted):
            return Refusal(500, f'option "{name}" must be of type {_NAMES[wanted or bool]}')
    return None


def list_ignored_options(body: Body) -> list[str]:
    """The names under `options` that the server does not know."""
    options = body.get("options")
    return [name for name in options if name not in OPTIONS] if isinstance(options, dict) else []


def _find_wrong_type(body: Body) -> str | None:
    """What the decoding of the body fails by, in Go's words."""
    keep = body.get("keep_alive")
    if isinstance(keep, str) and not _DURATION.fullmatch(keep) and keep != "0":
        return f'time: invalid duration "{keep}"' if not re.fullmatch(r"-?\d+", keep) else (
            f'time: missing unit in duration "{keep}"'
        )  # fmt: skip
    if body.get("format") not in (None, "", "json") and not isinstance(body["format"], dict):
        return f'invalid format: "{body["format"]}"; expected "json" or a valid JSON Schema object'
    think = body.get("think")
    if think is not None and not isinstance(think, bool) and think not in ("high", "medium", "low"):
        return f'invalid think value: "{think}" (must be "high", "medium", "low", true, or false)'
    for name, kind in (("stream", bool), ("raw", bool), ("truncate", bool), ("shift", bool), ("logprobs", bool)):
        if name in body and not isinstance(body[name], kind):
            return f"json: cannot unmarshal value into Go struct field GenerateRequest.{name} of type bool"
    return None


def write_idle_reply(route: str, body: Body) -> dict[str, object] | None:
    """The reply to a request with nothing to answer: it loads the model, or unloads it."""
    if body.get("prompt" if route == "generate" else "messages"):
        return None
    said: dict[str, object] = {"model": body["model"], "created_at": "2026-11-20T10:00:00Z"}
    said |= {"message": {"role": "assistant", "content": ""}} if route == "chat" else {"response": ""}
    return {**said, "done": True, "done_reason": "unload" if body.get("keep_alive") == 0 else "load"}


def fit_prompt(prompt: str, body: Body, default_ctx: int, version: tuple[int, ...]) -> str | Refusal:
    """The prompt as the model gets to see it: its end, where the window is too small and nobody forbids the cut."""
    options = body.get("options")
    wanted = options.get("num_ctx") if isinstance(options, dict) else None
    window = int(wanted) if isinstance(wanted, int | float) else default_ctx
    tokens = count_tokens(prompt)
    if tokens <= window:
        return prompt
    if body.get("truncate") is not False or version < TRUNCATE_SINCE:
        return prompt[-4 * (window - 1) :]
    if version < WRAPPED_SINCE:
        return Refusal(400, "the input length exceeds the context length")
    told = f"request ({tokens} tokens) exceeds the available context size ({window} tokens), try increasing it"
    inner = {"code": 400, "message": told, "type": "exceed_context_size_error", "n_prompt_tokens": tokens}
    return Refusal(400, json.dumps({"error": {**inner, "n_ctx": window}}, separators=(",", ":")))


def write_tags(models: tuple[str, ...]) -> Body:
    """The reply of `/api/tags`."""
    details = {"parent_model": "", "format": "gguf", "family": "granite", "families": ["granite"]}
    details |= {"parameter_size": "3.4B", "quantization_level": "Q4_K_M"}
    return {
        "models": [
            {
                "name": name,
                "model": name,
                "modified_at": "2026-11-20T10:00:00Z",
                "size": 2_100_000_000,
                "digest": "89962fcc7523",
                "details": details,
            }
            for name in models
        ]
    }


def write_show(context_tokens: int) -> Body:
    """The reply of `/api/show`."""
    return {
        "modelfile": "",
        "parameters": "",
        "template": "{{ .Prompt }}",
        "details": {"format": "gguf", "family": "granite"},
        "model_info": {"general.architecture": "granite", "granite.context_length": context_tokens},
        "capabilities": ["completion"],
    }
