"""Race windows that need no luck: one side is held open, or abandoned, for as long as it takes."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from ifmatch.client.exchange import Failure, Request
from ifmatch.race.transport.connection import DialError, Origin, dial, way
from ifmatch.race.transport.engine import Engine, Job, Mode, Result, TimedRequest
from ifmatch.race.transport.http1 import Http1
from ifmatch.race.transport.instant import clock
from ifmatch.race.transport.round import Channel, attend

#: Seconds; how long the target may take to answer half a request.
_LONGEST_ANSWER = 1.0

T = TypeVar("T")


def held_body(engine: Engine, request: Request, between: Callable[[], T]) -> tuple[Result, T]:
    """Send all of a request but its last byte, do something else completely, then finish the request.

    A target that checks If-Match when the headers arrive has checked it before `between`, and writes after it.
    """
    done: list[T] = []
    (result,) = engine.release([TimedRequest(request)], hold=lambda: done.append(between()))
    return result, done[0]


@dataclass(frozen=True, slots=True)
class Widener:
    """Requests that we break off, each over an HTTP/1.1 connection of its own. `timeout` is in seconds."""

    origin: Origin
    timeout: float

    def way(self) -> int | None:
        """How long it takes to the target and back; ns, None when there is no connection."""
        return way(self.origin, time.monotonic() + self.timeout)

    def abandon(self, request: Request, *, reset: bool = False) -> Result:
        """Send all of a request and close at once: the response is lost, the outcome unknown.

        With `reset` the connection is closed by an RST, upon which the target may lose what it has not read yet.
        """
        return self._broken_off(
            request, 0, reset, 0.0, "we closed the connection after the last byte"
        )

    def aborted_upload(self, request: Request, *, reset: bool = False) -> Result:
        """Send the headers and half of the body, then break off: it must leave no trace.

        Without `reset` only our side is closed (FIN), and what the target answers within a second is in the result.
        The result's request is what was sent: its Content-Length promises more than its body holds.
        """
        missing = (len(request.body) + 1) // 2
        patience = 0.0 if reset else min(_LONGEST_ANSWER, self.timeout)
        result = self._broken_off(
            request, missing, reset, patience, "we broke off in the middle of the body"
        )
        headers = (*request.headers, ("Content-Length", str(len(request.body))))
        return replace(
            result, request=replace(request, headers=headers, body=request.body[:-missing])
        )

    def _broken_off(
        self, request: Request, missing: int, reset: bool, patience: float, detail: str
    ) -> Result:
        job = Job(request)
        deadline = time.monotonic() + self.timeout
        try:
            channel = Channel(dial(self.origin, deadline), Http1(), [job])
        except DialError as error:
            job.failed(error.failure, error.detail)
            return job.result()
        channel.dialogue.begin(channel.jobs, Mode.WHOLE)
        whole = channel.dialogue.final(job)
        with channel.giving_up():
            channel.send(channel.connection.seal(whole[: len(whole) - missing]), channel.jobs)
            attend([channel], lambda channel: not channel.connection.drained, deadline)
            job.released = None if missing else clock()
            if patience:
                channel.connection.end()
                attend(
                    [channel],
                    lambda channel: channel.awaited,
                    min(deadline, time.monotonic() + patience),
                )
        channel.connection.close(reset=reset)
        job.failed(Failure.RESET, detail)
        return job.result()
