"""The anomalies that a history can prove, each with its name, its rule and its witness."""

from dataclasses import dataclass
from enum import Enum, StrEnum

from ifmatch.judge.history import Entry, Operation


class Clock(StrEnum):
    """Whether a proof rests on the order of events in time. One that does not holds on one machine or many alike."""

    NOT_NEEDED = "clock-free"
    NEEDED = "needs a clock"


class Gravity(StrEnum):
    """What an anomaly does to the verdict."""

    FAULT = "fault"
    WARNING = "warning"


class Name(Enum):
    """The names of the anomalies, root causes first: a report lists them in this order."""

    DUPLICATE_VERSION = (
        "duplicate version",
        "Two accepted writes were given the same version, so one of them is lost.",
    )
    DUPLICATE_CREATE = "conditional-create duplicate", "One condition made more than one resource."
    LOST_UPDATE = (
        "lost update",
        "Two accepted writes replaced the same version while both were in flight: one overwrote the other unseen.",
    )
    STALE_SUCCESS = (
        "stale success",
        "A write was accepted although the version it named had already been replaced: If-Match was not checked.",
    )
    HISTORY_FORK = (
        "fork in history",
        "Two readings of the server's history disagree on versions that both contain.",
    )
    MISSING = "acknowledged but missing", "An accepted write is not in the server's final history."
    CHANGED = "version changed under its id", "Two readings of one version show different content."
    OTHER_CONTENT = (
        "acknowledged, other content",
        "A version holds something else than the write that was told it made it.",
    )
    PHANTOM = "phantom version", "A version was read or replaced that nobody made."
    TORN = "torn content", "One version holds the markers of more than one write."
    DOUBLE_APPLY = "double apply", "One write made two versions."
    GHOST = "ghost write", "A refused write was applied."
    HALF_TRANSACTION = (
        "half a transaction",
        "One part of a transaction is in the history of its resource, and another is not.",
    )
    TRUNCATED = "truncated body applied", "A request that was cut short was applied."
    NO_ORDER = (
        "transactions in no order",
        "Two transactions stand in the histories of their resources in opposite orders.",
        Clock.NOT_NEEDED,
        Gravity.WARNING,
    )
    HALF_SEEN = (
        "half a transaction seen",
        "One answer shows a resource after a transaction, and another as it was before.",
        Clock.NOT_NEEDED,
        Gravity.WARNING,
    )
    SKIPPED = (
        "predecessor skipped",
        "A write replaced another version than the one it named: a lost update that only the history shows.",
    )
    UPDATED_BACKWARDS = (
        "lastUpdated not monotonic",
        "lastUpdated goes back along the order of versions.",
    )
    HISTORY_ORDER = (
        "history order against real time",
        "The order in which the server lists its versions is not the one in which they came to be.",
        Clock.NEEDED,
    )
    RESURRECTED = (
        "resurrected delete",
        "A read saw the resource as it was before a deletion that was already over.",
        Clock.NEEDED,
    )
    STALE_READ = (
        "stale read",
        "A read saw a version although a newer one had been acknowledged before the read was sent.",
        Clock.NEEDED,
    )
    FUTURE_READ = (
        "read from the future",
        "A version was read before the write that made it was sent.",
        Clock.NEEDED,
    )
    BACKWARD_READS = (
        "non-monotonic reads",
        "A read saw an older version than a read that was over before it was sent.",
        Clock.NEEDED,
    )
    WEDGED = (
        "wedged resource",
        "Every write that names the current version is refused, with no other writer about.",
        Clock.NEEDED,
    )
    NO_WINNER = (
        "no winner",
        "All writers of a round were refused and the version did not change.",
        Clock.NEEDED,
        Gravity.WARNING,
    )
    SPURIOUS_CONFLICT = (
        "spurious conflict",
        "A write was refused although the version it named was current all the while.",
        Clock.NEEDED,
    )

    def __init__(
        self,
        label: str,
        rule: str,
        clock: Clock = Clock.NOT_NEEDED,
        gravity: Gravity = Gravity.FAULT,
    ) -> None:
        """Unpacks a row of the table above."""
        self.label, self.rule, self.clock, self.gravity = label, rule, clock, gravity


#: No more than this many operations are shown as proof: a person sees them at a glance.
WITNESS = 3


@dataclass(frozen=True, slots=True)
class Anomaly:
    """A named contradiction and its proof: at most three operations, and the history entries they contradict.

    `versions` are those that can no longer be trusted; whatever else goes wrong with them is a consequence.
    """

    name: Name
    operations: tuple[Operation, ...]
    sentence: str
    versions: tuple[str, ...] = ()
    entries: tuple[Entry, ...] = ()

    def __str__(self) -> str:
        """The name and the sentence, as a report prints them."""
        return f"{self.name.label}: {self.sentence}"


def witness(*operations: Operation | None) -> tuple[Operation, ...]:
    """Those of the operations that there are, each once."""
    return tuple(
        {operation.id: operation for operation in operations if operation is not None}.values()
    )
