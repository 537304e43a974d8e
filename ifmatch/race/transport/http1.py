"""HTTP/1.1 (RFC 9112): one request at a time on a connection."""

from collections.abc import Sequence

import h11

from ifmatch.client.exchange import Failure, Request
from ifmatch.client.fields import fields_of
from ifmatch.race.transport.engine import Job, Mode
from ifmatch.race.transport.message import Draft, GarbledError, host_of, path_of

#: Bytes; what a response's head may have.
_LONGEST_HEAD = 256 * 1024

_CLOSED = "the target closed the connection"


class Http1:
    """A connection in HTTP/1.1, or in HTTP/1.0 when the target answers so."""

    alpn, usual_room = "http/1.1", 1
    greeted = ready = True

    def __init__(self) -> None:
        self._parser = h11.Connection(h11.CLIENT, _LONGEST_HEAD)
        self._job: Job | None = None
        self._draft = Draft()
        self._tail = b""

    @property
    def room(self) -> int:
        """One, as long as the last response was whole and leaves the connection open (RFC 9112 section 9.3)."""
        states = {self._parser.our_state, self._parser.their_state}
        return 1 if states <= {h11.IDLE} or states <= {h11.DONE} else 0

    def greeting(self) -> bytes:
        """Nothing: the request comes first."""
        return b""

    def begin(self, jobs: Sequence[Job], mode: Mode) -> bytes:
        """The request without its last byte: of the body, or else of the empty line after the headers."""
        (self._job,), self._draft, self._tail = jobs, Draft(), b""
        try:
            whole = self._serialised(self._job.request)
        except (h11.LocalProtocolError, UnicodeError) as error:
            self._job.failed(Failure.RESET, f"the request cannot be put on the wire: {error}")
            return b""
        cut = len(whole) - 1 if mode is Mode.LAST_BYTE else 0
        self._tail = whole[cut:]
        return whole[:cut]

    def _serialised(self, request: Request) -> bytes:
        if self._parser.our_state is h11.DONE:
            self._parser.start_next_cycle()
        head = h11.Request(
            method=request.method,
            target=path_of(request),
            headers=fields_of(request, host_of(request)),
        )
        events: list[h11.Event] = [head, h11.EndOfMessage()]
        if request.body:
            events.insert(1, h11.Data(data=request.body))
        parts = filter(None, map(self._parser.send, events))
        return b"".join(parts)

    def final(self, job: Job) -> bytes:
        """The last byte."""
        return self._tail

    def receive(self, data: bytes, at: int) -> bytes:
        """Responses never ask for more to be sent: an interim one (1xx) is passed over."""
        if self._job is None or self._parser.our_state is h11.IDLE:
            raise _garbled(data, "the target speaks unasked")
        try:
            self._parser.receive_data(data)
            more = True
            while more:
                more = self._take(self._parser.next_event(), at)
        except h11.RemoteProtocolError as error:
            raise _garbled(data, str(error)) from None
        return b""

    def _take(self, event: object, at: int) -> bool:
        """Whether there may be more to take."""
        match event:
            case h11.Response(
                status_code=status,
                reason=reason,
                http_version=version,
                headers=headers,
            ):
                name = f"HTTP/{version.decode()}"
                self._draft.head(status, reason, name, headers.raw_items())
            case h11.Data(data=data):
                self._draft.add(bytes(data))
            case h11.EndOfMessage() if self._job is not None:
                self._job.answered(self._draft.finished(), at)
            case h11.ConnectionClosed():
                raise GarbledError(_CLOSED)
            case h11.NEED_DATA | h11.PAUSED:
                return False
        return True


def _garbled(data: bytes, why: str) -> GarbledError:
    """Why a response is no use: empty data is the end of the connection, whatever the parser makes of it."""
    return GarbledError(why if data else _CLOSED)
