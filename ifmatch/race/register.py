"""The versions in order: as the server's history claims, or as the links tell."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf

from ifmatch.race.anomaly import Anomaly, Name, tell
from ifmatch.race.bounds import Bounds, by_writes, with_reads
from ifmatch.race.claims import well_linked
from ifmatch.race.docket import Docket
from ifmatch.race.evidence import Evidence, names_a_version
from ifmatch.race.history import ANY, Kind, Operation

#: The answers that claim "the version you name is not current" (RFC 9110 section 13.1.1; FHIR R4
#: http.html#concurrency).
CONFLICT = frozenset({409, 412})


@dataclass(slots=True)
class Register:
    """The versions in order, who made them, who saw them, and who was refused for naming them.

    `order` are their numbers; `place` leads back from a number to the place in the order, a negative one when it has
    none. `starts` are the places where a stretch of linked versions begins. `linked` says whether each write follows
    the version that it named.
    """

    evidence: Evidence
    versions: list[str]
    makers: list[Operation | None]
    order: Sequence[int]
    place: Sequence[int]
    starts: Sequence[int]
    deletions: list[int]
    initial: int | None
    linked: bool

    def by_writes(self, docket: Docket) -> Bounds:
        """The bounds by the writes that are to be trusted."""
        makers = (
            [w if w is not None and docket.trusts(w) else None for w in self.makers]
            if docket.anomalies
            else self.makers
        )
        bounds = by_writes(makers)
        if self.initial is not None:
            bounds.upper[self.initial] = -inf  # it was there before the first operation
        return bounds

    def bounds(self, docket: Docket) -> Bounds:
        """The bounds by all operations that are to be trusted."""
        evidence = self.evidence
        if docket.anomalies:
            pairs = zip(self.read_at(), evidence.reads, strict=True)
            return with_reads(
                self.by_writes(docket), evidence.reads, (i if docket.trusts(read) else -1 for i, read in pairs)
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


def as_claimed(evidence: Evidence) -> Register:
    """The order that `_history` claims."""
    listed, more = evidence.listed, len(evidence.versions) - evidence.listed
    deletions = [i for i, entry in enumerate(evidence.history.entries or ()) if entry.method == "DELETE"]
    there = evidence.number.get(evidence.history.initial, listed)
    initial = there if there < listed else None
    place = [*range(listed), *[-1] * more] if more else range(listed)
    linked = well_linked(evidence)
    versions, makers = evidence.versions[:listed], evidence.makers[:listed]
    return Register(evidence, versions, makers, range(listed), place, (0,), deletions, initial, linked)


def as_linked(evidence: Evidence) -> Register | None:
    """The order that the links give, stretch by stretch; None when versions fork, go round, or hang in the air."""
    number, makers = evidence.number, evidence.makers
    there = number.get(evidence.history.initial)
    child: dict[int | None, int] = {}
    roots = [] if there is None else [there]
    for i, write in enumerate(makers):
        if write is None or i == there:
            continue
        base = write.base
        if base is None or base == ANY:
            roots.append(i)
        elif child.setdefault(number.get(base), i) != i:
            return None
    order: list[int] = []
    starts = []
    for root in roots:
        starts.append(len(order))
        at: int | None = root
        while at is not None:
            order.append(at)
            at = child.pop(at, None)
    if child:
        return None
    place = [-1] * len(makers)
    for position, i in enumerate(order):
        place[i] = position
    made = [makers[i] for i in order]
    deletions = [i for i, write in enumerate(made) if write is not None and write.kind is Kind.DELETE]
    versions = [evidence.versions[i] for i in order]
    return Register(
        evidence, versions, made, order, place, starts, deletions, None if there is None else 0, not evidence.gone
    )


def circle(evidence: Evidence) -> Iterator[Anomaly]:
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
