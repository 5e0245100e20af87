"""Parts a dataset into splits, so that what is alike stands on one side: near-duplicates, and twins and mutants with those
that they were made of."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence

from demur.errors import InputError
from demur.outputs.exchange import Exchange
from demur.stages.novelty import NoveltyIndex

_SHARES_SUM = 1.0


def read_shares(text: str) -> dict[str, float]:
    """The shares of `train=0.8,validation=0.1,test=0.1`, in order.

    Raises:
        InputError: it is nothing of the kind, or they do not add up to 1.
    """
    hint = "For example train=0.8,validation=0.1,test=0.1."
    shares: dict[str, float] = {}
    for part in text.split(","):
        name, _, number = (word.strip() for word in part.partition("="))
        if not name.isascii() or not name.isidentifier() or name in shares:
            raise InputError(f"{name!r} is no name for a split, or stands twice", hint=hint)
        try:
            share = float(number)
        except ValueError:
            raise InputError(f"the share of {name} is {number!r}, a number is wanted", hint=hint) from None
        if not 0 < share <= 1:
            raise InputError(f"the share of {name} is {number}, more than 0 and at most 1 is wanted", hint=hint)
        shares[name] = share
    if not math.isclose(sum(shares.values()), _SHARES_SUM, abs_tol=1e-6):
        raise InputError(f"the shares add up to {sum(shares.values()):g}, and 1 is wanted", hint=hint)
    return shares


def assign_splits(
    exchanges: Sequence[Exchange], shares: Mapping[str, float], *, threshold: float, seed: int
) -> list[str]:
    """The split of each exchange, by its place. The same exchanges, shares and seed give the same splits.

    Whole clusters are dealt out, the largest first and those of a size in an order that the seed decides, each to the split
    that lacks most of its share; so a split can miss its share by what the largest cluster holds.

    Args:
        threshold: the ROUGE-L F1 of two instructions from which they are to stand on one side; above 1: none are.
    """
    clusters = find_clusters(exchanges, threshold=threshold)

    def shuffle(cluster: Sequence[int]) -> tuple[int, bytes]:
        first = exchanges[cluster[0]]
        text = "\0".join((str(seed), first.id, first.instruction))
        return -len(cluster), hashlib.blake2b(text.encode(), digest_size=16).digest()

    lacking = {name: share * len(exchanges) for name, share in shares.items()}
    splits = [""] * len(exchanges)
    for cluster in sorted(clusters, key=shuffle):
        split = max(lacking, key=lambda name: lacking[name])  # of equals the first
        lacking[split] -= len(cluster)
        for place in cluster:
            splits[place] = split
    return splits


def find_clusters(exchanges: Sequence[Exchange], *, threshold: float) -> list[list[int]]:
    """The places of those that belong together, directly or through others; each in order, by their first."""
    leaders = list(range(len(exchanges)))

    def find(place: int) -> int:
        while leaders[place] != place:
            leaders[place] = leaders[leaders[place]]
            place = leaders[place]
        return place

    def join(one: int, other: int) -> None:
        one, other = sorted((find(one), find(other)))
        leaders[other] = one

    families: dict[str, int] = {}
    index = NoveltyIndex(threshold)
    for place, exchange in enumerate(exchanges):
        for name in filter(None, (exchange.id, exchange.parent)):
            # Also where the parent itself is not there: its offspring are alike.
            join(place, families.setdefault(name, place))
        for match in index.list_near(exchange.instruction):
            join(place, int(match.id))
        index.add(str(place), exchange.instruction)
    clusters: dict[int, list[int]] = {}
    for place in range(len(exchanges)):
        clusters.setdefault(find(place), []).append(place)
    return list(clusters.values())
