"""The checker: a pure function from a history to its anomalies. No clock, no network, no search.

Three phases, each on what the one before left standing. First the *writes*: who made which version, from the links
(If-Match), the markers and the server's own `_history`, all without a clock; then whether the order of versions fits
the times of the writes. Then the *reads*, then the *refusals*, by the bounds of `ifmatch.judge.bounds`. One false
bound would otherwise surface as something else further down: a stale read looks like a refusal without cause.
"""

from itertools import chain
from math import inf

from ifmatch.judge import content_checks, history_checks, link_checks
from ifmatch.judge.anomaly import Anomaly, Name
from ifmatch.judge.bounds import (
    Bounds,
    Contradiction,
    contradicted_refusals,
    least_commit_times,
    raise_for_absences,
)
from ifmatch.judge.build_index import build_index
from ifmatch.judge.history import ANY, History, Operation, deletions
from ifmatch.judge.history_index import HistoryIndex
from ifmatch.judge.real_time import named, seen_again
from ifmatch.judge.refusals import refusals_between_sights, unexplained_refusals
from ifmatch.judge.root_causes import RootCauses
from ifmatch.judge.version_order import VersionOrder, claimed_order, cycles, linked_order
from ifmatch.judge.zones import Zones

#: The checks that need no clock, in the order of precedence: what one explains, the later ones do not report again.
CLOCK_FREE: tuple[content_checks.Check, ...] = (
    link_checks.duplicate_versions,
    link_checks.duplicate_creates,
    link_checks.forks,
    history_checks.history_forks,
    history_checks.missing,
    content_checks.changed_versions,
    content_checks.other_content,
    content_checks.torn_versions,
    content_checks.double_applies,
    content_checks.ghost_writes,
    content_checks.truncated_bodies,
    link_checks.phantom_reads,
    link_checks.phantom_bases,
    history_checks.skipped_predecessors,
    history_checks.dates_backwards,
)

#: Those that find nothing where each write follows the version that it named.
ABOUT_LINKS = frozenset(
    {link_checks.forks, link_checks.phantom_bases, history_checks.skipped_predecessors}
)

_RANK = {name: rank for rank, name in enumerate(Name)}


def judge(history: History) -> tuple[Anomaly, ...]:
    """Names every anomaly in a history of one resource, root causes first, their consequences left out.

    The server's own versions fix the order of the writes; each operation must find a commit time between its
    invocation and its return that respects that order. O(n log n) in the number of operations. Empty when all can be
    explained.
    """
    index = build_index(history)
    order = linked_order(index) if history.entries is None else claimed_order(index)
    root_causes = RootCauses()
    _check_without_clock(index, order, root_causes)
    _check_commit_times(index, order, root_causes)
    return tuple(sorted(root_causes.anomalies, key=_rank))


def _rank(anomaly: Anomaly) -> int:
    return _RANK[anomaly.name]


def _check_without_clock(
    index: HistoryIndex, order: VersionOrder | None, root_causes: RootCauses
) -> None:
    linked = order is not None and order.linked
    for check in CLOCK_FREE:
        if not linked or check not in ABOUT_LINKS:
            root_causes.add(check(index))


def _check_commit_times(
    index: HistoryIndex, order: VersionOrder | None, root_causes: RootCauses
) -> None:
    if order is None:
        root_causes.add(cycles(index))
    elif order.total:
        _check_total_order(order, root_causes)
    else:
        _check_chains(order, root_causes)


def _check_total_order(order: VersionOrder, root_causes: RootCauses) -> None:
    """All versions stand in one order: exact."""
    bounds, commit_times = _check_writes_and_reads(order, root_causes)
    absences = _absences(order.index, root_causes)
    if absences:
        raise_for_absences(bounds, absences, order.deletions, commit_times)
        commit_times, contradictions = least_commit_times(bounds)
        if contradictions:
            _add_contradictions(order, root_causes, contradictions)
            bounds = order.bounds(root_causes)
            commit_times, _ = least_commit_times(bounds)
            absences = _absences(order.index, root_causes)
            raise_for_absences(bounds, absences, order.deletions, commit_times)
            commit_times, _ = least_commit_times(bounds)
    _check_refusals(order, root_causes, bounds, commit_times, absences)


def _check_writes_and_reads(
    order: VersionOrder, root_causes: RootCauses
) -> tuple[Bounds, list[float]]:
    """Whether commit times fit the writes and the reads; the bounds and times by those that are to be trusted.

    Most histories are clean, so both are tried together first. Only when they do not fit is it asked which of them is
    at fault: the writes by themselves, then the reads beside the writes that are to be trusted.
    """
    bounds = order.bounds(root_causes)
    commit_times, contradictions = least_commit_times(bounds)
    if not contradictions:
        return bounds, commit_times
    _, contradictions = least_commit_times(order.bounds_by_writes(root_causes))
    _add_contradictions(order, root_causes, contradictions)
    _, contradictions = least_commit_times(order.bounds(root_causes))
    _add_contradictions(order, root_causes, contradictions)
    bounds = order.bounds(root_causes)
    commit_times, _ = least_commit_times(bounds)
    return bounds, commit_times


def _add_contradictions(
    order: VersionOrder, root_causes: RootCauses, contradictions: list[Contradiction]
) -> None:
    root_causes.add(named(order, root_causes, contradiction) for contradiction in contradictions)


def _absences(index: HistoryIndex, root_causes: RootCauses) -> list[Operation]:
    """What found nothing. Without `_history`, a deletion that may have taken effect may explain any of them."""
    doubtful = deletions(index.unknown) + deletions(index.absences)
    if doubtful and index.history.entries is None:
        return []
    return list(filter(root_causes.trusts, index.absences))


def _check_refusals(
    order: VersionOrder,
    root_causes: RootCauses,
    bounds: Bounds,
    commit_times: list[float],
    absences: list[Operation],
) -> None:
    """The last phase. A refusal that named a deletion may move it, and what the reads that found nothing ask for."""
    last_replaced = _last_replaced(order, bounds, commit_times)
    refusals = order.refusals_to_explain(commit_times, last_replaced)
    deleted = order.deletions if absences else []
    fits = True
    while refusals and fits:
        before = _times_of(deleted, commit_times)
        last_replaced = _last_replaced(order, bounds, commit_times)
        contradicted = list(contradicted_refusals(bounds, commit_times, refusals, last_replaced))
        root_causes.add(unexplained_refusals(order, contradicted))
        moved = _times_of(deleted, commit_times) != before
        if contradicted or not moved:
            return
        raise_for_absences(bounds, absences, deleted, commit_times)
        commit_times, contradictions = least_commit_times(bounds)
        _add_contradictions(order, root_causes, contradictions)
        fits = not contradictions


def _times_of(positions: list[int], commit_times: list[float]) -> list[float]:
    return [commit_times[position] for position in positions]


def _last_replaced(order: VersionOrder, bounds: Bounds, commit_times: list[float]) -> float:
    """When a write that nobody saw may have replaced the last version, at the earliest: never, with `_history`."""
    if order.index.history.entries is not None or not commit_times:
        return inf
    writes = _may_have_replaced(order.index, order.versions[-1])
    earliest = min([write.invoked for write in writes], default=inf)
    return max(commit_times[-1], bounds.last_read[-1], earliest)


def _may_have_replaced(index: HistoryIndex, version: str) -> list[Operation]:
    """The writes of which there is no trace, but which may have replaced a version."""
    fitting = (None, ANY, version)
    unseen = [write for write in index.unobserved() if write.base in fitting]
    return unseen + deletions(index.absences)


def _check_chains(order: VersionOrder, root_causes: RootCauses) -> None:
    """Several chains of versions in no known order: each must be in order by itself, and no two zones may clash.

    Refusals are then reported only when two reads prove them wrong, and reads that found nothing are left alone.
    """
    bounds = order.bounds(root_causes)
    contradictions = _contradictions_in_chains(order, bounds)
    _add_contradictions(order, root_causes, contradictions)
    zones = Zones(bounds, order.chains(), order.singles_from)
    if not contradictions:
        root_causes.add(seen_again(order, root_causes, zones, *clash) for clash in zones.clashes())
    root_causes.add(refusals_between_sights(order, bounds))


def _contradictions_in_chains(order: VersionOrder, bounds: Bounds) -> list[Contradiction]:
    singles = range(order.singles_from, len(bounds.lower))
    contradictory = ((i, i + 1) for i in singles if bounds.lower[i] > bounds.upper[i])
    contradictions: list[Contradiction] = []
    for first, last in chain(order.chains(), contradictory):
        contradictions += least_commit_times(bounds, first, last)[1]
    return contradictions
