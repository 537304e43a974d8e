"""The wire. The only module that knows the HTTP library, so that its successor can replace it.

Requests are handed complete to httpcore, the engine of httpx, and answers taken raw: no header is added that we did
not set but those of the message itself, no cookies are kept between two identities, nothing is followed or decoded, and
what the evidence shows is what was on the wire. httpx, which would do all that, only reads the addresses. The engine is
given a network with a deadline for the whole of a request.
"""

import socket
import ssl
import time
import urllib.request
import zlib
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import httpcore
import httpx

from ifmatch.client.exchange import Exchange, Failure, Request, Response
from ifmatch.client.fields import fields_of

#: More than any single FHIR answer to our requests can need; bytes.
MAX_BODY = 8 * 1024 * 1024

_STEPS = ("connect", "read", "write", "pool")


class Wire:
    """Sends requests one at a time over kept-alive connections. Never repeats a request, never follows a redirect.

    `timeout` is in seconds and bounds the whole of a request, however slowly the answer drips. `proxies` lets the
    environment's proxy settings apply.
    """

    def __init__(
        self, base_url: str, tls: ssl.SSLContext | None, timeout: float, proxies: bool = True
    ) -> None:
        self._timeout = timeout
        self._network = _Punctual()
        self._keep_alive = True
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls,
            proxy=_proxy_for(base_url) if proxies else None,
            network_backend=self._network,
        )

    def send(
        self, request: Request, before_last_byte: Callable[[], None] | None = None
    ) -> Exchange:
        """One request, and its response or the reason why there is none. Raises nothing that the network may cause.

        `before_last_byte` is called when all of the request but the last byte of its body has been sent.
        """
        started, clock = datetime.now(UTC), time.perf_counter()
        response, failure, detail = self._attempt(request, before_last_byte)
        if failure is Failure.RESET and self._network.reused:
            # The server drops kept-alive connections without notice: from now on each request has its own.
            self._keep_alive, failure = False, Failure.DROPPED
        duration = (time.perf_counter() - clock) * 1000
        if response is None or response.status >= 400 or not self._keep_alive:
            # Some servers drop a connection without notice once they have refused a request on it;
            # the next write would then have an unknown outcome for no good reason.
            self._pool.close()
        return Exchange(request, response, failure, detail, started, round(duration, 3))

    def _attempt(
        self, request: Request, before_last_byte: Callable[[], None] | None
    ) -> tuple[Response | None, Failure | None, str]:
        try:
            return self._receive(request, before_last_byte), None, ""
        except _TooLargeError:
            return None, Failure.TOO_LARGE, f"more than {MAX_BODY // 1024 // 1024} MB"
        except httpcore.TimeoutException as error:
            kind = (
                Failure.NO_ANSWER if isinstance(error, httpcore.ConnectTimeout) else Failure.TIMEOUT
            )
            return None, kind, f"no whole answer within {self._timeout:g} s"
        except httpx.InvalidURL as error:
            return None, Failure.NO_HOST, str(error)
        except (
            httpcore.NetworkError,
            httpcore.ProtocolError,
            httpcore.ProxyError,
            OSError,
        ) as error:
            return None, *_classified(error)

    def _receive(self, request: Request, before_last_byte: Callable[[], None] | None) -> Response:
        content: bytes | Iterator[bytes] = request.body
        if before_last_byte is not None:
            content = _in_two(request.body, before_last_byte)
        url, host = _address(request.url)
        extensions = {"timeout": dict.fromkeys(_STEPS, self._timeout)}
        asked = httpcore.Request(
            request.method,
            url,
            headers=fields_of(request, host),
            content=content,
            extensions=extensions,
        )
        self._network.begin(self._timeout)
        answer = self._pool.handle_request(asked)
        try:
            pairs = tuple(
                (n.decode("latin-1"), v.decode("utf-8", "replace")) for n, v in answer.headers
            )
            body = _whole(answer.iter_stream(), pairs)
            return Response(answer.status, *_first_line(answer), pairs, body)
        finally:
            answer.close()

    def pause(self, seconds: float) -> None:
        """Let time pass on the other side."""
        time.sleep(seconds)

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


class _TooLargeError(Exception):
    pass


@lru_cache(1024)
def _address(url: str) -> tuple[httpcore.URL, bytes]:
    """A URL as the engine takes it, and what it says of the host. Raises httpx.InvalidURL when it is none."""
    parsed = httpx.URL(url)
    address = httpcore.URL(
        scheme=parsed.raw_scheme,
        host=parsed.raw_host,
        port=parsed.port,
        target=parsed.raw_path,
    )
    return address, parsed.netloc


def _first_line(answer: httpcore.Response) -> tuple[str, str]:
    """The reason in the status line of an answer, and its version of HTTP."""
    reason = answer.extensions.get("reason_phrase", b"").decode("ascii", "ignore")
    return reason, answer.extensions["http_version"].decode("ascii", "ignore")


def _in_two(body: bytes, before_last_byte: Callable[[], None]) -> Iterator[bytes]:
    """All but the last byte, which the library sends before it asks for more, and then the last one."""
    yield body[:-1]
    before_last_byte()
    yield body[-1:]


def _whole(chunks: Iterable[bytes], headers: Iterable[tuple[str, str]]) -> bytes:
    """The body, decompressed should the server have compressed it unasked. Raises _TooLargeError."""
    coding = next(
        (value.strip().lower() for name, value in headers if name.lower() == "content-encoding"), ""
    )
    body = bytearray()
    for chunk in _inflated(chunks) if coding in ("gzip", "x-gzip", "deflate") else chunks:
        body += chunk
        if len(body) > MAX_BODY:
            raise _TooLargeError
    return bytes(body)


def _inflated(chunks: Iterable[bytes]) -> Iterator[bytes]:
    inflate = zlib.decompressobj(zlib.MAX_WBITS | 32)
    for chunk in chunks:
        try:
            yield inflate.decompress(chunk, MAX_BODY + 1)
        except zlib.error as error:
            raise httpcore.RemoteProtocolError(
                f"the body is not compressed as its header says: {error}"
            ) from None


#: What a failure is, by the operating system's own error or else by the library's; the first that fits.
_FAILURES: tuple[tuple[tuple[type[BaseException], ...], Failure], ...] = (
    ((ssl.SSLError,), Failure.TLS),
    ((socket.gaierror, UnicodeError), Failure.NO_HOST),
    ((ConnectionRefusedError,), Failure.REFUSED),
    ((httpcore.ConnectError, httpcore.ProxyError), Failure.NO_ROUTE),
)

#: How the library says that the other side has gone, in the words of an error against the protocol.
_GONE = ("disconnected", "peer closed")


def _classified(error: BaseException) -> tuple[Failure, str]:
    """What went wrong, and the most telling words for it."""
    cause = error.__cause__ or error.__context__ or error
    detail = _detail(error, cause)
    return _listed(cause, error) or _unlisted(error, detail), detail


def _listed(*errors: BaseException) -> Failure | None:
    """What errors mean of which one is of a known kind."""
    for kinds, failure in _FAILURES:
        if any(isinstance(error, kinds) for error in errors):
            return failure
    return None


def _unlisted(error: BaseException, detail: str) -> Failure:
    """An error against the protocol, unless it says that the other side has gone; any other is a broken connection."""
    against_protocol = isinstance(error, httpcore.RemoteProtocolError)
    gone = any(words in detail for words in _GONE)
    return Failure.NOT_HTTP if against_protocol and not gone else Failure.RESET


def _detail(error: BaseException, cause: BaseException) -> str:
    if isinstance(cause, ssl.SSLCertVerificationError) and cause.verify_message:
        return cause.verify_message
    if isinstance(cause, ssl.SSLError) and cause.reason:
        return cause.reason.replace("_", " ").lower()
    said_by_system = cause.strerror if isinstance(cause, OSError) else ""
    return said_by_system or str(cause) or str(error) or type(error).__name__


def _proxy_for(base_url: str) -> httpcore.Proxy | None:
    """The proxy that the environment names for an address, credentials in its URL included."""
    address = _proxy_address(base_url)
    if not address:
        return None
    proxy = urlsplit(address if "://" in address else f"http://{address}")
    _, _, host_and_port = proxy.netloc.rpartition("@")
    auth = (proxy.username, proxy.password or "") if proxy.username else None
    return httpcore.Proxy(f"{proxy.scheme}://{host_and_port}", auth=auth)


def _proxy_address(base_url: str) -> str:
    url, proxies = urlsplit(base_url), urllib.request.getproxies()
    if not url.hostname or urllib.request.proxy_bypass(url.hostname):
        return ""
    return proxies.get(url.scheme) or proxies.get("all") or ""


# ---------------------------------------------------------------- time


class _Punctual(httpcore.NetworkBackend):
    """The network, with one deadline for all that a request does: the library's time-outs bound single steps only."""

    def __init__(self) -> None:
        self._network = httpcore.SyncBackend()
        self._deadline = 0.0
        self.reused = False

    def begin(self, seconds: float) -> None:
        """A request begins, which may take so long."""
        self._deadline, self.reused = time.monotonic() + seconds, True

    def left(self, error: type[Exception]) -> float:
        """The seconds that are left to the request. Raises the error when there are none."""
        seconds = self._deadline - time.monotonic()
        if seconds <= 0:
            raise error
        return seconds

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.NetworkStream:
        self.reused = False
        seconds = self.left(httpcore.ConnectTimeout)
        return _PunctualStream(
            self, self._network.connect_tcp(host, port, seconds, local_address, socket_options)
        )


class _PunctualStream(httpcore.NetworkStream):
    """A connection that gives each step only what is left of the request's time."""

    def __init__(self, clock: _Punctual, stream: httpcore.NetworkStream) -> None:
        self._clock, self._stream = clock, stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._clock.left(httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._clock.left(httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        seconds = self._clock.left(httpcore.ConnectTimeout)
        try:
            return _PunctualStream(
                self._clock, self._stream.start_tls(ssl_context, server_hostname, seconds)
            )
        except httpcore.ConnectError as error:
            # A server that speaks plain HTTP may answer a handshake, or drop it: which of both is chance.
            if isinstance(error.__cause__ or error.__context__, ssl.SSLError):
                raise
            raise error from ssl.SSLError(str(error) or "the server ended the handshake")

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
