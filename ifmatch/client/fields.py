"""The header fields of a request on the wire, whichever version of HTTP carries them."""

from collections.abc import Iterable

from ifmatch.client.exchange import Request

Fields = list[tuple[bytes, bytes]]

_WITH_CONTENT = ("POST", "PUT", "PATCH")


def fields_of(request: Request, host: bytes) -> Fields:
    """The header fields as given, after those that HTTP needs and the request does not have."""
    needed = {b"Host": host, b"User-Agent": b"ifmatch"}
    if request.body or request.method in _WITH_CONTENT:
        length = len(request.body)
        needed[b"Content-Length"] = str(length).encode()
    given = _encoded(request.headers)
    for name, _ in given:
        needed.pop(name.title(), None)
    return [*needed.items(), *given]


def _encoded(headers: Iterable[tuple[str, str]]) -> Fields:
    return [(name.encode(), value.encode()) for name, value in headers]
