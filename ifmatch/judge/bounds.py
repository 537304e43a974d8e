"""When each version can have come to be: bounds on the moments of commitment, and whether any moments fit.

For versions v_0, v_1, ... in their order, let t_i be the moment at which v_i became current. The write that made v_i
was in flight then; a read of v_i ended no earlier, and began no later than t_{i+1}. So

    lower_i = max(write of v_i invoked, reads of v_{i-1} invoked)   upper_i = min(write of v_i returned, reads of v_i
    returned)

The least moments that respect order and lower bounds are t_i = max(lower_i, t_{i-1}). The history is linearizable
just if t_i <= upper_i for every i; where it is not, the operation behind the highest lower bound and the one behind
the lowest upper bound contradict each other, and these two are the proof. The zones are those of Gibbons and Korach
(SIAM J. Comput. 1997).

Only numbers here, for this is what a history of a million operations spends its time on; whose numbers they were is
looked up when there is something to tell.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import inf

from ifmatch.judge.history import Operation


@dataclass(frozen=True, slots=True)
class Break:
    """A contradiction: what bounds version `newer` from above was over before what bounds it from below began.

    The lower bound `late` came with version `older`; the upper bound is `done`.
    """

    late: float
    older: int
    done: float
    newer: int


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds of versions. `after[i]` is the last beginning of a read of version i: the next came no earlier."""

    lower: list[float]
    upper: list[float]
    after: list[float]

    @classmethod
    def of(cls, size: int) -> "Bounds":
        """No bounds yet, for so many versions."""
        return cls([-inf] * size, [inf] * size, [-inf] * size)

    def add(self) -> None:
        """One more version, without bounds."""
        self.lower.append(-inf)
        self.upper.append(inf)
        self.after.append(-inf)

    def at(self, places: Sequence[int]) -> "Bounds":
        """The bounds of the versions at some places, in that order."""
        if isinstance(places, range):
            return Bounds(self.lower[: len(places)], self.upper[: len(places)], self.after[: len(places)])
        return Bounds(*([values[i] for i in places] for values in (self.lower, self.upper, self.after)))


def by_writes(makers: Sequence[Operation | None]) -> Bounds:
    """The bounds by the operations that made the versions, where these are known."""
    lower = [-inf if write is None else write.invoked for write in makers]
    upper = [inf if write is None else write.end for write in makers]
    return Bounds(lower, upper, [-inf] * len(lower))


def with_reads(bounds: Bounds, reads: Iterable[Operation], places: Iterable[int]) -> Bounds:
    """The bounds narrowed by reads, each of the version at its place; a negative place binds nothing."""
    upper, after = bounds.upper.copy(), bounds.after.copy()
    for i, read in zip(places, reads, strict=True):
        if i < 0:
            continue
        returned, invoked = read.returned, read.invoked
        # A read that counts has returned: a record of one that has not is no read that saw a version.
        if returned < upper[i]:  # type: ignore[operator]
            upper[i] = returned  # type: ignore[assignment]
        if invoked > after[i]:
            after[i] = invoked
    return Bounds(bounds.lower, upper, after)


def least_moments(bounds: Bounds, first: int = 0, last: int | None = None) -> tuple[list[float], list[Break]]:
    """The least moments from one place to before another, and where none fit. After a break the sweep starts anew, so
    that each is told once.
    """
    moments: list[float] = []
    breaks: list[Break] = []
    now = previous = -inf
    at = first
    part = (values[first:last] for values in (bounds.lower, bounds.upper, bounds.after))
    for i, (lower, upper, after) in enumerate(zip(*part, strict=True), first):
        if previous > now:
            now, at = previous, i - 1
        if lower > now:
            now, at = lower, i
        if now > upper:
            breaks.append(Break(now, at, upper, i))
            now = -inf
        moments.append(now)
        previous = after
    return moments, breaks


def raise_for_absences(
    bounds: Bounds, absences: Iterable[Operation], deletions: Sequence[int], moments: list[float]
) -> None:
    """A read that found nothing fell into some deletion. The latest that had begun when it ended asks for least.

    Whatever moments fit, they are no earlier than the least ones, so the deletion it fell into is that one or an
    earlier one, and in each case the version that follows came no earlier than the read began. Before the first
    version there was nothing, which counts as a deletion at position -1.
    """
    begun = [moments[i] for i in deletions]
    for read in absences:
        chosen = bisect_right(begun, read.end) - 1
        following = deletions[chosen] + 1 if chosen >= 0 else 0
        if following < len(bounds.lower):
            bounds.lower[following] = max(read.invoked, bounds.lower[following])
        elif bounds.after:
            bounds.after[-1] = max(read.invoked, bounds.after[-1])  # whoever replaces the last version comes later


def contradicted_refusals(
    bounds: Bounds, moments: list[float], refusals: Iterable[tuple[int, Operation]], tail: float
) -> Iterator[tuple[int, Operation]]:
    """The refusals that no moments explain. `moments` is changed to the least ones that explain the others.

    A refusal that names v_i is explained when v_{i+1} had come before it ended, or v_i had not yet come when it
    began. If the least t_{i+1} is too late for the first, every t_{i+1} is; then t_i must be raised to the refusal's
    beginning. As that lies before t_{i+1}, no later moment changes: one pass from the last version to the first
    settles all of them. `tail` is the earliest moment at which the last version may have been replaced unseen.
    """
    for i, refusal in sorted(refusals, key=lambda pair: -pair[0]):
        successor = moments[i + 1] if i + 1 < len(moments) else tail
        if successor <= refusal.end:
            continue
        if bounds.upper[i] < refusal.invoked:
            yield i, refusal
        elif refusal.invoked > moments[i]:
            moments[i] = bounds.lower[i] = refusal.invoked


class Zones:
    """For each stretch of linked versions, the time that it must cover (`low < high`), or within which it may fall
    (`high <= low`).

    That is from the first end to the last beginning of all its operations. A stretch goes by the place of its first
    version; from the place `single` on, each version is a stretch by itself.
    """

    def __init__(self, bounds: Bounds, stretches: Iterable[tuple[int, int]], single: int) -> None:
        """The zones of all stretches."""
        self.ends = dict(stretches)
        self.low = low = bounds.upper.copy()
        self.high = high = list(map(max, bounds.lower, bounds.after))
        for first, last in self.ends.items():
            low[first], high[first] = min(low[first:last]), max(high[first:last])
        self.starts = [*self.ends, *range(single, len(low))]
        self.covered = sorted([i for i in self.starts if low[i] < high[i]], key=low.__getitem__)

    def places(self, first: int) -> range:
        """The places of a stretch."""
        return range(first, self.ends.get(first, first + 1))

    def clashes(self) -> Iterator[tuple[int, int]]:
        """Pairs of stretches that cannot both be: two that overlap and must be covered, or one that must fall inside
        such a one.

        In each pair the first is seen again after the second.
        """
        low, high = self.low, self.high
        if not self.covered:
            return
        widest = self.covered[0]
        reach = []
        for i in self.covered:
            if low[i] < high[widest] and i != widest:
                yield widest, i
            if high[i] > high[widest]:
                widest = i
            reach.append(widest)
        lows = [low[i] for i in self.covered]
        for i in self.starts:
            if high[i] <= low[i]:
                before = bisect_left(lows, high[i])
                if before and low[i] < high[reach[before - 1]]:
                    yield reach[before - 1], i
