"""A history looked up by version: who made it, who read it, what it holds, and when it can have been committed.

Every write carries a unique marker, so a version that is read or listed in `_history` names its writer (Gibbons and
Korach, "Testing Shared Memories", SIAM J. Comput. 1997: with unique values the problem is polynomial; without,
NP-complete). Elle calls such writes recoverable. What a search would have to guess is looked up here.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from ifmatch.judge.bounds import Bounds
from ifmatch.judge.history import Entry, History, Kind, Operation, Outcome

#: The answers of a read that found nothing.
GONE = frozenset({404, 410})

#: The interactions that may find what they would else make.
CONDITIONAL = (Kind.CREATE, Kind.CONDITIONAL_UPDATE, Kind.SEARCH)


@dataclass(frozen=True, slots=True)
class ContentMismatch:
    """A version whose content is not what its maker sent, or whose maker is unknown. `sender` sent that content."""

    version: str
    marker: str
    sender: Operation | None


@dataclass(frozen=True, slots=True)
class DuplicateClaim:
    """A write whose answer names a version that was made before; `first` made it, None when it was there initially."""

    version: str
    write: Operation
    first: Operation | None


@dataclass(slots=True)
class HistoryIndex:
    """The operations of a history by their outcome, and what is known of each version.

    Versions are opaque, so they are numbered: those of `_history` first, in its order, then the initial one, then all
    others that an answer spoke of. `makers`, the `bases` that these named, `contents` and `bounds` are by that number;
    `read_numbers` has the number of the version that each of `reads` saw. The bounds are those of all operations, as
    if each were to be trusted.
    """

    history: History
    versions: list[str]
    numbers: defaultdict[str | None, int]
    makers: list[Operation | None]
    bases: list[str | None]
    contents: list[tuple[str, ...]]
    bounds: Bounds

    # Every write, by its outcome; accepted ones whose answer names no version are in `versionless` too.
    accepted: list[Operation] = field(default_factory=list)
    versionless: list[Operation] = field(default_factory=list)
    refused: list[Operation] = field(default_factory=list)
    unknown: list[Operation] = field(default_factory=list)
    aborted: list[Operation] = field(default_factory=list)
    conditional: list[Operation] = field(default_factory=list)

    reads: list[Operation] = field(default_factory=list)
    read_numbers: list[int] = field(default_factory=list)
    #: What proves that there was nothing: reads answered 404 or 410, and deletions that may have met an earlier one.
    absences: list[Operation] = field(default_factory=list)

    # What contradicts itself already while the index is built.
    duplicate_claims: list[DuplicateClaim] = field(default_factory=list)
    listed_again: list[int] = field(default_factory=list)
    differing_reads: list[Operation] = field(default_factory=list)
    torn: list[int] = field(default_factory=list)
    mismatches: list[ContentMismatch] = field(default_factory=list)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The server's history, empty where it has none."""
        return self.history.entries or ()

    @property
    def listed(self) -> int:
        """How many of the versions `_history` lists."""
        return len(self.entries)

    def entry_of(self, version: str) -> tuple[Entry, ...]:
        """The entry of a version in `_history`, if it is there."""
        number = self.numbers.get(version, self.listed)
        return self.entries[number : number + 1]

    def maker(self, version: str | None) -> Operation | None:
        """The write that made a version, as far as that is known."""
        number = self.numbers.get(version)
        return None if number is None else self.makers[number]

    def first_read_of(self, version: str) -> Operation | None:
        """The first read that saw a version."""
        return next((read for read in self.reads if read.version == version), None)

    def writers_of(self, markers: Iterable[str]) -> list[Operation]:
        """The writes that carry one of these markers, those of unknown outcome first: they are likeliest."""
        wanted = set(markers)
        found: list[Operation] = []
        for writes in (self.unknown, self.accepted, self.refused, self.aborted):
            if not wanted.issubset(write.marker for write in found):
                found += [write for write in writes if write.marker in wanted]
        return found

    def attributed_unknowns(self) -> list[Operation]:
        """The writes of unknown outcome that made a version."""
        if not self.unknown:
            return []
        return [
            write for write in self.makers if write is not None and write.outcome is Outcome.UNKNOWN
        ]

    def unobserved(self) -> list[Operation]:
        """The writes of unknown outcome of which there is no trace."""
        observed = {write.id for write in self.attributed_unknowns()}
        return [write for write in self.unknown if write.id not in observed]

    def attribute(self, version: str, write: Operation) -> None:
        """Settles who made a version."""
        number = self._number(version)
        self.makers[number] = write
        self.bases[number] = write.base
        self.bounds.lower[number] = write.invoked
        self.bounds.upper[number] = min(write.end, self.bounds.upper[number])

    def _number(self, version: str) -> int:
        """The number of a version, a new one if it is new."""
        number = self.numbers.setdefault(version, len(self.versions))
        if number == len(self.versions):
            self.versions.append(version)
            self.makers.append(None)
            self.bases.append(None)
            self.contents.append(())
            self.bounds.append_unbounded()
        return number
