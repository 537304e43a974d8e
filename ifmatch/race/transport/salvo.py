"""One round over open connections: say all but the last bytes, let the last bytes go, hear the answers.

One thread does it all: two would take turns at the interpreter, and a turn is longer than the race window we aim at.
"""

import selectors
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import groupby

from ifmatch.client.exchange import Failure
from ifmatch.race.transport.connection import BrokenError, Connection
from ifmatch.race.transport.dialogue import Dialogue
from ifmatch.race.transport.instant import AWAKE, Hold, clock, wait_until
from ifmatch.race.transport.message import GarbledError, TooLargeError
from ifmatch.race.transport.shot import Job, Mode

#: Seconds; how long the sending of what comes before the last bytes may take, well below what servers grant a body.
_LONGEST_HOLD = 1.0


@dataclass(slots=True)
class Lane:
    """A connection and the jobs of this round that go over it. `broken` once it is of no more use."""

    connection: Connection
    dialogue: Dialogue
    jobs: list[Job] = field(default_factory=list)
    broken: bool = False

    @property
    def awaited(self) -> bool:
        """Whether an answer is still to come."""
        return not self.broken and any(job.open for job in self.jobs)

    @property
    def unsaid(self) -> bool:
        """Whether something is still to go before the last bytes may."""
        return self.awaited and not (self.dialogue.ready and self.connection.drained)

    def send(self, sealed: bytes, jobs: Iterable[Job]) -> None:
        """Send what was sealed before and is of some of the jobs. Raises BrokenError."""
        if not sealed:
            return
        for job in jobs:
            job.leaves()
        try:
            self.connection.send(sealed)
        except BrokenError:
            self.listen()  # a target that answers early may close before it has heard all
            raise

    def listen(self) -> None:
        """Take in all that has arrived. Raises BrokenError, GarbledError, TooLargeError."""
        while (data := self.connection.receive()) is not None:
            self.connection.send(self.connection.seal(self.dialogue.hear(data, clock())))
            if not data:
                raise BrokenError("the target closed the connection")

    def serve(self, events: int) -> None:
        """Do what the network is ready for."""
        with self.giving_up():
            if events & selectors.EVENT_READ:
                self.listen()
            if events & selectors.EVENT_WRITE:
                self.connection.send()

    @contextmanager
    def giving_up(self) -> Iterator[None]:
        """What breaks the connection ends the jobs that are open, and nothing else."""
        try:
            yield
        except BrokenError as error:
            self.give_up(Failure.RESET, str(error))
        except (GarbledError, TooLargeError) as error:
            self.give_up(error.failure, str(error))

    def give_up(self, failure: Failure, detail: str) -> None:
        """The connection is of no more use; what is open will not be answered."""
        self.broken = True
        self.connection.close()
        for job in self.jobs:
            job.failed(failure, detail)


def salvo(lanes: Sequence[Lane], mode: Mode, hold: Hold, deadline: float) -> None:
    """Settle every job of the lanes before an instant of `time.monotonic`, which the hold puts off by what it takes."""
    for lane in lanes:
        with lane.giving_up():
            lane.send(lane.connection.seal(lane.dialogue.begin(lane.jobs, mode)), lane.jobs)
    if mode is Mode.LAST_BYTE:
        attend(lanes, lambda lane: lane.unsaid, min(deadline, time.monotonic() + _LONGEST_HOLD))
        deadline += _spent_on(hold)
        for lane in lanes:  # what came early is taken in now: later, nothing may come between the last bytes
            if not lane.broken:
                lane.serve(selectors.EVENT_READ)
    _release(_charges(lanes))
    attend(lanes, lambda lane: lane.awaited, deadline)
    for lane in lanes:
        if lane.awaited or not (lane.broken or lane.connection.drained):
            lane.give_up(Failure.TIMEOUT, "no whole answer in time")


def _spent_on(hold: Hold) -> float:
    started = time.monotonic()
    hold()
    return time.monotonic() - started


# ---------------------------------------------------------------- the release


@dataclass(frozen=True, slots=True)
class _Charge:
    """What goes in one system call, `offset` ns after the release."""

    offset: int
    lane: Lane
    jobs: tuple[Job, ...]
    sealed: bytes


def _charges(lanes: Iterable[Lane]) -> list[_Charge]:
    """All last bytes in the order of their release: those of one connection and one offset go in one packet."""
    charges = []
    for lane in lanes:
        with lane.giving_up():
            for offset, group in groupby(sorted(lane.jobs, key=_offset), _offset):
                jobs = tuple(group)
                sealed = b"" if lane.broken else lane.connection.seal(b"".join(map(lane.dialogue.final, jobs)))
                charges.append(_Charge(offset, lane, jobs, sealed))
    return sorted(charges, key=lambda charge: charge.offset)


def _offset(job: Job) -> int:
    return job.shot.offset


def _release(charges: Sequence[_Charge]) -> None:
    start = clock()
    for done, charge in enumerate(charges):
        if charge.offset:
            # What was sealed is still to be sent in its order, so a lane is heard only once all of it has gone.
            loaded = {id(other.lane) for other in charges[done:]}
            _listen_until(start + charge.offset, [o.lane for o in charges[:done] if id(o.lane) not in loaded])
        if charge.lane.broken:
            continue
        with charge.lane.giving_up():
            charge.lane.send(charge.sealed, charge.jobs)
            now = clock()
            for job in charge.jobs:
                job.released = now


def _listen_until(instant: int, lanes: Iterable[Lane]) -> None:
    """Wait for an instant of the clock, and meanwhile take in the answers of lanes that have nothing more to say."""
    while instant - clock() > AWAKE:
        for lane in lanes:
            if lane.awaited and lane.connection.drained:
                lane.serve(selectors.EVENT_READ)
        time.sleep(AWAKE / 4e9)
    wait_until(instant)


# ---------------------------------------------------------------- waiting for the network


def attend(lanes: Iterable[Lane], awaited: Callable[[Lane], bool], deadline: float) -> None:
    """Send and receive until no lane is awaited any more, or until an instant of `time.monotonic`."""
    with selectors.DefaultSelector() as selector:
        watched = [lane for lane in lanes if not lane.broken]
        for lane in watched:
            selector.register(lane.connection.socket, selectors.EVENT_READ, lane)
        while any(map(awaited, watched)) and (left := deadline - time.monotonic()) > 0:
            for lane in watched:
                writing = 0 if lane.connection.drained else selectors.EVENT_WRITE
                selector.modify(lane.connection.socket, selectors.EVENT_READ | writing, lane)
            for key, events in selector.select(left):
                key.data.serve(events)
            for lane in (lane for lane in watched if lane.broken):
                with suppress(KeyError, ValueError):
                    selector.unregister(lane.connection.socket)
            watched = [lane for lane in watched if not lane.broken]
