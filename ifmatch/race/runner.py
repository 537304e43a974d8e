"""Carries races out on a target: prepares, releases, judges, and says what the result is worth.

Everything sequential goes through the target's own client; what races goes through the race transport. Both end up in
one history per resource, on one clock.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random

from ifmatch.client.courier import LONGEST_WAIT, asked_to_wait
from ifmatch.client.exchange import Request
from ifmatch.client.target import Target
from ifmatch.client.workbench import Snapshot, Subject, Workbench
from ifmatch.errors import OutcomeUnknown, SetupFailed, TargetUnusable
from ifmatch.judge.anomaly import Anomaly, Gravity, Name
from ifmatch.judge.checker import judge
from ifmatch.judge.history import History, Kind
from ifmatch.race.budget import Budget
from ifmatch.race.calibration import Calibration, calibrate
from ifmatch.race.confidence import Block, Confidence
from ifmatch.race.history_builder import Completion, HistoryBuilder, block_of
from ifmatch.race.invocations import Invocation, Invocations
from ifmatch.race.transport import Blocks, Choice, Engine, Mode, Shot, Side, WinnerFeedback, choose
from ifmatch.rules.answer import Answer, Effect
from ifmatch.rules.case import Verdict
from ifmatch.rules.expectation import Expectation

#: Seconds: all that one scenario waits because its races are put off; and when a wait is told.
_LONGEST_WAITING, _TOLD_FROM = 60.0, 2.0

#: Seconds after which a block begins no other round. The first round on a set of connections tells most of all.
_LONGEST_BLOCK = 3.0

#: So many blocks in a row that came to nothing end a race.
_MOST_FAILED = 3

#: The fewest writers that race: an update is lost between two.
FEWEST = 2

#: The interaction that an operation needs, where it is not the update itself.
_INTERACTION = {Kind.PATCH: "patch", Kind.DELETE: "delete", Kind.TRANSACTION: "transaction"}


@dataclass(frozen=True, slots=True)
class Environment:
    """What is shared by all races on one target: how it is reached, what it is like, and how many may meet on it.

    `narrow` when it serves fewer connections at once than were asked for: then none is kept that is not needed.
    """

    choice: Choice
    calibration: Calibration
    writers: int
    narrow: bool = False

    @classmethod
    def measured(cls, target: Target, subject: Subject, writers: int) -> "Environment":
        """Choose the engine and calibrate it with a few reads of a resource."""
        choice, probe = choose(target.settings), target.request("GET", f"{subject.type}/{subject.id}")
        served = _served(choice.engine, probe, writers)
        narrow = served < writers
        if narrow:  # the connections that are kept for what is sequential count, too
            target.close()
            choice.engine.redial()
            served = _served(choice.engine, probe, writers)
        calibration = calibrate(choice.engine, probe, max(1, served), choice.widener.way() if choice.widener else None)
        if narrow:
            choice.engine.redial()
        return cls(choice, calibration, served, narrow)

    @property
    def limits(self) -> str:
        """What the target's limits do to the races; empty when it has none."""
        if not self.narrow:
            return ""
        return f"the target serves {self.writers} connections at once, so no more than {self.writers} writers meet"


def _served(engine: Engine, probe: Request, count: int) -> int:
    """How many of so many requests at once are answered, each over a connection of its own."""
    return sum(result.response is not None for result in engine.fire([Shot(probe)] * count, Mode.WHOLE))


def blamed(anomaly: Anomaly) -> bool:
    """Whether an anomaly is a fault. Dates that go back are none: a server's clock may be set, and no write is lost."""
    return anomaly.name.gravity is Gravity.FAULT and anomaly.name is not Name.UPDATED_BACKWARDS


@dataclass(frozen=True, slots=True)
class Reproduction:
    """How often a fault showed again, in so many tries, and who raced then. It never takes a sighting back."""

    shown: int
    tries: int
    by: str

    def __str__(self) -> str:
        """A line for the report, with the plan below it where one was drawn."""
        if not self.shown:
            return f"seen once, which proves it; not seen again in {self.tries} tries by {self.by}"
        return f"reproduced {self.shown} of {self.tries} times by {self.by}"


@dataclass(slots=True)
class Race:
    """Everything that one scenario's races left behind.

    `troubles` are what the target put in the way, `limits` what came of them; `left_out` are the rounds that there was
    no time for. `aim` is how two unlike operations were brought to meet. `pending` are stories of which the end was not
    yet to be known.
    """

    ground: Environment
    rounds: list[list[Completion]] = field(default_factory=list)
    histories: list[History] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    anomalies: list[tuple[History, Anomaly]] = field(default_factory=list)
    subjects: list[Subject] = field(default_factory=list)
    reproduced: Reproduction | None = None
    aim: WinnerFeedback | None = None
    exchanges: dict[tuple[str, int], str] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)
    limits: list[str] = field(default_factory=list)
    left_out: int = 0
    pending: list[HistoryBuilder] = field(default_factory=list)

    @property
    def confidence(self) -> Confidence:
        """What it is worth that nothing was found."""
        return Confidence(tuple(self.blocks))

    @property
    def faults(self) -> list[tuple[History, Anomaly]]:
        """The anomalies that a server is blamed for."""
        return [(history, anomaly) for history, anomaly in self.anomalies if blamed(anomaly)]

    def answered(self) -> Iterable[Completion]:
        """Every operation that raced."""
        return (completed for fight in self.rounds for completed in fight)

    @property
    def clear(self) -> list[list[Completion]]:
        """The rounds of which every outcome is known."""
        return [fight for fight in self.rounds if len(fight) > 1 and all(one.told for one in fight)]


#: The invocations of a round of so many writers, on what was last seen of a resource.
Prepare = Callable[[Subject, Snapshot, int], Sequence[Invocation]]


@dataclass(frozen=True, slots=True)
class Workload:
    """Rounds in which the prepared invocations are released together, each on what the last round left.

    `opening` is done to each resource before the first round. With `once` a resource serves for one round only: for
    races that end its life. `unlike` are two different invocations: they are released at the offset at which each of
    them wins half of the rounds.
    """

    prepare: Prepare
    opening: Callable[[HistoryBuilder], None] | None = None
    once: bool = False
    unlike: bool = False


#: A block of so many writers; returns whether it has shown enough.
BlockOf = Callable[[int], bool]


class Runner:
    """Runs the races of one scenario within its budget. `number` seeds all that is drawn.

    `history_lags` once a history has left out what was there, however long it was given.
    """

    def __init__(
        self, ground: Environment, target: Target, bench: Workbench, budget: Budget, writers: int, number: int
    ) -> None:
        self.ground, self.target, self.bench = ground, target, bench
        self.budget, self.writers = budget, min(writers, ground.writers)
        self.invocations = Invocations(target, bench)
        self.rng = Random(number)
        self.put_off, self.history_lags = 0, False
        self._waited = 0.0
        self._lasting: Subject | None = None  # a resource that no race ends

    # ------------------------------------------------------------ races

    def workload(self, workload: Workload) -> Race:
        """All blocks of a workload."""
        race = Race(self.ground, aim=WinnerFeedback() if workload.unlike else None)
        self.each_block(race, lambda writers: self.block(race, workload, writers))
        return race

    def block(self, race: Race, workload: Workload, writers: int) -> bool:
        """One block of a workload; returns whether it has shown a fault."""
        connections: Blocks | None = None
        builder: HistoryBuilder | None = None
        with self.counted(race):
            for _ in self.rounds(race):
                if builder is None or workload.once:
                    builder = self.joined(race)
                    connections = connections or self.connections(None if workload.once else builder.subject)
                    if workload.opening:
                        workload.opening(builder)
                else:
                    builder.look()
                assert connections is not None
                invocations = workload.prepare(builder.subject, builder.seen, writers)
                race.rounds.append(self._meeting(race, builder, connections, invocations))
        return bool(race.faults)

    def _meeting(
        self, race: Race, builder: HistoryBuilder, connections: Blocks, invocations: Sequence[Invocation]
    ) -> list[Completion]:
        if race.aim is None or len(invocations) != FEWEST:
            return builder.fight(connections, invocations)
        completed = builder.fight(connections, invocations, offsets=race.aim.offsets(self.rng))
        race.aim = race.aim.after(_winner(completed))
        return completed

    def each_block(self, race: Race, block: BlockOf) -> None:
        """So many blocks as the budget says, of all writers and of two by turns, until one has shown enough.

        Where too few of them raced, as on a busy machine, as many again are run.
        What the target puts in the way of one is told, and the next is tried; a target that is gone ends the run,
        unless it has shown a fault before. Raises what stood in the way when no round came about at all.
        """
        if self.writers < FEWEST:
            raise OutcomeUnknown(f"{self.ground.limits}: it takes two to race")
        failed = 0
        for number in range(2 * self.budget.blocks):
            if number >= self.budget.blocks and not _wanting(race):
                break
            try:
                enough = block(FEWEST if number % 2 else self.writers)
                failed = 0
            except (OutcomeUnknown, SetupFailed) as trouble:
                race.troubles.append(str(trouble))
                failed += 1
                if not race.rounds and failed == _MOST_FAILED:
                    raise
                enough = bool(race.faults) or failed == _MOST_FAILED
            except TargetUnusable as gone:
                if not race.faults:
                    raise
                race.troubles.append(str(gone))
                enough = True
            if enough:
                break
        self.settle(race)

    def rounds(self, race: Race) -> Iterator[int]:
        """The rounds of a block: as many as the budget says, or fewer where the target lets its writers wait."""
        ends = time.monotonic() + _LONGEST_BLOCK
        for number in range(self.budget.rounds):
            if number and time.monotonic() > ends:
                race.left_out += self.budget.rounds - number
                return
            yield number

    @contextmanager
    def counted(self, race: Race) -> Iterator[None]:
        """A block: its rounds are counted and its resources judged however it ends."""
        rounds, begun = len(race.rounds), len(race.pending)
        try:
            yield
        finally:
            if race.rounds[rounds:]:
                race.blocks.append(block_of(race.rounds[rounds:]))
            for builder in [one for one in race.pending[begun:] if one.settled]:
                race.pending.remove(builder)
                self._judged(race, builder)

    def joined(self, race: Race, subject: Subject | None = None) -> HistoryBuilder:
        """The story of a resource, a fresh one unless given, that belongs to a race."""
        builder = HistoryBuilder(self, subject or self.bench.make())
        race.subjects.append(builder.subject)
        race.pending.append(builder)
        return builder

    def settle(self, race: Race) -> None:
        """Judge what is still to be judged: writes of unknown outcome have had their time by now, or get it."""
        while race.pending:
            self._judged(race, race.pending.pop(0))
        if self.put_off:
            race.limits.append(
                f"the target put {self.put_off} requests off (429, 503), so no more than {FEWEST} writers met then"
            )
        if race.left_out:
            race.limits.append(
                f"a round takes the target so long that {race.left_out} were left out: no block begins another one "
                f"after {_LONGEST_BLOCK:.0f} s"
            )

    def _judged(self, race: Race, builder: HistoryBuilder) -> None:
        history = builder.closed()
        race.troubles += builder.doubts
        race.exchanges |= builder.exchanges
        race.histories.append(history)
        race.anomalies += [(history, anomaly) for anomaly in judge(history)]

    # ------------------------------------------------------------ the target's limits

    @contextmanager
    def room(self) -> Iterator[None]:
        """While requests race, nothing else is connected to a target that serves few connections at once."""
        if self.ground.narrow:
            self.target.close()
        yield
        if self.ground.narrow:
            self.ground.choice.engine.redial()

    def obey(self, answers: Iterable[Answer]) -> None:
        """Wait for as long as the target asks, and let fewer meet from then on.

        Raises OutcomeUnknown when that is longer than a scenario waits.
        """
        pauses = [pause for answer in answers if (pause := asked_to_wait(answer)) is not None]
        if not pauses:
            return
        self.put_off, self.writers = self.put_off + len(pauses), FEWEST
        pause = min(max(pauses), LONGEST_WAIT)
        if self._waited + pause > _LONGEST_WAITING:
            raise OutcomeUnknown(
                f"the target has put requests off for {self._waited:.0f} s in all, more than a race will wait"
            )
        if pause > _TOLD_FROM:
            self.target.tell(f"waiting {pause:.0f} s: the target puts racing requests off and asks for it")
        self._waited += pause
        time.sleep(pause)

    # ------------------------------------------------------------ what is needed for them

    def connections(self, subject: Subject | None = None) -> Blocks:
        """New connections, warmed by reads of the resource they are for, or else of one that stays.

        What warms them must succeed, for some servers drop what failed: so nothing that is not there, or will be gone.
        """
        if subject is None:
            subject = self._lasting = self._lasting or self.bench.make()
        calibration, narrow = self.ground.calibration, self.ground.narrow
        return Blocks(
            self.ground.choice.engine, self.invocations.read(subject).request, self.rng,
            skew=calibration.skew, settle=calibration.settle, rounds=1 if narrow else self.budget.rounds,
        )  # fmt: skip

    def allows(self, kind: Kind, base: int | str | None) -> bool:
        """Whether the target offers an operation, and lets it name what it names."""
        if kind in _INTERACTION and not self.bench.offers(_INTERACTION[kind]):
            return False
        if kind in (Kind.CREATE, Kind.CONDITIONAL_UPDATE, Kind.SEARCH):
            return False
        if kind is Kind.DELETE:
            # Before R6 no FHIR text binds a server to an If-Match on delete, so none is sent but where one is demanded.
            return not self.bench.kind.lent and (base is None) is self.unnamed_writes
        return kind is Kind.READ or base is not None or self.unnamed_writes

    @property
    def unnamed_writes(self) -> bool:
        """Whether the system lets a write name no version: it says so, or says nothing."""
        promise = self.target.profile.promise("update.if-match.missing", self.bench.kind.type)
        return not (isinstance(promise, Expectation) and promise.outcome is Effect.REFUSED)


def _wanting(race: Race) -> bool:
    """Whether more rounds may yet tell something: some have raced, but too few."""
    return race.confidence.overlapping > 0 and race.confidence.verdict is Verdict.INCONCLUSIVE


def _winner(completed: Sequence[Completion]) -> Side | None:
    """Which of two unlike invocations came first; the second one can have been accepted only if it did."""
    if len(completed) != FEWEST or not all(one.told for one in completed):
        return None
    first, second = completed
    return Side.B if second.accepted else Side.A if first.accepted else None
