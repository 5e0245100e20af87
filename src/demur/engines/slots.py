"""How busy an endpoint's slots are: sums over time, kept as requests come and go, and read for the time of a task."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from demur.usage import SlotUse

PARTS = 256
_FIRST_WIDTH_S = 1 / 1024
_SHOWN_PARTS = 30


@dataclass(frozen=True, slots=True)
class SlotReading:
    """The sums at a moment: requests let go, slot-seconds in use, seconds without a free slot, seconds held back."""

    moment_s: float = 0.0
    granted: int = 0
    busy_slot_s: float = 0.0
    full_s: float = 0.0
    held_s: float = 0.0


class SlotMeter:
    """Adds up what a limiter's slots do. A moment costs a microsecond, and the memory is always the same.

    Over time the slot-seconds are kept in at most `PARTS` parts; when they are full, each two become one.

    Attributes:
        granted: requests that were let go.
        lowest: the lowest limit so far.
    """

    def __init__(self) -> None:
        self.granted = 0
        self.lowest: int | None = None
        self._since_s: float | None = None
        self._last_s = 0.0
        self._busy_slot_s = self._full_s = self._held_s = 0.0
        self._width_s = _FIRST_WIDTH_S
        self._parts: list[float] = []

    def advance(self, now_s: float, *, busy: int, waiting: int, limit: int) -> None:
        """Count the time since the last call, in which this was so: to be called before it changes.

        Args:
            now_s: the event loop's time.
        """
        self.lowest = limit if self.lowest is None else min(self.lowest, limit)
        if self._since_s is None:
            self._since_s = self._last_s = now_s
        gone_s = now_s - self._last_s
        if gone_s <= 0:
            return
        if busy >= limit:
            self._full_s += gone_s
        elif waiting:
            self._held_s += gone_s
        if busy:
            self._busy_slot_s += busy * gone_s
            self._spread(self._last_s - self._since_s, now_s - self._since_s, busy)
        self._last_s = now_s

    def read(self) -> SlotReading:
        """The sums up to the last call of `advance`."""
        return SlotReading(self._last_s, self.granted, self._busy_slot_s, self._full_s, self._held_s)

    def cut_timeline(self, start_s: float, end_s: float, parts: int = _SHOWN_PARTS) -> tuple[float, ...]:
        """The mean number of busy slots in equal parts of a stretch of time; within a part of the record it is taken as even.

        Args:
            start_s: by the event loop's clock.
        """
        if self._since_s is None or end_s <= start_s:
            return ()
        sums, width_s = [0.0] * parts, (end_s - start_s) / parts
        for number, kept in enumerate(self._parts):
            low = self._since_s + number * self._width_s
            high = min(low + self._width_s, self._last_s)
            if not kept or high <= low:
                continue
            first = max(0, int((low - start_s) / width_s))
            last = min(parts - 1, int((high - start_s) / width_s))
            for place in range(first, last + 1):
                from_s, to_s = start_s + place * width_s, start_s + (place + 1) * width_s
                shared_s = min(high, to_s) - max(low, from_s)
                sums[place] += max(0.0, shared_s) / (high - low) * kept
        return tuple(slot_s / width_s for slot_s in sums)

    def _spread(self, from_s: float, to_s: float, busy: int) -> None:
        while from_s < to_s:
            place = int(from_s / self._width_s)
            if (place + 1) * self._width_s <= from_s:
                place += 1  # by rounding
            if place >= PARTS:
                self._parts = [sum(self._parts[at : at + 2]) for at in range(0, len(self._parts), 2)]
                self._width_s *= 2
                continue
            end_s = min(to_s, (place + 1) * self._width_s)
            self._parts += [0.0] * (place + 1 - len(self._parts))
            self._parts[place] += busy * (end_s - from_s)
            from_s = end_s


@dataclass(frozen=True, slots=True)
class Watched:
    """A limiter's meter, with the model that it is about.

    Attributes:
        count_slots: how many there are, at most: blocks that are opened later may lower it.
        mark: counts up to a moment.
    """

    engine: str
    model: str
    blocks: tuple[str, ...]
    count_slots: Callable[[], int]
    meter: SlotMeter
    mark: Callable[[float], None]


class SlotWatch:
    """Looks at some endpoints' slots from one moment to another."""

    def __init__(self, watched: Sequence[Watched]) -> None:
        self._watched = tuple(watched)
        self._begun: Mapping[int, SlotReading] = {}
        self._uses: tuple[SlotUse, ...] = ()

    def begin(self, moment_s: float) -> None:
        """Look from now on; `moment_s` is by the event loop's clock."""
        self._mark(moment_s)
        self._begun = {
            number: SlotReading(moment_s, *_sums(each.meter.read())) for number, each in enumerate(self._watched)
        }

    def end(self, moment_s: float) -> None:
        """Look no longer."""
        self._mark(moment_s)
        self._uses = tuple(
            _compare(each, self._begun[number], moment_s)
            for number, each in enumerate(self._watched)
            if number in self._begun and each.meter.granted > self._begun[number].granted
        )

    def _mark(self, moment_s: float) -> None:
        for each in self._watched:
            each.mark(moment_s)

    @property
    def uses(self) -> tuple[SlotUse, ...]:
        """What was seen: of each endpoint that anything was asked of."""
        return self._uses


def _sums(reading: SlotReading) -> tuple[int, float, float, float]:
    return reading.granted, reading.busy_slot_s, reading.full_s, reading.held_s


def _compare(watched: Watched, before: SlotReading, moment_s: float) -> SlotUse:
    now, slots = watched.meter.read(), watched.count_slots()
    return SlotUse(
        engine=watched.engine,
        model=watched.model,
        blocks=watched.blocks,
        slots=slots,
        lowest=slots if watched.meter.lowest is None else watched.meter.lowest,
        elapsed_s=moment_s - before.moment_s,
        busy_slot_s=now.busy_slot_s - before.busy_slot_s,
        full_s=now.full_s - before.full_s,
        held_s=now.held_s - before.held_s,
        timeline=watched.meter.cut_timeline(before.moment_s, moment_s),
    )
