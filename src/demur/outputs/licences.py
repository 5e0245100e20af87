"""The licences of models that demur is often run with, as their makers state them.

Sources, read in November 2026:
- Granite: https://huggingface.co/ibm-granite/granite-guardian-3.3-8b and the other cards of that owner.
- gpt-oss: https://openai.com/index/gpt-oss-model-card
- Qwen3Guard: https://huggingface.co/Qwen/Qwen3Guard-Gen-8B
- Llama Guard 3 and 4, Llama 3.1 to 4: the agreements at https://huggingface.co/meta-llama/Llama-Guard-3-8B,
  https://huggingface.co/meta-llama/Llama-Guard-3-1B and https://huggingface.co/meta-llama/Llama-Guard-4-12B
- WildGuard: https://huggingface.co/allenai/wildguard
"""

from __future__ import annotations

import re

from demur.records import Origin

UNKNOWN = "unknown: see the model's own card"

_OUTPUTS_TOO = "its conditions reach models that are trained on its outputs"
_LICENCES = tuple(
    (re.compile(pattern), licence)
    for pattern, licence in (
        (r"granite", "Apache-2.0"),
        (r"gpt-oss", "Apache-2.0, with OpenAI's gpt-oss usage policy"),
        (r"qwen3-?guard", "Apache-2.0"),
        (r"wildguard", "Apache-2.0; access is granted under AI2's Responsible Use Guidelines"),
        (r"llama-?guard-?4", f"Llama 4 Community License: {_OUTPUTS_TOO}"),
        (r"llama-?guard-?3-(1b|11b)|llama-?guard3:1b", f"Llama 3.2 Community License: {_OUTPUTS_TOO}"),
        (r"llama-?guard-?3", f"Llama 3.1 Community License: {_OUTPUTS_TOO}"),
        (r"llama-?3\.1", f"Llama 3.1 Community License: {_OUTPUTS_TOO}"),
        (r"llama-?3\.2", f"Llama 3.2 Community License: {_OUTPUTS_TOO}"),
        (r"llama-?3\.3", f"Llama 3.3 Community License: {_OUTPUTS_TOO}"),
        (r"llama-?4", f"Llama 4 Community License: {_OUTPUTS_TOO}"),
        (r"gpt-[3-9]|chatgpt|o[1-9](-|$)|claude|gemini", "none: a hosted model, its provider's terms apply"),
    )
)
"""By what a model's name begins with, without its owner; the first that fits counts."""

_HOSTED = ("anthropic", "azure-openai")
_OURS = ("embedded", "scripted")


def find_licence(origin: Origin) -> str:
    """The licence of a model by its name, which is no proof; `UNKNOWN` where the name says nothing."""
    if origin.engine in _OURS:
        return "no model"
    name = origin.model.lower().replace("_", "-").rpartition("/")[2]
    for pattern, licence in _LICENCES:
        if pattern.match(name):
            return licence
    return "none: a hosted model, its provider's terms apply" if origin.engine in _HOSTED else UNKNOWN
