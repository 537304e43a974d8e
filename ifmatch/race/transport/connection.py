"""One connection: TCP without Nagle, and TLS as a codec between it and us.

TLS is done in memory (`ssl.MemoryBIO`), so that the record which holds the last bytes can be sealed before the release,
and the release is one system call whether there is TLS or not.
"""

import selectors
import socket
import ssl
import struct
import time
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from ifmatch.client.exchange import Failure
from ifmatch.race.transport.instant import clock

_CHUNK = 256 * 1024
_PORTS = {"http": 80, "https": 443}


class BrokenError(Exception):
    """The connection is of no more use; the message says why."""


class DialError(Exception):
    """There is no connection, so nothing was sent."""

    def __init__(self, failure: Failure, detail: str) -> None:
        super().__init__(detail)
        self.failure, self.detail = failure, detail


@dataclass(frozen=True, slots=True)
class Origin:
    """Where connections lead. `tls` is None for plain HTTP. `source` is the address of ours that they come from."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None
    source: str = ""

    @classmethod
    def of(cls, base_url: str, tls: ssl.SSLContext | None, source: str = "") -> "Origin":
        """The origin of an address."""
        url = urlsplit(base_url)
        return cls(url.hostname or "", url.port or _PORTS[url.scheme], tls, source)

    def connected(self, seconds: float) -> socket.socket:
        """A new TCP connection. Raises OSError."""
        source = (self.source, 0) if self.source else None
        return socket.create_connection((self.host, self.port), seconds, source)


class Connection:
    """Bytes to and from the target, never waiting. Raises BrokenError once there is nothing more to be had from it."""

    def __init__(
        self, sock: socket.socket, tls: ssl.SSLObject | None = None, bios: "_Bios | None" = None
    ) -> None:
        self.socket, self._tls, self._bios = sock, tls, bios or _Bios()
        self._unsent, self._closed = b"", False

    @property
    def protocol(self) -> str:
        """What was agreed upon by ALPN (RFC 7301), empty when nothing was."""
        return (self._tls.selected_alpn_protocol() or "") if self._tls else ""

    @property
    def drained(self) -> bool:
        """Whether all that was to be sent has been handed to the network."""
        return not self._unsent

    def seal(self, plain: bytes) -> bytes:
        """The bytes as they go over the network. What is sealed first must be sent first."""
        if self._tls is None or not plain:
            return plain
        with _breaking():
            self._tls.write(plain)
        return self._bios.outgoing.read()

    def send(self, sealed: bytes = b"") -> None:
        """Hand over as much as the network takes now; the rest waits for the next call."""
        data = self._unsent + sealed
        self._unsent = data
        if data:
            with _breaking(), suppress(BlockingIOError):
                taken = self.socket.send(data)
                self._unsent = data[taken:]

    def receive(self) -> bytes | None:
        """What has arrived: None when nothing has, empty when the target has closed its side."""
        if self._closed:
            return b""
        data = None
        with _breaking(), suppress(BlockingIOError):
            data = self.socket.recv(_CHUNK)
            if self._tls is not None:
                data = self._opened(self._tls, data)
        return data

    def await_more(self, deadline: float) -> None:
        """Wait until something arrives. Raises BrokenError when nothing has by an instant of `time.monotonic`."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.socket, selectors.EVENT_READ)
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise BrokenError("nothing came in time")

    def _opened(self, tls: ssl.SSLObject, data: bytes) -> bytes | None:
        self._bios.take(data)
        plain = self._decrypted(tls)
        if (
            self._bios.outgoing.pending
        ):  # a change of keys, which the target may ask for at any time
            self.send(self._bios.outgoing.read())
        return plain if plain or self._closed else None

    def _decrypted(self, tls: ssl.SSLObject) -> bytes:
        plain = bytearray()
        with suppress(ssl.SSLWantReadError):
            try:
                while chunk := tls.read(_CHUNK):
                    plain += chunk
            except ssl.SSLEOFError:
                pass
            self._closed = True
        return bytes(plain)

    def end(self) -> None:
        """Close our side alone (FIN); the target may still answer."""
        with _breaking():
            self.socket.shutdown(socket.SHUT_WR)

    def close(self, *, reset: bool = False) -> None:
        """Close, in good order or with a reset (an RST, by SO_LINGER of no time)."""
        with suppress(OSError):
            if reset:
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.socket.close()


class _Bios:
    """What TLS has received and what it wants sent."""

    def __init__(self) -> None:
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()

    def take(self, data: bytes) -> None:
        """What the network has brought; empty at its end."""
        if data:
            self.incoming.write(data)
        else:
            self.incoming.write_eof()


class _breaking:  # noqa: N801 -- reads as a verb
    """Turns the errors of a connection into BrokenError."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ssl.SSLError):
            raise BrokenError(
                f"TLS: {(error.reason or str(error)).replace('_', ' ').lower()}"
            ) from error
        if isinstance(error, OSError):
            raise BrokenError(error.strerror or str(error)) from error


# ---------------------------------------------------------------- dialling


def dial(origin: Origin, deadline: float) -> Connection:
    """A new connection, TLS included, before an instant of `time.monotonic`. Raises DialError.

    The name is resolved by the operating system, which bounds that step by its own time-out.
    """
    sock: socket.socket | None = None
    try:
        sock = origin.connected(_left(deadline))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = _greeted(sock, origin, deadline) if origin.tls else Connection(sock)
        sock.setblocking(False)
        return connection
    except (OSError, UnicodeError) as error:
        if sock is not None:
            sock.close()
        raise DialError(*_classified(error)) from error


def way(origin: Origin, deadline: float, tries: int = 3) -> int | None:
    """How long it takes to the origin and back (ns): the shortest of a few TCP handshakes, which cost it no work.

    None when there is no connection before an instant of `time.monotonic`.
    """
    durations = []
    for _ in range(tries):
        with suppress(OSError, UnicodeError):
            begun = clock()
            origin.connected(_left(deadline)).close()
            durations.append(clock() - begun)
    return min(durations, default=None)


def _greeted(sock: socket.socket, origin: Origin, deadline: float) -> Connection:
    assert origin.tls is not None
    bios = _Bios()
    tls = origin.tls.wrap_bio(bios.incoming, bios.outgoing, server_hostname=origin.host)
    while True:
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            sock.sendall(bios.outgoing.read())
            sock.settimeout(_left(deadline))
            data = sock.recv(_CHUNK)
            if not data:
                raise ssl.SSLError(0, "connection closed during the handshake") from None
            bios.incoming.write(data)
        else:
            sock.sendall(bios.outgoing.read())
            return Connection(sock, tls, bios)


def _left(deadline: float) -> float:
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError("no connection in time")
    return seconds


def _classified(error: OSError | UnicodeError) -> tuple[Failure, str]:
    detail = getattr(error, "verify_message", "") or getattr(error, "strerror", "") or str(error)
    return next(failure for kind, failure in _CULPRITS if isinstance(error, kind)), detail


#: The narrower kinds first. None of these requests was ever sent.
_CULPRITS: tuple[tuple[type[BaseException], Failure], ...] = (
    (ssl.SSLError, Failure.TLS),
    (socket.gaierror, Failure.NO_HOST),
    (UnicodeError, Failure.NO_HOST),
    (TimeoutError, Failure.TIMEOUT),
    (Exception, Failure.REFUSED),
)
