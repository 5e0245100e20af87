"""Admits many texts at once with all cores, deciding just as one at a time.

The texts are taken in blocks. Forked processes, which share the index's memory, search it for the neighbours of a block's texts side
by side; then the block's texts are admitted in order, compared with those of the same block only.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
import threading
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from demur.records import Match

if TYPE_CHECKING:
    from demur.stages.novelty import NoveltyIndex

BLOCK_TEXTS = 8_192
"""Texts a block: enough that starting processes for it costs next to nothing."""
ALONE_TEXTS = 65_536
"""An index this small is searched quicker than processes start."""


def admit_blocks(
    index: NoveltyIndex, items: Sequence[tuple[str, str]], workers: int | None = None
) -> list[tuple[bool, Match | None]]:
    """Admit (id, text) pairs; see `NoveltyIndex.admit_many`."""
    workers = count_workers() if workers is None else workers
    decisions: list[tuple[bool, Match | None]] = []
    start = 0
    while start < len(items):
        if workers < 2 or len(index) < ALONE_TEXTS or not can_fork():
            end = start + ALONE_TEXTS
            decisions += [index.admit(text_id, text, index.threshold) for text_id, text in items[start:end]]
        else:
            end = start + BLOCK_TEXTS
            decisions += _admit_block(index, items[start:end], workers)
        start = end
    return decisions


def count_workers() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def can_fork() -> bool:
    """Whether processes can share this one's memory: on Linux, with no other thread that a fork could catch holding a lock."""
    alone = threading.active_count() == 1 and not multiprocessing.current_process().daemon
    return sys.platform == "linux" and alone


def _admit_block(
    index: NoveltyIndex, block: Sequence[tuple[str, str]], workers: int
) -> list[tuple[bool, Match | None]]:
    neighbours = _search(index, [text for _, text in block], workers)
    recent = type(index)(index.threshold, score_func=index.score_func)
    decisions: list[tuple[bool, Match | None]] = []
    for (text_id, text), match in zip(block, neighbours, strict=True):
        newer = recent.nearest(text, match.score if match else index.threshold)
        if newer is not None and (match is None or newer.score > match.score):
            match = newer
        if match is None:
            recent.add(text_id, text)
            index.add(text_id, text)
        decisions.append((match is None, match))
    return decisions


def _search(index: NoveltyIndex, texts: Sequence[str], workers: int) -> list[Match | None]:
    """The neighbours of texts at or above the threshold, found by several processes."""
    context = multiprocessing.get_context("fork")
    searches = []
    try:
        for number in range(workers):
            receiver, sender = context.Pipe(duplex=False)
            process = context.Process(target=_search_share, args=(index, texts[number::workers], sender), daemon=True)
            process.start()
            sender.close()
            searches.append((process, receiver))
        found: list[Match | None] = [None] * len(texts)
        for number, (_, receiver) in enumerate(searches):
            share = texts[number::workers]
            try:
                pairs: list[tuple[str, float] | None] = receiver.recv()
            except EOFError:  # the process was killed, for memory perhaps: this one does its share
                pairs = _find_pairs(index, share)
            found[number::workers] = [Match(*pair) if pair else None for pair in pairs]
        return found
    finally:
        for process, receiver in searches:
            receiver.close()
            process.terminate()
            process.join()
            process.close()


def _search_share(index: NoveltyIndex, texts: Sequence[str], sender: Connection) -> None:
    gc.disable()  # a collection would write to every object, and so copy the memory that is shared
    sender.send(_find_pairs(index, texts))
    sender.close()


def _find_pairs(index: NoveltyIndex, texts: Sequence[str]) -> list[tuple[str, float] | None]:
    matches = (index.nearest(text, index.threshold) for text in texts)
    return [(match.id, match.score) if match else None for match in matches]
