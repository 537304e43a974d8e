"""What a transaction over several resources must have done as one: judged by what its marks show together.

Each resource is a register of its own, and judged by itself. A transaction promises what no register shows: all of it
or nothing. It puts one and the same marker into each of its entries, so the histories of its resources, side by side,
show what became of it.

- *Half a transaction*: one history has it, another has not. Whoever carries out the first entry and fails at the
  second leaves one, and so do two transactions that each win one of two resources.
- *Transactions in no order*: one history has two transactions in this order, another in that. Every isolation level
  forbids it (Adya, "Weak Consistency", 1999: G0, a cycle of writes).
- *Half a transaction seen*: one answer shows one resource after a transaction and another as it was before (Bailis et
  al., "Scalable Atomic Visibility with RAMP Transactions", SIGMOD 2014: a fractured read).

FHIR says that a transaction succeeds or fails as one, and does not say how far those who look meanwhile are kept from
it. So the first is a fault, and the others are warnings.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, combinations, count, pairwise

from ifmatch.judge.anomaly import Anomaly, Name
from ifmatch.judge.history import ANY, Entry, History, Kind, Operation, Outcome
from ifmatch.judge.wording import described, request

#: Histories by a short name of each resource, in the order in which they were fetched.
Histories = Mapping[str, History]

#: One answer that shows several resources, by the names of these.
Look = Mapping[str, Operation]


@dataclass(slots=True)
class _Transaction:
    """The parts of one transaction by the resources that it writes, and the places of the versions that show it."""

    parts: dict[str, Operation] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether each history has it."""
        return self.parts.keys() == self.places.keys()


def judge_together(histories: Histories, looks: Sequence[Look] = ()) -> tuple[Anomaly, ...]:
    """Name what transactions over several resources did that no transaction does, halves first.

    Only resources whose `_history` shows the markers of all versions can be compared. The operations of the anomalies
    are those of `side_by_side`.
    """
    labelled = _labelled(histories)
    comparable = {name: history for name, history in labelled.items() if _shows_all(history)}
    transactions = _transactions(comparable)
    sights = _labelled_looks(looks, first=sum(len(h.operations) for h in labelled.values()))
    return (
        *_halves(comparable, transactions),
        *_out_of_order(comparable, transactions),
        *_undone_ones_seen(labelled, sights),
        *_halves_seen(comparable, transactions, sights),
    )


def side_by_side(histories: Histories) -> History:
    """Several histories as one to be looked at, not to be judged: versions are written `resource/version`."""
    labelled = _labelled(histories).values()
    return History(
        operations=tuple(operation for history in labelled for operation in history.operations),
        entries=tuple(entry for history in labelled for entry in history.entries or ()),
    )


# ---------------------------------------------------------------- anomalies


def _halves(histories: Histories, transactions: Sequence[_Transaction]) -> Iterator[Anomaly]:
    for transaction in transactions:
        there = [name for name in transaction.parts if name in transaction.places]
        lacking = [name for name in transaction.parts if name not in transaction.places]
        if there and lacking and not _may_have_landed_between(histories, transaction):
            yield _half(histories, transaction, there[0], lacking[-1])


def _may_have_landed_between(histories: Histories, transaction: _Transaction) -> bool:
    """Whether a transaction of unknown outcome may be whole by now.

    It may have landed after the history was fetched that lacks it, and before the next one was.
    """
    operations = transaction.parts.values()
    if any(operation.outcome is not Outcome.UNKNOWN for operation in operations):
        return False
    in_order = [name in transaction.places for name in histories if name in transaction.parts]
    return in_order == sorted(in_order)


def _half(histories: Histories, transaction: _Transaction, there: str, lacking: str) -> Anomaly:
    done, undone = transaction.parts[there], transaction.parts[lacking]
    entry = _entries(histories, there)[transaction.places[there]]
    return Anomaly(
        name=Name.HALF_TRANSACTION,
        operations=(done, undone),
        sentence=f"{described(done)} and {described(undone)} are one transaction. The history of the {there} resource "
        f"has it, as version {entry.version}; that of the {lacking} has not.",
        versions=(entry.version,),
        entries=(entry,),
    )


def _out_of_order(histories: Histories, transactions: Sequence[_Transaction]) -> Iterator[Anomaly]:
    """Where any two transactions stand in opposite orders, two that follow each other do."""
    for one, other in combinations(histories, 2):
        for earlier, later in pairwise(_in_both(transactions, one, other)):
            if earlier.places[other] > later.places[other]:
                yield _no_order(earlier, later, one, other)


def _in_both(transactions: Sequence[_Transaction], one: str, other: str) -> list[_Transaction]:
    """The transactions that two histories have, as they stand in the first."""
    both = [t for t in transactions if one in t.places and other in t.places]
    return sorted(both, key=lambda transaction: transaction.places[one])


def _no_order(earlier: _Transaction, later: _Transaction, one: str, other: str) -> Anomaly:
    first, second = earlier.parts[one], later.parts[one]
    return Anomaly(
        name=Name.NO_ORDER,
        operations=(first, second),
        sentence=f"The history of the {one} resource has {described(first)} before {described(second)}, that of the "
        f"{other} has the same two transactions the other way round.",
    )


def _undone_ones_seen(histories: Histories, looks: Sequence[Look]) -> Iterator[Anomaly]:
    """An answer that shows what a refused transaction sent."""
    refused = _refused(histories)
    for look in looks:
        for name, sight in look.items():
            undone = [refused[marker] for marker in sight.seen if marker in refused]
            if undone:
                yield _ghost(undone[0], sight, name)


def _refused(histories: Histories) -> dict[str, Operation]:
    """What was refused, by the marks that it would have left."""
    everything = chain.from_iterable(history.operations for history in histories.values())
    refused = [operation for operation in everything if operation.outcome is Outcome.REFUSED]
    return {operation.marker: operation for operation in refused if operation.marker}


def _ghost(undone: Operation, sight: Operation, name: str) -> Anomaly:
    sentence = (
        f"{request(sight)} showed the {name} resource as {described(undone)} would have made it."
    )
    return Anomaly(Name.GHOST, (undone, sight), sentence)


def _halves_seen(
    histories: Histories, transactions: Sequence[_Transaction], looks: Sequence[Look]
) -> Iterator[Anomaly]:
    for look in looks:
        shown = _places_shown(histories, look)
        for transaction in transactions:
            if transaction.whole:
                yield from _half_seen(transaction, look, shown)


def _places_shown(histories: Histories, look: Look) -> dict[str, int]:
    """Where the versions that an answer shows stand in the histories of their resources."""
    shown = {}
    for name, sight in look.items():
        versions = [entry.version for entry in _entries(histories, name)]
        if sight.version in versions:
            shown[name] = versions.index(sight.version)
    return shown


def _half_seen(
    transaction: _Transaction, look: Look, shown: Mapping[str, int]
) -> Iterator[Anomaly]:
    parts = [name for name in transaction.parts if name in shown]
    after = [name for name in parts if shown[name] >= transaction.places[name]]
    before = [name for name in parts if shown[name] < transaction.places[name]]
    if after and before:
        done, undone = after[0], before[0]
        write, sight = transaction.parts[done], look[undone]
        yield Anomaly(
            name=Name.HALF_SEEN,
            operations=(write, look[done], sight),
            sentence=f"{request(sight)} showed the {done} resource as {described(write)} or a later write made it, "
            f"and the {undone} as it was before that transaction.",
        )


# ---------------------------------------------------------------- what stands where


def _transactions(histories: Histories) -> list[_Transaction]:
    """The transactions with the places at which their marks are shown."""
    by_marker: dict[str, _Transaction] = {}
    for name, history in histories.items():
        places = _places(history)
        for marker, part in _marked_parts(history):
            common = marker.removeprefix(f"{name}/")
            transaction = by_marker.setdefault(common, _Transaction())
            transaction.parts[name] = part
            if marker in places:
                transaction.places[name] = places[marker]
    return list(by_marker.values())


def _marked_parts(history: History) -> Iterator[tuple[str, Operation]]:
    """The parts of transactions that bear a mark, each with it."""
    for operation in history.operations:
        if operation.kind is Kind.PART and operation.marker:
            yield operation.marker, operation


def _places(history: History) -> dict[str, int]:
    """Where each marker is shown first."""
    places: dict[str, int] = {}
    for place, entry in enumerate(history.entries or ()):
        for marker in entry.markers:
            places.setdefault(marker, place)
    return places


def _shows_all(history: History) -> bool:
    """Whether what is not shown is not there: each version since the initial one shows its marker, or is a deletion."""
    if history.entries is None:
        return False
    versions = [entry.version for entry in history.entries]
    first = versions.index(history.initial) + 1 if history.initial in versions else 0
    return all(entry.markers or entry.deleted for entry in history.entries[first:])


def _entries(histories: Histories, name: str) -> tuple[Entry, ...]:
    return histories[name].entries or () if name in histories else ()


# ---------------------------------------------------------------- names


def _labelled(histories: Histories) -> dict[str, History]:
    """The same histories with operations, versions and markers that can be told apart."""
    numbers = count()
    return {name: _renamed(name, history, numbers) for name, history in histories.items()}


def _renamed(name: str, history: History, numbers: Iterator[int]) -> History:
    operations = [_named(name, operation, next(numbers)) for operation in history.operations]
    entries = None
    if history.entries is not None:
        entries = tuple(_named_entry(name, entry) for entry in history.entries)
    return History(tuple(operations), entries, initial=_label(name, history.initial))


def _labelled_looks(looks: Sequence[Look], first: int) -> list[Look]:
    numbers = count(first)
    return [
        {name: _named(name, sight, next(numbers)) for name, sight in look.items()} for look in looks
    ]


def _named(name: str, operation: Operation, number: int) -> Operation:
    base = operation.base
    return replace(
        operation,
        id=number,
        base=base if base == ANY else _label(name, base),
        marker=_label(name, operation.marker),
        version=_label(name, operation.version),
        seen=_labels(name, operation.seen),
    )


def _named_entry(name: str, entry: Entry) -> Entry:
    return replace(entry, version=f"{name}/{entry.version}", markers=_labels(name, entry.markers))


def _labels(name: str, words: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{name}/{word}" for word in words)


def _label(name: str, word: str | None) -> str | None:
    return None if word is None else f"{name}/{word}"
