"""Who made which version. Markers turn what a search would have to guess into something that is looked up.

Every write carries a unique marker, so a version that is read or listed in `_history` names its writer (Gibbons and
Korach, "Testing Shared Memories", SIAM J. Comput. 1997: with unique values the problem is polynomial; without,
NP-complete). An unknown write is therefore either bound to the version that shows its marker, or it is not there.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate, chain, count
from math import inf
from operator import attrgetter

from ifmatch.judge.bounds import Bounds
from ifmatch.judge.history import ANY, History, Kind, Operation, Outcome

#: The answers of a read that found nothing.
GONE = frozenset({404, 410})

#: The interactions that may find what they would else make.
CONDITIONAL = (Kind.CREATE, Kind.CONDITIONAL_UPDATE, Kind.SEARCH)


@dataclass(frozen=True, slots=True)
class Stray:
    """A version whose content is not that of the write that claims it; and whose it is, if one of ours."""

    version: str
    marker: str
    owner: Operation | None


@dataclass(slots=True)
class HistoryIndex:
    """A history, sorted by what its records are good for.

    Versions are opaque, so they are numbered: those of `_history` first, in its order, then the initial one, then all
    others that an answer spoke of. `makers`, what they named (`bases`), `content` and the bounds (see
    `ifmatch.judge.bounds`) are by that number; `read_at` says for each of `reads` which version it saw. The bounds are
    those of all operations, as if each were to be trusted.
    """

    history: History
    versions: list[str]
    number: defaultdict[str | None, int]
    makers: list[Operation | None]
    bases: list[str | None]
    content: list[tuple[str, ...]]
    bounds: Bounds
    accepted: list[Operation] = field(default_factory=list)
    unknown: list[Operation] = field(default_factory=list)
    refused: list[Operation] = field(default_factory=list)
    aborted: list[Operation] = field(default_factory=list)
    reads: list[Operation] = field(default_factory=list)
    read_at: list[int] = field(default_factory=list)
    gone: list[Operation] = field(default_factory=list)
    conditional: list[Operation] = field(default_factory=list)
    nameless: list[Operation] = field(default_factory=list)
    twice: list[tuple[str, Operation, Operation | None]] = field(default_factory=list)
    differing: list[Operation] = field(default_factory=list)
    torn: list[int] = field(default_factory=list)
    strays: list[Stray] = field(default_factory=list)
    again: list[int] = field(default_factory=list)

    @property
    def listed(self) -> int:
        """How many of the versions `_history` lists."""
        return len(self.history.entries or ())

    def maker(self, version: str | None) -> Operation | None:
        """The write that made a version, as far as that is known."""
        i = self.number.get(version)
        return None if i is None else self.makers[i]

    def place(self, version: str) -> int:
        """The number of a version, a new one if it is new."""
        i = self.number.setdefault(version, len(self.versions))
        if i == len(self.versions):
            self.versions.append(version)
            self.makers.append(None)
            self.bases.append(None)
            self.content.append(())
            self.bounds.add()
        return i

    def bind(self, version: str, write: Operation) -> None:
        """Settle who made a version."""
        i = self.place(version)
        self.makers[i], self.bases[i] = write, write.base
        self.bounds.lower[i] = write.invoked
        self.bounds.upper[i] = min(write.end, self.bounds.upper[i])

    def versionless(self, operation: Operation) -> None:
        """An accepted operation that shows no version: a read that found nothing, or a write that is silent on it."""
        if operation.kind is not Kind.READ:
            if operation.kind in CONDITIONAL:
                self.conditional.append(operation)
            if not _found(operation):
                self.accepted.append(operation)
                self.nameless.append(operation)
        elif operation.status in GONE:
            self.gone.append(operation)

    def not_answered(self, operation: Operation) -> None:
        """A write of unknown outcome, or one that was cut short. A read that was not answered tells nothing."""
        if operation.kind is not Kind.READ:
            (self.unknown if operation.outcome is Outcome.UNKNOWN else self.aborted).append(operation)

    def close(self) -> None:
        """No more new versions by looking them up: give back the room that no answer asked for."""
        self.number.default_factory = None
        self.versions = [version for version in self.number if version is not None]
        bounds = self.bounds
        for values in (self.makers, self.bases, self.content, bounds.lower, bounds.upper, bounds.after):
            del values[len(self.versions) :]

    def made(self) -> Iterator[tuple[str, Operation]]:
        """The versions of known makers."""
        return (
            (version, write) for version, write in zip(self.versions, self.makers, strict=True) if write is not None
        )

    def first_sight(self, version: str) -> Operation | None:
        """The first read that found a version."""
        return next((read for read in self.reads if read.version == version), None)

    def writers_of(self, markers: Iterable[str]) -> list[Operation]:
        """The writes that carry one of these markers, those of unknown outcome first: they are the ones to ask."""
        wanted = set(markers)
        found: list[Operation] = []
        for writes in (self.unknown, self.accepted, self.refused, self.aborted):
            if wanted.issubset(write.marker for write in found):
                break
            found += [write for write in writes if write.marker in wanted]
        return found

    def unobserved(self) -> Iterator[Operation]:
        """The unknown writes of which no trace is to be seen."""
        bound = {write.id for write in self.makers if write is not None and write.outcome is Outcome.UNKNOWN}
        return (write for write in self.unknown if write.id not in bound)


def gather(history: History) -> HistoryIndex:
    """Read a history once and settle who made which version."""
    operations = [*history.operations, *(() if history.final is None else (history.final,))]
    # In the order in which they came about, neighbours lie close in memory too.
    operations.sort(key=attrgetter("invoked"))
    evidence = _numbered(history, len(operations))
    _sort(evidence, operations)
    evidence.close()
    _check_initial(evidence)
    _bind(evidence)
    _bind_deletes(evidence, [write for write in evidence.nameless if write.kind is Kind.DELETE])
    return evidence


def _numbered(history: History, room: int) -> HistoryIndex:
    """The versions that `_history` lists and the initial one, with room for as many as there are answers.

    A version that is looked up gets the next number if it is new: the dictionary gives it, so that one look-up is all
    that a record costs.
    """
    entries = history.entries or ()
    versions = [entry.version for entry in entries]
    content = [entry.markers for entry in entries]
    number: defaultdict[str | None, int] = defaultdict(None, zip(versions, count()))
    again = _rename_repeated(versions, number) if len(number) < len(versions) else []
    torn = [i for i, markers in enumerate(content) if len(markers) > 1]
    if history.initial is not None:
        number.setdefault(history.initial, len(number))
    size = len(number) + room
    content += [()] * (size - len(content))
    number.default_factory = number.__len__
    return HistoryIndex(
        history, [], number, [None] * size, [None] * size, content, Bounds.of(size), torn=torn, again=again
    )


def _rename_repeated(versions: list[str], number: dict[str | None, int]) -> list[int]:
    """A version that is listed again gets a name that nothing can be meant for. Returns where that happened."""
    number.clear()
    again = []
    for i, version in enumerate(versions):
        if version in number:
            again.append(i)
            versions[i] = f"{version} (again, at {i})"
        number[versions[i]] = i
    return again


def _sort(evidence: HistoryIndex, operations: list[Operation]) -> None:
    """Each record to its kind and its version. This loop sees every record, so it looks at no more than it must."""
    number, makers, bases, content = evidence.number, evidence.makers, evidence.bases, evidence.content
    accepted, refused = evidence.accepted.append, evidence.refused.append
    reads, read_at = evidence.reads.append, evidence.read_at.append
    lower, upper, after = evidence.bounds.lower, evidence.bounds.upper, evidence.bounds.after
    read, ok, no = Kind.READ, Outcome.OK, Outcome.REFUSED
    for operation in operations:
        outcome = operation.outcome
        if outcome is no:
            refused(operation)
            continue
        if outcome is not ok:
            evidence.not_answered(operation)
            continue
        version = operation.version
        if version is None:
            evidence.versionless(operation)
            continue
        i = number[version]
        kind = operation.kind
        if kind is read:
            reads(operation)
            read_at(i)
            if content[i] != operation.seen:
                _first_or_differing(evidence, i, operation)
            if operation.invoked > after[i]:
                after[i] = operation.invoked
        else:
            if kind in CONDITIONAL:
                evidence.conditional.append(operation)
                if _found(operation):
                    continue
            accepted(operation)
            if makers[i] is not None:
                _claimed_twice(evidence, i, operation)
                continue
            makers[i], bases[i] = operation, operation.base
            lower[i] = operation.invoked
        returned = operation.returned
        # What is counted here has returned, or it would not be known what it saw.
        if returned < upper[i]:  # type: ignore[operator]
            upper[i] = returned  # type: ignore[assignment]


def _first_or_differing(evidence: HistoryIndex, i: int, read: Operation) -> None:
    """A read that shows something new: the content of a version, or another content than it had."""
    if not evidence.content[i] and read.seen:
        evidence.content[i] = read.seen
        if len(read.seen) > 1:
            evidence.torn.append(i)
    elif read.seen:
        evidence.differing.append(read)


def _claimed_twice(evidence: HistoryIndex, i: int, write: Operation) -> None:
    """The second of two deletions may well be answered with the version of the first; other writes make their own."""
    first = evidence.makers[i]
    if first is not None and write.kind is Kind.DELETE is first.kind:
        evidence.gone.append(write)
    else:
        evidence.twice.append((str(write.version), write, first))


def _check_initial(evidence: HistoryIndex) -> None:
    """What was there from the start was made by nobody."""
    first = evidence.maker(evidence.history.initial)
    if first is not None:
        evidence.twice.append((str(evidence.history.initial), first, None))


def _found(operation: Operation) -> bool:
    """Whether an accepted operation only found something: a search, or a conditional create that met a match."""
    kind = operation.kind
    return kind is Kind.SEARCH or (kind is Kind.CREATE and operation.status == 200)


def _bind(evidence: HistoryIndex) -> None:
    """Give the versions that nobody claims to the writes whose marker they show; keep what does not fit as strays."""
    free = {write.marker: write for write in chain(evidence.unknown, evidence.nameless)}
    misfits: dict[int, str] = {}
    for i, marker in _misfits(evidence):
        if marker in free and evidence.makers[i] is None:
            evidence.bind(evidence.versions[i], free.pop(marker))
        else:
            misfits[i] = marker
    owners: dict[str | None, Operation] = {}
    for write in evidence.writers_of(misfits.values()):
        owners.setdefault(write.marker, write)
    evidence.strays = [Stray(evidence.versions[i], marker, owners.get(marker)) for i, marker in misfits.items()]
    if evidence.history.entries is None:  # nobody saw what they made, but they made something
        for write in evidence.nameless:
            if write.kind is not Kind.DELETE and (write.marker is None or write.marker in free):
                evidence.bind(unseen(write), write)


def _misfits(evidence: HistoryIndex) -> Iterator[tuple[int, str]]:
    """The versions whose content is not what their maker sent, or whose maker is not known."""
    for i, (seen, maker) in enumerate(zip(evidence.content, evidence.makers, strict=True)):
        if len(seen) == 1 and (maker is None or (maker.marker != seen[0] and _tells(maker))):
            yield i, seen[0]


def _tells(write: Operation) -> bool:
    """Whether it is known what a version holds that a write made: its marker, or nothing."""
    return write.marker is not None or write.kind is Kind.DELETE


def unseen(write: Operation) -> str:
    """The name we give to a version that was made but never shown."""
    return f"(unseen, made by operation {write.id})"


def _bind_deletes(evidence: HistoryIndex, nameless: list[Operation]) -> None:
    """A deletion has no content, hence no marker, and is often answered without a version: go by what it named.

    One of which it is doubtful whether it deleted anything still proves that it left the resource deleted, which is
    what a read answered 410 proves (RFC 9110 section 13.1.1 lets a server accept what seems to have been done
    already).
    """
    if not nameless:
        return
    certain, doubtful = _part(evidence, sorted(nameless, key=lambda write: write.invoked))
    if evidence.history.entries is None:
        for delete in certain:
            evidence.bind(unseen(delete), delete)
    else:
        slots = _deletion_slots(evidence)
        doubtful += [delete for delete in certain if str(delete.base) not in slots]
        for delete in certain:
            if str(delete.base) in slots:
                evidence.bind(slots.pop(str(delete.base)), delete)
        if len(doubtful) == len(slots) == 1 and not any(write.kind is Kind.DELETE for write in evidence.unknown):
            evidence.bind(slots.popitem()[1], doubtful.pop())
    evidence.gone += doubtful


def _part(evidence: HistoryIndex, nameless: list[Operation]) -> tuple[list[Operation], list[Operation]]:
    """Those that did delete what they named, and those that may have met a deletion made after it."""
    named: dict[str | None, Operation] = {}
    candidates: list[Operation] = []
    doubtful: list[Operation] = []
    for delete in nameless:
        fresh = not names_a_version(delete) or named.setdefault(delete.base, delete) is delete
        (candidates if fresh else doubtful).append(delete)
    others = [
        write for write in chain(evidence.makers, evidence.unknown) if write is not None and write.kind is Kind.DELETE
    ]
    rivals = sorted([*candidates, *others], key=lambda write: write.invoked)
    starts = [rival.invoked for rival in rivals]
    nobody: tuple[Operation, ...] = ()
    longest = list(accumulate(rivals, _two_longest, initial=nobody))
    certain: list[Operation] = []
    for delete in candidates:
        maker = evidence.maker(delete.base)
        since = maker.invoked if maker is not None else -inf
        begun = longest[bisect_right(starts, delete.end)]
        rivalled = any(rival is not delete and rival.end >= since for rival in begun)
        (doubtful if rivalled else certain).append(delete)
    return certain, doubtful


def _two_longest(pair: tuple[Operation, ...], new: Operation) -> tuple[Operation, ...]:
    """The two that ended last: whichever is asked about, one of them is another."""
    return tuple(sorted((*pair, new), key=lambda write: write.end)[-2:])


def _deletion_slots(evidence: HistoryIndex) -> dict[str, str]:
    """The deletions in `_history` since the first operation that nobody claims, by the version that they replaced."""
    slots: dict[str, str] = {}
    previous = ""
    for entry in evidence.history.entries or ():
        if entry.version == evidence.history.initial:
            slots.clear()
        elif entry.deleted and evidence.maker(entry.version) is None:
            slots[previous] = entry.version
        previous = entry.version
    return slots


def names_a_version(operation: Operation) -> bool:
    """Whether an operation names one version, so that it links what it made to what it replaced."""
    return operation.base is not None and operation.base != ANY
