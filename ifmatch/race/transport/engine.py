"""What goes into a round and what comes out of it.

All instants are nanoseconds of `time.monotonic_ns`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from ifmatch.client.exchange import Failure, Request, Response
from ifmatch.race.transport.instant import BRIEFLY, Hold, clock


class Mode(StrEnum):
    """How the requests of a round are released."""

    LAST_BYTE = "last byte"
    """All but the last byte goes first, the last bytes follow together (Kettle, "Smashing the state machine", 2023)."""
    WHOLE = "whole"
    """Nothing is sent before the release: for targets that refuse a request which comes in two parts."""


@dataclass(frozen=True, slots=True)
class TimedRequest:
    """One request of a round, to leave `offset` nanoseconds after the release."""

    request: Request
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one request.

    `invoked` lies before its first byte, because a target may act on the headers alone; `released` after its last byte
    was handed to the network, None when it never was; `returned` after the last needed byte of the response, None when
    there is none. A request without a response may have taken effect, and may still; only when `sent` is false it
    certainly has not. `place` is where it was sent from, when that was not here.
    """

    request: Request
    response: Response | None
    failure: Failure | None
    detail: str
    invoked: int
    released: int | None
    returned: int | None
    sent: bool = True
    place: str = ""


@dataclass(slots=True)
class Job:
    """A request in flight. The first outcome stands: what comes after an answer is of no more interest."""

    request: Request
    offset: int = 0
    invoked: int | None = None
    released: int | None = None
    returned: int | None = None
    response: Response | None = None
    failure: Failure | None = None
    detail: str = ""

    @classmethod
    def of(cls, timed: TimedRequest) -> "Job":
        """The job of sending a request of a round."""
        return cls(timed.request, timed.offset)

    @property
    def open(self) -> bool:
        """Whether nothing is known yet of what became of it."""
        return self.response is None and self.failure is None

    def leaves(self) -> None:
        """Its first byte is about to leave."""
        if self.invoked is None:
            self.invoked = clock()

    def answered(self, response: Response, at: int) -> None:
        """The whole response had arrived at an instant."""
        if self.open:
            self.response, self.returned = response, at

    def failed(self, failure: Failure, detail: str) -> None:
        """There will be no response."""
        if self.open:
            self.failure, self.detail = failure, detail

    def result(self) -> Result:
        """What became of the request, once that is settled."""
        sent = self.invoked is not None
        return Result(
            request=self.request,
            response=self.response,
            failure=self.failure,
            detail=self.detail,
            invoked=clock() if self.invoked is None else self.invoked,
            released=self.released if sent else None,
            returned=self.returned,
            sent=sent,
        )


class Engine(Protocol):
    """A way of sending requests together."""

    def release(
        self, requests: Sequence[TimedRequest], mode: Mode = Mode.LAST_BYTE, *, hold: Hold = BRIEFLY
    ) -> list[Result]:
        """One round: a result for each request, in their order. Requests of one offset leave in the order given.

        Connections that are missing or gone are dialled first, which takes no part in a request's time. `hold` is
        called while the last bytes are held back. Raises nothing that the network or the target may cause, and takes no
        longer than the time-out and the hold. Another round may be released from within the hold: it has connections of
        its own.
        """

    def redial(self) -> None:
        """Forget all connections; the next round has new ones."""

    def close(self) -> None:
        """Close all connections."""
