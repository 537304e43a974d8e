"""When each version can have been committed: bounds on the commit times, and whether any commit times fit.

For versions v_0, v_1, ... in their order, let t_i be the moment at which v_i became current. The write that made v_i
was in flight then; a read of v_i ended no earlier, and began no later than t_{i+1}. So

    lower_i = max(write of v_i invoked, reads of v_{i-1} invoked)
    upper_i = min(write of v_i returned, reads of v_i returned)

The least commit times that respect order and lower bounds are t_i = max(lower_i, t_{i-1}). The history is
linearizable just if t_i <= upper_i for every i; where it is not, the operation behind the highest lower bound and the
one behind the lowest upper bound contradict each other, and these two are the proof.

Only numbers here, for this is what a history of a million operations spends its time on; whose numbers they were is
looked up when there is something to report.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import inf

from ifmatch.judge.history import Operation


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A lower bound, which came with version `older`, that lies above the upper bound of the later version `newer`."""

    lower: float
    older: int
    upper: float
    newer: int


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds on the commit times of versions.

    `last_read[i]` is when the last read of version i was invoked: the next version came no earlier.
    """

    lower: list[float]
    upper: list[float]
    last_read: list[float]

    @classmethod
    def of(cls, size: int) -> "Bounds":
        """No bounds yet, for so many versions."""
        return cls([-inf] * size, [inf] * size, [-inf] * size)

    def append_unbounded(self) -> None:
        """One more version, without bounds."""
        self.lower.append(-inf)
        self.upper.append(inf)
        self.last_read.append(-inf)

    def raise_successor(self, position: int, moment: float) -> None:
        """Whatever follows the version at a position came no earlier than a moment."""
        following = position + 1
        if following < len(self.lower):
            self.lower[following] = max(moment, self.lower[following])
        elif self.last_read:
            self.last_read[-1] = max(moment, self.last_read[-1])

    def at(self, numbers: Sequence[int]) -> "Bounds":
        """The bounds of the versions of these numbers, in that order."""
        columns = (self.lower, self.upper, self.last_read)
        if isinstance(numbers, range):
            return Bounds(*(column[: len(numbers)] for column in columns))
        return Bounds(*([column[number] for number in numbers] for column in columns))


def bounds_by_writes(makers: Sequence[Operation | None]) -> Bounds:
    """The bounds by the writes that made the versions, where these are known."""
    lower = [-inf if write is None else write.invoked for write in makers]
    upper = [inf if write is None else write.end for write in makers]
    return Bounds(lower, upper, [-inf] * len(lower))


def narrowed_by_reads(
    bounds: Bounds, reads: Iterable[Operation], positions: Iterable[int]
) -> Bounds:
    """The bounds narrowed by reads, each of the version at its position; a negative position narrows nothing."""
    upper = bounds.upper.copy()
    last_read = bounds.last_read.copy()
    for position, read in zip(positions, reads, strict=True):
        if position < 0:
            continue
        # A read that saw a version has returned, so this is when.
        upper[position] = min(upper[position], read.end)
        last_read[position] = max(last_read[position], read.invoked)
    return Bounds(bounds.lower, upper, last_read)


def least_commit_times(
    bounds: Bounds, first: int = 0, last: int | None = None
) -> tuple[list[float], list[Contradiction]]:
    """The least commit times of the versions from one position to before another, and where none fit.

    After a contradiction the sweep starts anew, so that each is reported once.
    """
    commit_times: list[float] = []
    contradictions: list[Contradiction] = []
    now = last_read_before = -inf
    origin = first
    columns = (values[first:last] for values in (bounds.lower, bounds.upper, bounds.last_read))
    for position, (lower, upper, last_read) in enumerate(zip(*columns, strict=True), first):
        if last_read_before > now:
            now = last_read_before
            origin = position - 1
        if lower > now:
            now = lower
            origin = position
        if now > upper:
            contradictions.append(Contradiction(now, origin, upper, position))
            now = -inf
        commit_times.append(now)
        last_read_before = last_read
    return commit_times, contradictions


def raise_for_absences(
    bounds: Bounds,
    absences: Iterable[Operation],
    deletions: Sequence[int],
    commit_times: list[float],
) -> None:
    """A read that found nothing fell into some deletion. The latest that had begun when it ended asks for least.

    Whatever commit times fit, they are no earlier than the least ones, so the deletion it fell into is that one or an
    earlier one, and in each case the version that follows came no earlier than the read began. Before the first
    version there was nothing, which counts as a deletion at position -1.
    """
    begun = [commit_times[position] for position in deletions]
    for read in absences:
        latest = bisect_right(begun, read.end) - 1
        deletion = deletions[latest] if latest >= 0 else -1
        bounds.raise_successor(deletion, read.invoked)


def contradicted_refusals(
    bounds: Bounds,
    commit_times: list[float],
    refusals: Iterable[tuple[int, Operation]],
    last_replaced: float,
) -> Iterator[tuple[int, Operation]]:
    """The refusals that no commit times explain. `commit_times` becomes the least ones that explain the others.

    A refusal that names v_i is explained when v_{i+1} had come before it ended, or v_i had not yet come when it
    began. If the least t_{i+1} is too late for the first, every t_{i+1} is; then t_i must be raised to the refusal's
    beginning. As that lies before t_{i+1}, no later commit time changes: one pass from the last version to the first
    settles all of them. `last_replaced` is when the last version may have been replaced unseen, at the earliest.
    """
    last = len(commit_times) - 1
    for position, refusal in sorted(refusals, key=lambda pair: -pair[0]):
        replaced = commit_times[position + 1] if position < last else last_replaced
        if replaced <= refusal.end:
            continue
        if bounds.upper[position] < refusal.invoked:
            yield position, refusal
        elif refusal.invoked > commit_times[position]:
            commit_times[position] = bounds.lower[position] = refusal.invoked
