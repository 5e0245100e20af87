"""Chance that can be repeated: everything drawn comes from the run's seed and the number of the work."""

from __future__ import annotations

import hashlib
import random

from demur.records import Seed


def derive_seed(*parts: object) -> int:
    """A number from 0 to 2^31 - 1 that depends on all parts and on nothing else: for a server's `seed`."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest()) >> 1


def draw_examples(seeds: tuple[Seed, ...], count: int, *parts: object) -> tuple[Seed, ...]:
    """Draw in-context examples without replacement; all of them, shuffled, where there are fewer than `count`."""
    return tuple(random.Random(derive_seed(*parts)).sample(seeds, min(count, len(seeds))))  # noqa: S311
