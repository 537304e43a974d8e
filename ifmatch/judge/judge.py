"""What a history proves. A pure function: no clock, no network, no search.

Three phases, each on what the one before left standing. First the *writes*: who made which version, from the links
(If-Match), the markers and the server's own `_history`, all without a clock; then whether the order of versions fits
the times of the writes. Then the *reads*, then the *refusals*, by the bounds of `ifmatch.judge.bounds`. One false
bound would otherwise surface as something else further down: a stale read looks like a refusal without cause.

Without `_history` the order of versions is that of the links. Where writes that name no version break the chain into
several, each stretch of linked versions is treated as one value (Gibbons and Korach 1997); refusals are then accused
only when two reads prove them wrong, and reads that found nothing are left alone.
"""

from itertools import chain
from math import inf

from ifmatch.judge.anomaly import Anomaly, Name
from ifmatch.judge.bounds import Bounds, Break, Zones, contradicted_refusals, least_moments, raise_for_absences
from ifmatch.judge.clock_free import ABOUT_LINKS, CLOCK_FREE
from ifmatch.judge.history import ANY, History, Kind, Operation
from ifmatch.judge.index import HistoryIndex, gather
from ifmatch.judge.real_time import name_of, refused_without_cause, seen_again, surely_current
from ifmatch.judge.root_causes import RootCauses
from ifmatch.judge.version_order import VersionOrder, as_claimed, as_linked, circle

_RANK = {name: rank for rank, name in enumerate(Name)}


def judge(history: History) -> tuple[Anomaly, ...]:
    """The anomalies in a history, root causes first, their consequences left out. Empty when all can be explained."""
    evidence, causes = gather(history), RootCauses()
    register = as_claimed(evidence) if history.entries is not None else as_linked(evidence)
    linked = register is not None and register.linked
    for check in CLOCK_FREE:
        if not (linked and check in ABOUT_LINKS):
            causes.hear(check(evidence))
    if register is None:
        causes.hear(circle(evidence))
    elif register.total:
        _judge_order(register, causes)
    else:
        _judge_values(register, causes)
    return tuple(sorted(causes.anomalies, key=lambda anomaly: _RANK[anomaly.name]))


def _judge_order(register: VersionOrder, causes: RootCauses) -> None:
    """All versions stand in one order: exact.

    Most histories are clean, so the writes and the reads are tried together first. Only when they do not fit is it
    asked which of them is at fault: the writes by themselves, then the reads beside the writes that are to be
    trusted.
    """
    bounds = register.bounds(causes)
    moments, breaks = least_moments(bounds)
    if breaks:
        _hear_breaks(register, causes, least_moments(register.by_writes(causes))[1])
        _hear_breaks(register, causes, least_moments(register.bounds(causes))[1])
        bounds = register.bounds(causes)
        moments, _ = least_moments(bounds)
    absences = _absences(register.evidence, causes)
    if absences:
        moments, breaks = _with_absences(register, bounds, absences, moments)
        if breaks:
            _hear_breaks(register, causes, breaks)
            bounds, absences = register.bounds(causes), _absences(register.evidence, causes)
            moments, _ = _with_absences(register, bounds, absences, least_moments(bounds)[0])
    _judge_refusals(register, bounds, absences, moments, causes)


def _with_absences(
    register: VersionOrder, bounds: Bounds, absences: list[Operation], moments: list[float]
) -> tuple[list[float], list[Break]]:
    raise_for_absences(bounds, absences, register.deletions, moments)
    return least_moments(bounds)


def _hear_breaks(register: VersionOrder, causes: RootCauses, breaks: list[Break]) -> None:
    causes.hear(name_of(register, causes, found) for found in breaks)


def _absences(evidence: HistoryIndex, causes: RootCauses) -> list[Operation]:
    """The reads that found nothing. Without `_history`, a deletion of unknown effect may explain any of them."""
    if evidence.history.entries is None and any(w.kind is Kind.DELETE for w in chain(evidence.unknown, evidence.gone)):
        return []
    return [read for read in evidence.gone if causes.trusts(read)]


def _judge_refusals(
    register: VersionOrder, bounds: Bounds, absences: list[Operation], moments: list[float], causes: RootCauses
) -> None:
    """Phase three. A refusal that named a deletion may move it, and what the reads that found nothing ask for."""
    refusals = register.unexplained(moments, _tail(register, bounds, moments))
    deletions = register.deletions if absences else []
    while refusals:
        begun = [moments[i] for i in deletions]
        accused = list(contradicted_refusals(bounds, moments, refusals, _tail(register, bounds, moments)))
        causes.hear(refused_without_cause(register, accused))
        if accused or begun == [moments[i] for i in deletions]:
            return
        moments, breaks = _with_absences(register, bounds, absences, moments)
        _hear_breaks(register, causes, breaks)
        if breaks:
            return


def _tail(register: VersionOrder, bounds: Bounds, moments: list[float]) -> float:
    """When a write that nobody saw may have replaced the last version, at the earliest: never, with `_history`."""
    if register.evidence.history.entries is not None or not moments:
        return inf
    asked = (None, ANY, register.versions[-1])
    doubtful = (delete for delete in register.evidence.gone if delete.kind is Kind.DELETE)
    unseen = (write for write in register.evidence.unobserved() if write.base in asked)
    return max(moments[-1], bounds.after[-1], min((write.invoked for write in chain(doubtful, unseen)), default=inf))


def _judge_values(register: VersionOrder, causes: RootCauses) -> None:
    """Several stretches whose order nobody tells: each must be in order by itself, and their zones must not collide."""
    bounds = register.bounds(causes)
    out_of_order = (i for i in range(register.single, len(bounds.lower)) if bounds.lower[i] > bounds.upper[i])
    stretches = chain(register.stretches(), ((i, i + 1) for i in out_of_order))
    breaks = [found for first, last in stretches for found in least_moments(bounds, first, last)[1]]
    _hear_breaks(register, causes, breaks)
    zones = Zones(bounds, register.stretches(), register.single)
    if not breaks:
        causes.hear(seen_again(register, causes, zones, *pair) for pair in zones.clashes())
    causes.hear(surely_current(register, bounds, zones))
