"""Races from several machines: clocks that are bounded, rounds that go on when a machine is lost, what two clients see.

The other machines are this one, by another Python process and another address of its own.
"""

import os
import signal
import socket
import sys
import threading
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ifmatch.client.exchange import Request
from ifmatch.client.settings import Settings
from ifmatch.errors import ConfigurationError, TargetUnusable
from ifmatch.race.transport import Mode, TimedRequest, choose
from ifmatch.race.transport.clocks import DRIFT, ClockBounds
from ifmatch.race.transport.vantage_point import VantagePoint
from ifmatch.reference.server import EmbeddedServer
from ifmatch.rules.profile import load

sys.path.append(str(Path(__file__).parent.parent))

_SPEC = "popen//source=127.0.0.2"

instants = st.integers(min_value=0, max_value=10**12)


@given(
    offset=st.integers(-(10**15), 10**15),
    drift=st.floats(-DRIFT / 2, DRIFT / 2),
    asked=st.lists(st.tuples(instants, st.integers(0, 10**8), st.integers(0, 10**8)), min_size=1),
    instant=instants,
)
def test_a_time_of_another_clock_lies_between_its_bounds(offset, drift, asked, instant):
    """However far it is ahead, however it drifts, however long an answer takes each way: no time is claimed falsely."""

    def shown(at):
        return at + offset + round(drift * at)

    answers = [
        ClockBounds.of_answer(at, shown(at + there), at + there + back)
        for at, there, back in sorted(asked)
    ]
    bounds = answers[0]
    for answer in answers[1:]:
        bounds = bounds.narrowed(answer)
    slack = 2 + round(abs(offset) * 1e-15)
    assert bounds.earliest(shown(instant)) - slack <= instant
    assert instant <= bounds.latest(shown(instant)) + slack


def test_more_answers_narrow_the_bounds_and_time_widens_them():
    """A clock that jumps is believed as it is now."""
    wide, narrow = ClockBounds.of_answer(0, 1000, 400), ClockBounds.of_answer(500, 1400, 600)
    assert wide.narrowed(narrow).error <= min(wide.error, narrow.error) + 1
    assert narrow.at_instant(10**9).error > narrow.error + 10**6
    jumped = ClockBounds.of_answer(700, 10**9, 800)
    assert narrow.narrowed(jumped) == jumped


@pytest.fixture(scope="module")
def engine():
    with EmbeddedServer(load("fhir-r4")) as server:
        settings = Settings(server.base_url, through_proxy=False, vantages=(_SPEC,))
        engine = choose(settings).engine
        yield (
            engine,
            Request("GET", f"{server.base_url}/metadata", (("Accept", "application/json"),)),
        )
        engine.close()


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_round_from_two_places(engine, mode, count):
    """Dealt out in turn, answered in the order of the requests, in times of ours; who is alone is sent from here."""
    way, request = engine
    requests = [replace(request, url=f"{request.url}?number={number}") for number in range(count)]
    results = way.release([TimedRequest(one) for one in requests], mode)
    assert [result.request for result in results] == requests
    assert [result.place for result in results] == ["", _SPEC, "", _SPEC, ""][:count]
    for result in results:
        assert result.response.status == 200
        assert result.invoked <= result.returned
        assert result.invoked <= result.released + 10**7


def test_the_clock_of_this_machine_is_not_ahead_of_itself(engine):
    """Both processes read one clock, so what is said of the other one's can be checked."""
    (point,) = engine[0]._points
    assert point.clock.least <= 0 <= point.clock.most


def test_a_place_that_is_lost(engine):
    """The round goes on, what was to be sent from there has no known outcome, and the next round says what happened."""
    with EmbeddedServer(load("fhir-r4")) as server:
        settings = Settings(server.base_url, through_proxy=False, vantages=("popen",))
        way = choose(settings).engine
        requests = [TimedRequest(Request("GET", f"{server.base_url}/metadata"))] * 2
        (point,) = way._points
        pid = point._channel.gateway.remote_exec("import os; channel.send(os.getpid())").receive(10)

        def kill():
            os.kill(pid, signal.SIGKILL)

        here, there = way.release(requests, hold=kill)
        assert here.response.status == 200
        assert (there.response, there.returned, there.sent) == (None, None, True)
        assert "was lost" in there.detail
        with pytest.raises(TargetUnusable, match="is gone"):
            way.release(requests)
        way.close()


def test_a_place_that_cannot_be_reached():
    """A sentence that says what it takes."""
    with EmbeddedServer(load("fhir-r4")) as server:
        settings = Settings(server.base_url, through_proxy=False, vantages=("popen//python=/no",))
        with pytest.raises(ConfigurationError, match="with ifmatch"):
            choose(settings)


@pytest.mark.parametrize(
    "spec", ["popen//python=/no", "ssh=no-such-host.invalid", "no-spec-of-execnet"]
)
def test_a_place_that_cannot_be_reached_is_told_before_anything_is_written(spec):
    """Exit 4, what it takes, and a target that nothing was sent to."""
    from running import run

    with EmbeddedServer(load("fhir-r4")) as server:
        rules = ["--rules", "update.persisted,race.update.same-version"]
        code, _, printed = run([server.base_url, "-p", "fhir-r4", *rules, "--vantage", spec])
        assert not server.world.store.all_versions("Patient")
    printed = " ".join(printed.split())
    assert code == 4, printed
    assert f"{spec} is of no use" in printed
    assert "with ifmatch" in printed


@contextmanager
def closed_to(server, address, answer):
    """The server behind a door that gives who comes from an address an answer of its own, or none at all."""

    def pass_through(source, sink):
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def serve(client, peer):
        with client:
            if peer[0] == address:
                client.sendall(answer)
                return
            with socket.create_connection(("127.0.0.1", urlsplit(server.base_url).port)) as behind:
                back = threading.Thread(target=pass_through, args=(behind, client), daemon=True)
                back.start()
                pass_through(client, behind)
                back.join()

    def accept():
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=door.accept(), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as door:
        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{door.getsockname()[1]}/fhir"
        door.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("spec", "answer", "said"),
    [
        ("popen//source=192.0.2.1", b"", "cannot be reached, though it can from here"),
        (_SPEC, b"", "cannot be reached, though it can from here"),
        (
            _SPEC,
            b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n",
            "answers 403 to GET metadata, and from here 200",
        ),
    ],
)
def test_a_place_from_which_the_target_is_not_reached(spec, answer, said):
    """Told before anything is written, with exit 6 and what to do."""
    from running import run

    with (
        EmbeddedServer(load("fhir-r4")) as server,
        closed_to(server, "127.0.0.2", answer) as url,
    ):
        code, _, printed = run(
            [
                url,
                "-p",
                "fhir-r4",
                "--rules",
                "update.persisted,race.update.same-version",
                "--vantage",
                spec,
            ]
        )
        assert not server.world.store.all_versions("Patient")
    printed = " ".join(printed.split())
    assert code == 6, printed
    assert f"From the vantage point {spec}" in printed
    assert said in printed
    assert "Nothing was written" in printed


def test_a_place_without_a_file_that_it_needs(tmp_path):
    """It names that, with exit 4: a certificate is read from the same path on each machine."""
    settings = Settings(
        "https://127.0.0.1:9/fhir",
        through_proxy=False,
        ca_file=str(tmp_path / "none.pem"),
        vantages=("popen",),
    )
    with pytest.raises(ConfigurationError, match="by the same paths as here"):
        VantagePoint("popen", settings)


@pytest.mark.slow
@pytest.mark.parametrize(("vantages", "found"), [([], False), ([f"--vantage={_SPEC}"], True)])
def test_a_lock_per_node(vantages, found):
    """What a balancer hides from one client, two find: in each of a few quick runs."""
    from running import run
    from two_nodes import two_nodes

    words = ["-p", "fhir-r4", "--rules", "race.update.same-version"]
    for _ in range(2):
        with two_nodes() as url:
            _, report, printed = run([url, *words, *vantages])
        anomalies = [one["name"] for one in report["rules"][0]["race"]["anomalies"]]
        assert ("lost update" in anomalies) is found, printed
