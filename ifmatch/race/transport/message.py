"""What is the same in every version of HTTP: where a request goes, and a response put together."""

import zlib
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ifmatch.client.exchange import Failure, Request, Response
from ifmatch.client.fields import Fields
from ifmatch.client.http import MAX_BODY

#: The codings that are taken back although none was asked for (RFC 9110 section 8.4.1).
_COMPRESSED = ("gzip", "x-gzip", "deflate")


class GarbledError(Exception):
    """What came back is not the protocol; the message says how."""

    failure = Failure.RESET


class TooLargeError(Exception):
    """The response is longer than any FHIR response to our requests can be."""

    failure = Failure.TOO_LARGE


def host_of(request: Request) -> bytes:
    """The authority of the request's address, without user and password."""
    return urlsplit(request.url).netloc.rpartition("@")[2].encode("idna")


def path_of(request: Request) -> bytes:
    """The request's target: path and query."""
    url = urlsplit(request.url)
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    return path.encode()


@dataclass(slots=True)
class Draft:
    """A response of which parts have arrived."""

    status: int = 0
    reason: str = ""
    version: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytearray = field(default_factory=bytearray)

    def head(self, status: int, reason: bytes, version: str, headers: Fields) -> None:
        """The first part has arrived."""
        self.status, self.reason, self.version = status, reason.decode("latin-1"), version
        self.headers = tuple(
            (name.decode("latin-1"), value.decode("utf-8", "replace")) for name, value in headers
        )

    def add(self, data: bytes) -> None:
        """More of the body has arrived. Raises TooLargeError."""
        self.body += data
        if len(self.body) > MAX_BODY:
            raise TooLargeError(f"more than {MAX_BODY // 1024 // 1024} MB")

    def finished(self) -> Response:
        """The response, decompressed should the target have compressed it unasked.

        Raises GarbledError, TooLargeError.
        """
        body = bytes(self.body)
        if self._coding in _COMPRESSED:
            body = _inflated(body)
        return Response(self.status, self.reason, self.version, self.headers, body)

    @property
    def _coding(self) -> str:
        for name, value in self.headers:
            if name.lower() == "content-encoding":
                return value.strip().lower()
        return ""


def _inflated(data: bytes) -> bytes:
    try:
        body = zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(data, MAX_BODY + 1)
    except zlib.error as error:
        raise GarbledError(f"the body is not compressed as its header says: {error}") from None
    if len(body) > MAX_BODY:
        raise TooLargeError(f"more than {MAX_BODY // 1024 // 1024} MB")
    return body
