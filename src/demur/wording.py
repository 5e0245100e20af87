"""Numbers in sentences."""

from __future__ import annotations


def say_count(number: int, one: str, many: str = "") -> str:
    """A number with what it counts: `1 pair`, `2 pairs`, `1,000 pairs`.

    Args:
        many: the plural, where it is not the singular with an `s`.
    """
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def say_flagged(number: int) -> str:
    """The warning of pairs that are near to an evaluation set and were kept all the same."""
    stay = "1 pair is" if number == 1 else f"{number:,} pairs are"
    return f"{stay} near to an evaluation set, and only flagged: `metadata.contamination` says why."
