"""Histories as JSON lines, so that anyone can have theirs judged: one JSON object a line.

What a client saw is written as events in pairs, as Jepsen writes them, in the order in which they happened:

    {"type": "invoke", "process": "A", "f": "update", "time": 0, "base": "3", "marker": "a1"}
    {"type": "ok",     "process": "A", "f": "update", "time": 5, "status": 200, "version": "4"}

`process` is a client (text or a number), `f` what it asked for: "read", "update", "patch", "delete", "conditional
create", "conditional update", "transaction entry", "batch entry" or "search". `time` is in nanoseconds, all of one
monotonic clock. `base` is the version that If-Match names, or "*"; `marker` the unique token that a write puts into
the resource. The second event of a pair is

    ok      it was accepted, or a read was answered; a read that found nothing has status 404 or 410
    fail    it was refused, and the server says that nothing happened
    info    nobody knows whether it happened: no answer, a time-out, a 5xx; without `time` when nothing came back
    abort   the client cut the request short, so it must leave no trace

and may say `status`, `version` (the one made, or read), `seen` (the distinct markers that a read found) and `matches`
(how many resources a search found). A process that has asked asks again only when it has been answered. What is never
answered is as "info" without a time.

Or one complete operation a line:

    {"type": "operation", "process": "A", "f": "update", "invoked": 0, "returned": 5, "outcome": "ok",
     "status": 200, "base": "3", "marker": "a1", "version": "4"}

(on one line), where `outcome` is "ok", "refused", "unknown" or "aborted". With `"final": true` it is the read that
came after everything had settled. Besides these there may be

    {"type": "initial", "version": "3"}         the version that was there before the first operation
    {"type": "history", "entries": [{"version": "3", "markers": ["a0"]}, {"version": "4", "markers": ["a1"]}]}
    {"type": "earlier", "entries": [...]}       a page of it that was read before

The entries are the server's complete `_history`, oldest first, read when everything had settled. An entry may say
`updated` (an ISO 8601 date with its offset) and `method` ("DELETE" for a deletion).

Any line may say `resource`: then the file holds the history of each resource, for each is judged by itself. Any event
or operation may say `index`, the number of the operation (that of an "invoke" counts), and `error`, which is for
people to read.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from ifmatch.judge.history import Entry, History, HistoryError, Kind, Operation, Outcome
from ifmatch.judge.line_fields import Record, parsed, parsed_entry

#: What the second event of a pair says of the operation.
COMPLETIONS = {
    "ok": Outcome.OK,
    "fail": Outcome.REFUSED,
    "info": Outcome.UNKNOWN,
    "abort": Outcome.ABORTED,
}


def read_histories(lines: Iterable[str]) -> dict[str, History]:
    """The history of each resource; the resource is "" where the lines name none.

    Raises HistoryError, with the number of the line, for a line that cannot be.
    """
    readers: dict[str, _HistoryReader] = {}
    for number, line in enumerate(lines, 1):
        if line.strip():
            _read_line(line, number, readers)
    return {resource: reader.history() for resource, reader in readers.items()}


def _read_line(line: str, number: int, readers: dict[str, "_HistoryReader"]) -> None:
    try:
        record = parsed(line)
        reader = readers.setdefault(record.get("resource", ""), _HistoryReader())
        _READ[record["type"]](reader, record, number)
    except HistoryError as error:
        raise HistoryError(f"Line {number}: {error}") from None


class _HistoryReader:
    """The history of one resource, as far as it has been read."""

    def __init__(self) -> None:
        self._indexes: set[int] = set()
        self._operations: dict[int, Operation] = {}
        self._pending: dict[str, Operation | None] = {}
        self._final: Operation | None = None
        self._initial: str | None = None
        self._entries: tuple[Entry, ...] | None = None
        self._earlier: list[tuple[Entry, ...]] = []

    def history(self) -> History:
        """All that was read. What was never answered is of unknown outcome."""
        return History(
            operations=tuple(self._operations.values()),
            entries=self._entries,
            final=self._final,
            initial=self._initial,
            earlier=tuple(self._earlier),
        )

    def _invoke(self, record: Record, number: int) -> None:
        process = str(record["process"])
        if self._pending.get(process) is not None:
            raise HistoryError(
                f"Process {process} invokes again before its last operation was completed."
            )
        operation = _operation(record, number, invoked=record["time"])
        self._pending[process] = operation
        self._add(operation)

    def _complete(self, record: Record, number: int) -> None:
        invoked = self._invoked(str(record["process"]))
        if record.get("f", invoked.kind) != invoked.kind:
            raise HistoryError(
                f'Process {invoked.writer} asked for "{invoked.kind}", not for "{record["f"]}".'
            )
        self._operations[invoked.id] = replace(
            invoked,
            returned=record.get("time"),
            outcome=COMPLETIONS[record["type"]],
            **_answer(record),
        )
        self._pending[invoked.writer] = None

    def _invoked(self, process: str) -> Operation:
        """What a process has asked for and was not answered."""
        if process not in self._pending:
            raise HistoryError(f"There is no process {process}: it never invoked an operation.")
        operation = self._pending[process]
        if operation is None:
            raise HistoryError(f"Process {process} completes an operation that it did not invoke.")
        return operation

    def _whole_operation(self, record: Record, number: int) -> None:
        operation = replace(
            _operation(record, number, invoked=record["invoked"]),
            returned=record.get("returned"),
            outcome=Outcome(record["outcome"]),
            **_answer(record),
        )
        if record.get("final"):
            self._add_final(operation)
        else:
            self._add(operation)

    def _add_final(self, operation: Operation) -> None:
        if self._final is not None:
            raise HistoryError("There is a final read already.")
        self._claim(operation.id)
        self._final = operation

    def _add(self, operation: Operation) -> None:
        self._claim(operation.id)
        self._operations[operation.id] = operation

    def _claim(self, index: int) -> None:
        if index in self._indexes:
            raise HistoryError(f"Index {index} is that of another operation.")
        self._indexes.add(index)

    def _initial_version(self, record: Record, number: int) -> None:
        if self._initial is not None:
            raise HistoryError(f"The initial version is {self._initial} already.")
        self._initial = record["version"]

    def _whole_history(self, record: Record, number: int) -> None:
        if self._entries is not None:
            raise HistoryError("There is a history already.")
        self._entries = _entries(record)

    def _earlier_page(self, record: Record, number: int) -> None:
        self._earlier.append(_entries(record))


_READ: Mapping[str, Callable[[_HistoryReader, Record, int], None]] = {
    "invoke": _HistoryReader._invoke,
    **dict.fromkeys(COMPLETIONS, _HistoryReader._complete),
    "operation": _HistoryReader._whole_operation,
    "initial": _HistoryReader._initial_version,
    "history": _HistoryReader._whole_history,
    "earlier": _HistoryReader._earlier_page,
}


def _operation(record: Record, number: int, invoked: int) -> Operation:
    """What a process asked for. Without an index, an operation goes by the number of its line."""
    return Operation(
        id=record.get("index", number),
        writer=str(record["process"]),
        kind=Kind(record["f"]),
        invoked=invoked,
        base=record.get("base"),
        marker=record.get("marker"),
    )


def _answer(record: Record) -> dict[str, Any]:
    return {
        "status": record.get("status"),
        "version": record.get("version"),
        "seen": tuple(record.get("seen", ())),
        "matches": record.get("matches"),
    }


def _entries(record: Record) -> tuple[Entry, ...]:
    return tuple(_entry(entry) for entry in record["entries"])


def _entry(record: Record) -> Entry:
    present = parsed_entry(record)
    updated = present.get("updated")
    return Entry(
        version=present["version"],
        markers=tuple(present.get("markers", ())),
        updated=None if updated is None else datetime.fromisoformat(updated),
        method=present.get("method", "PUT"),
    )


def history_lines(history: History, resource: str = "") -> Iterator[str]:
    """A history as lines that `read_histories` reads, each operation on one."""
    for record in _records(history):
        named = {**record, "resource": resource or None}
        yield json.dumps(
            {name: value for name, value in named.items() if value is not None}, ensure_ascii=False
        )


def _records(history: History) -> Iterator[Record]:
    if history.initial is not None:
        yield {"type": "initial", "version": history.initial}
    yield from map(_operation_record, history.operations)
    if history.final is not None:
        yield {**_operation_record(history.final), "final": True}
    yield from ({"type": "earlier", "entries": _entry_records(page)} for page in history.earlier)
    if history.entries is not None:
        yield {"type": "history", "entries": _entry_records(history.entries)}


def _operation_record(operation: Operation) -> Record:
    return {
        "type": "operation",
        "index": operation.id,
        "process": operation.writer,
        "f": operation.kind,
        "invoked": operation.invoked,
        "returned": operation.returned,
        "outcome": operation.outcome,
        "status": operation.status,
        "base": operation.base,
        "marker": operation.marker,
        "version": operation.version,
        "seen": list(operation.seen) or None,
        "matches": operation.matches,
    }


def _entry_records(entries: Iterable[Entry]) -> list[Record]:
    return [
        {
            "version": entry.version,
            "markers": list(entry.markers),
            "updated": entry.updated and entry.updated.isoformat(),
            "method": entry.method,
        }
        for entry in entries
    ]
