"""Simultaneous requests over HTTP/1.1: together they leave, whatever the target does to their connections."""

import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from random import Random

import pytest
import trustme

from ifmatch.client.exchange import Failure, Request
from ifmatch.client.settings import Settings
from ifmatch.race.transport import (
    Blocks,
    Mode,
    Side,
    TimedRequest,
    Widener,
    WinnerFeedback,
    choose,
    held_body,
)
from ifmatch.race.transport.connection import Origin
from ifmatch.race.transport.direct import Direct
from ifmatch.race.transport.http1 import Http1
from ifmatch.race.transport.instant import clock, settling
from ifmatch.reference.server import EmbeddedServer
from ifmatch.rules.profile import load

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
TIMEOUT = 0.6

# ---------------------------------------------------------------- servers that behave as told


@dataclass
class Seen:
    """One request as it came in, with the instants at which its first and its last byte did."""

    connection: int
    data: bytes
    first: int
    last: int
    pieces: list[bytes] = field(default_factory=list)


Behaviour = Callable[[socket.socket, Seen], bytes | None]


def read(sock: socket.socket, connection: int) -> Seen | None:
    """The next request of a connection; None when it ends before one is complete."""
    seen = Seen(connection, b"", 0, 0)
    while True:
        head, found, body = seen.data.partition(b"\r\n\r\n")
        length = next(
            (int(x[15:]) for x in head.lower().split(b"\r\n") if x.startswith(b"content-length:")),
            0,
        )
        if found and len(body) >= length:
            return seen
        data = sock.recv(65536)
        if not data:
            return None
        seen.first = seen.first or clock()
        seen.data, seen.last = seen.data + data, clock()
        seen.pieces.append(data)


class Server:
    """Accepts connections and answers what `behave` returns; None closes the connection."""

    def __init__(
        self, behave: Behaviour, tls: ssl.SSLContext | None = None, most: int = 100
    ) -> None:
        self.behave, self.tls, self.most = behave, tls, most
        self.seen: list[Seen] = []
        self.partial = 0
        self.accepted = 0
        self.open: list[socket.socket] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://127.0.0.1:{self.listener.getsockname()[1]}"

    def run(self) -> None:
        with suppress(OSError):
            while True:
                sock, _ = self.listener.accept()
                self.accepted += 1
                self.open.append(sock)
                if self.accepted <= self.most:
                    threading.Thread(
                        target=self.serve, args=(sock, self.accepted), daemon=True
                    ).start()

    def serve(self, sock: socket.socket, number: int) -> None:
        with suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.tls:
                sock = self.tls.wrap_socket(sock, server_side=True)
            while True:
                seen = read(sock, number)
                if seen is None:
                    self.partial += 1
                    break
                self.seen.append(seen)
                answer = self.behave(sock, seen)
                if answer is None:
                    break
                sock.sendall(answer)
            sock.close()


@contextmanager
def serving(behave: Behaviour, **options) -> Iterator[Server]:
    """A server, stopped afterwards."""
    server = Server(behave, **options)
    threading.Thread(target=server.run, daemon=True).start()
    yield server
    server.listener.close()
    for sock in server.open:
        sock.close()


def always(answer: bytes | None) -> Behaviour:
    return lambda sock, seen: answer


def hangs_up(sock: socket.socket, seen: Seen) -> None:
    sock.shutdown(socket.SHUT_RDWR)


def put(url: str, text: str = "x", headers: tuple[tuple[str, str], ...] = ()) -> Request:
    return Request(
        "PUT",
        f"{url}/Patient/1",
        (("Content-Type", "application/fhir+json"), *headers),
        text.encode(),
    )


def direct(url: str, timeout: float = TIMEOUT) -> Direct:
    return Direct(Origin.of(url, None), timeout, Http1)


def writes(url: str, count: int) -> list[TimedRequest]:
    return [TimedRequest(put(url, f"body of writer {i}")) for i in range(count)]


# ---------------------------------------------------------------- all goes well


@pytest.mark.parametrize("writers", [2, 4, 8])
@pytest.mark.parametrize("mode", list(Mode))
def test_every_writer_is_answered_in_order(writers: int, mode: Mode):
    with serving(
        lambda _, seen: b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + seen.data[-1:]
    ) as server:
        engine = direct(server.url)
        for _ in range(3):
            results = engine.release(writes(server.url, writers), mode)
            assert [r.response and r.response.body for r in results] == [
                str(i).encode() for i in range(writers)
            ]
            for r in results:
                assert r.sent
                assert r.released
                assert r.returned
                assert r.invoked <= r.released < r.returned
        assert server.accepted == writers
        engine.close()


def test_the_last_byte_is_held_back():
    with serving(always(OK)) as server:
        engine = direct(server.url)
        engine.release(writes(server.url, 4), Mode.WHOLE)
        server.seen.clear()
        engine.release(writes(server.url, 4), hold=settling(80_000_000))
        assert all(len(seen.pieces[-1]) == 1 for seen in server.seen)
        assert all(seen.last - seen.first > 30_000_000 for seen in server.seen)
        spread = max(seen.last for seen in server.seen) - min(seen.last for seen in server.seen)
        assert spread < 60_000_000


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_request_without_a_body_holds_back_its_last_header_byte(method: str):
    with serving(always(OK)) as server:
        request = Request(method, f"{server.url}/Patient/1?a=b", (("If-Match", 'W/"3"'),))
        (result,) = direct(server.url).release([TimedRequest(request)], hold=settling(60_000_000))
        assert result.response
        assert server.seen[0].pieces[-1] == b"\n"
        assert server.seen[0].data.startswith(f"{method} /Patient/1?a=b HTTP/1.1\r\n".encode())


def test_nothing_leaves_before_the_release_when_sent_whole():
    with serving(always(OK)) as server:
        direct(server.url).release(writes(server.url, 2), Mode.WHOLE)
        assert [len(seen.pieces) for seen in server.seen] == [1, 1]


def test_headers_go_as_given_and_the_needed_ones_are_added():
    with serving(always(OK)) as server:
        given = (("Authorization", "Bearer abc"), ("If-Match", 'W/"1"'), ("If-Match", "“2”"))
        direct(server.url).release([TimedRequest(put(server.url, "ü", given))])
        head = server.seen[0].data
        host = server.url.removeprefix("http://").encode()
        for line in (
            b"Authorization: Bearer abc",
            b'If-Match: W/"1"',
            "If-Match: “2”".encode(),
            b"Host: " + host,
        ):
            assert line + b"\r\n" in head
        assert b"Content-Length: 2\r\n" in head


def test_an_offset_delays_the_release():
    with serving(always(OK)) as server:
        first, second = writes(server.url, 2)
        late, early = direct(server.url).release([TimedRequest(first.request, 30_000_000), second])
        assert 29_000_000 < late.released - early.released < 60_000_000
        assert early.returned < late.released  # answers are taken in while others still wait


def test_large_bodies_are_sent_whole():
    with serving(
        lambda _, seen: b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n%07d" % len(seen.data)
    ) as server:
        request = put(server.url, "x" * 3_000_000)
        results = direct(server.url, 5.0).release([TimedRequest(request)] * 4)
        assert [int(r.response.body) > 3_000_000 for r in results] == [True] * 4


def test_a_round_within_the_hold_has_connections_of_its_own():
    with serving(always(OK)) as server:
        engine = direct(server.url)
        slow, (fast,) = held_body(
            engine,
            put(server.url, "slow"),
            lambda: engine.release([TimedRequest(put(server.url, "fast"))]),
        )
        assert slow.invoked < fast.invoked
        assert fast.returned < slow.released
        assert [seen.data[-4:] for seen in server.seen] == [b"fast", b"slow"]


def test_an_error_in_the_hold_is_the_callers():
    def fail() -> None:
        raise LookupError

    with serving(always(OK)) as server:
        engine = direct(server.url)
        with pytest.raises(LookupError):
            engine.release(writes(server.url, 2), hold=fail)
        assert all(r.response for r in engine.release(writes(server.url, 2)))


# ---------------------------------------------------------------- servers that misbehave

ANSWERS = {
    "close": b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
    "http 1.0": b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n",
    "continue": b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
    "more than asked for": OK + OK,
    "compressed": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 22\r\n\r\n"
    + bytes.fromhex("1f8b0800000000000003cbcf060047dddc7902000000"),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=list(ANSWERS))
def test_odd_answers_are_understood_round_after_round(answer: bytes):
    with serving(always(answer)) as server:
        engine = direct(server.url)
        for _ in range(3):
            results = engine.release(writes(server.url, 4))
            assert [r.response and r.response.body for r in results] == [b"ok"] * 4, results


@pytest.mark.parametrize(
    "text", [b"HTTP/1.0 200 OK\r\n\r\nok", b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok"]
)
def test_an_answer_may_end_with_its_connection(text: bytes):
    def behave(sock: socket.socket, seen: Seen) -> None:
        sock.sendall(text)

    with serving(behave) as server:
        engine = direct(server.url)
        for _ in range(2):
            assert [
                r.response and r.response.body for r in engine.release(writes(server.url, 3))
            ] == [b"ok"] * 3


def test_connections_dropped_between_rounds_are_dialled_again():
    def behave(sock: socket.socket, seen: Seen) -> None:
        sock.sendall(OK)

    with serving(behave) as server:
        engine = direct(server.url)
        for _ in range(3):
            assert all(r.response for r in engine.release(writes(server.url, 4)))
            time.sleep(0.02)
        assert server.accepted == 12


def reset(sock: socket.socket, seen: Seen) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def hang(sock: socket.socket, seen: Seen) -> None:
    time.sleep(TIMEOUT * 2)


def drip(sock: socket.socket, seen: Seen) -> bytes:
    with suppress(OSError):
        for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 100:
            sock.sendall(bytes((byte,)))
            time.sleep(0.02)
    return b""


MISDEEDS: dict[str, tuple[Behaviour, Failure]] = {
    "reset": (reset, Failure.RESET),
    "closed": (always(None), Failure.RESET),
    "hangs": (hang, Failure.TIMEOUT),
    "drips": (drip, Failure.TIMEOUT),
    "garbage": (always(b"\x00\x01 what is this?\r\n\r\n"), Failure.RESET),
    "cut off": (lambda sock, seen: sock.sendall(OK[:-1]), Failure.RESET),
    "too large": (
        always(b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n" + b"x" * 9_000_000),
        Failure.TOO_LARGE,
    ),
}


@pytest.mark.parametrize(("misdeed", "failure"), MISDEEDS.values(), ids=list(MISDEEDS))
def test_one_bad_connection_has_an_unknown_outcome_and_spares_the_others(
    misdeed: Behaviour, failure: Failure
):
    def behave(sock: socket.socket, seen: Seen) -> bytes | None:
        return misdeed(sock, seen) if seen.data.endswith(b"writer 2") else OK

    with serving(behave) as server:
        engine = direct(server.url)
        results = engine.release(writes(server.url, 4))
        bad = results.pop(2)
        assert (bad.failure, bad.response, bad.returned, bad.sent) == (failure, None, None, True), (
            bad
        )
        assert bad.detail
        assert bad.released
        assert all(r.response and r.returned for r in results)
        again = engine.release([TimedRequest(put(server.url, "once more"))] * 4)
        assert all(r.response for r in again)


def test_a_second_connection_may_be_refused_service():
    with serving(always(OK), most=2) as server:
        blocks = Blocks(direct(server.url), Request("GET", server.url), Random(1))
        results = blocks.release(writes(server.url, 4))
        assert blocks.width == 2
        assert sorted(r.failure or "" for r in results) == [
            "",
            "",
            Failure.TIMEOUT,
            Failure.TIMEOUT,
        ]


def test_what_cannot_be_dialled_was_certainly_not_sent():
    with socket.socket() as deaf:  # bound, but it does not listen
        deaf.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        results = direct(url).release(writes(url, 2))
    assert [(r.failure, r.sent, r.released) for r in results] == [
        (Failure.REFUSED, False, None)
    ] * 2
    (result,) = direct("http://no-such-host.invalid").release(
        writes("http://no-such-host.invalid", 1)
    )
    assert (result.failure, result.sent) == (Failure.NO_HOST, False)


def test_a_target_that_takes_no_connection_was_certainly_not_sent_anything():
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, socket.socket() as first:
        first.connect(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}"
        results = direct(url).release(writes(url, 3))
        assert {(r.failure, r.sent) for r in results} == {(Failure.TIMEOUT, False)}


def test_what_cannot_be_written_was_certainly_not_sent():
    with serving(always(OK)) as server:
        bad = put(server.url, "x", (("If-Match", "1\r\nX-Other: 2"),))
        results = direct(server.url).release([TimedRequest(bad), TimedRequest(put(server.url))])
        assert [(bool(r.response), r.sent) for r in results] == [(False, False), (True, True)]


def early(sock: socket.socket, number: int) -> None:
    """Answers as soon as the headers are there, before the body."""
    sock.recv(65536)
    sock.sendall(
        b"HTTP/1.1 412 Precondition Failed\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    )
    sock.close()


def test_an_answer_that_comes_before_the_last_byte_counts():
    with serving(always(OK)) as server:
        server.serve = early  # type: ignore[method-assign]
        results = direct(server.url).release(writes(server.url, 4), hold=settling(30_000_000))
        assert [r.response and r.response.status for r in results] == [412] * 4


# ---------------------------------------------------------------- blocks


def test_blocks_warm_re_dial_and_shuffle_by_the_seed():
    def orders(seed: int) -> list[list[int]]:
        with serving(always(OK)) as server:
            blocks = Blocks(
                direct(server.url), Request("GET", f"{server.url}/metadata"), Random(seed), rounds=5
            )
            rounds = []
            for _ in range(10):
                results = blocks.release(writes(server.url, 4))
                assert [r.request.body[-1:] for r in results] == [b"0", b"1", b"2", b"3"]
                rounds.append(sorted(range(4), key=lambda i: results[i].released))
            assert (blocks.block, server.accepted) == (2, 8)
            assert sum(seen.data.startswith(b"GET /metadata") for seen in server.seen) == 8
            return rounds

    first = orders(1)
    assert first == orders(1)
    assert first != orders(2)
    assert len({tuple(order) for order in first}) > 3


def test_dither_is_within_twice_the_skew_and_absent_in_half_of_the_rounds():
    with serving(always(OK)) as server:
        offsets_seen: list[list[int]] = []

        class Spy:
            def release(self, timed, mode=Mode.LAST_BYTE, **options):
                offsets_seen.append([one.offset for one in timed])
                return engine.release(timed, mode)

            def redial(self) -> None: ...

        engine = direct(server.url)
        blocks = Blocks(Spy(), Request("GET", server.url), Random(3), skew=1000)  # type: ignore[arg-type]
        for _ in range(20):
            blocks.release(writes(server.url, 2))
        rounds = [offsets for offsets in offsets_seen if offsets]
        assert 4 <= sum(any(offsets) for offsets in rounds) <= 16
        assert all(0 <= offset <= 2000 for offsets in rounds for offset in offsets)


# ---------------------------------------------------------------- wideners


def test_an_abandoned_request_arrives_whole_and_has_no_outcome():
    with serving(always(OK)) as server:
        result = Widener(Origin.of(server.url, None), TIMEOUT).abandon(
            put(server.url, "whole body")
        )
        assert (result.response, result.failure, result.sent, result.returned) == (
            None,
            Failure.RESET,
            True,
            None,
        )
        assert result.released
        time.sleep(0.05)
        assert [seen.data[-10:] for seen in server.seen] == [b"whole body"]


@pytest.mark.parametrize("reset", [False, True])
def test_an_aborted_upload_never_arrives_whole(reset: bool):
    with serving(always(OK)) as server:
        result = Widener(Origin.of(server.url, None), TIMEOUT).aborted_upload(
            put(server.url, "x"), reset=reset
        )
        assert (result.response, result.released, result.sent) == (None, None, True)
        time.sleep(0.05)
        assert not server.seen


def test_an_aborted_upload_is_told_as_it_was_sent():
    """Half of the body, under a length that promises all of it."""
    with serving(always(OK)) as server:
        whole = put(server.url, "x" * 100)
        sent = Widener(Origin.of(server.url, None), TIMEOUT).aborted_upload(whole).request
    assert sent.headers == (*whole.headers, ("Content-Length", str(len(whole.body))))
    assert whole.body.startswith(sent.body)
    assert len(sent.body) == len(whole.body) // 2


def test_a_target_that_hangs_up_is_told_in_our_words():
    """Who closes the connection in place of an answer has not spoken, so there is nothing that was not HTTP."""
    with serving(hangs_up) as server:
        (result,) = direct(server.url).release(writes(server.url, 1))
    assert result.response is None
    assert "ConnectionClosed" not in result.detail
    assert "closed" in result.detail


def test_the_answer_to_an_aborted_upload_is_seen():
    with serving(always(OK)) as server:
        server.serve = early  # type: ignore[method-assign]
        result = Widener(Origin.of(server.url, None), TIMEOUT).aborted_upload(
            put(server.url, "x" * 100)
        )
        assert result.response
        assert result.response.status == 412


# ---------------------------------------------------------------- alignment


def test_winner_feedback_finds_the_middle_of_the_window():
    """B needs 3 ms less than A before its check: it must be released so much later."""
    rng, feedback = Random(7), WinnerFeedback()
    hits = []
    for _ in range(120):
        a, b = feedback.offsets(rng)
        lead = (b - a) - 3_000_000 + rng.gauss(0, 50_000)
        hits.append(abs(lead) < 200_000)
        feedback = feedback.after(Side.A if lead > 0 else Side.B)
    assert sum(hits[40:]) > 20
    assert 1_500_000 < feedback.offset < 4_500_000
    assert "B released" in feedback.text


def test_a_round_without_one_winner_teaches_nothing():
    assert WinnerFeedback().after(None) == WinnerFeedback()


# ---------------------------------------------------------------- TLS, and which engine


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def server_tls(authority: trustme.CA, *protocols: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    if protocols:
        context.set_alpn_protocols(protocols)
    return context


def settings(url: str, authority: trustme.CA | None, folder, **options) -> Settings:
    file = folder / "ca.pem"
    if authority:
        authority.cert_pem.write_to_path(str(file))
    return Settings(
        url, timeout=2.0, ca_file=str(file) if authority else "", through_proxy=False, **options
    )


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_the_last_byte_is_held_back_under_tls(
    authority: trustme.CA, tmp_path, version: ssl.TLSVersion
):
    context = server_tls(authority)
    context.maximum_version = version
    with serving(always(OK), tls=context) as server:
        choice = choose(settings(server.url, authority, tmp_path))
        assert choice.text.startswith("HTTP/1.1")
        assert "does not offer HTTP/2" in choice.text
        for _ in range(3):
            results = choice.engine.release(writes(server.url, 4), hold=settling(80_000_000))
            assert all(r.response for r in results), results
        assert all(seen.last - seen.first > 20_000_000 for seen in server.seen)
        large = choice.engine.release([TimedRequest(put(server.url, "x" * 1_000_000))] * 2)
        assert all(r.response for r in large)


def test_connections_dropped_under_tls_are_dialled_again(authority: trustme.CA, tmp_path):
    def behave(sock: socket.socket, seen: Seen) -> None:
        sock.sendall(OK)

    with serving(behave, tls=server_tls(authority)) as server:
        engine = choose(settings(server.url, authority, tmp_path)).engine
        for _ in range(3):
            assert all(r.response for r in engine.release(writes(server.url, 3)))
            time.sleep(0.02)


def test_a_certificate_that_is_not_trusted_keeps_everything_unsent(authority: trustme.CA, tmp_path):
    with serving(always(OK), tls=server_tls(authority)) as server:
        choice = choose(settings(server.url, None, tmp_path))
        assert "could not be found out (TLS failure)" in choice.text
        results = choice.engine.release(writes(server.url, 2))
        assert [(r.failure, r.sent) for r in results] == [(Failure.TLS, False)] * 2


def test_a_handshake_that_hangs_keeps_everything_unsent(authority: trustme.CA, tmp_path):
    with serving(always(OK), most=0) as server:
        url = server.url.replace("http:", "https:")
        engine = choose(
            replace(settings(url, authority, tmp_path), timeout=TIMEOUT), http2=False
        ).engine
        assert [(r.failure, r.sent) for r in engine.release(writes(url, 2))] == [
            (Failure.TIMEOUT, False)
        ] * 2


@pytest.fixture(scope="module")
def embedded() -> Iterator[EmbeddedServer]:
    with EmbeddedServer(load("fhir-r4")) as server:
        yield server


@pytest.mark.parametrize("writers", [2, 4, 8])
def test_one_of_the_writers_wins_on_the_embedded_server(embedded: EmbeddedServer, writers: int):
    choice = choose(Settings(embedded.base_url, timeout=5.0, through_proxy=False))
    assert "plain HTTP" in choice.text
    url = f"{embedded.base_url}/Patient/racer-{writers}"
    body = b'{"resourceType":"Patient","id":"racer-%d"}' % writers
    header = ("Content-Type", "application/fhir+json")
    blocks = Blocks(choice.engine, Request("GET", f"{embedded.base_url}/metadata"), Random(1))
    (made,) = blocks.release([TimedRequest(Request("PUT", url, (header,), body))])
    etag = next(value for name, value in made.response.headers if name.lower() == "etag")
    results = blocks.release(
        [TimedRequest(Request("PUT", url, (header, ("If-Match", etag)), body))] * writers
    )
    assert sorted(r.response.status for r in results) == [200] + [412] * (writers - 1)
    choice.engine.close()
