"""What a report draws: bars, columns and facts, and how values become them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from demur.outputs.measure import bin_values, find_quantile

BARS = 12
_PARTS = 20
_SHORT_NUMBER = 4
_LONG_NOTE = 60


@dataclass(frozen=True, slots=True)
class Bar:
    """A value with its name, and how it is made up.

    Attributes:
        lost: a second value, drawn after the first in another shade.
        note: what else is to be said of it.
    """

    label: str
    value: float
    shown: str
    lost: float = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars lie, each with its name; columns stand, with names at both ends of the axis only.

    Attributes:
        key: the same for the same chart of another run.
        top: the value that fills the chart.
    """

    key: str
    title: str
    form: Literal["bars", "columns"]
    bars: tuple[Bar, ...]
    note: str = ""
    top: float = 0

    @property
    def told(self) -> bool:
        """Whether its bars have long notes, which want room."""
        return any(len(bar.note) > _LONG_NOTE for bar in self.bars)

    @property
    def is_wide(self) -> bool:
        """Whether its numbers want room: they are never broken."""
        return any(len(bar.shown) > _SHORT_NUMBER for bar in self.bars)


@dataclass(frozen=True, slots=True)
class Fact:
    """A named value, in words."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page; `note` says how to read it."""

    key: str
    title: str
    charts: tuple[Chart, ...]
    facts: tuple[Fact, ...] = ()
    note: str = ""


def say_share(share: float) -> str:
    """A share as a percentage."""
    return f"{share:.0%}" if share >= 0.1 or not share else f"{share:.1%}"


def name_words(name: str) -> str:
    """A name with underscores as words."""
    return name.replace("_", " ")


def say_time(seconds: float) -> str:
    """Seconds in the unit that suits."""
    if seconds < 90:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def draw_histogram(key: str, title: str, values: Sequence[float], high: float, form: str, more: str = "") -> Chart:
    """Values in equal parts from 0 to `high`, with their median and the bounds of the middle four fifths.

    Args:
        form: how a value is written.
        more: what else is to be said.
    """
    bins = bin_values(values, 0, high, _PARTS)
    bars = tuple(
        Bar(f"{form.format(part.low)} to {form.format(part.high)}", part.count, f"{part.count:,}") for part in bins
    )
    tenth, middle, ninth = (find_quantile(values, share) or 0.0 for share in (0.1, 0.5, 0.9))
    note = (
        f"Median {form.format(middle)}; nine in ten are at least {form.format(tenth)}, and nine in ten "
        f"at most {form.format(ninth)}.{more}"
    )
    return Chart(key, title, "columns", bars, note, max(bar.value for bar in bars))


def draw_counts(
    key: str,
    title: str,
    counts: Counter[str],
    total: int,
    texts: Mapping[str, str] | None = None,
    *,
    bars_shown: int = BARS,
) -> Chart:
    """The most frequent values as bars; those that come as often stand in the order of their names.

    Args:
        texts: what a value means, where its name does not say.
    """
    texts, total = texts or {}, max(1, total)
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    bars = tuple(
        Bar(label, number, f"{number:,}", note=". ".join(filter(None, (say_share(number / total), texts.get(label)))))
        for label, number in ranked[:bars_shown]
    )
    rest = ranked[bars_shown:]
    note = f"And {len(rest):,} more, with {sum(number for _, number in rest):,} in all." if rest else ""
    return Chart(key, title, "bars", bars, note, max((bar.value for bar in bars), default=0))
