"""Refusals that no commit times explain: of a version that was current all the while."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain, pairwise
from math import inf
from operator import attrgetter

from ifmatch.judge.anomaly import WITNESS, Anomaly, Name, witness
from ifmatch.judge.bounds import Bounds
from ifmatch.judge.history import Operation
from ifmatch.judge.version_order import VersionOrder, claims_conflict
from ifmatch.judge.wording import all_described, described

#: So many refusals one after the other, with nobody else about, and the resource is wedged.
WEDGED_AFTER = 3

#: The answer to a write that meets another one (RFC 9110 section 15.5.10; FHIR R4 http.html#concurrency, of locks).
LOCKED = 409


def unexplained_refusals(
    order: VersionOrder, refusals: Iterable[tuple[int, Operation]]
) -> Iterator[Anomaly]:
    """Names refusals, each with the position of the version it named: a round without a winner, a wedge, or neither."""
    by_position: defaultdict[int, list[Operation]] = defaultdict(list)
    for position, refusal in refusals:
        by_position[position].append(refusal)
    for position, of_one_version in by_position.items():
        yield from _of_one_version(
            order, position, sorted(of_one_version, key=attrgetter("invoked"))
        )


def _of_one_version(
    order: VersionOrder, position: int, refusals: list[Operation]
) -> Iterator[Anomaly]:
    together = _first_overlap(refusals)
    if together:
        yield _no_winner(order.versions[position], *together, *refusals)
    else:
        yield from _one_after_the_other(order, position, refusals)


def _first_overlap(refusals: list[Operation]) -> tuple[Operation, Operation] | None:
    return next((pair for pair in pairwise(refusals) if pair[0].overlaps(pair[1])), None)


def _one_after_the_other(
    order: VersionOrder, position: int, refusals: list[Operation]
) -> Iterator[Anomaly]:
    locked_out, alone = _locked_out_and_alone(order, refusals)
    if locked_out:
        rival = _refused_beside(order, locked_out[0])
        yield _no_winner(order.versions[position], locked_out[0], rival)
    if order.is_current(position) and len(alone) >= WEDGED_AFTER:
        yield _wedged(order, position, alone)
        return
    for refusal in alone:
        yield _refused_alone(order, position, refusal)


def _locked_out_and_alone(
    order: VersionOrder, refusals: list[Operation]
) -> tuple[list[Operation], list[Operation]]:
    """The refusals that another one may have caused, and the others."""
    locked_out = [refusal for refusal in refusals if _met_another(order, refusal)]
    alone = [refusal for refusal in refusals if not _met_another(order, refusal)]
    return locked_out, alone


def _refused_alone(order: VersionOrder, position: int, refusal: Operation) -> Anomaly:
    """The name of a refusal with which no other refusal had to do."""
    silent = _silent_beside(order, refusal)
    if silent is not None:
        return _no_winner(order.versions[position], refusal, silent)
    return _spurious(order, position, refusal)


def _wedged(order: VersionOrder, position: int, refusals: list[Operation]) -> Anomaly:
    maker = order.makers[position]
    since = "" if maker is None else f" since {described(maker)}"
    refused = (
        f"{len(refusals)} writes that name it were refused, first {all_described(refusals[:2])}"
    )
    return Anomaly(
        name=Name.WEDGED,
        operations=witness(maker, *refusals)[:WITNESS],
        sentence=f"Version {order.versions[position]} is current{since}, yet {refused}.",
    )


def _spurious(order: VersionOrder, position: int, refusal: Operation) -> Anomaly:
    maker, successor = order.makers[position], order.maker_at(position + 1)
    since = f" from {described(maker)}" if maker else ""
    until = f" until {described(successor)}" if successor else ""
    current = f"the version it named was current{since + until or ' all the while'}"
    return Anomaly(
        name=Name.SPURIOUS_CONFLICT,
        operations=witness(maker, refusal, successor),
        sentence=f"{described(refusal)} was refused, though {current}.",
    )


def _no_winner(version: str, one: Operation, other: Operation, *more: Operation) -> Anomaly:
    met = f"{described(one)} and {described(other)} met"
    return Anomaly(
        name=Name.NO_WINNER,
        operations=witness(one, other, *more)[:WITNESS],
        sentence=f"{met}, and neither was done, though version {version} stayed current: nobody won.",
    )


def _met_another(order: VersionOrder, refusal: Operation) -> bool:
    """Whether a refusal may speak of a lock that another refused write held."""
    return refusal.status == LOCKED and refusal.id in order.overlapping_refusals


def _refused_beside(order: VersionOrder, refusal: Operation) -> Operation:
    return next(
        other for other in order.index.refused if other is not refusal and other.overlaps(refusal)
    )


def _silent_beside(order: VersionOrder, refusal: Operation) -> Operation | None:
    """A write without effect that may have held a lock. A 409 may speak of what is under way, a 412 does not."""
    if refusal.status != LOCKED:
        return None
    silent = chain(order.index.unknown, order.index.aborted)
    return next((write for write in silent if _beside(write, refusal)), None)


def _beside(write: Operation, refusal: Operation) -> bool:
    return write.invoked <= refusal.end and refusal.invoked <= (write.returned or inf)


def refusals_between_sights(order: VersionOrder, bounds: Bounds) -> Iterator[Anomaly]:
    """Refusals of a version that was there before they were sent and was still read after they ended.

    Where the order of the versions is not known, only such reads prove that a version stayed current.
    """
    refused = order.index.refused
    positions = order.positions_of(refusal.base for refusal in refused)
    for position, refusal in zip(positions, refused, strict=True):
        if position >= 0 and _seen_around(refusal, position, bounds):
            yield _between_sights(order, position, refusal)


def _seen_around(refusal: Operation, position: int, bounds: Bounds) -> bool:
    """Whether a refusal claims a conflict over a version that was seen before it and after it."""
    seen_before = bounds.upper[position] < refusal.invoked
    seen_after = bounds.last_read[position] > refusal.end
    return seen_before and seen_after and claims_conflict(refusal)


def _between_sights(order: VersionOrder, position: int, refusal: Operation) -> Anomaly:
    rival = (
        _refused_beside(order, refusal)
        if _met_another(order, refusal)
        else _silent_beside(order, refusal)
    )
    if rival is not None:
        return _no_winner(order.versions[position], refusal, rival)
    first, *others = _sights_apart(order, position, refusal)
    sights = (first, *others[-1:])
    return Anomaly(
        name=Name.SPURIOUS_CONFLICT,
        operations=(first, refusal, *others[-1:]),
        sentence=f"{described(refusal)} was refused, though {all_described(sights)} show "
        "that the version it named stayed current.",
    )


def _sights_apart(order: VersionOrder, position: int, refusal: Operation) -> list[Operation]:
    """The operations that show a version, and were over before a refusal or began after it."""
    sights = (*witness(order.makers[position]), *order.readers(position))
    return [sight for sight in sights if not sight.overlaps(refusal)]
