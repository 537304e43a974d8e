"""HTTP/2 (RFC 9113): many requests at once, whose last frames fit into one packet.

That is the single-packet attack (Kettle, "Smashing the state machine", 2023): what arrives in one packet has arrived at
one instant, whatever the network does. A request without a body keeps back an empty DATA frame that ends its stream.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    RemoteSettingsChanged,
    ResponseReceived,
    StreamEnded,
    StreamReset,
)
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes, Settings

from ifmatch.client.exchange import Failure, Request
from ifmatch.client.fields import Fields, fields_of
from ifmatch.race.transport.engine import Job, Mode
from ifmatch.race.transport.message import (
    Draft,
    GarbledError,
    TooLargeError,
    host_of,
    path_of,
)

#: Of HTTP/1.1 alone (RFC 9113 section 8.2.2), and what a pseudo-header says already.
_UNKNOWN_TO_HTTP2 = (
    b"host",
    b"connection",
    b"keep-alive",
    b"proxy-connection",
    b"transfer-encoding",
    b"upgrade",
)


@dataclass(slots=True)
class _Stream:
    """A job on its way: so many bytes of its body have been sent, and the last one may be once it is `released`."""

    job: Job
    id: int
    sent: int = 0
    released: bool = False
    ended: bool = False
    draft: Draft = field(default_factory=Draft)

    @property
    def end(self) -> int:
        """How far the body may be sent."""
        held_back = 0 if self.released else 1
        return len(self.job.request.body) - held_back


class Http2:
    """A connection in HTTP/2. `scheme` is that of the addresses."""

    alpn, usual_room = "h2", 100

    def __init__(self, scheme: str) -> None:
        self._scheme = scheme.encode()
        self._h2 = H2Connection(H2Configuration(client_side=True, header_encoding=None))
        self._h2.local_settings = Settings(
            client=True, initial_values={SettingCodes.ENABLE_PUSH: 0}
        )
        self._streams: dict[int, _Stream] = {}
        self.greeted = self._terminated = False

    # ------------------------------------------------------------ what is sent

    @property
    def room(self) -> int:
        """As many as the target lets be open at once, less those that are (RFC 9113 section 5.1.2)."""
        left = self._h2.remote_settings.max_concurrent_streams - self._h2.open_outbound_streams
        return 0 if self._terminated else max(0, min(left, self.usual_room))

    @property
    def ready(self) -> bool:
        """Whether flow control has let everything through that may go."""
        return all(
            stream.sent >= stream.end or not stream.job.open for stream in self._streams.values()
        )

    def greeting(self) -> bytes:
        """The connection preface with our settings."""
        self._h2.initiate_connection()
        return self._h2.data_to_send()

    def begin(self, jobs: Sequence[Job], mode: Mode) -> bytes:
        """The headers, and of each body as much as flow control lets through, but the last byte."""
        self._streams = {}
        if mode is Mode.LAST_BYTE:
            for job in jobs:
                self._open(job)
            self._pump()
        return self._h2.data_to_send()

    def final(self, job: Job) -> bytes:
        """The frames that end the stream; should flow control still hold back some of it, they follow as it allows."""
        stream = next((s for s in self._streams.values() if s.job is job), None) or self._open(job)
        if stream is not None:
            stream.released = True
            self._pump()
        return self._h2.data_to_send()

    def _open(self, job: Job) -> _Stream | None:
        try:
            stream = _Stream(job, self._h2.get_next_available_stream_id())
            self._h2.send_headers(stream.id, self._fields(job.request))
        except (ProtocolError, UnicodeError) as error:
            job.failed(Failure.RESET, f"the request cannot be put on the wire: {error}")
            return None
        self._streams[stream.id] = stream
        return stream

    def _fields(self, request: Request) -> Fields:
        fields: Fields = [
            (b":method", request.method.encode()),
            (b":authority", host_of(request)),
            (b":scheme", self._scheme),
            (b":path", path_of(request)),
        ]
        for given, value in fields_of(request, host_of(request)):
            name = given.lower()
            if name not in _UNKNOWN_TO_HTTP2:
                fields.append((name, value))
        return fields

    def _pump(self) -> None:
        """Send as much as flow control allows (RFC 9113 section 5.2), leaving room for every last byte still held."""
        for stream in self._streams.values():
            if not stream.ended:
                self._send_if_open(stream)

    def _send_if_open(self, stream: _Stream) -> None:
        try:
            self._send(stream)
        except (
            ProtocolError
        ):  # the target has closed the stream: its answer is there, or comes no more
            stream.ended = True

    def _send(self, stream: _Stream) -> None:
        body = stream.job.request.body
        while stream.sent < stream.end:
            part = min(self._allowed(stream), stream.end - stream.sent)
            if part <= 0:
                return
            end = stream.sent + part
            stream.ended = end == len(body)
            self._h2.send_data(stream.id, body[stream.sent : end], end_stream=stream.ended)
            stream.sent = end
        if stream.released and not stream.ended:
            self._h2.send_data(stream.id, b"", end_stream=True)
            stream.ended = True

    def _allowed(self, stream: _Stream) -> int:
        """How many bytes may be sent now: the window is shared by all streams, and each held byte will need one."""
        held = sum(not other.released for other in self._streams.values())
        window: int = self._h2.local_flow_control_window(stream.id)
        return min(window - held, self._h2.max_outbound_frame_size)

    # ------------------------------------------------------------ what is received

    def receive(self, data: bytes, at: int) -> bytes:
        """Acknowledgements, and what a wider window now lets through."""
        if not data:
            raise GarbledError("the target closed the connection")
        try:
            for event in self._h2.receive_data(data):
                self._take(event, at)
        except ProtocolError as error:
            why = str(error) or type(error).__name__
            raise GarbledError(f"not HTTP/2: {why}") from None
        self._pump()
        return self._h2.data_to_send()

    def _take(self, event: Event, at: int) -> None:
        if isinstance(event, RemoteSettingsChanged):
            self.greeted = True
            return
        if isinstance(event, ConnectionTerminated):
            self._end(event)
            return
        stream = self._streams.get(getattr(event, "stream_id", None) or 0)
        if stream is None:
            return
        try:
            self._take_part(stream, event, at)
        except (GarbledError, TooLargeError) as error:
            stream.job.failed(error.failure, str(error))

    def _take_part(self, stream: _Stream, event: Event, at: int) -> None:
        match event:
            case ResponseReceived(headers=headers):
                _begin_draft(stream.draft, headers or ())
            case DataReceived(data=data, flow_controlled_length=length):
                self._h2.acknowledge_received_data(length or 0, stream.id)
                stream.draft.add(data or b"")
            case StreamEnded():
                stream.job.answered(stream.draft.finished(), at)
            case StreamReset(error_code=code):
                stream.ended = True
                name = getattr(code, "name", code)
                stream.job.failed(Failure.RESET, f"the target reset the stream: {name}")

    def _end(self, event: ConnectionTerminated) -> None:
        self._terminated = True
        for stream in self._streams.values():
            if stream.id > (event.last_stream_id or 0):
                stream.job.failed(
                    Failure.RESET,
                    "the target ended the connection (GOAWAY) before it took the request",
                )


def _begin_draft(draft: Draft, headers: Iterable[Any]) -> None:
    """The head of a response: its pseudo-headers begin with a colon (RFC 9113 section 8.3)."""
    status, fields = 0, Fields()
    for name, value in headers:
        if name == b":status":
            status = int(value)
        elif not name.startswith(b":"):
            fields.append((bytes(name), bytes(value)))
    draft.head(status, b"", "HTTP/2", fields)
