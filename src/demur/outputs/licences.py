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

HUB_LICENCES = frozenset(
    {
        "apache-2.0", "mit", "openrail", "bigscience-openrail-m", "creativeml-openrail-m", "bigscience-bloom-rail-1.0",
        "bigcode-openrail-m", "afl-3.0", "artistic-2.0", "bsl-1.0", "bsd", "bsd-2-clause", "bsd-3-clause",
        "bsd-3-clause-clear", "c-uda", "cc", "cc0-1.0", "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0",
        "cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nc-2.0", "cc-by-nc-3.0", "cc-by-nc-4.0", "cc-by-nd-4.0",
        "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0", "cc-by-nc-sa-2.0", "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0",
        "cdla-sharing-1.0", "cdla-permissive-1.0", "cdla-permissive-2.0", "wtfpl", "ecl-2.0", "epl-1.0", "epl-2.0",
        "etalab-2.0", "eupl-1.1", "eupl-1.2", "agpl-3.0", "gfdl", "gpl", "gpl-2.0", "gpl-3.0", "lgpl", "lgpl-2.1",
        "lgpl-3.0", "isc", "h-research", "intel-research", "lppl-1.3c", "ms-pl", "apple-ascl", "mpl-2.0", "odc-by",
        "odbl", "openmdw-1.0", "openrail++", "osl-3.0", "postgresql", "ofl-1.1", "ncsa", "unlicense", "zlib", "pddl",
        "lgpl-lr", "deepfloyd-if-license", "fair-noncommercial-research-license", "llama2", "llama3", "llama3.1",
        "llama3.2", "llama3.3", "llama4", "gemma", "unknown", "other",
    }
)  # fmt: skip
"""The identifiers that the Hugging Face hub knows: https://huggingface.co/docs/hub/repositories-licenses"""

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
_OURS = ("embedded", "scripted", "rules")


def find_licence(origin: Origin) -> str:
    """The licence of a model by its name, which is no proof; `UNKNOWN` where the name says nothing."""
    if origin.engine in _OURS:
        return "no model"
    name = origin.model.lower().replace("_", "-").rpartition("/")[2]
    for pattern, licence in _LICENCES:
        if pattern.match(name):
            return licence
    return "none: a hosted model, its provider's terms apply" if origin.engine in _HOSTED else UNKNOWN


def name_licence(written: str) -> dict[str, str]:
    """A dataset's licence as the Hugging Face hub wants it in a card's front matter; `unknown` where none is written.

    What the hub has no identifier for is `other`, with a name in the letters that it takes, and an address if it is one.
    """
    words = " ".join(written.split())
    if not words:
        return {"license": "unknown"}
    if words.lower() in HUB_LICENCES:
        return {"license": words.lower()}
    if words.lower().startswith(("http://", "https://")):
        return {"license": "other", "license_name": "see-license-link", "license_link": words}
    name = re.sub(r"[^a-z0-9.]+", "-", words.lower()).strip("-.")[:80]
    return {"license": "other", "license_name": name or "see-the-card"}
