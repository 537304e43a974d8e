"""Zones: where no order of the versions is known, the times that they must cover tell whether any order fits.

Gibbons and Korach (SIAM J. Comput. 1997) give each value of a register the zone from the first end to the last
beginning of its operations. Here versions that are linked by If-Match count as one value: a chain.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import accumulate

from ifmatch.judge.bounds import Bounds


class Zones:
    """For each chain of linked versions, the time that it must cover (`low < high`: a forward zone), or within which
    it may fall (`high <= low`: a backward zone).

    A chain goes by the position of its first version; from the position `singles_from` on, each version is a chain by
    itself.
    """

    def __init__(
        self, bounds: Bounds, chains: Iterable[tuple[int, int]], singles_from: int
    ) -> None:
        """The zones of all chains."""
        self._ends = dict(chains)
        self.low = low = bounds.upper.copy()
        self.high = high = list(map(max, bounds.lower, bounds.last_read))
        for first, last in self._ends.items():
            low[first] = min(low[first:last])
            high[first] = max(high[first:last])
        firsts = [*self._ends, *range(singles_from, len(low))]
        self.forward = [first for first in firsts if low[first] < high[first]]
        self.forward.sort(key=low.__getitem__)
        self._backward = [first for first in firsts if high[first] <= low[first]]
        # For each forward zone, the one that reaches farthest of those that begin no later.
        self._widest = list(accumulate(self.forward, self._farther))

    def positions(self, first: int) -> range:
        """The positions of a chain."""
        return range(first, self._ends.get(first, first + 1))

    def clashes(self) -> Iterator[tuple[int, int]]:
        """Pairs of chains that cannot both be: two forward zones that overlap, or a backward one inside a forward one.

        In each pair the first is seen again after the second.
        """
        if self.forward:
            yield from self._overlapping()
            yield from self._inside()

    def _overlapping(self) -> Iterator[tuple[int, int]]:
        for widest, chain in zip(self._widest, self.forward[1:], strict=False):
            if self.low[chain] < self.high[widest]:
                yield widest, chain

    def _inside(self) -> Iterator[tuple[int, int]]:
        low, high, widest = self.low, self.high, self._widest
        lows = [low[chain] for chain in self.forward]
        for chain in self._backward:
            begun = bisect_left(lows, high[chain])
            if begun and low[chain] < high[widest[begun - 1]]:
                yield widest[begun - 1], chain

    def _farther(self, one: int, other: int) -> int:
        return other if self.high[other] > self.high[one] else one
