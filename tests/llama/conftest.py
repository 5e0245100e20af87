"""The tiny models, written once a session."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from demur.engines.llama_cpp import LlamaCppEngine
from tests.llama.samples import llama_settings
from tests.llama.tiny_model import write_judge, write_random_model
from tests.llama.trade import write_asker, write_decliner


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `random.gguf`, `other.gguf` (random too), `judge.gguf`, `asker.gguf` and `decliner.gguf`."""
    folder = tmp_path_factory.mktemp("models")
    write_random_model(folder / "random.gguf", seed=1)
    write_random_model(folder / "other.gguf", seed=2)
    write_judge(folder / "judge.gguf")
    write_asker(folder / "asker.gguf")
    write_decliner(folder / "decliner.gguf")
    return folder


OpenEngine: TypeAlias = Callable[..., LlamaCppEngine]
"""From a model's file, and changes of its settings, to an engine that is closed when the test ends."""


@pytest.fixture
async def open_engine(models: Path) -> AsyncIterator[OpenEngine]:
    """Open engines on the tiny models by their file's name."""
    engines: list[LlamaCppEngine] = []

    def open_one(name: str = "random.gguf", **changes: object) -> LlamaCppEngine:
        engines.append(LlamaCppEngine(llama_settings(models / name, **changes)))
        return engines[-1]

    yield open_one
    for engine in engines:
        await engine.close()
