"""What is drawn of a history to show an anomaly, however it is drawn."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf

from ifmatch.judge.anomaly import Anomaly
from ifmatch.judge.history import ANY, Entry, History, Kind, Operation, Outcome
from ifmatch.judge.wording import answer, request

#: Besides the witness no more than these are drawn: those that touch the same versions, the nearest in time first.
BYSTANDERS = 5

#: So many versions of `_history` are drawn at most.
EXCERPT = 6

#: Versions with more characters are cut, and so many are left of them at least.
_LONG, _FEWEST = 10, 6

#: Colours that the colour-blind can tell apart (Okabe and Ito, "Color Universal Design", 2008), readable on light and
#: dark.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56b4e9", "#7a5195", "#6b7280")

#: The operations whose end says nothing of when they took effect.
OPEN_ENDED = (Outcome.UNKNOWN, Outcome.ABORTED)


@dataclass(frozen=True, slots=True)
class Row:
    """One operation as it is drawn: between two of the columns of time, `end` None when it was never answered."""

    operation: Operation
    witness: bool
    start: int
    end: int | None


@dataclass(frozen=True, slots=True)
class Scene:
    """The operations, the times at their ends, the part of `_history` shown below, and the sentence on all that.

    `colours` are those of the versions; `names` say what is written of the long ones.
    """

    sentence: str
    rows: tuple[Row, ...]
    times: tuple[int, ...]
    history: tuple[Entry, ...]
    colours: dict[str, str]
    names: dict[str, str]

    @property
    def span(self) -> int:
        """The last column of time, with one more to the right when something never returned."""
        return len(self.times) - 1 + any(row.end is None for row in self.rows)

    def offset(self, column: int) -> str:
        """The time at a column, counted from the first."""
        return _duration(self.times[column] - self.times[0]) if column else "0"

    def name(self, version: str) -> str:
        """What is written of a version."""
        return self.names.get(version, version)

    def caption(self, operation: Operation) -> str:
        """A request and its answer, without its writer: `PUT If-Match 3 → 200, version 4`."""
        asked = request(operation).removeprefix(f"{operation.writer}'s ")
        answered = _unanswered(operation) or answer(operation)
        return _renamed(f"{asked} → {answered}", self.names)

    def maker(self, entry: Entry) -> Operation | None:
        """The write in the picture whose content a version of `_history` holds."""
        writes = (row.operation for row in self.rows if row.operation.marker)
        return next((write for write in writes if write.marker in entry.markers), None)

    def owner(self, entry: Entry) -> str:
        """Whose content a version of `_history` holds, where it is one of the writers in the picture."""
        if len(entry.markers) > 1:
            return " (torn)"
        maker = None if entry.deleted else self.maker(entry)
        nobody = " (deleted)" if entry.deleted else ""
        return nobody if maker is None else f" ({maker.writer})"

    def misplaced(self, i: int) -> str:
        """What the maker of the i-th version shown had named, when that is not what it replaced."""
        named = self._base(self.history[i])
        before = self.history[i - 1].version if i else named
        return "" if named in (None, ANY, before) else str(named)

    def _base(self, entry: Entry) -> str | None:
        """What the maker of a version had named, unless it was told that it made another one."""
        maker = self.maker(entry)
        return maker.base if maker is not None and maker.version in (None, entry.version) else None


def scene(history: History, anomaly: Anomaly) -> Scene:
    """The witness, others that touch its versions meanwhile, and the part of the server's history that it is about."""
    versions = _versions(anomaly)
    operations = [*anomaly.operations, *_bystanders(history, anomaly, versions)]
    operations.sort(key=lambda operation: (operation.invoked, operation.id))
    entries = _excerpt(history.entries or (), versions, anomaly)
    times = _times(operations)
    colours = _colours(entries, operations)
    names = names_of({*versions, *colours})
    return Scene(
        sentence=_renamed(anomaly.sentence, names),
        rows=_rows(operations, times, anomaly),
        times=times,
        history=entries,
        colours=colours,
        names=names,
    )


def _rows(operations: list[Operation], times: tuple[int, ...], anomaly: Anomaly) -> tuple[Row, ...]:
    column: dict[int | None, int] = {time: i for i, time in enumerate(times)}
    ids = _ids(anomaly)
    return tuple(
        Row(
            operation=operation,
            witness=operation.id in ids,
            start=column[operation.invoked],
            end=column.get(operation.returned),
        )
        for operation in _by_writer(operations)
    )


def _ids(anomaly: Anomaly) -> set[int]:
    return {operation.id for operation in anomaly.operations}


def _times(operations: Iterable[Operation]) -> tuple[int, ...]:
    ends = {time for operation in operations for time in (operation.invoked, operation.returned)}
    return tuple(sorted(time for time in ends if time is not None))


def _colours(entries: Iterable[Entry], operations: Iterable[Operation]) -> dict[str, str]:
    listed = [entry.version for entry in entries]
    spoken_of = [version for operation in operations for version in _versions_of(operation)]
    distinct = dict.fromkeys(listed + spoken_of)
    return {version: COLOURS[i % len(COLOURS)] for i, version in enumerate(distinct)}


def _versions_of(operation: Operation) -> list[str]:
    """The versions that an operation speaks of."""
    return [
        version for version in (operation.base, operation.version) if version and version != ANY
    ]


def _versions(anomaly: Anomaly) -> set[str]:
    of_operations = {
        version for operation in anomaly.operations for version in _versions_of(operation)
    }
    of_entries = {entry.version for entry in anomaly.entries}
    return of_operations | of_entries | set(anomaly.versions)


def _bystanders(history: History, anomaly: Anomaly, versions: set[str]) -> list[Operation]:
    """The other operations on the same versions while the witness was in flight."""
    ids = _ids(anomaly)
    meanwhile = [
        operation for operation in _in_flight_with(anomaly, history) if operation.id not in ids
    ]
    touching = [
        operation for operation in meanwhile if not versions.isdisjoint(_versions_of(operation))
    ]
    touching.sort(key=lambda operation: (operation.outcome is not Outcome.OK, operation.invoked))
    return touching[:BYSTANDERS]


def _in_flight_with(anomaly: Anomaly, history: History) -> Iterator[Operation]:
    """The operations from the beginning of the witness to its end."""
    first = min([operation.invoked for operation in anomaly.operations], default=inf)
    last = max([_end(operation) for operation in anomaly.operations], default=-inf)
    return (
        operation for operation in history if operation.invoked <= last and _end(operation) >= first
    )


def _end(operation: Operation) -> int:
    return operation.returned or operation.invoked


def _by_writer(operations: Iterable[Operation]) -> list[Operation]:
    """Lanes: the operations of a writer below each other, the writer that began first on top."""
    lanes: dict[str, list[Operation]] = {}
    for operation in operations:
        lanes.setdefault(operation.writer, []).append(operation)
    return [operation for lane in lanes.values() for operation in lane]


def _excerpt(entries: tuple[Entry, ...], versions: set[str], anomaly: Anomaly) -> tuple[Entry, ...]:
    """The part of `_history` that holds the versions in question, and what the witness wrote without an answer."""
    sought = {*versions, *(operation.marker for operation in anomaly.operations)}
    places = [
        i
        for i, entry in enumerate(entries)
        if not sought.isdisjoint((entry.version, *entry.markers))
    ]
    return entries[places[0] : places[-1] + 1][:EXCERPT] if places else ()


def _duration(nanoseconds: int) -> str:
    for unit, size in (("s", 1_000_000_000), ("ms", 1_000_000), ("µs", 1_000)):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.3g} {unit}"
    return f"{nanoseconds} ns"


def names_of(versions: Iterable[str]) -> dict[str, str]:
    """What is written of versions that are long: servers like to make them of 36 characters, which leaves no room.

    It is the fewest characters that tell them all apart: of their beginnings or, where these are the same, as of times,
    from where they differ.
    """
    long = sorted(version for version in set(versions) if len(version) > _LONG)
    lengths = range(_FEWEST, max(map(len, long), default=0))
    for length in lengths:
        for start in _starts(long, length):
            parts = {version[start : start + length] for version in long}
            if len(parts) == len(long):
                return {version: _part(version, start, start + length) for version in long}
    return {}


def _starts(versions: Sequence[str], length: int) -> tuple[int, int]:
    """Where versions may be cut: where the first differ, and so far from the end; both leave something of each."""
    latest = max(0, min(map(len, versions)) - length)
    differ = (place for place in range(latest) if len({version[place] for version in versions}) > 1)
    first = 0 if len(versions) == 1 else next(differ, latest)
    return first, latest


def _part(version: str, start: int, end: int) -> str:
    return f"{'…' * (start > 0)}{version[start:end]}{'…' * (end < len(version))}"


def _renamed(words: str, names: Mapping[str, str]) -> str:
    for version in sorted(names, key=len, reverse=True):
        words = words.replace(version, names[version])
    return words


def _unanswered(operation: Operation) -> str:
    if operation.outcome is Outcome.ABORTED:
        return "cut short by us"
    if operation.outcome is Outcome.UNKNOWN:
        return f"{operation.status}: outcome unknown" if operation.status else "no answer"
    return "nothing there" if operation.kind is Kind.READ and operation.version is None else ""
