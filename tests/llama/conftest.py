"""The tiny models, written once a session."""

from __future__ import annotations

from pathlib import Path

import pytest

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
