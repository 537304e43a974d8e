"""The wire. The only module that knows the HTTP library, so that its successor can replace it."""

import ssl
import time
from datetime import UTC, datetime

import httpx

from ifmatch.target.exchange import Exchange, Failure, Request, Response

#: More than any single FHIR answer to our requests can need; bytes.
MAX_BODY = 8 * 1024 * 1024


class Wire:
    """Sends requests one at a time over kept-alive connections. Never retries, never follows a redirect.

    `timeout` is in seconds and bounds each step of a request as well as the whole of it. `through_proxy` lets the
    environment's proxy settings apply.
    """

    def __init__(self, tls: ssl.SSLContext | bool, timeout: float, through_proxy: bool = True) -> None:
        self._tls, self._timeout, self._through_proxy = tls, timeout, through_proxy
        self._client = self._dial()

    def _dial(self) -> httpx.Client:
        return httpx.Client(
            verify=self._tls, timeout=self._timeout, trust_env=self._through_proxy, headers={"User-Agent": "ifmatch"}
        )

    def send(self, request: Request) -> Exchange:
        """One request, and its response or the reason why there is none. Raises nothing that the network may cause."""
        started, clock = datetime.now(UTC), time.perf_counter()
        response: Response | None = None
        failure: Failure | None = None
        detail = ""
        try:
            response = self._receive(request, clock)
        except _TooLarge:
            failure, detail = Failure.TOO_LARGE, f"more than {MAX_BODY // 1024 // 1024} MB"
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            failure, detail = _classify(error), str(error) or type(error).__name__
        duration = (time.perf_counter() - clock) * 1000
        if response is None or response.status >= 400:
            self._redial()
        return Exchange(request, response, failure, detail, started, round(duration, 3))

    def _receive(self, request: Request, clock: float) -> Response:
        headers = [(name.encode(), value.encode("utf-8")) for name, value in request.headers]
        with self._client.stream(request.method, request.url, headers=headers, content=request.body) as answer:
            body = bytearray()
            for chunk in answer.iter_bytes():
                body += chunk
                if len(body) > MAX_BODY:
                    raise _TooLarge
                if time.perf_counter() - clock > self._timeout:
                    raise httpx.ReadTimeout(f"the answer was not complete after {self._timeout:g} s")
            pairs = tuple((n.decode("latin-1"), v.decode("utf-8", "replace")) for n, v in answer.headers.raw)
            return Response(answer.status_code, answer.reason_phrase, answer.http_version, pairs, bytes(body))

    def _redial(self) -> None:
        # Some servers drop a kept-alive connection without notice once they have refused a request on it;
        # the next write would then have an unknown outcome for no good reason.
        self._client.close()
        self._client = self._dial()

    def close(self) -> None:
        """Close all connections."""
        self._client.close()


class _TooLarge(Exception):
    pass


def _classify(error: Exception) -> Failure:
    text = str(error).lower()
    if isinstance(error, httpx.ConnectTimeout | httpx.TimeoutException):
        return Failure.TIMEOUT
    if isinstance(error, httpx.ConnectError | httpx.UnsupportedProtocol | httpx.InvalidURL):
        if "ssl" in text or "certificate" in text or "tls" in text:
            return Failure.TLS
        no_host = "name or service" in text or "nodename" in text or "getaddrinfo" in text or "name resolution" in text
        return Failure.NO_HOST if no_host or not isinstance(error, httpx.ConnectError) else Failure.REFUSED
    return Failure.RESET
