"""Carries races out on a target: prepares, releases, records, judges, and says what the result is worth.

Everything sequential goes through the target's own client; what races goes through the race transport. Both end up in one
history per resource, on one clock.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from ifmatch.race.anomaly import Anomaly, Gravity
from ifmatch.race.budget import Budget
from ifmatch.race.calibration import Calibration, calibrate
from ifmatch.race.confidence import Block, Confidence
from ifmatch.race.history import Entry, History, Kind, Operation, Outcome
from ifmatch.race.judge import judge
from ifmatch.race.moves import Move, Moves, marks_in
from ifmatch.race.plan import LETTERS, Plan
from ifmatch.race.transport import Blocks, Choice, Result, Shot, choose
from ifmatch.race.transport.instant import clock
from ifmatch.rules.answer import Answer, Effect, instant
from ifmatch.rules.expectation import Expectation
from ifmatch.target.exchange import Exchange, Request
from ifmatch.target.target import Target
from ifmatch.target.workbench import Snapshot, Subject, Workbench

#: Seconds: how long writes of unknown outcome are given to land before the last look, and how often it is repeated.
_SETTLING, _LOOKS = 2.0, 4

#: What an answer means for the operation that it answers. A 429 or 503 after the request was sent tells nothing.
_OUTCOME = {Effect.ACCEPTED: Outcome.OK, Effect.REFUSED: Outcome.REFUSED}
_TELLS_NOTHING = frozenset({429, 503})

#: The interaction that an operation needs, where it is not the update itself.
_INTERACTION = {Kind.PATCH: "patch", Kind.DELETE: "delete", Kind.TRANSACTION: "transaction"}

#: A reader who finds nothing has been answered, too.
_NOTHING_THERE = frozenset({404, 410})


@dataclass(frozen=True, slots=True)
class Ground:
    """What is shared by all races on one target: how it is reached, and what it is like."""

    choice: Choice
    calibration: Calibration

    @classmethod
    def measured(cls, target: Target, writers: int) -> "Ground":
        """Choose the engine and calibrate it with a few cheap reads."""
        choice = choose(target.settings)
        return cls(choice, calibrate(choice.engine, target.request("GET", "metadata"), writers, rounds=5))


@dataclass(frozen=True, slots=True)
class Fought:
    """One operation that raced: the move, what was answered, and its record."""

    move: Move
    answer: Answer
    operation: Operation
    released: int | None

    @property
    def accepted(self) -> bool:
        """Whether the target said that it was done."""
        return self.operation.outcome is Outcome.OK


@dataclass(slots=True)
class Race:
    """Everything that one scenario's races left behind."""

    ground: Ground
    rounds: list[list[Fought]] = field(default_factory=list)
    histories: list[History] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    anomalies: list[tuple[History, Anomaly]] = field(default_factory=list)
    subjects: list[Subject] = field(default_factory=list)
    reproduced: tuple[int, int] | None = None
    smallest: Plan | None = None
    exchanges: dict[tuple[str, int], str] = field(default_factory=dict)

    @property
    def confidence(self) -> Confidence:
        """What it is worth that nothing was found."""
        return Confidence(tuple(self.blocks))

    @property
    def faults(self) -> list[tuple[History, Anomaly]]:
        """The anomalies that a server is blamed for."""
        return [(history, anomaly) for history, anomaly in self.anomalies if anomaly.name.gravity is Gravity.FAULT]

    def answered(self) -> Iterable[Fought]:
        """Every operation that raced."""
        return (fought for fight in self.rounds for fought in fight)


Prepare = Callable[[Subject, Snapshot], Sequence[Move]]


class Arena:
    """Runs the races of one scenario within its budget. `number` seeds all that is drawn."""

    def __init__(self, ground: Ground, target: Target, bench: Workbench, budget: Budget, writers: int, number: int) -> None:
        self.ground, self.target, self.bench = ground, target, bench
        self.budget, self.writers = budget, writers
        self.moves = Moves(target, bench)
        self.rng = Random(number)

    # ------------------------------------------------------------ races

    def contest(self, prepare: Prepare, *, opening: Callable[["Chronicle"], None] | None = None, once: bool = False) -> Race:
        """Rounds in which the prepared moves are released together, each on what the last round left.

        `opening` is done to each resource before the first round. With `once` a resource serves for one round only: for
        races that end its life.
        """
        race = Race(self.ground)
        for _ in range(self.budget.blocks):
            self._block(race, prepare, opening, once)
            if race.faults:
                break
        return race

    def _block(self, race: Race, prepare: Prepare, opening: Callable[["Chronicle"], None] | None, once: bool) -> None:
        fights: list[list[Fought]] = []
        gun: Blocks | None = None
        chronicle: Chronicle | None = None
        for _ in range(self.budget.rounds):
            if chronicle is None or once:
                chronicle = self._opened(race, opening)
                gun = gun or self.gun(chronicle.subject)
            assert gun is not None
            fights.append(chronicle.fight(gun, prepare(chronicle.subject, chronicle.seen)))
            if once:
                self.close(race, chronicle)
            else:
                chronicle.look()
        if chronicle is not None and not once:
            self.close(race, chronicle)
        race.rounds += fights
        race.blocks.append(block_of(fights))

    def _opened(self, race: Race, opening: Callable[["Chronicle"], None] | None) -> "Chronicle":
        chronicle = Chronicle(self, self.bench.make())
        race.subjects.append(chronicle.subject)
        if opening:
            opening(chronicle)
        return chronicle

    def close(self, race: Race, chronicle: "Chronicle") -> None:
        """The last look at a resource, and the judgement on its history."""
        history = chronicle.closed()
        race.exchanges |= chronicle.exchanges
        race.histories.append(history)
        race.anomalies += [(history, anomaly) for anomaly in judge(history)]

    def gun(self, subject: Subject) -> Blocks:
        """New connections, warmed by reads of the resource they are for."""
        return self.gun_for(self.moves.read(subject).request)

    def gun_for(self, warm_up: Request) -> Blocks:
        """New connections, warmed by a request."""
        calibration = self.ground.calibration
        return Blocks(
            self.ground.choice.engine, warm_up, self.rng,
            skew=calibration.skew or 0, settle=calibration.settle, rounds=self.budget.rounds,
        )  # fmt: skip

    def allows(self, kind: Kind, base: int | str | None) -> bool:
        """Whether the target offers an operation, and lets it name what it names."""
        if kind in _INTERACTION and not self.bench.offers(_INTERACTION[kind]):
            return False
        if kind in (Kind.CREATE, Kind.CONDITIONAL_UPDATE, Kind.SEARCH):
            return False
        return kind is Kind.READ or base is not None or self.unnamed_writes

    @property
    def unnamed_writes(self) -> bool:
        """Whether the system lets a write name no version: it says so, or says nothing."""
        promise = self.target.profile.promise("update.if-match.missing", self.bench.kind.type)
        return not (isinstance(promise, Expectation) and promise.outcome is Effect.REFUSED)


class Chronicle:
    """The story of one resource while writers race for it."""

    def __init__(self, arena: Arena, subject: Subject) -> None:
        self.arena, self.subject, self.seen = arena, subject, subject.read
        self._initial = subject.read.version or None
        self._operations: list[Operation] = []
        self._pages: list[tuple[Entry, ...]] = []
        self._last = time.monotonic()
        self.exchanges: dict[tuple[str, int], str] = {}

    def fight(self, gun: Blocks, moves: Sequence[Move], writers: Sequence[str] = LETTERS) -> list[Fought]:
        """One round: all moves released together. What was certainly never sent did not take part."""
        results = gun.fire([Shot(move.request) for move in moves])
        fought = [self._record(w, m, r) for w, m, r in zip(writers, moves, results, strict=False) if r.sent]
        return [one for one in fought if one.move.kind is not Kind.SEARCH]

    def record(self, writer: str, move: Move, result: Result) -> Fought:
        """An operation that was sent on its own."""
        return self._record(writer, move, result)

    def cut_short(self, writer: str, move: Move, result: Result) -> None:
        """A write that we broke off ourselves: unless it was answered, it must leave no trace."""
        one = self._record(writer, move, result)
        if result.response is None:
            self._operations[-1] = replace(one.operation, outcome=Outcome.ABORTED, returned=None)

    def alone(self, writer: str, move: Move) -> Fought:
        """One move, sent by itself and answered before anything else happens."""
        (result,) = self.arena.ground.choice.engine.fire([Shot(move.request)])
        return self._record(writer, move, result)

    def look(self) -> Snapshot | None:
        """A read between rounds, recorded like any other. None when there is nothing."""
        started = clock()
        answer = self.arena.target.read(self.subject.type, self.subject.id)
        self._add("reader", Kind.READ, started, clock(), answer)
        if answer.resource is not None:
            self.seen = Snapshot(answer, answer.resource, None)
            return self.seen
        return None

    def page(self) -> tuple[Entry, ...] | None:
        """The history as it is listed now, oldest first."""
        if not self.arena.bench.offers("history-instance", self.subject.type):
            return None
        answer = self.arena.target.history(self.subject.type, self.subject.id)
        return self._entries(answer)

    def closed(self) -> History:
        """The finished history: settled, with the server's own and a last read."""
        if any(operation.outcome is Outcome.UNKNOWN for operation in self._operations):
            time.sleep(max(0.0, _SETTLING - (time.monotonic() - self._last)))
        page = self._settled()
        started = clock()
        answer = self.arena.target.read(self.subject.type, self.subject.id)
        final = self._operation("reader", Kind.READ, started, clock(), answer)
        return History(tuple(self._operations), page, final, self._initial, tuple(self._pages))

    def forget_initial(self) -> None:
        """The resource did not exist before the first operation."""
        self._initial = None

    # ------------------------------------------------------------ records

    def _settled(self) -> tuple[Entry, ...] | None:
        """The history once two looks at it agree: a server may list a version a little after it was made."""
        page = self.page()
        for _ in range(_LOOKS if page is not None else 0):
            accepted = {o.version for o in self._operations if o.outcome is Outcome.OK and o.version and o.kind is not Kind.READ}
            if accepted <= {entry.version for entry in page or ()}:
                break
            time.sleep(_SETTLING / _LOOKS)
            page = self.page()
        return page

    def _record(self, writer: str, move: Move, result: Result) -> Fought:
        target, self._last = self.arena.target, time.monotonic()
        answer = move.read(target.noted(_exchange(result), "race.exchange", writer=writer))
        if move.kind is Kind.SEARCH:
            page = self._entries(answer)
            self._pages += [page] if page else []
        operation = self._operation(writer, move.kind, result.invoked, result.returned, answer, move.base, move.marker)
        if move.kind is not Kind.SEARCH:
            self._operations.append(operation)
            self.exchanges[writer, operation.invoked] = answer.exchange
        return Fought(move, answer, operation, result.released)

    def _add(self, writer: str, kind: Kind, invoked: int, returned: int, answer: Answer) -> None:
        self._operations.append(self._operation(writer, kind, invoked, returned, answer))

    def _operation(
        self, writer: str, kind: Kind, invoked: int, returned: int | None, answer: Answer,
        base: str | None = None, marker: str | None = None,
    ) -> Operation:
        outcome = _outcome(kind, answer)
        reading = kind is Kind.READ and outcome is Outcome.OK
        return Operation(
            id=len(self._operations),
            writer=writer,
            kind=kind,
            invoked=invoked,
            returned=returned,
            outcome=outcome if returned is not None else Outcome.UNKNOWN,
            status=answer.status or None,
            base=base,
            marker=marker,
            version=answer.version if outcome is Outcome.OK and answer.status not in _NOTHING_THERE else None,
            seen=marks_in(answer.resource, self.subject.kind.marks) if reading else (),
        )

    def _entries(self, answer: Answer) -> tuple[Entry, ...] | None:
        """A page of history as the server tells it, oldest first, with the pages that follow it."""
        listed: list[Entry] = []
        for _ in range(100):
            bundle = answer.resource or {}
            if answer.status != 200 or not isinstance(bundle.get("entry", []), list):
                return tuple(reversed(listed)) or None
            listed += [entry for raw in bundle.get("entry", []) if (entry := self._entry(raw))]
            following = next((link.get("url") for link in bundle.get("link", []) if link.get("relation") == "next"), None)
            base = f"{self.arena.target.settings.base_url}/"
            if not following or not str(following).startswith(base):
                break
            answer = self.arena.target.send("GET", str(following).removeprefix(base))
        return tuple(reversed(listed))

    def _entry(self, raw: Any) -> Entry | None:
        if not isinstance(raw, dict):
            return None
        resource, request, response = (_object(raw.get(key)) for key in ("resource", "request", "response"))
        meta = _object(resource.get("meta"))
        etag = str(response.get("etag") or "").removeprefix("W/").strip('"')
        version = str(meta.get("versionId") or etag)
        updated = instant(meta.get("lastUpdated") or response.get("lastModified"))
        marks = marks_in(resource or None, self.subject.kind.marks)
        return Entry(version, marks, updated, str(request.get("method") or "PUT")) if version else None


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _outcome(kind: Kind, answer: Answer) -> Outcome:
    if answer.status in _TELLS_NOTHING:
        return Outcome.UNKNOWN
    if kind is Kind.READ and answer.status in _NOTHING_THERE:
        return Outcome.OK
    return _OUTCOME.get(answer.effect, Outcome.UNKNOWN)


def _exchange(result: Result) -> Exchange:
    ended = result.returned if result.returned is not None else clock()
    ago = timedelta(microseconds=(clock() - result.invoked) / 1000)
    return Exchange(
        result.request, result.response, result.failure, result.detail, datetime.now(UTC) - ago,
        round((ended - result.invoked) / 1e6, 3),
    )  # fmt: skip


def block_of(fights: Sequence[Sequence[Fought]]) -> Block:
    """What rounds on one set of connections are worth."""
    return Block(len(fights), sum(map(_overlapping, fights)), sum(map(_late, fights)))


def _overlapping(fight: Sequence[Fought]) -> bool:
    """Whether two writes were with the target at the same time: released, and not yet answered."""
    writes = [one for one in fight if one.move.kind is not Kind.READ and one.released is not None]
    spans = sorted((one.released or 0, one.operation.end) for one in writes)
    return any(later[0] < earlier[1] for earlier, later in zip(spans, spans[1:], strict=False))


def _late(fight: Sequence[Fought]) -> bool:
    """Whether the losers were refused in two ways: some at the check, and some only when they came to write."""
    codes = {one.answer.status for one in fight if one.operation.outcome is Outcome.REFUSED}
    return len(codes) > 1 and 409 in codes


