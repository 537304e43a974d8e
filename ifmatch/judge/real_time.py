"""Names a contradiction between the order of versions and real time, by what the two operations behind it are."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter

from ifmatch.judge.anomaly import Anomaly, Name, witness
from ifmatch.judge.bounds import Contradiction
from ifmatch.judge.history import HistoryError, Kind, Operation, Outcome, deletions
from ifmatch.judge.history_checks import numbered_backwards
from ifmatch.judge.refusals import unexplained_refusals
from ifmatch.judge.root_causes import RootCauses
from ifmatch.judge.version_order import VersionOrder
from ifmatch.judge.wording import described
from ifmatch.judge.zones import Zones


@dataclass(frozen=True, slots=True)
class Inversion:
    """Two operations whose order in time is the reverse of that of the versions they stand for.

    `later` was invoked after `earlier` had returned, though its version `older` comes before the version `newer`.
    `earlier` is None when the newer version was there from the start. Both versions are positions.
    """

    later: Operation
    earlier: Operation | None
    older: int
    newer: int


def named(order: VersionOrder, root_causes: RootCauses, contradiction: Contradiction) -> Anomaly:
    """The anomaly that a contradiction in time is."""
    inversion = _operations_behind(order, root_causes, contradiction)
    if inversion.later.outcome is Outcome.REFUSED:
        return next(unexplained_refusals(order, [(inversion.older, inversion.later)]))
    if _found_nothing(order, inversion):
        return _absence(order, inversion)
    return (_old_read if inversion.later.kind is Kind.READ else _late_write)(order, inversion)


def _operations_behind(
    order: VersionOrder, root_causes: RootCauses, contradiction: Contradiction
) -> Inversion:
    """Whose bounds they were that do not fit. Looked up only now, so that the sweeps handle nothing but numbers."""
    below = _bounding_from_below(order, contradiction.older)
    above = _makers_and_readers(order, contradiction.newer)
    later = _operation_at("invoked", contradiction.lower, filter(root_causes.trusts, below))
    earlier = _operation_at("end", contradiction.upper, filter(root_causes.trusts, above))
    if later is None:
        raise HistoryError("A contradiction in time without the operation that came too late.")
    return Inversion(later, earlier, contradiction.older, contradiction.newer)


def _operation_at(moment: str, time: float, operations: Iterable[Operation]) -> Operation | None:
    """The first of the operations that was invoked, or ended, at a time."""
    moment_of = attrgetter(moment)
    return next((operation for operation in operations if moment_of(operation) == time), None)


def _bounding_from_below(order: VersionOrder, position: int) -> Iterator[Operation]:
    """The operations that may have set the lower bound that comes with a version."""
    yield from _makers_and_readers(order, position)
    yield from order.index.absences
    version = order.versions[position]
    yield from (refusal for refusal in order.index.refused if refusal.base == version)


def _makers_and_readers(
    order: VersionOrder, first: int, last: int | None = None
) -> Iterator[Operation]:
    """The writes that made the versions at some positions, and the reads that saw them."""
    makers = order.makers[first : first + 1 if last is None else last]
    return chain(filter(None, makers), order.readers(first, last))


def _late_write(order: VersionOrder, inversion: Inversion) -> Anomaly:
    """A write that made an older version, but was sent after a newer one was read or acknowledged."""
    if inversion.earlier is not None and inversion.earlier.kind is Kind.READ:
        return _read_too_early(order, inversion, inversion.earlier)
    return _written_too_late(order, inversion)


def _written_too_late(order: VersionOrder, inversion: Inversion) -> Anomaly:
    later = described(inversion.later)
    making = f"the making of version {order.versions[inversion.newer]}"
    newer = making if inversion.earlier is None else described(inversion.earlier)
    return Anomaly(
        name=Name.HISTORY_ORDER,
        operations=witness(inversion.earlier, inversion.later),
        sentence=f"{later} comes before {newer} in the order of versions, but was sent only after that was answered.",
    )


def _read_too_early(order: VersionOrder, inversion: Inversion, read: Operation) -> Anomaly:
    version = order.versions[inversion.newer]
    basis = f"{described(inversion.later)}, on which version {version} rests, was sent"
    return Anomaly(
        Name.FUTURE_READ, (read, inversion.later), f"{described(read)} was over before {basis}."
    )


# Reads of an old version: past a deletion, past an acknowledged write, or past another read.


def _old_read(order: VersionOrder, inversion: Inversion) -> Anomaly:
    deletion = _deletion_between(order, inversion)
    if deletion is not None:
        return _read_of_deleted(inversion.later, order.makers[deletion] or inversion.earlier)
    newer = _what_was_newer(order, inversion)
    return (
        _stale_read(order, inversion, newer)
        if newer is None
        else _old_read_past(order, inversion, newer)
    )


def _old_read_past(order: VersionOrder, inversion: Inversion, newer: Operation) -> Anomaly:
    if newer.kind is Kind.READ:
        return _read_backwards(newer, inversion.later)
    if _listed_backwards(order, newer, inversion.later):
        return _out_of_place(newer, inversion.later)
    return _stale_read(order, inversion, newer)


def _deletion_between(order: VersionOrder, inversion: Inversion) -> int | None:
    between = range(inversion.older + 1, inversion.newer + 1)
    return next((position for position in order.deletions if position in between), None)


def _read_of_deleted(later: Operation, delete: Operation | None) -> Anomaly:
    remover = "a deletion" if delete is None else described(delete)
    sentence = f"{described(later)} found version {later.version} again, which {remover} had removed before."
    return Anomaly(Name.RESURRECTED, witness(delete, later), sentence)


def _read_backwards(earlier: Operation, later: Operation) -> Anomaly:
    newer = f"{described(earlier)} had already shown a newer version before it was sent"
    return Anomaly(Name.BACKWARD_READS, (earlier, later), f"{described(later)} went back: {newer}.")


def _out_of_place(write: Operation, read: Operation) -> Anomaly:
    listed = f"The server's history lists {described(write)} after version {read.version}"
    sentence = (
        f"{listed}, though by their numbers or dates it came before, and so says {described(read)}."
    )
    return Anomaly(Name.HISTORY_ORDER, (write, read), sentence)


def _what_was_newer(order: VersionOrder, inversion: Inversion) -> Operation | None:
    """What shows best that the version read was old: the write that replaced it, if that was over by then."""
    if inversion.older < inversion.newer:
        successor = order.makers[inversion.older + 1]
        if successor is not None and successor.end < inversion.later.invoked:
            return successor
    return inversion.earlier


def _listed_backwards(order: VersionOrder, write: Operation, read: Operation) -> bool:
    """Whether the server lists a write that named no version where its own numbers or dates do not bear that out."""
    versions = read.version, write.version
    return not write.names_version and (
        numbered_backwards(*versions) or _dated_backwards(order, *versions)
    )


def _dated_backwards(order: VersionOrder, old: str | None, new: str | None) -> bool:
    dates = {entry.version: entry.updated for entry in order.index.entries}
    before, after = dates.get(str(old)), dates.get(str(new))
    return before is not None and after is not None and after <= before


def _stale_read(order: VersionOrder, inversion: Inversion, earlier: Operation | None) -> Anomaly:
    later = inversion.later
    newer = f"version {order.versions[inversion.newer]}" if earlier is None else described(earlier)
    stale = (
        f"{described(later)} was sent after {newer} was acknowledged, yet found the older version."
    )
    return Anomaly(
        name=Name.STALE_READ,
        operations=witness(earlier, later),
        sentence=stale + _what_became_of_it(order, inversion, earlier),
    )


def _what_became_of_it(order: VersionOrder, inversion: Inversion, earlier: Operation | None) -> str:
    """Whether the last read of all was stale still, where there is one."""
    final = order.index.history.final
    if final is None or final.version is None:
        return ""
    if final is inversion.later:
        return _stale_until_the_end(order, inversion, earlier)
    return _until_the_end(order, inversion, final)


def _until_the_end(order: VersionOrder, inversion: Inversion, final: Operation) -> str:
    (newest,) = order.positions_of([final.version])
    caught_up = newest > inversion.older
    return (
        f" {_milliseconds(inversion.later, final)} later a read found a newer one."
        if caught_up
        else ""
    )


def _stale_until_the_end(
    order: VersionOrder, inversion: Inversion, earlier: Operation | None
) -> str:
    """Since when the last read of all was stale, where another one was before it."""
    final = inversion.later
    reads = order.readers(inversion.older)
    stale = [read for read in reads if earlier is None or read.invoked > earlier.end]
    first = min(stale, key=attrgetter("invoked"))
    return (
        ""
        if first is final
        else f" It was still so {_milliseconds(first, final)} after {described(first)}."
    )


def _milliseconds(read: Operation, later: Operation) -> str:
    return f"{(later.invoked - read.end) / 1e6:.0f} ms"


# Reads that found nothing, though no deletion was about: they came before one, or a later read contradicts them.


def _found_nothing(order: VersionOrder, inversion: Inversion) -> bool:
    """Whether the later operation found that there is nothing: a read, or a deletion that met an earlier one."""
    later = inversion.later
    silent = later.version is None and later.kind in (Kind.READ, Kind.DELETE)
    return silent and later is not order.makers[inversion.older]


def _absence(order: VersionOrder, inversion: Inversion) -> Anomaly:
    unlisted = _unlisted_delete(order, inversion.later)
    if unlisted is not None:
        return _without_a_trace(unlisted, inversion.earlier)
    coming = _next_deletion(order, inversion.older)
    if coming is None:
        return _absence_of_what_was_there(inversion.later, inversion.earlier)
    return _absence_before_deletion(inversion.later, order.makers[coming])


def _next_deletion(order: VersionOrder, position: int) -> int | None:
    return next((deletion for deletion in order.deletions if deletion >= position), None)


def _without_a_trace(delete: Operation, earlier: Operation | None) -> Anomaly:
    sentence = f"{described(delete)} was accepted, but the server's history lists no deletion."
    return Anomaly(Name.MISSING, witness(delete, earlier), sentence)


def _absence_of_what_was_there(later: Operation, earlier: Operation | None) -> Anomaly:
    over = (
        "the resource was there."
        if earlier is None
        else f"{described(earlier)} was over before it was sent."
    )
    return Anomaly(
        Name.STALE_READ,
        witness(earlier, later),
        f"{described(later)} found nothing, although {over}",
    )


def _absence_before_deletion(later: Operation, delete: Operation | None) -> Anomaly:
    if delete is not None and later.end < delete.invoked:
        sentence = f"{described(later)} found nothing before {described(delete)} was sent."
        return Anomaly(Name.FUTURE_READ, (later, delete), sentence)
    what = "that" if delete is None else described(delete)
    sentence = f"{described(later)} found the resource deleted, though later answers show that {what} was yet to come."
    return Anomaly(Name.RESURRECTED, witness(later, delete), sentence)


def _unlisted_delete(order: VersionOrder, later: Operation) -> Operation | None:
    """Why nothing was found, where the server lists its history and that holds no deletion: the last accepted one."""
    if order.index.history.entries is None or order.deletions:
        return None
    before = (delete for delete in deletions(order.index.absences) if delete.invoked <= later.end)
    return max(before, key=attrgetter("invoked"), default=None)


# Where the order of the versions is not known.


def seen_again(
    order: VersionOrder, root_causes: RootCauses, zones: Zones, old: int, new: int
) -> Anomaly:
    """A version, or a chain of them, that was seen, replaced by another, and seen again."""
    of_old = _trusted_in_chain(order, root_causes, zones.positions(old))
    of_new = _trusted_in_chain(order, root_causes, zones.positions(new))
    first = _operation_at("end", zones.low[old], of_old)
    between = _operation_at("end", zones.low[new], of_new)
    again = _operation_at("invoked", zones.high[old], of_old)
    if again is None or between is None:
        raise HistoryError("A clash of versions without the operations that clash.")
    if again.kind is not Kind.READ:
        replaced = f"{described(between)} had replaced that version before it was sent"
        sentence = f"{described(again)} was accepted although {replaced}."
        return Anomaly(Name.STALE_SUCCESS, (between, again), sentence)
    return Anomaly(
        name=Name.BACKWARD_READS if between.kind is Kind.READ else Name.STALE_READ,
        operations=witness(first, between, again),
        sentence=f"{described(again)} found that version again after {described(between)} was over.",
    )


def _trusted_in_chain(
    order: VersionOrder, root_causes: RootCauses, positions: range
) -> list[Operation]:
    operations = _makers_and_readers(order, positions.start, positions.stop)
    return list(filter(root_causes.trusts, operations))
