"""Counts, for tens of thousands of texts at a time, how many of a query's tokens each of them holds.

A page keeps for each token the set of its texts that hold it, as the bits of one integer. Adding such sets up bit by bit, in
a counter whose digits are integers too, takes a few dozen operations on whole integers, however many texts there are.
"""

from __future__ import annotations

import re
from bisect import bisect_right

_FEW_BITS = 24
"""Up to so many bits are listed one by one; a scan of the bytes pays beyond."""
_NOT_ZERO = re.compile(rb"[^\x00]")
_BITS_OF = [[bit for bit in range(8) if byte >> bit & 1] for byte in range(256)]


class BitPage:
    """Some texts in a row of an index: which hold a token, and how long they are.

    Attributes:
        first: the place in the index of the page's first text.
        size: how many texts it has.
        holders: by token, the texts that hold it, as bits.
    """

    __slots__ = ("_at_most", "_bands", "_lengths", "first", "holders", "size")

    def __init__(self, first: int) -> None:
        self.first = first
        self.size = 0
        self.holders: dict[int, int] = {}
        self._bands: dict[int, int] = {}
        self._lengths: list[int] = []
        self._at_most: list[int] = []

    def insert(self, length: int, features: list[int]) -> None:
        """Add a text of so many tokens, that holds these."""
        bit = 1 << self.size
        self.size += 1
        holders = self.holders
        for feature in features:
            holders[feature] = holders.get(feature, 0) | bit
        band = _round_length(length)
        self._bands[band] = self._bands.get(band, 0) | bit
        self._lengths = []

    def append(self, other: BitPage) -> None:
        """Add the texts of the page that follows this one."""
        for mine, theirs in ((self.holders, other.holders), (self._bands, other._bands)):
            for key, bits in theirs.items():
                mine[key] = mine.get(key, 0) | bits << self.size
        self.size += other.size
        self._lengths = []

    def collect(self, features: list[int]) -> list[int]:
        """The sets of texts that hold each of the query's tokens, as far as there are any."""
        holders = self.holders
        return [bits for feature in features if (bits := holders.get(feature))]

    def select(self, slices: list[int], enough: list[tuple[int, float]]) -> int:
        """The texts that share enough tokens for their length, as bits.

        Args:
            slices: how many tokens each text shares with the query, as `add_up` tells it.
            enough: pairs of (a number of shared tokens, the greatest length that it is enough for), both ascending.
        """
        self._sum_up_lengths()
        found = 0
        for shared, longest in enough:
            place = bisect_right(self._lengths, longest)
            if place == len(self._lengths):
                return found | reach(slices, shared)
            if place:
                found |= reach(slices, shared) & self._at_most[place - 1]
        return found

    def _sum_up_lengths(self) -> None:
        if self._lengths:
            return
        total = 0
        self._lengths, self._at_most = sorted(self._bands), []
        for length in self._lengths:
            total |= self._bands[length]
            self._at_most.append(total)

    def drop_sparse(self, least: int) -> dict[int, list[int]]:
        """Take out the tokens that fewer than so many texts hold: the places of their texts in the index."""
        sparse = {feature: bits for feature, bits in self.holders.items() if bits.bit_count() < least}
        for feature in sparse:
            del self.holders[feature]
        return {feature: [self.first + bit for bit in list_bits(bits)] for feature, bits in sparse.items()}


def _round_length(length: int) -> int:
    """The length, or the next below of five significant bits: a page keeps a set for each that occurs."""
    excess = max(length.bit_length() - 7, 0)
    return length >> excess << excess


def intersect(sets: list[int]) -> int:
    """The elements that are in all of at least one set."""
    common = sets[-1]
    for bits in sets:
        common &= bits
        if not common:
            break
    return common


def add_up(sets: list[int]) -> list[int]:
    """How many of the sets hold each element: bit t of slice p is bit p of that number for element t."""
    slices = []
    column = list(sets)
    while column:
        carried = []
        while len(column) > 2:  # a full adder: three bits of one weight are one of it and one of the next
            first, second, third = column.pop(), column.pop(), column.pop()
            either = first ^ second
            column.append(either ^ third)
            carried.append(first & second | either & third)
        if len(column) == 2:
            carried.append(column[0] & column[1])
            column = [column[0] ^ column[1]]
        slices.append(column[0])
        column = carried
    return slices


def reach(slices: list[int], least: int) -> int:
    """The elements that at least so many sets hold, 1 or more, from `add_up`'s slices."""
    # At least k in a counter below 2 ** w means: adding 2 ** w - k carries out of it.
    addend = (1 << len(slices)) - least
    if addend < 0:
        return 0
    carry = 0
    for power, bits in enumerate(slices):
        carry = carry | bits if addend >> power & 1 else carry & bits
    return carry


def find_most(slices: list[int]) -> tuple[int, int]:
    """The greatest number of sets that hold one element, and the elements that so many hold."""
    most, found = 0, 0
    for power in range(len(slices) - 1, -1, -1):
        higher = found & slices[power] if found else slices[power]
        if higher:
            found = higher
            most |= 1 << power
    return most, found


def gather_bits(numbers: list[int], first: int) -> int:
    """The set of some numbers, counted from `first`."""
    if not numbers:
        return 0
    data = bytearray((max(numbers) - first >> 3) + 1)
    for number in numbers:
        number -= first
        data[number >> 3] |= 1 << (number & 7)
    return int.from_bytes(data, "little")


def list_bits(bits: int) -> list[int]:
    """The numbers of the bits that are set."""
    if bits.bit_count() <= _FEW_BITS:
        numbers = []
        while bits:
            number = bits.bit_length() - 1
            numbers.append(number)
            bits ^= 1 << number
        return numbers
    data = bits.to_bytes(bits.bit_length() + 7 >> 3, "little")
    places = [found.start() for found in _NOT_ZERO.finditer(data)]
    return [(place << 3) + bit for place in places for bit in _BITS_OF[data[place]]]
