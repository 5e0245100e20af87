"""From a model reference in a builder to a GGUF file on this machine."""

from __future__ import annotations

from pathlib import Path

from demur.errors import ModelNotFound


def find_model(reference: str) -> Path:
    """The GGUF file that a reference names.

    Raises:
        ModelNotFound: there is no such file.
    """
    path = Path(reference).expanduser()
    if path.is_file():
        return path.resolve()
    raise ModelNotFound(
        f"there is no model file {reference}", hint="`model_id_or_path` must be the path of a GGUF file."
    )
