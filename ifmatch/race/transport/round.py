"""One round over open connections: send all but the last bytes, release the last bytes, receive the answers.

One thread does it all: two would take turns at the interpreter, and a turn is longer than the race window we aim at.
"""

import selectors
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter

from ifmatch.client.exchange import Failure
from ifmatch.race.transport.connection import BrokenError, Connection
from ifmatch.race.transport.dialogue import Dialogue
from ifmatch.race.transport.engine import Job, Mode
from ifmatch.race.transport.instant import AWAKE, Hold, clock, wait_until
from ifmatch.race.transport.message import GarbledError, TooLargeError

#: Seconds; how long the sending of what comes before the last bytes may take, well below what servers grant a body.
_LONGEST_HOLD = 1.0


@dataclass(slots=True)
class Channel:
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
    def unsent(self) -> bool:
        """Whether something is still to go before the last bytes may."""
        return self.awaited and not (self.dialogue.ready and self.connection.drained)

    @property
    def stuck(self) -> bool:
        """Whether the network has not taken all that was sent."""
        return not (self.broken or self.connection.drained)

    def send(self, sealed: bytes, jobs: Iterable[Job]) -> None:
        """Send what was sealed before and is of some of the jobs. Raises BrokenError."""
        if not sealed:
            return
        for job in jobs:
            job.leaves()
        try:
            self.connection.send(sealed)
        except BrokenError:
            self.receive()  # a target that answers early may close before it has received all
            raise

    def receive(self) -> None:
        """Take in all that has arrived. Raises BrokenError, GarbledError, TooLargeError."""
        while (data := self.connection.receive()) is not None:
            reply = self.dialogue.receive(data, clock())
            self.connection.send(self.connection.seal(reply))
            if not data:
                raise BrokenError("the target closed the connection")

    def attend(self, events: int) -> None:
        """Do what the network is ready for."""
        with self.giving_up():
            if events & selectors.EVENT_READ:
                self.receive()
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


def run_round(channels: Sequence[Channel], mode: Mode, hold: Hold, deadline: float) -> None:
    """Settle every job before an instant of `time.monotonic`, which the hold puts off by what it takes."""
    for channel in channels:
        with channel.giving_up():
            beginning = channel.dialogue.begin(channel.jobs, mode)
            channel.send(channel.connection.seal(beginning), channel.jobs)
    if mode is Mode.LAST_BYTE:
        deadline += _held_back(channels, hold, deadline)
    _release(_packets(channels))
    attend(channels, attrgetter("awaited"), deadline)
    for channel in channels:
        if channel.awaited or channel.stuck:
            channel.give_up(Failure.TIMEOUT, "no whole answer in time")


def _held_back(channels: Sequence[Channel], hold: Hold, deadline: float) -> float:
    """Send all that goes before the last bytes, and hold. Returns the seconds that the hold has taken."""
    attend(channels, attrgetter("unsent"), min(deadline, time.monotonic() + _LONGEST_HOLD))
    started = time.monotonic()
    hold()
    held = time.monotonic() - started
    for channel in (
        channels
    ):  # what came early is taken in now: later, nothing may come between the last bytes
        if not channel.broken:
            channel.attend(selectors.EVENT_READ)
    return held


# ---------------------------------------------------------------- the release


@dataclass(frozen=True, slots=True)
class _Packet:
    """What goes in one system call, `offset` ns after the release."""

    offset: int
    channel: Channel
    jobs: tuple[Job, ...]
    sealed: bytes


def _packets(channels: Iterable[Channel]) -> list[_Packet]:
    """All last bytes in the order of their release: those of one connection and one offset go in one packet."""
    packets = list[_Packet]()
    for channel in channels:
        with channel.giving_up():
            packets.extend(_packets_of(channel))
    return sorted(packets, key=attrgetter("offset"))


def _packets_of(channel: Channel) -> Iterator[_Packet]:
    by_offset = attrgetter("offset")
    for offset, group in groupby(sorted(channel.jobs, key=by_offset), by_offset):
        jobs = tuple(group)
        sealed = b""
        if not channel.broken:
            last_bytes = b"".join(map(channel.dialogue.final, jobs))
            sealed = channel.connection.seal(last_bytes)
        yield _Packet(offset, channel, jobs, sealed)


def _release(packets: Sequence[_Packet]) -> None:
    start = clock()
    for number, packet in enumerate(packets):
        if packet.offset:
            _receive_until(start + packet.offset, _finished(packets, number))
        if not packet.channel.broken:
            _send_now(packet)


def _finished(packets: Sequence[_Packet], number: int) -> list[Channel]:
    """The channels of which all has been sent before a packet.

    What was sealed is still to be sent in its order, so a channel receives only once all of it has gone.
    """
    unfinished = {id(packet.channel) for packet in packets[number:]}
    return [packet.channel for packet in packets[:number] if id(packet.channel) not in unfinished]


def _send_now(packet: _Packet) -> None:
    with packet.channel.giving_up():
        packet.channel.send(packet.sealed, packet.jobs)
        now = clock()
        for job in packet.jobs:
            job.released = now


def _receive_until(instant: int, channels: Sequence[Channel]) -> None:
    """Wait for an instant of the clock, and meanwhile take in the answers on channels with nothing left to send."""
    while instant - clock() > AWAKE:
        _receive_answers(channels)
        time.sleep(AWAKE / 4e9)
    wait_until(instant)


def _receive_answers(channels: Sequence[Channel]) -> None:
    for channel in channels:
        if channel.awaited and not channel.stuck:
            channel.attend(selectors.EVENT_READ)


# ---------------------------------------------------------------- waiting for the network


def attend(
    channels: Iterable[Channel], awaited: Callable[[Channel], bool], deadline: float
) -> None:
    """Send and receive until no channel is awaited any more, or until an instant of `time.monotonic`."""
    watched = [channel for channel in channels if not channel.broken]
    with selectors.DefaultSelector() as selector:
        for channel in watched:
            selector.register(channel.connection.socket, selectors.EVENT_READ, channel)
        while any(map(awaited, watched)):
            left = deadline - time.monotonic()
            if left <= 0:
                break
            _attend_once(selector, watched, left)
            watched = _still_watched(selector, watched)


def _attend_once(
    selector: selectors.BaseSelector, watched: Iterable[Channel], seconds: float
) -> None:
    """Wait until the network is ready for one of the channels, and do what it is ready for."""
    for channel in watched:
        events = selectors.EVENT_READ
        if not channel.connection.drained:
            events |= selectors.EVENT_WRITE
        selector.modify(channel.connection.socket, events, channel)
    for key, ready in selector.select(seconds):
        key.data.attend(ready)


def _still_watched(selector: selectors.BaseSelector, watched: Iterable[Channel]) -> list[Channel]:
    """The channels that are not broken; the others are taken off the selector."""
    whole = list[Channel]()
    for channel in watched:
        if channel.broken:
            with suppress(KeyError, ValueError):
                selector.unregister(channel.connection.socket)
        else:
            whole.append(channel)
    return whole
