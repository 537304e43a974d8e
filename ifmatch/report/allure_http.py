"""An exchange in the form that Allure shows as a request with its response."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from ifmatch.client.redaction import REDACTED
from ifmatch.log.events import ExchangeRecorded, Headers, RequestSent, ResponseReceived
from ifmatch.report.text import one_line, shortened

MEDIA_TYPE = "application/vnd.allure.http+json"

_ALLURE_REDACTED = "__ALLURE_REDACTED__"
_MOST_BODY = 100_000
_DEFAULT_VERSION = "HTTP/1.1"


def http_exchange(exchange: ExchangeRecorded) -> dict[str, Any]:
    """The exchange as Allure's JSON; without a response, with the reason why there is none."""
    start = milliseconds(exchange.started)
    version = exchange.response.http_version if exchange.response else ""
    return {
        "schemaVersion": 1,
        "start": start,
        "stop": start + int(exchange.duration_ms),
        "request": _request(exchange.request, version or _DEFAULT_VERSION),
        **_outcome(exchange),
    }


def as_text(exchanges: Iterable[ExchangeRecorded]) -> str:
    """Several exchanges as one reads them, one after the other."""
    return "\n\n".join(map(_in_lines, exchanges))


def _in_lines(exchange: ExchangeRecorded) -> str:
    request, response = exchange.request, exchange.response
    asked = [f"{request.method} {request.url}", *_message(request.headers, request.body)]
    if response is None:
        return "\n".join([*asked, "", f"no answer: {exchange.failure}"])
    status = f"{response.http_version or _DEFAULT_VERSION} {response.status} {response.reason}"
    return "\n".join([*asked, "", status.strip(), *_message(response.headers, response.body)])


def _message(headers: Headers, body: str) -> list[str]:
    lines = [f"{name}: {value}" for name, value in headers]
    return [*lines, "", shortened(body, _MOST_BODY)] if body else lines


def name_of(exchange: ExchangeRecorded) -> str:
    """Such as `PUT /fhir/Patient/57 → 412`."""
    path = urlsplit(exchange.request.url).path
    outcome = exchange.response.status if exchange.response else exchange.failure or "no answer"
    return one_line(f"{exchange.request.method} {path} → {outcome}", 120)


def milliseconds(time: str) -> int:
    """An ISO 8601 time as Allure counts it; 0 for what is none."""
    try:
        return int(datetime.fromisoformat(time).timestamp() * 1000)
    except ValueError:
        return 0


def _request(request: RequestSent, version: str) -> dict[str, Any]:
    return {
        "method": request.method,
        "url": request.url,
        "httpVersion": version,
        "headers": _headers(request.headers),
        **_body(request.headers, request.body),
    }


def _outcome(exchange: ExchangeRecorded) -> dict[str, Any]:
    response = exchange.response
    if response is None:
        return {"error": {"name": "no response", "message": exchange.failure or ""}}
    return {"response": _response(response)}


def _response(response: ResponseReceived) -> dict[str, Any]:
    return {
        "status": response.status,
        "statusText": response.reason,
        "httpVersion": response.http_version or _DEFAULT_VERSION,
        "headers": _headers(response.headers),
        **_body(response.headers, response.body),
    }


def _headers(headers: Headers) -> Sequence[dict[str, str]]:
    return [
        {"name": name, "value": _ALLURE_REDACTED if value == REDACTED else value}
        for name, value in headers
    ]


def _body(headers: Headers, body: str) -> dict[str, Any]:
    if not body:
        return {}
    content_types = [value for name, value in headers if name.lower() == "content-type"]
    content_type = content_types[0] if content_types else "text/plain"
    return {
        "body": {
            "encoding": "utf8",
            "contentType": content_type,
            "value": shortened(body, _MOST_BODY),
        }
    }
