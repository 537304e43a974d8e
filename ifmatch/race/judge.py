"""What a history proves. A pure function: no clock, no network, no search.

Three phases, each on what the one before left standing. First the *writes*: who made which version, from the links (If-Match),
the markers and the server's own `_history`, all without a clock; then whether the order of versions fits the times of the
writes. Then the *reads*, then the *refusals*, by the bounds of `ifmatch.race.bounds`. One false bound would otherwise surface
as something else further down: a stale read looks like a refusal without cause.

Without `_history` the order of versions is that of the links. Where writes that name no version break the chain into several,
each stretch of linked versions is treated as one value (Gibbons and Korach 1997); refusals are then accused only when two
reads prove them wrong, and reads that found nothing are left alone.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice, pairwise
from math import inf

from ifmatch.race.anomaly import WITNESS, Anomaly, Name, request, tell
from ifmatch.race.bounds import (
    Bounds,
    Break,
    Zones,
    by_writes,
    contradicted_refusals,
    least_moments,
    raise_for_absences,
    with_reads,
)
from ifmatch.race.evidence import Evidence, gather, names_a_version
from ifmatch.race.history import ANY, Entry, History, HistoryError, Kind, Operation, Outcome

#: The answers that claim "the version you name is not current" (RFC 9110 section 13.1.1; FHIR R4 http.html#concurrency).
CONFLICT = frozenset({409, 412})

#: So many refusals one after the other, with nobody else about, and the resource is wedged.
WEDGED_AFTER = 3

#: A server that breaks one rule all the time need not be told so a million times.
LIMIT = 100


def judge(history: History) -> tuple[Anomaly, ...]:
    """The anomalies in a history, root causes first, their consequences left out. Empty when all can be explained."""
    evidence, docket = gather(history), Docket()
    register = _as_claimed(evidence) if history.entries is not None else _as_linked(evidence)
    linked = register is not None and register.linked
    for check in CLOCK_FREE:
        if not (linked and check in ABOUT_LINKS):
            docket.hear(check(evidence))
    if register is None:
        docket.hear(_circle(evidence))
    elif len(register.starts) > 1:
        _judge_values(register, docket)
    else:
        _judge_order(register, docket)
    return tuple(sorted(docket.anomalies, key=lambda anomaly: RANK[anomaly.name]))


RANK = {name: rank for rank, name in enumerate(Name)}


@dataclass(slots=True)
class Docket:
    """The anomalies so far, and the operations and versions that they discredit."""

    anomalies: list[Anomaly] = field(default_factory=list)
    operations: set[int] = field(default_factory=set)
    versions: set[str] = field(default_factory=set)

    def hear(self, charges: Iterable[Anomaly]) -> None:
        """Take up the charges that are not a consequence of an earlier one."""
        for charge in list(islice(charges, LIMIT)):  # all are named before any discredits
            ids, versions = {operation.id for operation in charge.operations}, set(charge.versions)
            if ids.isdisjoint(self.operations) and versions.isdisjoint(self.versions):
                self.anomalies.append(charge)
                self.operations |= ids
                self.versions |= versions

    def trusts(self, operation: Operation) -> bool:
        """Whether nothing has discredited an operation, or the version it saw or made."""
        return operation.id not in self.operations and operation.version not in self.versions


# Phase one, without a clock: links, markers, and the server's own history.


def _duplicate_versions(evidence: Evidence) -> Iterator[Anomaly]:
    for version, write, first in evidence.twice:
        if first is None:
            sentence = f"{tell(write)} was told that it made version {version}, which was there before."
            yield Anomaly(Name.DUPLICATE_VERSION, (write,), sentence, (version,))
        else:
            sentence = f"{tell(first)} and {tell(write)} were both told that they made version {version}."
            yield Anomaly(Name.DUPLICATE_VERSION, (first, write), sentence, (version,))
    entries = evidence.history.entries or ()
    for other in (entries[i] for i in evidence.again):
        one = entries[evidence.number[other.version]]
        sentence = f"The server's history lists version {one.version} twice."
        yield Anomaly(Name.DUPLICATE_VERSION, _makers(evidence, one), sentence, (one.version,), (one, other))


def _duplicate_creates(evidence: Evidence) -> Iterator[Anomaly]:
    """More creations under one condition than deletions could have made room for."""
    if not evidence.conditional:
        return
    creations = [w for w in evidence.conditional if w.status == 201]
    deletions = sum(w.kind is Kind.DELETE for w in chain(evidence.accepted, evidence.unknown))
    if len(creations) + (evidence.history.initial is not None) > 1 + deletions:
        sentence = f"{' and '.join(map(tell, creations[:2]))} made a resource each, where the condition allows one."
        yield Anomaly(Name.DUPLICATE_CREATE, tuple(creations[:WITNESS]), sentence)
    for search in evidence.conditional:
        if (search.matches or 0) > 1:
            sentence = f"{request(search)} found {search.matches} resources, where the condition allows one."
            yield Anomaly(Name.DUPLICATE_CREATE, (*creations[: WITNESS - 1], search), sentence)


def _forks(evidence: Evidence) -> Iterator[Anomaly]:
    """Two writes that name one version as the one they replaced."""
    first_child: dict[str, Operation] = {}
    doubtful = {write.id for write in evidence.gone}
    bound = (w for w in evidence.makers if w is not None and w.outcome is Outcome.UNKNOWN) if evidence.unknown else ()
    for write in chain(evidence.accepted, bound):
        base = write.base
        if base is None or base == ANY or write.id in doubtful:
            continue
        first = first_child.setdefault(base, write)
        if first is not write:
            one, other = sorted((first, write), key=lambda w: w.invoked)
            if one.overlaps(other) or _listed(evidence, one):  # else the server forgot it, and then could not know better
                yield _fork(one, other)


def _listed(evidence: Evidence, write: Operation) -> bool:
    return evidence.history.entries is None or evidence.number.get(write.version or "", 0) < evidence.listed


def _fork(first: Operation, second: Operation) -> Anomaly:
    versions = tuple(write.version for write in (first, second) if write.version)
    if first.overlaps(second):
        sentence = f"{tell(first)} and {tell(second)} were in flight together and both replaced version {first.base}: one update is lost."
        return Anomaly(Name.LOST_UPDATE, (first, second), sentence, versions)
    sentence = f"{tell(second)} was accepted although {tell(first)} had replaced version {first.base} before it was sent."
    return Anomaly(Name.STALE_SUCCESS, (first, second), sentence, versions)


def _history_forks(evidence: Evidence) -> Iterator[Anomaly]:
    entries = evidence.history.entries or ()
    for page in evidence.history.earlier:
        for old, new in zip(page, entries, strict=False):
            if (old.version, old.markers) != (new.version, new.markers):
                sentence = f"Where the server's history had version {old.version} ({_held(old.markers)}), it later has version {new.version} ({_held(new.markers)})."
                makers = {write.id: write for entry in (old, new) for write in _makers(evidence, entry)}
                yield Anomaly(Name.HISTORY_FORK, tuple(makers.values()), sentence, (old.version, new.version), (old, new))
                break
        for lost in page[len(entries) :][:1]:
            sentence = f"The server's history had version {lost.version} and later has it no more."
            yield Anomaly(Name.HISTORY_FORK, _makers(evidence, lost), sentence, (lost.version,), (lost,))


def _missing(evidence: Evidence) -> Iterator[Anomaly]:
    """What was acknowledged, or was there from the start, must be in the final history."""
    entries = evidence.history.entries
    if entries is None:
        return
    for version, write in zip(evidence.versions[evidence.listed :], evidence.makers[evidence.listed :], strict=True):
        if write is not None or version == evidence.history.initial:
            who = f"{tell(write)} was accepted" if write else f"Version {version} was there before the first operation"
            yield Anomaly(Name.MISSING, _known(write), f"{who}, but the server's history does not have it.", (version,), entries[-1:])
    unbound = {write.id for write in evidence.nameless if write.kind is not Kind.DELETE}
    if unbound and all(entry.markers or entry.deleted for entry in entries):
        unbound -= {write.id for write in evidence.makers if write is not None}
        for write in evidence.nameless:
            if write.id in unbound:
                sentence = f"{tell(write)} was accepted, but no version in the server's history shows what it sent."
                yield Anomaly(Name.MISSING, (write,), sentence, (), entries[-1:])


def _changed(evidence: Evidence) -> Iterator[Anomaly]:
    for read in evidence.differing:
        version = str(read.version)
        before = evidence.content[evidence.number[version]]
        if len(read.seen) == len(before) == 1:
            first, entries = evidence.first_sight(version), _entries(evidence, version)
            reads = (first, read) if first is not None and first is not read else (read,)
            sentence = f"{tell(read)} found {_held(read.seen)}, where version {version} was seen to hold {_held(before)}."
            yield Anomaly(Name.CHANGED, reads, sentence, (version,), entries)


def _other_content(evidence: Evidence) -> Iterator[Anomaly]:
    for stray in evidence.strays:
        claimant = evidence.maker(stray.version)
        if claimant is not None:
            whose = f"what {tell(stray.owner)} sent" if stray.owner else f"the marker {stray.marker} of nobody we know"
            sentence = f"{tell(claimant)} was told that it made version {stray.version}, which holds {whose}."
            yield Anomaly(Name.OTHER_CONTENT, (claimant, *_known(stray.owner)), sentence, (stray.version,), _entries(evidence, stray.version))


def _phantom_reads(evidence: Evidence) -> Iterator[Anomaly]:
    """Versions that are read, but that nobody made. A write that we know nothing more of may have made one."""
    unmade = _unmade(evidence)
    hidden = unmade and evidence.history.entries is None and next(evidence.unobserved(), None) is not None
    for i, read in zip(evidence.read_at, evidence.reads, strict=True) if unmade else ():
        if i in unmade and (read.seen or not hidden):
            yield Anomaly(Name.PHANTOM, (read,), f"{tell(read)} found a version that nobody made.", (evidence.versions[i],))


def _phantom_bases(evidence: Evidence) -> Iterator[Anomaly]:
    """Versions that an accepted write replaced, but that nobody made."""
    unmade = _unmade(evidence)
    for write in evidence.makers:
        base = write.base if write is not None else None
        if write is not None and base is not None and base != ANY and evidence.number.get(base, -1) in unmade | {-1}:
            yield Anomaly(Name.PHANTOM, (write,), f"{tell(write)} replaced a version that nobody made.", (base,))


def _unmade(evidence: Evidence) -> set[int]:
    """The versions that do not exist: `_history` does not list them, or without one nobody is known who made them.

    What a refused write made does exist; that it should not is told elsewhere.
    """
    claimed = evidence.history.entries is not None
    ghosts = {evidence.number[stray.version] for stray in evidence.strays if stray.owner is not None and not claimed}
    unmade = {i for i in range(evidence.listed, len(evidence.makers)) if evidence.makers[i] is None} - ghosts
    return unmade - {evidence.number.get(evidence.history.initial or "", -1)}


def _torn(evidence: Evidence) -> Iterator[Anomaly]:
    first = ((evidence.versions[i], evidence.content[i]) for i in evidence.torn)
    later = ((str(read.version), read.seen) for read in evidence.differing if len(read.seen) > 1)
    for version, seen in chain(first, later):
        read = _known(evidence.first_sight(version))
        writers = evidence.writers_of(seen)[: WITNESS - len(read)]
        sentence = f"Version {version} holds {_held(seen)}: parts of what {' and '.join(map(tell, writers)) or 'others'} sent."
        yield Anomaly(Name.TORN, (*writers, *read), sentence, (version,), _entries(evidence, version))


def _doubles(evidence: Evidence) -> Iterator[Anomaly]:
    for stray in evidence.strays:
        owner = stray.owner
        if owner is not None and owner.outcome in (Outcome.OK, Outcome.UNKNOWN) and evidence.maker(stray.version) is None:
            versions = [v for v, seen in zip(evidence.versions, evidence.content, strict=True) if stray.marker in seen][:2]
            entries = tuple(entry for version in versions for entry in _entries(evidence, version))
            sentence = f"{tell(owner)} was sent once and made the versions {' and '.join(versions)}."
            yield Anomaly(Name.DOUBLE_APPLY, (owner,), sentence, tuple(versions), entries)


def _applied(outcome: Outcome, name: Name, why: str) -> Callable[[Evidence], Iterator[Anomaly]]:
    """The check for versions made by writes of an outcome that must leave no trace."""

    def check(evidence: Evidence) -> Iterator[Anomaly]:
        for stray in evidence.strays:
            if stray.owner is not None and stray.owner.outcome is outcome and evidence.maker(stray.version) is None:
                sentence = f"{tell(stray.owner)} {why}, and yet version {stray.version} holds what it sent."
                yield Anomaly(name, (stray.owner,), sentence, (stray.version,), _entries(evidence, stray.version))

    return check


def _skipped(evidence: Evidence) -> Iterator[Anomaly]:
    """In `_history`, the version before the one that a write made must be the one that it named."""
    before = ""
    for i, write in enumerate(evidence.makers[: evidence.listed]):
        if write is not None and write.base is not None and write.base != before and (write.base != ANY or _nothing_before(evidence, i)):
            yield _skip(evidence, i, write)
        before = evidence.versions[i]


def _nothing_before(evidence: Evidence, i: int) -> bool:
    entries = evidence.history.entries or ()
    return i == 0 or entries[i - 1].deleted


def _skip(evidence: Evidence, i: int, write: Operation) -> Anomaly:
    entries = (evidence.history.entries or ())[max(i - 1, 0) : i + 1]
    between = _known(evidence.makers[i - 1]) if i else ()
    replaced = ("the deletion " if entries[0].deleted else "version ") + entries[0].version if i else "nothing"
    sentence = f"{tell(write)} made version {entries[-1].version}, which in the server's history replaced {replaced}."
    sentence += f" {tell(between[0])} is overwritten unseen." if between else ""
    return Anomaly(Name.SKIPPED, (*between, write), sentence, (entries[-1].version,), entries)


def _updated_backwards(evidence: Evidence) -> Iterator[Anomaly]:
    """lastUpdated has a coarse resolution, so equal ones are fine."""
    dated = [entry for entry in evidence.history.entries or () if entry.updated is not None]
    for old, new in pairwise(dated):
        if new.updated < old.updated:  # type: ignore[operator]
            sentence = f"Version {new.version} was last updated at {new.updated}, before version {old.version} at {old.updated}, which it replaced."
            makers = (*_makers(evidence, old), *_makers(evidence, new))
            yield Anomaly(Name.UPDATED_BACKWARDS, makers, sentence, (old.version, new.version), (old, new))


#: The checks that need no clock, in the order of precedence: what one explains, the later ones do not tell again.
CLOCK_FREE: tuple[Callable[[Evidence], Iterator[Anomaly]], ...] = (
    _duplicate_versions,
    _duplicate_creates,
    _forks,
    _history_forks,
    _missing,
    _changed,
    _other_content,
    _torn,
    _doubles,
    _applied(Outcome.REFUSED, Name.GHOST, "was refused"),
    _applied(Outcome.ABORTED, Name.TRUNCATED, "was cut short"),
    _phantom_reads,
    _phantom_bases,
    _skipped,
    _updated_backwards,
)

#: Those that have nothing to say where each write follows the version that it named.
ABOUT_LINKS = frozenset({_forks, _phantom_bases, _skipped})


def _makers(evidence: Evidence, entry: Entry) -> tuple[Operation, ...]:
    return _known(evidence.maker(entry.version))


def _known(operation: Operation | None) -> tuple[Operation, ...]:
    return () if operation is None else (operation,)


def _entries(evidence: Evidence, version: str) -> tuple[Entry, ...]:
    return tuple(entry for entry in evidence.history.entries or () if entry.version == version)[:1]


def _held(markers: Iterable[str]) -> str:
    return " and ".join(f"marker {marker}" for marker in markers) or "no marker"


# Phases two and three, by the clock: bounds on the moments of commitment.


@dataclass(slots=True)
class Register:
    """The versions in order, who made them, who saw them, and who was refused for naming them.

    `order` are their numbers; `place` leads back from a number to the place in the order, a negative one when it has none. `starts` are
    the places where a stretch of linked versions begins. `linked` says whether each write follows the version that it named.
    """

    evidence: Evidence
    versions: list[str]
    makers: list[Operation | None]
    order: Sequence[int]
    place: Sequence[int]
    starts: Sequence[int]
    deletions: list[int]
    initial: int | None
    linked: bool

    def by_writes(self, docket: Docket) -> Bounds:
        """The bounds by the writes that are to be trusted."""
        makers = [w if w is not None and docket.trusts(w) else None for w in self.makers] if docket.anomalies else self.makers
        bounds = by_writes(makers)
        if self.initial is not None:
            bounds.upper[self.initial] = -inf  # it was there before the first operation
        return bounds

    def bounds(self, docket: Docket) -> Bounds:
        """The bounds by all operations that are to be trusted."""
        evidence = self.evidence
        if docket.anomalies:
            pairs = zip(self.read_at(), evidence.reads, strict=True)
            return with_reads(self.by_writes(docket), evidence.reads, (i if docket.trusts(read) else -1 for i, read in pairs))
        bounds = evidence.bounds.at(self.order)
        if self.initial is not None:
            bounds.upper[self.initial] = -inf
        return bounds

    def read_at(self) -> list[int]:
        """The place of the version that each read saw."""
        read_at = self.evidence.read_at
        return read_at if isinstance(self.place, range) else [self.place[i] for i in read_at]

    def readers(self, first: int, last: int | None = None) -> Iterator[Operation]:
        """Who saw the version at a place, or one of those between two places."""
        places = range(first, first + 1 if last is None else last)
        return (read for at, read in zip(self.read_at(), self.evidence.reads, strict=True) if at in places)

    def unexplained(self, moments: list[float], tail: float) -> list[tuple[int, Operation]]:
        """The refusals that claim that a version was not current, with its place, unless all were replaced by then anyway."""
        number, place = self.evidence.number, self.place
        following = [*moments[1:], tail, -inf]  # a version in no order has place -1
        successor = following if isinstance(place, range) else [following[i] for i in place]
        for refusal in self.evidence.refused:
            base = refusal.base
            if base in number and successor[number[base]] > refusal.returned and refusal.status in CONFLICT:  # type: ignore[operator]
                break
        else:
            return []
        named = [(number.get(refusal.base or "", -1), refusal) for refusal in self.evidence.refused if refusal.status in CONFLICT]
        return [(place[i], refusal) for i, refusal in named if i >= 0 and place[i] >= 0]


def _as_claimed(evidence: Evidence) -> Register:
    """The order that `_history` claims."""
    listed, more = evidence.listed, len(evidence.versions) - evidence.listed
    deletions = [i for i, entry in enumerate(evidence.history.entries or ()) if entry.method == "DELETE"]
    there = evidence.number.get(evidence.history.initial or "", listed)
    initial = there if there < listed else None
    place = [*range(listed), *[-1] * more] if more else range(listed)
    linked = not more and not evidence.nameless and next(_skipped(evidence), None) is None
    versions, makers = evidence.versions[:listed], evidence.makers[:listed]
    return Register(evidence, versions, makers, range(listed), place, (0,), deletions, initial, linked)


def _as_linked(evidence: Evidence) -> Register | None:
    """The order that the links give, stretch by stretch; None when versions fork, go round, or hang in the air."""
    number, makers = evidence.number, evidence.makers
    there = number.get(evidence.history.initial or "")
    child: dict[int | None, int] = {}
    roots = [] if there is None else [there]
    for i, write in enumerate(makers):
        if write is None or i == there:
            continue
        base = write.base
        if base is None or base == ANY:
            roots.append(i)
        elif child.setdefault(number.get(base), i) != i:
            return None
    order: list[int] = []
    starts = []
    for root in roots:
        starts.append(len(order))
        at: int | None = root
        while at is not None:
            order.append(at)
            at = child.pop(at, None)
    if child:
        return None
    place = [-1] * len(makers)
    for position, i in enumerate(order):
        place[i] = position
    made = [makers[i] for i in order]
    deletions = [i for i, write in enumerate(made) if write is not None and write.kind is Kind.DELETE]
    versions = [evidence.versions[i] for i in order]
    return Register(evidence, versions, made, order, place, starts, deletions, None if there is None else 0, not evidence.gone)


def _circle(evidence: Evidence) -> Iterator[Anomaly]:
    """Links that lead back to where they began: some write named a version that was made from its own."""
    child = {write.base: (version, write) for version, write in evidence.made() if names_a_version(write)}
    checked: set[str] = set()
    for start in child:
        path: dict[str, Operation] = {}
        version = start
        while version in child and version not in checked:
            checked.add(version)
            following, path[version] = child[version]
            version = following
        if version in path:
            ordered = sorted(path.values(), key=lambda write: write.invoked)
            early, late = ordered[0], ordered[-1]
            sentence = f"{tell(early)} named a version that was made, by way of {tell(late)}, from what it made itself."
            yield Anomaly(Name.HISTORY_ORDER, tuple({early.id: early, late.id: late}.values()), sentence)


def _judge_order(register: Register, docket: Docket) -> None:
    """All versions stand in one order: exact.

    Most histories are clean, so the writes and the reads are tried together first. Only when they do not fit is it asked which of
    them is at fault: the writes by themselves, then the reads beside the writes that are to be trusted.
    """
    bounds = register.bounds(docket)
    moments, breaks = least_moments(bounds)
    if breaks:
        _hear_breaks(register, docket, least_moments(register.by_writes(docket))[1])
        _hear_breaks(register, docket, least_moments(register.bounds(docket))[1])
        bounds = register.bounds(docket)
        moments, _ = least_moments(bounds)
    absences = _absences(register.evidence, docket)
    if absences:
        raise_for_absences(bounds, absences, register.deletions, moments)
        moments, breaks = least_moments(bounds)
        _hear_breaks(register, docket, breaks)
    if not breaks:
        _judge_refusals(register, bounds, absences, moments, docket)
        return
    bounds, absences = register.bounds(docket), _absences(register.evidence, docket)
    raise_for_absences(bounds, absences, register.deletions, least_moments(bounds)[0])
    _judge_refusals(register, bounds, absences, least_moments(bounds)[0], docket)


def _hear_breaks(register: Register, docket: Docket, breaks: list[Break]) -> None:
    docket.hear(_name(register, docket, found) for found in breaks)


def _absences(evidence: Evidence, docket: Docket) -> list[Operation]:
    """The reads that found nothing. Without `_history`, a deletion of which we do not know what it did may explain any of them."""
    if evidence.history.entries is None and any(w.kind is Kind.DELETE for w in chain(evidence.unknown, evidence.gone)):
        return []
    return [read for read in evidence.gone if docket.trusts(read)]


def _judge_refusals(
    register: Register, bounds: Bounds, absences: list[Operation], moments: list[float], docket: Docket
) -> None:
    """Phase three. A refusal that named a deletion may move it, and with it what the reads that found nothing ask for."""
    tail = _tail(register, bounds, moments)
    refusals = register.unexplained(moments, tail)
    deletions = register.deletions if absences else []
    while refusals:
        begun = [moments[i] for i in deletions]
        accused = list(contradicted_refusals(bounds, moments, refusals, tail))
        docket.hear(_refused_without_cause(register, accused))
        if accused or begun == [moments[i] for i in deletions]:
            return
        raise_for_absences(bounds, absences, deletions, moments)
        moments, breaks = least_moments(bounds)
        _hear_breaks(register, docket, breaks)
        if breaks:
            return


def _tail(register: Register, bounds: Bounds, moments: list[float]) -> float:
    """The earliest moment at which the last version may have been replaced by a write that nobody saw: never, with `_history`."""
    if register.evidence.history.entries is not None or not moments:
        return inf
    asked = (None, ANY, register.versions[-1])
    doubtful = (delete for delete in register.evidence.gone if delete.kind is Kind.DELETE)
    unseen = (write for write in register.evidence.unobserved() if write.base in asked)
    return max(moments[-1], bounds.after[-1], min((write.invoked for write in chain(doubtful, unseen)), default=inf))


def _refused_without_cause(register: Register, accused: list[tuple[int, Operation]]) -> Iterator[Anomaly]:
    """Names for refusals of a version that was current: a wedge, a round without a winner, or a plain false alarm."""
    by_version: dict[int, list[Operation]] = {}
    for i, refusal in accused:
        by_version.setdefault(i, []).append(refusal)
    for i, refusals in by_version.items():
        refusals.sort(key=lambda refusal: refusal.invoked)
        version, maker = register.versions[i], _known(register.makers[i])
        if any(one.overlaps(other) for one, other in pairwise(refusals)):
            told = " and ".join(map(tell, refusals[:2]))
            sentence = f"{told} were both refused, though version {version} stayed current: nobody won."
            yield Anomaly(Name.NO_WINNER, tuple(refusals[:WITNESS]), sentence)
        elif len(refusals) >= WEDGED_AFTER and i == len(register.makers) - 1:
            sentence = f"Version {version} is current, yet {len(refusals)} writes that name it were refused, such as {tell(refusals[0])}."
            yield Anomaly(Name.WEDGED, (*maker, *refusals[: WITNESS - len(maker)]), sentence)
        else:
            following = _known(register.makers[i + 1]) if i + 1 < len(register.makers) else ()
            for refusal in refusals:
                sentence = f"{tell(refusal)} was refused, though the version it named was current all the while."
                yield Anomaly(Name.SPURIOUS_CONFLICT, (*maker, refusal, *following), sentence)


@dataclass(frozen=True, slots=True)
class Conflict:
    """A break with the two operations behind it. `done` is None when the version was there from the start."""

    late: Operation
    done: Operation | None
    older: int
    newer: int


def _name(register: Register, docket: Docket, found: Break) -> Anomaly:
    """The name of a contradiction between two operations, by what they are."""
    conflict = _behind(register, docket, found)
    late, done = conflict.late, conflict.done
    if late.outcome is Outcome.REFUSED:
        return next(_refused_without_cause(register, [(found.older, late)]))
    if late.kind is Kind.READ or late.version is None and late.kind is Kind.DELETE and late is not register.makers[found.older]:
        return (_absence if late.version is None else _old_read)(register, conflict)
    version = register.versions[found.newer]
    if done is not None and done.kind is Kind.READ:
        sentence = f"{tell(done)} was over before {tell(late)}, on which version {version} rests, was sent."
        return Anomaly(Name.FUTURE_READ, (done, late), sentence)
    earlier = tell(done) if done is not None else f"the making of version {version}"
    sentence = f"{tell(late)} comes before {earlier} in the order of versions, but was sent only after that was answered."
    return Anomaly(Name.HISTORY_ORDER, (*_known(done), late), sentence)


def _behind(register: Register, docket: Docket, found: Break) -> Conflict:
    """Whose bounds they were that do not fit. Looked up only now, so that the sweeps handle nothing but numbers."""
    evidence = register.evidence
    others = chain(evidence.gone, (refusal for refusal in evidence.refused if refusal.base == register.versions[found.older]))
    late_ones = chain(_known(register.makers[found.older]), register.readers(found.older), others)
    late = next(op for op in late_ones if op.invoked == found.late and docket.trusts(op))
    done_ones = chain(_known(register.makers[found.newer]), register.readers(found.newer))
    done = next((op for op in done_ones if op.end == found.done and docket.trusts(op)), None)
    return Conflict(late, done, found.older, found.newer)


def _old_read(register: Register, found: Conflict) -> Anomaly:
    """A read of an old version: past a deletion, past an acknowledged write, or past another read."""
    late, done = found.late, found.done
    deletion = next((i for i in register.deletions if found.older < i <= found.newer), None)
    if deletion is not None:
        witness = _known(register.makers[deletion]) or _known(done)
        sentence = f"{tell(late)} found version {late.version} again, which {tell(witness[0]) if witness else 'a deletion'} had removed before."
        return Anomaly(Name.RESURRECTED, (*witness, late), sentence)
    following = register.makers[found.older + 1] if found.older < found.newer else None
    if following is not None and following.end < late.invoked:
        done = following
    if done is not None and done.kind is Kind.READ:
        sentence = f"{tell(late)} went back: {tell(done)} had already shown a newer version before it was sent."
        return Anomaly(Name.BACKWARD_READS, (done, late), sentence)
    newer = tell(done) if done is not None else f"version {register.versions[found.newer]}"
    return Anomaly(Name.STALE_READ, (*_known(done), late), f"{tell(late)} was sent after {newer} was acknowledged, yet found the older version.")


def _absence(register: Register, found: Conflict) -> Anomaly:
    """A read that found nothing, though no deletion was about: it came before one, or was contradicted by a later read."""
    late, done = found.late, found.done
    coming = next((i for i in register.deletions if i >= found.older), None)
    deletion = register.makers[coming] if coming is not None else None
    if deletion is not None and late.end < deletion.invoked:
        return Anomaly(Name.FUTURE_READ, (late, deletion), f"{tell(late)} found nothing before {tell(deletion)} was sent.")
    if coming is not None:
        sentence = f"{tell(late)} found the resource deleted, yet its old content was seen again later."
        return Anomaly(Name.RESURRECTED, (late, *_known(deletion)), sentence)
    sentence = f"{tell(late)} found nothing, although " + (f"{tell(done)} was over before it was sent." if done else "the resource was there.")
    return Anomaly(Name.STALE_READ, (*_known(done), late), sentence)


def _judge_values(register: Register, docket: Docket) -> None:
    """Several stretches whose order nobody tells: each must be in order by itself, and their zones must not collide."""
    bounds = register.bounds(docket)
    _, breaks = least_moments(bounds, register.starts)
    _hear_breaks(register, docket, breaks)
    if not breaks:
        zones = Zones(bounds, register.starts)
        docket.hear(_seen_again(register, docket, zones, *pair) for pair in zones.clashes())
    docket.hear(_surely_current(register, bounds))


def _seen_again(register: Register, docket: Docket, zones: Zones, old: int, new: int) -> Anomaly:
    """A value that is seen, replaced, and seen again."""
    late = _operation_in(register, docket, range(old, zones.ends[old]), "invoked", zones.high[old])
    done = _operation_in(register, docket, range(new, zones.ends[new]), "end", zones.low[new])
    early = _operation_in(register, docket, range(old, zones.ends[old]), "end", zones.low[old])
    if late is None or done is None:  # not so: a clash always has both
        raise HistoryError("A clash of versions without the operations that clash.")
    if late.kind is not Kind.READ:
        sentence = f"{tell(late)} was accepted although {tell(done)} had replaced that version before it was sent."
        return Anomaly(Name.STALE_SUCCESS, (done, late), sentence)
    name = Name.BACKWARD_READS if done.kind is Kind.READ else Name.STALE_READ
    witness = {op.id: op for op in (early, done, late) if op is not None}
    return Anomaly(name, tuple(witness.values()), f"{tell(late)} found that version again after {tell(done)} was over.")


def _operation_in(register: Register, docket: Docket, places: range, moment: str, value: float) -> Operation | None:
    """The operation on versions at some places that was invoked, or ended, at a moment."""
    made = (write for write in register.makers[places.start : places.stop] if write is not None)
    seen = register.readers(places.start, places.stop)
    return next((op for op in chain(made, seen) if getattr(op, moment) == value and docket.trusts(op)), None)


def _surely_current(register: Register, bounds: Bounds) -> Iterator[Anomaly]:
    """Refusals of a version that was there before they were sent and was still read after they ended."""
    number, place, upper, after = register.evidence.number, register.place, bounds.upper, bounds.after
    for refusal in register.evidence.refused:
        base = refusal.base
        i = place[number[base]] if base in number else -1  # type: ignore[index]
        if i >= 0 and upper[i] < refusal.invoked and after[i] > refusal.returned and refusal.status in CONFLICT:  # type: ignore[operator]
            seen = [op for op in (*_known(register.makers[i]), *register.readers(i)) if op.end < refusal.invoked or op.invoked > refusal.end]
            sentence = f"{tell(refusal)} was refused, though the version it named was current all the while."
            yield Anomaly(Name.SPURIOUS_CONFLICT, (*seen[:1], refusal, *seen[1:][-1:]), sentence)
