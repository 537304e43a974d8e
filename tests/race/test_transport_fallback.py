"""Simultaneous requests through the HTTP library, for when a proxy stands before the target."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ifmatch.client.exchange import Failure, Request
from ifmatch.client.http import Wire
from ifmatch.client.settings import Settings
from ifmatch.race.transport import Mode, TimedRequest, choose, held_body
from ifmatch.race.transport.fallback import Threads
from ifmatch.race.transport.instant import clock, settling


class Server(ThreadingHTTPServer):
    """Notes what it is asked, and when the last byte came; a body of `hang` gets no answer."""

    daemon_threads = True
    request_queue_size = 50

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[tuple[str, bytes, int, int]] = []
        self.url = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request, client_address) -> None: ...


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_PUT(self) -> None:
        started = clock()
        assert "Transfer-Encoding" not in self.headers
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        assert isinstance(self.server, Server)
        self.server.seen.append((self.path, body, started, clock()))
        if body == b"hang":
            time.sleep(2)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_DELETE = do_GET = do_PUT  # noqa: N815 -- the names that http.server looks for

    def log_message(self, *_) -> None: ...


@contextmanager
def serving() -> Iterator[Server]:
    """A server, stopped afterwards."""
    with Server() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def threads(timeout: float = 2.0) -> Threads:
    return Threads(lambda: Wire("", None, timeout, proxies=False), timeout)


def writes(url: str, count: int, method: str = "PUT") -> list[TimedRequest]:
    return [
        TimedRequest(Request(method, f"{url}/Patient/{i}", (), b"writer %d" % i))
        for i in range(count)
    ]


@pytest.mark.parametrize("writers", [2, 4, 8])
@pytest.mark.parametrize("mode", list(Mode))
def test_every_writer_is_answered_in_order(writers: int, mode: Mode):
    with serving() as server:
        engine = threads()
        for _ in range(2):
            results = engine.release(writes(server.url, writers), mode)
            assert [r.response and r.response.body for r in results] == [
                b"writer %d" % i for i in range(writers)
            ]
            assert all(r.invoked <= r.released < r.returned for r in results)
        engine.close()


def test_the_last_byte_is_held_back():
    with serving() as server:
        threads().release(writes(server.url, 4), hold=settling(80_000_000))
        assert all(last - first > 40_000_000 for _, _, first, last in server.seen)


@pytest.mark.parametrize("method", ["DELETE", "GET"])
def test_requests_without_a_body_go_whole_at_the_release(method: str):
    with serving() as server:
        results = threads().release([TimedRequest(Request(method, f"{server.url}/Patient/1"))] * 3)
        assert all(r.response and r.invoked <= r.released for r in results), results


def test_a_round_within_the_hold_comes_between():
    with serving() as server:
        engine = threads()
        slow, _ = held_body(
            engine,
            Request("PUT", server.url, (), b"slow"),
            lambda: engine.release(writes(server.url, 1)),
        )
        assert slow.response
        assert [body for _, body, _, _ in server.seen] == [b"writer 0", b"slow"]


def test_one_that_hangs_is_a_failure_and_spares_the_others():
    with serving() as server:
        requests = [*writes(server.url, 2), TimedRequest(Request("PUT", server.url, (), b"hang"))]
        one, two, bad = threads(0.4).release(requests)
        assert (bad.failure, bad.returned, bad.sent) == (Failure.TIMEOUT, None, True)
        assert one.response
        assert two.response


def test_what_cannot_be_dialled_was_certainly_not_sent():
    with socket.socket() as deaf:  # bound, but it does not listen
        deaf.bind(("127.0.0.1", 0))
        results = threads().release(writes(f"http://127.0.0.1:{deaf.getsockname()[1]}", 3))
    assert [(r.failure, r.sent, r.released) for r in results] == [
        (Failure.REFUSED, False, None)
    ] * 3


def test_a_proxy_in_the_environment_decides_for_it(monkeypatch: pytest.MonkeyPatch):
    with serving() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        choice = choose(Settings("http://target.invalid/fhir", timeout=2.0))
        assert choice.text == "HTTP library, a thread per writer: the way is by http_proxy."
        assert choice.widener is None
        results = choice.engine.release(writes("http://target.invalid/fhir", 2))
        assert all(r.response for r in results), results
        assert proxy.seen[0][0].startswith("http://target.invalid/fhir/Patient/")
        monkeypatch.setenv("no_proxy", "target.invalid")
        assert choose(Settings("http://target.invalid/fhir")).text.startswith("HTTP/1.1")
