"""Simultaneous requests over HTTP/2: all last frames in one packet, within what the target allows."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace

import pytest
import trustme
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, RequestReceived, StreamEnded, WindowUpdated
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes
from h2.settings import Settings as SettingsFrame

from ifmatch.client.exchange import Failure, Request
from ifmatch.client.settings import Settings
from ifmatch.race.transport import Mode, TimedRequest, choose
from ifmatch.race.transport.instant import clock, settling

TIMEOUT = 0.6


@dataclass(frozen=True)
class Manners:
    """How the server behaves: what it allows, and what it does to the requests with a given body."""

    streams: int = 100
    answer: bytes = b"ok"
    reset: bytes = b"-"
    hang: bytes = b"-"
    goaway: bytes = b"-"
    garbage: bytes = b"-"


@dataclass
class Stream:
    """A request as it came in; `packets` are the reads in which its data came."""

    headers: dict[bytes, bytes]
    body: bytes = b""
    opened: int = 0
    ended: int = 0
    last_packet: int = 0


@dataclass
class Server:
    """A tiny HTTP/2 server; with TLS settings it offers what they say."""

    manners: Manners
    tls: ssl.SSLContext | None = None
    streams: list[Stream] = field(default_factory=list)
    connections: int = 0
    packets: int = 0

    def __post_init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"{'https' if self.tls else 'http'}://127.0.0.1:{self.listener.getsockname()[1]}"

    def run(self) -> None:
        with suppress(OSError):
            while True:
                sock, _ = self.listener.accept()
                self.connections += 1
                threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def serve(self, sock: socket.socket) -> None:
        with suppress(OSError, ProtocolError):
            if self.tls:
                sock = self.tls.wrap_socket(sock, server_side=True)
            h2 = H2Connection(H2Configuration(client_side=False, header_encoding=None))
            limits = {SettingCodes.MAX_CONCURRENT_STREAMS: self.manners.streams}
            h2.local_settings = SettingsFrame(client=False, initial_values=limits)
            h2.initiate_connection()
            sock.sendall(h2.data_to_send())
            open_streams: dict[int, Stream] = {}
            rest: dict[int, bytes] = {}
            while data := sock.recv(65536):
                self.packets += 1
                for event in h2.receive_data(data):
                    if isinstance(event, RequestReceived):
                        open_streams[event.stream_id] = Stream(dict(event.headers), opened=clock())
                    elif isinstance(event, DataReceived):
                        open_streams[event.stream_id].body += event.data
                        h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                    elif isinstance(event, StreamEnded):
                        stream = open_streams[event.stream_id]
                        stream.ended, stream.last_packet = clock(), self.packets
                        self.streams.append(stream)
                        self.answer(sock, h2, event.stream_id, stream, rest)
                    elif isinstance(event, WindowUpdated):
                        self.push(h2, rest)
                sock.sendall(h2.data_to_send())
        sock.close()

    def answer(
        self,
        sock: socket.socket,
        h2: H2Connection,
        number: int,
        stream: Stream,
        rest: dict[int, bytes],
    ):
        if stream.body == self.manners.hang:
            return
        if stream.body == self.manners.reset:
            h2.reset_stream(number, ErrorCodes.REFUSED_STREAM)
        elif stream.body == self.manners.goaway:
            h2.close_connection(last_stream_id=number)
        elif stream.body == self.manners.garbage:
            sock.sendall(h2.data_to_send() + b"HTTP/1.1 400 Bad Request\r\n\r\n" * 10)
            sock.close()
        else:
            h2.send_headers(number, [(b":status", b"200"), (b"etag", b'W/"2"')])
            rest[number] = self.manners.answer
            self.push(h2, rest)

    def push(self, h2: H2Connection, rest: dict[int, bytes]) -> None:
        for number, body in list(rest.items()):
            part = body[: min(h2.local_flow_control_window(number), 16384)]
            while part:
                rest[number] = body = body[len(part) :]
                h2.send_data(number, part, end_stream=not body)
                part = body[: min(h2.local_flow_control_window(number), 16384)]
            if not body:
                del rest[number]


@contextmanager
def serving(manners: Manners = Manners(), tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """A server, stopped afterwards."""
    server = Server(manners, tls)
    threading.Thread(target=server.run, daemon=True).start()
    yield server
    server.listener.close()


def engine_for(server: Server):
    """Over plain HTTP, with prior knowledge."""
    return choose(Settings(server.url, timeout=TIMEOUT, through_proxy=False), http2=True).engine


def writes(url: str, count: int, body: str = "writer {}") -> list[TimedRequest]:
    headers = (("If-Match", 'W/"1"'), ("Host", "ignored"), ("Connection", "keep-alive"))
    return [
        TimedRequest(Request("PUT", f"{url}/Patient/1", headers, body.format(i).encode()))
        for i in range(count)
    ]


@pytest.mark.parametrize("writers", [2, 4, 8])
@pytest.mark.parametrize("mode", list(Mode))
def test_every_writer_is_answered_over_one_connection(writers: int, mode: Mode):
    with serving() as server:
        engine = engine_for(server)
        for _ in range(3):
            results = engine.release(writes(server.url, writers), mode)
            assert all(
                r.response and r.response.status == 200 and r.response.body == b"ok"
                for r in results
            ), results
            assert all(r.invoked <= r.released < r.returned for r in results)
            assert {r.response.http_version for r in results} == {"HTTP/2"}
        assert server.connections == 1
        stream = server.streams[0]
        assert stream.headers[b"if-match"] == b'W/"1"'
        assert (stream.headers[b":path"], b"host" in stream.headers) == (b"/Patient/1", False)


def test_all_last_frames_come_in_one_packet():
    with serving() as server:
        engine_for(server).release(writes(server.url, 8), hold=settling(120_000_000))
        assert len({stream.last_packet for stream in server.streams}) == 1
        assert all(stream.ended - stream.opened > 40_000_000 for stream in server.streams)


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_request_without_a_body_is_ended_by_an_empty_frame(method: str):
    with serving() as server:
        results = engine_for(server).release(
            [TimedRequest(Request(method, f"{server.url}/Patient/1"))] * 4
        )
        assert all(r.response for r in results)
        assert len({stream.last_packet for stream in server.streams}) == 1


def test_offsets_split_the_packet():
    with serving() as server:
        first, second = writes(server.url, 2)
        late, early = engine_for(server).release([replace(first, offset=20_000_000), second])
        assert late.released - early.released > 15_000_000
        assert [stream.body for stream in server.streams] == [b"writer 1", b"writer 0"]


def test_bodies_beyond_the_window_wait_for_its_widening_and_still_end_together():
    with serving() as server:
        results = engine_for(server).release(writes(server.url, 4, "x" * 200_000))
        assert all(r.response for r in results), results
        assert [len(stream.body) for stream in server.streams] == [200_000] * 4
        assert len({stream.last_packet for stream in server.streams}) == 1


def test_long_answers_are_received_whole():
    with serving(Manners(answer=b"y" * 300_000)) as server:
        results = engine_for(server).release(writes(server.url, 4))
        assert [len(r.response.body) if r.response else r for r in results] == [300_000] * 4


def test_more_writers_than_streams_get_more_connections():
    with serving(Manners(streams=3)) as server:
        results = engine_for(server).release(writes(server.url, 8))
        assert all(r.response for r in results), results
        assert server.connections == 3


MISDEEDS = {
    "reset": (Manners(reset=b"writer 2"), Failure.RESET),
    "hang": (Manners(hang=b"writer 2"), Failure.TIMEOUT),
}


@pytest.mark.parametrize(("manners", "failure"), MISDEEDS.values(), ids=list(MISDEEDS))
def test_one_bad_stream_spares_the_others(manners: Manners, failure: Failure):
    with serving(manners) as server:
        engine = engine_for(server)
        results = engine.release(writes(server.url, 4))
        bad = results.pop(2)
        assert (bad.failure, bad.response, bad.returned, bad.sent) == (failure, None, None, True)
        assert all(r.response for r in results)
        assert all(r.response for r in engine.release(writes(server.url, 4, "again {}")))


@pytest.mark.parametrize("manners", [Manners(goaway=b"writer 1"), Manners(garbage=b"writer 1")])
def test_the_end_of_the_connection_is_an_unknown_outcome_and_the_next_round_has_a_new_one(
    manners: Manners,
):
    with serving(manners) as server:
        engine = engine_for(server)
        results = engine.release(writes(server.url, 4))
        assert any(r.failure is Failure.RESET and r.detail and r.sent for r in results), results
        assert not any(r.failure is Failure.TIMEOUT for r in results)
        assert all(r.response for r in engine.release(writes(server.url, 4, "again {}")))
        assert server.connections == 2


def test_a_target_that_knows_only_http1_is_not_reached_and_nothing_was_sent():
    def serve(sock: socket.socket) -> None:
        sock.recv(1000)
        sock.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    with serving() as server:
        server.serve = serve  # type: ignore[method-assign]
        results = engine_for(server).release(writes(server.url, 2))
        assert [(r.failure, r.sent) for r in results] == [(Failure.RESET, False)] * 2


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_alpn_decides_for_http2(tmp_path, version: ssl.TLSVersion):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = version
    authority.issue_cert("127.0.0.1").configure_cert(context)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with serving(tls=context) as server:
        settings = Settings(
            server.url, timeout=TIMEOUT, ca_file=str(tmp_path / "ca.pem"), through_proxy=False
        )
        choice = choose(settings)
        assert (
            choice.text
            == "HTTP/2, the last frames of all writers in a single packet: the target offers it."
        )
        for _ in range(2):
            server.streams.clear()
            results = choice.engine.release(writes(server.url, 4, "x" * 100_000))
            assert all(r.response for r in results), results
            assert len({stream.last_packet for stream in server.streams}) == 1
        assert "HTTP/2 was ruled out" in choose(settings, http2=False).text
