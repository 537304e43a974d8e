"""What a calibration says of a target."""

import socket
import threading
from contextlib import suppress
from dataclasses import replace

import pytest

from ifmatch.client.exchange import Failure, Request, Response
from ifmatch.race.calibration import (
    Calibration,
    Offset,
    RoundTrip,
    calibrate,
    clock_offset,
    release_skew,
)
from ifmatch.race.transport import Result
from ifmatch.race.transport.connection import Origin
from ifmatch.race.transport.direct import Direct
from ifmatch.race.transport.http1 import Http1

REQUEST = Request("GET", "http://127.0.0.1/")


def result(released: int | None = None, returned: int | None = None, date: str = "") -> Result:
    response = Response(200, "", "1.1", (("Date", date),), b"") if returned is not None else None
    return Result(REQUEST, response, None if response else Failure.RESET, "", 0, released, returned)


def test_a_round_trip_has_a_median_and_a_slow_end():
    assert RoundTrip.of([1, 2, 3, 4, 100]).median == 3
    assert RoundTrip.of(range(101)).p95 == 95
    assert RoundTrip.of([7]) == RoundTrip(7, 7, 1)


def test_the_skew_is_the_median_spread_of_the_last_bytes():
    rounds = [(0, 1000), (5, 1005, None), (1,), (0, 90_000)]
    assert release_skew([[result(instant) for instant in instants] for instants in rounds]) == 1000
    assert release_skew([[result(1)], []]) == 0


NOON = "Sat, 21 Nov 2026 12:00:00 GMT"
AT_NOON = 1_795_262_400 * 10**9


@pytest.mark.parametrize(
    ("answers", "ahead", "told"),
    [
        ([(0, NOON)], Offset(-100_000_000, 10**9), "the target's clock agrees with ours"),
        (
            [(-30 * 10**9, NOON)],
            Offset(29_900_000_000, 31 * 10**9),
            "the target's clock is 29.9 to 31.0 s ahead of ours",
        ),
        (
            [(5 * 10**9, NOON)],
            Offset(-5_100_000_000, -4 * 10**9),
            "the target's clock is 4.0 to 5.1 s behind ours",
        ),
        ([(0, NOON), (0, "Sat, 21 Nov 2026 12:00:01 GMT")], Offset(900_000_000, 10**9), None),
        ([(0, NOON), (0, "Sat, 21 Nov 2026 13:00:00 GMT")], None, None),
        ([(0, "yesterday"), (0, "")], None, None),
        ([], None, None),
    ],
    ids=["same", "ahead", "behind", "two bounds are better", "jumps", "no date", "no answer"],
)
def test_the_clock_is_bounded_by_every_date(answers, ahead, told):
    """Our answers begin at noon, plus or minus, and take a tenth of a second."""
    results = [result(0, 10**8, date) for _, date in answers]
    epoch = AT_NOON + (answers[0][0] if answers else 0)
    offset = clock_offset([*results, result()], epoch)
    assert offset == ahead
    assert told is None or str(offset) == told


def test_what_follows_from_it():
    near = Calibration((RoundTrip(50_000, 90_000, 20),))
    far = Calibration(
        (RoundTrip(30_000_000, 90_000_000, 20), RoundTrip(32_000_000, 70_000_000, 20)),
        way=28_000_000,
        skew=50_000,
        offset=Offset(-1, 1),
    )
    assert (near.settle, far.settle, replace(far, way=None).settle) == (
        500_000,
        28_000_000,
        31_000_000,
    )
    assert near.text == "round trip 0.05 ms (95 %: 0.09 ms) over 1 connection"
    assert far.text == (
        "round trip 31.00 ms (95 %: 90.00 ms) over 2 connections; last bytes leave within 0.05 ms; "
        "the target's clock agrees with ours"
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
    calibration = calibrate(Direct(Origin.of(url, None), 1.0, Http1), Request("GET", url), 3)
    listener.close()
    assert [trip.samples for trip in calibration.round_trips] == [10, 10, 10]
    assert 0 < calibration.median <= calibration.p95 < 500_000_000
    assert 0 < calibration.skew < 500_000_000
    assert calibration.offset is None
