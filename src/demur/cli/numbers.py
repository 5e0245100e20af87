"""Numbers on the command line, with what is wrong with one that cannot be used."""

from __future__ import annotations

import argparse


def read_positive(text: str) -> int:
    """A whole number from 1."""
    value = read_natural(text)
    if value < 1:
        raise argparse.ArgumentTypeError("at least 1 is wanted")
    return value


def read_dollars(text: str) -> float:
    """A sum of US dollars above 0, with or without its sign."""
    try:
        value = float(text.removeprefix("$"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"a sum in US dollars is wanted, not {text!r}") from None
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError("a sum above 0 is wanted")
    return value


def read_share(text: str) -> float:
    """A number above 0, and at most 1."""
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"a number is wanted, not {text!r}") from None
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError("above 0 and at most 1 is wanted")
    return value


def read_run_length(text: str) -> int:
    """A number of words in a row, from 2 to 1000."""
    value = read_natural(text)
    if not 2 <= value <= 1000:
        raise argparse.ArgumentTypeError("a number from 2 to 1000 is wanted")
    return value


def read_natural(text: str) -> int:
    """A whole number from 0 that fits 63 bits."""
    try:
        value = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"a whole number is wanted, not {text!r}") from None
    if not 0 <= value < 2**63:
        raise argparse.ArgumentTypeError("a number from 0 to 2^63 - 1 is wanted")
    return value
