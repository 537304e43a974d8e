"""A correct server and its clients in simulated time: what a race could have recorded; and ways to spoil it."""

import heapq
import random
from dataclasses import dataclass, replace
from itertools import count

from ifmatch.judge.history import ANY, Entry, History, Kind, Operation, Outcome


@dataclass(frozen=True)
class World:
    """What the clients do and what the target shows. The shares are probabilities."""

    operations: int = 10
    clients: int = 3
    history: bool = True
    named: float = 0.7  # writes that name a version
    any: float = 0.05  # writes that name any
    reads: float = 0.35
    deletes: float = 0.08
    nameless: float = 0.0  # deletions answered without their version
    unknown: float = 0.1
    unknown_deletes: bool = True
    gone: bool = True  # keep reads that find nothing
    refusals: bool = True  # keep refusals
    existing: bool = True
    foreign: float = 0.05
    pause: int = 8


#: Without `_history`, in the cases in which the judge is exact.
CHAIN = World(history=False, named=1, any=0, unknown_deletes=False, foreign=0)
VALUES = World(
    history=False, named=0.5, any=0, unknown_deletes=False, foreign=0, gone=False, refusals=False
)
CLAIMED = World()
#: And those in which it only promises to accuse nobody wrongly.
LOOSE = (
    World(nameless=0.6, deletes=0.25),
    World(nameless=0.6, deletes=0.25, history=False, foreign=0),
    World(history=False, named=0.6, any=0.1, foreign=0),
)


def simulate(world: World, rng: random.Random) -> History:
    """One run of the world on a server without faults."""
    return _Run(world, rng).history()


class _Run:
    def __init__(self, world: World, rng: random.Random) -> None:
        self.world, self.rng = world, rng
        self.names = rng.sample(range(100_000_000), world.operations * 2 + 2)
        self.entries: list[Entry] = []
        self.records: list[Operation] = []
        self.seen: dict[int, str | None] = dict.fromkeys(range(world.clients))
        self.events: list[tuple[int, int, str, object]] = []
        self.ids = count(1)
        if world.existing:
            self.entries.append(Entry(self.fresh(), ("m0",), method="POST"))
            self.seen = dict.fromkeys(self.seen, self.entries[0].version)

    def fresh(self) -> str:
        return f"{self.names.pop():x}"

    def history(self) -> History:
        initial = self.entries[0].version if self.entries else None
        for client in range(self.world.clients):
            self.at(self.rng.randrange(self.world.pause), "invoke", client)
        while self.events:
            now, _, phase, what = heapq.heappop(self.events)
            getattr(self, phase)(now, what)
        kept = tuple(o for o in self.records if self.keeps(o))
        claimed = self.world.history
        return History(
            kept,
            tuple(self.entries) if claimed else None,
            initial=None if claimed and self.rng.random() < 0.5 else initial,
        )

    def keeps(self, operation: Operation) -> bool:
        gone = operation.kind is Kind.READ and operation.status == 410
        return (self.world.gone or not gone) and (
            self.world.refusals or operation.outcome is not Outcome.REFUSED
        )

    def at(self, time: int, phase: str, what: object) -> None:
        heapq.heappush(self.events, (time, next(self.ids), phase, what))

    def invoke(self, now: int, client: int) -> None:
        number = len(self.records) + 1
        if number > self.world.operations:
            return
        kind = self.kind()
        base = None if kind is Kind.READ else self.base(client)
        marker = None if kind in (Kind.READ, Kind.DELETE) else f"m{number}"
        self.records.append(
            Operation(number, f"w{client}", kind, now, None, Outcome.UNKNOWN, None, base, marker)
        )
        self.at(now + self.rng.randrange(self.world.pause), "commit", (number, client))
        if self.rng.random() < self.world.foreign:
            self.entries.append(Entry(self.fresh(), (f"f{number}",)))

    def kind(self) -> Kind:
        draw = self.rng.random()
        if draw < self.world.reads:
            return Kind.READ
        if draw < self.world.reads + self.world.deletes:
            return Kind.DELETE
        return self.rng.choice((Kind.UPDATE, Kind.UPDATE, Kind.PATCH, Kind.TRANSACTION))

    def base(self, client: int) -> str | None:
        draw = self.rng.random()
        if draw < self.world.named:
            return self.seen[client]
        return ANY if draw < self.world.named + self.world.any else None

    def commit(self, now: int, what: tuple[int, int]) -> None:
        number, client = what
        record = self.records[number - 1]
        current = self.entries[-1] if self.entries else None
        live = current is not None and not current.deleted
        lost = record.kind is not Kind.READ and self.rng.random() < self.world.unknown
        if lost and record.kind is Kind.DELETE and not self.world.unknown_deletes:
            lost = False
        if lost and self.rng.random() < 0.5:
            return self.lose(now, client, record)
        if record.kind is Kind.READ:
            done = replace(record, returned=now, outcome=Outcome.OK, status=200 if live else 410)
            if live:
                done = replace(done, version=current.version, seen=current.markers)
        elif self.agrees(record, current):
            done = self.write(record, now)
        else:
            done = replace(
                record, returned=now, outcome=Outcome.REFUSED, status=self.rng.choice((409, 412))
            )
        if lost:
            return self.lose(now, client, record)
        self.at(now + self.rng.randrange(self.world.pause), "answer", (done, client))
        return None

    def agrees(self, record: Operation, current: Entry | None) -> bool:
        live = current is not None and not current.deleted
        if record.base == ANY:
            return live
        if record.base is None:
            return self.world.named < 1 or current is None
        return current is not None and record.base == current.version

    def write(self, record: Operation, now: int) -> Operation:
        done = replace(record, returned=now, outcome=Outcome.OK, status=200)
        current = self.entries[-1] if self.entries else None
        nameless = record.kind is Kind.DELETE and self.rng.random() < self.world.nameless
        if nameless and (current is None or current.deleted):
            return done
        markers = () if record.kind is Kind.DELETE else (str(record.marker),)
        self.entries.append(
            Entry(self.fresh(), markers, method="DELETE" if record.kind is Kind.DELETE else "PUT")
        )
        return done if nameless else replace(done, version=self.entries[-1].version)

    def lose(self, now: int, client: int, record: Operation) -> None:
        answered = self.rng.random() < 0.5
        done = replace(record, returned=now if answered else None, status=500 if answered else None)
        self.records[record.id - 1] = done
        self.at(now + 1 + self.rng.randrange(self.world.pause), "invoke", client)

    def answer(self, now: int, what: tuple[Operation, int]) -> None:
        done, client = what
        self.records[done.id - 1] = replace(done, returned=now)
        self.seen[client] = done.version or self.seen[client]
        self.at(now + 1 + self.rng.randrange(self.world.pause), "invoke", client)


def spoil(history: History, rng: random.Random) -> History:
    """A history changed in one place at random. It may still be explicable: that is for the oracle to say."""
    operations = list(history.operations)
    if history.entries and rng.random() < 0.25:
        return replace(history, entries=_spoilt_entries(history.entries, rng))
    if operations:
        i = rng.randrange(len(operations))
        operations[i] = rng.choice((_moved, _moved, _reseen, _rebased, _turned))(
            operations[i], history, rng
        )
    return replace(history, operations=tuple(operations))


def _spoilt_entries(entries: tuple[Entry, ...], rng: random.Random) -> tuple[Entry, ...]:
    changed = list(entries)
    i = rng.randrange(len(changed))
    if rng.random() < 0.5 and i:
        changed[i - 1], changed[i] = changed[i], changed[i - 1]
    elif rng.random() < 0.5:
        del changed[i]
    else:
        changed[i] = replace(changed[i], markers=rng.choice(entries).markers)
    return tuple(changed)


def _moved(operation: Operation, history: History, rng: random.Random) -> Operation:
    by = rng.randrange(-20, 21)
    returned = None if operation.returned is None else operation.returned + by + rng.randrange(4)
    return replace(operation, invoked=operation.invoked + by, returned=returned)


def _reseen(operation: Operation, history: History, rng: random.Random) -> Operation:
    if operation.kind is not Kind.READ:
        return _moved(operation, history, rng)
    others = [o for o in history.operations if o.kind is Kind.READ or o.version]
    other = rng.choice(others) if others else operation
    if other.kind is Kind.READ:
        return replace(operation, version=other.version, seen=other.seen, status=other.status)
    seen = (other.marker,) if other.marker else ()
    return replace(operation, version=other.version, seen=seen, status=200) if seen else operation


def _rebased(operation: Operation, history: History, rng: random.Random) -> Operation:
    known = [o.base for o in history.operations if o.base not in (None, ANY)]
    return (
        replace(operation, base=rng.choice(known))
        if known and operation.base not in (None, ANY)
        else operation
    )


def _turned(operation: Operation, history: History, rng: random.Random) -> Operation:
    if operation.kind is Kind.READ or operation.returned is None or operation.base is None:
        return _moved(operation, history, rng)
    if operation.outcome is Outcome.REFUSED:
        version = f"x{operation.id}"
        return replace(operation, outcome=Outcome.OK, status=200, version=version)
    if operation.outcome is Outcome.OK and operation.kind is not Kind.DELETE:
        return replace(operation, outcome=Outcome.REFUSED, status=412, version=None)
    return operation
