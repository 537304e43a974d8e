"""The versions in order: as the server's history claims, or as the links (If-Match) imply."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from math import inf
from operator import attrgetter

from ifmatch.judge.anomaly import Anomaly, Name, witness
from ifmatch.judge.bounds import Bounds, bounds_by_writes, narrowed_by_reads
from ifmatch.judge.history import ANY, Kind, Operation
from ifmatch.judge.history_checks import follows_links
from ifmatch.judge.history_index import HistoryIndex
from ifmatch.judge.root_causes import RootCauses
from ifmatch.judge.wording import described

#: The answers that claim "the version you name is not current" (RFC 9110 section 13.1.1; FHIR R4
#: http.html#concurrency).
CONFLICT = frozenset({409, 412})


def claims_conflict(refusal: Operation) -> bool:
    """Whether a refusal says that the version it named is not the current one of this very resource."""
    return refusal.status in CONFLICT and refusal.kind is not Kind.PART


def _is_deletion(write: Operation | None) -> bool:
    return write is not None and write.kind is Kind.DELETE


@dataclass
class VersionOrder:
    """The versions in order, who made them, who saw them, and who was refused for naming them.

    `numbers` are their numbers in the index. `chain_starts` are the positions where a chain of linked versions
    begins; from the position `singles_from` on, each version is a chain by itself. `initial` is the position of the
    version that was there from the start. `linked` says whether each write follows the version that it named. What
    only some histories ask for is made when it is asked for.
    """

    index: HistoryIndex
    numbers: Sequence[int]
    chain_starts: Sequence[int]
    singles_from: int
    initial: int | None
    linked: bool

    @cached_property
    def versions(self) -> list[str]:
        """The versions, in order."""
        return [self.index.versions[number] for number in self.numbers]

    @cached_property
    def makers(self) -> list[Operation | None]:
        """Who made them."""
        return [self.index.makers[number] for number in self.numbers]

    @cached_property
    def positions(self) -> list[int]:
        """The position of each number, a negative one where it has none; the last is for a version without number."""
        positions = [-1] * (len(self.index.versions) + 1)
        for position, number in enumerate(self.numbers):
            positions[number] = position
        return positions

    @cached_property
    def as_numbered(self) -> bool:
        """Whether the position of each version is its number."""
        return self.numbers == range(len(self.index.versions))

    @cached_property
    def read_positions(self) -> list[int]:
        """The position of the version that each read saw."""
        numbers = self.index.read_numbers
        return numbers if self.as_numbered else [self.positions[number] for number in numbers]

    @cached_property
    def deletions(self) -> list[int]:
        """The positions of the deletions: those of `_history`, else those by writes of ours."""
        if self.index.history.entries is not None:
            return [i for i, entry in enumerate(self.index.entries) if entry.method == "DELETE"]
        return [i for i, write in enumerate(self.makers) if _is_deletion(write)]

    @property
    def total(self) -> bool:
        """Whether all versions stand in one order."""
        singles = len(self.numbers) - self.singles_from
        return len(self.chain_starts) + singles <= 1

    def chains(self) -> Iterator[tuple[int, int]]:
        """The positions where each chain of several versions begins, and where the next one does."""
        return pairwise((*self.chain_starts, self.singles_from))

    def is_current(self, position: int) -> bool:
        """Whether the version at a position is the last one."""
        return position == len(self.makers) - 1

    def maker_at(self, position: int) -> Operation | None:
        """The write that made the version at a position, None after the last one."""
        return self.makers[position] if position < len(self.makers) else None

    def readers(self, first: int, last: int | None = None) -> Iterator[Operation]:
        """Who saw the version at a position, or one of those from that position to before another."""
        positions = range(first, first + 1 if last is None else last)
        reads = zip(self.read_positions, self.index.reads, strict=True)
        return (read for position, read in reads if position in positions)

    def bounds(self, root_causes: RootCauses) -> Bounds:
        """The bounds by all operations that are to be trusted."""
        if not root_causes.anomalies:
            return self._from_the_start(self.index.bounds.at(self.numbers))
        reads = list(filter(root_causes.trusts, self.index.reads))
        positions = self.positions_of(read.version for read in reads)
        return narrowed_by_reads(self.bounds_by_writes(root_causes), reads, positions)

    def positions_of(self, versions: Iterable[str | None]) -> list[int]:
        """The positions of versions, negative ones for those that have none."""
        number_of = self.index.numbers.get
        return [self.positions[number_of(version, -1)] for version in versions]

    def bounds_by_writes(self, root_causes: RootCauses) -> Bounds:
        """The bounds by the writes that are to be trusted."""
        trusted = [
            None if write is None or not root_causes.trusts(write) else write
            for write in self.makers
        ]
        return self._from_the_start(bounds_by_writes(trusted))

    def _from_the_start(self, bounds: Bounds) -> Bounds:
        """The bounds, knowing that the initial version was there before the first operation."""
        if self.initial is not None:
            bounds.upper[self.initial] = -inf
        return bounds

    def refusals_to_explain(
        self, commit_times: list[float], last_replaced: float
    ) -> list[tuple[int, Operation]]:
        """The refusals that claim that a version was not current, with its position; none when all were replaced."""
        if self._all_replaced(commit_times, last_replaced):
            return []
        conflicts = list(filter(claims_conflict, self.index.refused))
        positions = self.positions_of(refusal.base for refusal in conflicts)
        placed = zip(positions, conflicts, strict=True)
        return [(position, refusal) for position, refusal in placed if position >= 0]

    def _all_replaced(self, commit_times: list[float], last_replaced: float) -> bool:
        """Whether each version that a refusal names had been replaced before it returned.

        Under contention most operations are refusals, so this loop looks at no more than it must.
        """
        # At the last place stands what the position -1 of a version outside of the order leads to.
        replaced = [*commit_times[1:], last_replaced, -inf]
        if not self.as_numbered:
            replaced = [replaced[position] for position in self.positions]
        number_of = self.index.numbers.get
        for refusal in self.index.refused:
            number = number_of(refusal.base, -1)
            # A refusal has returned: that is how it is known to be one.
            if replaced[number] <= refusal.returned:  # type: ignore[operator]
                continue
            if claims_conflict(refusal):
                return False
        return True

    @cached_property
    def overlapping_refusals(self) -> set[int]:
        """The refusals that were in flight together with another one, whatever that one named."""
        refusals = sorted(self.index.refused, key=attrgetter("invoked"))
        latest = accumulate(refusals, _later)
        pairs = zip(latest, refusals[1:], strict=False)
        return {refusal.id for pair in pairs if pair[0].overlaps(pair[1]) for refusal in pair}


def claimed_order(index: HistoryIndex) -> VersionOrder:
    """The order that `_history` claims."""
    listed = index.listed
    initial = index.numbers.get(index.history.initial, listed)
    return VersionOrder(
        index=index,
        numbers=range(listed),
        chain_starts=(0,),
        singles_from=listed,
        initial=initial if initial < listed else None,
        linked=follows_links(index),
    )


def linked_order(index: HistoryIndex) -> VersionOrder | None:
    """The order that the links imply, chain by chain; None when versions fork, form a cycle, or hang in the air."""
    links = _links(index)
    if links is None:
        return None
    initial = index.numbers.get(index.history.initial)
    successor, roots = links
    singles, heads = _parted(roots, successor)
    if initial is not None:
        heads.insert(0, initial)
    numbers: list[int] = []
    chain_starts = []
    for head in heads:
        chain_starts.append(len(numbers))
        numbers += _chain(head, successor)
    if successor:
        return None
    return VersionOrder(
        index=index,
        numbers=numbers + singles,
        chain_starts=chain_starts,
        singles_from=len(numbers),
        initial=None if initial is None else 0,
        linked=not index.absences,
    )


def _parted(roots: list[int], successor: dict[int | None, int]) -> tuple[list[int], list[int]]:
    """The versions that nothing is known to follow, and those at the head of a chain."""
    singles = [number for number in roots if number not in successor]
    heads = [number for number in roots if number in successor]
    return singles, heads


def _links(index: HistoryIndex) -> tuple[dict[int | None, int], list[int]] | None:
    """The version that replaced each one, and those of which it is not known what they replaced; None on a fork."""
    number_of = index.numbers.get
    successor: dict[int | None, int] = {}
    roots = []
    for number, base in _bases(index):
        if base is None or base == ANY:
            roots.append(number)
            continue
        replaced = number_of(base)
        if replaced in successor:
            return None
        successor[replaced] = number
    return successor, roots


def _bases(index: HistoryIndex) -> Iterator[tuple[int, str | None]]:
    """The versions that were made, with what the write that made them named."""
    initial = index.numbers.get(index.history.initial)
    made = zip(index.makers, index.bases, strict=True)
    return ((i, base) for i, (write, base) in enumerate(made) if write is not None and i != initial)


def _chain(head: int, successor: dict[int | None, int]) -> Iterator[int]:
    """A version and all that follow it. Takes their links out: what is left in the end hangs in the air."""
    number = head
    yield number
    while number in successor:
        number = successor.pop(number)
        yield number


def cycles(index: HistoryIndex) -> Iterator[Anomaly]:
    """Links that lead back to where they began: some write named a version that was made from its own."""
    successor = _successors(index)
    checked: set[str] = set()
    for start in successor:
        path = _path(start, successor, checked)
        reached = [version for version, _ in path.values()]
        if reached and reached[-1] in path:
            yield _cycle([write for _, write in path.values()])


def _path(
    start: str, successor: dict[str, tuple[str, Operation]], checked: set[str]
) -> dict[str, tuple[str, Operation]]:
    """The links that lead on from a version, as far as they were not followed before."""
    path = {}
    version = start
    while version in successor and version not in checked:
        checked.add(version)
        path[version] = successor[version]
        version, _ = successor[version]
    return path


def _successors(index: HistoryIndex) -> dict[str, tuple[str, Operation]]:
    """For each version that a write named: the version that the write made, and the write."""
    made = zip(index.versions, index.makers, strict=True)
    linked = (
        (version, write) for version, write in made if write is not None and write.names_version
    )
    return {str(write.base): (version, write) for version, write in linked}


def _later(one: Operation, other: Operation) -> Operation:
    """The one that returned last."""
    return other if other.end > one.end else one


def _cycle(writes: list[Operation]) -> Anomaly:
    writes.sort(key=attrgetter("invoked"))
    early, late = writes[0], writes[-1]
    return Anomaly(
        name=Name.HISTORY_ORDER,
        operations=witness(early, late),
        sentence=f"{described(early)} named a version that was made, by way of {described(late)}, "
        "from what it made itself.",
    )
