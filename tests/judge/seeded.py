"""Histories with one known fault: a clean run, an episode in which the server errs, and a clean run after it."""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count

from ifmatch.judge.anomaly import Name
from ifmatch.judge.history import Entry, History, Kind, Operation, Outcome
from tests.judge.simulate import World, simulate

OK, REFUSED, ABORTED = Outcome.OK, Outcome.REFUSED, Outcome.ABORTED
START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Scene:
    """Where an episode plays: the version that is current, the time, and what it leaves behind."""

    rng: random.Random
    version: str
    marker: str
    now: int
    ids: Iterator[int]
    operations: list[Operation] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    last: bool = False
    forked_page: bool = False

    def span(self, a: int, b: int) -> tuple[int, int]:
        """A stretch of time about from `a` to `b` hundredths, counted from the beginning of the episode."""
        return self.now + a * 100 + self.rng.randrange(40), self.now + b * 100 + self.rng.randrange(
            40
        )

    def write(
        self,
        a: int,
        b: int,
        base: str | None,
        got: str | None,
        kind: Kind = Kind.UPDATE,
        outcome: Outcome = OK,
    ) -> Operation:
        """A write by a new writer; `got` is the version that it was told it made."""
        number = next(self.ids)
        invoked, returned = self.span(a, b)
        status = {OK: 200, REFUSED: self.rng.choice((409, 412)), ABORTED: None}[outcome]
        marker = None if kind is Kind.DELETE else f"m{number}"
        end = None if outcome is ABORTED else returned
        operation = Operation(
            number, f"e{number}", kind, invoked, end, outcome, status, base, marker, got
        )
        self.operations.append(operation)
        return operation

    def read(self, a: int, b: int, version: str, *seen: str) -> Operation:
        """A read by a new reader."""
        number = next(self.ids)
        invoked, returned = self.span(a, b)
        operation = Operation(
            number, f"e{number}", Kind.READ, invoked, returned, OK, 200, None, None, version, seen
        )
        self.operations.append(operation)
        return operation

    def new(self) -> str:
        """A fresh version."""
        return f"e{next(self.ids)}"

    def commit(self, version: str, *markers: str | None, method: str = "PUT") -> None:
        """The server's history gets a version."""
        self.entries.append(Entry(version, tuple(m for m in markers if m), method=method))


def duplicate_version(s: Scene) -> None:
    a = s.new()
    s.write(0, 5, s.version, a)
    s.commit(a, s.write(1, 6, s.version, a).marker)


def duplicate_create(s: Scene) -> None:
    for a, b in ((0, 5), (1, 6)):
        made = replace(s.write(a, b, None, s.new(), Kind.CREATE), status=201)
        s.operations[-1] = made
        s.commit(str(made.version), made.marker)


def lost_update(s: Scene) -> None:
    _siblings(s, (0, 5), (2, 8))


def stale_success(s: Scene) -> None:
    _siblings(s, (0, 5), (6, 9))


def _siblings(s: Scene, *spans: tuple[int, int]) -> None:
    for a, b in spans:
        write = s.write(
            a, b, s.version, s.new(), s.rng.choice((Kind.UPDATE, Kind.PATCH, Kind.TRANSACTION))
        )
        s.commit(str(write.version), write.marker)


def history_fork(s: Scene) -> None:
    _chain(s)
    s.forked_page = True


def _chain(s: Scene) -> list[Operation]:
    first = s.write(0, 2, s.version, s.new())
    second = s.write(3, 5, first.version, s.new())
    for write in (first, second):
        s.commit(str(write.version), write.marker)
    return [first, second]


def missing(s: Scene) -> None:
    write = s.write(0, 2, s.version, s.new())
    if s.rng.random() < 0.5:
        s.read(3, 4, str(write.version), str(write.marker))


def changed(s: Scene) -> None:
    s.read(0, 1, s.version, s.marker)
    s.read(2, 3, s.version, "another")


def other_content(s: Scene) -> None:
    a = s.write(0, 5, s.version, s.new())
    b = s.write(1, 6, s.version, None, outcome=REFUSED)
    s.commit(str(a.version), b.marker)


def phantom(s: Scene) -> None:
    s.read(0, 1, s.new(), "nobody")


def torn(s: Scene) -> None:
    a = s.write(0, 2, s.version, s.new())
    b = s.write(3, 5, a.version, s.new())
    s.commit(str(a.version), a.marker)
    s.commit(str(b.version), b.marker, a.marker)


def double_apply(s: Scene) -> None:
    a = s.write(0, 2, s.version, s.new())
    s.commit(str(a.version), a.marker)
    s.commit(s.new(), a.marker)


def ghost(s: Scene) -> None:
    s.commit(s.new(), s.write(0, 2, s.version, None, outcome=REFUSED).marker)


def truncated(s: Scene) -> None:
    s.commit(s.new(), s.write(0, 2, s.version, None, outcome=ABORTED).marker)


def skipped(s: Scene) -> None:
    a = s.write(0, 6, s.version, s.new())
    b = s.write(1, 5, None, s.new())
    s.commit(str(b.version), b.marker)
    s.commit(str(a.version), a.marker)


def updated_backwards(s: Scene) -> None:
    _chain(s)
    s.entries[0] = replace(s.entries[0], updated=START + timedelta(hours=1))
    s.entries[1] = replace(s.entries[1], updated=START)


def history_order(s: Scene) -> None:
    a = s.write(0, 2, None, s.new())
    b = s.write(3, 5, None, s.new())
    for write in (b, a):
        s.commit(str(write.version), write.marker)


def resurrected(s: Scene) -> None:
    gone = s.write(0, 2, s.version, s.new(), Kind.DELETE)
    s.commit(str(gone.version), method="DELETE")
    s.read(3, 5, s.version, s.marker)
    again = s.write(6, 8, gone.version, s.new())
    s.commit(str(again.version), again.marker)


def stale_read(s: Scene) -> None:
    write = s.write(0, 2, s.version, s.new())
    s.commit(str(write.version), write.marker)
    s.read(3, 5, s.version, s.marker)


def future_read(s: Scene) -> None:
    write = s.write(3, 5, s.version, s.new())
    s.commit(str(write.version), write.marker)
    s.read(0, 2, str(write.version), str(write.marker))


def backward_reads(s: Scene) -> None:
    write = s.write(0, 9, s.version, s.new())
    s.commit(str(write.version), write.marker)
    s.read(1, 3, str(write.version), str(write.marker))
    s.read(4, 6, s.version, s.marker)


def wedged(s: Scene) -> None:
    for a in (0, 3, 6):
        s.write(a, a + 2, s.version, None, outcome=REFUSED)
    s.last = True


def no_winner(s: Scene) -> None:
    s.write(0, 5, s.version, None, outcome=REFUSED)
    s.write(1, 6, s.version, None, outcome=REFUSED)


def spurious_conflict(s: Scene) -> None:
    """A 412, for a 409 may tell of a lock."""
    s.operations[-1] = replace(s.write(0, 2, s.version, None, outcome=REFUSED), status=412)


Episode = Callable[[Scene], None]

EPISODES: Mapping[Name, Episode] = {
    Name.DUPLICATE_VERSION: duplicate_version,
    Name.DUPLICATE_CREATE: duplicate_create,
    Name.LOST_UPDATE: lost_update,
    Name.STALE_SUCCESS: stale_success,
    Name.HISTORY_FORK: history_fork,
    Name.MISSING: missing,
    Name.CHANGED: changed,
    Name.OTHER_CONTENT: other_content,
    Name.PHANTOM: phantom,
    Name.TORN: torn,
    Name.DOUBLE_APPLY: double_apply,
    Name.GHOST: ghost,
    Name.TRUNCATED: truncated,
    Name.SKIPPED: skipped,
    Name.UPDATED_BACKWARDS: updated_backwards,
    Name.HISTORY_ORDER: history_order,
    Name.RESURRECTED: resurrected,
    Name.STALE_READ: stale_read,
    Name.FUTURE_READ: future_read,
    Name.BACKWARD_READS: backward_reads,
    Name.WEDGED: wedged,
    Name.NO_WINNER: no_winner,
    Name.SPURIOUS_CONFLICT: spurious_conflict,
}

#: What shows without `_history` too, by the answers alone.
WITHOUT_HISTORY = (
    Name.DUPLICATE_VERSION,
    Name.LOST_UPDATE,
    Name.STALE_SUCCESS,
    Name.CHANGED,
    Name.PHANTOM,
    Name.RESURRECTED,
    Name.STALE_READ,
    Name.FUTURE_READ,
    Name.BACKWARD_READS,
    Name.WEDGED,
    Name.NO_WINNER,
    Name.SPURIOUS_CONFLICT,
)

WORLD = World(
    clients=6, named=0.8, deletes=0.02, unknown=0.05, unknown_deletes=False, foreign=0, pause=1000
)
CHAIN_WORLD = World(
    clients=6,
    history=False,
    named=1,
    any=0,
    deletes=0,
    unknown=0.05,
    unknown_deletes=False,
    foreign=0,
    pause=1000,
)


def seeded(name: Name, rng: random.Random, size: int = 300, claimed: bool = True) -> History:
    """A history of `size` operations with one fault, somewhere in it."""
    world = WORLD if claimed else CHAIN_WORLD
    if name is Name.DUPLICATE_CREATE:
        world = replace(world, deletes=0)  # a deletion would make room for a second creation
    if name is Name.WEDGED and not claimed:
        world = replace(
            world, unknown=0
        )  # a write of unknown outcome may have replaced the version unseen
    half = rng.randint(20, size - 30)
    first = _live(replace(world, operations=half, history=True), rng)
    end = max(op.returned or op.invoked for op in first.operations) + 1000
    current = (first.entries or ())[-1]
    scene = Scene(rng, current.version, current.markers[0], end, count(100_000))
    scene.read(0, 1, scene.version, scene.marker)  # who names a version has seen it
    scene.now += 300
    EPISODES[name](scene)
    rest = 0 if scene.last else size - half - len(scene.operations)
    second = (
        _after(scene, current, _live(replace(world, operations=rest, history=True), rng))
        if rest
        else History((), ())
    )
    entries = (*(first.entries or ()), *scene.entries, *(second.entries or ()))
    operations = (*first.operations, *scene.operations, *second.operations)
    history = History(operations, entries, initial=entries[0].version)
    if scene.forked_page:
        place = len(first.entries or ())
        page = (*entries[:place], entries[place + 1], entries[place], *entries[place + 2 :])
        history = replace(history, earlier=(page,))
    return history if claimed else replace(history, entries=None)


def _live(world: World, rng: random.Random) -> History:
    """A run of a correct server that does not end in a deletion."""
    while True:
        history = simulate(world, rng)
        if not (history.entries or ())[-1].deleted:
            return history


def _after(scene: Scene, before: Entry, history: History) -> History:
    """A run moved in time and name to begin where a scene ended."""
    last = scene.entries[-1] if scene.entries else before
    begin = max(op.returned or op.invoked for op in scene.operations) + 1000
    start = (history.entries or ())[0]
    names = {start.version: last.version} | {
        v: f"s{v}" for v in (e.version for e in (history.entries or ())[1:])
    }
    marks = {"m0": last.markers[0]} if last.markers else {}

    def mark(marker: str) -> str:
        return marks.get(marker, f"s{marker}")

    def move(op: Operation) -> Operation:
        return replace(
            op,
            id=op.id + 1_000_000,
            invoked=op.invoked + begin,
            returned=None if op.returned is None else op.returned + begin,
            base=names.get(op.base or "", op.base),
            marker=op.marker and mark(op.marker),
            version=names.get(op.version or "", op.version),
            seen=tuple(map(mark, op.seen)),
        )

    entries = tuple(
        replace(e, version=names[e.version], markers=tuple(map(mark, e.markers)))
        for e in (history.entries or ())[1:]
    )
    return History(tuple(map(move, history.operations)), entries)
