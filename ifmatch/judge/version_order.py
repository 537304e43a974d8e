"""The versions in order: as the server's history claims, or as the links tell."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, pairwise
from math import inf

from ifmatch.judge.anomaly import Anomaly, Name, tell
from ifmatch.judge.bounds import Bounds, by_writes, with_reads
from ifmatch.judge.clock_free import well_linked
from ifmatch.judge.history import ANY, Kind, Operation
from ifmatch.judge.index import HistoryIndex, names_a_version
from ifmatch.judge.root_causes import RootCauses

#: The answers that claim "the version you name is not current" (RFC 9110 section 13.1.1; FHIR R4
#: http.html#concurrency).
CONFLICT = frozenset({409, 412})


@dataclass
class VersionOrder:
    """The versions in order, who made them, who saw them, and who was refused for naming them.

    `order` are their numbers. `starts` are the places where a stretch of linked versions begins; from the place
    `single` on, each version is a stretch by itself. `linked` says whether each write follows the version that it
    named. What only some histories ask for is made when it is asked for.
    """

    evidence: HistoryIndex
    order: Sequence[int]
    starts: Sequence[int]
    single: int
    initial: int | None
    linked: bool

    @cached_property
    def versions(self) -> list[str]:
        """The versions, in order."""
        return [self.evidence.versions[i] for i in self.order]

    @cached_property
    def makers(self) -> list[Operation | None]:
        """Who made them."""
        return [self.evidence.makers[i] for i in self.order]

    @cached_property
    def place(self) -> Sequence[int]:
        """What leads back from a number to the place in the order, a negative one when it has none."""
        size = len(self.evidence.versions)
        if self.order == range(size):
            return self.order
        place = [-1] * size
        for position, i in enumerate(self.order):
            place[i] = position
        return place

    @cached_property
    def deletions(self) -> list[int]:
        """The places of the deletions: those of `_history`, else those by writes of ours."""
        entries = self.evidence.history.entries
        if entries is not None:
            return [i for i, entry in enumerate(entries) if entry.method == "DELETE"]
        return [i for i, write in enumerate(self.makers) if write is not None and write.kind is Kind.DELETE]

    @property
    def total(self) -> bool:
        """Whether all versions stand in one order."""
        return len(self.starts) + len(self.order) - self.single <= 1

    def stretches(self) -> Iterator[tuple[int, int]]:
        """The places where each stretch of linked versions begins, and where the next one does."""
        return pairwise((*self.starts, self.single))

    def by_writes(self, causes: RootCauses) -> Bounds:
        """The bounds by the writes that are to be trusted."""
        makers = (
            [w if w is not None and causes.trusts(w) else None for w in self.makers]
            if causes.anomalies
            else self.makers
        )
        bounds = by_writes(makers)
        if self.initial is not None:
            bounds.upper[self.initial] = -inf  # it was there before the first operation
        return bounds

    def bounds(self, causes: RootCauses) -> Bounds:
        """The bounds by all operations that are to be trusted."""
        evidence = self.evidence
        if causes.anomalies:
            pairs = zip(self.read_at(), evidence.reads, strict=True)
            return with_reads(
                self.by_writes(causes), evidence.reads, (i if causes.trusts(read) else -1 for i, read in pairs)
            )
        bounds = evidence.bounds.at(self.order)
        if self.initial is not None:
            bounds.upper[self.initial] = -inf
        return bounds

    def read_at(self) -> list[int]:
        """The place of the version that each read saw."""
        read_at = self.evidence.read_at
        return read_at if isinstance(self.place, range) else [self.place[i] for i in read_at]

    def readers(self, first: int, last: int | None = None) -> Iterator[Operation]:
        """Who saw the version at a place, or one of those between two places."""
        places = range(first, first + 1 if last is None else last)
        return (read for at, read in zip(self.read_at(), self.evidence.reads, strict=True) if at in places)

    def unexplained(self, moments: list[float], tail: float) -> list[tuple[int, Operation]]:
        """The refusals that claim that a version was not current, with its place; none when all had been replaced."""
        number, place = self.evidence.number, self.place
        following = [*moments[1:], tail, -inf]  # a version in no order has place -1
        successor = following if isinstance(place, range) else [following[i] for i in place]
        for refusal in self.evidence.refused:
            i = number.get(refusal.base)
            if i is not None and successor[i] > refusal.returned and refusal.status in CONFLICT:  # type: ignore[operator]
                break
        else:
            return []
        named = [
            (number.get(refusal.base, -1), refusal) for refusal in self.evidence.refused if refusal.status in CONFLICT
        ]
        return [(place[i], refusal) for i, refusal in named if i >= 0 and place[i] >= 0]


def as_claimed(evidence: HistoryIndex) -> VersionOrder:
    """The order that `_history` claims."""
    listed = evidence.listed
    there = evidence.number.get(evidence.history.initial, listed)
    initial = there if there < listed else None
    return VersionOrder(evidence, range(listed), (0,), listed, initial, well_linked(evidence))


def as_linked(evidence: HistoryIndex) -> VersionOrder | None:
    """The order that the links give, stretch by stretch; None when versions fork, go round, or hang in the air."""
    number = evidence.number
    there = number.get(evidence.history.initial)
    child: dict[int | None, int] = {}
    roots = []
    for i, (write, base) in enumerate(zip(evidence.makers, evidence.bases, strict=True)):
        if write is None or i == there:
            continue
        if base is None or base == ANY:
            roots.append(i)
        elif child.setdefault(number.get(base), i) != i:
            return None
    order: list[int] = []
    starts = []
    single = [i for i in roots if i not in child]
    for at in chain(() if there is None else (there,), (i for i in roots if i in child)):
        starts.append(len(order))
        order.append(at)
        while at in child:
            at = child.pop(at)
            order.append(at)
    if child:
        return None
    initial = None if there is None else 0
    return VersionOrder(evidence, order + single, starts, len(order), initial, not evidence.gone)


def circle(evidence: HistoryIndex) -> Iterator[Anomaly]:
    """Links that lead back to where they began: some write named a version that was made from its own."""
    child = {str(write.base): (version, write) for version, write in evidence.made() if names_a_version(write)}
    checked: set[str] = set()
    for start in child:
        path: dict[str, Operation] = {}
        version = start
        while version in child and version not in checked:
            checked.add(version)
            following, path[version] = child[version]
            version = following
        if version in path:
            ordered = sorted(path.values(), key=lambda write: write.invoked)
            early, late = ordered[0], ordered[-1]
            sentence = f"{tell(early)} named a version that was made, by way of {tell(late)}, from what it made itself."
            yield Anomaly(Name.HISTORY_ORDER, tuple({early.id: early, late.id: late}.values()), sentence)
