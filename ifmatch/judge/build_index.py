"""Builds the index of a history: one pass over its operations, then who made the versions that no answer claims."""

from collections import defaultdict
from itertools import count
from operator import attrgetter

from ifmatch.judge.attribution import attribute_deletions, attribute_unclaimed_versions
from ifmatch.judge.bounds import Bounds
from ifmatch.judge.history import History, Kind, Operation, Outcome
from ifmatch.judge.history_index import CONDITIONAL, GONE, DuplicateClaim, HistoryIndex


def build_index(history: History) -> HistoryIndex:
    """Reads a history once and settles who made which version."""
    final = () if history.final is None else (history.final,)
    operations = [*history.operations, *final]
    # In the order in which they came about, neighbours lie close in memory too.
    operations.sort(key=attrgetter("invoked"))
    index = _with_listed_versions(history, len(operations))
    _sort_operations(index, operations)
    _close(index)
    _check_initial_version(index)
    attribute_unclaimed_versions(index)
    attribute_deletions(index)
    return index


def _with_listed_versions(history: History, room: int) -> HistoryIndex:
    """The versions that `_history` lists and the initial one, with room for as many as there are answers.

    A version that is looked up gets the next number if it is new: the dictionary gives it, so that one look-up is all
    that an operation costs.
    """
    entries = history.entries or ()
    versions = [entry.version for entry in entries]
    numbers: defaultdict[str | None, int] = defaultdict(None, zip(versions, count()))
    listed_again = _rename_repeated(versions, numbers) if len(numbers) < len(versions) else []
    if history.initial is not None:
        numbers.setdefault(history.initial, len(numbers))
    numbers.default_factory = numbers.__len__
    size = len(numbers) + room
    contents = [entry.markers for entry in entries]
    torn = [number for number, markers in enumerate(contents) if len(markers) > 1]
    contents += [()] * (size - len(contents))
    return HistoryIndex(
        history=history,
        versions=[],
        numbers=numbers,
        makers=[None] * size,
        bases=[None] * size,
        contents=contents,
        bounds=Bounds.of(size),
        listed_again=listed_again,
        torn=torn,
    )


def _rename_repeated(versions: list[str], numbers: dict[str | None, int]) -> list[int]:
    """A version that is listed again gets a name that nothing can be meant for. Returns where that happened."""
    numbers.clear()
    listed_again = []
    for i, version in enumerate(versions):
        if version in numbers:
            listed_again.append(i)
            versions[i] = f"{version} (again, at {i})"
        numbers[versions[i]] = i
    return listed_again


def _sort_operations(index: HistoryIndex, operations: list[Operation]) -> None:
    """Puts each operation where it belongs, and records what it says of the version in its answer.

    This loop sees every operation of what may be a million, so it looks at no more than it must.
    """
    numbers, contents, upper, last_read = (
        index.numbers,
        index.contents,
        index.bounds.upper,
        index.bounds.last_read,
    )
    add_refusal, add_read, add_read_number = (
        index.refused.append,
        index.reads.append,
        index.read_numbers.append,
    )
    ok, refused, read = Outcome.OK, Outcome.REFUSED, Kind.READ
    for operation in operations:
        outcome = operation.outcome
        if outcome is refused:
            add_refusal(operation)
            continue
        if outcome is not ok:
            _add_unanswered(index, operation)
            continue
        version = operation.version
        if version is None:
            _add_versionless(index, operation)
            continue
        number = numbers[version]
        if operation.kind is read:
            add_read(operation)
            add_read_number(number)
            if contents[number] != operation.seen:
                _add_content(index, number, operation)
            if operation.invoked > last_read[number]:
                last_read[number] = operation.invoked
        elif not _made(index, number, operation):
            continue
        returned = operation.returned
        # What was accepted has returned, or it would not be known to be accepted.
        if returned < upper[number]:  # type: ignore[operator]
            upper[number] = returned  # type: ignore[assignment]


def _add_unanswered(index: HistoryIndex, operation: Operation) -> None:
    """A write of unknown outcome, or one that was cut short. A read that was not answered proves nothing."""
    if operation.kind is not Kind.READ:
        (index.unknown if operation.outcome is Outcome.UNKNOWN else index.aborted).append(operation)


def _made(index: HistoryIndex, number: int, write: Operation) -> bool:
    """Whether an accepted write made the version in its answer; if so, that is recorded."""
    if write.kind in CONDITIONAL:
        index.conditional.append(write)
        if _only_found(write):
            return False
    index.accepted.append(write)
    if index.makers[number] is not None:
        _add_second_claim(index, number, write)
        return False
    index.makers[number] = write
    index.bases[number] = write.base
    index.bounds.lower[number] = write.invoked
    return True


def _add_versionless(index: HistoryIndex, operation: Operation) -> None:
    """An accepted operation that shows no version: a read that found nothing, or a write whose answer names none."""
    if operation.kind is not Kind.READ:
        _add_versionless_write(index, operation)
    elif operation.status in GONE:
        index.absences.append(operation)


def _add_versionless_write(index: HistoryIndex, operation: Operation) -> None:
    if operation.kind in CONDITIONAL:
        index.conditional.append(operation)
    if not _only_found(operation):
        index.accepted.append(operation)
        index.versionless.append(operation)


def _only_found(operation: Operation) -> bool:
    """Whether an accepted operation made nothing: a search, or a conditional create that met a match."""
    met_a_match = operation.kind is Kind.CREATE and operation.status == 200
    return operation.kind is Kind.SEARCH or met_a_match


def _add_content(index: HistoryIndex, number: int, read: Operation) -> None:
    """A read that shows something new: the content of a version, or another content than it had."""
    if not read.seen:
        return
    if index.contents[number]:
        index.differing_reads.append(read)
        return
    index.contents[number] = read.seen
    if len(read.seen) > 1:
        index.torn.append(number)


def _add_second_claim(index: HistoryIndex, number: int, write: Operation) -> None:
    """The second of two deletions may well be answered with the version of the first; other writes make their own."""
    first = index.makers[number]
    if first is not None and write.kind is Kind.DELETE is first.kind:
        index.absences.append(write)
    else:
        index.duplicate_claims.append(DuplicateClaim(str(write.version), write, first))


def _close(index: HistoryIndex) -> None:
    """No more new versions by looking them up: gives back the room that no answer asked for."""
    index.numbers.default_factory = None
    index.versions = [version for version in index.numbers if version is not None]
    bounds = index.bounds
    for values in (
        index.makers,
        index.bases,
        index.contents,
        bounds.lower,
        bounds.upper,
        bounds.last_read,
    ):
        del values[len(index.versions) :]


def _check_initial_version(index: HistoryIndex) -> None:
    """What was there from the start was made by nobody."""
    initial = index.history.initial
    maker = index.maker(initial)
    if maker is not None:
        index.duplicate_claims.append(DuplicateClaim(str(initial), maker, None))
