"""What a history proves. A pure function: no clock, no network, no search.

Three phases, each on what the one before left standing. First the *writes*: who made which version, from the links (If-Match),
the markers and the server's own `_history`, all without a clock; then whether the order of versions fits the times of the
writes. Then the *reads*, then the *refusals*, by the bounds of `ifmatch.race.bounds`. One false bound would otherwise surface
as something else further down: a stale read looks like a refusal without cause.

Without `_history` the order of versions is that of the links. Where writes that name no version break the chain into several,
each stretch of linked versions is treated as one value (Gibbons and Korach 1997); refusals are then accused only when two
reads prove them wrong, and reads that found nothing are left alone.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice, pairwise
from math import inf

from ifmatch.race.anomaly import WITNESS, Anomaly, Name, answer, request, tell
from ifmatch.race.bounds import Bounds, Break, clashes, contradicted_refusals, zones
from ifmatch.race.evidence import Evidence, gather, names_a_version
from ifmatch.race.history import ANY, Entry, History, Kind, Operation, Outcome

#: The answers that claim "the version you name is not current" (RFC 9110 section 13.1.1; FHIR R4 http.html#concurrency).
CONFLICT = frozenset({409, 412})

#: So many refusals one after the other, with nobody else about, and the resource is wedged.
WEDGED_AFTER = 3

#: A server that breaks one rule all the time need not be told so a million times.
LIMIT = 100


def judge(history: History) -> tuple[Anomaly, ...]:
    """The anomalies in a history, root causes first, their consequences left out. Empty when all can be explained."""
    evidence, docket = gather(history), Docket()
    for check in CLOCK_FREE:
        docket.hear(check(evidence))
    order = _claimed_order(history) or _linked_order(evidence)
    if order is None:
        docket.hear(_circle(evidence))
    else:
        (_judge_values if len(order.starts) > 1 else _judge_order)(evidence, order, docket)
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
        for charge in islice(charges, LIMIT):
            ids, versions = {operation.id for operation in charge.operations}, set(charge.versions)
            if ids.isdisjoint(self.operations) and versions.isdisjoint(self.versions):
                self.anomalies.append(charge)
                self.operations |= ids
                self.versions |= versions

    def credible(self, operations: list[Operation]) -> list[Operation]:
        """Those operations that nothing has discredited."""
        if not self.operations and not self.versions:
            return operations
        return [op for op in operations if op.id not in self.operations and op.version not in self.versions]


# Phase one, without a clock: links, markers, and the server's own history.


def _duplicate_versions(evidence: Evidence) -> Iterator[Anomaly]:
    for version, write, first in evidence.twice:
        if first is None:
            sentence = f"{tell(write)} was told that it made version {version}, which was there before."
            yield Anomaly(Name.DUPLICATE_VERSION, (write,), sentence, (version,))
        else:
            sentence = f"{tell(first)} and {tell(write)} were both told that they made version {version}."
            yield Anomaly(Name.DUPLICATE_VERSION, (first, write), sentence, (version,))
    for one, other in _repeated(evidence.history.entries or ()):
        sentence = f"The server's history lists version {one.version} twice."
        yield Anomaly(Name.DUPLICATE_VERSION, _makers(evidence, one), sentence, (one.version,), (one, other))


def _repeated(entries: tuple[Entry, ...]) -> Iterator[tuple[Entry, Entry]]:
    if len({entry.version for entry in entries}) < len(entries):
        seen: dict[str, Entry] = {}
        for entry in entries:
            if (first := seen.setdefault(entry.version, entry)) is not entry:
                yield first, entry


def _duplicate_creates(evidence: Evidence) -> Iterator[Anomaly]:
    """More creations under one condition than deletions could have made room for."""
    creations = [w for w in evidence.accepted if w.status == 201 and w.kind in (Kind.CREATE, Kind.CONDITIONAL_UPDATE)]
    deletions = sum(w.kind is Kind.DELETE for w in chain(evidence.accepted, evidence.unknown))
    there = evidence.history.initial is not None
    if len(creations) + there > 1 + deletions:
        told = " and ".join(map(tell, creations[:2]))
        yield Anomaly(Name.DUPLICATE_CREATE, tuple(creations[:WITNESS]), f"{told} each made a resource, though one condition allows one.")
    for search in evidence.found:
        if (search.matches or 0) > 1:
            sentence = f"{request(search)} found {search.matches} resources where the condition allows one."
            yield Anomaly(Name.DUPLICATE_CREATE, (*creations[: WITNESS - 1], search), sentence)


def _forks(evidence: Evidence) -> Iterator[Anomaly]:
    first_child: dict[str | None, Operation] = {}
    doubtful = {write.id for write in evidence.gone}
    bound = (write for write in evidence.made.values() if write.outcome is Outcome.UNKNOWN)
    for write in chain(evidence.accepted, bound):
        base = write.base
        if base is None or base == ANY or write.id in doubtful:
            continue
        first = first_child.setdefault(base, write)
        if first is not write:
            yield _fork(*sorted((first, write), key=lambda w: w.invoked))


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
    entries = evidence.history.entries
    if entries is None:
        return
    listed = {entry.version for entry in entries}
    telling = all(entry.markers or entry.deleted for entry in entries)
    bound = {id(write) for write in evidence.made.values()}
    for write in evidence.accepted:
        if write.version is None and (write.kind is Kind.DELETE or not telling or id(write) in bound):
            continue
        if write.version not in listed:
            sentence = f"{tell(write)} was accepted, but the server's history does not have it."
            yield Anomaly(Name.MISSING, (write,), sentence, (write.version,) if write.version else (), entries[-1:])


def _changed(evidence: Evidence) -> Iterator[Anomaly]:
    for read in evidence.differing:
        version = str(read.version)
        before = evidence.content[version]
        if len(read.seen) == len(before) == 1:
            first, entries = evidence.first_sight(version), _entries(evidence, version)
            reads = (first, read) if first is not None and first is not read else (read,)
            sentence = f"{tell(read)} found {_held(read.seen)}, where version {version} was seen to hold {_held(before)}."
            yield Anomaly(Name.CHANGED, reads, sentence, (version,), entries)


def _other_content(evidence: Evidence) -> Iterator[Anomaly]:
    for stray in evidence.strays:
        claimant = evidence.made.get(stray.version)
        if claimant is not None:
            whose = f"what {tell(stray.owner)} sent" if stray.owner else f"the marker {stray.marker} of nobody we know"
            sentence = f"{tell(claimant)} was told that it made version {stray.version}, which holds {whose}."
            yield Anomaly(Name.OTHER_CONTENT, (claimant, *_known(stray.owner)), sentence, (stray.version,), _entries(evidence, stray.version))


def _phantoms(evidence: Evidence) -> Iterator[Anomaly]:
    """Versions that are read or named, but that nobody made. A write that we know nothing more of may have made one."""
    known = _known_versions(evidence)
    hidden = next(evidence.unobserved, None) is not None and evidence.history.entries is None
    for read in evidence.reads:
        if read.version not in known and (read.seen or not hidden):
            yield Anomaly(Name.PHANTOM, (read,), f"{tell(read)} found a version that nobody made.", (str(read.version),))
    for write in chain(evidence.accepted, evidence.made.values()):
        if write.base is not None and write.base not in known and write.base != ANY:
            yield Anomaly(Name.PHANTOM, (write,), f"{tell(write)} replaced a version that nobody made.", (str(write.base),))


def _known_versions(evidence: Evidence) -> set[str | None]:
    """The versions that exist: those that `_history` lists, or those that we know the makers of. What refused writes made exists too."""
    entries = evidence.history.entries
    if entries is not None:
        return {entry.version for entry in entries}
    return {evidence.history.initial, *evidence.made, *(stray.version for stray in evidence.strays if stray.owner is not None)}


def _torn(evidence: Evidence) -> Iterator[Anomaly]:
    whole = ((version, seen) for version, seen in evidence.content.items() if len(seen) > 1)
    later = ((str(read.version), read.seen) for read in evidence.differing if len(read.seen) > 1)
    for version, seen in chain(whole, later):
        read = _known(evidence.first_sight(version))
        writers = evidence.writers_of(seen)[: WITNESS - len(read)]
        sentence = f"Version {version} holds {_held(seen)}: parts of what {' and '.join(map(tell, writers)) or 'others'} sent."
        yield Anomaly(Name.TORN, (*writers, *read), sentence, (version,), _entries(evidence, version))


def _doubles(evidence: Evidence) -> Iterator[Anomaly]:
    for stray in evidence.strays:
        owner = stray.owner
        if owner is not None and owner.outcome in (Outcome.OK, Outcome.UNKNOWN) and stray.version not in evidence.made:
            versions = [v for v, seen in evidence.content.items() if stray.marker in seen][:2]
            entries = tuple(entry for version in versions for entry in _entries(evidence, version))
            sentence = f"{tell(owner)} was sent once and made the versions {' and '.join(versions)}."
            yield Anomaly(Name.DOUBLE_APPLY, (owner,), sentence, tuple(versions), entries)


def _applied(outcome: Outcome, name: Name, why: str) -> Callable[[Evidence], Iterator[Anomaly]]:
    """The check for versions made by writes of an outcome that must leave no trace."""

    def check(evidence: Evidence) -> Iterator[Anomaly]:
        for stray in evidence.strays:
            if stray.owner is not None and stray.owner.outcome is outcome and stray.version not in evidence.made:
                sentence = f"{tell(stray.owner)} {why}, and yet version {stray.version} holds what it sent."
                yield Anomaly(name, (stray.owner,), sentence, (stray.version,), _entries(evidence, stray.version))

    return check


def _skipped(evidence: Evidence) -> Iterator[Anomaly]:
    made = evidence.made.get
    for before, entry in pairwise(chain((None,), evidence.history.entries or ())):
        write = made(entry.version) if entry is not None else None
        if write is None or write.base is None or (before is not None and write.base == before.version):
            continue
        if write.base == ANY and before is not None and not before.deleted:
            continue
        between = _makers(evidence, before) if before is not None else ()
        replaced = "nothing" if before is None else f"the deletion {before.version}" if before.deleted else f"version {before.version}"
        sentence = f"{tell(write)} made version {entry.version}, which in the server's history replaced {replaced}."
        sentence += f" {tell(between[0])} is overwritten unseen." if between else ""
        yield Anomaly(Name.SKIPPED, (*between, write), sentence, (entry.version,), (before, entry) if before else (entry,))


def _updated_backwards(evidence: Evidence) -> Iterator[Anomaly]:
    """lastUpdated has a coarse resolution, so equal ones are fine."""
    for old, new in pairwise(entry for entry in evidence.history.entries or () if entry.updated is not None):
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
    _phantoms,
    _skipped,
    _updated_backwards,
)


def _makers(evidence: Evidence, entry: Entry) -> tuple[Operation, ...]:
    return _known(evidence.made.get(entry.version))


def _known(operation: Operation | None) -> tuple[Operation, ...]:
    return () if operation is None else (operation,)


def _entries(evidence: Evidence, version: str) -> tuple[Entry, ...]:
    return tuple(entry for entry in evidence.history.entries or () if entry.version == version)[:1]


def _held(markers: Iterable[str]) -> str:
    return " and ".join(f"marker {marker}" for marker in markers) or "no marker"


# Phases two and three, by the clock: bounds on the moments of commitment.


@dataclass(frozen=True, slots=True)
class Order:
    """The versions in their order. `starts` are the places where a stretch of linked versions begins."""

    versions: list[str]
    starts: frozenset[int] = frozenset({0})


def _claimed_order(history: History) -> Order | None:
    """The order that `_history` claims, None where there is none."""
    return None if history.entries is None else Order([entry.version for entry in history.entries])


def _linked_order(evidence: Evidence) -> Order | None:
    """The order that the links give, stretch by stretch; None when versions fork, or hang in the air."""
    initial = evidence.history.initial
    child = {write.base: version for version, write in evidence.made.items() if names_a_version(write)}
    roots = [version for version, write in evidence.made.items() if not names_a_version(write)]
    versions: list[str] = []
    starts = set()
    for root in ([initial] if initial is not None else []) + roots:
        starts.add(len(versions))
        version: str | None = root
        while version is not None:
            versions.append(version)
            version = child.pop(version, None)
    complete = len(versions) == len(evidence.made) + (initial is not None)
    return Order(versions, frozenset(starts) or frozenset({0})) if complete else None


def _circle(evidence: Evidence) -> Iterator[Anomaly]:
    """Links that lead back to where they began: some write named a version that was made from its own."""
    child = {write.base: write for write in evidence.made.values() if names_a_version(write)}
    version_of = {id(write): version for version, write in evidence.made.items()}
    checked: set[int] = set()
    for start in child.values():
        path: dict[int, Operation] = {}
        write: Operation | None = start
        while write is not None and id(write) not in checked:
            checked.add(id(write))
            path[id(write)] = write
            write = child.get(version_of[id(write)])
        if write is not None and id(write) in path:
            early, late = sorted(path.values(), key=lambda w: w.invoked)[:: len(path) - 1] if len(path) > 1 else (write, write)
            sentence = f"{tell(early)} named a version that was made, by way of {tell(late)}, from what it made itself."
            yield Anomaly(Name.HISTORY_ORDER, tuple({early.id: early, late.id: late}.values()), sentence)


@dataclass(slots=True)
class _Register:
    """The versions in order, with all that the sentences about them need."""

    evidence: Evidence
    order: Order
    number: dict[str | None, int]
    makers: list[Operation | None]
    deletions: list[int]

    def bounds(self, docket: Docket) -> Bounds:
        """The bounds by the credible writes."""
        bounds = Bounds(len(self.makers), self.order.starts)
        distrusted = docket.operations
        trusted = [None if w is None or w.id in distrusted else w for w in self.makers] if distrusted else self.makers
        bounds.add_writes(trusted)
        if self.order.versions and self.order.versions[0] == self.evidence.history.initial:
            bounds.upper[0] = -inf  # it was there before the first operation
        return bounds


def _register(evidence: Evidence, order: Order) -> _Register:
    makers = list(map(evidence.made.get, order.versions))
    number: dict[str | None, int] = {version: i for i, version in enumerate(order.versions)}
    if evidence.history.entries is not None:
        deletions = [i for i, entry in enumerate(evidence.history.entries) if entry.deleted]
    else:
        deletions = [i for i, write in enumerate(makers) if write is not None and write.kind is Kind.DELETE]
    return _Register(evidence, order, number, makers, deletions)


def _judge_order(evidence: Evidence, order: Order, docket: Docket) -> None:
    """All versions stand in one order: exact."""
    register = _register(evidence, order)
    bounds = register.bounds(docket)
    _, breaks = bounds.moments()
    if breaks:
        docket.hear(_name(register, b) for b in breaks)
        bounds = register.bounds(docket)
    absences = docket.credible(evidence.gone) if _absences_count(evidence) else []
    moments = _judge_reads(register, bounds, absences, docket)
    _judge_refusals(register, bounds, absences, moments, docket)


def _absences_count(evidence: Evidence) -> bool:
    """Without `_history`, a deletion of which we do not know what it did may explain any read that found nothing."""
    return evidence.history.entries is not None or not any(w.kind is Kind.DELETE for w in chain(evidence.unknown, evidence.gone))


def _judge_reads(register: _Register, bounds: Bounds, absences: list[Operation], docket: Docket) -> list[float]:
    """Phase two. Returns the least moments that explain all reads that are not accused."""
    bounds.add_reads(docket.credible(register.evidence.reads), register.number.get)
    moments, breaks = bounds.moments()
    docket.hear(_name(register, b) for b in breaks)
    if absences:
        bounds.raise_for_absences(absences, register.deletions, moments)
        moments, breaks = bounds.moments()
        docket.hear(_name(register, b) for b in breaks)
    return moments


def _judge_refusals(
    register: _Register, bounds: Bounds, absences: list[Operation], moments: list[float], docket: Docket
) -> None:
    """Phase three. A refusal that named a deletion may move it, and with it what the reads that found nothing ask for."""
    refusals: dict[int, list[Operation]] = {}
    number = register.number.get
    for refusal in register.evidence.refused:
        i = number(refusal.base)
        if i is not None and refusal.status in CONFLICT:
            refusals.setdefault(i, []).append(refusal)
    tail = _tail(register, bounds, moments)
    deletions = register.deletions if absences else []
    while True:
        begun = [moments[i] for i in deletions]
        accused = list(contradicted_refusals(bounds, moments, refusals, tail))
        docket.hear(_refused_without_cause(register, accused))
        if accused or begun == [moments[i] for i in deletions]:
            return
        bounds.raise_for_absences(absences, deletions, moments)
        moments, breaks = bounds.moments()
        docket.hear(_name(register, b) for b in breaks)
        if breaks:
            return


def _tail(register: _Register, bounds: Bounds, moments: list[float]) -> float:
    """The earliest moment at which the last version may have been replaced by a write that nobody saw: never, with `_history`."""
    if register.evidence.history.entries is not None or not moments:
        return inf
    asked = (None, ANY, register.order.versions[-1])
    doubtful = (delete for delete in register.evidence.gone if delete.kind is Kind.DELETE)
    unseen = (write for write in register.evidence.unobserved if write.base in asked)
    return max(moments[-1], bounds.after[-1], min((write.invoked for write in chain(doubtful, unseen)), default=inf))


def _refused_without_cause(register: _Register, accused: list[tuple[Operation, int]]) -> Iterator[Anomaly]:
    """Names for refusals of a version that was current: a wedge, a round without a winner, or a plain false alarm."""
    by_version: dict[int, list[Operation]] = {}
    for refusal, i in accused:
        by_version.setdefault(i, []).append(refusal)
    for i, refusals in by_version.items():
        refusals.sort(key=lambda refusal: refusal.invoked)
        version, maker = register.order.versions[i], _known(register.makers[i])
        together = any(one.overlaps(other) for one, other in pairwise(refusals))
        if together:
            sentence = f"{tell(refusals[0])} and {tell(refusals[1])} were both refused, though version {version} stayed current: nobody won."
            yield Anomaly(Name.NO_WINNER, tuple(refusals[:WITNESS]), sentence)
        elif len(refusals) >= WEDGED_AFTER and i == len(register.makers) - 1:
            sentence = f"Version {version} is current, yet {len(refusals)} writes that name it were refused, such as {tell(refusals[0])}."
            yield Anomaly(Name.WEDGED, (*maker, *refusals[: WITNESS - len(maker)]), sentence)
        else:
            following = _known(register.makers[i + 1]) if i + 1 < len(register.makers) else ()
            for refusal in refusals:
                sentence = f"{tell(refusal)} was refused, though the version it named was current all the while."
                yield Anomaly(Name.SPURIOUS_CONFLICT, (refusal, *(m for m in (*maker, *following) if m.overlaps(refusal) or m in maker)), sentence)


def _name(register: _Register, found: Break) -> Anomaly:
    """The name of a contradiction between two operations, by what they are."""
    late, done = found.late, found.done
    if late in register.evidence.gone:
        return _absence(register, found)
    if late.outcome is Outcome.REFUSED:
        return next(_refused_without_cause(register, [(late, found.older)]))
    if late.kind is Kind.READ:
        return _old_read(register, found)
    version = register.order.versions[found.newer]
    if done is not None and done.kind is Kind.READ:
        sentence = f"{tell(done)} was over before {tell(late)}, on which version {version} rests, was sent."
        return Anomaly(Name.FUTURE_READ, (done, late), sentence)
    done_told = tell(done) if done is not None else f"the making of version {version}"
    sentence = f"{tell(late)} comes before {done_told} in the order of versions, but was sent only after that was answered."
    return Anomaly(Name.HISTORY_ORDER, (*_known(done), late), sentence)


def _old_read(register: _Register, found: Break) -> Anomaly:
    """A read of an old version: past a deletion, past an acknowledged write, or past another read."""
    late, done = found.late, found.done
    deletion = next((i for i in register.deletions if found.older < i <= found.newer), None)
    if deletion is not None:
        witness = _known(register.makers[deletion]) or _known(done)
        sentence = f"{tell(late)} found version {late.version}, although it had been deleted" + (f" by {tell(witness[0])}" if witness else "") + " before the read was sent."
        return Anomaly(Name.RESURRECTED, (*witness, late), sentence)
    following = register.makers[found.older + 1]
    if following is not None and following.end < late.invoked:
        done = following
    if done is not None and done.kind is Kind.READ:
        sentence = f"{tell(late)} went back: {tell(done)} had already shown a newer version before it was sent."
        return Anomaly(Name.BACKWARD_READS, (done, late), sentence)
    newer = tell(done) if done is not None else f"version {register.order.versions[found.newer]}"
    return Anomaly(Name.STALE_READ, (*_known(done), late), f"{tell(late)} was sent after {newer} was acknowledged, yet found the older version.")


def _absence(register: _Register, found: Break) -> Anomaly:
    """A read that found nothing, though no deletion was about: it came before one, or was contradicted by a later read."""
    late, done = found.late, found.done
    coming = next((register.makers[i] for i in register.deletions if i >= found.older), None)
    if coming is not None and late.end < coming.invoked:
        return Anomaly(Name.FUTURE_READ, (late, coming), f"{tell(late)} found nothing before {tell(coming)} was sent.")
    if any(i >= found.older for i in register.deletions):
        sentence = f"{tell(late)} found the resource deleted, yet its old content was seen again later."
        return Anomaly(Name.RESURRECTED, (late, *_known(coming)), sentence)
    sentence = f"{tell(late)} found nothing, although " + (f"{tell(done)} was over before it was sent." if done else "the resource was there.")
    return Anomaly(Name.STALE_READ, (*_known(done), late), sentence)


def _judge_values(evidence: Evidence, order: Order, docket: Docket) -> None:
    """Several stretches whose order nobody tells: each must be in order by itself, and their zones must not collide."""
    register = _register(evidence, order)
    bounds = register.bounds(docket)
    bounds.add_reads(docket.credible(evidence.reads), register.number.get)
    _, breaks = bounds.moments()
    docket.hear(_name(register, b) for b in breaks)
    if not breaks:
        docket.hear(_seen_again(*pair) for pair in clashes(zones(bounds)))
    docket.hear(_surely_current(register, bounds))


def _seen_again(old, new) -> Anomaly:  # type: ignore[no-untyped-def]
    late, done = old.began, new.ended
    if late.kind is not Kind.READ:
        sentence = f"{tell(late)} was accepted although {tell(done)} had replaced that version before it was sent."
        return Anomaly(Name.STALE_SUCCESS, (done, late), sentence)
    name = Name.BACKWARD_READS if done.kind is Kind.READ else Name.STALE_READ
    first = _known(old.ended if old.ended not in (late, done) else None)
    return Anomaly(name, (*first, done, late), f"{tell(late)} found that version again after {tell(done)} was over.")


def _surely_current(register: _Register, bounds: Bounds) -> Iterator[Anomaly]:
    """Refusals of a version that was there before they were sent and was still read after they ended."""
    for refusal in register.evidence.refused:
        i = register.number.get(refusal.base)
        if i is not None and refusal.status in CONFLICT and bounds.upper[i] < refusal.invoked and bounds.after[i] > refusal.end:
            witness = {op.id: op for op in (refusal, bounds.upper_by[i], bounds.after_by[i]) if op is not None}
            sentence = f"{tell(refusal)} was refused, though the version it named was current all the while."
            yield Anomaly(Name.SPURIOUS_CONFLICT, tuple(witness.values()), sentence)
