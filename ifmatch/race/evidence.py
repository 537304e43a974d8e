"""Who made which version. Markers turn what a search would have to guess into something that is looked up.

Every write carries a unique marker, so a version that is read or listed in `_history` names its writer (Gibbons and Korach,
"Testing Shared Memories", SIAM J. Comput. 1997: with unique values the problem is polynomial; without, NP-complete). An unknown
write is therefore either bound to the version that shows its marker, or it is not there.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from math import inf

from ifmatch.race.history import ANY, History, Kind, Operation, Outcome

GONE = frozenset({404, 410})


@dataclass(frozen=True, slots=True)
class Stray:
    """A version whose content is not that of the write that claims it, and the write that it is of, if it is one of ours."""

    version: str
    marker: str
    owner: Operation | None


@dataclass(slots=True)
class Evidence:
    """A history, sorted by what its records are good for."""

    history: History
    accepted: list[Operation] = field(default_factory=list)
    unknown: list[Operation] = field(default_factory=list)
    refused: list[Operation] = field(default_factory=list)
    aborted: list[Operation] = field(default_factory=list)
    reads: list[Operation] = field(default_factory=list)
    gone: list[Operation] = field(default_factory=list)
    found: list[Operation] = field(default_factory=list)
    made: dict[str, Operation] = field(default_factory=dict)
    content: dict[str, tuple[str, ...]] = field(default_factory=dict)
    twice: list[tuple[str, Operation, Operation | None]] = field(default_factory=list)
    differing: list[Operation] = field(default_factory=list)
    strays: list[Stray] = field(default_factory=list)

    def first_sight(self, version: str) -> Operation | None:
        """The first read that found a version."""
        return next((read for read in self.reads if read.version == version), None)

    def writers_of(self, markers: Iterable[str]) -> list[Operation]:
        """The writes that carry one of these markers."""
        wanted = set(markers)
        writes = chain(self.accepted, self.unknown, self.refused, self.aborted)
        return [write for write in writes if write.marker in wanted]

    @property
    def unobserved(self) -> Iterator[Operation]:
        """The unknown writes of which no trace is to be seen."""
        bound = {write.id for write in self.made.values() if write.outcome is Outcome.UNKNOWN}
        return (write for write in self.unknown if write.id not in bound)


def gather(history: History) -> Evidence:
    """Read a history once and settle who made which version."""
    evidence = Evidence(history)
    _sort(evidence)
    nameless = _claims(evidence)
    _contents(evidence)
    _bind(evidence, nameless)
    _bind_deletes(evidence, [write for write in nameless if write.kind is Kind.DELETE])
    return evidence


def _sort(evidence: Evidence) -> None:
    """Each record to its kind. The loop sees every record of the history, so it looks at no more than it must."""
    accepted, refused, reads = evidence.accepted.append, evidence.refused.append, evidence.reads.append
    read, ok, no = Kind.READ, Outcome.OK, Outcome.REFUSED
    history = evidence.history
    final = () if history.final is None else (history.final,)
    for operation in chain(history.operations, final):
        outcome = operation.outcome
        if operation.kind is read:
            if outcome is ok:
                evidence.gone.append(operation) if operation.status in GONE else reads(operation)
        elif outcome is ok:
            evidence.found.append(operation) if _found(operation) else accepted(operation)
        elif outcome is no:
            refused(operation)
        else:
            (evidence.unknown if outcome is Outcome.UNKNOWN else evidence.aborted).append(operation)


def _found(operation: Operation) -> bool:
    """Whether an accepted operation only found something: a search, or a conditional create that met a match."""
    kind = operation.kind
    return kind is Kind.SEARCH or (kind is Kind.CREATE and operation.status == 200)


def _claims(evidence: Evidence) -> list[Operation]:
    """Which version each accepted write says it made. Returns the writes that do not say."""
    nameless, made, initial = [], evidence.made, evidence.history.initial
    for write in evidence.accepted:
        version = write.version
        if version is None:
            nameless.append(write)
            continue
        first = made.setdefault(version, write)
        if first is not write and write.kind is Kind.DELETE is first.kind:
            evidence.gone.append(write)  # a server may answer the second of two deletions with the version of the first
        elif first is not write or version == initial:
            evidence.twice.append((version, write, first if first is not write else None))
    return nameless


def _contents(evidence: Evidence) -> None:
    """What each version holds: as `_history` has it, else as it was first read."""
    content = evidence.content
    for entry in evidence.history.entries or ():
        if entry.markers:
            content.setdefault(entry.version, entry.markers)
    evidence.reads = [read for read in evidence.reads if read.version is not None]
    known = content.get
    for read in evidence.reads:
        seen = read.seen
        if known(read.version) != seen and seen and content.setdefault(str(read.version), seen) != seen:
            evidence.differing.append(read)


def _bind(evidence: Evidence, nameless: list[Operation]) -> None:
    """Give the versions that nobody claims to the writes whose marker they show; keep what does not fit as strays."""
    made, unclaimed = evidence.made, []
    for version, seen in evidence.content.items():
        claimant = made.get(version)
        if len(seen) == 1 and (claimant is None or (claimant.marker != seen[0] and _tells(claimant))):
            unclaimed.append((version, seen[0]))
    open_to_bind = {write.id for write in chain(evidence.unknown, nameless)}
    owners: dict[str, list[Operation]] = {}
    for write in evidence.writers_of(marker for _, marker in unclaimed):
        owners.setdefault(str(write.marker), []).append(write)
    for version, marker in unclaimed:
        free = [write for write in owners.get(marker, ()) if write.id in open_to_bind]
        if free and version not in made:
            open_to_bind.discard(free[0].id)
            made[version] = free[0]
        else:
            owner = next(iter(owners.get(marker, ())), None)
            evidence.strays.append(Stray(version, marker, owner))
    if evidence.history.entries is None:  # nobody saw what they made, but they made something
        bound = {write.id for write in made.values()}
        made.update({unseen(write): write for write in nameless if write.kind is not Kind.DELETE and write.id not in bound})


def _tells(write: Operation) -> bool:
    """Whether it is known what a version holds that a write made: its marker, or nothing."""
    return write.marker is not None or write.kind is Kind.DELETE


def unseen(write: Operation) -> str:
    """The name we give to a version that was made but never shown."""
    return f"(unseen, made by operation {write.id})"


def _bind_deletes(evidence: Evidence, nameless: list[Operation]) -> None:
    """A deletion has no content, hence no marker, and is often answered without a version: go by what it named.

    One that cannot be told apart from another still proves that it left the resource deleted, which is what a read answered
    410 proves (RFC 9110 section 13.1.1 lets a server accept what seems to have been done already).
    """
    nameless.sort(key=lambda write: write.invoked)
    if evidence.history.entries is None:
        _assume_deletions(evidence, nameless)
    else:
        _find_deletions(evidence, nameless)


def _assume_deletions(evidence: Evidence, nameless: list[Operation]) -> None:
    """Without `_history`: each made a version, unless it may have met the work of another."""
    writes = chain(evidence.made.values(), evidence.unknown)
    others = [write.invoked for write in writes if write.kind is Kind.DELETE]
    first_other = min(others, default=inf)
    replaced: set[str | None] = set()
    for delete in nameless:
        base = delete.base if names_a_version(delete) else None
        if first_other <= delete.end or (replaced and (base is None or None in replaced or base in replaced)):
            evidence.gone.append(delete)
        else:
            replaced.add(base)
            evidence.made[unseen(delete)] = delete


def _find_deletions(evidence: Evidence, nameless: list[Operation]) -> None:
    """With `_history`: the deletion that follows the named version; else the only one left, if there is only one to ask."""
    slots, rest = _deletion_slots(evidence), []
    for delete in nameless:
        version = slots.pop(str(delete.base), None)
        if version is None:
            rest.append(delete)
        else:
            evidence.made[version] = delete
    if len(rest) == len(slots) == 1 and not any(write.kind is Kind.DELETE for write in evidence.unknown):
        evidence.made[slots.popitem()[1]] = rest.pop()
    evidence.gone += rest


def _deletion_slots(evidence: Evidence) -> dict[str, str]:
    """The deletions in `_history` that nobody claims, by the version that they replaced."""
    entries = evidence.history.entries or ()
    before = ("", *(entry.version for entry in entries))
    return {
        previous: entry.version
        for previous, entry in zip(before, entries, strict=False)
        if entry.deleted and entry.version not in evidence.made
    }


def names_a_version(operation: Operation) -> bool:
    """Whether an operation names one version, so that it links what it made to what it replaced."""
    return operation.base is not None and operation.base != ANY
