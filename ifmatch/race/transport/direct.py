"""The engine that speaks to the target itself, over sockets of its own."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from ifmatch.client.exchange import Failure
from ifmatch.race.transport.connection import BrokenError, DialError, Origin, dial
from ifmatch.race.transport.dialogue import Dialogue
from ifmatch.race.transport.engine import Job, Mode, Result, TimedRequest
from ifmatch.race.transport.instant import BRIEFLY, Hold
from ifmatch.race.transport.message import GarbledError, TooLargeError
from ifmatch.race.transport.round import Channel, run_round

#: How often more connections are dialled when those that there are have too little room.
_MOST_DIALLED = 3


class Direct:
    """Keeps connections from round to round. `timeout` is in seconds and bounds a round, `speak` starts a dialogue."""

    def __init__(self, origin: Origin, timeout: float, speak: Callable[[], Dialogue]) -> None:
        self._origin, self._timeout, self._speak = origin, timeout, speak
        self._idle: list[Channel] = []

    def release(
        self, requests: Sequence[TimedRequest], mode: Mode = Mode.LAST_BYTE, *, hold: Hold = BRIEFLY
    ) -> list[Result]:
        """One round (see Engine). Half of the time-out is for dialling, if that is needed."""
        deadline = time.monotonic() + self._timeout
        jobs = list(map(Job.of, requests))
        failure = self._dial_for(len(jobs), deadline - self._timeout / 2)
        channels = self._assigned(jobs, failure)
        try:
            run_round(channels, mode, hold, deadline)
        except (
            BaseException
        ):  # from the hold: the requests stay unfinished, and so do their connections
            for channel in channels:
                channel.give_up(Failure.RESET, "given up by us")
            raise
        self._idle += _whole(channels)
        return [job.result() for job in jobs]

    def redial(self) -> None:
        """Forget all connections."""
        for channel in self._idle:
            channel.connection.close()
        self._idle = []

    close = redial

    def _assigned(self, jobs: Sequence[Job], failure: DialError) -> list[Channel]:
        """The channels with the jobs given out among them, no longer idle; jobs that find no room have failed."""
        waiting = iter(jobs)
        busy, idle = list[Channel](), list[Channel]()
        for channel in self._idle:
            channel.jobs = list(islice(waiting, channel.dialogue.room))
            (busy if channel.jobs else idle).append(channel)
        for job in waiting:
            job.failed(failure.failure, failure.detail)
        self._idle = idle
        return busy

    # ------------------------------------------------------------ connections

    def _dial_for(self, count: int, deadline: float) -> DialError:
        """See to it that there is room for so many requests. Returns what is said to those that find none."""
        self._close_spent()
        for _ in range(_MOST_DIALLED):
            rooms = [channel.dialogue.room for channel in self._idle]
            short = count - sum(rooms)
            if short <= 0:
                break
            usual = max(rooms, default=self._speak().usual_room)
            failure = self._dial_more(-(-short // usual), deadline)
            if failure is not None:
                return failure
        return DialError(Failure.REFUSED, "the target takes no more requests at once")

    def _close_spent(self) -> None:
        """Close the connections that the target has given up, or that have no room left."""
        for channel in self._idle:
            with channel.giving_up():
                channel.receive()
        for channel in _whole(self._idle):
            if channel.dialogue.room == 0:
                channel.give_up(Failure.RESET, "spent")
        self._idle = _whole(self._idle)

    def _dial_more(self, count: int, deadline: float) -> DialError | None:
        """So many new connections, and why one of them is missing, if one is.

        All are dialled at once, so that one that hangs costs the others nothing.
        """
        if count == 1:
            outcomes = [self._dial(deadline)]
        else:
            with ThreadPoolExecutor(count) as threads:
                outcomes = list(threads.map(self._dial, [deadline] * count))
        failure = None
        for outcome in outcomes:
            if isinstance(outcome, Channel):
                self._idle.append(outcome)
            else:
                failure = failure or outcome
        return failure

    def _dial(self, deadline: float) -> Channel | DialError:
        try:
            channel = Channel(dial(self._origin, deadline), self._speak())
        except DialError as error:
            return error
        try:
            channel.connection.send(channel.connection.seal(channel.dialogue.greeting()))
            while not channel.dialogue.greeted:
                channel.connection.await_more(deadline)
                channel.receive()
        except (BrokenError, GarbledError, TooLargeError) as error:
            channel.connection.close()
            return DialError(Failure.RESET, str(error))
        return channel


def _whole(channels: Sequence[Channel]) -> list[Channel]:
    return [channel for channel in channels if not channel.broken]
