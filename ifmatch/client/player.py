"""Answers requests from the log of a run, where a wire would ask the target: so that rules are judged anew without it.

The same request in the same rule gets the answer that was recorded; where there were several, in their order.
"""

from collections import defaultdict, deque
from collections.abc import Iterable
from datetime import UTC, datetime

from ifmatch.client.exchange import Exchange, Failure, Request, Response
from ifmatch.client.recorder import Recorder, was_shortened
from ifmatch.errors import EvidenceMissing
from ifmatch.log.events import ExchangeRecorded, RequestSent

#: How an exchange is found: the rule that it was for, and what was asked.
Key = tuple[str | None, RequestSent]


class Player:
    """A wire whose other end is a log. `recorder` knows which rule is being judged, and how a request was recorded."""

    def __init__(self, exchanges: Iterable[ExchangeRecorded], recorder: Recorder) -> None:
        self._recorder = recorder
        self._left: dict[Key, deque[ExchangeRecorded]] = defaultdict(deque)
        for exchange in exchanges:
            if not exchange.raced and not exchange.token_ended:
                self._left[exchange.rule, exchange.request].append(exchange)

    def send(self, request: Request) -> Exchange:
        """The recorded exchange. Raises EvidenceMissing when the log has none, or has not kept all of it."""
        key = self._recorder.activity.rule, self._as_recorded(request)
        if not self._left[key]:
            raise EvidenceMissing(
                f"the log holds no answer to {request.method} {request.url}, which is asked today"
            )
        return exchange_in(self._left[key].popleft(), request)

    def _as_recorded(self, request: Request) -> RequestSent:
        sent, clear = self._recorder.request(request), self._recorder.redactor.text
        headers = tuple((clear(name), clear(value)) for name, value in sent.headers)
        return RequestSent(sent.method, clear(sent.url), headers, clear(sent.body))

    def pause(self, seconds: float) -> None:
        """Nobody is there who could need time."""

    def close(self) -> None:
        """There is nothing to let go of."""


def exchange_in(recorded: ExchangeRecorded, request: Request | None = None) -> Exchange:
    """What the log holds of an exchange. Raises EvidenceMissing when it holds only the beginning of the answer."""
    answered = recorded.response
    if answered is not None and was_shortened(answered.body):
        raise EvidenceMissing(f"the log holds only the beginning of the answer in {recorded.id}")
    sent = recorded.request
    asked = request or Request(sent.method, sent.url, sent.headers, _bytes(sent.body))
    failure, _, detail = (recorded.failure or "").partition(": ")
    return Exchange(
        request=asked,
        response=_response(recorded),
        failure=Failure(failure) if failure else None,
        detail=detail,
        started=_time(recorded.started),
        duration_ms=recorded.duration_ms,
    )


def _response(recorded: ExchangeRecorded) -> Response | None:
    answered = recorded.response
    if answered is None:
        return None
    body = _bytes(answered.body)
    return Response(answered.status, answered.reason, answered.http_version, answered.headers, body)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text) if text else datetime.now(UTC)
