"""Names a contradiction between the order of versions and real time, by what the two operations behind it are."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from ifmatch.judge.anomaly import Anomaly, Name, witness
from ifmatch.judge.bounds import Contradiction
from ifmatch.judge.history import ANY, HistoryError, Kind, Operation, Outcome
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
    if inversion.later.kind is Kind.READ:
        return _old_read(order, inversion)
    return _late_write(order, inversion)


def _operations_behind(order: VersionOrder, root_causes: RootCauses, contradiction: Contradiction) -> Inversion:
    """Whose bounds they were that do not fit. Looked up only now, so that the sweeps handle nothing but numbers."""
    later = (
        operation
        for operation in _bounding_from_below(order, contradiction.older)
        if operation.invoked == contradiction.lower and root_causes.trusts(operation)
    )
    earlier = (
        operation
        for operation in _makers_and_readers(order, contradiction.newer)
        if operation.end == contradiction.upper and root_causes.trusts(operation)
    )
    return Inversion(next(later), next(earlier, None), contradiction.older, contradiction.newer)


def _bounding_from_below(order: VersionOrder, position: int) -> Iterator[Operation]:
    """The operations that may have set the lower bound that comes with a version."""
    yield from _makers_and_readers(order, position)
    yield from order.index.absences
    version = order.versions[position]
    yield from (refusal for refusal in order.index.refused if refusal.base == version)


def _makers_and_readers(order: VersionOrder, first: int, last: int | None = None) -> Iterator[Operation]:
    """The writes that made the versions at some positions, and the reads that saw them."""
    makers = order.makers[first : first + 1 if last is None else last]
    return chain(filter(None, makers), order.readers(first, last))


def _late_write(order: VersionOrder, inversion: Inversion) -> Anomaly:
    """A write that made an older version, but was sent after a newer one was read or acknowledged."""
    earlier, later = inversion.earlier, described(inversion.later)
    version = order.versions[inversion.newer]
    operations = witness(earlier, inversion.later)
    if earlier is not None and earlier.kind is Kind.READ:
        sentence = f"{described(earlier)} was over before {later}, on which version {version} rests, was sent."
        return Anomaly(Name.FUTURE_READ, operations, sentence)
    newer = f"the making of version {version}" if earlier is None else described(earlier)
    sentence = f"{later} comes before {newer} in the order of versions, but was sent only after that was answered."
    return Anomaly(Name.HISTORY_ORDER, operations, sentence)


# Reads of an old version: past a deletion, past an acknowledged write, or past another read.


def _old_read(order: VersionOrder, inversion: Inversion) -> Anomaly:
    between = range(inversion.older + 1, inversion.newer + 1)
    deletion = next((position for position in order.deletions if position in between), None)
    if deletion is not None:
        return _read_of_deleted(inversion, order.makers[deletion] or inversion.earlier)
    later, earlier = inversion.later, _what_was_newer(order, inversion)
    if earlier is not None and earlier.kind is Kind.READ:
        went_back = f"{described(later)} went back"
        sentence = f"{went_back}: {described(earlier)} had already shown a newer version before it was sent."
        return Anomaly(Name.BACKWARD_READS, (earlier, later), sentence)
    if earlier is not None and _listed_backwards(order, earlier, later):
        listed = f"The server's history lists {described(earlier)} after version {later.version}"
        sentence = f"{listed}, though by their numbers or dates it came before, and so says {described(later)}."
        return Anomaly(Name.HISTORY_ORDER, (earlier, later), sentence)
    return _stale_read(order, inversion, earlier)


def _read_of_deleted(inversion: Inversion, delete: Operation | None) -> Anomaly:
    later = inversion.later
    remover = "a deletion" if delete is None else described(delete)
    sentence = f"{described(later)} found version {later.version} again, which {remover} had removed before."
    return Anomaly(Name.RESURRECTED, witness(delete, later), sentence)


def _what_was_newer(order: VersionOrder, inversion: Inversion) -> Operation | None:
    """What shows best that the version read was old: the write that replaced it, if that was over by then."""
    if inversion.older < inversion.newer:
        successor = order.makers[inversion.older + 1]
        if successor is not None and successor.end < inversion.later.invoked:
            return successor
    return inversion.earlier


def _listed_backwards(order: VersionOrder, write: Operation, read: Operation) -> bool:
    """Whether the server lists a write that named no version where its own numbers or dates do not bear that out."""
    if write.base not in (None, ANY):
        return False
    dates = {entry.version: entry.updated for entry in order.index.entries}
    before, after = dates.get(str(read.version)), dates.get(str(write.version))
    dated_backwards = before is not None and after is not None and after <= before
    return dated_backwards or numbered_backwards(read.version, write.version)


def _stale_read(order: VersionOrder, inversion: Inversion, earlier: Operation | None) -> Anomaly:
    later = inversion.later
    newer = f"version {order.versions[inversion.newer]}" if earlier is None else described(earlier)
    sentence = f"{described(later)} was sent after {newer} was acknowledged, yet found the older version."
    final = order.index.history.final
    if final is later:
        sentence += _stale_until_the_end(order, inversion, earlier)
    elif final is not None and final.version is not None:
        newest = order.positions[order.index.numbers[final.version]]
        if newest > inversion.older:
            sentence += f" {_milliseconds(later, final)} later a read found a newer one."
    return Anomaly(Name.STALE_READ, witness(earlier, later), sentence)


def _stale_until_the_end(order: VersionOrder, inversion: Inversion, earlier: Operation | None) -> str:
    """Since when the last read of all was stale, where another one was before it."""
    final = inversion.later
    reads = order.readers(inversion.older)
    stale = [read for read in reads if earlier is None or read.invoked > earlier.end]
    first = min(stale, key=lambda read: read.invoked)
    return "" if first is final else f" It was still so {_milliseconds(first, final)} after {described(first)}."


def _milliseconds(read: Operation, later: Operation) -> str:
    return f"{(later.invoked - read.end) / 1e6:.0f} ms"


# Reads that found nothing, though no deletion was about: they came before one, or a later read contradicts them.


def _found_nothing(order: VersionOrder, inversion: Inversion) -> bool:
    """Whether the later operation found that there is nothing: a read, or a deletion that met an earlier one."""
    later = inversion.later
    silent = later.version is None and later.kind in (Kind.READ, Kind.DELETE)
    return silent and later is not order.makers[inversion.older]


def _absence(order: VersionOrder, inversion: Inversion) -> Anomaly:
    later, earlier = inversion.later, inversion.earlier
    unlisted = _unlisted_delete(order, later)
    if unlisted is not None:
        sentence = f"{described(unlisted)} was accepted, but the server's history lists no deletion."
        return Anomaly(Name.MISSING, witness(unlisted, earlier), sentence)
    coming = next((position for position in order.deletions if position >= inversion.older), None)
    if coming is not None:
        return _absence_before_deletion(later, order.makers[coming])
    over = "the resource was there." if earlier is None else f"{described(earlier)} was over before it was sent."
    sentence = f"{described(later)} found nothing, although {over}"
    return Anomaly(Name.STALE_READ, witness(earlier, later), sentence)


def _absence_before_deletion(later: Operation, delete: Operation | None) -> Anomaly:
    if delete is not None and later.end < delete.invoked:
        sentence = f"{described(later)} found nothing before {described(delete)} was sent."
        return Anomaly(Name.FUTURE_READ, (later, delete), sentence)
    sentence = f"{described(later)} found the resource deleted, yet its old content was seen again later."
    return Anomaly(Name.RESURRECTED, witness(later, delete), sentence)


def _unlisted_delete(order: VersionOrder, later: Operation) -> Operation | None:
    """Why nothing was found, where the server lists its history and that holds no deletion: the last accepted one."""
    if order.index.history.entries is None or order.deletions:
        return None
    absences = (operation for operation in order.index.absences if operation.invoked <= later.end)
    deletes = (operation for operation in absences if operation.kind is Kind.DELETE)
    return max(deletes, key=lambda delete: delete.invoked, default=None)


# Where the order of the versions is not known.


def seen_again(order: VersionOrder, root_causes: RootCauses, zones: Zones, old: int, new: int) -> Anomaly:
    """A version, or a chain of them, that was seen, replaced by another, and seen again."""
    late, early = zones.high[old], zones.low[old]
    again = _operation_at(order, root_causes, zones.positions(old), "invoked", late)
    between = _operation_at(order, root_causes, zones.positions(new), "end", zones.low[new])
    first = _operation_at(order, root_causes, zones.positions(old), "end", early)
    if again is None or between is None:  # not so: a clash always has both
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


def _operation_at(
    order: VersionOrder, root_causes: RootCauses, positions: range, moment: str, time: float
) -> Operation | None:
    """The operation on versions at some positions that was invoked, or ended, at a time."""
    for operation in _makers_and_readers(order, positions.start, positions.stop):
        if getattr(operation, moment) == time and root_causes.trusts(operation):
            return operation
    return None
