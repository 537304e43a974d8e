"""How operations and versions are described in the sentences and pictures of anomalies."""

from collections.abc import Iterable

from ifmatch.judge.history import Kind, Operation, Outcome
from ifmatch.judge.history_index import HistoryIndex

_VERB = {
    Kind.READ: "GET",
    Kind.UPDATE: "PUT",
    Kind.PATCH: "PATCH",
    Kind.DELETE: "DELETE",
    Kind.CREATE: "POST If-None-Exist",
    Kind.CONDITIONAL_UPDATE: "PUT ?condition",
    Kind.TRANSACTION: "transaction PUT",
    Kind.PART: "transaction PUT",
    Kind.BATCH: "batch PUT",
    Kind.SEARCH: "search",
}


def request(operation: Operation) -> str:
    """Whose request it was and what it asked: `A's PUT If-Match 3`."""
    condition = "" if operation.base is None else f" If-Match {operation.base}"
    return f"{operation.writer}'s {_VERB[operation.kind]}{condition}"


def answer(operation: Operation) -> str:
    """What came back: `200, version 4`."""
    version = "" if operation.version is None else f", version {operation.version}"
    return f"{_status(operation)}{version}"


def _status(operation: Operation) -> str:
    if operation.status:
        return str(operation.status)
    return "accepted" if operation.outcome is Outcome.OK else str(operation.outcome)


def described(operation: Operation) -> str:
    """A request and its answer in one phrase: `A's PUT If-Match 3 (200, version 4)`."""
    return f"{request(operation)} ({answer(operation)})"


def all_described(operations: Iterable[Operation]) -> str:
    """Several requests and their answers, joined by "and"."""
    return " and ".join(map(described, operations))


def content(index: HistoryIndex, markers: tuple[str, ...]) -> str:
    """What a version holds, described by the write that sent it: no person can read a marker."""
    senders = {write.marker: write for write in index.writers_of(markers)}
    return (
        " and ".join(_sent_by(senders.get(marker), marker) for marker in markers)
        or "no mark of ours"
    )


def _sent_by(sender: Operation | None, marker: str) -> str:
    return (
        f"the mark {marker} of nobody we know"
        if sender is None
        else f"what {described(sender)} sent"
    )
