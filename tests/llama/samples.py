"""Settings of engines for the tests of llama.cpp."""

from __future__ import annotations

from pathlib import Path

from demur.inputs.engine_settings import LlamaCppSettings


def llama_settings(path: Path | str, **changes: object) -> LlamaCppSettings:
    """Settings for a model in this process: one thread, two slots, 1024 tokens each."""
    given = {"type": "llama-cpp", "model_id_or_path": str(path), "n_threads": 1, "concurrency": 2, "num_ctx": 1024}
    return LlamaCppSettings.model_validate({**given, **changes})
