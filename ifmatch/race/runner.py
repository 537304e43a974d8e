"""Runs the races of one scenario: blocks of rounds within a budget, each resource with a history of its own.

Everything sequential goes through the target's own client; what races goes through the race transport. Both end up in
one history per resource, on one clock. What a history means is for `check` to say.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from random import Random

from ifmatch.client.target import Target
from ifmatch.client.workbench import Subject, Workbench
from ifmatch.errors import BudgetSpent, OutcomeUnknown, SetupFailed, TargetUnusable, WritersHang
from ifmatch.race.budget import Budget
from ifmatch.race.closing import Closing
from ifmatch.race.completion import block_of
from ifmatch.race.environment import Environment
from ifmatch.race.history_builder import HistoryBuilder
from ifmatch.race.invocations import Invocations
from ifmatch.race.race import Check, Race
from ifmatch.race.reader import Reader
from ifmatch.race.sender import FEWEST, Sender
from ifmatch.race.transport import Blocks

#: Seconds after which a block begins no other round. The first round on a set of connections shows most of all.
_LONGEST_BLOCK = 3.0

#: Seconds that a connection may lie idle between two rounds: servers close those that lie longer.
_LONGEST_IDLE = 2.0

#: So many blocks in a row that came to nothing end a race.
_MOST_FAILED = 3

#: So many requests, each over a connection of its own, are answered by a target on which nothing but meeting hangs.
_ALONE = 8

#: A block of so many writers; returns whether it has shown enough.
BlockOf = Callable[[int], bool]


class Runner:
    """Runs the races of one scenario within its budget. All that is drawn is drawn from `seed`."""

    def __init__(
        self,
        environment: Environment,
        target: Target,
        bench: Workbench,
        budget: Budget,
        writers: int,
        seed: int,
        check: Check,
    ) -> None:
        self.environment, self.target, self.bench = environment, target, bench
        self.budget, self.rng = budget, Random(seed)
        self.sender = Sender(environment, target, writers)
        self.reader = Reader(target, bench)
        self.invocations = Invocations(target, bench)
        self._check = check
        self._lasting: Subject | None = None  # a resource that no race ends
        self._clock = target.quota.clock  # a turn that is awaited costs a race nothing of its time
        self._waited_before = target.quota.waited

    @property
    def writers(self) -> int:
        """How many may meet at this moment."""
        return self.sender.writers

    # ------------------------------------------------------------ blocks and rounds

    def each_block(self, race: Race, block: BlockOf) -> None:
        """Blocks until one has shown enough, or the budget is spent.

        What the target puts in the way of one is noted, and the next is tried; a target that is gone ends the run,
        as does a budget that is spent, unless a fault was shown before. Raises what stood in the way when no round came
        about at all.
        """
        self._demand_two()
        self._demand_no_hang()
        failed = 0
        for writers in self._block_sizes(race):
            try:
                enough = block(writers)
                self.sender.demand_answers()
                failed = 0
            except WritersHang as hang:
                self._prove(race, hang)
                enough = True
            except (OutcomeUnknown, SetupFailed) as trouble:
                race.troubles.append(str(trouble))
                failed += 1
                if failed == _MOST_FAILED and not race.rounds:
                    raise
                enough = race.shows_fault or failed == _MOST_FAILED
            except (TargetUnusable, BudgetSpent) as gone:
                if not race.shows_fault:
                    raise
                race.troubles.append(str(gone))
                enough = True
            if enough:
                break
        self.settle(race)

    def _demand_two(self) -> None:
        if self.writers < FEWEST:
            raise OutcomeUnknown(f"{self.environment.limits}: it takes two to race")

    def _demand_no_hang(self) -> None:
        proven = self.environment.hang.proven
        if proven:
            raise OutcomeUnknown(f"no race is run on a target whose writers hang: {proven}")

    def _prove(self, race: Race, hang: WritersHang) -> None:
        """See that whoever is alone is answered; then it is the meeting that hangs.

        Raises SetupFailed, OutcomeUnknown or TargetUnusable when an update alone is not.
        """
        subject = self.bench.make()
        self.bench.update(subject)
        read = self.invocations.read(subject).request
        if self.sender.answers_alone(read, _ALONE):
            race.hang = self.environment.hang.proven = f"{hang}, and whoever is alone gets one"
        else:
            race.troubles.append(f"{hang}, but nor does each who is alone")

    def _block_sizes(self, race: Race) -> Iterator[int]:
        """How many writers meet in each block: all and two by turns.

        Where too few of the blocks raced, as on a busy machine, there are up to as many again; fewer where the time of
        the budget is spent.
        """
        usual, ends = self.budget.blocks, self._clock() + self.budget.seconds
        for number in range(2 * usual):
            if number >= usual and not race.confidence.more_may_help:
                return
            if number and self._clock() > ends:
                race.limits.append(f"after {number} blocks its {self.budget.seconds} s were spent")
                return
            yield FEWEST if number % 2 else self.writers

    def rounds(self, race: Race) -> Iterator[int]:
        """The rounds of a block: as many as the budget says, or fewer where the target lets its writers wait."""
        ends = self._clock() + _LONGEST_BLOCK
        for number in range(self.budget.rounds):
            if number and self._clock() > ends:
                race.left_out += self.budget.rounds - number
                return
            yield number

    @contextmanager
    def counted_block(self, race: Race) -> Iterator[None]:
        """A block: its rounds are counted and its histories closed however it ends."""
        rounds, pending = len(race.rounds), len(race.pending)
        try:
            yield
        finally:
            done = race.rounds[rounds:]
            if done:
                race.blocks.append(block_of(done))
            self._close_settled(race, race.pending[pending:])

    def _close_settled(self, race: Race, builders: Sequence[HistoryBuilder]) -> None:
        for builder in builders:
            if builder.settled:
                race.pending.remove(builder)
                self._close(race, builder)

    # ------------------------------------------------------------ histories

    def history_of(self, subject: Subject) -> HistoryBuilder:
        """The history of a resource, from now on."""
        return HistoryBuilder(subject, self.sender, self.reader)

    def new_history(self, race: Race) -> HistoryBuilder:
        """The history of a new resource that belongs to a race."""
        builder = self.history_of(self.bench.make())
        race.subjects.append(builder.subject)
        race.pending.append(builder)
        return builder

    def settle(self, race: Race) -> None:
        """Close what is still open: writes of unknown outcome have had their time by now, or get it."""
        while race.pending:
            self._close(race, race.pending.pop(0))
        race.limits += self._paced()
        put_off = self.sender.put_off
        if put_off:
            race.limits.append(
                f"the target put {put_off} requests off (429, 503), so no more than {FEWEST} writers met then"
            )
        if race.left_out:
            race.limits.append(
                f"a round takes the target so long that {race.left_out} were left out: no block begins another one "
                f"after {_LONGEST_BLOCK:.0f} s"
            )

    def _paced(self) -> list[str]:
        """What it means for a race that the owner of the target limits the rate of writes."""
        quota = self.target.quota
        waited = quota.waited - self._waited_before
        if not waited:
            return []
        rate = quota.limits.writes_per_second
        return [
            f"the target file allows {rate:g} writes a second: rounds waited {waited:.0f} s for their turn in all; "
            "within a round the writers meet as ever, so it is shorter bursts that are tried, not a lasting load"
        ]

    def _close(self, race: Race, builder: HistoryBuilder) -> None:
        closing = Closing(builder, self.reader)
        history = builder.finished = closing.history()
        race.troubles += closing.doubts
        race.exchanges |= builder.exchanges
        race.histories.append(history)
        race.see(self._check(history), reads_lag=self.target.freshness.lag > 0)

    # ------------------------------------------------------------ connections

    def connections(self, subject: Subject | None = None) -> Blocks:
        """New connections, warmed by reads of the resource they are for, or else of one that stays.

        What warms them must succeed, for some servers drop what failed: so nothing that is not there, or will be gone.
        """
        if subject is None:
            subject = self._lasting = self._lasting or self.bench.make()
        calibration = self.environment.calibration
        return Blocks(
            self.environment.engine,
            self.invocations.read(subject).request,
            self.rng,
            skew=calibration.skew,
            settle=calibration.settle,
            rounds=1 if self._one_round_each else self.budget.rounds,
        )

    @property
    def _one_round_each(self) -> bool:
        """Whether each round needs new connections: few are served, or a server would close them meanwhile."""
        gap = self.target.quota.gap_after(self.writers)
        return self.environment.narrow or gap > _LONGEST_IDLE
