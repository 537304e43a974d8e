"""`exchanges.har`: the exchanges for tools that read HTTP Archives, such as a browser's or a proxy's.

HTTP Archive 1.2 (http://www.softwareishard.com/blog/har-12-spec). What it has no field for stands in fields that begin
with an underscore, as it allows.
"""

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from ifmatch.log.events import ExchangeRecorded, Headers, RequestSent, ResponseReceived
from ifmatch.report.run import Run

FILE_NAME = "exchanges.har"

_DEFAULT_VERSION = "HTTP/1.1"

#: What HAR has instead of a number that is not known.
_UNKNOWN = -1


def har(run: Run) -> bytes:
    """The exchanges of a run as an archive."""
    archive = {
        "version": "1.2",
        "creator": {"name": run.suite.name, "version": run.suite.version},
        "entries": [_entry(exchange) for exchange in run.exchanges.values()],
    }
    return json.dumps({"log": archive}, ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8", "replace"
    )


def _entry(exchange: ExchangeRecorded) -> dict[str, Any]:
    response = exchange.response or ResponseReceived()
    version = response.http_version or _DEFAULT_VERSION
    return {
        "startedDateTime": exchange.started,
        "time": exchange.duration_ms,
        "request": _request(exchange.request, version),
        "response": _response(response, version),
        "cache": {},
        "timings": {"send": 0, "wait": exchange.duration_ms, "receive": 0},
        "_exchange": exchange.id,
        "_rule": exchange.rule,
        "_writer": exchange.writer,
        "_error": exchange.failure,
    }


def _request(request: RequestSent, version: str) -> dict[str, Any]:
    body = {"mimeType": _content_type(request.headers), "text": request.body}
    return {
        "method": request.method,
        "url": request.url,
        "httpVersion": version,
        "cookies": [],
        "headers": _pairs(request.headers),
        "queryString": _pairs(parse_qsl(urlsplit(request.url).query, keep_blank_values=True)),
        "headersSize": _UNKNOWN,
        "bodySize": len(request.body.encode("utf-8", "replace")),
        **({"postData": body} if request.body else {}),
    }


def _response(response: ResponseReceived, version: str) -> dict[str, Any]:
    """A response; that there was none is status 0."""
    size = len(response.body.encode("utf-8", "replace"))
    content_type = _content_type(response.headers)
    return {
        "status": response.status,
        "statusText": response.reason,
        "httpVersion": version,
        "cookies": [],
        "headers": _pairs(response.headers),
        "content": {"size": size, "mimeType": content_type, "text": response.body},
        "redirectURL": "",
        "headersSize": _UNKNOWN,
        "bodySize": _UNKNOWN,
    }


def _pairs(pairs: Headers | list[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def _content_type(headers: Headers) -> str:
    return next((value for name, value in headers if name.lower() == "content-type"), "")
