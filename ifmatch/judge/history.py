"""What a race left behind: one record per operation, and what the server itself claims in its `_history`.

All times are nanoseconds of one monotonic clock. `invoked` is taken before the first byte leaves, because a server
may act on the headers alone; `returned` after the last needed byte has arrived. So the moment at which an operation
took effect, if it did, lies between the two (Herlihy and Wing, "Linearizability", TOPLAS 1990).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

#: The base of an operation that asks for any current version: `If-Match: *` (RFC 9110 section 13.1.1).
ANY = "*"


class HistoryError(ValueError):
    """A record that cannot be: our fault, never the server's."""


class Kind(StrEnum):
    """What an operation is, the plainest first.

    `PART` is an entry of a transaction over several resources: it may be refused for the sake of another one.
    """

    READ = "read"
    UPDATE = "update"
    PATCH = "patch"
    DELETE = "delete"
    CREATE = "conditional create"
    CONDITIONAL_UPDATE = "conditional update"
    TRANSACTION = "transaction entry"
    PART = "part of a transaction"
    BATCH = "batch entry"
    SEARCH = "search"


class Outcome(StrEnum):
    """What we know of an operation's effect.

    A time-out, a reset, a 5xx, or a 429 after the request was sent is `UNKNOWN`: it may have happened, may still
    happen, or never will. `ABORTED` is a request that we cut short ourselves, so it must leave no trace, as if it had
    been refused.
    """

    OK = "ok"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    ABORTED = "aborted"


@dataclass(frozen=True, slots=True)
class Operation:
    """One request and what became of it.

    `base` is the version that its If-Match names, `ANY`, or None. `marker` is the unique token that a write puts into
    several elements of the resource; `seen` are the distinct markers in what a read found, so more than one is a torn
    resource. `version` is the version that the answer speaks of: the one made, or the one read. In the history of a
    condition (`If-None-Exist`, `PUT [type]?...`) versions are written `id/version`, and `matches` is what a search
    counted. A read answered 404 or 410 is `OK`: it saw that there is nothing.
    """

    id: int
    writer: str
    kind: Kind
    invoked: int
    returned: int | None = None
    outcome: Outcome = Outcome.UNKNOWN
    status: int | None = None
    base: str | None = None
    marker: str | None = None
    version: str | None = None
    seen: tuple[str, ...] = ()
    matches: int | None = None

    def __post_init__(self) -> None:
        """Raises HistoryError when the record contradicts itself."""
        if self.returned is not None and self.returned < self.invoked:
            early = self.invoked - self.returned
            raise HistoryError(
                f"Operation {self.id} of {self.writer} returned {early} ns before it was invoked."
            )
        if self.returned is None and self.outcome in _ANSWERED:
            raise HistoryError(
                f"Operation {self.id} of {self.writer} is {self.outcome} but never returned."
            )

    @property
    def end(self) -> float:
        """The latest moment at which the operation can have taken effect: none, when its outcome is unknown."""
        return (
            self.returned
            if self.returned is not None and self.outcome in _ANSWERED
            else float("inf")
        )

    @property
    def names_version(self) -> bool:
        """Whether the operation names one version, so that it links what it made to what it replaced."""
        return self.base is not None and self.base != ANY

    def overlaps(self, other: "Operation") -> bool:
        """Whether both were in flight at some moment."""
        return self.invoked <= other.end and other.invoked <= self.end


def deletions(operations: Iterable[Operation | None]) -> list[Operation]:
    """Those of the operations that delete."""
    return [
        operation
        for operation in operations
        if operation is not None and operation.kind is Kind.DELETE
    ]


_ANSWERED = frozenset({Outcome.OK, Outcome.REFUSED})


@dataclass(frozen=True, slots=True)
class Entry:
    """One version as the server's `_history` lists it. `markers` are the distinct ones in its content.

    `method` is how it was written, empty where the history does not say: then it is no deletion.
    """

    version: str
    markers: tuple[str, ...] = ()
    updated: datetime | None = None
    method: str = "PUT"

    @property
    def deleted(self) -> bool:
        """Whether this version is a deletion."""
        return self.method == "DELETE"


@dataclass(frozen=True, slots=True)
class History:
    """All that was done to one resource, or under one condition.

    `entries` is the server's complete `_history`, oldest first, fetched once everything has settled; None when the
    target has none. `earlier` are pages of it that were fetched before. `final` is a last read after everything has
    settled. `initial` is the version that the resource had before the first operation, None when it did not exist or
    is not known.
    """

    operations: tuple[Operation, ...]
    entries: tuple[Entry, ...] | None = None
    final: Operation | None = None
    initial: str | None = None
    earlier: tuple[tuple[Entry, ...], ...] = ()

    def __iter__(self) -> Iterator[Operation]:
        """Every operation, the final read last."""
        yield from self.operations
        if self.final is not None:
            yield self.final
