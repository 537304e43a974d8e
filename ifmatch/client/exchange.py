"""One request and what came back, as evidence."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ifmatch.client.identity import Identity
from ifmatch.rules.answer import Answer

Headers = tuple[tuple[str, str], ...]

#: Why a request has no answer of its own though there was one: it was about the token.
TOKEN_ENDED = "the token had ended"


class Failure(StrEnum):
    """Why a request got no usable response."""

    NO_HOST = "no such host"
    REFUSED = "connection refused"
    NO_ROUTE = "no connection"
    TLS = "TLS failure"
    NO_ANSWER = "timed out before there was a connection"
    TIMEOUT = "timed out"
    RESET = "connection broken"
    DROPPED = "kept-alive connection dropped"
    NOT_HTTP = "not HTTP"
    TOO_LARGE = "answer too large"
    BUSY = "too busy"

    @property
    def never_sent(self) -> bool:
        """Whether the request certainly did not reach the target, so that it cannot have taken effect."""
        return self in _NEVER_SENT


_NEVER_SENT = (Failure.NO_HOST, Failure.REFUSED, Failure.NO_ROUTE, Failure.TLS, Failure.NO_ANSWER)


@dataclass(frozen=True)
class Request:
    """A request, complete: absolute URL, every header that we set, body.

    Only the Authorization header of its identity is put into it when it leaves.
    """

    method: str
    url: str
    headers: Headers = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)
    identity: Identity = Identity.NOBODY

    @property
    def is_write(self) -> bool:
        """Whether the request may change something on the target."""
        return self.method not in ("GET", "HEAD")

    def header(self, name: str) -> str:
        """The value of a header, empty when the request does not carry it."""
        return next((value for own, value in self.headers if own.lower() == name.lower()), "")


@dataclass(frozen=True)
class Response:
    """A response as received."""

    status: int
    reason: str
    http_version: str
    headers: Headers
    body: bytes


@dataclass(frozen=True)
class Exchange:
    """A request with its response or the failure that stood in its place. `duration_ms` is in milliseconds."""

    request: Request
    response: Response | None
    failure: Failure | None
    detail: str
    started: datetime
    duration_ms: float

    def answer(self, exchange_id: str) -> Answer:
        """The exchange as the rules see it."""
        if self.response is None:
            failure = f"{self.failure}: {self.detail}"
            return Answer(status=0, url=self.request.url, exchange=exchange_id, failure=failure)
        response = self.response
        return Answer(
            response.status, _joined(response.headers), response.body, self.request.url, exchange_id
        )


def _joined(headers: Headers) -> dict[str, str]:
    """Headers by their lower-case names; the values of one that is repeated are joined (RFC 9110 section 5.3)."""
    values: dict[str, list[str]] = {}
    for name, value in headers:
        values.setdefault(name.lower(), []).append(value)
    return {name: ", ".join(several) for name, several in values.items()}
