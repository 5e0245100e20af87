"""Near-duplicates by meaning: the cosine of two texts' embeddings, for what ROUGE-L cannot see, a request in other words.

The embeddings are model2vec's: a vector a token, looked up and averaged, so a processor makes ten thousands a second and
the same text always gives the same vector. Neighbours are found exactly, by comparing with every vector (blocks of them in
one matrix product): right to some hundred thousand texts, which take 0.1 GB and 10 ms a lookup per hundred thousand at
256 dimensions.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol, TypeAlias

from demur.errors import ExtraMissing, ModelNotFound
from demur.records import Match

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors: TypeAlias = NDArray[np.float32]

BLOCK_TEXTS = 4096
DECIMALS = 6
"""Cosines are rounded to so many places before they decide: processors differ in the last bits of a float32."""


class Embedder(Protocol):
    """What is used of model2vec's `StaticModel`."""

    def encode(self, sentences: Sequence[str], *, max_length: int | None) -> Vectors:
        """A row a text."""
        ...


class SemanticIndex:
    """Texts, and which of them is nearest in meaning to another.

    The model is loaded when it is first needed.

    Args:
        model: a folder with a model2vec model, or its name on the Hugging Face hub, from where it is fetched once.
        threshold: the cosine from which a text counts as a duplicate, in (0, 1].

    Raises:
        ExtraMissing: model2vec is not installed.
    """

    def __init__(self, model: str, threshold: float) -> None:
        if importlib.util.find_spec("model2vec") is None:
            raise _miss_extra()
        self.model = model
        self.threshold = threshold
        self._ids: list[str] = []
        self._blocks: list[Vectors] = []
        self._waiting: list[tuple[str, str]] = []

    def __len__(self) -> int:
        """The texts added, those without a meaning to the model left out."""
        self.load()
        return len(self._ids)

    def load(self) -> None:
        """Load the model, and embed what was added so far.

        Raises:
            ModelNotFound: there is no such model, or it cannot be fetched or read.
            ExtraMissing: model2vec is installed and cannot be imported.
        """
        embedder = load_embedder(self.model)
        for text_id, text in self._waiting:
            vector = _embed(embedder, text)
            if vector is not None:
                self._insert(text_id, vector)
        self._waiting.clear()

    def add(self, text_id: str, text: str) -> None:
        """Add a text; it is embedded when the next neighbour is sought."""
        self._waiting.append((text_id, text))

    def nearest(self, text: str) -> Match | None:
        """The text with the highest cosine, the earliest of equals; None if the model knows no token of it, or no other text.

        Raises:
            ModelNotFound: see `load`.
        """
        self.load()
        vector = _embed(load_embedder(self.model), text)
        best: Match | None = None
        if vector is None:
            return best
        for number, block in enumerate(self._blocks):
            held = min(len(self._ids) - number * BLOCK_TEXTS, BLOCK_TEXTS)
            cosines = (block[:held] @ vector).round(DECIMALS)
            place = int(cosines.argmax())
            score = round(float(cosines[place]), DECIMALS)
            if best is None or score > best.score:
                best = Match(self._ids[number * BLOCK_TEXTS + place], score)
        return best

    def _insert(self, text_id: str, vector: Vectors) -> None:
        number, place = divmod(len(self._ids), BLOCK_TEXTS)
        if number == len(self._blocks):
            import numpy as np

            self._blocks.append(np.empty((BLOCK_TEXTS, len(vector)), dtype=np.float32))
        self._blocks[number][place] = vector
        self._ids.append(text_id)


@lru_cache(maxsize=4)
def load_embedder(model: str) -> Embedder:
    """Load a model2vec model; a name that is no folder is looked for in the hub's local cache, then on the hub.

    Raises:
        ModelNotFound: it is nowhere, or it cannot be read.
        ExtraMissing: model2vec cannot be imported.
    """
    try:
        os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # a model from the Hub is fetched, and nothing else told
        from model2vec import StaticModel
    except ImportError as error:
        raise _miss_extra(error) from error
    try:
        embedder: Embedder = StaticModel.from_pretrained(model, force_download=False)
    except Exception as error:  # what it is made of (tokenizers, safetensors) raises bare ones
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise ModelNotFound(
            f"the embedding model {model!r} cannot be loaded: {first}",
            hint="Name a folder with a model2vec model, or one on the Hugging Face hub such as minishlab/potion-base-8M; "
            "the latter needs the network once.",
        ) from error
    return embedder


def embed_texts(model: str, texts: Sequence[str]) -> Vectors | None:
    """The vectors of some texts, each of length 1, without those of which the model knows no token; None where none is left.

    Raises:
        ModelNotFound: see `load_embedder`.
        ExtraMissing: likewise.
    """
    import numpy as np

    embedder = load_embedder(model)
    vectors = [vector for text in texts if (vector := _embed(embedder, text)) is not None]
    return np.stack(vectors) if vectors else None


def _embed(embedder: Embedder, text: str) -> Vectors | None:
    """The text's vector of length 1; None where the model knows none of its tokens.

    One text a call, and whole (no `max_length`): its vector depends on nothing but itself.
    """
    import numpy as np

    vector = np.asarray(embedder.encode([text], max_length=None)[0], dtype=np.float32)
    length = float(np.linalg.norm(vector))
    return vector / np.float32(length) if length > 0 else None


def _miss_extra(error: ImportError | None = None) -> ExtraMissing:
    return ExtraMissing.tell("embeddings of texts", "model2vec", extra="semantic", error=error)
