"""When each version can have come to be: bounds on the moments of commitment, and whether any moments fit.

For versions v_0, v_1, ... in their order, let t_i be the moment at which v_i became current. The write that made v_i was in
flight then; a read of v_i ended no earlier, and began no later than t_{i+1}. So

    lower_i = max(write of v_i invoked, reads of v_{i-1} invoked)   upper_i = min(write of v_i returned, reads of v_i returned)

The least moments that respect order and lower bounds are t_i = max(lower_i, t_{i-1}). The history is linearizable just if
t_i <= upper_i for every i; where it is not, the operation behind the highest lower bound and the one behind the lowest upper
bound contradict each other, and these two are the proof. The zones are those of Gibbons and Korach (SIAM J. Comput. 1997).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from math import inf

from ifmatch.race.history import Operation


@dataclass(frozen=True, slots=True)
class Break:
    """Two operations that contradict each other: `late` began after `done` was over, yet comes earlier in the order.

    `older` and `newer` are the positions of the versions of the two. `done` is None when the version was there from the start.
    """

    late: Operation
    done: Operation | None
    older: int
    newer: int


@dataclass(slots=True)
class Bounds:
    """The bounds of a sequence of versions, each with the operation behind it.

    `after[i]` is the latest beginning of a read of version i: a lower bound of the version that follows it, if one does.
    `starts` are the positions that need not follow the one before.
    """

    size: int
    starts: frozenset[int] = frozenset({0})
    lower: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)
    after: list[float] = field(default_factory=list)
    lower_by: list[Operation | None] = field(default_factory=list)
    upper_by: list[Operation | None] = field(default_factory=list)
    after_by: list[Operation | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        """No bounds yet."""
        self.lower, self.upper, self.after = [-inf] * self.size, [inf] * self.size, [-inf] * self.size
        self.lower_by, self.upper_by, self.after_by = ([None] * self.size for _ in range(3))

    def add_writes(self, makers: Sequence[Operation | None]) -> None:
        """The bounds by the operations that made the versions, where these are known."""
        for i, write in enumerate(makers):
            if write is not None:
                self.lower[i], self.lower_by[i] = write.invoked, write
                self.upper[i], self.upper_by[i] = write.end, write

    def add_reads(self, reads: Iterable[Operation], number: Callable[[str | None], int | None]) -> None:
        """The bounds by reads, where the version read has a place in the order."""
        upper, after, upper_by, after_by = self.upper, self.after, self.upper_by, self.after_by
        for read in reads:
            i = number(read.version)
            if i is None:
                continue
            returned, invoked = read.returned, read.invoked
            if returned is not None and returned < upper[i]:
                upper[i], upper_by[i] = returned, read
            if invoked > after[i]:
                after[i], after_by[i] = invoked, read

    def moments(self) -> tuple[list[float], list[Break]]:
        """The least moments, and where none fit. After a break the sweep starts anew, so that each is told once."""
        moments, breaks = [], []
        now, who, at = -inf, None, 0
        previous, previous_by = -inf, None
        for i, (lower, upper) in enumerate(zip(self.lower, self.upper, strict=True)):
            if i in self.starts:
                now, who, previous = -inf, None, -inf
            if previous > now:
                now, who, at = previous, previous_by, i - 1
            if lower > now:
                now, who, at = lower, self.lower_by[i], i
            if now > upper:
                if who is not None:
                    breaks.append(Break(who, self.upper_by[i], at, i))
                now, who = -inf, None
            moments.append(now)
            previous, previous_by = self.after[i], self.after_by[i]
        return moments, breaks

    def raise_for_absences(self, absences: Iterable[Operation], deletions: Sequence[int], moments: list[float]) -> None:
        """A read that found nothing fell into some deletion. The latest that had begun when it ended asks for least.

        Whatever moments fit, they are no earlier than the least ones, so the deletion it fell into is that one or an earlier
        one, and in each case the version that follows came no earlier than the read began. Before the first version there was
        nothing, which counts as a deletion at position -1.
        """
        begun = [moments[i] for i in deletions]
        for read in absences:
            chosen = bisect_right(begun, read.end) - 1
            i = deletions[chosen] if chosen >= 0 else -1
            if i + 1 < self.size and read.invoked > self.lower[i + 1]:
                self.lower[i + 1], self.lower_by[i + 1] = read.invoked, read


def contradicted_refusals(
    bounds: Bounds, moments: list[float], refusals: dict[int, list[Operation]], tail: float
) -> Iterator[tuple[Operation, int]]:
    """The refusals that no moments explain. `moments` is changed to the least ones that explain the others.

    A refusal that names v_i is explained when v_{i+1} had come before it ended, or v_i had not yet come when it began. If the
    least t_{i+1} is too late for the first, every t_{i+1} is; then t_i must be raised to the refusal's beginning. As that lies
    before t_{i+1}, no later moment changes: one pass from the last version to the first settles all of them. `tail` is the
    earliest moment at which the last version may have been replaced unseen.
    """
    following = tail
    for i in range(bounds.size - 1, -1, -1):
        for refusal in refusals.get(i, ()):
            if following <= refusal.end:
                continue
            if bounds.upper[i] < refusal.invoked:
                yield refusal, i
            elif refusal.invoked > moments[i]:
                moments[i] = bounds.lower[i] = refusal.invoked
                bounds.lower_by[i] = refusal
        following = moments[i]


@dataclass(frozen=True, slots=True)
class Zone:
    """The stretch of time that one value must cover (`low < high`), or within which it may fall (`high <= low`)."""

    low: float
    high: float
    ended: Operation | None
    began: Operation | None

    @property
    def forward(self) -> bool:
        """Whether the value must have been current all along from `low` to `high`."""
        return self.low < self.high


def zones(bounds: Bounds) -> list[Zone]:
    """The zone of each stretch of linked versions: from the first end to the last beginning of all its operations."""
    edges = [*sorted(bounds.starts), bounds.size]
    return [_zone(bounds, range(first, last)) for first, last in zip(edges, edges[1:], strict=False)]


def _zone(bounds: Bounds, span: range) -> Zone:
    low = min(span, key=lambda i: bounds.upper[i])
    made, read = max(span, key=lambda i: bounds.lower[i]), max(span, key=lambda i: bounds.after[i])
    late = (bounds.lower[made], bounds.lower_by[made]), (bounds.after[read], bounds.after_by[read])
    high, began = max(late, key=lambda pair: pair[0])
    return Zone(bounds.upper[low], high, bounds.upper_by[low], began)


def clashes(found: Iterable[Zone]) -> Iterator[tuple[Zone, Zone]]:
    """Pairs of zones that cannot both be: two forward ones that overlap, or a backward one inside a forward one.

    In each pair the first zone is seen again after the second has been.
    """
    forward = sorted((zone for zone in found if zone.forward), key=lambda zone: zone.low)
    lows = [zone.low for zone in forward]
    widest = list(accumulate(forward, lambda reach, zone: max(reach, zone, key=lambda z: z.high)))
    for reach, zone in zip(widest, forward[1:], strict=False):
        if zone.low < reach.high:
            yield reach, zone
    for zone in found:
        before = bisect_left(lows, zone.high)
        if not zone.forward and before and zone.low < widest[before - 1].high:
            yield widest[before - 1], zone
