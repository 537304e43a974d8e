"""What to call a contradiction in time, and how to tell it: by what the two operations behind it are."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, pairwise
from math import inf

from ifmatch.judge.anomaly import WITNESS, Anomaly, Name, known, tell
from ifmatch.judge.bounds import Bounds, Break, Zones
from ifmatch.judge.clock_free import numbered_backwards
from ifmatch.judge.history import ANY, HistoryError, Kind, Operation, Outcome
from ifmatch.judge.root_causes import RootCauses
from ifmatch.judge.version_order import CONFLICT, VersionOrder

#: So many refusals one after the other, with nobody else about, and the resource is wedged.
WEDGED_AFTER = 3

#: The answer to a write that meets another one (RFC 9110 section 15.5.10; FHIR R4 http.html#concurrency, of locks).
LOCKED = 409


def refused_without_cause(register: VersionOrder, accused: list[tuple[int, Operation]]) -> Iterator[Anomaly]:
    """Names for refusals of a version that was current: a wedge, a round without a winner, or a plain false alarm."""
    by_version: dict[int, list[Operation]] = {}
    for i, refusal in accused:
        by_version.setdefault(i, []).append(refusal)
    met = _met(register.evidence.refused) if by_version else set()
    for i, refusals in by_version.items():
        refusals.sort(key=lambda refusal: refusal.invoked)
        if pair := next((pair for pair in pairwise(refusals) if pair[0].overlaps(pair[1])), None):
            yield _no_winner(register.versions[i], *pair, *refusals)
            continue
        locked_out = [refusal for refusal in refusals if refusal.status == LOCKED and refusal.id in met]
        if locked_out:
            yield _no_winner(register.versions[i], locked_out[0], _refused_beside(locked_out[0], register))
        yield from _alone(register, i, [refusal for refusal in refusals if refusal not in locked_out])


def _alone(register: VersionOrder, i: int, refusals: list[Operation]) -> Iterator[Anomaly]:
    """Names for the refusals of a version with which no other refusal had to do."""
    version, maker = register.versions[i], known(register.makers[i])
    if len(refusals) >= WEDGED_AFTER and i == len(register.makers) - 1:
        since = f" since {tell(maker[0])}" if maker else ""
        refused = f"{len(refusals)} writes that name it were refused, first {tell(refusals[0])}"
        sentence = f"Version {version} is current{since}, yet {refused}."
        yield Anomaly(Name.WEDGED, (*maker, *refusals[: WITNESS - len(maker)]), sentence)
        return
    following = known(register.makers[i + 1]) if i + 1 < len(register.makers) else ()
    until = "".join([f" from {tell(w)}" for w in maker] + [f" until {tell(w)}" for w in following])
    for refusal in refusals:
        silent = _silent_beside(refusal, register)
        if silent is not None:
            yield _no_winner(version, refusal, silent)
        else:
            sentence = (
                f"{tell(refusal)} was refused, though the version it named was current{until or ' all the while'}."
            )
            yield Anomaly(Name.SPURIOUS_CONFLICT, (*maker, refusal, *following), sentence)


def _no_winner(version: str, one: Operation, other: Operation, *more: Operation) -> Anomaly:
    witness = {operation.id: operation for operation in (one, other, *more)}
    told = f"{tell(one)} and {tell(other)} met"
    sentence = f"{told}, and neither was done, though version {version} stayed current: nobody won."
    return Anomaly(Name.NO_WINNER, tuple(witness.values())[:WITNESS], sentence)


def _met(refused: Iterable[Operation]) -> set[int]:
    """The refusals that were in flight together with another one, whatever that one named."""
    met: set[int] = set()
    latest: Operation | None = None
    for one in sorted(refused, key=lambda refusal: refusal.invoked):
        if latest is not None and latest.end >= one.invoked:
            met |= {latest.id, one.id}
        if latest is None or one.end > latest.end:
            latest = one
    return met


def _refused_beside(refusal: Operation, register: VersionOrder) -> Operation:
    return next(other for other in register.evidence.refused if other is not refusal and other.overlaps(refusal))


def _silent_beside(refusal: Operation, register: VersionOrder) -> Operation | None:
    """A write without effect that may have held a lock. A 409 may tell of what is under way, a 412 does not."""
    silent = chain(register.evidence.unknown, register.evidence.aborted) if refusal.status == LOCKED else ()
    return next((w for w in silent if w.invoked <= refusal.end and refusal.invoked <= (w.returned or inf)), None)


@dataclass(frozen=True, slots=True)
class Conflict:
    """A break with the two operations behind it. `done` is None when the version was there from the start."""

    late: Operation
    done: Operation | None
    older: int
    newer: int


def name_of(register: VersionOrder, causes: RootCauses, found: Break) -> Anomaly:
    """The name of a contradiction between two operations, by what they are."""
    conflict = _behind(register, causes, found)
    late, done = conflict.late, conflict.done
    if late.outcome is Outcome.REFUSED:
        return next(refused_without_cause(register, [(found.older, late)]))
    if late.kind is Kind.READ or (
        late.version is None and late.kind is Kind.DELETE and late is not register.makers[found.older]
    ):
        return (_absence if late.version is None else _old_read)(register, conflict)
    version = register.versions[found.newer]
    if done is not None and done.kind is Kind.READ:
        sentence = f"{tell(done)} was over before {tell(late)}, on which version {version} rests, was sent."
        return Anomaly(Name.FUTURE_READ, (done, late), sentence)
    earlier = tell(done) if done is not None else f"the making of version {version}"
    sentence = (
        f"{tell(late)} comes before {earlier} in the order of versions, but was sent only after that was answered."
    )
    return Anomaly(Name.HISTORY_ORDER, (*known(done), late), sentence)


def _behind(register: VersionOrder, causes: RootCauses, found: Break) -> Conflict:
    """Whose bounds they were that do not fit. Looked up only now, so that the sweeps handle nothing but numbers."""
    evidence = register.evidence
    others = chain(
        evidence.gone, (refusal for refusal in evidence.refused if refusal.base == register.versions[found.older])
    )
    late_ones = chain(known(register.makers[found.older]), register.readers(found.older), others)
    late = next(op for op in late_ones if op.invoked == found.late and causes.trusts(op))
    done_ones = chain(known(register.makers[found.newer]), register.readers(found.newer))
    done = next((op for op in done_ones if op.end == found.done and causes.trusts(op)), None)
    return Conflict(late, done, found.older, found.newer)


def _old_read(register: VersionOrder, found: Conflict) -> Anomaly:
    """A read of an old version: past a deletion, past an acknowledged write, or past another read."""
    late, done = found.late, found.done
    deletion = next((i for i in register.deletions if found.older < i <= found.newer), None)
    if deletion is not None:
        witness = known(register.makers[deletion]) or known(done)
        remover = tell(witness[0]) if witness else "a deletion"
        sentence = f"{tell(late)} found version {late.version} again, which {remover} had removed before."
        return Anomaly(Name.RESURRECTED, (*witness, late), sentence)
    following = register.makers[found.older + 1] if found.older < found.newer else None
    if following is not None and following.end < late.invoked:
        done = following
    if done is not None and done.kind is Kind.READ:
        sentence = f"{tell(late)} went back: {tell(done)} had already shown a newer version before it was sent."
        return Anomaly(Name.BACKWARD_READS, (done, late), sentence)
    newer = tell(done) if done is not None else f"version {register.versions[found.newer]}"
    sentence = f"{tell(late)} was sent after {newer} was acknowledged, yet found the older version."
    if done is not None and done.base in (None, ANY) and _listed_backwards(register, late.version, done.version):
        order = f"The server's history lists {tell(done)} after version {late.version}"
        sentence = f"{order}, though by their numbers or dates it came before, and so says {tell(late)}."
        return Anomaly(Name.HISTORY_ORDER, (done, late), sentence)
    return Anomaly(Name.STALE_READ, (*known(done), late), sentence + _since(register, found.older, done, late))


def _since(register: VersionOrder, older: int, done: Operation | None, late: Operation) -> str:
    """What became of a stale read by the last read of all, where that was another one."""
    final = register.evidence.history.final
    if final is None or final.version is None:
        return ""
    if final is late:
        stale = (read for read in register.readers(older) if done is None or read.invoked > done.end)
        first = min(stale, key=lambda read: read.invoked)
        return "" if first is late else f" It was still so {_milliseconds(first, final)} after {tell(first)}."
    newer = register.place[register.evidence.number[final.version]] > older
    return f" {_milliseconds(late, final)} later a read found a newer one." if newer else ""


def _milliseconds(read: Operation, later: Operation) -> str:
    return f"{(later.invoked - read.end) / 1e6:.0f} ms"


def _listed_backwards(register: VersionOrder, old: str | None, new: str | None) -> bool:
    """Whether the server lists two versions in an order that its own numbers or dates do not bear out."""
    dates = {entry.version: entry.updated for entry in register.evidence.history.entries or ()}
    before, after = dates.get(str(old)), dates.get(str(new))
    return numbered_backwards(old, new) or (before is not None and after is not None and after <= before)


def _absence(register: VersionOrder, found: Conflict) -> Anomaly:
    """A read that found nothing, though no deletion was about: it came before one, or a later read contradicts it."""
    late, done = found.late, found.done
    unlisted = _unlisted_delete(register, late)
    if unlisted is not None:
        sentence = f"{tell(unlisted)} was accepted, but the server's history lists no deletion."
        return Anomaly(Name.MISSING, (unlisted, *known(done)), sentence)
    coming = next((i for i in register.deletions if i >= found.older), None)
    deletion = register.makers[coming] if coming is not None else None
    if deletion is not None and late.end < deletion.invoked:
        return Anomaly(
            Name.FUTURE_READ, (late, deletion), f"{tell(late)} found nothing before {tell(deletion)} was sent."
        )
    if coming is not None:
        sentence = f"{tell(late)} found the resource deleted, yet its old content was seen again later."
        return Anomaly(Name.RESURRECTED, (late, *known(deletion)), sentence)
    sentence = f"{tell(late)} found nothing, although " + (
        f"{tell(done)} was over before it was sent." if done else "the resource was there."
    )
    return Anomaly(Name.STALE_READ, (*known(done), late), sentence)


def _unlisted_delete(register: VersionOrder, late: Operation) -> Operation | None:
    """Why nothing was found, where the server lists its history and that holds no deletion: the last accepted one."""
    if register.evidence.history.entries is None or register.deletions:
        return None
    deletes = [o for o in register.evidence.gone if o.kind is Kind.DELETE and o.invoked <= late.end]
    return max(deletes, key=lambda delete: delete.invoked, default=None)


def seen_again(register: VersionOrder, causes: RootCauses, zones: Zones, old: int, new: int) -> Anomaly:
    """A value that is seen, replaced, and seen again."""
    late = _operation_in(register, causes, zones.places(old), "invoked", zones.high[old])
    done = _operation_in(register, causes, zones.places(new), "end", zones.low[new])
    early = _operation_in(register, causes, zones.places(old), "end", zones.low[old])
    if late is None or done is None:  # not so: a clash always has both
        raise HistoryError("A clash of versions without the operations that clash.")
    if late.kind is not Kind.READ:
        sentence = f"{tell(late)} was accepted although {tell(done)} had replaced that version before it was sent."
        return Anomaly(Name.STALE_SUCCESS, (done, late), sentence)
    name = Name.BACKWARD_READS if done.kind is Kind.READ else Name.STALE_READ
    witness = {op.id: op for op in (early, done, late) if op is not None}
    return Anomaly(name, tuple(witness.values()), f"{tell(late)} found that version again after {tell(done)} was over.")


def _operation_in(
    register: VersionOrder, causes: RootCauses, places: range, moment: str, value: float
) -> Operation | None:
    """The operation on versions at some places that was invoked, or ended, at a moment."""
    made = (write for write in register.makers[places.start : places.stop] if write is not None)
    seen = register.readers(places.start, places.stop)
    return next((op for op in chain(made, seen) if getattr(op, moment) == value and causes.trusts(op)), None)


def surely_current(register: VersionOrder, bounds: Bounds, zones: Zones) -> Iterator[Anomaly]:
    """Refusals of a version that was there before they were sent and was still read after they ended."""
    versions, order, upper, after = register.evidence.versions, register.order, bounds.upper, bounds.after
    covered = (i for first in zones.covered for i in zones.places(first))
    lasting: dict[str | None, int] = {versions[order[i]]: i for i in covered if upper[i] < after[i]}
    met: set[int] | None = None
    for refusal in register.evidence.refused:
        i = lasting.get(refusal.base, -1)
        # A refusal has returned: that is how it is known to be one.
        if i < 0 or upper[i] >= refusal.invoked or after[i] <= refusal.returned:  # type: ignore[operator]
            continue
        if refusal.status in CONFLICT:
            met = _met(register.evidence.refused) if met is None else met
            crowded = refusal.status == LOCKED and refusal.id in met
            rival = _refused_beside(refusal, register) if crowded else _silent_beside(refusal, register)
            if rival is not None:
                yield _no_winner(register.versions[i], refusal, rival)
                continue
            seen = [
                op
                for op in (*known(register.makers[i]), *register.readers(i))
                if op.end < refusal.invoked or op.invoked > refusal.end
            ]
            witness = (*seen[:1], refusal, *seen[1:][-1:])
            others = " and ".join(tell(op) for op in witness if op is not refusal)
            sentence = f"{tell(refusal)} was refused, though {others} show that the version it named stayed current."
            yield Anomaly(Name.SPURIOUS_CONFLICT, witness, sentence)
