"""HTTP/2 (RFC 9113): many requests at once, whose last frames fit into one packet.

That is the single-packet attack (Kettle, "Smashing the state machine", 2023): what arrives in one packet has arrived at one
instant, whatever the network does. A request without a body keeps back an empty DATA frame that ends its stream.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

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
from h2.settings import SettingCodes

from ifmatch.race.transport.message import Draft, Fields, Garbled, fields_of, host_of, path_of
from ifmatch.race.transport.shot import Job, Mode
from ifmatch.target.exchange import Failure, Request

#: Of HTTP/1.1 alone (RFC 9113 section 8.2.2), and what a pseudo-header says already.
_UNKNOWN_TO_HTTP2 = (b"host", b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade")


@dataclass(slots=True)
class _Stream:
    """A job on its way: `said` bytes of its body have been sent; `let_go` when the last one may be."""

    job: Job
    said: int = 0
    let_go: bool = False
    ended: bool = False
    draft: Draft = field(default_factory=Draft)


class Http2:
    """A connection in HTTP/2."""

    alpn, usual_room = "h2", 100

    def __init__(self, scheme: str) -> None:
        self._scheme = scheme.encode()
        self._h2 = H2Connection(H2Configuration(client_side=True, header_encoding=None))
        self._streams: dict[int, _Stream] = {}
        self._mode = Mode.LAST_BYTE
        self.greeted, self._terminated = False, False

    # ------------------------------------------------------------ what there is

    @property
    def room(self) -> int:
        """As many as the target lets be open at once, less those that are (RFC 9113 section 5.1.2)."""
        left = self._h2.remote_settings.max_concurrent_streams - self._h2.open_outbound_streams
        return 0 if self._terminated else max(0, min(left, self.usual_room))

    @property
    def ready(self) -> bool:
        """Whether the target's flow control has let all but the last bytes through."""
        return self._mode is Mode.WHOLE or all(
            stream.said >= len(stream.job.shot.request.body) - 1 or not stream.job.open
            for stream in self._streams.values()
        )

    # ------------------------------------------------------------ what is said

    def greeting(self) -> bytes:
        """The preface with our settings: nothing pushed."""
        self._h2.update_settings({SettingCodes.ENABLE_PUSH: 0}) if False else None
        self._h2.local_settings.enable_push = 0
        self._h2.initiate_connection()
        return self._h2.data_to_send()

    def begin(self, jobs: Sequence[Job], mode: Mode) -> bytes:
        """The headers, and of each body as much as flow control lets through, but the last byte."""
        self._mode = mode
        self._streams = {}
        waiting = list(jobs)
        if mode is Mode.WHOLE:
            self._unsaid = waiting
            return b""
        for job in waiting:
            self._open(job)
        self._pump()
        return self._h2.data_to_send()
