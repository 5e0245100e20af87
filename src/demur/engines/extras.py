"""What an engine needs installed beyond demur itself."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

from demur.errors import ExtraMissing

EXTRAS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "vllm": ("vllm", ("vllm",)),
    "llama-cpp": ("llama-cpp", ("xllamacpp", "huggingface_hub")),
    "anthropic": ("anthropic", ("anthropic",)),
    "azure-openai": ("openai", ("openai",)),
    "watsonx": ("watsonx", ("ibm_watsonx_ai",)),
}
"""By a builder's `type`: the extra that it needs, and the packages that the extra brings; types without one need none."""


def list_missing(kind: str) -> tuple[str, ...]:
    """The packages that an engine of this `type` needs, and that are not installed. Nothing is imported."""
    _, packages = EXTRAS.get(kind, ("", ()))
    return tuple(package for package in packages if find_spec(package) is None)


def require_extra(kind: str) -> None:
    """Make sure that what an engine of this `type` needs is installed.

    Raises:
        ExtraMissing: it is not.
    """
    missing = list_missing(kind)
    if missing:
        raise miss_extra(kind, *missing)


def miss_extra(kind: str, *packages: str, error: ImportError | None = None, advice: str = "") -> ExtraMissing:
    """The error of an engine of this `type` whose packages are not there, or cannot be imported; see `ExtraMissing`."""
    extra, needed = EXTRAS[kind]
    return ExtraMissing.tell(f"the engine `{kind}`", *(packages or needed), extra=extra, error=error, advice=advice)
