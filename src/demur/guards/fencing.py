"""Text under judgement as data: it stands between two lines that hold a marker made from a hash of the text itself.

A text cannot hold its own hash, so it cannot close its own fence.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from demur.guards.defusing import defuse_instruction_marks


def fence_pieces(pieces: Mapping[str, str]) -> str:
    """Texts by their titles, each between two lines with one marker that none of them holds."""
    inert = {title: defuse_instruction_marks(text) for title, text in pieces.items()}
    marker = make_marker(*inert.values())
    return "\n\n".join(f"{title}\n{marker}\n{text}\n{marker}" for title, text in inert.items())


def make_marker(*texts: str) -> str:
    """A word that none of the texts holds; the same texts get the same one, so that a request can be replayed."""
    for number in range(1000):
        content = "\0".join((str(number), *texts)).encode("utf-8", errors="surrogatepass")
        marker = f"data-{hashlib.blake2b(content, digest_size=10).hexdigest()}"
        if not any(marker in text.lower() for text in texts):
            return marker
    raise AssertionError("a text cannot hold a thousand of its own hashes")
