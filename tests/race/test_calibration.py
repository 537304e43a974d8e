"""What a calibration says of a target."""

import socket
import threading
from contextlib import suppress

import pytest

from ifmatch.race.calibration import Calibration, RoundTrip, calibrate, release_skew
from ifmatch.race.transport import Result
from ifmatch.race.transport.connection import Origin
from ifmatch.race.transport.engine import Direct
from ifmatch.race.transport.http1 import Http1
from ifmatch.target.exchange import Failure, Request

REQUEST = Request("GET", "http://127.0.0.1/")


def result(returned: int | None) -> Result:
    failure = Failure.RESET if returned is None else None
    return Result(REQUEST, None, failure, "", 0, 0, returned)


def test_a_round_trip_has_a_median_and_a_slow_end():
    assert RoundTrip.of([1, 2, 3, 4, 100]).median == 3
    assert RoundTrip.of(range(101)).p95 == 95
    assert RoundTrip.of([7]) == RoundTrip(7, 7, 1)


def test_the_skew_is_the_median_spread_over_the_square_root_of_two():
    rounds = [(0, 1414), (5, 1419, None), (1,), (0, 90_000)]
    assert release_skew([[result(instant) for instant in instants] for instants in rounds]) == 1000
    assert release_skew([[result(1)], []]) is None


def test_what_follows_from_it():
    near = Calibration((RoundTrip(50_000, 90_000, 20),))
    far = Calibration((RoundTrip(30_000_000, 90_000_000, 20), RoundTrip(32_000_000, 70_000_000, 20)), skew=5_000_000)
    assert (near.settle, far.settle) == (100_000, 31_000_000)
    assert far.exposure(4, 200_000) == pytest.approx(0.113, abs=0.001)
    assert near.text == "round trip 0.05 ms (95 %: 0.09 ms) over 1 connection"
    assert far.text == (
        "round trip 31.00 ms (95 %: 90.00 ms) over 2 connections; "
        "requests that leave together arrive within about 5.00 ms"
    )
    assert Calibration(()).text == "no connection answered the calibration"


def test_each_connection_is_measured():
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(sock: socket.socket) -> None:
        with suppress(OSError):
            while sock.recv(65536):
                sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    calibration = calibrate(Direct(Origin.of(url, None), 1.0, Http1), Request("GET", url), 3, rounds=5)
    listener.close()
    assert [trip.samples for trip in calibration.round_trips] == [5, 5, 5]
    assert 0 < calibration.median <= calibration.p95 < 500_000_000
