"""What one connection sends and receives over its life, without doing any I/O of its own."""

from collections.abc import Sequence
from typing import Protocol

from ifmatch.race.transport.engine import Job, Mode


class Dialogue(Protocol):
    """Our side of a connection in some version of HTTP.

    A round is `begin`, then `final` for each job, and `receive` until all are settled. All three return what to send.
    """

    alpn: str
    """How the protocol is called in ALPN (RFC 7301)."""
    usual_room: int
    """How many requests at once a connection can be expected to take."""

    @property
    def room(self) -> int:
        """How many requests it takes now; 0 when the connection is spent."""

    @property
    def greeted(self) -> bool:
        """Whether it may be used: what the other side must send first has arrived."""

    @property
    def ready(self) -> bool:
        """Whether all but the last bytes has been sent."""

    def greeting(self) -> bytes:
        """What is sent first of all."""

    def begin(self, jobs: Sequence[Job], mode: Mode) -> bytes:
        """A round begins: everything that goes before the release. Marks jobs failed that cannot be sent at all."""

    def final(self, job: Job) -> bytes:
        """The last bytes of a job."""

    def receive(self, data: bytes, at: int) -> bytes:
        """What arrived at an instant (ns), empty at the end. Settles the jobs that it answers.

        Raises GarbledError when the other side does not keep to the protocol, TooLargeError when it sends too much.
        """
