"""How a reply stands in a row of the journal: a checksum, then JSON, compressed where that pays."""

from __future__ import annotations

import hashlib
import json
import zlib

from demur.engines.base import Reply, TokenLogprob, Usage
from demur.records import Origin

SUM_BYTES = 8
"""Of BLAKE2b, over the request's key and the content: SQLite itself does not notice a bit that flips within a row."""
_COMPRESS_FROM_BYTES = 400
MAX_REPLY_BYTES = 512 * 1024 * 1024
"""Far beyond what a server's reply can come to: what unpacks to more was not packed here."""


class RowDamaged(ValueError):
    """A row does not hold what was written into it."""


def write_row(key: bytes, reply: Reply) -> bytes:
    """The row of a reply to the request with that key."""
    content = {
        "text": reply.text,
        "finish": reply.finish,
        "origin": (reply.origin.engine, reply.origin.model),
        "usage": (reply.usage.prompt_tokens, reply.usage.completion_tokens),
        "logprobs": [(token.token, token.logprob, token.top) for token in reply.logprobs],
    }
    # Lone surrogates, which models can emit in JSON escapes, survive as escapes.
    data = json.dumps(content, ensure_ascii=True, separators=(",", ":")).encode()
    return seal_row(key, data if len(data) < _COMPRESS_FROM_BYTES else b"z" + zlib.compress(data, 1))


def seal_row(key: bytes, content: bytes) -> bytes:
    """The content with its checksum before it."""
    return _compute_sum(key, content) + content


def read_row(key: bytes, row: object) -> Reply:
    """The reply that a row holds.

    Raises:
        RowDamaged: it was not written so, or not for this key.
    """
    if not isinstance(row, bytes) or row[:SUM_BYTES] != _compute_sum(key, row[SUM_BYTES:]):
        raise RowDamaged("the checksum of a reply does not fit")
    return read_content(row[SUM_BYTES:])


def read_content(data: bytes) -> Reply:
    """The reply that stands after the checksum.

    Raises:
        RowDamaged: there is none.
    """
    try:
        content = json.loads(_decompress(data[1:]) if data[:1] == b"z" else data)
        if not isinstance(content["text"], str) or not isinstance(content["finish"], str):
            raise RowDamaged("a reply without text")
        if not (all(isinstance(name, str) for name in content["origin"]) and all(map(_is_count, content["usage"]))):
            raise RowDamaged("a reply without origin or usage")
        return Reply(
            text=content["text"],
            finish=content["finish"],
            origin=Origin(*content["origin"]),
            usage=Usage(*content["usage"]),
            logprobs=tuple(
                TokenLogprob(token, logprob, tuple((other, value) for other, value in top))
                for token, logprob, top in content["logprobs"]
            ),
        )
    except (zlib.error, ValueError, KeyError, TypeError, RecursionError) as error:
        raise RowDamaged(f"a reply cannot be read: {error}") from error


def _is_count(value: object) -> bool:
    return isinstance(value, int) and value >= 0


def _decompress(data: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    content = unpacker.decompress(data, MAX_REPLY_BYTES)
    if not unpacker.eof:
        raise RowDamaged("a reply is torn, or too long")
    return content


def _compute_sum(key: bytes, content: bytes) -> bytes:
    digest = hashlib.blake2b(key, digest_size=SUM_BYTES)
    digest.update(content)
    return digest.digest()
