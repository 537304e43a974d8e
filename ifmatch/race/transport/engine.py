"""The engine that speaks to the target itself, over sockets of its own."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from ifmatch.client.exchange import Failure
from ifmatch.race.transport.connection import BrokenError, DialError, Origin, dial
from ifmatch.race.transport.dialogue import Dialogue
from ifmatch.race.transport.instant import BRIEFLY, Hold
from ifmatch.race.transport.message import GarbledError, TooLargeError
from ifmatch.race.transport.salvo import Lane, salvo
from ifmatch.race.transport.shot import Job, Mode, Result, Shot

#: How often more connections are dialled when those that there are have too little room.
_MOST_DIALLED = 3


class Direct:
    """Keeps connections from round to round. `timeout` is in seconds and bounds a round, `speak` starts a dialogue."""

    def __init__(self, origin: Origin, timeout: float, speak: Callable[[], Dialogue]) -> None:
        self._origin, self._timeout, self._speak = origin, timeout, speak
        self._lanes: list[Lane] = []  # idle ones

    def fire(self, shots: Sequence[Shot], mode: Mode = Mode.LAST_BYTE, *, hold: Hold = BRIEFLY) -> list[Result]:
        """One round (see Engine). Half of the time-out is for dialling, if that is needed."""
        deadline = time.monotonic() + self._timeout
        jobs = [Job(shot) for shot in shots]
        failure = self._dial_for(len(jobs), deadline - self._timeout / 2)
        lanes = self._loaded(jobs, failure)
        try:
            salvo(lanes, mode, hold, deadline)
        except BaseException:  # from the hold: the requests stay unfinished, and so do their connections
            for lane in lanes:
                lane.give_up(Failure.RESET, "given up by us")
            raise
        self._lanes += [lane for lane in lanes if not lane.broken]
        return [job.result() for job in jobs]

    def redial(self) -> None:
        """Forget all connections."""
        for lane in self._lanes:
            lane.connection.close()
        self._lanes = []

    close = redial

    def _loaded(self, jobs: Sequence[Job], failure: DialError) -> list[Lane]:
        """The lanes with the jobs given out among them, no longer idle; jobs that find no room have failed."""
        waiting = iter(jobs)
        for lane in self._lanes:
            lane.jobs = list(islice(waiting, lane.dialogue.room))
        for job in waiting:
            job.failed(failure.failure, failure.detail)
        loaded = [lane for lane in self._lanes if lane.jobs]
        self._lanes = [lane for lane in self._lanes if not lane.jobs]
        return loaded

    # ------------------------------------------------------------ connections

    def _dial_for(self, count: int, deadline: float) -> DialError:
        """See to it that there is room for so many requests. Returns what is said to those that find none."""
        self._weed()
        for _ in range(_MOST_DIALLED):
            rooms = [lane.dialogue.room for lane in self._lanes]
            short = count - sum(rooms)
            if short <= 0:
                break
            usual = max(rooms, default=self._speak().usual_room)
            outcomes = self._dialled(-(-short // usual), deadline)
            self._lanes += [outcome for outcome in outcomes if isinstance(outcome, Lane)]
            failures = [outcome for outcome in outcomes if isinstance(outcome, DialError)]
            if failures:
                return failures[0]
        return DialError(Failure.REFUSED, "the target takes no more requests at once")

    def _weed(self) -> None:
        """Close the connections that the target has given up, or that have no room left."""
        for lane in self._lanes:
            with lane.giving_up():
                if not lane.broken:
                    lane.listen()
            if not lane.broken and lane.dialogue.room == 0:
                lane.give_up(Failure.RESET, "spent")
        self._lanes = [lane for lane in self._lanes if not lane.broken]

    def _dialled(self, count: int, deadline: float) -> list[Lane | DialError]:
        """So many new connections, dialled all at once so that one that hangs costs the others nothing."""
        if count == 1:
            return [self._dial(deadline)]
        with ThreadPoolExecutor(count) as threads:
            return list(threads.map(self._dial, [deadline] * count))

    def _dial(self, deadline: float) -> Lane | DialError:
        try:
            lane = Lane(dial(self._origin, deadline), self._speak())
        except DialError as error:
            return error
        try:
            lane.connection.send(lane.connection.seal(lane.dialogue.greeting()))
            while not lane.dialogue.greeted:
                lane.connection.await_more(deadline)
                lane.listen()
        except (BrokenError, GarbledError, TooLargeError) as error:
            lane.connection.close()
            return DialError(Failure.RESET, str(error))
        return lane
